# ruff: noqa: S608  the queries are put together from this room's own words
"""The calls of queued runs: how they are begun, answered, followed and found again after a death.

All who put items of a call back, or give them jobs, lock the call first; what they then look at is what the
one before them has left. Items that wait belong to no call, and to the first who takes them.

A call is `sending` until its sender has the answer, or has died; then `open`, to be followed; and `done` once
nothing of it is left to be followed.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

import sbtransfer.journal.runs as runs
from sbtransfer.cluster.reads import CALL, ENTRY, View, fetch
from sbtransfer.cluster.schema import RUN_BITS, Connection
from sbtransfer.cluster.writes import COLUMNS, OUTCOME, array, pipelined
from sbtransfer.errors import ClusterError, SessionLostError
from sbtransfer.journal.journal import Sent, Unfinished
from sbtransfer.journal.rows import microseconds
from sbtransfer.models import Entry

_HAS_NO_JOB = "NOT EXISTS (SELECT FROM jobs AS j WHERE j.id = i.id)"
_HAS_NOT_ENDED = "NOT EXISTS (SELECT FROM outcomes AS o WHERE o.id = i.id)"
_NOTHING_LEFT = f"NOT EXISTS (SELECT FROM items AS i WHERE i.call = c.id AND {_HAS_NOT_ENDED})"


class TakenError(ClusterError):
    """Items cannot be sent by this worker: another one has taken them, or their run was ended."""


@frozen
class Mine:
    """Whose calls: an owner's, and a session of a process that works for it."""

    owner: int
    session: int


async def intend(connection: Connection, mine: Mine, sent: Sent, ids: Sequence[int]) -> None:
    """Write a call that is about to be sent, and take its items; raises `TakenError`, `SessionLostError`."""
    async with pipelined(connection):
        taken = await connection.execute(
            "UPDATE items SET call = %s WHERE id = ANY(%s::bigint[]) AND (call IS NULL OR call = %s)",
            (sent.call, array(ids), sent.call),
        )
        looked = await connection.execute(
            "WITH new AS (INSERT INTO calls"
            " (id, owner, kind, begun, submitted_on, attempts, ids, session, state)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'sending') ON CONFLICT (id) DO NOTHING)"
            " SELECT EXISTS (SELECT FROM sessions WHERE id = %s AND expires_at > clock_timestamp()),"
            " EXISTS (SELECT FROM outcomes WHERE id = ANY(%s::bigint[])),"
            " EXISTS (SELECT FROM runs WHERE id = ANY(%s::bigint[]) AND state <> 'running')",
            (
                sent.call,
                mine.owner,
                sent.kind,
                sent.begun,
                microseconds(sent.submitted_on),
                sent.attempts,
                runs.pack(ids),
                mine.session,
                mine.session,
                array(ids),
                array({id_ >> RUN_BITS for id_ in ids}),
            ),
        )
    ((alive, ended, over),) = await looked.fetchall()
    if not alive:
        raise SessionLostError(
            f"session {mine.session} is over: others take this process for dead, and it sends nothing more"
        )
    if taken.rowcount < len(ids) or ended or over:
        raise TakenError(
            f"of {len(ids)} items some were taken by another worker, or have ended, or their run was ended"
        )


async def undone(connection: Connection, call: int) -> None:
    """Let a call's items wait as if it had never been, and drop the call.

    A call that is followed already is left alone: its follower will see that it did nothing.
    """
    if await _locked(connection, "id = %s AND state = 'sending'", call):
        await connection.execute(
            f"UPDATE items AS i SET call = NULL WHERE call = %s AND {_HAS_NO_JOB}", (call,)
        )
        await connection.execute("DELETE FROM calls WHERE id = %s", (call,))


async def _locked(connection: Connection, which: str, *values: object) -> list[int]:
    query = f"SELECT id FROM calls WHERE {which} ORDER BY id FOR UPDATE"
    return [call for (call,) in await fetch(connection, query, values)]


async def answered(
    connection: Connection, mine: Mine, call: int, ids: Sequence[int], jobs: str, outcomes: str | None
) -> int:
    """Write what is known of a call's items (`job_text`, `outcome_text`) and let the call be followed.

    Returns how many items have another call by now, and are left alone; so are jobs and outcomes that are
    there. What the follower had taken before it was answered is offered to it again.
    """
    async with pipelined(connection):
        await connection.execute("SELECT FROM calls WHERE id = %s FOR UPDATE", (call,))
        if outcomes:
            await connection.execute(
                f"INSERT INTO outcomes ({COLUMNS}) SELECT {_OF_TOLD}"
                f" FROM json_to_recordset(%s) AS o {OUTCOME}"
                " JOIN items AS i ON i.id = o.id WHERE i.call = %s AND NOT EXISTS"
                " (SELECT FROM jobs AS j WHERE j.id = i.id AND j.job_id IS DISTINCT FROM o.job_id)"
                " ON CONFLICT (id) DO NOTHING",
                (outcomes, call),
            )
        kept = await connection.execute(
            "WITH kept AS MATERIALIZED (SELECT id FROM items WHERE id = ANY(%s::bigint[]) AND call = %s),"
            " new AS (INSERT INTO jobs (id, job_id) SELECT id, value FROM json_each_text(%s)"
            " JOIN kept ON id = key::bigint ON CONFLICT (id) DO NOTHING RETURNING id),"
            " opened AS (UPDATE calls SET state = 'open', follower = NULL WHERE id = %s"
            " AND (state = 'sending' OR (state = 'open' AND follower <> %s AND EXISTS (SELECT FROM new))))"
            " SELECT count(*) FROM kept",
            (array(ids), call, jobs, call, mine.session),
        )
    return len(ids) - int((await kept.fetchone() or (0,))[0])


