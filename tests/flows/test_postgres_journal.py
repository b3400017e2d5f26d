"""A run with its journal in PostgreSQL: ended at any moment, resumed by another process, and nothing twice.

The virtual clock does not wait for a database. So all runs here are on the real one, and the platform is a
thousand times as fast as it.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sbtransfer import Client, Item, JournalRefusedError, Limits, Outcome
from sbtransfer.cluster.database import Database
from sbtransfer.cluster.journal import PostgresJournal
from sbtransfer.simulator import Durations, Platform
from sbtransfer.testing import ServedPlatform
from tests.flows.simulated import drs, exports, imports
from tests.flows.test_resume import Volume, assert_each_equal, locations, made_once
from tests.unit.cluster.runs import rows

SPEED = 1_000.0
EACH = 1_700


def mixed(each: int = EACH) -> list[Item]:
    return [item for group in zip(imports(each), exports(each), drs(each), strict=True) for item in group]


def a_platform() -> Platform:
    return Platform(durations=Durations(median=300.0, p99=900.0, pending=1.0), speed=SPEED)


def a_client(url: str, token: str) -> Client:
    limits = Limits(requests_period=300 / SPEED, drs_period=300 / SPEED)
    return Client(url, token, limits=limits, timeout=2.0)


async def resumed(
    served: ServedPlatform, items: Any, database: Database, name: str = "move", **options: Any
) -> list[Outcome]:
    async with a_client(served.url, served.platform.token) as client:
        journal = PostgresJournal(database, name)
        async with client.transfer(items, journal=journal, settle=1.0, **options) as run:
            outcomes = [outcome async for outcome in run]
    assert run.summary.adds_up
    return outcomes


def each_was_made_once(platform: Platform, each: int = EACH) -> None:
    made_once(platform)
    for kind in ("imports", "exports", "drs"):
        assert len(platform.created(kind)) == each


CHILD = """
import asyncio, sys
from sbtransfer.cluster.database import Database
from sbtransfer.cluster.journal import PostgresJournal
from tests.flows.test_postgres_journal import a_client, mixed

async def main(url, token, database):
    async with Database(database) as database, a_client(url, token) as client:
        async with client.transfer(mixed(), journal=PostgresJournal(database, "move"), settle=1.0) as run:
            async for outcome in run:
                print(outcome.index, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


def killed_after(creates: int, served: ServedPlatform, database_url: str) -> None:
    """Run in another process, and kill that when the platform has had so many creates."""
    arguments = [served.url, served.platform.token, database_url]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, *arguments], stdout=subprocess.DEVNULL, env=environment
    ) as process:
        while process.poll() is None and created(served.platform) < creates:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def created(platform: Platform) -> int:
    return sum(path.endswith("create") for _, _, path, _ in tuple(platform.requests_log))


async def test_a_process_that_is_killed_again_and_again_does_nothing_twice(database_url: str) -> None:
    items = mixed()
    with ServedPlatform(a_platform()) as served:
        for creates in (1, 14, 40):
            await asyncio.to_thread(killed_after, creates, served, database_url)
        async with Database(database_url) as database:
            outcomes = await resumed(served, items, database)
            again = await resumed(served, items, database)
        assert_each_equal(outcomes, items)
        assert all(outcome.ok for outcome in outcomes)
        each_was_made_once(served.platform)
        assert {one.index: one.file_id for one in again} == {one.index: one.file_id for one in outcomes}
        assert all(outcome.resumed for outcome in again)


@pytest.mark.parametrize("creates", [1, 9, 20])
async def test_a_run_that_is_cancelled_is_resumed(database: Database, creates: int) -> None:
    items = mixed(800)
    with ServedPlatform(a_platform()) as served:
        running = asyncio.create_task(resumed(served, items, database, grace=0))
        while created(served.platform) < creates and not running.done():
            await asyncio.sleep(0.001)
        running.cancel()
        await asyncio.wait({running})
        assert running.cancelled()
        outcomes = await resumed(served, items, database)
        assert_each_equal(outcomes, items)
        assert all(outcome.ok for outcome in outcomes)
        each_was_made_once(served.platform, 800)


async def test_runs_share_a_database_and_not_their_journals(database: Database) -> None:
    with ServedPlatform(a_platform()) as served:
        first, second = await asyncio.gather(
            resumed(served, imports(250), database, "first"),
            resumed(served, imports(150, start=250), database, "second"),
        )
        assert (len(first), len(second)) == (250, 150)
        with pytest.raises(JournalRefusedError, match="the one that the journal holds"):
            await resumed(served, imports(150, start=250), database, "first")
        assert Counter(await rows(database, "SELECT name, state FROM runs")) == Counter(
            [("first", "own"), ("second", "own")]
        )


async def test_a_second_run_with_the_same_journal_is_refused(database: Database) -> None:
    with ServedPlatform(a_platform()) as served:
        running = asyncio.create_task(resumed(served, mixed(300), database))
        while not created(served.platform) and not running.done():
            await asyncio.sleep(0.01)
        with pytest.raises(JournalRefusedError, match="another run is writing"):
            await resumed(served, mixed(300), database)
        assert len(await running) == 900
        each_was_made_once(served.platform, 300)


async def test_a_live_source_is_known_by_its_keys(database: Database) -> None:
    with ServedPlatform(a_platform()) as served:
        await resumed(served, Volume("a", "b", "c", "b"), database)
        outcomes = await resumed(served, Volume("d", "c", "a"), database)
        assert locations(outcomes) == ["a", "b", "c", "d"]
        assert len(served.platform.created("imports")) == 4
