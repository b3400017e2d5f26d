"""The results file: a row for each item, written as the items end."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO, TypeAlias

import attrs
import orjson

from sbtransfer.errors import SBTransferError, SettingsError
from sbtransfer.items import ITEM_TYPES, Kind
from sbtransfer.models import Outcome
from sbtransfer.wire import flat

_OUTCOME = ("state", "job_id", "file_id", "error_code", "error_message")

_Write: TypeAlias = Callable[[Mapping[str, Any]], object]


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
    }


def columns(kind: Kind) -> tuple[str, ...]:
    """Return the columns of a table of results, the same for every list of that kind."""
    return ("index", *(field.name for field in attrs.fields(ITEM_TYPES[kind])), *_OUTCOME)


class Results:
    """A results file that is open while its `with` lasts; JSONL or CSV, as its name ends.

    Only its owner may read it, since a list may name what is not for everybody. Opening raises
    `SettingsError` for a file that exists, unless `force`, or cannot be made; writing raises `ResultsError`.
    """

    def __init__(self, path: Path, kind: Kind, *, force: bool = False) -> None:
        self.path = path
        self.rows = 0
        self._kind = kind
        self._force = force

    def __enter__(self) -> Self:
        try:
            self._file = self._open()
        except FileExistsError:
            raise SettingsError(f"{str(self.path)!r} exists: give another --results, or --force") from None
        except OSError as error:
            raise SettingsError(f"{str(self.path)!r} cannot be written: {error.strerror}") from None
        self._write = (
            _csv(self._file, self._kind) if self.path.suffix.lower() == ".csv" else _json(self._file)
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError as failure:
            if error is None:
                raise self._failed(failure) from None

    def add(self, outcome: Outcome) -> None:
        """Write an outcome's row; it is in the file's hands when this returns."""
        try:
            self._write(row(outcome))
        except OSError as error:
            raise self._failed(error) from None
        self.rows += 1

    def _open(self) -> TextIO:
        exists = os.O_TRUNC if self._force else os.O_EXCL
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | exists, 0o600)
        os.fchmod(file, 0o600)  # it may have existed, with another mode
        return open(file, "w", encoding="utf-8", newline="", buffering=1)  # noqa: PTH123

    def _failed(self, error: OSError) -> ResultsError:
        return ResultsError(
            f"{str(self.path)!r} cannot be written: {error.strerror}; it holds {self.rows:,} rows"
        )


def _json(file: TextIO) -> _Write:
    return lambda values: file.write(orjson.dumps(values, default=str).decode() + "\n")


def _csv(file: TextIO, kind: Kind) -> _Write:
    # Rows end in CR LF, as RFC 4180 has it: then a lone CR in a message is quoted, too.
    writer = csv.DictWriter(file, columns(kind))
    writer.writeheader()
    return lambda values: writer.writerow({name: _cell(value) for name, value in values.items()})


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
