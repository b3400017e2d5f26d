"""What all processes that share a budget come to."""

import asyncio
import random
import sys
from collections.abc import Iterator

import pytest

from sbtransfer import Client, Limits, OutageError, UnauthorizedError, VolumeImport
from sbtransfer.budget import Unlimited
from sbtransfer.cluster.budget import SharedBudget
from sbtransfer.cluster.database import Database
from sbtransfer.cluster.leased import LeasedBudget
from sbtransfer.cluster.schema import Connection
from sbtransfer.errors import ClusterRefusedError, SessionLostError, UsageError
from sbtransfer.journal import Owner
from sbtransfer.simulator import Durations, Platform
from sbtransfer.testing import ServedPlatform
from tests.unit.cluster.windows import ROOT, ROSA, fullest, rosa, spend, started, told

TOKEN = "0123456789abcdef" * 2


async def value(database: Database, query: str) -> object:
    async def work(connection: Connection) -> object:
        row = await (await connection.execute(query)).fetchone()
        return row[0] if row else None

    return await database.transaction(work)


# One process ---------------------------------------------------------------------------------------------


async def test_a_budget_belongs_to_one_client(database: Database) -> None:
    shared = SharedBudget(database)
    shared.bind(ROSA.endpoint, Limits(), rosa)
    with pytest.raises(UsageError, match="one client"):
        shared.bind(ROSA.endpoint, Limits(), rosa)


async def test_nobody_uses_one_without_a_client(database: Database) -> None:
    with pytest.raises(UsageError, match="open client"):
        await SharedBudget(database).session()


async def test_what_has_no_limit_asks_nothing_of_the_database(database: Database) -> None:
    shared = SharedBudget(database)
    budgets = shared.bind(ROSA.endpoint, Limits.unlimited(), rosa)
    assert all(isinstance(budget, Unlimited) for budget in budgets)
    for budget in budgets:
        assert (await budget.acquire(10**6)).amount == 10**6
    shared.check()
    assert await value(database, "SELECT count(*) FROM sessions") == 0
    # A worker has a session nevertheless, to which its intents belong.
    session = await shared.session()
    session.lose()
    with pytest.raises(SessionLostError):
        shared.check()
    await shared.aclose()


async def test_it_is_asked_once_whose_tokens_they_are_and_that_is_a_request(database: Database) -> None:
    asked = []

    async def who() -> Owner:
        asked.append(1)
        await asyncio.sleep(0.01)
        return await rosa()

    shared = SharedBudget(database)
    requests, files = shared.bind(ROSA.endpoint, Limits(requests=100, drs_files=50), who)
    await asyncio.gather(*(budget.acquire() for budget in (requests, files) for _ in range(5)))
    session = await shared.session()
    assert asked == [1]
    assert session.owner == await value(database, "SELECT id FROM owners WHERE username = 'rosa'")
    assert (requests.left, files.left) == (94, 45)
    await shared.aclose()
    assert await value(database, "SELECT sum(amount) FROM spends WHERE name = 'requests'") == 1


async def test_all_who_wait_hear_what_went_wrong_and_the_next_one_asks_again(database: Database) -> None:
    answers: Iterator[Exception | Owner] = iter([OutageError("away"), await rosa()])

    async def who() -> Owner:
        await asyncio.sleep(0.01)
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    shared = SharedBudget(database)
    requests, _ = shared.bind(ROSA.endpoint, Limits(), who)
    results = await asyncio.gather(*(requests.acquire() for _ in range(4)), return_exceptions=True)
    assert [str(result) for result in results] == ["away"] * 4
    assert (await requests.acquire()).amount == 1
    await shared.aclose()


async def test_the_question_whose_it_is_does_not_hold_up_the_end(database: Database) -> None:
    async def who() -> Owner:
        await asyncio.sleep(3600)
        raise AssertionError

    shared = SharedBudget(database)
    requests, _ = shared.bind(ROSA.endpoint, Limits(), who)
    waiting = asyncio.create_task(requests.acquire())
    await asyncio.sleep(0.01)
    before = asyncio.all_tasks()
    await shared.aclose()
    with pytest.raises(UsageError, match="closed"):
        await waiting
    assert {task.get_name() for task in before - asyncio.all_tasks()} >= {"sbtransfer joins its cluster"}


