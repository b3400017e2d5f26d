"""What the search for traps must remember of every item: on the disk, so that a million names fit."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from types import TracebackType
from typing import Any, Self

from attrs import define, field

from sbtransfer.errors import WorkListError
from sbtransfer.items import VolumeImport
from sbtransfer.worklist.arrivals import (
    Fate,
    errand_of,
    fate_of,
    folder_of,
    place_of,
    spent_by,
    suspect,
)
from sbtransfer.worklist.places import Place, shown
from sbtransfer.worklist.rows import Placed
from sbtransfer.worklist.traps import Trap, TrapName, trap

_AT_ONCE = 1000
_GROUPS = 3  # groups of items that are shown as examples
_MEMBERS = 3  # of which so many places are named

_TABLES = """
CREATE TABLE items (
    id INTEGER PRIMARY KEY,
    line INTEGER,
    number INTEGER,
    place TEXT,     -- where it arrives
    fate TEXT,
    errand BLOB,    -- a digest of what it brings where
    spent TEXT      -- the file that it takes away
);
CREATE TABLE suspects (line INTEGER, number INTEGER, location TEXT);
CREATE TABLE folders (path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE calls (key BLOB PRIMARY KEY, items INTEGER) WITHOUT ROWID;
"""


@define(eq=False)
class Ledger:
    """A database that lasts as long as its `with`, in a nameless file where the system keeps such files.

    Raises `WorkListError` where that has no room.
    """

    name: str
    _database: sqlite3.Connection = field(init=False)
    _rows: list[tuple[Any, ...]] = field(init=False, factory=list)
    _suspected: list[tuple[Any, ...]] = field(init=False, factory=list)
    _folders: set[str] = field(init=False, factory=set)
    _calls: Counter[Hashable] = field(init=False, factory=Counter)

    def __enter__(self) -> Self:
        self._database = sqlite3.connect("", isolation_level=None)
        with self._on_disk():
            self._database.executescript(_TABLES)
            self._database.execute("BEGIN")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, placed: Placed) -> None:
        """Remember an item."""
        item, place = placed.item, place_of(placed.item)
        self._rows.append(
            (
                placed.place.line,
                placed.place.item,
                place and "\n".join(place),
                fate_of(item),
                _digest("\n".join(map(str, errand_of(item)))),
                spent_by(item),
            )
        )
        self._calls[item.call_key] += 1
        if isinstance(item, VolumeImport):
            if location := suspect(item):
                self._suspected.append((placed.place.line, placed.place.item, location))
            if (folder := folder_of(item)) and folder not in self._folders:
                self._lies_in(folder)
        if len(self._rows) >= _AT_ONCE or len(self._calls) >= _AT_ONCE:
            self._flush()

    def calls(self, size: int) -> int:
        """Return how many calls of at most `size` items it takes to send all items."""
        self._flush()
        with self._on_disk():
            rows = self._database.execute("SELECT (items + ? - 1) / ? FROM calls", (size, size))
            return sum(calls for (calls,) in rows)

    def traps(self) -> list[Trap]:
        """Return the traps that only show when many items are seen together."""
        self._flush()
        with self._on_disk():
            found = [
                self._shared("name_collisions", "place", self._fates()),
                self._repeated("duplicates", "errand"),
                self._repeated("exported_twice", "spent"),
                self._suspects("folders_without_slash", "IN"),
                self._suspects("maybe_folders", "NOT IN"),
            ]
        return [one for one in found if one is not None]

    def _lies_in(self, folder: str) -> None:
        """Remember a folder and all that it lies in; the set holds those that come again and again."""
        if len(self._folders) >= _AT_ONCE:
            self._folders.clear()
        self._folders.add(folder)
        volume, _, path = folder.partition(" ")
        parts = path.split("/")
        paths = [(f"{volume} {'/'.join(parts[:length])}",) for length in range(1, len(parts) + 1)]
        with self._on_disk():
            self._database.executemany("INSERT OR IGNORE INTO folders VALUES (?)", paths)

    def _flush(self) -> None:
        with self._on_disk():
            self._database.executemany(
                "INSERT INTO items (line, number, place, fate, errand, spent) VALUES (?, ?, ?, ?, ?, ?)",
                self._rows,
            )
            self._database.executemany(
                "INSERT INTO calls VALUES (?, ?) ON CONFLICT DO UPDATE SET items = items + excluded.items",
                [(_digest(repr(key)), items) for key, items in self._calls.items()],
            )
            self._database.executemany("INSERT INTO suspects VALUES (?, ?, ?)", self._suspected)
        self._rows.clear()
        self._suspected.clear()
        self._calls.clear()

    def _fates(self) -> list[Fate]:
        return [
            fate
            for (fate,) in self._database.execute(
                "SELECT DISTINCT fate FROM items WHERE place IN"
                " (SELECT place FROM items WHERE place IS NOT NULL GROUP BY place HAVING count(*) > 1)"
                " ORDER BY fate"
            )
        ]

    def _shared(self, name: TrapName, column: str, fates: list[Fate]) -> Trap | None:
        """Count the items of groups that have the same in a column."""
        groups, items = self._groups(column)
        return trap(name, items, self._examples(column), fates) if groups else None

    def _repeated(self, name: TrapName, column: str) -> Trap | None:
        """Count the items that have the same in a column as one before them."""
        groups, items = self._groups(column)
        return trap(name, items - groups, self._examples(column)) if groups else None

    def _groups(self, column: str) -> tuple[int, int]:
        groups, items = self._one(
            "SELECT count(*), coalesce(sum(n), 0) FROM"  # noqa: S608
            f" (SELECT count(*) AS n FROM items WHERE {column} IS NOT NULL GROUP BY {column} HAVING n > 1)"
        )
        return groups, items

    def _examples(self, column: str) -> list[str]:
        first = self._database.execute(
            f"SELECT {column}, count(*) AS n, min(id) AS first FROM items WHERE {column} IS NOT NULL"  # noqa: S608
            f" GROUP BY {column} HAVING n > 1 ORDER BY first LIMIT {_GROUPS}"
        ).fetchall()
        return [self._example(column, value, number) for value, number, _ in first]

    def _example(self, column: str, value: Any, number: int) -> str:
        query = f"SELECT line, number, place FROM items WHERE {column} = ? ORDER BY id LIMIT {_MEMBERS}"  # noqa: S608
        members = self._database.execute(query, (value,)).fetchall()
        first, *others = (Place(self.name if n == 0 else "", *row[:2]) for n, row in enumerate(members))
        places = "".join((str(first), *map(str, others)))
        more = f" and {number - len(members):,} more" if number > len(members) else ""
        what = value if column != "errand" else members[0][2]
        return f"{_named(what)}{places}{more}"

    def _suspects(self, name: TrapName, relation: str) -> Trap | None:
        where = f"FROM suspects WHERE location {relation} (SELECT path FROM folders)"  # noqa: S608
        (items,) = self._one(f"SELECT count(*) {where}")
        if not items:
            return None
        found = self._database.execute(f"SELECT line, number, location {where} LIMIT {_GROUPS}")
        return trap(
            name, items, [f"{_named(text)}{Place(self.name, line, item)}" for line, item, text in found]
        )

    def _one(self, query: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._database.execute(query).fetchone()
        return row

    @contextmanager
    def _on_disk(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise WorkListError(
                [f"{self.name}: cannot be searched for traps ({error}): make room for temporary files"]
            ) from error


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()


def _named(what: str | None) -> str:
    if not what:
        return ""
    home, _, name = what.rpartition("\n")
    return f"{shown(name)} in {home}: " if home else f"{shown(name)}: "
