import re
from pathlib import Path

import pytest

from sbtransfer.cli.report.charts import budgets, stretch_of, timeline
from sbtransfer.cli.report.facts import facts_of
from sbtransfer.cli.report.plot import HEIGHT
from sbtransfer.cli.report.read import Reading
from sbtransfer.models import Outcome
from tests.support import a_drs
from tests.unit.cli.report.outcomes import BEGAN, completed, failed, lost, tallied


def charts(*outcomes: Outcome) -> tuple[str, str]:
    tally = tallied(outcomes)
    facts = facts_of(Reading(Path("out.csv"), tally))
    return timeline(facts, tally), budgets(facts, tally)


def points(plot: str, name: str) -> list[tuple[float, float]]:
    (path,) = re.findall(rf'class="{name}" d="M([^"]*?)Z?"', plot)
    return [(float(x), float(y)) for x, y in (point.split(",") for point in path.split("L"))]


def upper_edge(plot: str, name: str) -> list[tuple[float, float]]:
    """Return the points of an area from left to right, without those of the way back."""
    there_and_back = points(plot, name)
    return there_and_back[: len(there_and_back) // 2]


def test_states_are_stacked_up_to_all_that_was_submitted() -> None:
    plot, _ = charts(
        *(completed(n, n, 100) for n in range(80)), *(failed(n, submitted=n) for n in range(80, 100))
    )
    submitted, done = upper_edge(plot, "area pending"), upper_edge(plot, "area completed")
    assert submitted[-1] == pytest.approx((1000, 0))  # a hundred of a hundred
    assert [y for _, y in submitted] == sorted((y for _, y in submitted), reverse=True)
    assert done[-1] == pytest.approx((1000, HEIGHT * 0.2))
    assert max(y for _, y in points(plot, "area failed")) <= HEIGHT
    assert 'class="area unconfirmed"' not in plot
    assert "at the end 80 completed, 20 failed, 0 unconfirmed" in plot


def test_what_is_under_way_lies_between_submitted_and_ended() -> None:
    plot, _ = charts(completed(0, 0, 100), completed(1, 0, 100))
    assert {y for _, y in upper_edge(plot, "area pending")} == {0}  # both, from the beginning to the end
    assert upper_edge(plot, "area completed")[0][0] > 950


def test_the_limits_are_drawn_in_hundredths() -> None:
    _, plot = charts(*(completed(n, n // 50 * 30, item=a_drs()) for n in range(1000)))
    assert min(y for _, y in points(plot, "line files")) == pytest.approx(HEIGHT * (1 - 100 / 106), abs=0.1)
    assert min(y for _, y in points(plot, "line calls")) == pytest.approx(HEIGHT * (1 - 1 / 106), abs=0.1)
    assert "DRS files: at most 500 of 500" in plot
    assert "create calls: at most 10 of 1,000" in plot


def test_more_than_a_limit_has_room() -> None:
    _, plot = charts(*(completed(n, item=a_drs()) for n in range(1200)))
    assert "250 %" in plot
    assert min(y for _, y in points(plot, "line files")) >= 0
    assert points(plot, "line files")[0][1] == pytest.approx(HEIGHT * (1 - 240 / 250), abs=0.1)


def test_a_limit_that_no_item_uses_is_not_drawn() -> None:
    assert 'class="line files"' not in charts(completed())[1]


def test_a_moment_is_given_a_second() -> None:
    stretch = stretch_of(tallied([failed(0, finished_on=None), lost(1)]))
    assert stretch is not None
    assert (stretch.start, stretch.end) == (BEGAN.timestamp(), BEGAN.timestamp() + 1)
    assert points(charts(failed(0, finished_on=None))[0], "area failed")[0] == (0, 0)


def test_without_times_nothing_is_drawn() -> None:
    for chart in charts(completed(0, submitted_on=None)):
        assert "<svg" not in chart
        assert "the times are not known" in chart
