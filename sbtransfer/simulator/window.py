"""The platform's two limits, each counted in windows of fixed length that follow each other without a gap."""

import math

import attrs


@attrs.frozen
class Window:
    """One window: from `opens` on, until just before `closes`."""

    number: int
    opens: float
    closes: float


@attrs.define
class Grid:
    """Windows of `period` seconds; the first opens at `start`, or at the first moment that is asked about."""

    period: float
    start: float | None = None

    def anchor(self, moment: float) -> float:
        """Open the first window at `moment`, unless one was opened before; return when it opened."""
        if self.start is None:
            self.start = moment
        return self.start

    def at(self, moment: float) -> Window:
        """Return the window that holds a moment."""
        start = self.anchor(moment)
        number = math.floor((moment - start) / self.period)
        # The division rounds: the moment in which a window opens must belong to it, and none to two of them.
        if moment >= start + (number + 1) * self.period:
            number += 1
        elif moment < start + number * self.period:
            number -= 1
        return Window(number, start + number * self.period, start + (number + 1) * self.period)


class RequestWindow:
    """Counts requests and refuses those past the limit, until the next window opens."""

    def __init__(self, limit: int, grid: Grid) -> None:
        self.limit = limit
        self._grid = grid
        self._number: int | None = None
        self._spent = 0

    def spend(self, now: float) -> bool:
        """Count one request; False if the limit is reached, and then it is not counted."""
        if self.remaining(now) == 0:
            return False
        self._spent += 1
        return True

    def remaining(self, now: float) -> int:
        """Return how many requests this window still takes."""
        number = self._grid.at(now).number
        if number != self._number:
            self._number, self._spent = number, 0
        return self.limit - self._spent

    def resets(self, now: float) -> int:
        """Return when the next window opens, in whole Unix seconds, never too early."""
        return math.ceil(self._grid.at(now).closes)


class HoldingWindow:
    """Refuses nothing: what is past the limit is held and begins by itself in a later window.

    First come, first served, so nothing passes what is held.
    """

    def __init__(self, limit: int, grid: Grid) -> None:
        self._limit = limit
        self._grid = grid
        self._number: int | None = None
        self._begun = 0
        self._held_until = -math.inf

    def begin(self, wanted: float) -> float:
        """Return when something that could begin at `wanted` does begin; `wanted` never goes back."""
        moment = max(wanted, self._held_until)
        window = self._grid.at(moment)
        if window.number != self._number:
            self._number, self._begun = window.number, 0
        self._begun += 1
        if self._begun == self._limit:
            self._held_until = window.closes
        return moment
