"""Bytes to text, strictly UTF-8, with bounds that hold whatever the file."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from io import BufferedReader
from itertools import count

from sbtransfer.errors import WorkListError
from sbtransfer.worklist.places import Place

MAX_ROW = 1_048_576
"""The most bytes that one row may have. A file without line ends must not be loaded as one line."""

_CHUNK = 65_536


def lines(stream: BufferedReader, name: str) -> Iterator[str]:
    """Yield the lines with their ends. Raises `WorkListError` for one that is too long or is not text."""
    for number in count(1):
        line = stream.readline(MAX_ROW + 1)
        if not line:
            return
        if len(line) > MAX_ROW:
            raise Place(name, number).error(
                f"longer than {MAX_ROW:,} bytes: is this a work list, and do its lines end in a line feed?"
            )
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            raise _not_utf8(Place(name, number), error) from error
        if "\0" in text:
            raise _binary(Place(name, number))
        yield text


def chunks(stream: BufferedReader, name: str) -> Iterator[str]:
    """Yield the text in pieces as they come. Raises `WorkListError` for what is not text."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, data = 1, b"\n"
    while data:
        data = stream.read1(_CHUNK)
        try:
            text = decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            before = error.object.count(b"\n", 0, error.start)
            raise _not_utf8(Place(name, line + before), error) from error
        if "\0" in text:
            raise _binary(Place(name, line + text.count("\n", 0, text.index("\0"))))
        line += data.count(b"\n")
        yield text


def _not_utf8(place: Place, error: UnicodeDecodeError) -> WorkListError:
    found = error.object[error.start : error.end]
    return place.error(f"the bytes {found!r} are not UTF-8: save the file as UTF-8 ('CSV UTF-8' in Excel)")


def _binary(place: Place) -> WorkListError:
    return place.error("holds a NUL byte: this is a binary file and not a work list")
