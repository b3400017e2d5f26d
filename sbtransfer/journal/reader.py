"""Reading a journal, whether or not a run is writing it, and after one was killed."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from stat import S_ISREG
from types import TracebackType
from typing import Any

from attrs import define, field, frozen

import sbtransfer.journal.meta as meta
import sbtransfer.journal.reads as reads
import sbtransfer.journal.schema as schema
from sbtransfer.errors import JournalError
from sbtransfer.journal.database import BUSY_SECONDS
from sbtransfer.journal.journal import Owner
from sbtransfer.journal.lock import WriterLock
from sbtransfer.journal.rows import STATES
from sbtransfer.journal.trouble import not_open, not_ours, sqlite_trouble
from sbtransfer.models import Outcome, OutcomeState

_PAGE = 1000
"""How many outcomes to read at a time: a long read would hold up the writer where there is no log."""


@frozen(kw_only=True)
class Counts:
    """How many items a journal knows, and how they stand.

    `completed + failed + unconfirmed + under_way + in_doubt + waiting == recorded`, at one moment. `total` is
    the length of the list, where that was read to its end.
    """

    recorded: int
    total: int | None
    completed: int
    failed: int
    unconfirmed: int
    under_way: int
    in_doubt: int
    waiting: int


@define(eq=False)
class JournalReader:
    """Reads a journal and adds nothing: `with JournalReader("move.sqlite") as journal: journal.counts()`.

    Raises `JournalRefusedError` for what is no journal, or one of a later version, and `JournalError` for
    what cannot be read.
    """

    path: Path = field(converter=Path)
    _connection: sqlite3.Connection | None = field(init=False, default=None)

    def __enter__(self) -> JournalReader:
        self._connection = self._opened()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def owner(self) -> Owner:
        """Whose journal it is."""
        with self._reading() as connection:
            return meta.owner(connection)

    @property
    def source(self) -> dict[str, Any] | None:
        """The description of the list, where that can be opened anew."""
        with self._reading() as connection:
            source: dict[str, Any] | None = meta.get(connection, "source")
            return source

    @property
    def notes(self) -> dict[str, Any]:
        """What the program that writes the journal noted, by name."""
        with self._reading() as connection:
            return meta.notes(connection)

    @property
    def created_on(self) -> datetime:
        """When it was begun, in UTC."""
        with self._reading() as connection:
            return meta.created_on(connection)

    def counts(self) -> Counts:
        """Count its items; reads all of them."""
        with self._reading() as connection:
            connection.execute("BEGIN")
            try:
                total, numbers = meta.get(connection, "total"), reads.counts(connection)
            finally:
                connection.execute("ROLLBACK")
        recorded, completed, failed, unconfirmed, under_way, in_doubt, waiting = numbers
        return Counts(
            recorded=recorded,
            total=total,
            completed=completed,
            failed=failed,
            unconfirmed=unconfirmed,
            under_way=under_way,
            in_doubt=in_doubt,
            waiting=waiting,
        )

    def outcomes(self, states: Collection[OutcomeState] | None = None) -> Iterator[Outcome]:
        """Yield outcomes in the order of the list, at wish those with certain states alone.

        Of a journal that is being written, outcomes that come in behind the reading are not shown. Raises
        `JournalError` where one was pruned.
        """
        wanted, after = STATES if states is None else states, -1
        while page := self._page(after, wanted):
            yield from page
            after = page[-1].index

    def _page(self, after: int, states: Collection[OutcomeState]) -> list[Outcome]:
        with self._reading() as connection:
            return reads.outcomes(connection, after, _PAGE, self.path, states)

    def _opened(self) -> sqlite3.Connection:
        # Not opened to look into it: closing it would take SQLite's own locks from this process.
        try:
            found = self.path.stat()
        except OSError as error:
            raise JournalError(f"{self.path}: {error.strerror}: name the journal of a run") from error
        if not S_ISREG(found.st_mode):
            raise JournalError(f"{self.path}: is no file: name the journal of a run")
        if not found.st_size:
            raise not_ours(self.path)
        self._mend()
        try:
            connection = sqlite3.connect(
                f"{self.path.resolve().as_uri()}?mode=ro",
                uri=True,
                timeout=BUSY_SECONDS,
                isolation_level=None,
            )
        except sqlite3.Error as error:
            raise sqlite_trouble(self.path, error) from error
        try:
            schema.check(connection, self.path)
        except sqlite3.Error as error:
            connection.close()
            raise sqlite_trouble(self.path, error) from error
        except BaseException:
            connection.close()
            raise
        return connection

    def _mend(self) -> None:
        """Roll back what a killed writer left half written where there is no log; only a writer may."""
        if not Path(f"{self.path.resolve()}-journal").exists():
            return
        lock = WriterLock(self.path)
        with suppress(JournalError, sqlite3.Error):  # a writer is at work, or reading will say what is wrong
            lock.acquire()
            try:
                with closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS)) as connection:
                    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            finally:
                lock.release()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if self._connection is None:
            raise not_open(self.path)
        try:
            yield self._connection
        except sqlite3.Error as error:
            raise sqlite_trouble(self.path, error) from error
