"""DRS imports: one job for a whole call, read one job at a time, its files' names with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from attrs import frozen

from sbtransfer.errors import UnreadableAnswerError
from sbtransfer.http.admission import Admission
from sbtransfer.http.api import API, BULK_SIZE
from sbtransfer.items import Kind
from sbtransfer.journal.journal import Sent
from sbtransfer.models import Arrived, DRSJob, Entry, ErrorRecord, Outcome, OutcomeState
from sbtransfer.operations.match import Ambiguous
from sbtransfer.operations.operation import Made, Pending, Seen
from sbtransfer.operations.results import Fate, attribute, worth_asking
from sbtransfer.resources import FileDetails

_MOST_LOOKS = 5
"""After so many looks at a job that ended, its result is taken as it is."""


@frozen
class DRS:
    """A kind whose calls have one job each.

    With `verify`, the files of a job that ended are read, too: their names show whose they are. Without it,
    a request is saved and the order of the job's result is trusted.
    """

    _api: API
    verify: bool = True
    kind: ClassVar[Kind] = "drs"
    jobs_per_look: ClassVar[int] = 1
    spends_files: ClassVar[bool] = True

    async def create(self, entries: Sequence[Entry], sent: Sent, admission: Admission) -> Made:
        """Send one bulk create; its one job carries all items, and tells its result when it is looked at."""
        items: list[Any] = [entry.item for entry in entries]
        job = await self._api.create_drs(items, admission)
        return Made(pending=[Pending(job.id, entries, sent)])

    async def look(self, pending: Sequence[Pending], admission: Admission) -> Seen:
        """Read one job; raises as a whole if it ended and its files cannot be read."""
        (one,) = pending
        job = await self._api.get_drs(one.job_id, admission)
        if not job.ended:
            return Seen(running=[one])
        if self._has_holes(one, job):
            return Seen(unseen=[one])
        items: list[Any] = [entry.item for entry in one.entries]
        asking = self.verify and worth_asking(items, job.result)
        details = await self._details(job) if asking else {}
        fates = attribute(items, job.result, details)
        outcomes = [
            _outcome(entry, one, job, fate)
            for entry, fate in zip(one.entries, fates, strict=True)
            if entry.index not in one.ended
        ]
        return Seen(outcomes=outcomes, ended=[one], folders=_folders(job, details))

    def _has_holes(self, one: Pending, job: DRSJob) -> bool:
        """Whether a look at a job that ended is worth repeating: a result that is complete may yet come."""
        if len(job.result) == len(one.entries) and None not in job.result:
            return False
        one.failures += 1
        return one.failures < _MOST_LOOKS

    async def _details(self, job: DRSJob) -> dict[str, FileDetails]:
        """Read the details of a job's files, by their ids; those that cannot be read are left out."""
        ids = list(dict.fromkeys(record.id for record in job.result if isinstance(record, Arrived)))
        batches = [ids[start : start + BULK_SIZE] for start in range(0, len(ids), BULK_SIZE)]
        records = [record for batch in batches for record in await self._api.get_files(batch)]
        if len(records) != len(ids):
            raise UnreadableAnswerError(f"the answer has {len(records)} records for {len(ids)} files")
        return {record.id: record for record in records if isinstance(record, FileDetails)}

    async def charge(self, seen: Seen) -> None:
        """Charge the files that bundles hold beyond the one for which each was counted."""
        for folder in seen.folders:
            beyond = await self._api.count_files(folder) - 1
            if beyond > 0:
                self._api.caller.files.charge(beyond)


def _folders(job: DRSJob, details: Mapping[str, FileDetails]) -> list[str]:
    """Return what became of bundles; the result may name them without saying that they are folders."""
    arrived = [record for record in job.result if isinstance(record, Arrived)]
    told = {file.id for file in details.values() if file.is_folder}
    return [one.id for one in arrived if one.is_folder or one.id in told]


def _outcome(entry: Entry, pending: Pending, job: DRSJob, fate: Fate) -> Outcome:
    state, file_id, error = _told(fate)
    return Outcome(
        index=entry.index,
        item=entry.item,
        state=state,
        job_id=job.id,
        file_id=file_id,
        error=error,
        attempts=pending.sent.attempts + entry.attempts,
        submitted_on=pending.sent.submitted_on,
        finished_on=job.finished_on,
    )


def _told(fate: Fate) -> tuple[OutcomeState, str | None, ErrorRecord | None]:
    match fate:
        case Arrived(id=file_id):
            return OutcomeState.COMPLETED, file_id, None
        case Ambiguous(reason):
            return OutcomeState.UNCONFIRMED, None, ErrorRecord(code="ambiguous", message=reason)
        case ErrorRecord():
            return OutcomeState.FAILED, None, fate
