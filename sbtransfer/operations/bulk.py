"""Imports and exports: one job an item, created and read a hundred at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, Protocol

from attrs import frozen

from sbtransfer.http.admission import Admission
from sbtransfer.http.api import API, BULK_SIZE
from sbtransfer.items import Kind
from sbtransfer.journal.journal import Sent
from sbtransfer.models import ENDED, Entry, ErrorRecord, Job, Outcome, OutcomeState
from sbtransfer.operations.match import match
from sbtransfer.operations.operation import Made, Pending, Seen, doubted, failed
from sbtransfer.wire import Echo, Look, Record, export_echo, import_echo

_COMPLETED, _FAILED = OutcomeState.COMPLETED, OutcomeState.FAILED  # looked up once: members are slow to find


class _Create(Protocol):
    def __call__(self, items: Sequence[Any], admission: Admission) -> Awaitable[list[Record]]: ...


class _Get(Protocol):
    def __call__(self, job_ids: Sequence[str], admission: Admission) -> Awaitable[list[Look]]: ...


@frozen
class Bulk:
    """A kind whose items have a job each; imports and exports differ only in their calls and their echo."""

    kind: Kind
    _create: _Create
    _get: _Get
    _echo: Callable[[Any], Echo]
    jobs_per_look: ClassVar[int] = BULK_SIZE
    spends_files: ClassVar[bool] = False

    @classmethod
    def imports(cls, api: API) -> Bulk:
        """The way of volume imports."""
        return cls("import", api.create_imports, api.get_imports, import_echo)

    @classmethod
    def exports(cls, api: API) -> Bulk:
        """The way of volume exports."""
        return cls("export", api.create_exports, api.get_exports, export_echo)

    async def create(self, entries: Sequence[Entry], sent: Sent, admission: Admission) -> Made:
        """Send one bulk create and match its records with the items."""
        items = [entry.item for entry in entries]
        records = await self._create(items, admission)
        made = Made()
        for entry, record in zip(entries, match([self._echo(item) for item in items], records), strict=True):
            if isinstance(record, Job):
                take_job(made, entry, sent, record)
            elif isinstance(record, ErrorRecord):
                made.outcomes += failed((entry,), sent, record)
            else:
                made.doubts += doubted((entry,), sent, record.reason)
        return made

    async def look(self, pending: Sequence[Pending], admission: Admission) -> Seen:
        """Read up to a hundred jobs with one bulk get and match them by their ids."""
        ids = [one.job_id for one in pending]
        looks = await self._get(ids, admission)
        if looks == ids:
            return Seen(running=list(pending))
        under_way = {look for look in looks if isinstance(look, str)}
        jobs = {look.id: look for look in looks if isinstance(look, Job)}
        errors = {} if len(under_way) + len(jobs) == len(looks) else _errors_in_place(ids, looks)
        seen = Seen()
        for one in pending:
            if one.job_id in under_way:
                seen.running.append(one)
            elif (job := jobs.get(one.job_id)) is not None:
                seen.ended.append(one)
                seen.outcomes.append(_outcome(one.entries[0], one.sent, job))
            elif one.job_id in errors:
                seen.unreadable.append((one, errors[one.job_id]))
            else:
                seen.unseen.append(one)
        return seen

    async def charge(self, seen: Seen) -> None:
        """Count nothing: what a job spends is known when it is created."""


def take_job(made: Made, entry: Entry, sent: Sent, job: Job) -> None:
    """Take an item's job: to be followed, or with its outcome if it has ended."""
    if job.state in ENDED:
        made.outcomes.append(_outcome(entry, sent, job))
    else:
        made.pending.append(Pending(job.id, (entry,), sent))


def _errors_in_place(ids: Sequence[str], looks: Sequence[Look]) -> dict[str, ErrorRecord]:
    """Attribute error records by place, if everything else stands at its own."""
    pairs = list(zip(ids, looks, strict=False))
    if len(ids) != len(looks) or any(_id_of(look) not in (None, job_id) for job_id, look in pairs):
        return {}
    return {job_id: look for job_id, look in pairs if isinstance(look, ErrorRecord)}


def _id_of(look: Look) -> str | None:
    return look.id if isinstance(look, Job) else look if isinstance(look, str) else None


def _outcome(entry: Entry, sent: Sent, job: Job) -> Outcome:
    completed = job.state == "COMPLETED"
    return Outcome(
        index=entry.index,
        item=entry.item,
        state=_COMPLETED if completed else _FAILED,
        job_id=job.id,
        file_id=job.file_id,
        error=None if completed else job.error or ErrorRecord(message="the platform gave no reason"),
        attempts=sent.attempts + entry.attempts,
        submitted_on=sent.submitted_on,
        finished_on=job.finished_on,
    )
