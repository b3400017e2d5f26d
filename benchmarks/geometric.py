"""The best that fixed geometric looks can do: first look at some age, each further one at `growth` times it.

Searched with the durations in hand, which a client does not have: what polling is measured against.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from itertools import accumulate

FIRSTS = tuple(4 * 1.06**power for power in range(64))
GROWTHS = tuple(1.06 + 0.03 * step for step in range(65))
CALL_SIZE = 100


def requests_and_lag(durations: Sequence[float], first: float, growth: float) -> tuple[float, float]:
    """Return the requests for each 1,000 imports, submits included, and the median lag in seconds.

    `durations` are sorted. Looks fill their calls of a hundred, and a request takes no time.
    """
    ages = [first]
    while ages[-1] < durations[-1]:
        ages.append(ages[-1] * growth)
    ends = [bisect.bisect_right(durations, age) for age in ages]
    looks = sum((place + 1) * count for place, count in enumerate(_differences(ends)))
    return 1000 / CALL_SIZE * (1 + looks / len(durations)), _median_lag(durations, ages, ends)


def _differences(ends: Sequence[int]) -> list[int]:
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def _median_lag(durations: Sequence[float], ages: Sequence[float], ends: Sequence[int]) -> float:
    """Find by halving the lag that half of the jobs stay within."""
    low, high = 0.0, ages[-1]
    while high - low > 0.01:
        middle = (low + high) / 2
        starts = [0, *ends]
        in_time = sum(
            end - max(bisect.bisect_left(durations, age - middle), start)
            for age, start, end in zip(ages, starts, ends, strict=False)
        )
        low, high = (low, middle) if in_time >= len(durations) / 2 else (middle, high)
    return high


def frontier(durations: Sequence[float]) -> list[tuple[float, float]]:
    """Return pairs of lag and requests, such that no schedule does better in both; by growing lag."""
    sample = sorted(durations)
    sample = sample[:: max(1, len(sample) // 10_000)]
    found = sorted(
        (lag, requests)
        for requests, lag in (
            requests_and_lag(sample, first, growth) for first in FIRSTS for growth in GROWTHS
        )
    )
    best = list(accumulate((requests for _, requests in found), min))
    return [pair for pair, fewest in zip(found, best, strict=True) if pair[1] == fewest]


def fewest_requests(pairs: Sequence[tuple[float, float]], lag: float) -> float:
    """Return the requests of the best schedule whose median lag is at most `lag`."""
    return pairs[max(bisect.bisect_right(pairs, (lag, float("inf"))) - 1, 0)][1]