async def test_no_task_and_no_token_is_left(database: Database) -> None:
    before = asyncio.all_tasks()
    shared = SharedBudget(database)
    requests, files = shared.bind(ROSA.endpoint, Limits(), rosa)
    for budget in (requests, files):
        (await budget.acquire()).answered()
    await shared.aclose()
    await shared.aclose()
    left = {task.get_name() for task in asyncio.all_tasks() - before}
    assert not any(name.startswith("sbtransfer") for name in left)
    assert await value(database, "SELECT sum(amount) FROM leases") == 0
    assert await value(database, "SELECT bool_and(expires_at <= clock_timestamp()) FROM sessions")


async def test_a_defect_lets_nobody_wait_for_ever(database: Database) -> None:
    shared = SharedBudget(database)
    requests, _ = shared.bind(ROSA.endpoint, Limits(requests=10), rosa)
    assert isinstance(requests, LeasedBudget)
    await requests.acquire(9)
    requests.random = lambda: 1 / 0
    with pytest.raises(ZeroDivisionError):
        await requests.acquire()
    with pytest.raises(SessionLostError):
        shared.check()
    await shared.aclose()


# Many ----------------------------------------------------------------------------------------------------


async def test_other_limits_are_refused_and_leave_no_session(database: Database) -> None:
    first, second = SharedBudget(database), SharedBudget(database)
    requests, _ = first.bind(ROSA.endpoint, Limits(requests=100), rosa)
    await requests.acquire()
    others, _ = second.bind(ROSA.endpoint, Limits(requests=200), rosa)
    with pytest.raises(ClusterRefusedError, match=r"100 requests in 300 s.*given 200"):
        await others.acquire()
    # The other asked whose its token is, and has no session of its own.
    assert await value(database, "SELECT count(*) FROM sessions WHERE role <> 'joining'") == 1
    alive = "SELECT count(*) FROM sessions WHERE expires_at > clock_timestamp()"
    assert await value(database, alive) == 1
    await first.aclose()
    (await others.acquire()).answered()
    # Besides its own two, there are those of the first: one was spent, and nobody knows what of the other.
    assert others.left == 196
    await second.aclose()


async def test_another_user_has_a_budget_of_his_own(database: Database) -> None:
    async def lise() -> Owner:
        return Owner(endpoint="https://api.example.org/v2", username="lise")

    shared = [SharedBudget(database) for _ in range(3)]
    budgets = [
        one.bind(ROSA.endpoint, Limits(drs_files=10), who)[1]
        for one, who in zip(shared, (rosa, rosa, lise), strict=True)
    ]
    (await budgets[0].acquire(10)).answered()
    waiting = asyncio.create_task(budgets[1].acquire())
    assert (await budgets[2].acquire(10)).amount == 10
    assert not waiting.done()
    for one in shared:
        await one.aclose()
    with pytest.raises(UsageError):
        await waiting


@pytest.mark.parametrize("partial", [False, True])
async def test_no_window_of_many_sessions_holds_more_than_the_budget(
    database: Database, partial: bool
) -> None:
    capacity, period, calls = 100, 0.5, list[tuple[float, float, int]]()
    shared = [SharedBudget(database) for _ in range(3)]
    budgets = [
        one.bind(ROSA.endpoint, Limits(drs_files=capacity, drs_period=period), rosa)[1] for one in shared
    ]

    async def work(number: int) -> None:
        await asyncio.sleep(random.uniform(0, 1.0))
        amount = random.choice((1, 1, 7, 20))
        calls.append(await spend(budgets[number % 3], amount, 0.1, partial=partial))

    await asyncio.gather(*(work(number) for number in range(100)))
    for one in shared:
        await one.aclose()
    assert len(calls) == 100
    assert fullest(calls, period) <= capacity


async def test_no_window_of_many_processes_holds_more_than_it_may(database: Database) -> None:
    capacity, period = 200, 1.0
    processes = [await started(database.url, capacity, period, count=300, latency=0.05) for _ in range(3)]
    calls = [call for process in processes for call in await told(process)]
    assert len(calls) == 900
    # What is to be had is used: each question whose token it is came to one, too.
    assert capacity - 20 <= fullest(calls, period) <= capacity


