"""A list to a run: its items, its chunks and their jobs, in one transaction or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Mapping
from itertools import count
from typing import Any

import psycopg
from attrs import define, field
from psycopg.types.json import Jsonb

from sbtransfer.chunks import Chunker
from sbtransfer.cluster.database import Database
from sbtransfer.cluster.queue import Queue
from sbtransfer.cluster.schema import RUN_BITS, Connection
from sbtransfer.errors import ClusterError, ClusterRefusedError, WorkListError
from sbtransfer.items import ITEM_TYPES, Item
from sbtransfer.journal.identity import UncarriedRefError, encode, fingerprint
from sbtransfer.models import Chunk, Entry
from sbtransfer.sources.source import LiveSource, Source, described, items_of, pages_of

_ITEMS = tuple(ITEM_TYPES.values())


@define(eq=False)
class Submission:
    """One list on its way into the database. Workers see nothing of it before all of it is there."""

    database: Database
    queue: Queue
    name: str | None
    notes: Mapping[str, Any]
    items: int = field(init=False, default=0)
    chunks: int = field(init=False, default=0)

    async def put(self, source: Source) -> int:
        """Submit a list; return the number of its run.

        Raises `ClusterRefusedError` for a name that is taken, `WorkListError` for what is no item, and what
        the list itself raises; then nothing was submitted.
        """
        run: int | None = None
        try:
            async with self.database.pool.connection() as connection, connection.transaction():
                run = await self._begin(connection, source)
                await self._copy(connection, run, source)
                await self._finish(connection, run)
        except psycopg.OperationalError as error:
            # A connection that is lost at the very end leaves open whether all is there or nothing.
            if run is None or not await self.database.transaction(lambda one: _is_there(one, run)):
                raise self.database.trouble(error) from None
        except psycopg.Error as error:
            raise self.database.trouble(error) from error
        assert run is not None  # noqa: S101
        return run

    async def _begin(self, connection: Connection, source: Source) -> int:
        known = described(source)
        row = await (
            await connection.execute(
                "INSERT INTO runs (owner, name, source, notes) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT (owner, name) DO NOTHING RETURNING id",
                (self.queue.owner, self.name, known and Jsonb(dict(known)), Jsonb(dict(self.notes))),
            )
        ).fetchone()
        if row is None:
            raise ClusterRefusedError(
                f"a run named {self.name!r} was submitted already: give another name, or follow that one"
            )
        return int(row[0])

    async def _copy(self, connection: Connection, run: int, source: Source) -> None:
        chunker, numbers = Chunker(linger=0.0), count()
        async with (
            connection.cursor() as cursor,
            cursor.copy("COPY items (id, chunk, sent, digest, key, item) FROM STDIN") as copy,
        ):

            async def write(chunk: Chunk) -> None:
                number = next(numbers)
                for entry in chunk.entries:
                    await copy.write_row(_row(run, number, entry))

            async for entry in self._entries(source):
                if chunk := chunker.add(entry, 0.0):
                    await write(chunk)
            for chunk in chunker.flush():
                await write(chunk)
        self.chunks = next(numbers)

    async def _entries(self, source: Source) -> AsyncIterator[Entry]:
        async for item, key in _keyed(source):
            if not isinstance(item, _ITEMS):
                known = ", ".join(kind.__name__ for kind in _ITEMS)
                raise WorkListError(
                    [f"item {self.items} is of type {type(item).__name__}; an item is one of {known}"]
                )
            yield Entry(self.items, item, key)
            self.items += 1

    async def _finish(self, connection: Connection, run: int) -> None:
        if self.items > 1 << RUN_BITS:
            raise WorkListError([f"a run holds at most {1 << RUN_BITS:,} items: submit the list in parts"])
        numbers = range(self.chunks)
        await connection.execute(
            "INSERT INTO chunks (run, number) SELECT %s, number FROM generate_series(0, %s) AS number",
            (run, self.chunks - 1),
        )
        await self.queue.put(connection, [(run, number) for number in numbers], new=True)
        await connection.execute("UPDATE runs SET total = %s WHERE id = %s", (self.items, run))


async def _keyed(source: Source) -> AsyncIterator[tuple[Item, str | None]]:
    """Yield the items of a list, with the keys of a live source, which shows nothing twice."""
    if isinstance(source, LiveSource):
        seen: set[str] = set()
        async for page in pages_of(source):
            new = [found for found in page if found.key not in seen]
            seen.update(found.key for found in new)
            for found, item in zip(new, await items_of(source, new), strict=True):
                yield item, found.key
    elif isinstance(source, AsyncIterable):
        async for item in source:
            yield item, None
    else:
        for item in source:
            yield item, None


def _row(run: int, number: int, entry: Entry) -> tuple[object, ...]:
    try:
        text = encode(entry.item)
    except UncarriedRefError as error:
        raise ClusterError(
            f"item {entry.index}: a database cannot keep its ref ({error}): use text, a number, a flag or a"
            " tuple of these"
        ) from None
    return run << RUN_BITS | entry.index, number, 0, fingerprint(text), entry.key, text.decode()


async def _is_there(connection: Connection, run: int) -> bool:
    found = await connection.execute("SELECT 1 FROM runs WHERE id = %s AND total IS NOT NULL", (run,))
    return await found.fetchone() is not None
