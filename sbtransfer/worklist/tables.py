"""CSV and TSV to rows."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from attrs import frozen

from sbtransfer.errors import WorkListError
from sbtransfer.worklist.places import Place, Problem, shown
from sbtransfer.worklist.rows import Header, Row
from sbtransfer.worklist.text import MAX_ROW

_SEPARATORS = {
    ",": "commas: name the file .csv",
    "\t": "tabs: name the file .tsv",
    ";": "semicolons: use commas",
}


def read_table(lines: Iterator[str], name: str, delimiter: str) -> Iterator[Header | Row | Problem]:
    """Yield the header, then a row or a problem for each row that is not blank.

    Raises `WorkListError` for a header that cannot be used; nothing is yielded for an empty file.
    """
    records = _records(lines, name, delimiter)
    first = next(records, None)
    if first is None:
        return
    if isinstance(first, Problem):
        raise WorkListError([str(first)])
    header = _header(first, delimiter)
    yield header
    for record in records:
        yield record if isinstance(record, Problem) else _row(record, header.names)


@frozen
class _Record:
    place: Place
    cells: list[str]


class _Lines:
    """The lines of one row at a time, bounded: an unclosed quote must not swallow the rest of the file."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._place = Place("")
        self._left = 0

    def start_row(self, place: Place) -> None:
        self._place = place
        self._left = MAX_ROW

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._left -= len(line)
        if self._left < 0:
            raise self._place.error(f"a row longer than {MAX_ROW:,} characters: is a quote not closed?")
        return line


def _records(lines: Iterator[str], name: str, delimiter: str) -> Iterator[_Record | Problem]:
    bounded = _Lines(lines)
    reader = csv.reader(bounded, delimiter=delimiter, strict=True)
    while True:
        place = Place(name, reader.line_num + 1)
        bounded.start_row(place)
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # The reader starts afresh at the next line, so that the rows after this one are checked as well.
            yield Problem(place, f"cannot be parsed ({error}): check its quotes and line ends")
            continue
        # Spreadsheets write blank rows as a line of separators.
        if any(map(str.strip, cells)):
            yield _Record(place, cells)


def _header(record: _Record, delimiter: str) -> Header:
    names = tuple(cell.strip() for cell in record.cells)
    for number, name in enumerate(names, 1):
        if not name:
            raise record.place.error(f"column {number} has no name: give it one or remove it")
        if name in names[: number - 1]:
            raise record.place.error(f"there are two columns {shown(name)}: rename or remove one")
    if len(names) == 1:
        _check_separator(record.place, names[0], delimiter)
    return Header(record.place, names)


def _check_separator(place: Place, name: str, delimiter: str) -> None:
    for other, advice in _SEPARATORS.items():
        if other != delimiter and other in name:
            raise place.error(f"the columns seem to be separated by {advice}")


def _row(record: _Record, names: tuple[str, ...]) -> Row | Problem:
    if len(record.cells) != len(names):
        cells = f"{len(record.cells)} cell" + "s" * (len(record.cells) != 1)
        return Problem(record.place, f"has {cells} where the header has {len(names)} columns")
    return Row(record.place, dict(zip(names, record.cells, strict=True)), tabular=True)
