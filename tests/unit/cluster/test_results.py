"""Outcomes out of the database: in the order of the list, or as they come, none passed over."""

import asyncio

import psycopg

from sbtransfer import OutcomeState
from sbtransfer.cluster.database import Database
from sbtransfer.cluster.results import followed, known
from tests.unit.cluster.runs import a_run, ended, execute, has_job, imports


async def test_what_there_is_comes_in_the_order_of_the_list(database: Database) -> None:
    items = imports(4)
    run = await a_run(database, items)
    await a_run(database, items)
    for index in (2, 0, 3):
        await has_job(database, run, index)
        await ended(database, run, index, 1 if index == 3 else 0)
    found = [outcome async for outcome in known(database, run)]
    assert [(one.index, one.item, one.job_id) for one in found] == [
        (index, items[index], f"job {index}") for index in (0, 2, 3)
    ]
    assert [one.state for one in found] == [OutcomeState.COMPLETED] * 2 + [OutcomeState.FAILED]
    assert {one.resumed for one in found} == {False}


async def test_more_than_a_page(database: Database) -> None:
    run = await a_run(database, imports(2500))
    await execute(database, "INSERT INTO outcomes (id, state, attempts) SELECT id, 0, 1 FROM items")
    assert [one.index async for one in known(database, run)] == list(range(2500))
    assert [one.index async for one in followed(database, run, 0.01)] == list(range(2500))


async def test_followed_ones_come_until_there_will_be_no_more(database: Database) -> None:
    run = await a_run(database, imports(3))
    await ended(database, run, 1)
    found: list[int] = []

    async def follow() -> None:
        async for outcome in followed(database, run, 0.01):
            found.append(outcome.index)

    task = asyncio.create_task(follow())
    while not found:
        await asyncio.sleep(0.01)
    assert found == [1]
    await ended(database, run, 2)
    await ended(database, run, 0)
    await task
    assert found == [1, 2, 0]


async def test_one_that_commits_late_is_not_passed_over(database: Database, database_url: str) -> None:
    run = await a_run(database, imports(2))
    late = await psycopg.AsyncConnection.connect(database_url, options="-c search_path=sbtransfer")
    async with late:
        # It begins first, and is seen last.
        await late.execute("INSERT INTO outcomes (id, state, attempts) VALUES (%s, 0, 1)", (run << 32,))
        await ended(database, run, 1)
        found: list[int] = []

        async def follow() -> None:
            async for outcome in followed(database, run, 0.01):
                found.append(outcome.index)

        task = asyncio.create_task(follow())
        await asyncio.sleep(0.1)
        await late.commit()
        await task
    assert sorted(found) == [0, 1]


async def test_of_a_cancelled_run_those_come_that_there_will_be(database: Database) -> None:
    run = await a_run(database, imports(3))
    await ended(database, run, 1)
    await execute(database, "UPDATE runs SET state = 'cancelled'")
    assert [one.index async for one in followed(database, run, 0.01)] == [1]
