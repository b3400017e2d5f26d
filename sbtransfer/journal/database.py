"""A journal's file, opened to be written: locked, owner-only, checked, and ready for transactions."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from attrs import define

import sbtransfer.journal.meta as meta
import sbtransfer.journal.reads as reads
import sbtransfer.journal.schema as schema
from sbtransfer.journal.filesystem import JournalMode, journal_mode
from sbtransfer.journal.journal import Owner, Past
from sbtransfer.journal.lock import WriterLock
from sbtransfer.journal.trouble import os_trouble, sqlite_trouble

BUSY_SECONDS = 60
"""How long to wait for a lock of SQLite's own. Our readers' are short; a backup program's may not be."""

_MOUNTS = Path("/proc/self/mountinfo")


@define(eq=False)
class Database:
    """An open journal. To be used in the thread that opened it, and closed there."""

    connection: sqlite3.Connection
    past: Past
    last_call: int
    writer: int
    """The how-manieth writer this is."""
    _lock: WriterLock

    def close(self) -> None:
        """Let go of everything."""
        try:
            _leave_one_file(self.connection)
            self.connection.close()
        finally:
            self._lock.release()


def open_database(path: Path, owner: Owner, source: Mapping[str, Any] | None) -> Database:
    """Open a journal, or begin one; raises `JournalError`, and then holds nothing."""
    with ExitStack() as undo:
        lock = WriterLock(path)
        lock.acquire()
        undo.callback(lock.release)
        _provide(path)
        try:
            connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            undo.callback(connection.close)
            writer = _take_over(connection, path, owner)
            _make_durable(connection, path)
            past, last_call = reads.past(connection), reads.last_call(connection)
            meta.fill_in(connection, source)
        except sqlite3.Error as error:
            raise sqlite_trouble(path, error) from error
        undo.pop_all()
    return Database(connection, past, last_call, writer, lock)


def _provide(path: Path) -> None:
    """See that there is a file, for its owner alone: SQLite gives its other files the same mode."""
    real = Path(os.path.realpath(path))
    try:
        os.close(os.open(real, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        if not real.is_file():
            raise os_trouble(path, OSError(errno.EISDIR, "is no file")) from None
        if real.stat().st_size == 0:
            real.chmod(0o600)
    except OSError as error:
        raise os_trouble(path, error) from error


def _take_over(connection: sqlite3.Connection, path: Path, owner: Owner) -> int:
    """Check whose the journal is, or make it the owner's; return the how-manieth writer this is."""
    is_new = schema.is_empty(connection)
    if not is_new:
        schema.check(connection, path)
        meta.check_owner(meta.owner(connection), owner, path)
    connection.execute("BEGIN IMMEDIATE")
    if is_new:
        schema.create(connection)
        meta.begin(connection, owner)
    writer = (meta.get(connection, "writer") or 0) + 1
    meta.put(connection, "writer", writer)
    connection.execute("COMMIT")
    return int(writer)


def _make_durable(connection: sqlite3.Connection, path: Path) -> None:
    """Let each commit reach the disk before it returns."""
    mounts = _MOUNTS.read_text("utf-8", "surrogateescape") if _MOUNTS.is_file() else ""
    mode: JournalMode = journal_mode(mounts, os.path.realpath(path))
    connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.execute("PRAGMA synchronous = FULL")


def _leave_one_file(connection: sqlite3.Connection) -> None:
    """Leave the write-ahead log: one file is easier to copy, and to read where nothing can be written.

    Where a reader is at work, or nothing more can be written, the log stays: it is as good a journal.
    """
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("PRAGMA journal_mode = DELETE")
