import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from itertools import pairwise
from typing import ClassVar, TypeVar

import pytest

from sbtransfer.errors import (
    APIError,
    NoAnswerError,
    NotSentError,
    OutageError,
    SBTransferError,
    SessionLostError,
    SettingsError,
    UnauthorizedError,
    UnreadableAnswerError,
)
from sbtransfer.grace import Grace
from sbtransfer.http.caller import RATE_LIMIT, Call, Caller
from sbtransfer.http.credentials import Credentials
from sbtransfer.http.gate import Gate
from sbtransfer.http.transport import Response
from sbtransfer.journal.journal import Spend
from sbtransfer.limits import Limits
from sbtransfer.simulator.clock import run
from tests.support import SERVER_TIME, ScriptedTransport, Step, given_away, now, rate_limited, refusal, reply

T = TypeVar("T")
TOKEN = "0123456789abcdef0123456789abcdef"
API = "https://api.example.org/v2"
CREATE = Call("POST", "/bulk/drs/imports/create", b'{"items": []}')
READ = Call("GET", "/bulk/drs/imports/d1")
HTML = b"<html>no</html>"
REQUESTS, FILES = 100, 50


class Desk:
    """A caller with a script instead of a network, waits without jitter, and its budgets."""

    def __init__(
        self,
        *steps: Step,
        probes: tuple[Step, ...] = (),
        latency: float = 1.0,
        timeout: float = 120.0,
        **options: float,
    ) -> None:
        self.transport = ScriptedTransport(list(steps), list(probes), latency)
        self.caller = Caller(
            API,
            self.transport,
            Credentials(TOKEN),
            Limits(requests=REQUESTS, drs_files=FILES),
            timeout,
            options.get("give_up_after", 3600.0),
        )
        self.caller.gate.random = lambda: 0.0

    def left(self) -> tuple[float, float]:
        """Requests and files that are free."""
        return self.caller.requests.left, self.caller.files.left

    async def send(self, call: Call = CREATE, files: int = 10, grace: Grace | None = None) -> Response:
        admission = await self.caller.admit("submit", files=files, grace=grace)
        return await self.caller.send(call, admission)

    async def refused(self, family: type[T], call: Call = CREATE) -> T:
        with pytest.raises(SBTransferError) as caught:
            await self.send(call)
        assert isinstance(caught.value, family)
        return caught.value


def on_the_clock(main: Callable[[], Awaitable[T]]) -> T:
    async def work() -> T:
        return await main()

    return run(work())


# Answers -------------------------------------------------------------------------------------------------


def test_a_success_is_returned_and_spends_its_tokens() -> None:
    async def main() -> None:
        desk = Desk(reply(200, {"id": "d1"}))
        answer = await desk.send()
        assert (answer.status, answer.body) == (200, b'{"id":"d1"}')
        assert desk.transport.times == [0.0]
        assert desk.left() == (REQUESTS - 1, FILES - 10)
        await asyncio.sleep(299)
        assert desk.left() == (REQUESTS - 1, FILES - 10)
        await asyncio.sleep(1)  # One period after the answer, which came after one second.
        assert desk.left() == (REQUESTS, FILES)

    on_the_clock(main)


def test_a_request_carries_the_token_and_what_was_asked() -> None:
    async def main() -> None:
        desk = Desk(reply(), reply())
        await desk.send(Call("POST", "/bulk", b"{}", (("copy_only", "true"),), advance_access=True))
        await desk.send(Call("GET", "/user"))
        post, get = (request for _, request in desk.transport.sent)
        assert (post.method, post.url, post.body) == ("POST", f"{API}/bulk", b"{}")
        assert post.query == (("copy_only", "true"),)
        assert post.headers == {
            "X-SBG-Auth-Token": TOKEN,
            "Content-Type": "application/json",
            "X-Sbg-Advance-Access": "Advance",
        }
        assert (get.method, get.url, get.body, get.query) == ("GET", f"{API}/user", None, ())
        assert "X-Sbg-Advance-Access" not in get.headers

    on_the_clock(main)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
