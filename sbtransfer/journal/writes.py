# ruff: noqa: S608  the queries are put together from this room's own words
"""What the journal's methods write: each function is part of one transaction of its caller."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from sqlite3 import Connection

import sbtransfer.journal.meta as meta
import sbtransfer.journal.runs as runs
from sbtransfer.journal.journal import Sent, Spend
from sbtransfer.journal.rows import NUMBERS, Row, microseconds
from sbtransfer.models import OutcomeState

_COMPLETED = NUMBERS[OutcomeState.COMPLETED]
_FAILED = NUMBERS[OutcomeState.FAILED]
_UNCONFIRMED = NUMBERS[OutcomeState.UNCONFIRMED]


def intend(connection: Connection, sent: Sent, indexes: str, items: Sequence[Row]) -> None:
    """Write a call and its items: (index, call, sent, digest, key, item)."""
    connection.execute(
        "INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?)",
        (sent.call, sent.kind, sent.begun, microseconds(sent.submitted_on), sent.attempts, indexes),
    )
    connection.executemany(
        "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (idx) DO UPDATE SET call = excluded.call, sent = excluded.sent",
        items,
    )


# An item that has a job is never put back by the next two: sending it again would do it twice.
_HAS_NO_JOB = "NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.idx = items.idx)"


def undone(connection: Connection, call: int) -> None:
    """Let a call's items wait as if it had never been, and drop the call: an outage may bring many."""
    row = connection.execute("SELECT indexes FROM calls WHERE id = ?", (call,)).fetchone()
    if row is None:
        return
    connection.executemany(
        f"UPDATE items SET call = NULL WHERE idx BETWEEN ? AND ? AND call = ? AND {_HAS_NO_JOB}",
        [(first, last, call) for first, last in runs.spans(row[0])],
    )
    connection.execute("DELETE FROM calls WHERE id = ?", (call,))


def waiting(connection: Connection, indexes: Iterable[int]) -> None:
    """Let doubtful items wait; the calls that carried them count."""
    connection.executemany(
        "UPDATE items SET call = NULL, sent = sent + (SELECT attempts FROM calls WHERE id = call)"
        f" WHERE idx = ? AND call IS NOT NULL AND {_HAS_NO_JOB}",
        [(index,) for index in indexes],
    )


def jobs(connection: Connection, rows: Collection[Row]) -> None:
    """Write which jobs carry which items: (index, job id)."""
    connection.executemany(
        "INSERT INTO jobs VALUES (?, ?) ON CONFLICT (idx)"
        " DO UPDATE SET job_id = excluded.job_id WHERE job_id <> excluded.job_id",
        rows,
    )


def outcomes(connection: Connection, rows: Collection[Row]) -> None:
    """Write outcomes (see `rows.row`)."""
    connection.executemany("INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


# Another try ---------------------------------------------------------------------------------------------


def retry(connection: Connection, now: float, *, unconfirmed: bool) -> int:
    """Open failed items, and on demand unconfirmed ones, again; return how many."""
    failed = f"(SELECT idx FROM outcomes WHERE state = {_FAILED})"
    connection.execute(
        f"INSERT OR IGNORE INTO retired SELECT job_id, ? FROM jobs WHERE idx IN {failed}",
        (now,),
    )
    connection.execute(f"DELETE FROM jobs WHERE idx IN {failed}")
    connection.execute(
        "UPDATE items SET call = NULL, sent = (SELECT attempts FROM outcomes WHERE outcomes.idx = items.idx)"
        f" WHERE idx IN {failed}"
    )
    opened = _reopen(connection, _FAILED)
    return opened + _reopen(connection, _UNCONFIRMED) if unconfirmed else opened


def _reopen(connection: Connection, state: int) -> int:
    return connection.execute("DELETE FROM outcomes WHERE state = ?", (state,)).rowcount


def prune(connection: Connection, before: float) -> None:
    """Drop the items of completed outcomes, and the jobs and spends that nothing can depend on any more.

    An item stays while its job carries unconfirmed ones: a look at the job again needs all in their places.
    """
    open_again = "SELECT job_id FROM jobs JOIN outcomes USING (idx) WHERE state = ?"
    connection.execute(
        "UPDATE items SET item = NULL WHERE item IS NOT NULL"
        " AND idx IN (SELECT idx FROM outcomes WHERE state = ?)"
        f" AND idx NOT IN (SELECT idx FROM jobs WHERE job_id IN ({open_again}))",
        (_COMPLETED, _UNCONFIRMED),
    )
    (pruned,) = connection.execute("SELECT count(*) FROM items WHERE item IS NULL").fetchone()
    meta.put(connection, "pruned", pruned)
    connection.execute("DELETE FROM retired WHERE retired_on < ?", (before,))
    connection.execute("DELETE FROM spends WHERE answered < ?", (before,))


# The budgets' memory -------------------------------------------------------------------------------------


def spent(connection: Connection, writer: int, changes: Mapping[int, Spend]) -> None:
    """Write spends by number, over those with the same one."""
    connection.executemany(
        "INSERT OR REPLACE INTO spends VALUES (?, ?, ?, ?, ?)",
        [(writer, number, one.budget, one.amount, one.answered) for number, one in changes.items()],
    )


def forget_spends(connection: Connection, writer: int, since: float) -> None:
    """Drop what earlier writers spent before a time.

    A spend without an answer has no time of its own: it is older than the answers that a later writer had.
    """
    connection.execute(
        "DELETE FROM spends WHERE answered IS NULL AND writer < (SELECT max(writer) FROM spends"
        " WHERE answered < ? AND writer < ?)",
        (since, writer),
    )
    connection.execute("DELETE FROM spends WHERE answered < ? AND writer < ?", (since, writer))
