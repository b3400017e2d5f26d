"""Where something stands in a work list, and what is wrong there."""

from __future__ import annotations

import reprlib

from attrs import frozen

from sbtransfer.errors import WorkListError

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80


def shown(value: object) -> str:
    """Return a value as messages show it: a cell of a megabyte is no help to anybody."""
    return _SHORT.repr(value)


@frozen
class Place:
    """A file, a line of it (the first is 1) and, in a JSON list, the item's number (the first is 1)."""

    file: str
    line: int | None = None
    item: int | None = None

    def __str__(self) -> str:
        line = "" if self.line is None else f", line {self.line}"
        item = "" if self.item is None else f", item {self.item}"
        return f"{self.file}{line}{item}"

    def error(self, reason: str) -> WorkListError:
        """Return the error for what makes the whole list unusable from here on."""
        return WorkListError([f"{self}: {reason}"])


@frozen
class Problem:
    """A row that cannot become an item. The rows after it can still be read."""

    place: Place
    reason: str
    part: str = ""

    def __str__(self) -> str:
        return ": ".join((f"{self.place}, {self.part}" if self.part else str(self.place), self.reason))
