"""The simulated platform: a request and the time in, an answer out.

Nothing here reads a clock, sleeps or does I/O: whoever calls decides what time it is. So the same platform
runs behind real sockets and in tests where hours pass within milliseconds.
"""

from collections.abc import Callable, Iterable, Mapping
from email.utils import formatdate
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import Any, Literal, NoReturn, TypeVar

import orjson

from sbtransfer.simulator.bodies import read_body, read_ids, read_items
from sbtransfer.simulator.distortion import distorted, refusal_by
from sbtransfer.simulator.drs import DRSImporter, DRSJob, read_drs
from sbtransfer.simulator.durations import Durations
from sbtransfer.simulator.exports import ExportOrder, accept_export, read_export
from sbtransfer.simulator.faults import Fault, FaultKind, Faults
from sbtransfer.simulator.imports import ImportOrder, accept_import, read_import
from sbtransfer.simulator.jobs import Job, JobKind, JobList
from sbtransfer.simulator.listing import Page, list_files, list_jobs
from sbtransfer.simulator.messages import Answer, Delivery, Request
from sbtransfer.simulator.refusals import Code, RefusalError
from sbtransfer.simulator.window import Grid, HoldingWindow, RequestWindow
from sbtransfer.simulator.world import World

Kind = Literal["imports", "exports", "drs"]

T = TypeVar("T")

_Body = Mapping[str, Any]
_Handler = Callable[[Request, float, str], Answer]

_JSON = "application/json"


def _answer(body: _Body, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, {"Content-Type": _JSON, **(headers or {})}, orjson.dumps(body))


def _record(make: Callable[[T], _Body], entry: T) -> _Body:
    try:
        return {"resource": make(entry)}
    except RefusalError as refusal:
        return {"error": refusal.record()}


def _bulk_answer(make: Callable[[T], _Body], entries: Iterable[T]) -> Answer:
    """Answer a bulk call in the order of its entries: a refusal ends its own entry only."""
    return _answer({"items": [_record(make, entry) for entry in entries]})


def _list_answer(page: Page) -> Answer:
    return _answer(page.body, headers={"X-Total-Matching-Query": str(page.total)})


def _refuse(refusal: RefusalError) -> NoReturn:
    raise refusal


def _no_job(job_id: str) -> RefusalError:
    return RefusalError(404, Code.NO_JOB, f"Job {job_id!r} does not exist.")


