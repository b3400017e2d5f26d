"""The plots of the page: SVG for what is drawn, and text around it that keeps its size on any screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from attrs import frozen

from sbtransfer.cli.report.axis import Mark

WIDTH, HEIGHT = 1000, 300


@frozen
class Band:
    """A part of a stack: its name, the name of its colour, and where it begins and ends at each sample."""

    name: str
    colour: str
    lower: Sequence[float]
    upper: Sequence[float]


@frozen
class Line:
    """A line: its name, the name of its colour, and its value at each sample."""

    name: str
    colour: str
    values: Sequence[float]


@frozen(kw_only=True)
class Axes:
    """What the plot spans: `top` is the value at its upper end."""

    top: float
    y: Sequence[Mark]
    x: Sequence[Mark]


def stack(bands: Iterable[Band], axes: Axes, label: str) -> str:
    """Return stacked areas as a plot."""
    drawn = "".join(_area(band, axes.top) for band in bands)
    return _plot(drawn, axes, label)


def lines(drawn: Iterable[Line], axes: Axes, label: str, limit: float) -> str:
    """Return lines as a plot, with a limit that is drawn across it."""
    height = _y(limit, axes.top)
    across = f'<path class="limit" d="M0,{height}H{WIDTH}"/>'
    return _plot("".join(_line(line, axes.top) for line in drawn) + across, axes, label)


def legend(keys: Iterable[tuple[str, str]]) -> str:
    """Return the names of what is drawn, each with the name of its colour."""
    rows = "".join(f'<li><span class="key {colour}"></span>{escape(name)}</li>' for name, colour in keys)
    return f'<ul class="legend">{rows}</ul>'


def _plot(drawn: str, axes: Axes, label: str) -> str:
    room = max(len(mark.label) for mark in axes.y)
    grid = "".join(f'<path class="grid" d="M0,{_y(mark.at, 1)}H{WIDTH}"/>' for mark in axes.y)
    return (
        f'<div class="plot" style="--room:{room}ch">'
        f'<div class="y" aria-hidden="true">{"".join(map(_beside, axes.y))}</div>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img"'
        f' aria-label="{escape(label)}">{grid}{drawn}</svg>'
        f'<div class="x" aria-hidden="true">{"".join(map(_under, range(len(axes.x)), axes.x))}</div></div>'
    )


def _beside(mark: Mark) -> str:
    return f'<span style="bottom:{mark.at:.2%}">{escape(mark.label)}</span>'


def _under(number: int, mark: Mark) -> str:
    below = f"<br>{escape(mark.below)}" if mark.below else ""
    spare = ' class="spare"' if number % 2 else ""  # on a narrow screen every second one has room
    return f'<span{spare} style="left:{mark.at:.2%}">{escape(mark.label)}{below}</span>'


def _area(band: Band, top: float) -> str:
    first = next((place for place, (low, high) in enumerate(_ends(band)) if high > low), None)
    if first is None:
        return ""
    places = range(max(first - 1, 0), len(band.upper))
    there = [_point(place, band.upper, top) for place in places]
    back = [_point(place, band.lower, top) for place in reversed(places)]
    return f'<path class="area {band.colour}" d="M{"L".join(there + back)}Z"/>'


def _ends(band: Band) -> Iterable[tuple[float, float]]:
    return zip(band.lower, band.upper, strict=True)


def _line(line: Line, top: float) -> str:
    points = "L".join(_point(place, line.values, top) for place in range(len(line.values)))
    return f'<path class="line {line.colour}" d="M{points}"/>'


def _point(place: int, values: Sequence[float], top: float) -> str:
    return f"{place * WIDTH / (len(values) - 1):.1f},{_y(values[place], top)}"


def _y(value: float, top: float) -> str:
    return f"{HEIGHT * (1 - value / top):.1f}"