def test_a_refused_call_is_not_sent_again_and_its_files_are_refunded(status: int) -> None:
    async def main() -> None:
        desk = Desk(refusal(status, 9002, "no such volume"))
        error = await desk.refused(APIError)
        assert (error.status, error.code, error.message) == (status, 9002, "no such volume")
        assert len(desk.transport.sent) == 1
        assert desk.left() == (REQUESTS - 1, FILES)
        assert desk.caller.gate.reason is None

    on_the_clock(main)


@pytest.mark.parametrize(
    "answer",
    [reply(status, HTML) for status in (429, 500, 502, 503, 504)] + [refusal(500, 1), reply(302, b"")],
    ids=lambda answer: str(answer.status),
)
def test_an_unclear_call_is_not_sent_again_and_keeps_its_files(answer: Response) -> None:
    async def main() -> None:
        desk = Desk(answer)
        error = await desk.refused(APIError)
        assert error.status == answer.status
        assert len(desk.transport.sent) == 1
        assert desk.left() == (REQUESTS - 1, FILES - 10)
        assert desk.caller.gate.reason is not None

    on_the_clock(main)


def test_a_call_without_an_answer_is_not_sent_again_and_keeps_its_files() -> None:
    async def main() -> None:
        desk = Desk(NoAnswerError("hung up"))
        error = await desk.refused(NoAnswerError)
        assert str(error) == "hung up"
        assert len(desk.transport.sent) == 1
        assert desk.left() == (REQUESTS - 1, FILES - 10)
        assert desk.caller.gate.reason == "hung up"

    on_the_clock(main)


def test_a_timeout_is_no_answer() -> None:
    async def main() -> None:
        desk = Desk(reply(), latency=10_000, timeout=120)
        error = await desk.refused(NoAnswerError)
        assert str(error) == "no answer within 120 s"
        assert now() == 120
        assert desk.left() == (REQUESTS - 1, FILES - 10)

    on_the_clock(main)


# Sent again, since it was surely not done ----------------------------------------------------------------


def test_a_call_that_was_not_sent_is_sent_again() -> None:
    async def main() -> None:
        desk = Desk(*[NotSentError("refused")] * 4, reply(), latency=0.0)
        await desk.send()
        # After each failure: a wait, a probe that is answered, and the call.
        assert desk.transport.times == [0, 1, 3, 7, 15]
        assert [when for when, _ in desk.transport.probed] == [1, 3, 7, 15]
        assert desk.left() == (REQUESTS - 1, FILES - 10)
        assert desk.caller.gate.reason is None

    on_the_clock(main)


def test_maintenance_is_waited_for_by_probes() -> None:
    async def main() -> None:
        maintenance = refusal(503, 0, "maintenance")
        desk = Desk(
            maintenance, reply(), probes=(maintenance, maintenance, reply(502, HTML), reply()), latency=0.0
        )
        await desk.send()
        assert desk.transport.times == [0, 15]
        assert [when for when, _ in desk.transport.probed] == [1, 3, 7, 15]
        # Each sending of the create was counted; the probes were not.
        assert desk.left() == (REQUESTS - 2, FILES - 10)

    on_the_clock(main)


def test_a_probe_asks_for_the_rate_limit_with_the_token() -> None:
    async def main() -> None:
        desk = Desk(NotSentError("refused"), reply())
        await desk.send()
        ((_, probe),) = desk.transport.probed
        assert (probe.method, probe.url, probe.body) == ("GET", f"{API}/rate_limit", None)
        assert probe.headers["X-SBG-Auth-Token"] == TOKEN

    on_the_clock(main)


@pytest.mark.parametrize(
    "probe",
    [refusal(401, 2001), refusal(429, 1000), refusal(404), reply(200)],
    ids=lambda answer: str(answer.status),
)
def test_any_answer_of_the_platforms_own_ends_an_outage(probe: Response) -> None:
    async def main() -> None:
        desk = Desk(NotSentError("refused"), reply(), probes=(probe,), latency=0.0)
        await desk.send()
        assert desk.transport.times == [0, 1]

    on_the_clock(main)


def test_a_call_gives_up_when_it_was_never_sent() -> None:
    async def main() -> None:
        # Probes are answered, so it is the call itself that has to give up.
        desk = Desk(*[NotSentError("refused")] * 20, latency=0.0, give_up_after=100.0)
        error = await desk.refused(OutageError)
        assert "123 s" in str(error)
        assert "refused" in str(error)
        assert desk.transport.times == [0, 1, 3, 7, 15, 31, 63, 123]
        assert desk.left() == (REQUESTS, FILES)

    on_the_clock(main)


