"""The first question of a process: whose token it is, asked within limits that are not known to be whose."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from sbtransfer.cluster.database import Database, cancellable
from sbtransfer.cluster.schema import Connection
from sbtransfer.cluster.session import Session
from sbtransfer.cluster.tokens import Account, Wish, exchange
from sbtransfer.errors import ClusterError

_LOCKS = 0x53425471
"""Our own space among the advisory locks of a database: "SBTq"."""

_PAUSE = 0.2
"""Seconds between two tries to be the one that asks."""


@asynccontextmanager
async def leave_to_ask(database: Database, endpoint: str, ttl: float) -> AsyncIterator[None]:
    """Hold back one request of each user who shares limits on a platform.

    The question is a request itself, and only its answer tells of whose. One process asks at a time, so that
    whoever comes next knows of a user who was new. Waits where a budget is used up.
    """
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(database.connection())
        await _locked(connection, endpoint)
        for owner in await database.transaction(lambda one: _sharers(one, endpoint)):
            await stack.enter_async_context(_held_back(database, owner, ttl))
        yield


async def _locked(connection: Connection, endpoint: str) -> None:
    query = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
    # Asked for again and again: a statement that waits in the server cannot surely be cancelled.
    while True:
        with cancellable():
            got = await (await connection.execute(query, (_LOCKS, endpoint))).fetchone()
        if got == (True,):
            return
        await asyncio.sleep(_PAUSE)


async def _sharers(connection: Connection, endpoint: str) -> list[int]:
    found = await connection.execute(
        "SELECT w.id FROM owners AS w JOIN budgets AS b ON b.owner = w.id AND b.name = 'requests'"
        " WHERE w.endpoint = %s ORDER BY w.id",
        (endpoint,),
    )
    return [owner for (owner,) in await found.fetchall()]


@asynccontextmanager
async def _held_back(database: Database, owner: int, ttl: float) -> AsyncIterator[None]:
    """Hold one request of a user, and give it back."""
    async with Session(database, owner, "joining", ttl) as session:
        account = Account(owner, "requests", session.id)
        await _taken(database, account)
        try:
            yield
        finally:
            # Where that fails, it counts as spent: the careful way to be wrong.
            with suppress(ClusterError):
                await _exchange(database, account, want=0)


async def _taken(database: Database, account: Account) -> None:
    while True:
        granted, more_in = await _exchange(database, account, want=1)
        if granted:
            return
        await asyncio.sleep(min(more_in or _PAUSE, 1.0))


async def _exchange(database: Database, account: Account, want: int) -> tuple[int, float | None]:
    now = asyncio.get_running_loop().time()
    wish = Wish(held=0, want=want, least=want)
    reply = await database.transaction(lambda connection: exchange(connection, account, wish, now))
    return reply.granted, reply.more_in
