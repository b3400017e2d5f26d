"""The work list: a file, or a stream, that yields items."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO, get_args

from sbtransfer.errors import SettingsError, WorkListError
from sbtransfer.items import Item, Kind
from sbtransfer.worklist.builder import Builder
from sbtransfer.worklist.checks import Check, first_pass
from sbtransfer.worklist.formats import Format, format_by_ending, read_rows
from sbtransfer.worklist.places import Place, Problem
from sbtransfer.worklist.rows import Header, Placed
from sbtransfer.worklist.sources import FileSource, Source, StreamSource, opened
from sbtransfer.worklist.survey import Survey, survey


class WorkList:
    """A list of items of one kind, in a CSV, TSV, JSON or JSONL file, gzipped or not.

    Each iteration opens the file anew and reads it lazily; memory does not grow with the list. The format is
    told by `format`, else by the file's ending, else by its first line. `defaults` (field names to values,
    such as `project` or `volume`) fill in what a row does not give. `name` is what messages call the list; by
    default its path. A results file is a list, too: `only` says which of its items, by their states
    (`COMPLETED`, `FAILED`, `UNCONFIRMED`, or `ALL`).

    Iterating raises `WorkListError` at the first bad row, for a file that cannot be read, and for a list
    without items. `check` finds every bad row. Raises `SettingsError` for defaults that no item could have.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        kind: Kind,
        *,
        defaults: Mapping[str, object] | None = None,
        format: Format | None = None,  # noqa: A002
        name: str | None = None,
        only: Iterable[str] = (),
    ) -> None:
        if format is not None and format not in get_args(Format):
            raise SettingsError(f"a work list is {' or '.join(get_args(Format))}, not {format!r}")
        self.kind = kind
        self._defaults = defaults or {}
        self._only = tuple(only)
        self._builder = Builder(kind, defaults or {}, self._only)
        self._source: Source = FileSource(Path(path), name or os.fspath(path))
        self._format = format or format_by_ending(Path(path))

    @classmethod
    def from_stream(
        cls,
        stream: BinaryIO,
        kind: Kind,
        *,
        defaults: Mapping[str, object] | None = None,
        format: Format | None = None,  # noqa: A002
        name: str = "standard input",
        only: Iterable[str] = (),
    ) -> WorkList:
        """Return a list over a binary stream, which is read as it comes and once only.

        A second iteration raises `UsageError`. The stream is left open.
        """
        work_list = cls(name, kind, defaults=defaults, format=format, only=only)
        work_list._source = StreamSource(stream, name)
        work_list._format = format
        return work_list

    @property
    def name(self) -> str:
        """What messages call the list."""
        return self._source.name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.kind!r})"

    def __iter__(self) -> Generator[Item, None, None]:
        with closing(self._read()) as found:
            for one in found:
                if isinstance(one, Problem):
                    raise WorkListError([str(one)])
                yield one.item

    def describe(self) -> dict[str, Any] | None:
        """Return what it takes to open the list anew; `None` for a stream, which cannot be."""
        if not isinstance(self._source, FileSource):
            return None
        described = {
            "path": str(self._source.path.absolute()),
            "kind": self.kind,
            "defaults": dict(self._defaults),
            "format": self._format,
            "name": self.name,
        }
        return {**described, "only": list(self._only)} if self._only else described

    def check(self, limit: int = 20) -> Check:
        """Read the whole list and say which rows are bad; the first `limit` of them in words.

        Raises `WorkListError` for a list that cannot be read to its end.
        """
        with closing(self._read()) as found:
            return first_pass(found, limit)

    def survey(self, limit: int = 20) -> Survey:
        """Read the whole list and say what it holds, which rows are bad, and which traps there are.

        What it takes to find items that are in each other's way is kept on the disk. Raises `WorkListError`
        for a list that cannot be read to its end, or where the disk is full.
        """
        with closing(self._read()) as found:
            return survey(found, self.kind, self.name, limit)

    def _read(self) -> Generator[Placed | Problem, None, None]:
        header = row = None
        found = False
        with opened(self._source) as opening:
            for row in read_rows(opening, self.name, self._format):
                if isinstance(row, Header):
                    header = row
                    self._builder.check_header(header)
                elif isinstance(row, Problem):
                    yield row
                elif self._builder.takes(row):
                    found = True
                    yield self._builder.build(row)
        if row is header:  # nothing came after it, or nothing came at all
            raise Place(self.name).error(
                "has a header and no rows" if header else "is empty: it holds no items"
            )
        if self._only and not found:
            raise Place(self.name).error(f"none of its items is {' or '.join(self._only)}: nothing to do")
