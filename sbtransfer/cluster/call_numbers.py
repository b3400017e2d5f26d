"""The numbers of calls, which are the same for all processes: drawn before they are used, and in blocks."""

from __future__ import annotations

import asyncio
from collections import deque

from attrs import define, field

from sbtransfer.cluster.database import Database
from sbtransfer.cluster.schema import Connection

_AT_ONCE = 64


@define(eq=False)
class CallNumbers:
    """Gives each number once, in ascending order. A transaction that is repeated has the same one again."""

    database: Database
    _left: deque[int] = field(init=False, factory=deque)
    _drawing: asyncio.Lock = field(init=False, factory=asyncio.Lock)

    async def next(self) -> int:
        """Return a number that nobody else has."""
        async with self._drawing:
            if not self._left:
                self._left.extend(await self.database.transaction(_draw))
            return self._left.popleft()


async def _draw(connection: Connection) -> list[int]:
    cursor = await connection.execute(
        "SELECT nextval('call_numbers') FROM generate_series(1, %s)", (_AT_ONCE,)
    )
    return sorted([number for (number,) in await cursor.fetchall()])
