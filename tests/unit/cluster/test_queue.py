"""The queue: each chunk sent by one worker at a time, none forgotten."""

import asyncio

import pytest

from sbtransfer.cluster.database import Database
from sbtransfer.cluster.queue import GivenBackError, Queue
from sbtransfer.errors import ClusterError
from tests.unit.cluster.runs import a_run, an_owner, execute, imports, rows

QUEUED = (
    "SELECT status::text, count(*) FROM procrastinate_jobs WHERE task_name = 'sbtransfer chunk' GROUP BY 1"
)


async def worked(queue: Queue, send, until, **options) -> None:  # type: ignore[no-untyped-def]
    """Work until something is so, then stop as a worker does."""
    stopping = asyncio.Event()
    task = asyncio.create_task(queue.work(send, stopping, **{"concurrency": 2, "ttl": 2.0} | options))
    while not until() and not task.done():
        await asyncio.sleep(0.01)
    stopping.set()
    await task


@pytest.mark.parametrize("turns", range(12))
async def test_one_that_has_only_begun_can_be_stopped(database: Database, turns: int) -> None:
    """At whichever moment of its beginning it is told: told once, procrastinate's worker may forget it."""

    async def send(run: int, number: int) -> None:
        raise AssertionError("there is nothing to send")

    stopping = asyncio.Event()
    queue = Queue(database, await an_owner(database))
    task = asyncio.create_task(queue.work(send, stopping, concurrency=1, ttl=30.0))
    for _ in range(turns):
        await asyncio.sleep(0.002)
    stopping.set()
    await task
    assert await rows(database, "SELECT id FROM procrastinate_workers") == []


async def test_one_that_is_cancelled_leaves_no_task(database: Database) -> None:
    await a_run(database, imports(1))
    began = asyncio.Event()

    async def send(run: int, number: int) -> None:
        began.set()
        raise GivenBackError("the worker stops")

    queue = Queue(database, await an_owner(database))
    task = asyncio.create_task(queue.work(send, asyncio.Event(), concurrency=1, ttl=30.0))
    await began.wait()
    before = asyncio.all_tasks()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() <= before - {task}


async def test_every_chunk_is_sent_once_and_gone(database: Database) -> None:
    run = await a_run(database, imports(450))
    sent: list[tuple[int, int]] = []

    async def send(run: int, number: int) -> None:
        sent.append((run, number))

    await worked(Queue(database, await an_owner(database)), send, lambda: len(sent) == 5)
    assert sorted(sent) == [(run, number) for number in range(5)]
    assert await rows(database, QUEUED) == []


async def test_chunks_are_for_their_owners_workers_alone(database: Database) -> None:
    await a_run(database, imports(1), owner="olga")
    mine = await a_run(database, imports(1))
    sent: list[int] = []

    async def send(run: int, number: int) -> None:
        sent.append(run)

    await worked(Queue(database, await an_owner(database)), send, lambda: bool(sent))
    assert sent == [mine]
    assert await rows(database, QUEUED) == [("todo", 1)]


async def test_what_was_given_back_or_failed_is_sent_again(database: Database) -> None:
    await a_run(database, imports(150))
    sent: list[int] = []

    async def send(run: int, number: int) -> None:
        sent.append(number)
        if sent.count(number) == 1:
            raise GivenBackError("the worker stops")

    await worked(Queue(database, await an_owner(database)), send, lambda: len(sent) == 4)
    assert sorted(sent) == [0, 0, 1, 1]


async def test_whatever_goes_wrong_no_chunk_is_forgotten(database: Database) -> None:
    await a_run(database, imports(1))
    sent: list[int] = []

    async def send(run: int, number: int) -> None:
        sent.append(number)
        raise ClusterError("something")

    await worked(Queue(database, await an_owner(database)), send, lambda: bool(sent))
    assert await rows(database, QUEUED) == [("todo", 1)]


async def test_a_dead_workers_chunk_is_sent_by_another(database: Database) -> None:
    """As kill -9 leaves it: taken, and its worker heard of no more."""
    await a_run(database, imports(1))
    await execute(
        database,
        "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat)"
        " VALUES (clock_timestamp() - interval '1 hour') RETURNING id)"
        " UPDATE procrastinate_jobs SET status = 'doing', worker_id = dead.id FROM dead",
    )
    sent: list[int] = []

    async def send(run: int, number: int) -> None:
        sent.append(number)

    await worked(Queue(database, await an_owner(database)), send, lambda: bool(sent), ttl=1.0)
    assert sent == [0]


async def test_chunks_whose_items_wait_again_are_queued_again_once(database: Database) -> None:
    run, queue = await a_run(database, imports(250)), Queue(database, await an_owner(database))
    await execute(database, "DELETE FROM procrastinate_jobs")
    await execute(database, "UPDATE chunks SET again = true WHERE number <> 1")
    assert await queue.put_again() == 2
    assert await queue.put_again() == 0
    jobs = await rows(
        database, "SELECT (args ->> 'run')::bigint, (args ->> 'number')::int, lock FROM procrastinate_jobs"
    )
    assert sorted(jobs) == [(run, number, f"sbtransfer {run}:{number}") for number in (0, 2)]


async def test_one_that_is_queued_already_may_be_queued_again(database: Database) -> None:
    await a_run(database, imports(1))
    await execute(database, "UPDATE chunks SET again = true")
    assert await Queue(database, await an_owner(database)).put_again() == 1
    assert await rows(database, QUEUED) == [("todo", 2)]
