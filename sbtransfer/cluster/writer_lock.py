"""One writer of a journal at a time: an advisory lock of the database, held by a connection of its own."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import psycopg
from attrs import define, field

from sbtransfer.cluster.database import Database
from sbtransfer.cluster.schema import Connection

LOCKS = 0x5342546A
"""The journals' own space among the advisory locks of a database: "SBTj"."""

_PAUSE = 1.0
"""Seconds between two tries to have a lock back that the server still holds for a connection that is gone."""


@define(eq=False)
class WriterLock:
    """Keeps a second process from opening a journal: the server frees it when its holder is gone.

    It is a courtesy to whoever would be the second one. What keeps a writer from writing once it was replaced
    is `runs.writers`, which each of its transactions compares with its own number (see `Holding`).
    """

    database: Database
    run: int
    _connection: Connection | None = field(init=False, default=None)
    _held: bool = field(init=False, default=False)
    _not_before: float = field(init=False, default=0.0)
    _stack: AsyncExitStack = field(init=False, factory=AsyncExitStack)
    _taking: asyncio.Lock = field(init=False, factory=asyncio.Lock)

    async def acquire(self) -> bool:
        """Take the lock; false if another one has it. Raises `ClusterError`."""
        try:
            if self._connection is None:
                self._connection = await self._stack.enter_async_context(self.database.connection())
            cursor = await self._connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (LOCKS, self.run))
            self._held = await cursor.fetchone() == (True,)
        except psycopg.Error as error:
            raise self.database.trouble(error) from error
        return self._held

    async def keep(self) -> None:
        """Take the lock again if its connection was lost; to be called before each write.

        Where the server has not yet noticed that loss, or another process is just opening the journal, it is
        not to be had: that is for the number of the writer to tell apart.
        """
        if self._held and not self._is_lost:
            return
        async with self._taking:
            now = asyncio.get_running_loop().time()
            if (self._held and not self._is_lost) or now < self._not_before:
                return
            if self._is_lost:
                await self.release()
            if not await self.acquire():
                self._not_before = now + _PAUSE

    async def release(self) -> None:
        """Give the lock back with its connection."""
        stack, self._stack = self._stack, AsyncExitStack()
        self._connection, self._held = None, False
        await stack.aclose()

    @property
    def _is_lost(self) -> bool:
        """Whether the connection has ended, as far as this machine knows. Nothing is asked for that."""
        if self._connection is None:
            return True
        try:
            # The first time the server's last words may be read; what comes after them is the end.
            self._connection.pgconn.consume_input()
            self._connection.pgconn.consume_input()
        except psycopg.OperationalError:
            return True
        return self._connection.closed
