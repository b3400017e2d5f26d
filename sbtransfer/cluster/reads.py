# ruff: noqa: S608  the queries are put together from this room's own words
"""What the journals read. An item is told by its id; its index is that less the `offset` of its run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import partial

from attrs import frozen

import sbtransfer.journal.runs as runs
from sbtransfer.cluster.schema import RUN_BITS, Connection
from sbtransfer.cluster.writes import span
from sbtransfer.journal.journal import Past, Recorded, Sent, Spend, Unfinished
from sbtransfer.journal.rows import Row, item, outcome, outcome_of, since_1970
from sbtransfer.models import Entry, Outcome

CALL = "c.id, c.kind, c.begun, c.submitted_on, c.attempts, c.ids"
"""What `View.unfinished` needs of a call."""
ENTRY = "i.id, i.item, i.key, i.sent"
"""What `View.entry` reads."""

_PART = f"{ENTRY}, i.call, j.job_id"
_WITH_JOBS = "LEFT JOIN jobs AS j ON j.id = i.id"
_WITH_OUTCOMES = "LEFT JOIN outcomes AS o ON o.id = i.id"
_OUTCOME = (
    "o.id - %s, i.item, o.state, j.job_id, o.file_id, o.error,"
    " o.attempts, o.submitted_on, o.finished_on, o.skipped"
)
"""What `rows.outcome` reads."""


async def fetch(connection: Connection, query: str, values: Sequence[object]) -> list[Row]:
    """Return all rows of a query, which is put together from this room's own words."""
    return await (await connection.execute(query, values)).fetchall()


async def past(connection: Connection, run: int) -> Past:
    """Return what a journal holds."""
    first, last = span(run)
    ((highest, total, source, keyed),) = await fetch(
        connection,
        "SELECT (SELECT max(id) FROM items WHERE id BETWEEN %s AND %s), total, source,"
        " EXISTS (SELECT FROM items WHERE (id >> %s) = runs.id AND key IS NOT NULL)"
        " FROM runs WHERE id = %s",
        (first, last, RUN_BITS, run),
    )
    length = 0 if highest is None else highest - first + 1
    return Past(length=length, total=total, keyed=keyed, source=source)


async def notes(connection: Connection, run: int) -> dict[str, object]:
    """Return the users' values by name."""
    ((kept,),) = await fetch(connection, "SELECT notes FROM runs WHERE id = %s", (run,))
    return dict(sorted(kept.items()))


async def keys(connection: Connection, run: int, asked: Collection[str]) -> set[str]:
    """Return those of the keys that items of a run have."""
    rows = await fetch(
        connection,
        f"SELECT key FROM items WHERE (id >> {RUN_BITS}) = %s AND key = ANY(%s::text[])",
        (run, list(asked)),
    )
    return {key for (key,) in rows}


async def known(connection: Connection, job_ids: Collection[str]) -> set[str]:
    """Return those of the jobs that belong, or belonged, to an item of any run."""
    rows = await fetch(
        connection,
        "SELECT job_id FROM jobs WHERE job_id = ANY(%s::text[])"
        " UNION SELECT job_id FROM retired WHERE job_id = ANY(%s::text[])",
        (list(job_ids), list(job_ids)),
    )
    return {job_id for (job_id,) in rows}


async def spends(connection: Connection, run: int, writer: int, since: float) -> list[Spend]:
    """Return what earlier writers spent and had answered since then, or never had answered."""
    rows = await fetch(
        connection,
        "SELECT budget, amount, answered FROM own_spends"
        " WHERE run = %s AND writer < %s AND (answered IS NULL OR answered >= %s) ORDER BY writer, number",
        (run, writer, since),
    )
    return [Spend(budget=budget, amount=amount, answered=answered) for budget, amount, answered in rows]


