"""A journal's run, held by its one writer: found or begun, locked, and fenced against whoever comes later."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, TypeVar

import psycopg
from attrs import define
from psycopg.types.json import Jsonb

import sbtransfer.cluster.reads as reads
from sbtransfer.cluster.database import Database
from sbtransfer.cluster.schema import Connection
from sbtransfer.cluster.session import owner_id
from sbtransfer.cluster.shielded import Work, bound
from sbtransfer.cluster.writer_lock import LOCKS, WriterLock
from sbtransfer.cluster.writes import pipelined
from sbtransfer.errors import DatabaseAwayError, JournalRefusedError
from sbtransfer.journal import Owner, Past
from sbtransfer.journal.meta import check_owner

T = TypeVar("T")


@define(eq=False)
class Holding:
    """The right to write a run. `writer` is the how-manieth one this is, `past` what the run held before."""

    name: str
    run: int
    owner: Owner
    owner_id: int
    writer: int
    past: Past
    _lock: WriterLock

    def fenced(self, work: Work[T]) -> Work[T]:
        """Let work be done only while nobody else has opened the journal, and keep others out meanwhile."""
        return partial(self._fenced, work)

    async def _fenced(self, work: Work[T], connection: Connection) -> T:
        try:
            await self._lock.keep()
        except DatabaseAwayError as error:
            raise psycopg.OperationalError(str(error)) from None  # like any other loss: it is tried again
        async with pipelined(connection):
            # Who opens the journal waits for this lock, and then sees what is written here.
            held = await connection.execute(
                "SELECT FROM runs WHERE id = %s AND writers = %s FOR KEY SHARE", (self.run, self.writer)
            )
            result = await work(connection)
        if not held.rowcount:
            raise JournalRefusedError(
                f"{self.name}: another run has opened this journal meanwhile, and goes on with it: let it"
            )
        return result

    async def release(self) -> None:
        """Let others write it."""
        await self._lock.release()


async def hold(
    database: Database, title: str, name: str, owner: Owner, source: Mapping[str, Any] | None
) -> Holding:
    """Find or begin the run of a title, and become its writer; raises `JournalRefusedError`.

    `name` is what messages call it.
    """
    number, run = await database.transaction(bound(_find, title, name, owner))
    lock = WriterLock(database, run)
    try:
        if not await lock.acquire():
            raise JournalRefusedError(
                f"{name}: another run is writing this journal: wait for its end, or stop it"
            )
        writer, past = await database.transaction(bound(_take_over, run, source))
    except BaseException:
        await lock.release()
        raise
    return Holding(name, run, owner, number, writer, past, lock)


async def _find(connection: Connection, title: str, name: str, owner: Owner) -> tuple[int, int]:
    """Return the numbers of the owner and of the run, which is made if there is none."""
    number = await owner_id(connection, owner.endpoint, owner.username)
    # One name, one journal, whoever makes it; a run of the queue is its owner's own affair.
    await connection.execute("SELECT pg_advisory_xact_lock(%s, 0)", (LOCKS,))
    rows = await reads.fetch(
        connection,
        "SELECT r.id, r.state, w.endpoint, w.username FROM runs AS r JOIN owners AS w ON w.id = r.owner"
        " WHERE r.name = %s AND (r.owner = %s OR r.state = 'own') ORDER BY r.owner = %s DESC",
        (title, number, number),
    )
    for run, state, endpoint, username in rows:
        if state != "own":
            raise JournalRefusedError(
                f"{name}: run {run} of the queue has this name: give the journal another one"
            )
        check_owner(Owner(endpoint=endpoint, username=username), owner, name)
        return number, run
    ((run,),) = await reads.fetch(
        connection,
        "INSERT INTO runs (owner, name, state) VALUES (%s, %s, 'own') RETURNING id",
        (number, title),
    )
    return number, run


async def _take_over(connection: Connection, run: int, source: Mapping[str, Any] | None) -> tuple[int, Past]:
    """Become the next writer, once all that the one before was writing is there or was undone."""
    await connection.execute("SELECT FROM runs WHERE id = %s FOR UPDATE", (run,))
    past = await reads.past(connection, run)
    ((writer,),) = await reads.fetch(
        connection,
        "UPDATE runs SET writers = writers + 1, source = coalesce(source, %s) WHERE id = %s"
        " RETURNING writers",
        (None if source is None else Jsonb(dict(source)), run),
    )
    return writer, past
