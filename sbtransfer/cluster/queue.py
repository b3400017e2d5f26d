"""The queue of chunks: procrastinate's, with one job a chunk, in the database and schema of all else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from attrs import define, field
from procrastinate import App, PsycopgConnector, exceptions
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.schema import SchemaManager
from procrastinate.worker import Worker

from sbtransfer import events
from sbtransfer.cluster.database import Database
from sbtransfer.cluster.schema import Connection
from sbtransfer.errors import ClusterError, ClusterRefusedError, SessionLostError

CHUNK_TASK = "sbtransfer chunk"
RESCUE_TASK = "sbtransfer rescue"
_AT_ONCE = 1000
_RETRY_SECONDS = 5
_PAUSE = 0.1


class GivenBackError(ClusterError):
    """A worker stops before all of a chunk was sent: the rest of it goes back to the queue."""


class _Retry(BaseRetryStrategy):
    """Lets a chunk be sent by another worker, whatever kept this one from it: no item may be forgotten.

    What the platform refuses is an outcome, never an error of the job.
    """

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:  # noqa: ARG002
        at_once = isinstance(exception, GivenBackError | SessionLostError) or not isinstance(
            exception, Exception
        )
        return RetryDecision(retry_in={"seconds": 0 if at_once else _RETRY_SECONDS})


async def migrate_queue(connection: Connection) -> None:
    """Make the tables of procrastinate, or bring them up to date, within the caller's transaction."""
    known, applied = _migrations(), await _applied(connection)
    if applied is None:
        await connection.execute(SchemaManager.get_schema())
    for migration in known:
        if applied is not None and migration.name > applied:
            await connection.execute(migration.read_bytes())
    await connection.execute("DELETE FROM queue_version")
    await connection.execute("INSERT INTO queue_version VALUES (%s)", (max(known[-1].name, applied or ""),))


async def check_queue(connection: Connection) -> None:
    """Raise `ClusterRefusedError` unless the tables are those of the procrastinate that is installed."""
    newest, applied = _migrations()[-1].name, await _applied(connection)
    if applied is None or applied < newest:
        raise ClusterRefusedError(
            f"the database has the queue of an earlier procrastinate ({applied or 'none'}, this one needs"
            f" {newest}): end all workers, then run 'sbtransfer cluster init' on it"
        )
    if applied > newest:
        raise ClusterRefusedError(
            f"the database has the queue of a later procrastinate ({applied}, this one knows {newest}):"
            " update procrastinate on this machine"
        )


async def _run(worker: Worker, stopping: asyncio.Event) -> None:
    """Run procrastinate's worker until told to stop."""
    running: asyncio.Future[Any] = asyncio.ensure_future(worker.run())  # type: ignore[no-untyped-call]
    stopped: asyncio.Future[Any] = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
        while not running.done():
            # Told again: one that has only begun forgets it, and swallows a cancellation, too.
            worker.stop()  # type: ignore[no-untyped-call]
            await asyncio.wait({running}, timeout=_PAUSE)
        await running
    finally:
        stopped.cancel()
        while not running.done():
            worker.stop()  # type: ignore[no-untyped-call]
            running.cancel()
            await asyncio.wait({running}, timeout=_PAUSE)


def _migrations() -> list[Path]:
    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))


async def _applied(connection: Connection) -> str | None:
    row = await (await connection.execute("SELECT migration FROM queue_version")).fetchone()
    return None if row is None else str(row[0])


@define(eq=False)
class Queue:
    """The chunks of one owner that wait to be sent, as all workers see them.

    Membership of a chunk is fixed when its list is submitted. A chunk is sent by one worker at a time
    (`lock`), and a new one is queued once (`queueing_lock`, and the table of chunks).
    """

    database: Database
    owner: int
    _connector: PsycopgConnector = field(init=False, factory=PsycopgConnector)

    @property
    def name(self) -> str:
        """What procrastinate calls it."""
        return f"sbtransfer owner {self.owner}"

    async def _manager(self) -> JobManager:
        await self._connector.open_async(self.database.pool)
        return JobManager(self._connector)

    async def put(self, connection: Connection, chunks: Sequence[tuple[int, int]], *, new: bool) -> None:
        """Queue chunks, each a run and a number in it, within the caller's transaction.

        Those that are not new may be queued already, and are then found to have nothing left to send.
        """
        manager = await self._manager()
        for start in range(0, len(chunks), _AT_ONCE):
            jobs = [self._job(run, number, new=new) for run, number in chunks[start : start + _AT_ONCE]]
            await manager.batch_defer_jobs_async(jobs, connection=connection)

    def _job(self, run: int, number: int, *, new: bool) -> Job:
        lock = f"sbtransfer {run}:{number}"
        return Job(
            queue=self.name,
            task_name=CHUNK_TASK,
            lock=lock,
            queueing_lock=lock if new else None,
            task_kwargs={"run": run, "number": number},
        )

    async def put_again(self) -> int:
        """Queue the chunks of which items wait again; return how many those are."""
        return await self.database.transaction(self._put_again)

    async def _put_again(self, connection: Connection) -> int:
        rows = await connection.execute(
            "UPDATE chunks SET again = false FROM runs"
            " WHERE chunks.again AND runs.id = chunks.run AND runs.owner = %s"
            " RETURNING chunks.run, chunks.number",
            (self.owner,),
        )
        chunks = [(run, number) for run, number in await rows.fetchall()]
        await self.put(connection, chunks, new=False)
        return len(chunks)

    async def work(
        self,
        send: Callable[[int, int], Awaitable[None]],
        stopping: asyncio.Event,
        *,
        concurrency: int,
        ttl: float,
    ) -> None:
        """Send chunks until told to stop; those that were begun are ended first, unless it is cancelled.

        Chunks of workers that were not heard of for `ttl` seconds are put back into the queue now and then.
        Raises `ClusterError` where the database does not answer.
        """
        await self._manager()
        app = App(connector=self._connector)
        app.task(name=CHUNK_TASK, retry=_Retry())(send)

        # Every few seconds one worker looks after all others; the sixth field of cron is seconds.
        @app.periodic(cron=f"* * * * * */{max(round(ttl / 3), 1)}", periodic_id=self.name)
        @app.task(name=RESCUE_TASK, queue=self.name, queueing_lock=f"{self.name} rescue", priority=1)
        async def rescue(timestamp: int) -> None:  # noqa: ARG001  procrastinate tells every periodic task
            await self.rescue(ttl)

        worker = Worker(
            app,
            queues=[self.name],
            name="sbtransfer",
            concurrency=concurrency,
            delete_jobs="successful",
            install_signal_handlers=False,
            update_heartbeat_interval=ttl / 4,
            stalled_worker_timeout=ttl,
            fetch_job_polling_interval=min(5.0, ttl / 4),
        )
        try:
            await _run(worker, stopping)
        except exceptions.ConnectorException as error:
            raise ClusterError(f"{self.database.where}: the queue cannot be read: {error}") from error

    async def rescue(self, ttl: float) -> int:
        """Put chunks back whose worker has died; return how many."""
        manager = await self._manager()
        stalled = list(await manager.get_stalled_jobs(queue=self.name, seconds_since_heartbeat=ttl))
        for job in stalled:
            events.CHUNK_RETURNED.tell(
                cluster_run=job.task_kwargs.get("run"), chunk=job.task_kwargs.get("number")
            )
            await manager.retry_job(job)
        return len(stalled)
