"""The simulated platform: a request and the time in, an answer out.

Nothing here reads a clock, sleeps or does I/O: whoever calls decides what time it is. So the same platform
runs behind real sockets and in tests where hours pass within milliseconds.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from email.utils import formatdate
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import NoReturn

from sbtransfer.simulator.calls import Call, answer
from sbtransfer.simulator.distortion import distorted, refusal_by
from sbtransfer.simulator.drs import DRSImporter, DRSJob
from sbtransfer.simulator.durations import Durations
from sbtransfer.simulator.faults import Fault, FaultKind, Faults
from sbtransfer.simulator.ledger import Kind, Ledger
from sbtransfer.simulator.messages import Answer, Delivery, Request
from sbtransfer.simulator.refusals import Code, RefusalError
from sbtransfer.simulator.routes import methods_at
from sbtransfer.simulator.state import State
from sbtransfer.simulator.window import Grid, HoldingWindow, RequestWindow
from sbtransfer.simulator.world import World


def _refuse(refusal: RefusalError) -> NoReturn:
    raise refusal


class Platform:
    """A platform with one user, which follows the documented rules of transfers.

    All times are Unix seconds. `speed` divides every job time and limit period, so that what the platform
    shows stays plain wall time. `start` is when the first window of the limits opens, by default at the first
    request. `base_url` goes into every href and link. The limits are `requests_limit` calls in
    `requests_period` seconds, past which calls are refused with 429, and `drs_limit` DRS files in
    `drs_period` seconds, past which files are held. `faults` are what goes wrong with calls that come by
    `receive`, which without them answers as `handle` does; they may be exchanged at any time. `world` is what
    there is at first, by default what every new `World` holds.

    A `forgetful` platform has room for millions of jobs: once it has shown how one ended, it keeps that job
    until it has shown 10,000 further ones, and then drops it with what it brought: a file, a folder with all
    that is in it, an object on a volume. `accepted` counts on; `created` is not to be had.

    What it holds is open to tests: `world`; `jobs` by id; `requests_log` with (time, method, path, status) of
    every request, as the platform itself answered it; `faults_log` with (time, kind, method, path) of
    everything that went wrong (both empty with `log=False`); `drs_log` with (time, items) of every accepted
    DRS call, while `DRSFile.begins` tells when each file of an item used the limit.
    """

    def __init__(
        self,
        *,
        token: str = "0123456789abcdef" * 2,
        username: str = "rfranklin",
        speed: float = 1.0,
        seed: int = 0,
        durations: Durations | None = None,
        requests_limit: int = 1000,
        requests_period: float = 300.0,
        drs_limit: int = 500,
        drs_period: float = 300.0,
        base_url: str = "http://127.0.0.1:8900/v2",
        start: float | None = None,
        log: bool = True,
        faults: Faults | None = None,
        world: World | None = None,
        forgetful: bool = False,
    ) -> None:
        self.token = token
        self.speed = speed
        self.base_url = base_url
        self.world = World(seed) if world is None else world
        self.requests_log: list[tuple[float, str, str, int]] = []
        self.faults_log: list[tuple[float, FaultKind, str, str]] = []
        self._log = log
        self.faults = faults
        self._counted = 0
        self._revoked = faults is not None and faults.revoked_after == 0
        self._late: list[tuple[float, int, Request]] = []
        self._places = count()
        self._answers = count(1)
        self._grids = (Grid(requests_period / speed, start), Grid(drs_period / speed, start))
        self._requests = RequestWindow(requests_limit, self._grids[0])
        durations = (durations or Durations(seed=seed)).faster(speed)
        self._ledger = Ledger(self.world, forgetful=forgetful)
        self._state = State(
            username=username,
            world=self.world,
            durations=durations,
            requests=self._requests,
            ledger=self._ledger,
            drs=DRSImporter(self.world, durations, HoldingWindow(drs_limit, self._grids[1])),
        )
        self.jobs = self._ledger.jobs
        self.drs_log = self._state.drs_log

    @property
    def username(self) -> str:
        """The name of the one user; a new one holds from the next request on."""
        return self._state.username

    @username.setter
    def username(self, name: str) -> None:
        self._state.username = name

    @property
    def accepted(self) -> Counter[Kind]:
        """How many jobs of each kind were accepted; a DRS call is one job."""
        return self._ledger.accepted

    @property
    def dropped(self) -> Counter[Kind]:
        """How many of these jobs a forgetful platform has dropped."""
        return self._ledger.dropped

    def receive(self, request: Request, now: float) -> Delivery:
        """Take one request that arrives at `now` and tell what reaches the client, faults and all.

        The caller acts it out. As with `handle`, later requests must not come with an earlier time.
        """
        fault = None if self.faults is None else self.faults.draw(request)
        if fault is None:
            return Delivery(self.handle(request, now))
        self._begin(now)
        fault = fault.faster(self.speed)
        honest = self._answer_despite(fault, request, now)
        delivery = distorted(fault, request, honest, now)
        # What left an honest answer as it was did no harm.
        if not fault.works or delivery != Delivery(honest):
            self._note_fault(fault.kind, request, now)
        return delivery

    def handle(self, request: Request, now: float) -> Answer:
        """Answer one request that arrives at `now`; later requests must not come with an earlier time."""
        self._begin(now)
        return self._reply(request, now, partial(self._serve, request, now))

    def catch_up(self, until: float) -> None:
        """Do the late work that is due by `until`, each at its own time; what it answers reaches nobody.

        Every request begins with this. Tests call it before they count what was created in the end.
        """
        while self._late and self._late[0][0] <= until:
            due, _, request = heappop(self._late)
            self._reply(request, due, partial(self._route, request, due))

    def revoke_token(self) -> None:
        """Refuse the token from now on."""
        self._revoked = True

    def accept_token(self, token: str) -> None:
        """Take this token from now on, and no other."""
        self.token = token
        self._revoked = False

    def created(self, kind: Kind) -> list[tuple[str, ...]]:
        """Return what was asked for and begun, in order: an entry that shows twice was created twice.

        Imports are (volume, location, project or parent, name), exports (file, volume, location), DRS files
        (drs_uri, project or parent, name). Jobs that fail count; items that were refused or skipped do not.
        Raises RuntimeError for a forgetful platform, which does not know.
        """
        if self._ledger.forgetful:
            raise RuntimeError("a forgetful platform drops its jobs: see `accepted`")
        if kind != "drs":
            return [job.item for job in self._ledger.lists[kind]]
        calls = (job for job in self.jobs.values() if isinstance(job, DRSJob))
        return [file.item for call in calls for file in call.files if file.created]

    def _begin(self, now: float) -> None:
        self.catch_up(now)
        for grid in self._grids:
            grid.anchor(now)

    def _reply(self, request: Request, now: float, work: Callable[[], Answer]) -> Answer:
        """Return what some work on a request answers, with the headers that every answer has."""
        try:
            reply = work()
        except RefusalError as refusal:
            reply = answer(refusal.record(), refusal.status)
        reply.headers["Date"] = formatdate(now, usegmt=True)
        reply.headers["X-Request-Id"] = f"{next(self._answers):032x}"
        if reply.status != 401:
            reply.headers.update(self._rate_headers(now))
        if self._log:
            self.requests_log.append((now, request.method, request.path, reply.status))
        return reply

    def _answer_despite(self, fault: Fault, request: Request, now: float) -> Answer | None:
        """Do what a fault lets the platform do, and return its answer, None if it gives none."""
        refusal = refusal_by(fault)
        if refusal is not None:
            return self._reply(request, now, partial(_refuse, refusal))
        if fault.kind is FaultKind.LATE:
            self._postpone(request, now, now + fault.seconds)
            return None
        return self.handle(request, now) if fault.works else None

    def _postpone(self, request: Request, now: float, due: float) -> None:
        """Let a request in, which counts, and leave its work for later."""
        try:
            self._admit(request, now)
        except RefusalError:
            return
        heappush(self._late, (due, next(self._places), request))

    def _note_fault(self, kind: FaultKind, request: Request, now: float) -> None:
        if self._log:
            self.faults_log.append((now, kind, request.method, request.path))

    def _serve(self, request: Request, now: float) -> Answer:
        self._admit(request, now)
        return self._route(request, now)

    def _admit(self, request: Request, now: float) -> None:
        """Let a request of the right user through while the window takes it. Asking for the limit is free."""
        if not self._knows(request.headers):
            raise RefusalError(401, Code.UNAUTHORIZED, "Unauthorized: the token is missing or wrong.")
        if request.path == "/rate_limit":
            return
        if not self._requests.spend(now):
            raise RefusalError(429, Code.RATE_LIMIT, "API rate limit exceeded.")
        self._counted += 1
        if self.faults is not None and self._counted == self.faults.revoked_after:
            self.revoke_token()
            self._note_fault(FaultKind.REVOKED, request, now)

    def _knows(self, headers: Mapping[str, str]) -> bool:
        if self._revoked:
            return False
        bearer = f"Bearer {self.token}"
        return headers.get("x-sbg-auth-token") == self.token or headers.get("authorization") == bearer

    def _route(self, request: Request, now: float) -> Answer:
        methods, named = methods_at(request.path)
        if not methods:
            raise RefusalError(404, Code.NO_SUCH_PATH, f"There is nothing at {request.path!r}.")
        route = methods.get(request.method)
        if route is None:
            raise RefusalError(405, Code.WRONG_METHOD, f"{request.method} is not for {request.path!r}.")
        return route.answer(self._state, Call(request, now, self.base_url, named))

    def _rate_headers(self, now: float) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self._requests.limit),
            "X-RateLimit-Remaining": str(self._requests.remaining(now)),
            "X-RateLimit-Reset": str(self._requests.resets(now)),
        }