def test_everyone_gives_up_after_a_long_outage() -> None:
    async def main() -> None:
        away = [NotSentError("refused")] * 50
        desk = Desk(*away, probes=tuple(away), latency=0.0, give_up_after=100.0)
        error = await desk.refused(OutageError)
        assert "refused" in str(error)
        assert now() == 123
        assert desk.transport.times == [0]
        assert desk.left() == (REQUESTS, FILES)

    on_the_clock(main)


@pytest.mark.parametrize(
    ("answer", "pause"),
    [
        (rate_limited(reset_in=120), 121),
        (rate_limited(), 300),
        (refusal(429, 1000, X_RateLimit_Reset="1700000120"), 300),
        (
            refusal(429, 1000, X_RateLimit_Reset="1700000120000", Date="Tue, 14 Nov 2023 22:13:20 GMT"),
            121,
        ),
        (refusal(429, 1000, X_RateLimit_Reset="1700000120", Date="Tue, 14 Nov 2023 22:15:19 GMT"), 2),
    ],
    ids=["with a reset", "without", "without Date", "in milliseconds", "almost over"],
)
def test_a_limit_is_waited_for_until_its_reset(answer: Response, pause: int) -> None:
    async def main() -> None:
        desk = Desk(answer, reply(), latency=0.0)
        await desk.send()
        assert desk.transport.times == [0, pause]
        assert desk.transport.probed == []

    on_the_clock(main)


def test_a_limit_costs_no_attempt_but_each_time_a_request() -> None:
    async def main() -> None:
        desk = Desk(
            *[rate_limited(reset_in=59)] * 4,
            NotSentError("refused"),
            reply(),
            latency=0.0,
            give_up_after=10.0,
        )
        await desk.send()
        assert desk.transport.times == [0, 60, 120, 180, 240, 241]
        assert desk.left() == (REQUESTS - 5, FILES - 10)

    on_the_clock(main)


def test_a_limit_pauses_the_other_calls() -> None:
    async def main() -> None:
        desk = Desk(rate_limited(reset_in=99), reply(), reply(), latency=0.0)
        first = asyncio.create_task(desk.send())
        await asyncio.sleep(10)
        await asyncio.gather(first, desk.send(READ, files=0))
        assert desk.transport.times == [0, 100, 100]

    on_the_clock(main)


def test_an_outage_pauses_the_other_calls() -> None:
    async def main() -> None:
        desk = Desk(NoAnswerError("hung up"), reply(), reply(), latency=0.0)
        await desk.refused(NoAnswerError)
        await asyncio.gather(desk.send(), desk.send())
        assert desk.transport.times == [0, 1, 1]
        assert len(desk.transport.probed) == 1

    on_the_clock(main)


# 401 -----------------------------------------------------------------------------------------------------


class Source:
    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self) -> str:
        self.asked += 1
        await asyncio.sleep(2)
        return f"token-{self.asked}"


def tokens(desk: Desk) -> list[str]:
    return [request.headers["X-SBG-Auth-Token"] for _, request in desk.transport.sent]


def test_a_string_token_is_refused_for_good() -> None:
    async def main() -> None:
        desk = Desk(refusal(401, 2001, "who?"))
        error = await desk.refused(UnauthorizedError)
        assert (error.status, error.code) == (401, 2001)
        assert tokens(desk) == [TOKEN]
        assert desk.left() == (REQUESTS - 1, FILES)

    on_the_clock(main)


def test_a_callable_token_is_renewed_and_the_call_sent_again() -> None:
    async def main() -> None:
        desk = Desk(refusal(401, 2001), reply())
        source = Source()
        desk.caller.credentials = Credentials(source)
        await desk.send()
        assert tokens(desk) == ["token-1", "token-2"]
        assert desk.left() == (REQUESTS - 2, FILES - 10)

    on_the_clock(main)


def test_a_token_is_renewed_once_a_call() -> None:
    async def main() -> None:
        desk = Desk(refusal(401, 2001), refusal(401, 2001), reply())
        source = Source()
        desk.caller.credentials = Credentials(source)
        await desk.refused(UnauthorizedError)
        assert source.asked == 2
        assert desk.left() == (REQUESTS - 2, FILES)
        await desk.send()  # The next call may ask again, and has no need to.
        assert tokens(desk) == ["token-1", "token-2", "token-2"]

    on_the_clock(main)


