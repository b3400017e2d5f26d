"""Many processes and hosts on one token and one list, through one PostgreSQL database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Self

import sbtransfer.cluster.results as results
import sbtransfer.cluster.schema as schema
from sbtransfer.client import Client
from sbtransfer.cluster.budget import SharedBudget
from sbtransfer.cluster.database import Database
from sbtransfer.cluster.journal import PostgresJournal
from sbtransfer.cluster.queue import Queue, check_queue, migrate_queue
from sbtransfer.cluster.schema import Connection
from sbtransfer.cluster.session import owner_id
from sbtransfer.cluster.status import RunStatus, no_such_run, read_run, read_runs
from sbtransfer.cluster.submission import Submission
from sbtransfer.cluster.worker import Worker
from sbtransfer.errors import ClusterRefusedError
from sbtransfer.models import Outcome
from sbtransfer.sources.source import Source


class Cluster:
    """The database at `url` (`postgresql://user@host/name`), to be used as an async context manager.

    While the database is away, what is asked of it is tried again for `patience` seconds. Opening raises
    `DatabaseAwayError`, and `ClusterRefusedError` for a database that is too old, not initialised, or of
    another version. No token ever reaches the database.
    """

    def __init__(self, url: str, *, patience: float = 60.0) -> None:
        self.database = Database(url, patience)

    def __repr__(self) -> str:
        return f"<Cluster {self.database.where}>"

    @classmethod
    async def init(cls, url: str) -> int:
        """Make the tables in a database, or bring those of an earlier version up to date.

        Returns the version that there was: 0 if there was none, `schema.VERSION` if nothing was to be done.
        Raises `ClusterRefusedError` for a server that is too old and for tables of a later version.
        """
        database = Database(url)
        await database.open(checked=False)
        try:
            return await database.transaction(_init)
        finally:
            await database.aclose()

    async def __aenter__(self) -> Self:
        await self.database.open()
        try:
            await self.database.transaction(check_queue)
        except BaseException:
            await self.database.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.database.aclose()

    async def submit(
        self,
        items: Source,
        client: Client,
        *,
        name: str | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> int:
        """Submit a list for the user of a client's token; return the number of its run at once.

        All of it is submitted in one transaction, or nothing: workers see it when it is complete. Which items
        share a call is fixed here. A `name` is unique for its owner, so that a list which is submitted twice
        by mistake is refused (`ClusterRefusedError`). `notes` are kept with the run.
        """
        username = (await client.user()).username

        async def know(connection: Connection) -> int:
            return await owner_id(connection, client.endpoint, username)

        queue = Queue(self.database, await self.database.transaction(know))
        return await Submission(self.database, queue, name, notes or {}).put(items)

    async def status(self, run: int) -> RunStatus:
        """Return how a run stands; raises `ClusterRefusedError` if there is none of that number."""
        return await self.database.transaction(lambda connection: read_run(connection, run))

    async def runs(self) -> list[RunStatus]:
        """Return how all runs stand, the oldest first."""
        return await self.database.transaction(read_runs)

    async def results(self, run: int, *, follow: bool = False, every: float = 1.0) -> AsyncIterator[Outcome]:
        """Yield the outcomes of a run that there are, in the order of its list.

        With `follow` as they come, until there will be no more; what is new is looked for once in `every`
        seconds. One whose item was tried again comes again: the last one of an index counts.
        """
        await self.status(run)
        database = self.database
        async for outcome in (
            results.followed(database, run, every) if follow else results.known(database, run)
        ):
            yield outcome

    async def cancel(self, run: int) -> RunStatus:
        """Send nothing more of a run. What is under way goes on on the platform, and is followed to its end.

        Raises `ClusterRefusedError` if there is no such run, or if it is the journal of one process.
        """

        async def work(connection: Connection) -> RunStatus:
            found = await connection.execute("SELECT state FROM runs WHERE id = %s FOR UPDATE", (run,))
            row = await found.fetchone()
            if row is None:
                raise await no_such_run(connection, run)
            if row[0] == "own":
                raise ClusterRefusedError(
                    f"run {run} is the journal of one process: end that process instead"
                )
            await connection.execute(
                "UPDATE runs SET state = 'cancelled' WHERE id = %s AND state = 'running'", (run,)
            )
            return await read_run(connection, run)

        return await self.database.transaction(work)

    def journal(self, name: str) -> PostgresJournal:
        """Return a journal for `Client.transfer` that lies in this database, under a name of its own."""
        return PostgresJournal(self.database, name)

    def budget(self, *, ttl: float = 30.0) -> SharedBudget:
        """Return what `Client(budget=…)` takes, to share its limits with all others of the same user here."""
        return SharedBudget(self.database, ttl=ttl)

    def worker(self, **options: Any) -> Worker:
        """Return a worker for this database; `options` are those of `Worker`."""
        return Worker(database=self.database, **options)


async def _init(connection: Connection) -> int:
    before = await schema.migrate(connection)
    await migrate_queue(connection)
    return before
