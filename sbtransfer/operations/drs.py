"""DRS imports: one job for a whole call, read one job at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from attrs import frozen

from sbtransfer.http.admission import Admission
from sbtransfer.http.api import API
from sbtransfer.items import Kind
from sbtransfer.models import Arrived, DRSJob, Entry, ErrorRecord, Outcome, OutcomeState
from sbtransfer.operations.operation import Carriage, Made, Pending, Seen, unconfirmed


@frozen
class DRS:
    """A kind whose calls have one job each."""

    _api: API
    kind: ClassVar[Kind] = "drs"
    jobs_per_look: ClassVar[int] = 1
    spends_files: ClassVar[bool] = True

    async def create(self, entries: Sequence[Entry], carriage: Carriage, admission: Admission) -> Made:
        """Send one bulk create; its one job carries all items."""
        items: list[Any] = [entry.item for entry in entries]
        job = await self._api.create_drs(items, admission)
        pending = Pending(job.id, entries, carriage)
        if job.ended:
            return Made(outcomes=_outcomes(pending, job))
        return Made(pending=[pending])

    async def look(self, pending: Sequence[Pending], admission: Admission) -> Seen:
        """Read one job."""
        (one,) = pending
        job = await self._api.get_drs(one.job_id, admission)
        if not job.ended:
            return Seen(running=[one])
        folders = [arrived.id for arrived in job.result if isinstance(arrived, Arrived) and arrived.is_folder]
        return Seen(outcomes=_outcomes(one, job), ended=[one], folders=folders)

    async def charge(self, seen: Seen) -> None:
        """Charge the files that bundles hold beyond the one for which each was counted."""
        for folder in seen.folders:
            beyond = await self._api.count_files(folder) - 1
            if beyond > 0:
                self._api.caller.files.charge(beyond)


def _outcomes(pending: Pending, job: DRSJob) -> list[Outcome]:
    # Assumption: the result is in the order of the items. A hole or a surplus disproves any order.
    items, results = len(pending.entries), len(job.result)
    if results != items:
        reason = f"the job's result has {results} records for {items} items"
        error = ErrorRecord(code="ambiguous", message=reason)
        return unconfirmed(pending.entries, pending.carriage, error, job.id)
    return [
        _outcome(entry, pending, job, result)
        for entry, result in zip(pending.entries, job.result, strict=True)
    ]


def _outcome(entry: Entry, pending: Pending, job: DRSJob, result: Arrived | ErrorRecord | None) -> Outcome:
    if result is None:
        state = OutcomeState.UNCONFIRMED
        error = ErrorRecord(code="ambiguous", message="the job's result has no readable record for this item")
    elif isinstance(result, ErrorRecord):
        state, error = OutcomeState.FAILED, result
    else:
        state, error = OutcomeState.COMPLETED, None
    return Outcome(
        index=entry.index,
        item=entry.item,
        state=state,
        job_id=job.id,
        file_id=result.id if isinstance(result, Arrived) else None,
        error=error,
        attempts=pending.carriage.attempts,
        submitted_on=pending.carriage.submitted_on,
        finished_on=job.finished_on,
    )