def test_many_calls_renew_a_token_once() -> None:
    async def main() -> None:
        desk = Desk(*[refusal(401, 2001)] * 5, *[reply()] * 5)
        source = Source()
        desk.caller.credentials = Credentials(source)
        await asyncio.gather(*(desk.send(files=1) for _ in range(5)))
        assert tokens(desk) == ["token-1"] * 5 + ["token-2"] * 5
        assert source.asked == 2

    on_the_clock(main)


# Reads ---------------------------------------------------------------------------------------------------


def whole(answer: Response) -> Response:
    return answer


@pytest.mark.parametrize(
    "failure",
    [
        NoAnswerError("hung up"),
        reply(500, HTML),
        reply(502, HTML),
        reply(503, HTML),
        reply(504, HTML),
        refusal(500, 1),
    ],
    ids=lambda step: getattr(step, "status", "no answer"),
)
def test_a_read_is_repeated(failure: Step) -> None:
    async def main() -> None:
        desk = Desk(failure, failure, reply(200, {"id": "d1"}))
        assert (await desk.caller.read(READ, "poll", whole)).body == b'{"id":"d1"}'
        assert len(desk.transport.sent) == 3
        assert desk.left() == (REQUESTS - 3, FILES)

    on_the_clock(main)


def test_a_read_whose_answer_cannot_be_understood_is_repeated() -> None:
    def understood(answer: Response) -> str:
        if answer.body == b"{}":
            raise UnreadableAnswerError("nothing in it")
        return answer.body.decode()

    async def main() -> None:
        desk = Desk(reply(200, {}), reply(200, {}), reply(200, {"id": "d1"}))
        assert await desk.caller.read(READ, "poll", understood) == '{"id":"d1"}'
        desk = Desk(*[reply(200, {})] * 10)
        with pytest.raises(UnreadableAnswerError, match="nothing in it"):
            await desk.caller.read(READ, "poll", understood)
        assert len(desk.transport.sent) == 4

    on_the_clock(main)


def test_a_read_is_not_repeated_for_ever() -> None:
    async def main() -> None:
        desk = Desk(*[NoAnswerError("hung up")] * 10)
        with pytest.raises(NoAnswerError, match="hung up"):
            await desk.caller.read(READ, "poll", whole)
        assert len(desk.transport.sent) == 4

    on_the_clock(main)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_read_that_would_be_refused_again_is_not_repeated(status: int) -> None:
    async def main() -> None:
        desk = Desk(refusal(status))
        with pytest.raises(APIError) as caught:
            await desk.caller.read(READ, "poll", whole)
        assert caught.value.status == status
        assert len(desk.transport.sent) == 1

    on_the_clock(main)


def test_a_read_uses_the_admission_it_was_given_first() -> None:
    async def main() -> None:
        desk = Desk(NoAnswerError("hung up"), reply())
        admission = await desk.caller.admit("poll")
        assert desk.left() == (REQUESTS - 1, FILES)
        await desk.caller.read(READ, "poll", whole, admission)
        assert desk.left() == (REQUESTS - 2, FILES)

    on_the_clock(main)


def test_an_uncounted_call_spends_nothing() -> None:
    async def main() -> None:
        desk = Desk()
        await desk.caller.read(RATE_LIMIT, "list", whole)
        assert len(desk.transport.probed) == 1
        assert desk.left() == (REQUESTS, FILES)

    on_the_clock(main)


def test_an_uncounted_call_does_not_wait_for_the_budget() -> None:
    async def main() -> None:
        desk = Desk()
        await desk.caller.requests.acquire(REQUESTS)
        await desk.caller.read(RATE_LIMIT, "list", whole)
        assert now() == 1

    on_the_clock(main)


# Leave ---------------------------------------------------------------------------------------------------


def test_files_are_granted_before_the_request() -> None:
    async def main() -> None:
        desk = Desk()
        held = await desk.caller.files.acquire(FILES)
        waiting = asyncio.create_task(desk.caller.admit("submit", files=10))
        await asyncio.sleep(1)
        assert desk.left() == (REQUESTS, 0)  # No request is held back while files are waited for.
        held.give_back()
        admission = await waiting
        assert desk.left() == (REQUESTS - 1, FILES - 10)
        admission.give_back()
        assert desk.left() == (REQUESTS, FILES)

    on_the_clock(main)


