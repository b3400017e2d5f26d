"""What happened when, counted in bins of time that widen as the run goes on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate

from attrs import define, field, frozen

MOST_BINS = 65_536
"""How many bins to keep; more than three days of one every four seconds."""

_NARROWEST = 1 / 16


@define
class Bins:
    """Counts by time and series, in so many bins at most that are not empty.

    Bins begin at multiples of their width in Unix seconds; the width doubles whenever there are too many.
    """

    series: int
    most: int = MOST_BINS
    width: float = field(init=False, default=_NARROWEST)
    _counts: dict[int, list[int]] = field(init=False, factory=dict)

    def add(self, moment: float, series: int, amount: int = 1) -> None:
        """Count something at a moment in Unix seconds."""
        number = int(moment // self.width)
        counts = self._counts.get(number)
        if counts is None:
            counts = self._counts[number] = [0] * self.series
        counts[series] += amount
        if len(self._counts) > self.most:
            self._widen()

    def curve(self, series: int) -> Curve:
        """Return how one series grew."""
        numbers = sorted(number for number, counts in self._counts.items() if counts[series])
        return Curve(
            self.width, numbers, list(accumulate(self._counts[number][series] for number in numbers))
        )

    def _widen(self) -> None:
        self.width *= 2
        narrow, self._counts = self._counts, {}
        for number, counts in narrow.items():
            wide = self._counts.setdefault(number // 2, [0] * self.series)
            for series, amount in enumerate(counts):
                wide[series] += amount


@frozen
class Curve:
    """How a count grew: `totals` are what it was after each of the bins with these numbers."""

    width: float
    numbers: list[int]
    totals: list[int]

    @property
    def total(self) -> int:
        """All that was counted."""
        return self.totals[-1] if self.totals else 0

    @property
    def last(self) -> int:
        """The number of the last bin; 0 if there is none."""
        return self.numbers[-1] if self.numbers else 0

    def until(self, moment: float) -> int:
        """Return what had been counted by the end of the bin that a moment is in."""
        return self._until(int(moment // self.width))

    def within(self, seconds: float, number: int) -> int:
        """Return what was counted in so many seconds that end with a bin.

        Where the seconds are not a whole number of bins, it is counted in a little less time, so that no
        count is told of that did not happen. (A bin may itself be longer, of a run that took half a year.)
        """
        return self._until(number) - self._until(number - max(1, int(seconds // self.width)))

    def most_within(self, seconds: float) -> int:
        """Return the most that was counted in any so many seconds."""
        return max((self.within(seconds, number) for number in self.numbers), default=0)

    def sampled(self, edges: Iterable[float]) -> list[int]:
        """Return the totals at certain moments."""
        return [self.until(edge) for edge in edges]

    def sampled_within(self, seconds: float, edges: list[float]) -> list[int]:
        """Return for each stretch from one moment to the next the most within so many seconds that end in it.

        The last moment has a stretch of its own, of no length.
        """
        values = [self.within(seconds, int(edge // self.width)) for edge in edges]
        for number in self.numbers:
            place = bisect_right(edges, number * self.width) - 1
            place = min(max(place, 0), len(values) - 1)
            values[place] = max(values[place], self.within(seconds, number))
        return values

    def _until(self, number: int) -> int:
        place = bisect_right(self.numbers, number)
        return self.totals[place - 1] if place else 0
