"""Outcomes out of the database: those that there are, or all as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from attrs import evolve

from sbtransfer.cluster.database import Database
from sbtransfer.cluster.schema import RUN_BITS, Connection
from sbtransfer.cluster.status import read_run, unhurried
from sbtransfer.journal.rows import item, outcome_of
from sbtransfer.models import Outcome

_AT_ONCE = 1000
_INDEX = (1 << RUN_BITS) - 1

_COLUMNS = (
    "o.id, i.item, o.state, j.job_id, o.file_id, o.error, o.attempts, o.submitted_on, o.finished_on,"
    " o.skipped, o.written::text"
)
_FROM = "FROM outcomes AS o JOIN items AS i ON i.id = o.id LEFT JOIN jobs AS j ON j.id = o.id"
_IN_LIST_ORDER = f"SELECT {_COLUMNS} {_FROM} WHERE o.id > %s AND o.id < %s ORDER BY o.id LIMIT %s"
# Transactions commit in another order than they begin. What was written by one that began after the oldest
# that is still open waits: else the place from which a reader goes on would pass over it.
_AS_THEY_COME = (
    f"SELECT {_COLUMNS} {_FROM} WHERE (o.id >> 32) = %s AND (o.written, o.id) > (%s::text::xid8, %s)"
    " AND (%s OR o.written < pg_snapshot_xmin(pg_current_snapshot()))"
    " ORDER BY o.written, o.id LIMIT %s"
)


async def known(database: Database, run: int) -> AsyncIterator[Outcome]:
    """Yield the outcomes that there are, in the order of the list."""
    last, end = (run << RUN_BITS) - 1, (run + 1) << RUN_BITS
    while rows := await _rows(database, _IN_LIST_ORDER, (last, end, _AT_ONCE)):
        for row in rows:
            yield _outcome(row, database)
        last = rows[-1][0]


async def followed(database: Database, run: int, every: float) -> AsyncIterator[Outcome]:
    """Yield outcomes as they come, looking `every` so many seconds, until there will be no more.

    One that is written anew, since its item was tried again, is yielded again.
    """
    written, last = "0", 0
    while True:
        began = asyncio.get_running_loop().time()
        finished = (await database.transaction(lambda connection: read_run(connection, run))).is_finished
        while rows := await _rows(database, _AS_THEY_COME, (run, written, last, finished, _AT_ONCE)):
            for row in rows:
                yield _outcome(row, database)
            last, written = rows[-1][0], rows[-1][-1]
        if finished:
            return
        await asyncio.sleep(unhurried(every, began))


async def _rows(database: Database, query: Any, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    async def work(connection: Connection) -> list[tuple[Any, ...]]:
        return await (await connection.execute(query, values)).fetchall()

    return await database.transaction(work)


def _outcome(row: Sequence[Any], database: Database) -> Outcome:
    index = row[0] & _INDEX
    outcome = outcome_of(item(index, row[1], database.where), row[:-1])
    return evolve(outcome, index=index, resumed=False)
