"""The tables of a journal, and the marks in its file that say that it is one."""

from __future__ import annotations

import sqlite3
from os import PathLike

from sbtransfer.errors import JournalRefusedError
from sbtransfer.journal.trouble import not_ours

APPLICATION_ID = 0x53425466  # "SBTf"
VERSION = 1

# Rows are added, hardly ever changed: an item's job and its outcome are rows of their own, so that no page is
# written again to make room. What an item's state is follows from which rows it has:
#   an outcome: ended.  A job alone: under way.  Neither, but a call: in doubt.  None of them: it waits.
_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE items (
    idx INTEGER PRIMARY KEY,
    call INTEGER,             -- the last that carried it; none while it waits
    sent INTEGER NOT NULL,    -- how many carried it before
    digest BLOB NOT NULL,
    key TEXT,                 -- a live source's name for it
    item TEXT                 -- JSON; none once it was pruned
);
CREATE UNIQUE INDEX items_by_key ON items (key) WHERE key IS NOT NULL;
CREATE INDEX items_waiting ON items (idx) WHERE call IS NULL;
CREATE TABLE calls (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    begun REAL NOT NULL,            -- Unix seconds, the platform's clock
    submitted_on INTEGER NOT NULL,  -- microseconds since 1970, UTC, as all times but these in Unix seconds
    attempts INTEGER NOT NULL,
    indexes TEXT NOT NULL           -- in the order sent: 0-99,105
);
CREATE TABLE jobs (idx INTEGER PRIMARY KEY, job_id TEXT NOT NULL);
CREATE TABLE outcomes (
    idx INTEGER PRIMARY KEY,
    state INTEGER NOT NULL,  -- 0 COMPLETED, 1 FAILED, 2 UNCONFIRMED
    file_id TEXT,
    error TEXT,              -- JSON: [status, code, message, more_info]
    attempts INTEGER NOT NULL,
    submitted_on INTEGER,
    finished_on INTEGER,
    skipped INTEGER
);
CREATE TABLE retired (job_id TEXT PRIMARY KEY, retired_on REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE spends (
    writer INTEGER,
    number INTEGER,
    budget TEXT NOT NULL,
    amount INTEGER NOT NULL,
    answered REAL,           -- Unix seconds, the platform's clock
    PRIMARY KEY (writer, number)
) WITHOUT ROWID;
"""


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether nothing was ever written to the file: a new one, or one whose first transaction never ended."""
    return one_value(connection, "PRAGMA page_count") == 0


def create(connection: sqlite3.Connection) -> None:
    """Make the tables and set the marks, within the caller's transaction."""
    for statement in _TABLES.split(";\n"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def check(connection: sqlite3.Connection, path: PathLike[str]) -> None:
    """Raise `JournalRefusedError` for a database that is not ours, or that is of a later version."""
    if one_value(connection, "PRAGMA application_id") != APPLICATION_ID:
        raise not_ours(path)
    version = one_value(connection, "PRAGMA user_version")
    if version > VERSION:
        raise JournalRefusedError(
            f"{path}: a later version of sbtransfer wrote this journal (schema {version}, this one knows"
            f" {VERSION}): update sbtransfer"
        )
    if version < 1:
        raise not_ours(path)


def one_value(connection: sqlite3.Connection, query: str) -> int:
    """Return the one number that a query asks for."""
    (value,) = connection.execute(query).fetchone()
    return int(value)
