# ruff: noqa: S608  the queries are put together from this room's own words
"""What the journals write: each function is part of one transaction of its caller, and does no harm twice.

Items are told apart by their ids. What belongs to many of them goes to the server as one JSON text, which is
the cheapest way for both sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import orjson
from psycopg import AsyncPipeline
from psycopg.types.json import Jsonb

import sbtransfer.journal.runs as runs
from sbtransfer.cluster.schema import RUN_BITS, Connection
from sbtransfer.errors import JournalError
from sbtransfer.journal.identity import UncarriedRefError, encode, fingerprint
from sbtransfer.journal.journal import Sent, Spend
from sbtransfer.journal.rows import NUMBERS, microseconds, row
from sbtransfer.models import Entry, Outcome, OutcomeState

_FAILED = NUMBERS[OutcomeState.FAILED]
_UNCONFIRMED = NUMBERS[OutcomeState.UNCONFIRMED]

OUTCOME = (
    "(id bigint, state smallint, file_id text, error text, attempts integer, submitted_on bigint,"
    " finished_on bigint, skipped boolean, job_id text)"
)
"""What `outcome_text` holds of each outcome."""
_NAMES = ("id", "state", "file_id", "error", "attempts", "submitted_on", "finished_on", "skipped", "job_id")
COLUMNS = ", ".join(_NAMES[:-1])


def span(run: int) -> tuple[int, int]:
    """Return the first and the last id that items of a run can have."""
    return run << RUN_BITS, ((run + 1) << RUN_BITS) - 1


def pipelined(connection: Connection) -> AbstractAsyncContextManager[Any]:
    """Send statements before the answers of the ones before have come, where libpq can (14 and later)."""
    return connection.pipeline() if AsyncPipeline.is_supported() else nullcontext()


# As text -------------------------------------------------------------------------------------------------


def item_text(entries: Sequence[Entry], offset: int) -> str:
    """Return items as JSON; raises `JournalError` for a `ref` that would not come back as it is."""
    return orjson.dumps([_item(entry, offset) for entry in entries]).decode()


def _item(entry: Entry, offset: int) -> dict[str, Any]:
    try:
        text = encode(entry.item)
    except UncarriedRefError as error:
        raise JournalError(
            f"item {entry.index}: a journal cannot keep its ref ({error}): use text, a number, a flag"
            " or a tuple of these"
        ) from None
    return {
        "id": offset + entry.index,
        "sent": entry.attempts,
        "digest": fingerprint(text).hex(),
        "key": entry.key,
        "item": text.decode(),
    }


def outcome_text(outcomes: Sequence[Outcome], offset: int) -> str:
    """Return outcomes as JSON, one for each item: the last one counts."""
    rows = {one.index: (*row(one), one.job_id) for one in outcomes}
    documents = [dict(zip(_NAMES, rows[index], strict=True)) for index in sorted(rows)]
    for document in documents:
        document["id"] += offset
    return orjson.dumps(documents).decode()


def job_text(jobs: Mapping[int, str], outcomes: Sequence[Outcome], offset: int) -> str:
    """Return jobs by item as JSON, with those of the outcomes."""
    ended = {outcome.index: outcome.job_id for outcome in outcomes if outcome.job_id is not None}
    return orjson.dumps({str(offset + index): job for index, job in ({**jobs, **ended}).items()}).decode()


def array(numbers: Iterable[int]) -> str:
    """Return numbers as PostgreSQL writes an array, which is cheaper than to have each of them adapted."""
    return f"{{{','.join(map(str, numbers))}}}"


# In the order of an item's way ---------------------------------------------------------------------------


async def intend(connection: Connection, owner: int, sent: Sent, ids: Sequence[int], items: str) -> None:
    """Write a call and its items (`item_text`)."""
    await connection.execute(
        "INSERT INTO calls (id, owner, kind, begun, submitted_on, attempts, ids, state)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, 'own') ON CONFLICT (id) DO NOTHING",
        (
            sent.call,
            owner,
            sent.kind,
            sent.begun,
            microseconds(sent.submitted_on),
            sent.attempts,
            runs.pack(ids),
        ),
    )
    await connection.execute(
        "INSERT INTO items (id, call, sent, digest, key, item)"
        " SELECT id, %s, sent, decode(digest, 'hex'), key, item"
        " FROM json_to_recordset(%s) AS i (id bigint, sent integer, digest text, key text, item text)"
        " ON CONFLICT (id) DO UPDATE SET call = excluded.call, sent = excluded.sent",
        (sent.call, items),
    )


# An item that has a job is never put back by the next two: sending it again would do it twice.
_HAS_NO_JOB = "NOT EXISTS (SELECT FROM jobs AS j WHERE j.id = i.id)"


async def undone(connection: Connection, call: int) -> None:
    """Let a call's items wait as if it had never been, and drop the call: an outage may bring many."""
    await connection.execute(f"UPDATE items AS i SET call = NULL WHERE call = %s AND {_HAS_NO_JOB}", (call,))
    await connection.execute("DELETE FROM calls WHERE id = %s", (call,))


