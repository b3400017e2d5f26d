"""How a run of a cluster stands: its items, counted by what is known of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import frozen

from sbtransfer.cluster.schema import RUN_BITS, Connection
from sbtransfer.errors import ClusterRefusedError
from sbtransfer.journal import Owner


@frozen(kw_only=True)
class RunStatus:
    """One run. `total` items were submitted; each of them is in one of the six counts that follow.

    `state` is `running`; `cancelled` by somebody; `halted` because too many chunks in a row were refused,
    as `trouble` says; or `own`, the journal of one process, of which `total` may not be known yet. Nothing
    more is sent of a run that was cancelled or halted, and what is under way is followed. `workers` counts
    the living workers of its owner.
    """

    id: int
    name: str | None
    owner: Owner
    state: str
    trouble: str | None
    submitted_at: datetime
    total: int | None
    waiting: int = 0
    in_doubt: int = 0
    under_way: int = 0
    completed: int = 0
    failed: int = 0
    unconfirmed: int = 0
    workers: int = 0
    notes: Mapping[str, Any]

    @property
    def ended(self) -> int:
        """How many items have an outcome."""
        return self.completed + self.failed + self.unconfirmed

    @property
    def adds_up(self) -> bool:
        """Whether every item that was submitted is accounted for, and no other."""
        counted = self.waiting + self.in_doubt + self.under_way + self.ended
        return self.total is None or self.total == counted

    @property
    def is_finished(self) -> bool:
        """Whether no further outcome will come: all have one, or no more is sent and nothing is under way."""
        going_on = self.in_doubt or self.under_way or (self.waiting and self.state in ("running", "own"))
        return not going_on and self.total is not None

    @property
    def ok(self) -> bool:
        """Whether all items were completed."""
        return self.completed == self.total


_RUNS = """
SELECT r.id, r.name, w.endpoint, w.username, r.state, r.trouble, r.submitted_at, r.total, r.notes,
       (SELECT count(*) FROM sessions AS s
        WHERE s.owner = r.owner AND s.role = 'worker' AND s.expires_at > clock_timestamp())
FROM runs AS r JOIN owners AS w ON w.id = r.owner
WHERE %(run)s::bigint IS NULL OR r.id = %(run)s ORDER BY r.id
"""
_COUNTS = """
SELECT count(*) FILTER (WHERE o.id IS NULL AND j.id IS NULL AND i.call IS NULL),
       count(*) FILTER (WHERE o.id IS NULL AND j.id IS NULL AND i.call IS NOT NULL),
       count(*) FILTER (WHERE o.id IS NULL AND j.id IS NOT NULL),
       count(*) FILTER (WHERE o.state = 0),
       count(*) FILTER (WHERE o.state = 1),
       count(*) FILTER (WHERE o.state = 2)
FROM items AS i LEFT JOIN jobs AS j ON j.id = i.id LEFT JOIN outcomes AS o ON o.id = i.id
WHERE i.id >= %s AND i.id < %s
"""


async def read_runs(connection: Connection, run: int | None = None) -> list[RunStatus]:
    """Return how all runs stand, or the one of a number; reads through their items once."""
    rows = await (await connection.execute(_RUNS, {"run": run})).fetchall()
    return [await _status(connection, row) for row in rows]


async def read_run(connection: Connection, run: int) -> RunStatus:
    """Return how a run stands; raises `ClusterRefusedError` if there is none of that number."""
    found = await read_runs(connection, run)
    if not found:
        raise await no_such_run(connection, run)
    return found[0]


async def _status(connection: Connection, row: tuple[Any, ...]) -> RunStatus:
    run, name, endpoint, username, state, trouble, submitted_at, total, notes, workers = row
    span = (run << RUN_BITS, (run + 1) << RUN_BITS)
    counts = await (await connection.execute(_COUNTS, span)).fetchone()
    names = ("waiting", "in_doubt", "under_way", "completed", "failed", "unconfirmed")
    return RunStatus(
        id=run,
        name=name,
        owner=Owner(endpoint=endpoint, username=username),
        state=state,
        trouble=trouble,
        submitted_at=submitted_at,
        total=total,
        workers=workers,
        notes=notes,
        **dict(zip(names, counts or (0,) * len(names), strict=True)),
    )


def unhurried(every: float, began: float) -> float:
    """Return how long to wait before the next count, after one that began at that time of the loop.

    To count a million items takes seconds: the database is not to do that all the time.
    """
    return max(every, 9 * (asyncio.get_running_loop().time() - began))


async def no_such_run(connection: Connection, run: int) -> ClusterRefusedError:
    """Say that there is no run of that number, and which there are."""
    rows = await (await connection.execute("SELECT id FROM runs ORDER BY id DESC LIMIT 5")).fetchall()
    known = ", ".join(str(row[0]) for row in rows)
    return ClusterRefusedError(
        f"there is no run {run} in this database; "
        + (f"the latest are {known}" if known else "nothing was submitted to it yet")
    )
