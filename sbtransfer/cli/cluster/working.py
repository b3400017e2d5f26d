"""One worker of a cluster, and what it says of its work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

from attrs import frozen
from rich.console import Console

from sbtransfer.cli.cluster.database import DatabaseURL
from sbtransfer.cli.cluster.opening import client_options, cluster_at, limits_of
from sbtransfer.cli.cluster.telling import Telling, leaving
from sbtransfer.cli.connection import Connection
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.loop import run as run_loop
from sbtransfer.cli.options import Rate
from sbtransfer.cli.preflight import rate_limit_of
from sbtransfer.client import Client
from sbtransfer.cluster.cluster import Cluster
from sbtransfer.cluster.status import RunStatus
from sbtransfer.cluster.worker import Worker
from sbtransfer.errors import ClusterError

_SECONDS = 0.25
"""Between two looks at what a worker is; they ask nobody."""


@frozen(kw_only=True)
class Working:
    """How a worker works, as its command was given."""

    concurrency: int
    until_done: bool
    requests_limit: Rate
    drs_limit: Rate
    lag: float | None
    settle: float
    grace: float
    verify_drs: bool
    resend_ambiguous: bool
    quiet: bool

    @property
    def of_the_worker(self) -> dict[str, Any]:
        """The options of `Worker` beside those of its client."""
        names = ("concurrency", "until_done", "settle", "grace", "verify_drs", "resend_ambiguous")
        return {name: getattr(self, name) for name in names}


def work_at(console: Console, connection: Connection, database: DatabaseURL, working: Working) -> Exit:
    """Work until stopped, or until all is done; return how the runs of that time ended."""
    limits = limits_of(working.requests_limit, working.drs_limit)
    client = client_options(connection, limits) | {"polling": working.lag}

    async def main() -> Exit:
        async with cluster_at(database) as cluster:
            await _look_first(client, connection.connect_timeout)
            worker = cluster.worker(client=client, **working.of_the_worker)
            return await _worked(cluster, worker, Telling(console, quiet=working.quiet))

    return run_loop(main(), partial(leaving, console))


async def _look_first(client: dict[str, Any], connect_timeout: float) -> None:
    """See that the platform takes the token, by the one question that no limit counts."""
    async with Client(**client) as one:
        await rate_limit_of(one, connect_timeout)


async def _worked(cluster: Cluster, worker: Worker, telling: Telling) -> Exit:
    finished_before = [run.id for run in await cluster.runs() if run.is_finished]
    async with _telling(worker, telling):
        await worker.run()
    runs = [run for run in await worker.runs() if run.id not in finished_before]
    telling.ended(runs)
    return code_of(runs)


def code_of(runs: Collection[RunStatus]) -> Exit:
    """Return the exit code of a worker, by the runs that were not finished when it began."""
    return Exit.COMPLETED if all(run.ok for run in runs) else Exit.INCOMPLETE


@asynccontextmanager
async def _telling(worker: Worker, telling: Telling) -> AsyncIterator[None]:
    """Say what happens until the block ends."""
    task = asyncio.create_task(_tell(worker, telling))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _tell(worker: Worker, telling: Telling) -> None:
    while worker.owner is None:  # noqa: ASYNC110  what it is, it says to nobody
        await asyncio.sleep(_SECONDS)
    telling.began(worker.owner, worker.concurrency)
    with _going_on(telling):
        telling.found(await worker.runs())
    loop = asyncio.get_running_loop()
    told = loop.time()
    while True:
        await asyncio.sleep(_SECONDS)
        telling.role(leads=worker.leads)
        if loop.time() - told >= telling.every:
            with _going_on(telling):
                await _progress(worker, telling)
            told = loop.time()


async def _progress(worker: Worker, telling: Telling) -> None:
    """Tell how the runs stand, if this is the follower: to count the items of long lists takes a while."""
    if worker.leads:
        telling.stand(await worker.runs())
    else:
        telling.sent(worker.sent)


@contextmanager
def _going_on(telling: Telling) -> Iterator[None]:
    """Go on after trouble with the database: the worker itself waits for it, too."""
    try:
        yield
    except ClusterError as error:
        telling.trouble(error)
