"""What the stations need to know of a kind of transfer: a protocol, and what passes through it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from attrs import Factory, define, field

from sbtransfer.http.admission import Admission
from sbtransfer.items import Kind
from sbtransfer.journal.journal import Sent
from sbtransfer.models import Entry, ErrorRecord, Outcome, OutcomeState


@define(eq=False)
class Pending:
    """A job on the platform and the items that it carries, in the order in which they were sent."""

    job_id: str
    entries: Sequence[Entry]
    sent: Sent
    since: float = 0.0
    """The loop's time at which the job was accepted."""
    looked: float = 0.0
    """The loop's time at which it was last known to be under way."""
    failures: int = 0
    """How many looks in a row got an error record instead of the job, or a result with holes."""
    ended: frozenset[int] = frozenset()
    """The indexes of items that have an outcome already: they only keep their place among the others."""

    @property
    def open(self) -> Sequence[Entry]:
        """The items that have no outcome yet."""
        return (
            [entry for entry in self.entries if entry.index not in self.ended] if self.ended else self.entries
        )


@define(eq=False)
class Doubt:
    """An item that was sent, and of which nobody knows whether it was done; `reason` says why."""

    entry: Entry
    sent: Sent
    reason: str
    since: float = 0.0
    """The loop's time at which it came into doubt."""
    looks: int = 0
    """How many looks at the platform were for it."""
    absences: int = 0
    """How many of them would have shown it, had it been done, and did not."""


@define
class Made:
    """What a create came to: jobs to follow, outcomes that are known already, and items in doubt."""

    pending: list[Pending] = Factory(list)
    outcomes: list[Outcome] = Factory(list)
    doubts: list[Doubt] = Factory(list)

    @property
    def items(self) -> int:
        """How many items are accounted for."""
        carried = sum([len(pending.entries) for pending in self.pending])  # a list: it is one step, not many
        return len(self.outcomes) + carried + len(self.doubts)

    @property
    def jobs(self) -> dict[int, str]:
        """The jobs that are known, by their items' indexes."""
        ended = {one.index: one.job_id for one in self.outcomes if one.job_id is not None}
        return ended | {entry.index: one.job_id for one in self.pending for entry in one.entries}


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
        """How many items the jobs that ended carried, and that have an outcome now."""
        return sum(len(pending.open) for pending in self.ended)


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

    async def create(self, entries: Sequence[Entry], sent: Sent, admission: Admission) -> Made:
        """Send one bulk create; raises what `API`'s creates raise."""

    async def look(self, pending: Sequence[Pending], admission: Admission) -> Seen:
        """Read jobs once; raises what `API`'s reads raise."""

    async def charge(self, seen: Seen) -> None:
        """Count what jobs that ended turn out to have spent beyond what was known; raises as `look` does."""


def doubted(entries: Iterable[Entry], sent: Sent, reason: str) -> list[Doubt]:
    """Say of items that nobody knows whether they were done."""
    return [Doubt(entry, sent, reason) for entry in entries]


def unconfirmed(
    entries: Iterable[Entry], sent: Sent, error: ErrorRecord, job_id: str | None = None
) -> list[Outcome]:
    """Say of items that they may have been done."""
    return _without_job(entries, sent, error, OutcomeState.UNCONFIRMED, job_id)


def failed(entries: Iterable[Entry], sent: Sent, error: ErrorRecord) -> list[Outcome]:
    """Say of items that the platform refused them."""
    return _without_job(entries, sent, error, OutcomeState.FAILED, None)


def _without_job(
    entries: Iterable[Entry],
    sent: Sent,
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
            attempts=sent.attempts + entry.attempts,
            submitted_on=sent.submitted_on,
        )
        for entry in entries
    ]
