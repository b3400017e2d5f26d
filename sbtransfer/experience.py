"""What is known of how long the jobs of one kind take. Pure: ages come in as numbers.

A job is only seen when it is looked at: it ended somewhere between two looks, or it is still under way. Both
are counted, as Kaplan and Meier do; a mean of the jobs that ended would know the short ones only.
"""

from __future__ import annotations

from itertools import accumulate
from math import log

from attrs import define, field, frozen

# Ages are kept in bins that grow by a tenth, from a hundredth of a second to some years.
_FIRST_EDGE = 0.01
_RATIO = 1.1
_STEP = log(_RATIO)
_BINS = 240

# Behind the oldest age that enough jobs have reached, nothing is known: the share of jobs that are left is
# taken to fall with this power of the age.
_ENOUGH = 5
_TAIL = 1.5

_MEMORY = 100_000
_GOLDEN = 0.6180339887498949


def _bin(age: float) -> int:
    """Return the bin that an age falls in; -1 for a job that has just begun."""
    return -1 if age <= 0 else min(max(int(log(age / _FIRST_EDGE) / _STEP), 0), _BINS - 1)


@frozen
class Survival:
    """The share of jobs that are still under way at an age, as far as is known."""

    _at_ends: list[float]

    def __call__(self, age: float) -> float:
        """Return the share at an age in seconds, from 1 for a new job towards 0."""
        if age <= _FIRST_EDGE:
            return 1.0
        place = min(log(age / _FIRST_EDGE) / _STEP, _BINS - 1.0)
        whole = int(place)
        before = self._at_ends[whole - 1] if whole else 1.0
        return before + (self._at_ends[whole] - before) * (place - whole)

    @property
    def median(self) -> float:
        """The age in seconds that about half of the jobs reach."""
        half = next((place for place, left in enumerate(self._at_ends) if left <= 0.5), _BINS)
        return _FIRST_EDGE * _RATIO**half


@define
class Experience:
    """Counts what looks at jobs showed, in constant memory."""

    ended: float = field(init=False, default=0.0)
    """How many jobs were seen to end; old ones count half after a while, so that a change is followed."""
    _events: list[float] = field(init=False, factory=lambda: [0.0] * _BINS)
    _steps: list[float] = field(init=False, factory=lambda: [0.0] * (_BINS + 1))
    _spread: float = field(init=False, default=0.0)

    def saw_running(self, since: float, age: float, jobs: int = 1) -> None:
        """Learn that jobs were under way at `since` and still are at `age`."""
        self._at_risk(_bin(since) + 1, _bin(age), jobs)

    def saw_ended(self, since: float, age: float, jobs: int = 1) -> None:
        """Learn that jobs were under way at `since` and had ended at `age`."""
        first, last = _bin(since) + 1, max(_bin(age), 0)
        if max(_bin(since), 0) == last:
            self._ended(first, last, jobs)
        else:
            for _ in range(jobs):
                # Nobody knows when: over many jobs, multiples of the golden ratio fill the time evenly.
                self._spread = (self._spread + _GOLDEN) % 1.0
                self._ended(first, max(_bin(since + (age - since) * self._spread), 0), 1)
        if self.ended > _MEMORY:
            self._fade()

    def _ended(self, first: int, last: int, jobs: int) -> None:
        self._at_risk(min(first, last), last, jobs)
        self._events[last] += jobs
        self.ended += jobs

    def survival(self) -> Survival:
        """Return what is known now."""
        alive, known, at_ends = 1.0, True, []
        for at_risk, events in zip(accumulate(self._steps), self._events, strict=False):
            known = known and (at_risk >= _ENOUGH or alive == 1.0)
            if not known:
                alive /= _RATIO**_TAIL
            elif events:
                alive *= 1 - events / at_risk
            at_ends.append(alive)
        return Survival(at_ends)

    def _at_risk(self, first: int, last: int, jobs: int) -> None:
        if first <= last:
            self._steps[first] += jobs
            self._steps[last + 1] -= jobs

    def _fade(self) -> None:
        self.ended /= 2
        self._events = [count / 2 for count in self._events]
        self._steps = [count / 2 for count in self._steps]
