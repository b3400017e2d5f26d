"""Rows of a work list to standard output or to a file."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, TypeAlias

import orjson

from sbtransfer.cli.listing.rows import Row
from sbtransfer.cli.output import PartFile, Plain, Target, standard_output
from sbtransfer.cli.results import form_of

Form: TypeAlias = Literal["csv", "jsonl"]

INCOMPLETE = "(incomplete: the list was cut short by an error)"
_FLUSH = 100  # rows, which is a page


class Rows:
    """Writes rows to a target; a table has its header before the first one."""

    def __init__(self, target: Target, form: Form, columns: Sequence[str], flush: Callable[[], None]) -> None:
        self._target = target
        self._columns = columns
        self._table = csv.DictWriter(target, columns) if form == "csv" else None
        self._flush = flush
        self.written = 0

    def add(self, row: Row) -> None:
        """Write a row; every hundredth sees that all of them are under way to their reader."""
        if not self.written:
            self._begin()
        if self._table is not None:
            self._table.writerow(row)
        else:
            self._target.write(orjson.dumps(row).decode() + "\n")
        self.written += 1
        if self.written % _FLUSH == 0:
            self._flush()

    def end(self) -> None:
        """Write the header, if no row has come: a table is to have one."""
        if not self.written:
            self._begin()

    def cut(self) -> None:
        """Write a last line that no work list takes: its reader must not take half a list for a whole one."""
        with suppress(OSError):  # there is an error to tell of already
            if self.written:
                self._target.write(f"{INCOMPLETE}\n")

    def _begin(self) -> None:
        if self._table is not None:
            self._table.writeheader()


@contextmanager
def written(output: Path | None, form: Form | None, columns: Sequence[str], *, force: bool) -> Iterator[Rows]:
    """Give the rows of a file, which appears once they are all there, or those of standard output."""
    if output is not None:
        with PartFile(output, force=force) as file:
            rows = Rows(file, form or form_of(output), columns, lambda: None)
            yield rows
            rows.end()
        return
    with standard_output("--output FILE") as stream:
        rows = Rows(Plain(stream) if stream.isatty() else stream, form or "csv", columns, stream.flush)
        try:
            yield rows
        except BrokenPipeError:
            raise  # there is no reader left
        except BaseException:
            rows.cut()
            raise
        rows.end()