_OF_TOLD = ", ".join(f"o.{name}" for name in COLUMNS.split(", "))


async def close_ended(connection: Connection, ids: Sequence[int]) -> None:
    """Let calls be done whose last items have ended now."""
    await connection.execute(
        "UPDATE calls AS c SET state = 'done' WHERE c.state = 'open' AND c.id IN"
        " (SELECT call FROM items WHERE id = ANY(%s::bigint[]))"
        f" AND {_NOTHING_LEFT}",
        (array(ids),),
    )


async def waiting(connection: Connection, mine: Mine, ids: Sequence[int]) -> int:
    """Let doubtful items wait whose calls this session follows, and mark their chunks; return how many."""
    calls = await _locked(
        connection,
        "id IN (SELECT call FROM items WHERE id = ANY(%s::bigint[])) AND state = 'open' AND follower = %s",
        array(ids),
        mine.session,
    )
    ((freed,),) = await fetch(
        connection,
        "WITH freed AS (UPDATE items AS i SET call = NULL, sent = i.sent + c.attempts FROM calls AS c"
        " WHERE c.id = i.call AND c.id = ANY(%s::bigint[]) AND i.id = ANY(%s::bigint[])"
        f" AND {_HAS_NO_JOB} AND {_HAS_NOT_ENDED} RETURNING i.id >> {RUN_BITS} AS run, i.chunk AS number),"
        " marked AS (UPDATE chunks SET again = true"
        " WHERE (run, number) IN (SELECT run, number FROM freed))"
        " SELECT count(*) FROM freed",
        (array(calls), array(ids)),
    )
    return int(freed)


# What a follower takes -------------------------------------------------------------------------------------


async def waiting_in(connection: Connection, view: View, run: int, chunk: int) -> list[Entry]:
    """Return the items of a chunk that wait to be sent, if its run goes on."""
    rows = await fetch(
        connection,
        # Not `IS NULL`: with old statistics the index of all that waits would look like the shortest way.
        f"SELECT {ENTRY} FROM items AS i WHERE (i.id >> {RUN_BITS}) = %s AND i.chunk = %s"
        " AND coalesce(i.call, 0) = 0"
        f" AND {_HAS_NOT_ENDED} AND EXISTS (SELECT FROM runs WHERE id = %s AND state = 'running')"
        " ORDER BY i.id",
        (run, chunk, run),
    )
    return [view.entry(row) for row in rows]


async def nobodys(connection: Connection, owner: int, limit: int) -> list[int]:
    """Return the oldest calls that are to be followed and that nobody follows."""
    rows = await fetch(
        connection,
        "SELECT id FROM calls WHERE owner = %s AND state = 'open' AND follower IS NULL ORDER BY id LIMIT %s",
        (owner, limit),
    )
    return [call for (call,) in rows]


async def take(connection: Connection, mine: Mine, view: View, calls: Sequence[int]) -> list[Unfinished]:
    """Follow those of the calls that nobody else follows; return what is left of them."""
    taken = await fetch(
        connection,
        "UPDATE calls AS c SET follower = %s WHERE id = ANY(%s) AND state = 'open'"
        f" AND (follower IS NULL OR follower = %s) RETURNING {CALL}",
        (mine.session, list(calls), mine.session),
    )
    left = await view.unfinished(connection, taken)
    finished = {call[0] for call in taken} - {one.sent.call for one in left}
    if finished:
        await connection.execute("UPDATE calls SET state = 'done' WHERE id = ANY(%s)", (list(finished),))
    return left


async def leave_all(connection: Connection, owner: int) -> None:
    """Let all calls be taken anew of which something is left, whoever has followed them."""
    await connection.execute(
        "UPDATE calls AS c SET state = 'done' WHERE owner = %s AND state = 'open' AND follower IS NOT NULL"
        f" AND {_NOTHING_LEFT}",
        (owner,),
    )
    await connection.execute(
        "UPDATE calls SET follower = NULL WHERE owner = %s AND state = 'open' AND follower IS NOT NULL",
        (owner,),
    )


async def open_dead(connection: Connection, owner: int) -> int:
    """Let calls be followed whose senders are dead; return how many."""
    cursor = await connection.execute(
        "UPDATE calls AS c SET state = 'open' WHERE owner = %s AND state = 'sending' AND NOT EXISTS"
        " (SELECT FROM sessions AS s WHERE s.id = c.session AND s.expires_at > clock_timestamp())",
        (owner,),
    )
    return cursor.rowcount


async def sending(connection: Connection, view: View, owner: int, kind: str) -> list[Entry]:
    """Return the items of one kind whose jobs may exist, and are known neither here nor to the follower."""
    rows = await fetch(
        connection,
        f"SELECT {ENTRY} FROM calls AS c JOIN items AS i ON i.call = c.id"
        " WHERE (c.state = 'sending' OR (c.state = 'open' AND c.follower IS NULL))"
        f" AND c.owner = %s AND c.kind = %s AND {_HAS_NO_JOB} AND {_HAS_NOT_ENDED} ORDER BY i.id",
        (owner, kind),
    )
    return [view.entry(row) for row in rows]