@frozen
class View:
    """The items of one run by their indexes, or those of all runs by their ids: then `offset` is 0.

    `name` is what messages call it.
    """

    name: str
    offset: int = 0

    @property
    def last(self) -> int:
        """The last id of the run."""
        return self.offset + (1 << RUN_BITS) - 1

    def entry(self, row: Row) -> Entry:
        """Return the entry of a row of `ENTRY`."""
        id_, text, key, sent, *_ = row
        index = id_ - self.offset
        return Entry(index, item(index, text, self.name), key, sent)

    # Calls -----------------------------------------------------------------------------------------------

    async def all_unfinished(self, connection: Connection) -> list[Unfinished]:
        """Return the calls of the run with items that have neither an outcome nor wait."""
        parts = await fetch(
            connection,
            f"SELECT {_PART} FROM items AS i {_WITH_OUTCOMES} {_WITH_JOBS}"
            " WHERE i.id BETWEEN %s AND %s AND o.id IS NULL AND i.call IS NOT NULL",
            (self.offset, self.last),
        )
        numbers = list({part[4] for part in parts})
        calls = await fetch(connection, f"SELECT {CALL} FROM calls AS c WHERE c.id = ANY(%s)", (numbers,))
        return await self._unfinished(connection, calls, parts)

    async def unfinished(self, connection: Connection, calls: Sequence[Row]) -> list[Unfinished]:
        """Return those of the calls (`CALL`) that have such items."""
        parts = await fetch(
            connection,
            f"SELECT {_PART} FROM items AS i {_WITH_OUTCOMES} {_WITH_JOBS}"
            " WHERE i.call = ANY(%s) AND o.id IS NULL",
            ([call[0] for call in calls],),
        )
        return await self._unfinished(connection, calls, parts)

    async def _unfinished(
        self, connection: Connection, calls: Sequence[Row], parts: Sequence[Row]
    ) -> list[Unfinished]:
        by_call: defaultdict[int, list[Row]] = defaultdict(list)
        for part in parts:
            by_call[part[4]].append(part)
        drs = {call for call, kind, *_ in calls if kind == "drs"}
        places = await self._places(connection, [part for part in parts if part[4] in drs])
        return [self._left(call, by_call[call[0]], places) for call in sorted(calls) if by_call[call[0]]]

    async def _places(self, connection: Connection, parts: Sequence[Row]) -> list[Row]:
        """Return the items that have ended and share a job with one of these: they fill their places."""
        jobs = list({part[5] for part in parts if part[5] is not None})
        if not jobs:
            return []
        return await fetch(
            connection,
            f"SELECT {_PART} FROM jobs AS j JOIN items AS i ON i.id = j.id JOIN outcomes AS o ON o.id = i.id"
            " WHERE j.job_id = ANY(%s)",
            (jobs,),
        )

    def _left(self, call: Row, parts: Sequence[Row], places: Sequence[Row]) -> Unfinished:
        number, kind, begun, submitted_on, attempts, ids = call
        own = {part[5] for part in parts}
        ended = [part for part in places if part[4] == number and part[5] in own]
        place = {id_: place for place, id_ in enumerate(runs.unpack(ids))}
        jobs: defaultdict[str, list[Entry]] = defaultdict(list)
        doubtful: list[Entry] = []
        for part in sorted((*parts, *ended), key=lambda part: place[part[0]]):
            (doubtful if part[5] is None else jobs[part[5]]).append(self.entry(part))
        return Unfinished(
            sent=Sent(
                call=number, kind=kind, begun=begun, submitted_on=since_1970(submitted_on), attempts=attempts
            ),
            jobs=dict(jobs),
            doubtful=doubtful,
            ended=frozenset(part[0] - self.offset for part in ended),
        )

    # Items -----------------------------------------------------------------------------------------------

    async def recorded(self, connection: Connection, first: int, count: int) -> dict[int, Recorded]:
        """Return what is known of the items at so many indexes."""
        rows = await fetch(
            connection,
            f"SELECT i.id - %s, i.digest, i.call, {_OUTCOME} FROM items AS i {_WITH_OUTCOMES} {_WITH_JOBS}"
            " WHERE i.id >= %s AND i.id < %s",
            (self.offset, self.offset, self.offset + first, self.offset + first + count),
        )
        return {index: _recorded(digest, call, row) for index, digest, call, *row in rows}

    async def entries_waiting(self, connection: Connection, after: int, count: int) -> list[Entry]:
        """Return the first items past an index that wait."""
        rows = await fetch(
            connection,
            f"SELECT {ENTRY} FROM items AS i {_WITH_OUTCOMES}"
            " WHERE i.id > %s AND i.id <= %s AND i.call IS NULL AND o.id IS NULL ORDER BY i.id LIMIT %s",
            (self.offset + after, self.last, count),
        )
        return [self.entry(row) for row in rows]

    async def outcomes(self, connection: Connection, after: int, count: int) -> list[Outcome]:
        """Return the first outcomes past an index, in the order of the list."""
        rows = await fetch(
            connection,
            f"SELECT {_OUTCOME} FROM outcomes AS o JOIN items AS i ON i.id = o.id {_WITH_JOBS}"
            " WHERE o.id > %s AND o.id <= %s ORDER BY o.id LIMIT %s",
            (self.offset, self.offset + after, self.last, count),
        )
        return [outcome(row, self.name) for row in rows]


def _recorded(digest: bytes, call: int | None, row: Sequence[object]) -> Recorded:
    ended = row[0] is not None
    return Recorded(
        digest=digest,
        outcome=partial(outcome_of, row=row) if ended else None,
        waiting=call is None and not ended,
    )
