"""Where the marks of an axis go, and what is written at them."""

from __future__ import annotations

from datetime import UTC, datetime
from math import floor, log10

from attrs import frozen

_STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10_800, 21_600, 43_200),
)
_DAY = 86_400


@frozen
class Mark:
    """A mark: `at` is its place along the axis, from 0 to 1; `below` is a second line."""

    at: float
    label: str
    below: str = ""


def counted(highest: float, most: int = 5) -> tuple[float, list[Mark]]:
    """Return where an axis of whole numbers from 0 ends, and its marks."""
    step = max(1, round(_round_step(highest / most)))
    end = step * max(1, -(-highest // step))
    return end, [Mark(step * number / end, f"{step * number:,}") for number in range(int(end / step) + 1)]


def timed(start: float, end: float, most: int = 6) -> list[Mark]:
    """Return the marks of an axis of time, in Unix seconds, at round times in UTC."""
    step = _time_step((end - start) / most)
    days = datetime.fromtimestamp(start, UTC).date() != datetime.fromtimestamp(end, UTC).date()
    first = -(-start // step) * step
    moments = [first + step * number for number in range(int((end - first) // step) + 1)]
    return [_at((moment - start) / (end - start), moment, step, days=days) for moment in moments]


def _at(place: float, moment: float, step: float, *, days: bool) -> Mark:
    when = datetime.fromtimestamp(moment, UTC)
    date = f"{when.day} {when:%b}"
    if step >= _DAY:
        return Mark(place, date)
    return Mark(place, f"{when:%H:%M:%S}" if step < 60 else f"{when:%H:%M}", date if days else "")


def _time_step(least: float) -> float:
    for step in _STEPS:
        if step >= least:
            return step
    return _DAY * max(1, _round_step(least / _DAY))


def _round_step(least: float) -> float:
    """Return the next of 1, 2, 5, 10, 20, 50, … that is not less."""
    if least <= 0:
        return 1
    power: float = 10 ** floor(log10(least))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= least * 0.999_999)
