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
from sbtransfer.wire import Echo, Record, export_echo, import_echo

_COMPLETED, _FAILED = OutcomeState.COMPLETED, OutcomeState.FAILED  # looked up once: members are slow to find


class _Create(Protocol):
    def __call__(self, items: Sequence[Any], admission: Admission) -> Awaitable[list[Record]]: ...


class _Get(Protocol):
    def __call__(self, job_ids: Sequence[str], admission: Admission) -> Awaitable[list[Record]]: ...


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
        records = await self._get([one.job_id for one in pending], admission)
        jobs = {record.id: record for record in records if isinstance(record, Job)}
        errors = {} if len(jobs) == len(records) else _errors_in_place(pending, records)
        seen = Seen()
        for one in pending:
            job = jobs.get(one.job_id)
            if job is not None and job.state in ENDED:
                seen.ended.append(one)
                seen.outcomes.append(_outcome(one.entries[0], one.sent, job))
            elif job is not None:
                seen.running.append(one)
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


def _errors_in_place(pending: Sequence[Pending], records: Sequence[Record]) -> dict[str, ErrorRecord]:
    """Attribute error records by place, if everything else stands at its own."""
    pairs = list(zip(pending, records, strict=False))
    if len(pending) != len(records) or any(
        isinstance(record, Job) and record.id != one.job_id for one, record in pairs
    ):
        return {}
    return {one.job_id: record for one, record in pairs if isinstance(record, ErrorRecord)}


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
