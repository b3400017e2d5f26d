"""The database as its users hold it: made, submitted to, looked at, cancelled."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from procrastinate.schema import SchemaManager

from sbtransfer import Client
from sbtransfer.cluster import Cluster
from sbtransfer.cluster.database import Database
from sbtransfer.cluster.schema import VERSION, migrate
from sbtransfer.errors import ClusterError, ClusterRefusedError, DatabaseAwayError
from sbtransfer.simulator import Platform
from sbtransfer.testing import ServedPlatform
from tests.postgres import Server
from tests.unit.cluster.runs import a_run, ended, execute, has_job, imports, rows


@pytest.fixture(scope="module")
def platform() -> Iterator[ServedPlatform]:
    with ServedPlatform(Platform(username="rosa")) as served:
        yield served


def client(platform: ServedPlatform) -> Client:
    return Client(platform.url, platform.platform.token)


async def test_a_database_is_made_once(empty_database: str) -> None:
    with pytest.raises(ClusterRefusedError, match="not initialised: run 'sbtransfer cluster init'"):
        async with Cluster(empty_database):
            pass
    assert await Cluster.init(empty_database) == 0
    assert await Cluster.init(empty_database) == VERSION
    async with Cluster(empty_database) as cluster:
        assert await cluster.runs() == []


async def test_a_database_that_is_not_there(postgres: Server) -> None:
    with pytest.raises(DatabaseAwayError, match="nowhere"):
        await Cluster.init(postgres.url("nowhere"))


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE meta SET version = version + 1", "a later version of sbtransfer"),
        ("UPDATE meta SET version = version - 1", "an earlier version of sbtransfer"),
        ("UPDATE queue_version SET migration = '99'", "a later procrastinate"),
        ("UPDATE queue_version SET migration = '00'", "an earlier procrastinate"),
        ("DELETE FROM queue_version", "an earlier procrastinate"),
    ],
)
async def test_tables_of_another_version_are_refused(database_url: str, statement: str, words: str) -> None:
    async with Cluster(database_url) as cluster:
        await execute(cluster.database, statement)
    with pytest.raises(ClusterRefusedError, match=words):
        async with Cluster(database_url):
            pass


async def test_the_queue_is_brought_up_to_date(empty_database: str) -> None:
    """From where an earlier procrastinate was: all of its migrations but the last two."""
    migrations = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    database = await Database(empty_database).open(checked=False)
    await database.transaction(migrate)
    for migration in migrations[:-2]:
        # One after the other, as they were once applied: what one adds to an enum the next may use.
        await execute(database, migration.read_text("utf-8"))
    await execute(database, f"INSERT INTO queue_version VALUES ('{migrations[-3].name}')")
    await database.aclose()
    with pytest.raises(ClusterRefusedError, match="an earlier procrastinate"):
        async with Cluster(empty_database):
            pass
    await Cluster.init(empty_database)
    async with Cluster(empty_database) as cluster:
        assert await rows(cluster.database, "SELECT migration FROM queue_version") == [(migrations[-1].name,)]
        await a_run(cluster.database, imports(150))
        assert await rows(cluster.database, "SELECT count(*) FROM procrastinate_jobs") == [(2,)]


async def test_a_list_is_submitted_for_the_user_of_the_token(
    database_url: str, platform: ServedPlatform
) -> None:
    async with Cluster(database_url) as cluster, client(platform) as some_client:
        run = await cluster.submit(imports(150), some_client, name="may", notes={"ticket": 7})
        status = await cluster.status(run)
        assert (status.owner.username, status.owner.endpoint) == ("rosa", platform.url)
        assert (status.name, status.notes, status.total, status.waiting) == ("may", {"ticket": 7}, 150, 150)
        with pytest.raises(ClusterRefusedError, match="'may' was submitted already"):
            await cluster.submit(imports(1), some_client, name="may")
        assert [one.id for one in await cluster.runs()] == [run]
        held = await rows(cluster.database, "SELECT item FROM items LIMIT 1")
    assert platform.platform.token not in str(held)


async def test_results_as_they_are(database_url: str, platform: ServedPlatform) -> None:
    async with Cluster(database_url) as cluster, client(platform) as some_client:
        run = await cluster.submit(imports(3), some_client)
        await has_job(cluster.database, run, 1)
        await ended(cluster.database, run, 1)
        assert [one.index async for one in cluster.results(run)] == [1]
        with pytest.raises(ClusterRefusedError, match="there is no run 99"):
            await anext(cluster.results(99))
        await cluster.cancel(run)
        assert [one.index async for one in cluster.results(run, follow=True, every=0.01)] == [1]


async def test_a_run_is_cancelled_once_and_for_all(database_url: str, platform: ServedPlatform) -> None:
    async with Cluster(database_url) as cluster, client(platform) as some_client:
        run = await cluster.submit(imports(3), some_client)
        assert (await cluster.cancel(run)).state == "cancelled"
        status = await cluster.cancel(run)
        assert (status.state, status.waiting, status.is_finished) == ("cancelled", 3, True)
        with pytest.raises(ClusterRefusedError, match="there is no run 99"):
            await cluster.cancel(99)
        await execute(cluster.database, "UPDATE runs SET state = 'own'")
        with pytest.raises(ClusterRefusedError, match="the journal of one process"):
            await cluster.cancel(run)


async def test_a_cluster_that_is_not_open_says_so(database_url: str) -> None:
    with pytest.raises(ClusterError, match="use 'async with'"):
        await Cluster(database_url).runs()
    assert "rosa" not in repr(Cluster("postgresql://rosa:pass@127.0.0.1/x"))
