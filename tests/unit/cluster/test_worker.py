"""Workers on a real database and a platform behind a socket: what they send, follow, halt and give back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sbtransfer import (
    Client,
    Item,
    Limits,
    Outcome,
    OutcomeState,
    UnauthorizedError,
    VolumeExport,
    VolumeImport,
)
from sbtransfer.cluster import Cluster, RunStatus, Worker
from sbtransfer.cluster.follower import LOCKS
from sbtransfer.errors import ClusterRefusedError, SettingsError
from sbtransfer.simulator import Answer, Durations, Platform, Request, is_create
from sbtransfer.simulator.refusals import Code, RefusalError
from sbtransfer.simulator.server import Server
from tests.unit.cluster.runs import execute, rows

SPEED = 200.0
LIMITS = Limits(requests_period=300 / SPEED, drs_period=300 / SPEED)
SOURCE, PROJECT = "rfranklin/input", "rfranklin/my-project"


class Refusing(Platform):
    """A platform that may refuse every create as a whole, or the token of those who create."""

    refuses = False
    unauthorized = False

    def _route(self, request: Request, now: float) -> Answer:
        if self.unauthorized and is_create(request):
            raise RefusalError(401, Code.UNAUTHORIZED, "Unauthorized.")
        if self.refuses and is_create(request):
            raise RefusalError(400, Code.BAD_REQUEST, "Bad item somewhere.")
        return super()._route(request, now)


@pytest.fixture
async def platform() -> AsyncIterator[Refusing]:
    platform = Refusing(speed=SPEED, durations=Durations(median=20, p99=100, pending=2))
    async with Server(platform):
        yield platform


@pytest.fixture
async def cluster(database_url: str) -> AsyncIterator[Cluster]:
    async with Cluster(database_url) as cluster:
        yield cluster


def imports(count: int, where: str = "there") -> list[Item]:
    return [VolumeImport(volume=SOURCE, location=f"{where}/{n}.bam", project=PROJECT) for n in range(count)]


def a_client(platform: Platform, **options: Any) -> Client:
    return Client(platform.base_url, platform.token, limits=LIMITS, **options)


def a_worker(cluster: Cluster, platform: Platform, **options: Any) -> Worker:
    given = {"until_done": True, "ttl": 2.0, "every": 0.05, "settle": 1.0} | options
    client = {"endpoint": platform.base_url, "token": platform.token, "limits": LIMITS, "timeout": 1.0}
    return cluster.worker(client=client | given.pop("client", {}), **given)


async def submitted(cluster: Cluster, platform: Platform, items: list[Item]) -> int:
    async with a_client(platform) as client:
        return await cluster.submit(items, client)


async def outcomes_of(cluster: Cluster, run: int) -> list[Outcome]:
    return [outcome async for outcome in cluster.results(run)]


async def left_alone(cluster: Cluster) -> tuple[list[Any], list[Any], list[Any]]:
    """What must be empty when workers have ended: living sessions, tokens that are held, queued chunks."""
    queries = (
        "SELECT id FROM sessions WHERE expires_at > clock_timestamp()",
        "SELECT session FROM leases WHERE amount > 0",
        "SELECT status, args FROM procrastinate_jobs WHERE task_name = 'sbtransfer chunk'",
    )
    first, second, third = [await rows(cluster.database, query) for query in queries]
    return first, second, third


async def until(cluster: Cluster, run: int, what: Any) -> RunStatus:
    while not what(status := await cluster.status(run)):
        await asyncio.sleep(0.02)
    return status


async def test_a_list_on_one_worker(cluster: Cluster, platform: Platform) -> None:
    items = [*imports(230), *imports(3, where="missing")]
    run = await submitted(cluster, platform, items)
    await a_worker(cluster, platform).run()
    outcomes = await outcomes_of(cluster, run)
    assert [one.index for one in outcomes] == list(range(233))
    assert [one.item for one in outcomes] == items
    assert [one.ok for one in outcomes] == [True] * 230 + [False] * 3
    assert all(one.submitted_on and one.finished_on and one.attempts == 1 and one.job_id for one in outcomes)
    assert len(platform.created("imports")) == 233
    assert await left_alone(cluster) == ([], [], [])


async def test_many_workers_send_each_item_once_and_one_of_them_follows(
    cluster: Cluster, platform: Platform
) -> None:
    runs = [await submitted(cluster, platform, imports(400, where=name)) for name in "ab"]
    workers = [a_worker(cluster, platform, concurrency=2) for _ in range(3)]
    tasks = [asyncio.create_task(worker.run()) for worker in workers]
    leading = set()
    while not all(task.done() for task in tasks):
        leading.add(sum(worker.leads for worker in workers))
        await asyncio.sleep(0.01)
    await asyncio.gather(*tasks)
    assert leading <= {0, 1}
    assert 1 in leading
    assert sorted(platform.created("imports")) == sorted(
        (SOURCE, f"{name}/{n}.bam", PROJECT, f"{n}.bam") for name in "ab" for n in range(400)
    )
    for run in runs:
        status = await cluster.status(run)
        assert (status.ok, status.adds_up, status.is_finished) == (True, True, True)


async def test_the_role_of_the_follower_goes_on_to_another(cluster: Cluster, platform: Platform) -> None:
    slow = Platform(speed=SPEED, durations=Durations(median=200, p99=400, pending=2))
    async with Server(slow):
        run = await submitted(cluster, slow, imports(200))
        first = a_worker(cluster, slow)
        task = asyncio.create_task(first.run())
        await until(cluster, run, lambda status: status.under_way == 200)
        second = a_worker(cluster, slow)
        other = asyncio.create_task(second.run())
        assert first.leads
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await other
        assert (await cluster.status(run)).ok


async def test_a_worker_that_is_stopped_gives_back_what_it_has_not_sent(
    cluster: Cluster, platform: Platform
) -> None:
    run = await submitted(cluster, platform, imports(900))
    scarce = {"limits": Limits(requests=6, requests_period=300 / SPEED, drs_period=300 / SPEED)}
    worker = a_worker(cluster, platform, client=scarce, until_done=False)
    task = asyncio.create_task(worker.run())
    await until(cluster, run, lambda status: status.waiting < 900)
    worker.stop()
    await task
    status = await cluster.status(run)
    assert status.waiting > 0
    assert status.adds_up
    sessions, leases, queued = await left_alone(cluster)
    assert (sessions, leases) == ([], [])
    assert {status for status, _ in queued} == {"todo"}
    assert len(platform.created("imports")) == 900 - status.waiting
    await a_worker(cluster, platform, client=scarce).run()
    assert (await cluster.status(run)).ok
    assert len(platform.created("imports")) == 900


async def test_nothing_more_is_sent_of_a_run_that_is_cancelled(cluster: Cluster, platform: Platform) -> None:
    run = await submitted(cluster, platform, imports(900))
    scarce = {"limits": Limits(requests=6, requests_period=300 / SPEED, drs_period=300 / SPEED)}
    task = asyncio.create_task(a_worker(cluster, platform, client=scarce).run())
    await until(cluster, run, lambda status: status.waiting < 900)
    await cluster.cancel(run)
    await task
    status = await cluster.status(run)
    assert (status.is_finished, status.adds_up) == (True, True)
    assert status.waiting > 0
    assert status.completed == len(platform.created("imports")) == 900 - status.waiting
    assert await left_alone(cluster) == ([], [], [])


async def test_a_run_is_halted_when_chunk_after_chunk_is_refused(
    cluster: Cluster, platform: Refusing
) -> None:
    platform.refuses = True
    run = await submitted(cluster, platform, imports(900))
    await a_worker(cluster, platform, max_consecutive_failures=3, concurrency=1).run()
    status = await cluster.status(run)
    assert (status.state, status.is_finished, status.adds_up) == ("halted", True, True)
    assert (status.failed, status.waiting) == (300, 600)
    assert "Bad item somewhere" in (status.trouble or "")


async def test_a_chunk_that_is_accepted_begins_the_row_anew(cluster: Cluster, platform: Platform) -> None:
    run = await submitted(cluster, platform, imports(300))
    await execute(cluster.database, "UPDATE runs SET refused = 2")
    await a_worker(cluster, platform, max_consecutive_failures=3, concurrency=1).run()
    assert (await cluster.status(run)).ok
    assert await rows(cluster.database, "SELECT refused FROM runs") == [(0,)]


async def test_a_wrong_token_ends_the_worker_and_loses_nothing(cluster: Cluster, platform: Platform) -> None:
    run = await submitted(cluster, platform, imports(10))
    with pytest.raises(UnauthorizedError):
        await a_worker(cluster, platform, client={"token": "f" * 32}).run()
    assert (await cluster.status(run)).waiting == 10
    assert await left_alone(cluster) == (
        [],
        [],
        await rows(
            cluster.database,
            "SELECT status, args FROM procrastinate_jobs WHERE task_name = 'sbtransfer chunk'",
        ),
    )


async def test_a_token_that_is_revoked_ends_the_worker(cluster: Cluster, platform: Platform) -> None:
    run = await submitted(cluster, platform, imports(200))
    task = asyncio.create_task(a_worker(cluster, platform, until_done=False).run())
    await until(cluster, run, lambda status: status.under_way)
    token = platform.token
    platform.revoke_token()
    with pytest.raises(UnauthorizedError):
        await task
    platform.accept_token(token)
    await a_worker(cluster, platform).run()
    assert (await cluster.status(run)).ok
    assert len(platform.created("imports")) == 200


async def test_a_worker_that_only_sends_ends_as_well_when_its_token_is_refused(
    cluster: Cluster, platform: Refusing
) -> None:
    """The follower is another one here: it is the create that meets the refusal."""
    items = imports(100)
    run = await submitted(cluster, platform, items)
    async with cluster.database.connection() as holder:
        await holder.execute("SELECT pg_advisory_lock(%s, id) FROM owners", (LOCKS,))
        platform.unauthorized = True
        with pytest.raises(UnauthorizedError):
            await a_worker(cluster, platform, until_done=False).run()
    assert (await cluster.status(run)).waiting == 100
    platform.unauthorized = False
    await a_worker(cluster, platform).run()
    assert (await cluster.status(run)).ok
    assert len(platform.created("imports")) == 100


async def test_a_worker_with_another_users_token_is_refused(cluster: Cluster, platform: Platform) -> None:
    await submitted(cluster, platform, imports(10))
    platform.username = "olga"
    with pytest.raises(ClusterRefusedError, match=r"this token is that of olga .* belongs to rfranklin"):
        await a_worker(cluster, platform).run()


async def test_workers_with_other_limits_are_refused(cluster: Cluster, platform: Platform) -> None:
    await submitted(cluster, platform, imports(10))
    first = asyncio.create_task(a_worker(cluster, platform, until_done=False).run())
    while not await rows(cluster.database, "SELECT 1 FROM budgets"):
        await asyncio.sleep(0.01)
    with pytest.raises(ClusterRefusedError, match="limits"):
        await a_worker(cluster, platform, client={"limits": Limits(requests=7)}).run()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_no_more_is_sent_than_is_worth_following(cluster: Cluster) -> None:
    never = Platform(speed=SPEED, durations=Durations(median=1e9, p99=1e9, pending=0))
    async with Server(never):
        run = await submitted(cluster, never, imports(2000))
        worker = a_worker(cluster, never, until_done=False, most_under_way=300, concurrency=1, every=0.02)
        task = asyncio.create_task(worker.run())
        await until(cluster, run, lambda status: status.under_way >= 300)
        await asyncio.sleep(0.5)
        # The follower tells what it follows a moment after it was sent.
        assert (await cluster.status(run)).under_way < 1000
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_exports_leave_their_source_once(cluster: Cluster, platform: Platform) -> None:
    items: list[Item] = [
        VolumeExport(file=f"moved-{n}", volume="rfranklin/output", location=f"out/{n}") for n in range(150)
    ]
    run = await submitted(cluster, platform, items)
    await a_worker(cluster, platform).run()
    assert [one.state for one in await outcomes_of(cluster, run)] == [OutcomeState.COMPLETED] * 150
    assert len(platform.created("exports")) == len(set(platform.created("exports"))) == 150


async def test_what_a_dead_worker_was_sending_is_looked_up_and_not_sent_twice(
    cluster: Cluster, platform: Platform
) -> None:
    """As kill -9 leaves it: the platform has done a call, and its answer was never written down."""
    items = imports(100)
    run = await submitted(cluster, platform, items)
    async with a_client(platform) as client, client.transfer(items) as other:
        await other.wait()
    await execute(
        cluster.database,
        "WITH dead AS (INSERT INTO sessions (owner, host, pid, role, expires_at)"
        "  SELECT owner, 'h', 1, 'worker', clock_timestamp() - interval '1 second' FROM runs"
        "  RETURNING id, owner)"
        " INSERT INTO calls (id, owner, kind, begun, submitted_on, attempts, ids, session, state)"
        " SELECT 1000, owner, 'import', 0, 0, 1, %s, id, 'sending' FROM dead",
        f"{run << 32}-{(run << 32) + 99}",
    )
    await execute(cluster.database, "UPDATE items SET call = 1000")
    await a_worker(cluster, platform).run()
    assert (await cluster.status(run)).ok
    assert len(platform.created("imports")) == 100


@pytest.mark.parametrize("name", ["concurrency", "most_under_way", "max_consecutive_failures"])
async def test_settings_that_cannot_work(cluster: Cluster, platform: Platform, name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be at least 1"):
        a_worker(cluster, platform, **{name: 0})
