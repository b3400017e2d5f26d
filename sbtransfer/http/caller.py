"""The one way in which every call goes out: budgets, gate, token, timeout, verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, TypeVar

import stamina
from aiolimiter import AsyncLimiter
from attrs import Factory, define, evolve, field, frozen

from sbtransfer import events
from sbtransfer.budget import Budget, Share
from sbtransfer.errors import (
    APIError,
    NoAnswerError,
    NotSentError,
    OutageError,
    SBTransferError,
    SettingsError,
    UnauthorizedError,
    UnreadableAnswerError,
)
from sbtransfer.events import Listener
from sbtransfer.grace import Grace
from sbtransfer.http.admission import Admission
from sbtransfer.http.clock import PlatformClock
from sbtransfer.http.credentials import Credentials, SecretHeaders
from sbtransfer.http.gate import Gate
from sbtransfer.http.policy import (
    FINAL,
    Verdict,
    requests_left,
    seconds_to_reset,
    verdict_of,
    worth_repeating,
)
from sbtransfer.http.routes import route_of
from sbtransfer.http.spends import KeptBudget, Spends
from sbtransfer.http.transport import Method, Request, Response, Transport
from sbtransfer.journal.journal import BudgetName
from sbtransfer.limits import Limits
from sbtransfer.resources import RateLimit
from sbtransfer.wire import read, read_error

T = TypeVar("T")


@frozen
class Call:
    """What is asked of the platform: a path below the endpoint, with its query and body.

    `advance_access` marks features that the platform only gives to those who ask for them, `counted` the
    calls that spend a request.
    """

    method: Method
    path: str
    body: bytes | None = None
    query: tuple[tuple[str, str], ...] = ()
    advance_access: bool = False
    counted: bool = True


RATE_LIMIT = Call("GET", "/rate_limit", counted=False)
"""The one call that the platform does not count."""


@frozen
class _Attempt:
    """How one sending of a call went: its answer, or the error that stands for it."""

    verdict: Verdict
    answer: Response | None = None
    error: SBTransferError = field(factory=SBTransferError)
    headers: Mapping[str, str] = field(factory=dict, repr=False)


@define
class _Patience:
    """What one call has been through so far."""

    attempts: int = 0
    since: float | None = None
    renewed: bool = False


@define
class _Start:
    """Whether the platform was asked what is left of its limits."""

    made: bool = False
    lock: asyncio.Lock = Factory(asyncio.Lock)


@define(eq=False)
class Caller:
    """Sends calls until they have an answer that means something, within the budgets of one client.

    `timeout` is in seconds for one sending; `give_up_after` in seconds of trouble for one call. A `check` is
    called before each sending: what it raises ends the call, which then is not sent. A `listener` hears of
    each call, and of what keeps calls from being sent.
    """

    endpoint: str
    transport: Transport
    credentials: Credentials = field(repr=False)
    limits: Limits = field(factory=Limits)
    timeout: float = 120.0
    give_up_after: float = 3600.0
    clock: PlatformClock = field(factory=PlatformClock)
    spends: Spends = Factory(lambda self: Spends(self.clock), takes_self=True)
    requests: Budget = Factory(lambda self: self._kept("requests"), takes_self=True)
    files: Budget = Factory(lambda self: self._kept("files"), takes_self=True)
    check: Callable[[], None] | None = None
    listener: Listener | None = None
    gate: Gate = Factory(
        lambda self: Gate(self._probe, self.give_up_after, listener=self.listener), takes_self=True
    )
    _pace: AsyncLimiter | None = Factory(lambda self: _pace(self.limits), takes_self=True)
    _start: _Start = field(factory=_Start)
    _numbers: count[int] = field(factory=lambda: count(1))

    def __attrs_post_init__(self) -> None:
        if not self.timeout > 0:
            raise SettingsError(f"timeout must be over 0 seconds, not {self.timeout!r}")

    def _kept(self, name: BudgetName) -> Budget:
        make = self.limits.request_budget if name == "requests" else self.limits.file_budget
        return KeptBudget.of(name, make(), self.spends)

    def patient(self, timeout: float) -> Caller:
        """Return a caller with the same budgets and gate that waits `timeout` seconds for an answer."""
        return evolve(self, timeout=timeout)

    async def start(self) -> None:
        """Ask once what is left of the budget of requests: the token may have been used before.

        A platform that cannot say is believed to leave everything. Raises `UnauthorizedError` and
        `OutageError`, after which no other call would fare better.
        """
        async with self._start.lock:
            if self._start.made:
                return
            try:
                limit, seconds = await self.read(RATE_LIMIT, "list", self._limit_and_reset)
            except UnauthorizedError:
                raise
            except (APIError, NoAnswerError, UnreadableAnswerError) as error:
                events.LIMIT_UNKNOWN.tell(self.listener, error=str(error))
            else:
                self.requests.observe(limit.remaining, limit.reset, seconds)
            self._start.made = True

    async def admit(
        self, share: Share, *, files: int = 0, partial: bool = False, grace: Grace | None = None
    ) -> Admission:
        """Wait for leave to send one request of this share, and for `files` DRS files with it.

        With `partial` fewer files may be granted, so that none of the budget is left unused.
        """
        admission = Admission(share, grace=grace)
        try:
            if files:
                self._say_if_short("files", self.files, 1 if partial else files, share)
                admission.files = await self.files.acquire(files, share, partial=partial)
            await self._admit_request(admission)
        except BaseException:
            admission.give_back()
            raise
        return admission

    async def _admit_request(self, admission: Admission) -> None:
        self._say_if_short("requests", self.requests, 1, admission.share)
        admission.request = await self.requests.acquire(1, admission.share)
        if self._pace is not None:
            await self._pace.acquire()

    def _say_if_short(self, name: BudgetName, budget: Budget, amount: int, share: Share) -> None:
        if events.LIMIT_WAITING.wanted(self.listener) and budget.left < amount:
            events.LIMIT_WAITING.tell(self.listener, budget=name, share=share, seconds=budget.more_in)

    def _limit_and_reset(self, answer: Response) -> tuple[RateLimit, float]:
        return read(answer.body, RateLimit), seconds_to_reset(answer, self.limits.requests_period)

    async def read(
        self,
        call: Call,
        share: Share,
        understand: Callable[[Response], T],
        admission: Admission | None = None,
    ) -> T:
        """Send a call that changes nothing, and return what `understand` makes of its answer.

        It is repeated where that may help, also if the answer cannot be understood.
        """
        async for attempt in stamina.retry_context(
            on=worth_repeating, attempts=4, timeout=None, wait_initial=0.5, wait_max=10.0
        ):
            with attempt:
                leave = admission or (await self.admit(share) if call.counted else Admission(share))
                admission = None
                return understand(await self.send(call, leave))
        raise AssertionError("the last attempt returns or raises")

    async def send(self, call: Call, admission: Admission) -> Response:
        """Send a call; send it again only while it surely was not done; settle its tokens.

        Raises `APIError` and `NoAnswerError`, of which `policy.surely_undone` tells the refused from the
        unclear, and `OutageError`.
        """
        try:
            return await self._send(call, admission)
        finally:
            admission.give_back()

    async def _send(self, call: Call, admission: Admission) -> Response:
        patience = _Patience()
        while True:
            if call.counted and admission.request is None:
                await self._admit_request(admission)
            # Last of all: however long the call waited for its tokens, nothing is sent into an outage.
            await self.gate.enter()
            if self.check is not None:
                self.check()
            attempt = await self._attempt(call, admission)
            if attempt.answer is not None and attempt.verdict is Verdict.SUCCESS:
                self.gate.answered()
                return attempt.answer
            if not await self._again(attempt, patience):
                raise attempt.error
            if admission.leaving:
                raise asyncio.CancelledError

    async def _attempt(self, call: Call, admission: Admission) -> _Attempt:
        """Send a call once, and settle what it spent."""
        headers = await self.credentials.headers()
        request = self._request(call, headers)
        told = events.CALL_SENT.wanted(self.listener)
        exchange = self._told_exchange(request) if told else self._exchange(request)
        admission.in_doubt = True
        try:
            if admission.grace is not None:
                exchange = admission.grace.finish(exchange)
            answer = await exchange
        except NotSentError as error:
            admission.in_doubt = False
            return _Attempt(Verdict.AWAY, error=error)
        except NoAnswerError as error:
            admission.lost()
            return _Attempt(Verdict.UNCLEAR, error=error)
        except asyncio.CancelledError:
            admission.lost()
            raise
        verdict = verdict_of(answer)
        admission.in_doubt = verdict is Verdict.UNCLEAR
        self.clock.observe(answer)
        # First what the platform says is left, then the token: else another call could slip in between.
        self._observe(answer)
        admission.sent()
        if verdict in FINAL:
            admission.carried(undone=verdict is Verdict.REFUSED)
        if verdict is Verdict.SUCCESS:
            return _Attempt(verdict, answer)
        return _Attempt(verdict, answer, read_error(answer.status, answer.body), headers)

    def _observe(self, answer: Response) -> None:
        """Believe the platform where it says that less is left than we think."""
        left = requests_left(answer)
        if left is not None:
            self.requests.observe(*left, seconds_to_reset(answer, self.limits.requests_period))

    def _request(self, call: Call, token: Mapping[str, str]) -> Request:
        headers = SecretHeaders({**token, "Content-Type": "application/json"})
        if call.advance_access:
            headers["X-Sbg-Advance-Access"] = "Advance"
        return Request(call.method, self.endpoint + call.path, headers, call.query, call.body)

    async def _told_exchange(self, request: Request) -> Response:
        """Send a request and return its answer, and tell of both."""
        began, call = asyncio.get_running_loop().time(), self._described(request)
        events.CALL_SENT.tell(self.listener, **call)
        try:
            answer = await self._exchange(request)
        except BaseException as error:
            seconds = asyncio.get_running_loop().time() - began
            if isinstance(error, Exception):
                events.CALL_FAILED.tell(self.listener, **call, error=events.words(error), seconds=seconds)
            else:
                events.CALL_ABANDONED.tell(self.listener, **call, seconds=seconds)
            raise
        events.CALL_ANSWERED.tell(
            self.listener,
            **call,
            status=answer.status,
            request_id=_request_id(answer),
            seconds=asyncio.get_running_loop().time() - began,
        )
        return answer

    async def _exchange(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(self.timeout):
                return await self.transport.send(request)
        except TimeoutError:
            raise NoAnswerError(f"no answer within {self.timeout:g} s") from None

    def _described(self, request: Request) -> dict[str, Any]:
        route = route_of(request.url.removeprefix(self.endpoint))
        return {
            "call": next(self._numbers),
            "method": request.method,
            "route": route,
            "url": request.url,
        }

    async def _again(self, attempt: _Attempt, patience: _Patience) -> bool:
        """Tell the gate how a sending failed; return whether the call may be sent again."""
        reason = str(attempt.error)
        match attempt.verdict:
            case Verdict.LIMITED if attempt.answer is not None:
                self.gate.limited(seconds_to_reset(attempt.answer, self.limits.requests_period), reason)
                return True
            case Verdict.AWAY:
                patience.attempts += 1
                self.gate.failed(reason, patience.attempts)
                self._give_up_in_time(patience, reason)
                return True
            case Verdict.UNAUTHORIZED if not patience.renewed:
                patience.renewed = True
                renewed = await self.credentials.renew(attempt.headers)
                events.TOKEN_RENEWED.tell(self.listener, renewed=renewed)
                return renewed
            case Verdict.UNCLEAR:
                self.gate.failed(reason)
                return False
            case _:
                self.gate.answered()
                return False

    def _give_up_in_time(self, patience: _Patience, reason: str) -> None:
        now = asyncio.get_running_loop().time()
        patience.since = now if patience.since is None else patience.since
        if now - patience.since >= self.give_up_after:
            raise OutageError(f"a call could not be sent for {now - patience.since:,.0f} s: {reason}")

    async def _probe(self) -> str | None:
        """Ask for something harmless and uncounted; return why there is no answer, `None` if there is one."""
        attempt = await self._attempt(RATE_LIMIT, Admission("recover"))
        return str(attempt.error) if attempt.verdict in (Verdict.AWAY, Verdict.UNCLEAR) else None


def _request_id(answer: Response) -> str | None:
    """Return by which id the platform itself knows a call, for its support, if it tells one.

    Assumption: no documentation names the header, which the platform's own client reads.
    """
    return answer.headers.get("X-Request-Id")


def _pace(limits: Limits) -> AsyncLimiter | None:
    """Make the limiter that smooths bursts: 100 requests a second under the standard limits."""
    if limits.requests == float("inf"):
        return None
    return AsyncLimiter(max(1.0, limits.requests / 10), limits.requests_period / 300)
