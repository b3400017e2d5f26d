"""The one database of a cluster: a pool of connections, and transactions that outlive a restart of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, Self, TypeVar

import psycopg
from attrs import define, field
from psycopg import conninfo, errors
from psycopg_pool import AsyncConnectionPool, PoolTimeout

import sbtransfer.cluster.schema as schema
from sbtransfer.cluster.schema import SCHEMA, Connection
from sbtransfer.errors import ClusterError, ClusterRefusedError, DatabaseAwayError

T = TypeVar("T")

_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)
_CLASHES = (errors.SerializationFailure, errors.DeadlockDetected)
_PAUSE = 0.25
"""Seconds between two tries while the database is away."""
_WAIT = 2.0
"""Seconds that a try waits for a connection of the pool."""

# A pool tells of every connection that it misses, which without a handler would go to the terminal.
logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())

_SETTINGS = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "search_path": SCHEMA,
        # What was committed must outlive a crash of the server, whatever its administrator finds good enough.
        "synchronous_commit": "on",
        # A host that is cut off is missed within half a minute: its locks must not stay with it.
        "tcp_keepalives_idle": 10,
        "tcp_keepalives_interval": 5,
        "tcp_keepalives_count": 3,
    }.items()
)
_OPTIONS: dict[str, Any] = {"options": _SETTINGS, "client_encoding": "UTF8", "connect_timeout": 10}


@define(eq=False)
class Database:
    """The database at a URL (`postgresql://user@host/name`), used by one process.

    `patience` is in seconds: for so long a transaction is tried again while the database is away. Messages
    never hold the URL, which may hold a password.
    """

    url: str = field(repr=False)
    patience: float = 60.0
    most_connections: int = 10
    _pool: AsyncConnectionPool[Connection] | None = field(init=False, default=None)

    @property
    def where(self) -> str:
        """The host and the name of the database, for messages."""
        return where(self.url)

    @property
    def pool(self) -> AsyncConnectionPool[Connection]:
        """The connections; raises `ClusterError` while it is not open."""
        if self._pool is None:
            raise ClusterError("the cluster is not open: use 'async with'")
        return self._pool

    async def open(self, *, checked: bool = True) -> Self:
        """Connect, and look whether the tables are the right ones.

        Raises `DatabaseAwayError`, and `ClusterRefusedError` for a database that cannot be used.
        """
        await self._look(checked=checked)
        self._pool = AsyncConnectionPool(
            self.url,
            kwargs=_OPTIONS,
            min_size=1,
            max_size=self.most_connections,
            open=False,
            # Its pauses between two tries double. Rather than wait for them, the next who asks tries anew.
            reconnect_timeout=1.0,
        )
        await self._pool.open()
        return self

    async def aclose(self) -> None:
        """Close all connections."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _look(self, *, checked: bool) -> None:
        async with self.connection() as connection:
            if checked:
                await schema.check(connection)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Open a connection beside the pool, for what holds it long; every statement commits by itself."""
        if not is_readable(self.url):
            raise ClusterRefusedError(
                "the database URL cannot be read: it looks like postgresql://user:password@host:5432/name,"
                " with '@', ':', '/', '?' and '%' in a password written as %40, %3A, %2F, %3F and %25"
            )
        try:
            async with AsyncExitStack() as stack:
                with cancellable():
                    connecting = psycopg.AsyncConnection.connect(self.url, autocommit=True, **_OPTIONS)
                    connection = await stack.enter_async_context(await connecting)
                kept = stack.pop_all()
        except psycopg.Error as error:
            raise self.trouble(error) from None
        async with kept:
            yield connection

    async def transaction(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do some work in one transaction; again while the database is away, or where it clashed.

        A connection that is lost at the end leaves open whether the work was done: it must do no harm twice.
        Raises `DatabaseAwayError` when that lasts longer than `patience`, `ClusterError` for all else.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self.patience
        wait = min(_WAIT, max(self.patience, _PAUSE))
        while True:
            try:
                with cancellable():
                    async with self.pool.connection(timeout=wait) as connection:
                        return await work(connection)
            except _CLASHES:
                continue
            except _AWAY as error:
                away = error
            except psycopg.Error as error:
                raise self.trouble(error) from error
            if loop.time() >= until:
                raise await self._why_away(away)
            await asyncio.sleep(_PAUSE)

    async def _why_away(self, error: Exception) -> ClusterError:
        # A pool knows only that it has waited; a connection of one's own tells why there is none.
        if isinstance(error, PoolTimeout):
            try:
                await self._look(checked=False)
            except ClusterError as told:
                return told
        return self.trouble(error)

    def trouble(self, error: Exception) -> ClusterError:
        """Say what the database did, without the URL."""
        said = str(error).strip().splitlines()
        words = said[0] if said else type(error).__name__
        match error:
            case errors.UndefinedTable() | errors.InvalidSchemaName() | errors.UndefinedFunction():
                return ClusterRefusedError(
                    f"{self.where}: {words}: run 'sbtransfer cluster init' on it, with this version"
                )
            case psycopg.OperationalError() | psycopg.InterfaceError() | PoolTimeout():
                return DatabaseAwayError(
                    f"{self.where}: {words}: check that the database runs, and its address, name and password"
                )
            case _:
                return ClusterError(f"{self.where}: {words}")


@contextmanager
def cancellable() -> Iterator[None]:
    """Raise a cancellation at the end that came meanwhile and was lost.

    The driver and its pool wait with `asyncio.wait_for`, which on Python 3.11 swallows a cancellation that
    comes together with what it waits for (github.com/python/cpython/issues/86296).
    """
    before = _cancellations()
    try:
        yield
    finally:
        if _cancellations() > before:
            raise asyncio.CancelledError


def _cancellations() -> int:
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def is_readable(url: str) -> bool:
    """Tell whether a URL can be taken apart, and none of its parts can be a piece of a password."""
    try:
        parts = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return False
    names = [str(parts.get("host", "")), "" if "user" in parts else str(parts.get("dbname", ""))]
    ports = str(parts.get("port", "")).split(",")
    return all("@" not in name for name in names) and all(port.isdecimal() or not port for port in ports)


def where(url: str) -> str:
    """Return the host, port and name of a database, nothing of which is secret."""
    if not is_readable(url):
        return "the database"
    parts = conninfo.conninfo_to_dict(url)
    name = parts.get("dbname") or parts.get("user")
    host = parts.get("host") or parts.get("hostaddr") or "localhost"
    return f"the database {f'{name} ' if name else ''}at {host}:{parts.get('port') or 5432}"