async def test_tokens_of_a_process_that_was_killed_come_back_late_enough(database: Database) -> None:
    capacity, period = 100, 1.0
    process = await started(database.url, capacity, period, ttl=4.0)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"held\n"
    process.kill()
    await process.wait()
    shared = SharedBudget(database)
    requests, _ = shared.bind(ROSA.endpoint, Limits(requests=capacity, requests_period=period), rosa)
    assert (await requests.acquire(capacity // 2 - 3)).amount == capacity // 2 - 3
    assert await value(database, "SELECT sum(amount) FROM leases JOIN sessions ON id = session") == 97
    await requests.acquire(capacity // 2)
    left = await value(
        database,
        "SELECT extract(epoch FROM clock_timestamp() - min(expires_at))::float8 FROM sessions",
    )
    assert isinstance(left, float)
    assert left >= period
    await shared.aclose()


# Clients -------------------------------------------------------------------------------------------------

SPEED = 200.0
LIMITS = Limits(requests=40, requests_period=300 / SPEED, drs_files=50, drs_period=300 / SPEED)
CLIENT = f"""
import asyncio, sys
from sbtransfer import Client, Limits, VolumeImport
from sbtransfer.cluster.budget import SharedBudget
from sbtransfer.cluster.database import Database

async def main(url, endpoint, name):
    place = {{"volume": "rfranklin/input", "project": "rfranklin/my-project"}}
    items = [VolumeImport(location=f"{{name}}/{{n}}", **place) for n in range(3000)]
    limits = Limits(requests=40, requests_period={300 / SPEED}, drs_files=50, drs_period={300 / SPEED})
    async with Database(url) as database:
        async with Client(endpoint, "{TOKEN}", limits=limits, budget=SharedBudget(database)) as client:
            await client.user()
            print("ready", flush=True)
            sys.stdin.readline()
            summary = await client.transfer(items).wait()
    print(summary.completed + summary.failed)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def served() -> Iterator[ServedPlatform]:
    platform = Platform(
        token=TOKEN, durations=Durations(median=1.0, p99=5.0), speed=SPEED, requests_limit=40, drs_limit=50
    )
    with ServedPlatform(platform) as served:
        yield served


def assert_shared(platform: Platform) -> None:
    """All was done, the limit held it up more than once, and it was never reached, in any window whatever."""
    assert platform.accepted["imports"] == 6000
    assert {status for _, _, _, status in platform.requests_log} == {200}
    times = [when for when, _, path, _ in platform.requests_log if path != "/rate_limit"]
    assert len(times) > 2 * LIMITS.requests
    period = LIMITS.requests_period
    assert max(sum(begins <= when < begins + period for when in times) for begins in times) <= LIMITS.requests


def imports(name: str, count: int) -> list[VolumeImport]:
    return [
        VolumeImport(volume="rfranklin/input", location=f"{name}/{number}", project="rfranklin/my-project")
        for number in range(count)
    ]


# The question whose token it is is asked without leave: here, before there is much to do.


async def test_clients_of_one_process_share_the_limits(database: Database, served: ServedPlatform) -> None:
    async def transfer(client: Client, name: str) -> int:
        async with client.transfer(imports(name, 3000)) as run:
            return len([outcome async for outcome in run])

    one, other = (Client(served.url, TOKEN, limits=LIMITS, budget=SharedBudget(database)) for _ in range(2))
    async with one, other:
        await asyncio.gather(one.user(), other.user())
        assert tuple(await asyncio.gather(transfer(one, "a"), transfer(other, "b"))) == (3000, 3000)
    assert_shared(served.platform)
    assert await value(database, "SELECT coalesce(sum(amount), 0) FROM leases") == 0


async def test_clients_of_two_processes_share_the_limits(database: Database, served: ServedPlatform) -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-W", "error", "-c", CLIENT, database.url, served.url, name,
            cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )
        for name in "ab"
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    told = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [out for out, _ in told] == [b"3000\n", b"3000\n"]
    assert_shared(served.platform)


async def test_a_wrong_token_ends_the_run_as_it_does_without_a_cluster(
    database: Database, served: ServedPlatform
) -> None:
    async with Client(served.url, "f" * 32, limits=LIMITS, budget=SharedBudget(database)) as client:
        with pytest.raises(UnauthorizedError):
            await client.transfer(imports("a", 10)).wait()


async def test_nothing_is_sent_once_the_session_is_lost(database: Database, served: ServedPlatform) -> None:
    shared = SharedBudget(database)
    async with Client(served.url, TOKEN, limits=LIMITS, budget=shared) as client:
        await client.user()
        (await shared.session()).lose()
        sent = len(served.platform.requests_log)
        with pytest.raises(SessionLostError):
            await client.transfer(imports("a", 10)).wait()
        with pytest.raises(SessionLostError):
            await client.user()
        assert len(served.platform.requests_log) == sent
