"""One process's side of a shared budget; what all of them come to is for `test_budget.py`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from sbtransfer.budget import WEIGHTS, Grant
from sbtransfer.cluster.budget import SharedBudget
from sbtransfer.cluster.database import Database
from sbtransfer.cluster.leased import LeasedBudget
from sbtransfer.cluster.schema import Connection
from sbtransfer.errors import ClusterError, SessionLostError, UsageError
from sbtransfer.limits import Limits
from tests.postgres import Server
from tests.unit.cluster.windows import ROSA, rosa

LONG = 300.0
MOMENT = 0.5


@asynccontextmanager
async def a_budget(
    database: Database, capacity: int = 100, period: float = LONG, ttl: float = 30.0
) -> AsyncIterator[LeasedBudget]:
    """A budget of DRS files: of the requests, one is spent on the question who it is."""
    shared = SharedBudget(database, ttl)
    _, budget = shared.bind(ROSA.endpoint, Limits(drs_files=capacity, drs_period=period), rosa)
    assert isinstance(budget, LeasedBudget)
    try:
        yield budget
    finally:
        await shared.aclose()


async def leases(database: Database) -> list[int]:
    async def work(connection: Connection) -> list[int]:
        found = await connection.execute("SELECT amount FROM leases WHERE name = 'files' ORDER BY session")
        return [amount for (amount,) in await found.fetchall()]

    return await database.transaction(work)


async def spends(database: Database) -> int:
    async def work(connection: Connection) -> int:
        found = await connection.execute("SELECT coalesce(sum(amount), 0) FROM spends WHERE name = 'files'")
        row = await found.fetchone()
        return int(row[0]) if row else 0

    return await database.transaction(work)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await condition():
            await asyncio.sleep(0.01)


async def waits(budget: LeasedBudget, amount: int, *, partial: bool = False) -> "asyncio.Task[Grant]":
    """Ask for tokens that are not to be had just now."""
    task = asyncio.create_task(budget.acquire(amount, partial=partial))
    await asyncio.sleep(MOMENT)
    assert not task.done()
    return task


# Batches -------------------------------------------------------------------------------------------------


async def test_tokens_are_leased_in_batches(database: Database) -> None:
    async with a_budget(database, capacity=1000) as budget:
        grants = [await budget.acquire() for _ in range(40)]
        # Two batches of 20, and what was told of the time before.
        assert budget.exchanges <= 4
        assert budget.left == 960
        assert await leases(database) == [40]
        for grant in grants:
            grant.answered()


async def test_many_who_wait_are_served_at_once(database: Database) -> None:
    async with a_budget(database) as budget:
        await budget.acquire()
        exchanges = budget.exchanges
        grants = await asyncio.gather(*(budget.acquire(3) for _ in range(30)))
        assert sum(grant.amount for grant in grants) == 90
        assert budget.exchanges <= exchanges + 2


async def test_what_nobody_uses_is_given_back(database: Database) -> None:
    async with a_budget(database, capacity=1000) as budget:
        await budget.acquire()
        assert await leases(database) == [20]

        async def given_back() -> bool:
            return await leases(database) == [1]

        await until(given_back)
        assert budget.left == 999


async def test_an_idle_process_leaves_the_database_alone(database: Database) -> None:
    async with a_budget(database, period=1.0) as budget:
        (await budget.acquire()).answered()
        await asyncio.sleep(MOMENT)
        exchanges = budget.exchanges
        await asyncio.sleep(2 * MOMENT)
        assert budget.exchanges == exchanges


async def test_who_waits_long_does_not_ask_all_the_time(database: Database) -> None:
    async with a_budget(database, capacity=10) as budget:
        grant = await budget.acquire(10)
        grant.answered()
        task = await waits(budget, 5)
        exchanges = budget.exchanges
        await asyncio.sleep(2 * MOMENT)
        assert budget.exchanges <= exchanges + 1
        task.cancel()


# What becomes of tokens ----------------------------------------------------------------------------------


async def test_answers_are_told_before_long_and_all_of_them_at_the_end(database: Database) -> None:
    async with a_budget(database, ttl=1.0) as budget:
        first, second, lost = [await budget.acquire(10) for _ in range(3)]
        first.answered(refund=4)

        async def told() -> bool:
            return await spends(database) == 6

        await until(told)
        second.answered()
    assert await spends(database) == 16
    # Nobody knows what became of the last call.
    assert await leases(database) == [10]
    lost.give_back()
    assert lost.settled


async def test_refunds_and_calls_that_were_never_sent_are_free_at_once(database: Database) -> None:
    async with a_budget(database) as budget:
        one, other = await budget.acquire(60), await budget.acquire(40)
        task = await waits(budget, 70)
        one.answered(refund=50)
        other.give_back()
        other.answered()
        grant = await task
        assert grant.amount == 70
        assert not grant.settled
    assert await spends(database) == 10


async def test_tokens_come_back_after_their_period(database: Database) -> None:
    async with a_budget(database, period=1.0) as budget:
        loop = asyncio.get_running_loop()
        (await budget.acquire(100)).answered()
        answered = loop.time()
        await budget.acquire(100)
        assert loop.time() >= answered + 1.0


async def test_a_charge_counts_and_may_be_more_than_there_is(database: Database) -> None:
    async with a_budget(database) as budget:
        (await budget.acquire(60)).answered()
        budget.charge(70)
        assert budget.left <= 0
        await waits(budget, 1)
        assert await spends(database) == 130


async def test_a_charge_of_long_ago_is_over(database: Database) -> None:
    async with a_budget(database) as budget:
        budget.charge(90, ago=LONG + 1.0)
        assert (await budget.acquire(100)).amount == 100


# Fewer than were asked for -------------------------------------------------------------------------------


async def test_a_part_is_taken_rather_than_left_unused(database: Database) -> None:
    async with a_budget(database) as budget:
        (await budget.acquire(70)).answered()
        assert (await budget.acquire(100, partial=True)).amount == 30


async def test_more_than_there_ever_is_can_be_asked_for_in_part(database: Database) -> None:
    async with a_budget(database) as budget:
        assert (await budget.acquire(1000, partial=True)).amount == 100


async def test_a_part_is_never_nothing(database: Database) -> None:
    async with a_budget(database) as budget:
        grant = await budget.acquire(100)
        task = await waits(budget, 100, partial=True)
        grant.answered(refund=25)
        assert (await task).amount == 25


async def test_without_partial_the_whole_is_waited_for_and_nothing_is_held(database: Database) -> None:
    async with a_budget(database) as one, a_budget(database) as other:
        (await one.acquire(50)).answered()
        await waits(one, 51)
        assert (await other.acquire(50)).amount == 50


@pytest.mark.parametrize(("amount", "fewer"), [(101, False), (0, False), (-1, True)])
async def test_impossible_amounts(database: Database, amount: int, fewer: bool) -> None:
    async with a_budget(database) as budget:
        with pytest.raises(UsageError, match=str(amount)):
            await budget.acquire(amount, partial=fewer)


# Whose turn it is ----------------------------------------------------------------------------------------


async def test_shares_are_served_by_their_weight(database: Database) -> None:
    async with a_budget(database, capacity=110) as budget:
        # From then on all shares are level.
        grants = [await budget.acquire(int(10 * weight), share) for share, weight in WEIGHTS.items()]
        served = []

        async def ask(share: str) -> None:
            await budget.acquire(1, share)  # type: ignore[arg-type]
            served.append(share)

        async with asyncio.TaskGroup() as group:
            for share in WEIGHTS:
                for _ in range(25):
                    group.create_task(ask(share))
            await asyncio.sleep(0)
            for grant in grants[:3]:
                grant.give_back()
        first = served[:44]
        assert {share: first.count(share) for share in WEIGHTS} == {
            "submit": 16,
            "poll": 16,
            "recover": 8,
            "list": 4,
        }


async def test_a_cancelled_waiter_lets_the_next_one_pass(database: Database) -> None:
    async with a_budget(database) as budget:
        await budget.acquire(50)
        first, second = await waits(budget, 60), await waits(budget, 50)
        first.cancel()
        assert (await second).amount == 50


async def test_a_waiter_cancelled_after_its_grant_gives_it_back(database: Database) -> None:
    async with a_budget(database) as budget:
        grant = await budget.acquire(100)
        task = await waits(budget, 100)
        grant.give_back()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await budget.acquire(100)).amount == 100


# What the platform leaves --------------------------------------------------------------------------------


async def test_what_the_platform_leaves_is_a_ceiling_in_all_processes(database: Database) -> None:
    async with a_budget(database, ttl=8.0) as one, a_budget(database, ttl=8.0) as other:
        grant = await one.acquire(10)
        one.observe(30, 1.0, 100.0)
        grant.answered()
        assert (await one.acquire(100, partial=True)).amount == 30
        task = await waits(other, 1)
        assert other.more_in is not None
        assert 50.0 < other.more_in <= 100.0
        one.observe(95, 2.0, 100.0)
        one.charge(1)
        await task


async def test_tokens_at_hand_are_under_the_ceiling_too(database: Database) -> None:
    async with a_budget(database, capacity=1000) as budget:
        (await budget.acquire()).answered()
        budget.observe(0, 2.0, 100.0)
        budget.observe(500, 1.0, 100.0)  # An answer that was overtaken.
        await waits(budget, 1)


async def test_a_budget_tells_how_it_stands(database: Database) -> None:
    async with a_budget(database) as budget:
        assert (budget.left, budget.more_in, budget.spare) == (100, None, 1.0)
        (await budget.acquire(60)).answered()
        await waits(budget, 41)
        assert (budget.left, budget.spare) == (40, 0.0)
        assert budget.more_in is not None
        assert LONG - 30 < budget.more_in <= LONG
        assert repr(budget) == "<LeasedBudget 0 of 100 files at hand, 1 waiting, 300 s>"


# The end -------------------------------------------------------------------------------------------------


async def test_a_closed_budget_lets_nobody_wait(database: Database) -> None:
    async with a_budget(database) as budget:
        await budget.acquire(100)
        task = await waits(budget, 1)
    with pytest.raises(UsageError, match="closed"):
        await task
    with pytest.raises(SessionLostError, match="closed"):
        await budget.acquire()


async def test_a_short_absence_of_the_database_is_waited_for(
    own_postgres: Server, own_database_url: str
) -> None:
    async with Database(own_database_url) as database, a_budget(database) as budget:
        await budget.acquire(50)
        await asyncio.to_thread(own_postgres.stop)
        task = await waits(budget, 50)
        await asyncio.to_thread(own_postgres.start)
        assert (await task).amount == 50
        assert await leases(database) == [100]


async def test_who_waits_for_tokens_of_a_lost_session_is_told(
    own_postgres: Server, own_database_url: str
) -> None:
    async with Database(own_database_url) as database, a_budget(database, ttl=2.0) as budget:
        await budget.acquire(50)
        await asyncio.to_thread(own_postgres.stop)
        waiting = [asyncio.create_task(budget.acquire(60)) for _ in range(3)]
        for task in waiting:
            with pytest.raises(SessionLostError, match="sends nothing more"):
                await task
        with pytest.raises(SessionLostError):
            await budget.acquire()
        await asyncio.to_thread(own_postgres.start)


async def test_an_error_of_the_database_goes_to_who_waits(database: Database) -> None:
    async with a_budget(database, ttl=8.0) as budget:
        grant = await budget.acquire(100)
        task = await waits(budget, 1)

        async def spoil(connection: Connection) -> None:
            await connection.execute("ALTER TABLE spends RENAME TO lost")

        await database.transaction(spoil)
        grant.answered(refund=0)
        with pytest.raises(ClusterError, match="spends"):
            await task
        with suppress(ClusterError):
            await budget.acquire(1)
