"""The two plots of a run: what its items were at each time, and what it used of the limits."""

from __future__ import annotations

from html import escape

from attrs import frozen

from sbtransfer.cli.report.axis import Mark, counted, timed
from sbtransfer.cli.report.facts import FIVE_MINUTES, Facts
from sbtransfer.cli.report.plot import Axes, Band, Line, legend, lines, stack
from sbtransfer.cli.report.tally import Series, Tally
from sbtransfer.cli.report.timeline import Curve
from sbtransfer.cli.report.words import used
from sbtransfer.cli.units import moment

_SAMPLES = 240
_NO_TIMES = "<p>Nothing can be drawn: the times are not known.</p>"
_BANDS = (
    ("completed", Series.COMPLETED),
    ("failed", Series.FAILED),
    ("unconfirmed", Series.UNCONFIRMED),
)


@frozen
class Stretch:
    """The time that a plot spans, in Unix seconds."""

    start: float
    end: float

    @property
    def edges(self) -> list[float]:
        """The moments at which curves are looked at."""
        return [self.start + (self.end - self.start) * n / _SAMPLES for n in range(_SAMPLES + 1)]


def stretch_of(tally: Tally) -> Stretch | None:
    """Return the time from the first submitted to the last ended; `None` where no times are known."""
    if tally.first is None:
        return None
    start = tally.first.timestamp()
    curves = [tally.curve(series) for series in Series]
    end = max((curve.last + 1) * curve.width for curve in curves)
    return Stretch(start, max(end, start + 1))


def timeline(facts: Facts, tally: Tally) -> str:
    """Return the plot of states over time."""
    stretch = stretch_of(tally)
    if stretch is None:
        return _NO_TIMES
    edges = stretch.edges
    lower, bands = [0] * len(edges), []
    for name, series in _BANDS:
        upper = _sum(lower, tally.curve(series).sampled(edges))
        bands.append(Band(name, name, lower, upper))
        lower = upper
    bands.append(Band("submitted, not ended", "pending", lower, tally.curve(Series.SUBMITTED).sampled(edges)))
    top, marks = counted(tally.curve(Series.SUBMITTED).total)
    label = (
        f"Items by state from {moment(facts.first_submitted)} to {moment(facts.last_finished)}: at the end "
        + ", ".join(f"{tally.curve(series).total:,} {name}" for name, series in _BANDS)
    )
    keys = [(band.name, band.colour) for band in reversed(bands)]
    return legend(keys) + stack(bands, Axes(top=top, y=marks, x=timed(stretch.start, stretch.end)), label)


def budgets(facts: Facts, tally: Tally) -> str:
    """Return the plot of what was used of the limits, in hundredths of each."""
    stretch = stretch_of(tally)
    if stretch is None:
        return _NO_TIMES
    shown = [("create calls", "calls", tally.calls.curve(), facts.create_calls)]
    if facts.drs_files is not None:
        shown.append(("DRS files", "files", tally.curve(Series.DRS_FILES), facts.drs_files))
    drawn = [
        Line(name, colour, _hundredths(curve, stretch, budget.limit)) for name, colour, curve, budget in shown
    ]
    told = [used(budget, name) for name, _, _, budget in shown]
    keys = [*zip(told, (line.colour for line in drawn), strict=True), ("the limit", "limit")]
    top, marks = _of_the_limit(max(value for line in drawn for value in line.values))
    axes = Axes(top=top, y=marks, x=timed(stretch.start, stretch.end))
    return legend(keys) + lines(drawn, axes, f"Used in any five minutes: {'; '.join(told)}", 100)


def axis_caption(facts: Facts) -> str:
    """Return what stands below a plot of time."""
    return escape(f"Time in UTC, from {moment(facts.first_submitted)}")


def _of_the_limit(highest: float) -> tuple[float, list[Mark]]:
    """Return an axis in hundredths of a limit, with room for a line at the limit itself."""
    if highest <= 100:
        return 106.0, [Mark(quarter / 106, f"{quarter} %") for quarter in range(0, 101, 25)]
    top, marks = counted(highest)
    return top, [Mark(mark.at, f"{mark.label} %") for mark in marks]


def _hundredths(curve: Curve, stretch: Stretch, limit: int) -> list[float]:
    return [100 * value / limit for value in curve.sampled_within(FIVE_MINUTES, stretch.edges)]


def _sum(one: list[int], other: list[int]) -> list[int]:
    return [first + second for first, second in zip(one, other, strict=True)]
