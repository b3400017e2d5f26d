"""The one database of a cluster: a pool of connections, and transactions that outlive a restart of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
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

# A host that is cut off is missed within half a minute: its locks must not stay with a dead connection.
_OPTIONS = f"-c search_path={SCHEMA}" + "".join(
    f" -c tcp_keepalives_{name}={number}" for name, number in (("idle", 10), ("interval", 5), ("count", 3))
)


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
            kwargs={"options": _OPTIONS},
            min_size=1,
            max_size=self.most_connections,
            open=False,
            check=AsyncConnectionPool.check_connection,
            timeout=5.0,
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
        try:
            connection = await psycopg.AsyncConnection.connect(
                self.url, autocommit=True, options=_OPTIONS, connect_timeout=10
            )
        except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
            raise self.trouble(error) from None
        async with connection:
            yield connection

    async def transaction(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do some work in one transaction; again while the database is away, or where it clashed.

        A connection that is lost at the end leaves open whether the work was done: it must do no harm twice.
        Raises `DatabaseAwayError` when that lasts longer than `patience`, `ClusterError` for all else.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self.patience
        while True:
            try:
                async with self.pool.connection() as connection:
                    return await work(connection)
            except _CLASHES:
                continue
            except _AWAY as error:
                if loop.time() >= until:
                    raise self.trouble(error) from None
            except psycopg.Error as error:
                raise self.trouble(error) from error
            await asyncio.sleep(_PAUSE)

    def trouble(self, error: Exception) -> ClusterError:
        """Say what the database did, without the URL."""
        said = str(error).strip().splitlines()
        words = said[0] if said else type(error).__name__
        match error:
            case errors.UndefinedTable() | errors.InvalidSchemaName() | errors.UndefinedFunction():
                return ClusterRefusedError(
                    f"{self.where}: {words}: run 'sbtransfer cluster init' on it, with this version"
                )
            case psycopg.ProgrammingError(sqlstate=None):
                return ClusterRefusedError(
                    f"the database URL cannot be read ({_without_secrets(words)}); it looks like"
                    " postgresql://user@host:5432/name"
                )
            case psycopg.OperationalError() | psycopg.InterfaceError() | PoolTimeout():
                return DatabaseAwayError(
                    f"{self.where}: {_without_secrets(words)}: check that the database runs, and its address,"
                    " name and password"
                )
            case _:
                return ClusterError(f"{self.where}: {words}")


def where(url: str) -> str:
    """Return the host, port and name of a database, nothing of which is secret."""
    try:
        parts: dict[str, Any] = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return "the database"
    host = parts.get("host") or "localhost"
    return (
        f"the database {parts.get('dbname') or parts.get('user') or ''} at {host}:{parts.get('port') or 5432}"
    )


def _without_secrets(words: str) -> str:
    return words if "://" not in words and "password=" not in words else "its text is not shown here"
