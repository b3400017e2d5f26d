"""Every job that was accepted: by its id, in the lists, and counted.

A forgetful ledger has room for millions: of the jobs whose end was shown it keeps the latest only, so that a
read whose answer was lost can be repeated, and drops the others with what only they brought.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterator
from typing import Literal

from sbtransfer.simulator.drs import DRSJob
from sbtransfer.simulator.exports import ExportJob
from sbtransfer.simulator.job_list import JobList
from sbtransfer.simulator.jobs import Job, JobKind
from sbtransfer.simulator.refusals import Code, RefusalError
from sbtransfer.simulator.world import File, World

STILL_KNOWN = 10_000  # imports, exports and items of DRS jobs whose end was shown and which are kept

Kind = Literal["imports", "exports", "drs"]


class Ledger:
    """The jobs of a platform; `accepted` and `dropped` count them by their kind."""

    def __init__(self, world: World, *, forgetful: bool = False) -> None:
        self.jobs: dict[str, Job | DRSJob] = {}
        self.lists: dict[JobKind, JobList] = {"imports": JobList(), "exports": JobList()}
        self.accepted = Counter[Kind]()
        self.dropped = Counter[Kind]()
        self.forgetful = forgetful
        self._world = world
        self._ended: OrderedDict[str, Job | DRSJob] = OrderedDict()
        self._weight = 0

    def enter(self, job: Job | DRSJob) -> None:
        """Take a job in."""
        self.jobs[job.id] = job
        self.accepted[kind_of(job)] += 1
        if isinstance(job, Job):
            self.lists[job.kind].add(job)

    def find(self, kind: JobKind, job_id: str) -> Job:
        """Return an import or an export, or refuse."""
        job = self.jobs.get(job_id)
        if not isinstance(job, Job) or job.kind != kind:
            raise _no_job(job_id)
        return job

    def find_drs(self, job_id: str) -> DRSJob:
        """Return the job of a DRS call, or refuse."""
        job = self.jobs.get(job_id)
        if not isinstance(job, DRSJob):
            raise _no_job(job_id)
        return job

    def note_shown(self, job: Job | DRSJob, now: float) -> None:
        """Note that a job is shown as it is at `now`; with this a forgetful ledger may drop others."""
        if not self.forgetful or now < job.finished or job.id in self._ended:
            return
        self._ended[job.id] = job
        self._weight += _weight(job)
        while self._weight > STILL_KNOWN:
            self._drop(self._ended.popitem(last=False)[1])

    def _drop(self, job: Job | DRSJob) -> None:
        self._weight -= _weight(job)
        self.dropped[kind_of(job)] += 1
        self.jobs.pop(job.id, None)
        if isinstance(job, Job):
            self.lists[job.kind].drop(job)
        if isinstance(job, ExportJob):
            self._world.take_back(job.place)
        for file in _own_files(job, self._world):
            self._world.forget(file)


def kind_of(job: Job | DRSJob) -> Kind:
    """Return what a job moves."""
    return job.kind if isinstance(job, Job) else "drs"


def _weight(job: Job | DRSJob) -> int:
    return 1 if isinstance(job, Job) else len(job.files)


def _own_files(job: Job | DRSJob, world: World) -> Iterator[File]:
    """Yield what is there because of a job: what it brought, and an exported file that was only named."""
    if isinstance(job, DRSJob):
        yield from (item.file for item in job.files if item.created and item.file is not None)
    elif job.file is not None and (job.kind == "imports" or not world.lists(job.file)):
        yield job.file


def _no_job(job_id: str) -> RefusalError:
    return RefusalError(404, Code.NO_JOB, f"Job {job_id!r} does not exist.")
