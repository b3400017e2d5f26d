# ruff: noqa: ARG002  the protocol passes what is not kept here
"""The journal of runs that keep none: it forgets all but what could be mistaken for something else."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any

from attrs import define, field

from sbtransfer.items import Kind
from sbtransfer.journal.journal import Owner, Past, Recorded, Sent, Spend, Unfinished
from sbtransfer.models import Entry, Outcome


@define(eq=False)
class MemoryJournal:
    """Keeps in memory what is under way, however long the list is; a run with it cannot be resumed.

    While it is not known what became of a call, a job on the platform might be one of its items' jobs. So the
    jobs of all other items are kept meanwhile, also of those that have ended. A job that ended before a call
    was intended began before it, and is not mistaken for one of its jobs.
    """

    _calls: count[int] = field(init=False, factory=lambda: count(1))
    _last_call: int = field(init=False, default=0)
    _doubtful: dict[int, int] = field(init=False, factory=dict)
    """The calls of items that were sent and have neither job nor outcome."""
    _open: dict[int, int] = field(init=False, factory=dict)
    """How many doubtful items each open call has, the oldest call first."""
    _jobs: dict[int, str] = field(init=False, factory=dict)
    """The jobs of items under way."""
    _ended: deque[tuple[int, str]] = field(init=False, factory=deque)
    """Jobs of items that ended while a call was open, and the newest call then."""
    _claimed: set[str] = field(init=False, factory=set)

    def __repr__(self) -> str:
        return f"<MemoryJournal under_way={len(self._jobs)} open={len(self._open)} ended={len(self._ended)}>"

    @property
    def name(self) -> str:
        """What messages call it, and no other journal."""
        return f"memory {id(self):x}"

    @property
    def owner(self) -> Owner | None:
        """Nobody: it belongs to its process."""
        return None

    @property
    def past(self) -> Past:
        """Nothing: it begins anew each time."""
        return Past()

    async def open(self, owner: Owner, source: Mapping[str, Any] | None = None) -> None:
        """Do nothing: what is in memory belongs to this process anyway."""

    async def aclose(self) -> None:
        """Do nothing."""

    async def reserve(self, key: str) -> bool:
        """Claim a live source's key; false if it is claimed already.

        It is forgotten once its item is intended: later repetitions are not seen without a journal.
        """
        if key in self._claimed:
            return False
        self._claimed.add(key)
        return True

    async def intend(
        self, kind: Kind, entries: Sequence[Entry], begun: float, submitted_on: datetime, attempts: int
    ) -> Sent:
        """Give a call a number, and hold its items for doubtful until more is known."""
        call = self._last_call = next(self._calls)
        indexes = [entry.index for entry in entries]
        self._settle(indexes)
        self._doubtful.update(dict.fromkeys(indexes, call))
        if indexes:
            self._open[call] = len(indexes)
        self._claimed.difference_update([entry.key for entry in entries if entry.key is not None])
        return Sent(call=call, kind=kind, begun=begun, submitted_on=submitted_on, attempts=attempts)

    async def undone(self, call: int) -> None:
        """Note that a call surely did nothing."""
        if call in self._open:
            self._settle([index for index, its_call in self._doubtful.items() if its_call == call])

    async def answered(self, call: int, jobs: Mapping[int, str], outcomes: Sequence[Outcome]) -> None:
        """Note what an answer, or a look at the platform, told of a call's items."""
        self._jobs.update(jobs)
        self._settle(jobs)
        await self.ended(outcomes)

    async def waiting(self, indexes: Collection[int]) -> None:
        """Note that items which were in doubt surely were not done."""
        self._settle(indexes)

    async def ended(self, outcomes: Sequence[Outcome]) -> None:
        """Note outcomes."""
        for outcome in outcomes:
            job_id = self._jobs.pop(outcome.index, outcome.job_id)
            if job_id is not None and self._open:
                self._ended.append((self._last_call, job_id))
        self._settle([outcome.index for outcome in outcomes])

    async def exhausted(self, total: int) -> None:
        """Do nothing."""

    async def known(self, job_ids: Collection[str]) -> set[str]:
        """Return those of the jobs that belong to an item under way, or to one that has just ended."""
        kept = {*self._jobs.values(), *(job_id for _, job_id in self._ended)}
        return kept.intersection(job_ids)

    async def unfinished(self) -> list[Unfinished]:
        """Return nothing: there was no run before this one."""
        return []

    async def recorded(self, first: int, count: int) -> dict[int, Recorded]:
        """Return nothing."""
        return {}

    async def entries_waiting(self, after: int, count: int) -> list[Entry]:
        """Return nothing."""
        return []

    async def outcomes(self, after: int, count: int, *, skip_pruned: bool = False) -> list[Outcome]:
        """Return nothing: outcomes are delivered and not kept."""
        return []

    async def retry(self, *, unconfirmed: bool) -> int:
        """Open nothing: nothing is kept."""
        return 0

    async def spent(self, changes: Mapping[int, Spend]) -> None:
        """Do nothing: the client's own budgets know."""

    async def spends(self, since: float) -> list[Spend]:
        """Return nothing."""
        return []

    def _settle(self, indexes: Iterable[int]) -> None:
        """Take items out of doubt; close calls that have none left, and forget what was kept for these."""
        for index in indexes:
            call = self._doubtful.pop(index, None)
            if call is not None:
                self._open[call] -= 1
                if not self._open[call]:
                    del self._open[call]
        oldest = next(iter(self._open), self._last_call + 1)
        while self._ended and self._ended[0][0] < oldest:
            self._ended.popleft()
