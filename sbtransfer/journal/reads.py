# ruff: noqa: S608  the queries are put together from this room's own words
"""What is read from a journal's tables, by its writer and by its readers."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import partial
from os import PathLike
from sqlite3 import Connection
from typing import Any

import sbtransfer.journal.meta as meta
import sbtransfer.journal.runs as runs
from sbtransfer.journal.journal import Past, Recorded, Sent, Spend, Unfinished
from sbtransfer.journal.rows import COLUMNS, NUMBERS, STATES, Row, item, outcome, outcome_of, since_1970
from sbtransfer.models import Entry, Outcome, OutcomeState

_WITH_JOBS = "LEFT JOIN jobs AS j ON j.idx = i.idx"
_WITH_OUTCOMES = "LEFT JOIN outcomes AS o ON o.idx = i.idx"


def past(connection: Connection) -> Past:
    """Return what the journal holds."""
    last, keyed = connection.execute(
        "SELECT (SELECT max(idx) FROM items), EXISTS (SELECT 1 FROM items WHERE key IS NOT NULL)"
    ).fetchone()
    length = 0 if last is None else last + 1
    return Past(
        length=length,
        total=meta.get(connection, "total"),
        keyed=bool(keyed),
        pruned=meta.get(connection, "pruned") or 0,
        source=meta.get(connection, "source"),
    )


def last_call(connection: Connection) -> int:
    """Return the highest number of a call, 0 if there is none."""
    (last,) = connection.execute("SELECT max(id) FROM calls").fetchone()
    return last or 0


def has_key(connection: Connection, key: str) -> bool:
    """Whether an item with this key is known."""
    return connection.execute("SELECT 1 FROM items WHERE key = ?", (key,)).fetchone() is not None


def known(connection: Connection, job_ids: Collection[str]) -> set[str]:
    """Return those of the jobs that belong, or belonged, to an item; reads through all jobs once."""
    rows = connection.execute(
        "WITH asked AS MATERIALIZED (SELECT value FROM json_each(?))"
        " SELECT job_id FROM jobs WHERE job_id IN asked"
        " UNION SELECT job_id FROM retired WHERE job_id IN asked",
        (json.dumps(list(job_ids)),),
    )
    return {job_id for (job_id,) in rows}


# At a resume ---------------------------------------------------------------------------------------------


def unfinished(connection: Connection, path: PathLike[str]) -> list[Unfinished]:
    """Return the calls with items that have neither an outcome nor wait."""
    rows = connection.execute(
        "SELECT i.idx, i.item, i.key, i.sent, i.call, j.job_id"
        f" FROM items AS i {_WITH_OUTCOMES} {_WITH_JOBS} WHERE o.idx IS NULL AND i.call IS NOT NULL"
    )
    by_call: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_call[row[4]].append(row)
    return [_unfinished(connection, call, by_call[call], path) for call in sorted(by_call)]


def _unfinished(connection: Connection, call: int, rows: Sequence[Row], path: PathLike[str]) -> Unfinished:
    kind, begun, submitted_on, attempts, indexes = connection.execute(
        "SELECT kind, begun, submitted_on, attempts, indexes FROM calls WHERE id = ?", (call,)
    ).fetchone()
    own = {row[5] for row in rows if row[5] is not None}
    ended = [row for row in _ended(connection, call, indexes) if row[5] in own] if kind == "drs" else []
    place = {index: number for number, index in enumerate(runs.unpack(indexes))}
    jobs: defaultdict[str, list[Entry]] = defaultdict(list)
    doubtful: list[Entry] = []
    for row in sorted((*rows, *ended), key=lambda row: place[row[0]]):
        (doubtful if row[5] is None else jobs[row[5]]).append(_entry(row, path))
    sent = Sent(call=call, kind=kind, begun=begun, submitted_on=since_1970(submitted_on), attempts=attempts)
    return Unfinished(sent=sent, jobs=dict(jobs), doubtful=doubtful, ended=frozenset(row[0] for row in ended))


def _ended(connection: Connection, call: int, indexes: str) -> list[Row]:
    """Return the items of a call that have a job and an outcome."""
    query = (
        "SELECT i.idx, i.item, i.key, i.sent, i.call, j.job_id"
        " FROM items AS i JOIN jobs AS j ON j.idx = i.idx JOIN outcomes AS o ON o.idx = i.idx"
        " WHERE i.idx BETWEEN ? AND ? AND i.call = ?"
    )
    return [row for span in runs.spans(indexes) for row in connection.execute(query, (*span, call))]


def _entry(row: Row, path: PathLike[str]) -> Entry:
    index, text, key, sent, *_ = row
    return Entry(index, item(index, text, path), key, sent)


def recorded(connection: Connection, first: int, count: int) -> dict[int, Recorded]:
    """Return what is known of the items at so many indexes."""
    rows = connection.execute(
        f"SELECT i.idx, i.digest, i.call, {COLUMNS} FROM items AS i {_WITH_OUTCOMES} {_WITH_JOBS}"
        " WHERE i.idx >= ? AND i.idx < ?",
        (first, first + count),
    )
    return {index: _recorded(digest, call, row) for index, digest, call, *row in rows}


def _recorded(digest: bytes, call: int | None, row: Sequence[Any]) -> Recorded:
    ended = row[0] is not None
    # The item is the list's own: its text need not be read, and may have been pruned.
    return Recorded(
        digest=digest,
        outcome=partial(outcome_of, row=row) if ended else None,
        waiting=call is None and not ended,
    )


def entries_waiting(connection: Connection, after: int, count: int, path: PathLike[str]) -> list[Entry]:
    """Return the first items past an index that wait."""
    rows = connection.execute(
        f"SELECT i.idx, i.item, i.key, i.sent FROM items AS i {_WITH_OUTCOMES}"
        " WHERE i.idx > ? AND i.call IS NULL AND o.idx IS NULL ORDER BY i.idx LIMIT ?",
        (after, count),
    )
    return [_entry(row, path) for row in rows]


def outcomes(
    connection: Connection,
    after: int,
    count: int,
    path: PathLike[str],
    states: Collection[OutcomeState] = STATES,
    *,
    skip_pruned: bool = False,
) -> list[Outcome]:
    """Return the first outcomes past an index, in the order of the list."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM outcomes AS o JOIN items AS i ON i.idx = o.idx {_WITH_JOBS}"
        " WHERE o.idx > ? AND o.state IN (SELECT value FROM json_each(?)) AND (i.item IS NOT NULL OR NOT ?)"
        " ORDER BY o.idx LIMIT ?",
        (after, json.dumps([NUMBERS[state] for state in states]), skip_pruned, count),
    )
    return [outcome(row, path) for row in rows]


def counts(connection: Connection) -> tuple[int, ...]:
    """Count items: recorded, completed, failed, unconfirmed, under way, in doubt, waiting."""
    row = connection.execute(
        "SELECT count(*), total(o.state = 0), total(o.state = 1), total(o.state = 2),"
        " total(o.idx IS NULL AND j.idx IS NOT NULL),"
        " total(o.idx IS NULL AND j.idx IS NULL AND i.call IS NOT NULL),"
        " total(o.idx IS NULL AND j.idx IS NULL AND i.call IS NULL)"
        f" FROM items AS i {_WITH_OUTCOMES} {_WITH_JOBS}"
    ).fetchone()
    return tuple(map(int, row))


# The budgets' memory -------------------------------------------------------------------------------------


def spends(connection: Connection, writer: int, since: float) -> list[Spend]:
    """Return what earlier writers spent and had answered since then, or never had answered."""
    rows = connection.execute(
        "SELECT budget, amount, answered FROM spends"
        " WHERE writer < ? AND (answered IS NULL OR answered >= ?)",
        (writer, since),
    )
    return [Spend(budget=budget, amount=amount, answered=answered) for budget, amount, answered in rows]
