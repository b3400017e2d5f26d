"""The results file: a row for each item, written as the items end.

With a journal it is derived from that: written anew when a run begins, which mends what a killed run left
half written, and then row by row.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TextIO, TypeAlias

import attrs
import orjson

from sbtransfer.errors import SBTransferError, SettingsError
from sbtransfer.items import ITEM_TYPES, Kind
from sbtransfer.models import Outcome
from sbtransfer.wire import flat

_OUTCOME = (
    "state",
    "job_id",
    "file_id",
    "error_code",
    "error_message",
    "attempts",
    "submitted_on",
    "finished_on",
)

Form: TypeAlias = Literal["jsonl", "csv"]
Write: TypeAlias = Callable[[Outcome], object]


class ResultsError(SBTransferError):
    """The results file cannot be written any more."""


def row(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as a results file shows it: the index, the item's fields, what became of it."""
    error = outcome.error
    return {
        "index": outcome.index,
        **flat(outcome.item),
        "state": outcome.state.value,
        "job_id": outcome.job_id,
        "file_id": outcome.file_id,
        "error_code": None if error is None else error.code,
        "error_message": None if error is None else error.message,
        "attempts": outcome.attempts,
        "submitted_on": _time(outcome.submitted_on),
        "finished_on": _time(outcome.finished_on),
    }


def columns(kind: Kind | None) -> tuple[str, ...]:
    """Return the columns of a table of results, the same for every list of that kind.

    Where the kind is not known, kinds may be mixed: then these are the columns of all of them.
    """
    types = ITEM_TYPES.values() if kind is None else (ITEM_TYPES[kind],)
    fields = dict.fromkeys(field.name for one in types for field in attrs.fields(one))
    return ("index", *fields, *_OUTCOME)


def form_of(path: Path) -> Form:
    """Return the format that a file's name asks for."""
    return "csv" if path.suffix.lower() == ".csv" else "jsonl"


def writer(file: TextIO, form: Form, kind: Kind | None) -> Write:
    """Return what writes outcomes to a file, a row each; a table has its header already."""
    return _csv(file, kind) if form == "csv" else _json(file)


class Results:
    """A results file that is open while its `with` lasts; JSONL or CSV, in the `form` that its name tells.

    Only its owner may read it, since a list may name what is not for everybody. With `anew`, rows go to
    `FILE.part` until `publish` puts that in the place of whatever FILE was; without it, nothing is changed.

    Opening raises `SettingsError` for a file that cannot be made, or that exists, unless it is written anew
    or with `force`; writing raises `ResultsError`.
    """

    def __init__(
        self,
        path: Path,
        kind: Kind | None,
        *,
        form: Form | None = None,
        force: bool = False,
        anew: bool = False,
    ) -> None:
        self.path = path
        self.rows = 0
        self._kind = kind
        self._form = form or form_of(path)
        self._force = force
        # A link stays one.
        self._part = Path(f"{os.path.realpath(path)}.part") if anew else None

    def __enter__(self) -> Self:
        try:
            self._file = self._open()
        except FileExistsError:
            raise exists(self.path) from None
        except OSError as error:
            raise SettingsError(f"{str(self.path)!r} cannot be written: {error.strerror}") from None
        self._write = writer(self._file, self._form, self._kind)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError as failure:
            if error is None:
                raise self._failed(failure) from None
        finally:
            if self._part is not None:
                self._part.unlink(missing_ok=True)

    def add(self, outcome: Outcome) -> None:
        """Write an outcome's row; it is in the file's hands when this returns."""
        try:
            self._write(outcome)
        except OSError as error:
            raise self._failed(error) from None
        self.rows += 1

    def publish(self) -> None:
        """Put what was written anew in its place; later rows are added to it as they come."""
        if self._part is None:
            return
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._part.replace(os.path.realpath(self.path))
        except OSError as error:
            raise self._failed(error) from None
        self._part = None
        self._file.reconfigure(line_buffering=True)

    def _open(self) -> TextIOWrapper:
        if self._part is not None:
            self._part.unlink(missing_ok=True)  # of a run that was killed
            return _opened(self._part, os.O_EXCL, buffering=-1)
        return _opened(self.path, os.O_TRUNC if self._force else os.O_EXCL, buffering=1)

    def _failed(self, error: OSError) -> ResultsError:
        holds = f"it holds {self.rows:,} rows" if self._part is None else "it stays as it was"
        return ResultsError(f"{str(self.path)!r} cannot be written: {error.strerror}; {holds}")


def exists(path: Path, option: str = "--results") -> SettingsError:
    """Refuse to overwrite a file."""
    return SettingsError(f"{str(path)!r} exists: give another {option}, or --force")


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _opened(path: Path, if_it_exists: int, buffering: int) -> TextIOWrapper:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | if_it_exists, 0o600)
    os.fchmod(file, 0o600)  # it may have existed, with another mode
    return open(file, "w", encoding="utf-8", newline="", buffering=buffering)  # noqa: PTH123


def _json(file: TextIO) -> Write:
    return lambda outcome: file.write(orjson.dumps(row(outcome), default=str).decode() + "\n")


def _csv(file: TextIO, kind: Kind | None) -> Write:
    # Rows end in CR LF, as RFC 4180 has it: then a lone CR in a message is quoted, too.
    table = csv.DictWriter(file, columns(kind))
    table.writeheader()
    return lambda outcome: table.writerow({name: _cell(value) for name, value in row(outcome).items()})


def _cell(value: object) -> object:
    """Write a value as the cells of work lists are written."""
    match value:
        case bool():
            return str(value).lower()
        case list() | tuple():
            return ";".join(map(str, value))
        case dict():
            return orjson.dumps(value, default=str).decode()
        case _:
            return value
