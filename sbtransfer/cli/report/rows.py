"""A results file as the outcomes that it was written from."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
from attrs import define, field

from sbtransfer.errors import InvalidItemError, SettingsError, WorkListError
from sbtransfer.items import ITEM_TYPES, Item, Kind
from sbtransfer.models import ErrorRecord, Outcome, OutcomeState
from sbtransfer.worklist.cells import read_cell
from sbtransfer.worklist.formats import read_rows
from sbtransfer.worklist.places import Problem
from sbtransfer.worklist.rows import Header, Row
from sbtransfer.worklist.sources import FileSource, opened

_MARKS = frozenset({"index", "state", "job_id", "error_message"})
_FIELDS = {kind: frozenset(attrs.fields_dict(one)) for kind, one in ITEM_TYPES.items()}


@define
class ResultsFile:
    """A results file, CSV or JSONL as its bytes tell; `cut_short` once a half-written last row was met."""

    path: Path
    cut_short: bool = field(init=False, default=False)

    def outcomes(self) -> Generator[Outcome, None, None]:
        """Yield the outcome of each row.

        Raises `SettingsError` for what is no results file, and `WorkListError` for a row that is none.
        """
        name = str(self.path)
        with opened(FileSource(self.path, name)) as opening:
            rows = read_rows(opening, name, None)
            first = self._first(rows)
            if isinstance(first, Row):
                yield outcome_of(first)
            while (row := self._next(rows)) is not None:
                try:
                    outcome = outcome_of(row)
                except WorkListError:
                    if self._ends_in_a_row() or next(rows, None) is not None:
                        raise
                    self.cut_short = True
                    return
                yield outcome

    def _first(self, rows: Iterator[Header | Row | Problem]) -> Header | Row:
        """Return what a results file begins with: a header, or a row of a file without one."""
        try:
            first = next(rows, None)
        except WorkListError:
            raise neither(self.path) from None
        match first:
            case Header() if _MARKS.issubset(first.names):
                return first
            case Row() if _MARKS.issubset(first.values):
                return first
            case _:
                raise neither(self.path)

    def _next(self, rows: Iterator[Header | Row | Problem]) -> Row | None:
        """Return the next row, `None` if there is no other but one that is half written."""
        try:
            row = next(rows, None)
            if isinstance(row, Problem) and next(rows, None) is not None:
                raise WorkListError([str(row)])
        except WorkListError as error:
            if not _within_a_character(error):
                raise
        else:
            if row is None or isinstance(row, Row):
                return row
        self.cut_short = True
        return None

    def _ends_in_a_row(self) -> bool:
        with self.path.open("rb") as file:
            file.seek(-1, 2)
            return file.read() == b"\n"


def neither(path: Path) -> SettingsError:
    """Refuse a file that holds no outcomes."""
    return SettingsError(
        f"{str(path)!r} is neither a journal nor a results file: give the file that a run has kept"
        " (WORKLIST.sbtransfer), or that --results wrote"
    )


def outcome_of(row: Row) -> Outcome:
    """Return the outcome of a row; raises `WorkListError` for one that no results file could have."""
    try:
        return _outcome(row.values, tabular=row.tabular)
    except InvalidItemError as error:
        raise row.place.error(str(error)) from None
    except (LookupError, TypeError, ValueError) as error:
        raise row.place.error(f"is no row of a results file: {error}") from None


def _within_a_character(error: WorkListError) -> bool:
    """Whether a line stops within a character: no line does that but the last one of the file."""
    cause = error.__cause__
    return isinstance(cause, UnicodeDecodeError) and cause.end == len(cause.object)


def _outcome(values: Mapping[str, Any], *, tabular: bool) -> Outcome:
    given = {name: value for name, value in values.items() if value is not None and value != ""}
    return Outcome(
        index=int(given["index"]),
        item=_item(given, tabular=tabular),
        state=OutcomeState(given["state"]),
        job_id=given.get("job_id"),
        file_id=given.get("file_id"),
        error=_error(given),
        attempts=int(given.get("attempts", 1)),
        submitted_on=_time(given.get("submitted_on")),
        finished_on=_time(given.get("finished_on")),
    )


def _item(given: Mapping[str, Any], *, tabular: bool) -> Item:
    kind = _kind(given)
    fields = {name: value for name, value in given.items() if name in _FIELDS[kind]}
    if tabular:
        fields = {name: read_cell(name, text) for name, text in fields.items()}
    return ITEM_TYPES[kind](**fields)


def _kind(given: Mapping[str, Any]) -> Kind:
    """Return the kind of an item: a table may have the columns of all of them."""
    if "drs_uri" in given:
        return "drs"
    return "export" if "file" in given else "import"


def _error(given: Mapping[str, Any]) -> ErrorRecord | None:
    code, message = given.get("error_code"), given.get("error_message")
    if code is None and message is None:
        return None
    if isinstance(code, str) and code.isascii() and code.isdecimal():
        code = int(code)  # a table holds text alone
    return ErrorRecord(code=code, message=message or "")


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:  # half of a time may look like one
        raise ValueError(f"{text!r} has no time zone")
    return moment
