"""All that is counted over the outcomes of a run, one at a time: memory does not grow with their number."""

from __future__ import annotations

import heapq
from collections import Counter
from datetime import datetime
from enum import IntEnum

from attrs import Factory, define, field, frozen

from sbtransfer.cli.report.calls import Calls
from sbtransfer.cli.report.causes import Causes
from sbtransfer.cli.report.durations import Durations
from sbtransfer.cli.report.timeline import Bins, Curve
from sbtransfer.items import Item, Kind
from sbtransfer.models import Outcome, OutcomeState

SLOWEST = 10


class Series(IntEnum):
    """What is counted by time."""

    SUBMITTED = 0
    COMPLETED = 1
    FAILED = 2
    UNCONFIRMED = 3
    DRS_FILES = 4


_ENDS = {
    OutcomeState.COMPLETED: Series.COMPLETED,
    OutcomeState.FAILED: Series.FAILED,
    OutcomeState.UNCONFIRMED: Series.UNCONFIRMED,
}


@frozen
class Slow:
    """An item that took long, from the moment it was submitted until its job had finished."""

    seconds: float
    index: int
    item: Item
    job_id: str | None


@define
class Tally:
    """What outcomes add up to; `examples` is how many of each cause of failure are kept."""

    examples: int = 3
    kinds: set[Kind] = field(init=False, factory=set)
    states: Counter[OutcomeState] = field(init=False, factory=Counter)
    causes: Causes = field(init=False, default=Factory(lambda self: Causes(self.examples), takes_self=True))
    first: datetime | None = field(init=False, default=None)
    """When the first item was submitted."""
    last: datetime | None = field(init=False, default=None)
    """When the last job had finished."""
    durations: Durations = field(init=False, factory=Durations)
    before_submitted: int = field(init=False, default=0)
    """How many had finished before they were submitted, by two clocks that disagree."""
    without_times: int = field(init=False, default=0)
    """How many items have not even the moment at which they were submitted."""
    sent_again: int = field(init=False, default=0)
    """How many items were carried by more than one call."""
    size: int = field(init=False, default=0)
    """The bytes of the completed items that have a size; `sized` counts these."""
    sized: int = field(init=False, default=0)
    calls: Calls = field(init=False, factory=Calls)
    _bins: Bins = field(init=False, factory=lambda: Bins(len(Series)))
    _slowest: list[tuple[float, int, int, Slow]] = field(init=False, factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        self.kinds.add(outcome.item.kind)
        self.states[outcome.state] += 1
        self.sent_again += outcome.attempts > 1
        if not outcome.ok:
            self.causes.add(outcome)
        elif outcome.item.size is not None:
            self.size += outcome.item.size
            self.sized += 1
        self._add_times(outcome)

    def curve(self, series: Series) -> Curve:
        """Return how the count of a series grew."""
        return self._bins.curve(series)

    @property
    def slowest(self) -> list[Slow]:
        """The items that took longest, those first."""
        return [slow for *_, slow in sorted(self._slowest, reverse=True)]

    def _add_times(self, outcome: Outcome) -> None:
        submitted, finished = outcome.submitted_on, outcome.finished_on
        if submitted is None:
            self.without_times += 1
            return
        self.first = submitted if self.first is None else min(self.first, submitted)
        self._submitted(submitted.timestamp(), outcome.item.kind)
        if finished is None:
            # It was refused at once, or lost: there is no job that could have finished later.
            self._bins.add(submitted.timestamp(), _ENDS[outcome.state])
            return
        self.last = finished if self.last is None else max(self.last, finished)
        self.before_submitted += finished < submitted
        self._bins.add(max(submitted, finished).timestamp(), _ENDS[outcome.state])
        self._took(max((finished - submitted).total_seconds(), 0.0), outcome)

    def _submitted(self, moment: float, kind: Kind) -> None:
        self.calls.add(moment)
        self._bins.add(moment, Series.SUBMITTED)
        if kind == "drs":
            self._bins.add(moment, Series.DRS_FILES)

    def _took(self, seconds: float, outcome: Outcome) -> None:
        self.durations.add(seconds)
        # Of two that took as long, the first in the list is kept.
        rank = (seconds, -outcome.index)
        if len(self._slowest) == SLOWEST and rank <= self._slowest[0][:2]:
            return
        slow = (*rank, self.durations.count, Slow(seconds, outcome.index, outcome.item, outcome.job_id))
        if len(self._slowest) < SLOWEST:
            heapq.heappush(self._slowest, slow)
        else:
            heapq.heapreplace(self._slowest, slow)
