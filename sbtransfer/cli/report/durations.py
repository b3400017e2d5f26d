"""How long jobs took: a histogram in which each bin is a hundredth wider than the one before."""

from __future__ import annotations

from collections import Counter
from math import ceil, floor, log

from attrs import define, field

_STEP = log(1.01)
_SHORTEST = 0.001


@define
class Durations:
    """Counts durations; their quantiles are right to half a percent, or to a millisecond."""

    count: int = field(init=False, default=0)
    _bins: Counter[int] = field(init=False, factory=Counter)

    def add(self, seconds: float) -> None:
        """Count one."""
        self.count += 1
        self._bins[floor(log(max(seconds, _SHORTEST) / _SHORTEST) / _STEP)] += 1

    def quantile(self, share: float) -> float | None:
        """Return the duration that such a share did not exceed; `None` if there is none."""
        wanted = ceil(share * self.count)
        for number in sorted(self._bins):
            wanted -= self._bins[number]
            if wanted <= 0:
                return _middle(number)
        return None


def _middle(number: int) -> float:
    return float(_SHORTEST * 1.01 ** (number + 0.5)) if number else _SHORTEST
