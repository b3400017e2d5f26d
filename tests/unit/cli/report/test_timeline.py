import random

import pytest

from sbtransfer.cli.report.timeline import Bins, Curve

START = 1_790_000_000.0


def counted(*moments: float, most: int = 1000) -> Curve:
    bins = Bins(1, most)
    for moment in moments:
        bins.add(START + moment, 0)
    return bins.curve(0)


def test_what_was_counted_by_a_moment() -> None:
    curve = counted(0, 10, 10, 30)
    assert curve.sampled([START - 1, START, START + 9.9, START + 10, START + 99]) == [0, 1, 1, 3, 4]
    assert curve.total == 4


def test_any_five_minutes_are_not_those_of_the_clock() -> None:
    assert counted(0, 200, 299.9, 300, 400).most_within(300) == 4
    assert counted(*range(0, 3000, 10)).most_within(300) == 30


def test_series_are_counted_apart() -> None:
    bins = Bins(2)
    bins.add(START, 0)
    bins.add(START, 1, 5)
    assert (bins.curve(0).total, bins.curve(1).total) == (1, 5)


def test_an_empty_curve_is_nothing_everywhere() -> None:
    curve = Bins(1).curve(0)
    assert (curve.total, curve.last, curve.most_within(300), curve.sampled([START])) == (0, 0, 0, [0])


def test_bins_widen_instead_of_becoming_many() -> None:
    drawn = random.Random(3)
    moments = [drawn.uniform(0, 100_000) for _ in range(5000)]
    wide, narrow = counted(*moments, most=500), counted(*moments, most=100_000)
    assert len(wide.numbers) <= 500 < len(narrow.numbers)
    assert wide.total == narrow.total == 5000
    assert wide.until(START + 50_000) == pytest.approx(narrow.until(START + 50_000), rel=0.05)


def test_wide_bins_never_tell_of_more_than_there_was() -> None:
    moments = [float(second) for second in range(0, 40_000, 7)]
    truth = counted(*moments, most=100_000).most_within(300)
    for most in (256, 512, 1024):
        assert 0 < counted(*moments, most=most).most_within(300) <= truth


def test_a_long_pause_costs_no_bins() -> None:
    curve = counted(0, 86_400 * 365)
    assert len(curve.numbers) == 2
    assert curve.width < 1


def test_each_stretch_shows_its_highest() -> None:
    curve = counted(*[1.0] * 50, 500)
    edges = [START + 100 * number for number in range(7)]
    values = curve.sampled_within(300, edges)
    assert values == [50, 50, 50, 50, 0, 1, 1]


def test_what_lies_outside_of_the_stretches_is_no_error() -> None:
    assert counted(0, 1000).sampled_within(300, [START + 400, START + 500]) == [1, 1]
