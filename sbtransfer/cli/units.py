"""Figures as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

from sbtransfer.cli.progress import span

UNKNOWN = "not known"
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def duration(seconds: float | None) -> str:
    """Return a time as seconds, or as hours, minutes and seconds."""
    if seconds is None:
        return UNKNOWN
    return f"{seconds:.3g} s" if seconds < 59.95 else span(seconds)


def moment(when: datetime | None) -> str:
    """Return a moment, in UTC."""
    return UNKNOWN if when is None else f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def amount(number: float) -> str:
    """Return a number of bytes."""
    unit = 0
    while number >= 999.5 and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number:.0f} {_UNITS[unit]}" if unit == 0 or number >= 99.95 else f"{number:.1f} {_UNITS[unit]}"


def count(number: int, what: str) -> str:
    """Return a number of things, by the word for one of them."""
    return f"{number:,} {what}{'s' * (number != 1)}"


def share(part: int, whole: int) -> str:
    """Return a part in hundredths of a whole; never all or nothing where it is not."""
    if not whole:
        return "0 %"
    hundredths = 100 * part / whole
    if 0 < hundredths < 0.1:
        return "< 0.1 %"
    if 99.9 < hundredths < 100:
        return "> 99.9 %"
    return f"{hundredths:.3g} %"
