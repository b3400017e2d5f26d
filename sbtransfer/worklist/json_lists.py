"""JSON lists and JSON lines to rows, without ever holding the whole list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from sbtransfer.errors import WorkListError
from sbtransfer.worklist.places import Place, Problem
from sbtransfer.worklist.rows import Row
from sbtransfer.worklist.text import MAX_ROW


def read_json_lines(lines: Iterator[str], name: str) -> Iterator[Row | Problem]:
    """Yield a row or a problem for each line that is not blank."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _read_line(Place(name, number), line)


def read_json_list(chunks: Iterator[str], name: str) -> Iterator[Row | Problem]:
    """Yield a row or a problem for each item of a list, or of the list under `items` of an object.

    `chunks` may split the text anywhere. Raises `WorkListError` where the text is not JSON: unlike after a
    bad line, nothing behind that can be trusted.
    """
    for place, value in _values(_Window(chunks, name)):
        yield _row(place, value)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def read_json(text: str) -> Any:
    """Decode one text. Raises `ValueError` saying what is wrong and at which character."""
    try:
        return _DECODER.decode(text.strip())
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg}, character {error.pos + 1}") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _read_line(place: Place, line: str) -> Row | Problem:
    try:
        return _row(place, read_json(line))
    except ValueError as error:
        return Problem(place, f"is not valid JSON: {error}")


def _row(place: Place, value: Any) -> Row | Problem:
    if not isinstance(value, dict):
        return Problem(place, 'is not an object: write each item as {"name": value, …}')
    return Row(place, value, tabular=False)


class _Window:
    """The part of the text that is in memory. It moves on and never back."""

    _SPACE = re.compile(r"[ \t\r\n]*")

    def __init__(self, chunks: Iterator[str], name: str) -> None:
        self._chunks = chunks
        self._name = name
        self._text = ""
        self._at = 0
        self._line = 1
        self.item: int | None = None

    @property
    def place(self) -> Place:
        """Where the window has moved to."""
        return Place(self._name, self._line, self.item)

    def peek(self) -> str:
        """Move to the next character that is not white space and return it; empty at the end of the text."""
        while True:
            space = self._SPACE.match(self._text, self._at)
            self._move(space.end() if space else self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._grow():
                return ""

    def take(self, expected: str) -> str:
        """Move past one of the `expected` characters and return it."""
        found = self.peek()
        if not found:
            raise self.place.error("the text ends before the list does: it was cut short, fetch it again")
        if found not in expected:
            raise self.place.error(f"not valid JSON: expected {' or '.join(expected)} and not {found!r}")
        self._move(self._at + 1)
        return found

    def value(self) -> Any:
        """Move past the next value and return it."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
                wrong: Exception | None = None
            except (ValueError, RecursionError) as error:
                wrong, end = error, len(self._text)
            # A number that touches the end of the window may go on behind it.
            if wrong is None and end < len(self._text):
                self._move(end)
                return value
            if end - self._at > MAX_ROW:
                raise self._broken(wrong, f"or an item longer than {MAX_ROW:,} characters")
            if not self._grow():
                raise self._broken(wrong, "or cut short")

    def _move(self, end: int) -> None:
        self._line += self._text.count("\n", self._at, end)
        self._at = end

    def _grow(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        self._text = self._text[self._at :] + chunk
        self._at = 0
        return True

    def _broken(self, wrong: Exception | None, otherwise: str) -> WorkListError:
        if isinstance(wrong, json.JSONDecodeError):
            line = self._line + self._text.count("\n", self._at, wrong.pos)
            return Place(self._name, line, self.item).error(f"not valid JSON, {otherwise}: {wrong.msg}")
        return self.place.error(f"not valid JSON, {otherwise}: {wrong or 'the text ends here'}")


def _values(window: _Window) -> Iterator[tuple[Place, Any]]:
    opening = window.peek()
    if opening == "[":
        yield from _list(window)
    elif opening == "{":
        yield from _items_of_object(window)
    elif opening:
        raise window.place.error('expected a JSON list ("[") or an object with "items"')
    if window.peek():
        raise window.place.error("there is more text after the end of the list: remove it")


def _list(window: _Window) -> Iterator[tuple[Place, Any]]:
    window.take("[")
    window.item = 0
    if window.peek() == "]":
        window.take("]")
        return
    while True:
        window.item += 1
        window.peek()  # the value's own line, not that of the comma before it
        yield window.place, window.value()
        if window.take(",]") == "]":
            window.item = None
            return


def _items_of_object(window: _Window) -> Iterator[tuple[Place, Any]]:
    window.take("{")
    found = False
    while True:
        key = window.value()
        window.take(":")
        if key == "items":
            found = True
            yield from _list(window)
        else:
            window.value()
        if window.take(",}") == "}":
            break
    if not found:
        raise window.place.error(
            'this is a single object: put the items in a list, or under "items"; '
            "if each line is an object, name the file .jsonl"
        )
