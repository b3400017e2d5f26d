import random

import pytest

from sbtransfer.cli.report.durations import Durations


def of(*seconds: float) -> Durations:
    durations = Durations()
    for one in seconds:
        durations.add(one)
    return durations


def test_quantiles_are_right_to_a_hundredth() -> None:
    drawn = random.Random(7)
    seconds = sorted(drawn.lognormvariate(4, 2) for _ in range(10_000))
    durations = of(*seconds)
    assert durations.count == 10_000
    for share in (0.01, 0.5, 0.99, 1.0):
        assert durations.quantile(share) == pytest.approx(seconds[round(share * 10_000) - 1], rel=0.01)


def test_a_single_duration_is_every_quantile() -> None:
    assert of(42).quantile(0.5) == of(42).quantile(0.99) == pytest.approx(42, rel=0.01)


def test_no_time_at_all_is_a_millisecond_at_most() -> None:
    assert of(0, 0.0001).quantile(0.5) == 0.001


def test_nothing_has_no_quantiles() -> None:
    assert Durations().quantile(0.5) is None