class Platform:
    """A platform with one user, which follows the documented rules of transfers.

    All times are Unix seconds. `speed` divides every job time and limit period, so that what the platform
    shows stays plain wall time. `start` is when the first window of the limits opens, by default at the first
    request. `base_url` goes into every href and link. The limits are `requests_limit` calls in
    `requests_period` seconds, past which calls are refused with 429, and `drs_limit` DRS files in
    `drs_period` seconds, past which files are held. `faults` are what goes wrong with calls that come by
    `receive`, which without them answers as `handle` does; they may be exchanged at any time.

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
    ) -> None:
        self.token = token
        self.username = username
        self.speed = speed
        self.base_url = base_url
        self.world = World(seed)
        self.jobs: dict[str, Job | DRSJob] = {}
        self.requests_log: list[tuple[float, str, str, int]] = []
        self.faults_log: list[tuple[float, FaultKind, str, str]] = []
        self.drs_log: list[tuple[float, int]] = []
        self._log = log
        self.faults = faults
        self._counted = 0
        self._revoked = faults is not None and faults.revoked_after == 0
        self._late: list[tuple[float, int, Request]] = []
        self._places = count()
        self._durations = (durations or Durations(seed=seed)).faster(speed)
        self._grids = (Grid(requests_period / speed, start), Grid(drs_period / speed, start))
        self._requests = RequestWindow(requests_limit, self._grids[0])
        held = HoldingWindow(drs_limit, self._grids[1])
        self._drs = DRSImporter(self.world, self._durations, held)
        self._lists: dict[JobKind, JobList] = {"imports": JobList(), "exports": JobList()}
        self._routes = self._table()

    def receive(self, request: Request, now: float) -> Delivery:
        """Take one request that arrives at `now` and tell what reaches the client, faults and all.

        The caller acts it out. As with `handle`, later requests must not come with an earlier time.
        """
        fault = None if self.faults is None else self.faults.draw(request)
        if fault is None:
            return Delivery(self.handle(request, now))
        self._begin(now)
        fault = fault.faster(self.speed)
        answer = self._answer_despite(fault, request, now)
        delivery = distorted(fault, request, answer, now)
        # What left an honest answer as it was did no harm.
        if not fault.works or delivery != Delivery(answer):
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
        """
        if kind != "drs":
            return [job.item for job in self._lists[kind]]
        calls = (job for job in self.jobs.values() if isinstance(job, DRSJob))
        return [file.item for call in calls for file in call.files if file.created]

    def _table(self) -> dict[str, dict[str, _Handler]]:
        """Return the handlers by path and method; a path that ends in `{id}` takes any last segment."""
        return {
            "/user": {"GET": self._user},
            "/rate_limit": {"GET": self._rate_limit},
            "/files": {"GET": self._list_files},
            "/files/{id}": {"GET": self._file},
            "/bulk/files/get": {"POST": self._bulk_files},
            "/bulk/drs/imports/create": {"POST": self._create_drs},
            "/bulk/drs/imports/{id}": {"GET": self._drs_job},
            "/bulk/storage/imports/create": {"POST": self._create_imports},
            "/bulk/storage/imports/get": {"POST": partial(self._bulk_jobs, "imports", "import_ids")},
            "/storage/imports": {"GET": partial(self._list_jobs, "imports")},
            "/storage/imports/{id}": {"GET": partial(self._one_job, "imports")},
            "/bulk/storage/exports/create": {"POST": self._create_exports},
            "/bulk/storage/exports/get": {"POST": partial(self._bulk_jobs, "exports", "export_ids")},
            "/storage/exports": {"GET": partial(self._list_jobs, "exports")},
            "/storage/exports/{id}": {"GET": partial(self._one_job, "exports")},
        }

    def _begin(self, now: float) -> None:
        self.catch_up(now)
        for grid in self._grids:
            grid.anchor(now)

    def _reply(self, request: Request, now: float, work: Callable[[], Answer]) -> Answer:
        """Return what some work on a request answers, with the headers that every answer has."""
        try:
            answer = work()
        except RefusalError as refusal:
            answer = _answer(refusal.record(), refusal.status)
        answer.headers["Date"] = formatdate(now, usegmt=True)
        if answer.status != 401:
            answer.headers.update(self._rate_headers(now))
        if self._log:
            self.requests_log.append((now, request.method, request.path, answer.status))
        return answer

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
        parent, _, last = request.path.rpartition("/")
        methods = self._routes.get(request.path) or (self._routes.get(f"{parent}/{{id}}") if last else None)
        if methods is None:
            raise RefusalError(404, Code.NO_SUCH_PATH, f"There is nothing at {request.path!r}.")
        if request.method not in methods:
            raise RefusalError(405, Code.WRONG_METHOD, f"{request.method} is not for {request.path!r}.")
        return methods[request.method](request, now, last)

    def _rate_headers(self, now: float) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self._requests.limit),
            "X-RateLimit-Remaining": str(self._requests.remaining(now)),
            "X-RateLimit-Reset": str(self._requests.resets(now)),
        }

    def _user(self, _request: Request, _now: float, _id: str) -> Answer:
        return _answer({"href": f"{self.base_url}/users/{self.username}", "username": self.username})

    def _rate_limit(self, _request: Request, now: float, _id: str) -> Answer:
        rate = {
            "limit": self._requests.limit,
            "remaining": self._requests.remaining(now),
            "reset": self._requests.resets(now),
        }
        return _answer({"rate": rate, "instance_limit": {"limit": -1, "remaining": -1}})

    def _file(self, _request: Request, now: float, file_id: str) -> Answer:
        return _answer(self.world.file(file_id, now).shown(now, self.base_url))

    def _bulk_files(self, request: Request, now: float, _id: str) -> Answer:
        def show(file_id: str) -> _Body:
            return self.world.file(file_id, now).shown(now, self.base_url)

        return _bulk_answer(show, read_ids(request.body, "file_ids"))

    def _create_imports(self, request: Request, now: float, _id: str) -> Answer:
        def create(order: ImportOrder) -> _Body:
            return self._enter(accept_import(order, now, self.world, self._durations))

        orders = [read_import(item) for item in read_items(read_body(request.body))]
        return _bulk_answer(create, orders)

    def _create_exports(self, request: Request, now: float, _id: str) -> Answer:
        def create(order: ExportOrder) -> _Body:
            return self._enter(accept_export(order, now, self.world, self._durations))

        copy_only = request.parameter("copy_only") == "true"
        advance = request.headers.get("x-sbg-advance-access", "").lower() == "advance"
        items = read_items(read_body(request.body))
        orders = [read_export(item, copy_only=copy_only, advance_access=advance) for item in items]
        return _bulk_answer(create, orders)

    def _create_drs(self, request: Request, now: float, _id: str) -> Answer:
        call = read_drs(read_body(request.body))
        job = self._drs.accept(call, now)
        self.jobs[job.id] = job
        self.drs_log.append((now, len(job.files)))
        return _answer(job.receipt(self.base_url))

    def _enter(self, job: Job) -> _Body:
        self.jobs[job.id] = job
        self._lists[job.kind].add(job)
        return job.shown(job.accepted, self.base_url)

    def _bulk_jobs(self, kind: JobKind, field: str, request: Request, now: float, _id: str) -> Answer:
        def show(job_id: str) -> _Body:
            return self._job(kind, job_id).shown(now, self.base_url)

        return _bulk_answer(show, read_ids(request.body, field))

    def _one_job(self, kind: JobKind, _request: Request, now: float, job_id: str) -> Answer:
        return _answer(self._job(kind, job_id).shown(now, self.base_url))

    def _drs_job(self, _request: Request, now: float, job_id: str) -> Answer:
        job = self.jobs.get(job_id)
        if not isinstance(job, DRSJob):
            raise _no_job(job_id)
        return _answer(job.shown(now, self.base_url))

    def _job(self, kind: JobKind, job_id: str) -> Job:
        job = self.jobs.get(job_id)
        if not isinstance(job, Job) or job.kind != kind:
            raise _no_job(job_id)
        return job

    def _list_jobs(self, kind: JobKind, request: Request, now: float, _id: str) -> Answer:
        return _list_answer(list_jobs(kind, self._lists[kind], request, now, self.base_url))

    def _list_files(self, request: Request, now: float, _id: str) -> Answer:
        return _list_answer(list_files(self.world, request, now, self.base_url))