def test_fewer_files_may_be_granted() -> None:
    async def main() -> None:
        desk = Desk()
        await desk.caller.files.acquire(FILES - 7)
        admission = await desk.caller.admit("submit", files=10, partial=True)
        assert admission.files is not None
        assert admission.files.amount == 7

    on_the_clock(main)


def test_bursts_are_smoothed() -> None:
    async def main() -> list[float]:
        desk = Desk(*[reply()] * 200, latency=0.0)
        desk.caller = Caller(API, desk.transport, Credentials(TOKEN), Limits())
        await asyncio.gather(*(desk.send(READ, files=0) for _ in range(200)))
        return desk.transport.times

    times = on_the_clock(main)
    assert times[:100] == [0.0] * 100
    assert times[-1] == pytest.approx(1.0)
    assert all(later - earlier <= 0.011 for earlier, later in pairwise(times))


def test_nothing_is_smoothed_without_limits() -> None:
    async def main() -> list[float]:
        desk = Desk(*[reply()] * 1000, latency=0.0)
        desk.caller = Caller(API, desk.transport, Credentials(TOKEN), Limits.unlimited())
        await asyncio.gather(*(desk.send() for _ in range(1000)))
        return desk.transport.times

    assert on_the_clock(main) == [0.0] * 1000


# Cancelled -----------------------------------------------------------------------------------------------


