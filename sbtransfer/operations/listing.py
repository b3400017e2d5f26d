"""Which pages of a job list must be read so that no job since a moment is missed. Pure: pages come in.

Nothing says in which order the platform lists its jobs. If the dated jobs of the first page show an order,
reading goes from the newest end and stops past the moment; else, and as soon as a later page contradicts, the
list is read in full.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from itertools import pairwise

from attrs import define, field

from sbtransfer.http.paging import check_end
from sbtransfer.models import Job
from sbtransfer.wire import Page

_ENOUGH_TO_TELL = 10
"""So many dated jobs, at least, show an order that is no accident."""


class _Order(Enum):
    UNKNOWN = 0
    NEWEST_FIRST = 1
    OLDEST_FIRST = 2


@define(eq=False)
class Listing:
    """One reading of a job list, page by page; `jobs` are those that were seen, by id.

    `since` is in Unix seconds by the platform's clock. A job that started before it was made before it, and
    where jobs stand in the order of their making, so were all that stand behind it.
    """

    since: float
    page_size: int = 100
    jobs: dict[str, Job] = field(init=False, factory=dict)
    next: int | None = field(init=False, default=0)
    """The offset of the page to be read next; `None` once the listing is complete."""
    _order: _Order = field(init=False, default=_Order.UNKNOWN)
    _front: int = field(init=False, default=0)
    """Up to this offset every place was read, from the front."""
    _latest: float = field(init=False, default=float("inf"))
    """The start that no job further on may come after, if the order is what it seems."""

    def add(self, page: Page[Job]) -> None:
        """Take the page at `next`. Raises `UnreadableAnswerError` if the list ends too early."""
        offset = self.next or 0
        # Jobs that were made meanwhile push others on to the next page: what is there again says nothing.
        starts = _starts([job for job in page.entries if job.id not in self.jobs])
        self.jobs.update((job.id, job) for job in page.entries)
        if offset == 0:
            self._order = _order_of(starts)
        if offset or self._order is _Order.NEWEST_FIRST:
            self._hold_against(starts)
        past = bool(starts) and max(starts) < self.since
        self.next = self._after(offset, page, past=past)

    def _hold_against(self, starts: Sequence[float]) -> None:
        """Give the order up where a page contradicts it."""
        onwards = starts[::-1] if self._order is _Order.OLDEST_FIRST else starts
        if not _falls([self._latest, *onwards]):
            self._order = _Order.UNKNOWN
        self._latest = min([self._latest, *onwards])

    def _after(self, offset: int, page: Page[Job], *, past: bool) -> int | None:
        if offset == self._front:
            self._front += page.shown
            check_end(page, self._front)
            if page.is_last:
                return None
        match self._order:
            case _Order.UNKNOWN:
                return self._front
            case _Order.NEWEST_FIRST:
                return None if past else self._front
            case _Order.OLDEST_FIRST if offset == 0:
                return max(page.total - self.page_size, self._front)
            case _Order.OLDEST_FIRST:
                return None if past or offset <= self._front else max(offset - self.page_size, self._front)


def _starts(jobs: Sequence[Job]) -> list[float]:
    return [job.started_on.timestamp() for job in jobs if job.started_on is not None]


def _order_of(starts: Sequence[float]) -> _Order:
    if len(starts) < _ENOUGH_TO_TELL or min(starts) == max(starts):
        return _Order.UNKNOWN
    if _falls(starts):
        return _Order.NEWEST_FIRST
    return _Order.OLDEST_FIRST if _falls(starts[::-1]) else _Order.UNKNOWN


def _falls(starts: Sequence[float]) -> bool:
    return all(later >= earlier for later, earlier in pairwise(starts))
