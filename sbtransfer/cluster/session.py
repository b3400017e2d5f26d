"""A process's presence in the cluster: what its tokens and its intents belong to, and when it is dead."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Literal, Self, TypeAlias

from attrs import define, field

from sbtransfer.cluster.database import Database
from sbtransfer.cluster.schema import Connection
from sbtransfer.errors import ClusterError, SessionLostError

Role: TypeAlias = Literal["client", "worker", "joining"]
"""`joining` is a process that does not know yet whose token it has."""
First: TypeAlias = Callable[[Connection, int], Awaitable[None]]
"""What is done in the transaction that begins a session, given the session's number."""

_MARGIN = 0.1
"""The part of its time by which a process takes itself for dead earlier than the others do."""
_PAUSE = 0.25
_CLOSING = 5.0
"""Seconds for which the end of a session is tried to be told: it comes by itself later."""


@define(eq=False, repr=False)
class Session:
    """One process among those that work for an owner, from `open` until `aclose` or until it is lost.

    It is prolonged again and again. If that could not be done for `ttl` seconds, all others take the process
    for dead. It takes itself for dead before that, and a session that is lost never lives again. `lost` is
    set then.
    """

    database: Database
    owner: int
    role: Role
    ttl: float = 30.0
    lost: asyncio.Event = field(init=False, factory=asyncio.Event)
    _id: int | None = field(init=False, default=None)
    _ends_at: float = field(init=False, default=float("inf"))
    _end: asyncio.TimerHandle | None = field(init=False, default=None)
    _prolonging: asyncio.Task[None] | None = field(init=False, default=None)
    _closed: bool = field(init=False, default=False)

    def __repr__(self) -> str:
        state = "lost" if self.is_lost else "not open" if self._id is None else "alive"
        return f"<Session {self._id} of owner {self.owner}, {state}>"

    @property
    def id(self) -> int:
        """Its number; raises `ClusterError` before it is open."""
        if self._id is None:
            raise ClusterError("the session is not open")
        return self._id

    @property
    def is_lost(self) -> bool:
        """Whether others may take this process for dead."""
        return self.lost.is_set() or asyncio.get_running_loop().time() >= self._ends_at

    def check(self) -> None:
        """Raise `SessionLostError` where this process must send nothing more."""
        if self._closed:
            raise SessionLostError(f"session {self._id} is closed: nothing more is sent")
        if self.is_lost:
            self.lose()
            raise SessionLostError(
                f"session {self._id} is lost: {self.database.where} was not reached for {self.ttl:g} s."
                " Others take this process for dead, and it sends nothing more"
            )

    def lose(self) -> None:
        """Take it for lost, for good."""
        self.lost.set()
        if self._prolonging is not None:
            self._prolonging.cancel()

    async def open(self, first: First | None = None) -> Self:
        """Begin it. What `first` does is done in the same transaction: if it raises, there is no session."""

        async def work(connection: Connection) -> tuple[int, float]:
            sent = asyncio.get_running_loop().time()
            number = await _begin(connection, self)
            if first is not None:
                await first(connection, number)
            await _forget_old_ones(connection)
            return number, sent

        self._id, sent = await self.database.transaction(work)
        self._lives_from(sent)
        self.check()
        self._prolonging = asyncio.create_task(self._prolong(), name="sbtransfer session")
        return self

    async def aclose(self) -> None:
        """End it: others need not wait until its time is over."""
        task, self._prolonging = self._prolonging, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        if self._end is not None:
            self._end.cancel()
        if self._id is not None and not self.is_lost and not self._closed:
            await self._tell_the_end()
        self._closed = True

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _tell_the_end(self) -> None:
        try:
            async with asyncio.timeout(_CLOSING):
                await self.database.transaction(lambda connection: _expire(connection, self.id))
        except (TimeoutError, ClusterError):
            pass

    def _lives_from(self, sent: float) -> None:
        """Count its time from when the query was sent that gave it: the others count from later on."""
        if self._end is not None:
            self._end.cancel()
        self._ends_at = sent + self.ttl * (1 - _MARGIN)
        self._end = asyncio.get_running_loop().call_at(self._ends_at, self.lose)

    async def _prolong(self) -> None:
        while not self.lost.is_set():
            await asyncio.sleep(self.ttl / 4)
            await self._prolong_once()

    async def _prolong_once(self) -> None:
        """Prolong it; over a new connection where the old one leads nowhere."""
        while not self.lost.is_set():
            try:
                async with asyncio.timeout(self.ttl / 4):
                    sent = await self.database.transaction(self._later)
            except (TimeoutError, ClusterError):
                await asyncio.sleep(min(_PAUSE, self.ttl / 20))
                continue
            if sent is None:
                self.lose()
            else:
                self._lives_from(sent)
            return

    async def _later(self, connection: Connection) -> float | None:
        """Let it end later; return when that was asked for, `None` if it has ended already."""
        sent = asyncio.get_running_loop().time()
        found = await connection.execute(
            "UPDATE sessions SET expires_at = clock_timestamp() + %s * interval '1 second'"
            " WHERE id = %s AND expires_at > clock_timestamp()",
            (self.ttl, self.id),
        )
        return sent if found.rowcount else None


async def owner_id(connection: Connection, endpoint: str, username: str) -> int:
    """Return the number of a user of a platform, who is written down if need be."""
    who = (endpoint, username)
    known = "SELECT id FROM owners WHERE endpoint = %s AND username = %s"
    row = await (await connection.execute(known, who)).fetchone()
    if row is None:
        await connection.execute(
            "INSERT INTO owners (endpoint, username) VALUES (%s, %s) ON CONFLICT DO NOTHING", who
        )
        row = await (await connection.execute(known, who)).fetchone()
    return _number(row)


async def _begin(connection: Connection, session: Session) -> int:
    found = await connection.execute(
        "INSERT INTO sessions (owner, host, pid, role, expires_at)"
        " VALUES (%s, %s, %s, %s, clock_timestamp() + %s * interval '1 second') RETURNING id",
        (session.owner, socket.gethostname(), os.getpid(), session.role, session.ttl),
    )
    return _number(await found.fetchone())


async def _expire(connection: Connection, session: int) -> None:
    await connection.execute(
        "UPDATE sessions SET expires_at = clock_timestamp() WHERE id = %s AND expires_at > clock_timestamp()",
        (session,),
    )


async def _forget_old_ones(connection: Connection) -> None:
    """Delete the rows of sessions that are long over and hold no tokens."""
    await connection.execute(
        "DELETE FROM sessions WHERE expires_at < clock_timestamp() - interval '7 days'"
        " AND NOT EXISTS (SELECT FROM leases WHERE leases.session = sessions.id AND leases.amount > 0)"
    )


def _number(row: tuple[object, ...] | None) -> int:
    if row is None or not isinstance(row[0], int):
        raise ClusterError("the database gave no number")
    return row[0]