async def cancelled_after(seconds: float, work: Awaitable[object]) -> None:
    task = asyncio.ensure_future(work)
    await asyncio.sleep(seconds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_cancelled_while_waiting_for_a_request_gives_back_the_files() -> None:
    async def main() -> None:
        desk = Desk()
        held = await desk.caller.requests.acquire(REQUESTS)
        await cancelled_after(5, desk.send())
        assert desk.left() == (0, FILES)
        held.give_back()
        assert desk.left() == (REQUESTS, FILES)

    on_the_clock(main)


def test_cancelled_while_smoothed_gives_back_all() -> None:
    async def main() -> None:
        desk = Desk()
        for _ in range(10):  # 100 requests in 300 s are smoothed to 10 a second.
            (await desk.caller.admit("submit")).give_back()
        await cancelled_after(0.05, desk.send())
        assert desk.left() == (REQUESTS, FILES)
        assert desk.transport.sent == []

    on_the_clock(main)


@pytest.mark.parametrize(
    "shut", [lambda gate: gate.limited(100, "limit"), lambda gate: gate.failed("away", 7)]
)
def test_cancelled_at_the_gate_gives_back_all(shut: Callable[[Gate], None]) -> None:
    async def main() -> None:
        desk = Desk()
        shut(desk.caller.gate)
        await cancelled_after(5, desk.send())
        assert desk.left() == (REQUESTS, FILES)
        assert desk.transport.sent == []

    on_the_clock(main)


def test_cancelled_while_asking_for_a_token_gives_back_all() -> None:
    async def main() -> None:
        desk = Desk()
        desk.caller.credentials = Credentials(Source())
        await cancelled_after(1, desk.send())
        assert desk.left() == (REQUESTS, FILES)
        assert desk.transport.sent == []

    on_the_clock(main)


def test_a_token_that_cannot_be_had_gives_back_all() -> None:
    async def no_token() -> str:
        raise LookupError("the vault is shut")

    async def main() -> None:
        desk = Desk()
        desk.caller.credentials = Credentials(no_token)
        with pytest.raises(LookupError, match="the vault is shut"):
            await desk.send()
        assert desk.left() == (REQUESTS, FILES)

    on_the_clock(main)


def test_cancelled_on_the_way_keeps_what_was_spent() -> None:
    async def main() -> None:
        desk = Desk(reply(), latency=10)
        await cancelled_after(5, desk.send())
        assert desk.left() == (REQUESTS - 1, FILES - 10)
        await asyncio.sleep(300)
        assert desk.left() == (REQUESTS, FILES)

    on_the_clock(main)


def test_cancelled_between_two_sendings_gives_back_what_was_not_done() -> None:
    async def main() -> None:
        desk = Desk(rate_limited(reset_in=99), latency=1.0)
        await cancelled_after(5, desk.send())
        # The first sending was counted as a request; its files were refused.
        assert desk.left() == (REQUESTS - 1, FILES)

    on_the_clock(main)


def test_a_cancelled_prober_leaves_it_to_the_next() -> None:
    async def main() -> None:
        desk = Desk(NoAnswerError("hung up"), reply(), latency=3)
        await desk.refused(NoAnswerError)
        first = asyncio.create_task(desk.send())
        await asyncio.sleep(1.5)
        second = asyncio.create_task(desk.send())
        await asyncio.sleep(0.5)
        first.cancel()
        await second
        assert first.cancelled()
        assert [when for when, _ in desk.transport.probed] == [4, 5]
        assert desk.transport.times == [0, 8]
        assert desk.left() == (REQUESTS - 2, FILES - 20)

    on_the_clock(main)


# In doubt ------------------------------------------------------------------------------------------------


async def in_doubt_after(desk: Desk, seconds: float = 1000.0) -> bool:
    """Send a create, leave it after so many seconds, and return whether it may have been done."""
    admission = await desk.caller.admit("submit", files=10)
    task = asyncio.create_task(desk.caller.send(CREATE, admission))
    await asyncio.wait({task}, timeout=seconds)
    task.cancel()
    await asyncio.wait({task})
    return admission.in_doubt


@pytest.mark.parametrize(
    ("step", "in_doubt"),
    [
        (reply(), False),
        (refusal(400), False),
        (refusal(401, 2001), False),
        (refusal(404), False),
        (NoAnswerError("hung up"), True),
        (refusal(500, 1), True),
        (reply(502, HTML), True),
        (reply(503, HTML), True),
        (reply(429, HTML), True),
    ],
    ids=lambda step: str(getattr(step, "status", step)),
)
def test_only_what_is_unclear_is_in_doubt(step: Step, in_doubt: bool) -> None:
    async def main() -> None:
        assert await in_doubt_after(Desk(step)) == in_doubt

    on_the_clock(main)


@pytest.mark.parametrize(
    "first",
    [NotSentError("refused"), refusal(503, 0), rate_limited(reset_in=99)],
    ids=["not sent", "away", "limit"],
)
def test_what_waits_to_be_sent_again_is_not_in_doubt(first: Step) -> None:
    async def main() -> None:
        away: tuple[Step, ...] = (NotSentError("refused"),) * 50
        desk = Desk(first, probes=away)
        assert not await in_doubt_after(desk, 50)
        assert len(desk.transport.sent) == 1

    on_the_clock(main)


@pytest.mark.parametrize("second", [NoAnswerError("hung up"), reply(502, HTML)], ids=["no answer", "502"])
def test_the_last_sending_counts(second: Step) -> None:
    async def main() -> None:
        assert await in_doubt_after(Desk(refusal(503, 0), second))
        assert not await in_doubt_after(Desk(rate_limited(reset_in=9), reply()))

    on_the_clock(main)


def test_what_is_cancelled_on_its_way_is_in_doubt() -> None:
    async def main() -> None:
        assert await in_doubt_after(Desk(reply(), latency=10), 5)
        assert await in_doubt_after(Desk(refusal(503, 0), reply(), latency=10), 25)

    on_the_clock(main)


def test_what_is_left_without_an_answer_within_the_grace_is_in_doubt() -> None:
    async def main() -> None:
        desk = Desk(reply(), latency=100)
        admission = await desk.caller.admit("submit", grace=Grace(10))
        task = asyncio.create_task(desk.caller.send(CREATE, admission))
        await asyncio.sleep(2)
        task.cancel()
        await asyncio.wait({task})
        assert admission.in_doubt

    on_the_clock(main)


def test_what_waits_for_its_turn_is_not_in_doubt() -> None:
    async def main() -> None:
        desk = Desk()
        desk.caller.gate.limited(100, "limit")
        assert not await in_doubt_after(desk, 5)
        desk = Desk()
        desk.caller.credentials = Credentials(Source())
        assert not await in_doubt_after(desk, 1)

    on_the_clock(main)


# Patience ------------------------------------------------------------------------------------------------


def test_a_patient_caller_waits_longer_and_shares_all_else() -> None:
    async def main() -> None:
        desk = Desk(reply(), reply(), latency=50, timeout=20)
        patient = desk.caller.patient(200)
        assert (patient.timeout, desk.caller.timeout) == (200, 20)
        admission = await patient.admit("submit", files=10)
        await patient.send(CREATE, admission)
        assert now() == 50
        assert desk.left() == (REQUESTS - 1, FILES - 10)
        await desk.refused(NoAnswerError)
        assert patient.gate.reason == "no answer within 20 s"
        for name in ("requests", "files", "gate", "spends", "clock", "credentials", "limits", "_pace"):
            assert getattr(patient, name) is getattr(desk.caller, name)

    on_the_clock(main)


def test_the_limits_are_asked_for_once_by_all_callers_of_a_client() -> None:
    async def main() -> None:
        desk = Desk(probes=(reply(200, {"rate": {"limit": 90, "remaining": 80, "reset": 1_700_000_300}}),))
        await desk.caller.patient(5).start()
        await desk.caller.start()
        assert len(desk.transport.probed) == 1

    on_the_clock(main)


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_patience_is_over_0(timeout: float) -> None:
    async def main() -> None:
        with pytest.raises(SettingsError, match="timeout must be over 0"):
            Desk().caller.patient(timeout)

    on_the_clock(main)


def test_the_clock_is_the_platforms_as_soon_as_it_has_answered() -> None:
    async def main() -> None:
        desk = Desk(refusal(404, Date=formatdate(SERVER_TIME, usegmt=True)), latency=3)
        await desk.refused(APIError)
        await asyncio.sleep(7)
        assert desk.caller.clock.now() == SERVER_TIME + 7

    on_the_clock(main)


def test_what_is_spent_is_kept_under_its_budgets_name() -> None:
    class Keeper:
        kept: ClassVar[dict[int, Spend]] = {}

        async def spent(self, changes: Mapping[int, Spend]) -> None:
            self.kept.update(changes)

    async def main() -> None:
        desk = Desk(reply())
        desk.caller.spends.keepers.append(Keeper())
        await desk.send()
        await desk.caller.spends.flush()
        assert [(one.budget, one.amount) for one in Keeper.kept.values()] == [("files", 10), ("requests", 1)]
        assert all(one.answered is not None for one in Keeper.kept.values())

    on_the_clock(main)


# Leaving with grace --------------------------------------------------------------------------------------


def test_an_answer_within_the_grace_is_returned() -> None:
    async def main() -> None:
        desk = Desk(reply(200, {"id": "d1"}), latency=8)
        grace = Grace(10)
        task = asyncio.create_task(desk.send(grace=grace))
        await asyncio.sleep(2)
        task.cancel()
        assert (await task).body == b'{"id":"d1"}'
        assert now() == 8
        assert grace.leaving
        assert desk.left() == (REQUESTS - 1, FILES - 10)

    on_the_clock(main)


def test_no_answer_within_the_grace_is_a_cancellation() -> None:
    async def main() -> None:
        desk = Desk(reply(), latency=100)
        grace = Grace(10)
        task = asyncio.create_task(desk.send(grace=grace))
        await asyncio.sleep(2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert now() == 12
        assert desk.left() == (REQUESTS - 1, FILES - 10)

    on_the_clock(main)


@pytest.mark.parametrize(
    ("failure", "family"),
    [(NoAnswerError("hung up"), NoAnswerError), (reply(502, HTML), APIError), (refusal(404), APIError)],
)
def test_a_failure_within_the_grace_is_told(failure: Step, family: type[SBTransferError]) -> None:
    async def main() -> None:
        desk = Desk(failure, latency=5)
        task = asyncio.create_task(desk.send(grace=Grace(10)))
        await asyncio.sleep(2)
        task.cancel()
        with pytest.raises(family):
            await task
        assert now() == 5

    on_the_clock(main)


@pytest.mark.parametrize(
    "failure",
    [NotSentError("refused"), rate_limited(reset_in=5), refusal(503, 0)],
    ids=["not sent", "limit", "away"],
)
def test_who_leaves_sends_nothing_again(failure: Step) -> None:
    async def main() -> None:
        desk = Desk(failure, reply(), latency=5)
        task = asyncio.create_task(desk.send(grace=Grace(10)))
        await asyncio.sleep(2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert now() == 5
        assert desk.transport.times == [0]
        assert desk.left()[1] == FILES

    on_the_clock(main)


def test_grace_is_for_what_is_on_its_way() -> None:
    async def main() -> None:
        desk = Desk()
        desk.caller.gate.limited(100, "limit")
        grace = Grace(10)
        task = asyncio.create_task(desk.send(grace=grace))
        await asyncio.sleep(2)
        assert not grace.protects(task)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert now() == 2
        assert desk.transport.sent == []

    on_the_clock(main)


# What is given away --------------------------------------------------------------------------------------


def test_calls_are_logged_without_the_token(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        desk = Desk(NotSentError("refused"), reply(503, HTML))
        await desk.refused(APIError)

    with caplog.at_level(logging.DEBUG):
        on_the_clock(main)
    assert f"call 1: POST {API}/bulk/drs/imports/create" in caplog.text
    assert "call 1: refused" in caplog.text
    assert "HTTP 503" in caplog.text
    assert TOKEN not in caplog.text


def test_calls_are_logged_with_the_platforms_own_ids(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        await Desk(reply(503, HTML, X_Request_Id="ab-1"), reply()).refused(APIError)

    with caplog.at_level(logging.DEBUG):
        on_the_clock(main)
    assert "call 1: HTTP 503, request id ab-1" in caplog.messages


def test_an_answer_without_an_id_is_logged_without_one(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        await Desk(reply()).send()

    with caplog.at_level(logging.DEBUG):
        on_the_clock(main)
    assert "call 1: HTTP 200" in caplog.messages


def test_no_repr_shows_the_token() -> None:
    async def main() -> None:
        desk = Desk(reply())
        await desk.send()
        assert TOKEN not in repr(desk.caller)

    on_the_clock(main)


FAILURES: list[Step] = [refusal(401, 2001), refusal(404), reply(502, HTML)]


@pytest.mark.parametrize("failure", FAILURES, ids=["401", "404", "502"])
def test_errors_do_not_give_the_token_away(failure: Step) -> None:
    async def main() -> BaseException:
        return await Desk(failure).refused(APIError)

    assert TOKEN not in given_away(on_the_clock(main))


@pytest.mark.parametrize("timeout", [120.0, 0.5], ids=["hung up", "timeout"])
def test_a_lost_call_does_not_give_the_token_away(timeout: float) -> None:
    async def main() -> BaseException:
        return await Desk(NoAnswerError("hung up"), timeout=timeout).refused(NoAnswerError)

    assert TOKEN not in given_away(on_the_clock(main))


# A process that may send no more ------------------------------------------------------------------------


def stops_after(calls: int) -> Callable[[], None]:
    """A check that so many sendings pass."""
    left = iter(range(calls))

    def check_that() -> None:
        if next(left, None) is None:
            raise SessionLostError("lost")

    return check_that


def test_nothing_is_sent_and_all_is_given_back_once_the_check_says_no() -> None:
    async def main() -> None:
        desk = Desk(reply())
        desk.caller.check = stops_after(1)
        await desk.send(files=10)
        admission = await desk.caller.admit("submit", files=10)
        with pytest.raises(SessionLostError):
            await desk.caller.send(CREATE, admission)
        assert not admission.in_doubt
        assert len(desk.transport.sent) == 1
        assert desk.left() == (REQUESTS - 1, FILES - 10)

    on_the_clock(main)


def test_the_check_comes_after_the_gate_and_before_each_sending() -> None:
    async def main() -> None:
        desk = Desk(rate_limited(40), reply())
        desk.caller.check = stops_after(1)
        with pytest.raises(SessionLostError):
            await desk.send()
        # The gate was shut until then: only a check that comes after it sees what happened meanwhile.
        assert now() == 42.0
        assert len(desk.transport.sent) == 1

    on_the_clock(main)


def test_patient_callers_check_too() -> None:
    async def main() -> None:
        desk = Desk(reply())
        desk.caller.check = stops_after(0)
        with pytest.raises(SessionLostError):
            await desk.caller.patient(5.0).read(READ, "poll", lambda answer: answer)
        assert desk.transport.sent == []

    on_the_clock(main)
