import asyncio

import pytest

import sbtransfer.cluster.schema as schema
from sbtransfer.cluster.database import Database
from sbtransfer.cluster.schema import Connection
from sbtransfer.errors import ClusterError, ClusterRefusedError
from tests.postgres import Server


async def unchecked(url: str) -> Database:
    return await Database(url, patience=5.0).open(checked=False)


async def migrated(url: str) -> int:
    """Do as `init` does, with connections of its own."""
    database = await unchecked(url)
    try:
        return await database.transaction(schema.migrate)
    finally:
        await database.aclose()


async def set_version(url: str, version: int) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute("UPDATE meta SET version = %s", (version,))

    database = await unchecked(url)
    await database.transaction(work)
    await database.aclose()


async def test_an_empty_database_gets_its_tables(empty_database: str) -> None:
    assert await migrated(empty_database) == 0
    async with Database(empty_database) as database:
        assert await database.transaction(schema.version) == schema.VERSION


async def test_a_second_time_changes_nothing(empty_database: str) -> None:
    await migrated(empty_database)
    assert await migrated(empty_database) == schema.VERSION
    async with Database(empty_database) as database:
        assert await database.transaction(schema.version) == schema.VERSION


async def test_of_several_at_once_one_makes_the_tables(empty_database: str) -> None:
    found = await asyncio.gather(*(migrated(empty_database) for _ in range(4)))
    assert sorted(found) == [0, *[schema.VERSION] * 3]


async def test_a_migration_that_fails_leaves_nothing(empty_database: str) -> None:
    async def work(connection: Connection) -> None:
        await schema.migrate(connection)
        await connection.execute("SELECT 1 / 0")

    database = await unchecked(empty_database)
    with pytest.raises(ClusterError, match="division by zero"):
        await database.transaction(work)
    assert await database.transaction(schema.version) is None
    await database.aclose()


async def test_tables_of_a_later_version_are_refused(empty_database: str) -> None:
    await migrated(empty_database)
    await set_version(empty_database, schema.VERSION + 1)
    with pytest.raises(
        ClusterRefusedError, match=r"a later version of sbtransfer .* update sbtransfer on this"
    ):
        await migrated(empty_database)
    with pytest.raises(
        ClusterRefusedError, match=r"a later version of sbtransfer .* update sbtransfer on this"
    ):
        await Database(empty_database).open()


async def test_tables_of_an_earlier_version_are_told(empty_database: str) -> None:
    await migrated(empty_database)
    await set_version(empty_database, schema.VERSION - 1)
    with pytest.raises(ClusterRefusedError, match=r"an earlier version .* run 'sbtransfer cluster init'"):
        await Database(empty_database).open()


async def test_a_database_that_is_not_initialised_is_refused(empty_database: str) -> None:
    with pytest.raises(
        ClusterRefusedError, match="not initialised: run 'sbtransfer cluster init' on it once"
    ):
        await Database(empty_database).open()


async def test_all_lies_in_a_schema_of_its_own(database: Database) -> None:
    async def work(connection: Connection) -> set[str]:
        found = await connection.execute(
            "SELECT nspname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
            " UNION SELECT nspname FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace"
            " UNION SELECT nspname FROM pg_type JOIN pg_namespace n ON n.oid = typnamespace"
        )
        return {name for (name,) in await found.fetchall()}

    servers_own = {"information_schema", "pg_catalog", "pg_toast"}
    assert await database.transaction(work) - servers_own == {"sbtransfer"}


async def test_a_schema_that_somebody_has_made_for_the_user_will_do(
    postgres: Server, empty_database: str
) -> None:
    async def work(connection: Connection) -> int:
        # The right to make schemas is asked for even by CREATE SCHEMA IF NOT EXISTS.
        await connection.execute("SET LOCAL ROLE guest")
        return await schema.migrate(connection)

    name = empty_database.rpartition("/")[2]
    postgres.execute("CREATE ROLE guest")
    database = await unchecked(empty_database)
    try:
        with pytest.raises(ClusterError, match="permission denied for database"):
            await database.transaction(work)
        postgres.execute("CREATE SCHEMA sbtransfer AUTHORIZATION guest", name)
        assert await database.transaction(work) == 0
    finally:
        await database.aclose()
        postgres.execute("DROP OWNED BY guest CASCADE", name)
        postgres.execute("DROP ROLE guest")


async def test_a_database_that_cannot_keep_all_text_is_refused(postgres: Server) -> None:
    postgres.execute("CREATE DATABASE old_text ENCODING 'SQL_ASCII' TEMPLATE template0")
    try:
        with pytest.raises(ClusterRefusedError, match="keeps its text as SQL_ASCII, and UTF8 is needed"):
            await migrated(postgres.url("old_text"))
    finally:
        postgres.drop("old_text")


@pytest.mark.parametrize(("server", "told"), [(120_004, "PostgreSQL 12,"), (90_624, "PostgreSQL 9,")])
def test_a_server_that_is_too_old_is_told(server: int, told: str) -> None:
    assert told in str(schema.too_old(server))
    assert "at least 13 is needed" in str(schema.too_old(server))