async def waiting(connection: Connection, ids: Sequence[int]) -> None:
    """Let doubtful items wait; the calls that carried them count."""
    await connection.execute(
        "UPDATE items AS i SET call = NULL, sent = i.sent + c.attempts FROM calls AS c"
        f" WHERE c.id = i.call AND i.id = ANY(%s::bigint[]) AND {_HAS_NO_JOB}",
        (array(ids),),
    )


async def jobs(connection: Connection, text: str) -> None:
    """Write which jobs carry which items (`job_text`)."""
    await connection.execute(
        "INSERT INTO jobs (id, job_id) SELECT key::bigint, value FROM json_each_text(%s)"
        " ON CONFLICT (id) DO UPDATE SET job_id = excluded.job_id WHERE jobs.job_id <> excluded.job_id",
        (text,),
    )


async def outcomes(connection: Connection, text: str) -> None:
    """Write outcomes (`outcome_text`). One that says what is known already changes nothing."""
    await connection.execute(
        f"INSERT INTO outcomes ({COLUMNS}) SELECT {COLUMNS} FROM json_to_recordset(%s) AS o {OUTCOME}"
        " ON CONFLICT (id) DO UPDATE SET"
        f" ({COLUMNS}, written) = ({_of('excluded')}, excluded.written)"
        f" WHERE ({_of('outcomes')}) IS DISTINCT FROM ({_of('excluded')})",
        (text,),
    )


def _of(table: str) -> str:
    return ", ".join(f"{table}.{name}" for name in _NAMES[:-1])


# Another try ---------------------------------------------------------------------------------------------


async def retry(connection: Connection, run: int, *, unconfirmed: bool) -> int:
    """Open failed items of a run, and on demand unconfirmed ones, again; return how many."""
    failed = "o.id BETWEEN %s AND %s AND o.state = %s"
    values = (*span(run), _FAILED)
    await connection.execute(
        "INSERT INTO retired (job_id) SELECT DISTINCT j.job_id FROM jobs AS j JOIN outcomes AS o"
        f" ON o.id = j.id WHERE {failed} ON CONFLICT (job_id) DO NOTHING",
        values,
    )
    await connection.execute(
        f"DELETE FROM jobs USING outcomes AS o WHERE o.id = jobs.id AND {failed}", values
    )
    await connection.execute(
        "UPDATE items SET call = NULL, sent = o.attempts FROM outcomes AS o"
        f" WHERE o.id = items.id AND {failed}",
        values,
    )
    states = [_FAILED, _UNCONFIRMED] if unconfirmed else [_FAILED]
    cursor = await connection.execute(
        "WITH opened AS (DELETE FROM outcomes WHERE id BETWEEN %s AND %s AND state = ANY(%s) RETURNING id)"
        " SELECT count(*) FROM opened",
        (*span(run), states),
    )
    return int((await cursor.fetchone() or (0,))[0])


# What a run says of itself -------------------------------------------------------------------------------


async def exhausted(connection: Connection, run: int, total: int) -> None:
    """Write how long the list is."""
    await connection.execute("UPDATE runs SET total = %s WHERE id = %s", (total, run))


async def note(connection: Connection, run: int, name: str, value: Any) -> None:
    """Keep a user's JSON value."""
    await connection.execute(
        "UPDATE runs SET notes = notes || jsonb_build_object(%s::text, %s::jsonb) WHERE id = %s",
        (name, Jsonb(value), run),
    )


# The budgets' memory -------------------------------------------------------------------------------------


async def spent(connection: Connection, run: int, writer: int, changes: Mapping[int, Spend]) -> None:
    """Write spends by number, over those with the same one."""
    rows = [
        {"number": number, "budget": one.budget, "amount": one.amount, "answered": one.answered}
        for number, one in changes.items()
    ]
    await connection.execute(
        "INSERT INTO own_spends (run, writer, number, budget, amount, answered)"
        " SELECT %s, %s, s.* FROM json_to_recordset(%s)"
        " AS s (number bigint, budget text, amount bigint, answered double precision)"
        " ON CONFLICT (run, writer, number) DO UPDATE"
        " SET (budget, amount, answered) = (excluded.budget, excluded.amount, excluded.answered)",
        (run, writer, orjson.dumps(rows).decode()),
    )


async def forget_spends(connection: Connection, run: int, writer: int, since: float) -> None:
    """Drop what earlier writers spent before a time.

    A spend without an answer has no time of its own: it is older than the answers that a later writer had.
    """
    await connection.execute(
        "DELETE FROM own_spends WHERE run = %s AND answered IS NULL AND writer <"
        " (SELECT max(writer) FROM own_spends WHERE run = %s AND answered < %s AND writer < %s)",
        (run, run, since, writer),
    )
    await connection.execute(
        "DELETE FROM own_spends WHERE run = %s AND answered < %s AND writer < %s", (run, since, writer)
    )
