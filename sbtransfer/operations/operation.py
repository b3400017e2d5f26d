"""What the stations need to know of a kind of transfer: a protocol, and what passes through it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from attrs import Factory, define, field, frozen

from sbtransfer.http.admission import Admission
from sbtransfer.items import Kind
from sbtransfer.models import Entry, ErrorRecord, Outcome, OutcomeState


@frozen
class Carriage:
    """The circumstances under which items were sent: wall time, and the how-manieth call it was for them."""

    submitted_on: datetime
    attempts: int = 1


@define(eq=False)
class Pending:
    """A job on the platform and the items that it carries, in the order in which they were sent."""

    job_id: str
    entries: Sequence[Entry]
    carriage: Carriage
    since: float = 0.0
    """The loop's time at which the job was accepted."""
    looked: float = 0.0
    """The loop's time at which it was last known to be under way."""
    failures: int = 0
    """How many looks in a row got an error record instead of the job."""


@define
class Made:
    """What a create came to: jobs to follow, and outcomes that are known already."""

    pending: list[Pending] = Factory(list)
    outcomes: list[Outcome] = Factory(list)

    @property
    def items(self) -> int:
        """How many items are accounted for."""
        return len(self.outcomes) + sum(len(pending.entries) for pending in self.pending)


@define
class Seen:
    """What a look at jobs came to: those that ended, with their items' outcomes; all others go on."""

    outcomes: list[Outcome] = Factory(list)
    ended: list[Pending] = Factory(list)
    running: list[Pending] = Factory(list)
    unseen: list[Pending] = Factory(list)
    """Jobs of which the platform said nothing."""
    unreadable: list[tuple[Pending, ErrorRecord]] = field(factory=list)
    """Jobs for which the platform answered with an error record."""
    folders: list[str] = Factory(list)
    """The folders that bundles became: they may have spent more of the budget than was known."""

    @property
    def jobs(self) -> int:
        """How many jobs are accounted for."""
        return len(self.ended) + len(self.running) + len(self.unseen) + len(self.unreadable)

    @property
    def items_ended(self) -> int:
        """How many items the jobs that ended carried."""
        return sum(len(pending.entries) for pending in self.ended)


class Operation(Protocol):
    """A kind of transfer: how it is created and how its jobs are read."""

    @property
    def kind(self) -> Kind:
        """The kind of item."""

    @property
    def jobs_per_look(self) -> int:
        """How many jobs one call can read."""

    @property
    def spends_files(self) -> bool:
        """Whether each item counts as a DRS file."""

    async def create(self, entries: Sequence[Entry], carriage: Carriage, admission: Admission) -> Made:
        """Send one bulk create; raises what `API`'s creates raise."""

    async def look(self, pending: Sequence[Pending], admission: Admission) -> Seen:
        """Read jobs once; raises what `API`'s reads raise."""

    async def charge(self, seen: Seen) -> None:
        """Count what jobs that ended turn out to have spent beyond what was known; raises as `look` does."""


def unconfirmed(
    entries: Iterable[Entry], carriage: Carriage, error: ErrorRecord, job_id: str | None = None
) -> list[Outcome]:
    """Say of items that they may have been done."""
    return _without_job(entries, carriage, error, OutcomeState.UNCONFIRMED, job_id)


def failed(entries: Iterable[Entry], carriage: Carriage, error: ErrorRecord) -> list[Outcome]:
    """Say of items that the platform refused them."""
    return _without_job(entries, carriage, error, OutcomeState.FAILED, None)


def _without_job(
    entries: Iterable[Entry],
    carriage: Carriage,
    error: ErrorRecord,
    state: OutcomeState,
    job_id: str | None,
) -> list[Outcome]:
    return [
        Outcome(
            index=entry.index,
            item=entry.item,
            state=state,
            job_id=job_id,
            error=error,
            attempts=carriage.attempts,
            submitted_on=carriage.submitted_on,
        )
        for entry in entries
    ]
