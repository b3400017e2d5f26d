import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import suppress

import psycopg
import pytest
from psycopg import sql

from sbtransfer.cluster.database import Database, is_readable, where
from sbtransfer.cluster.schema import Connection
from sbtransfer.errors import ClusterError, ClusterRefusedError, DatabaseAwayError
from tests.postgres import GUARDED, Server, a_free_port
from tests.support import given_away

SECRET = "geheim-4711"


@pytest.fixture
async def notes(database: Database) -> Database:
    """A database with a table to write to."""

    async def work(connection: Connection) -> None:
        await connection.execute("CREATE TABLE notes (id integer PRIMARY KEY, text text NOT NULL)")
        await connection.execute("INSERT INTO notes VALUES (1, 'one'), (2, 'two')")

    await database.transaction(work)
    return database


async def read(connection: Connection) -> list[str]:
    found = await connection.execute("SELECT text FROM notes ORDER BY id")
    return [text for (text,) in await found.fetchall()]


async def one(connection: Connection) -> int:
    row = await (await connection.execute("SELECT 1")).fetchone()
    assert row is not None
    return int(row[0])


async def others(url: str) -> list[str | None]:
    """Return what each of the others waits for that are connected to a database."""
    async with Database(url).connection() as connection:
        found = await connection.execute(
            "SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'client backend'"
            " AND datname = current_database() AND pid <> pg_backend_pid()"
        )
        return [event for (event,) in await found.fetchall()]


async def until_nobody_is_connected(url: str) -> None:
    # A process of the server ends a moment after its client has gone.
    async with asyncio.timeout(30):
        while await others(url):
            await asyncio.sleep(0.02)


async def until_it_sleeps(url: str) -> None:
    async with asyncio.timeout(30):
        while "PgSleep" not in await others(url):
            await asyncio.sleep(0.02)


# Transactions --------------------------------------------------------------------------------------------


async def test_a_transaction_returns_what_its_work_does_and_keeps_it(notes: Database) -> None:
    async def work(connection: Connection) -> str:
        await connection.execute("INSERT INTO notes VALUES (3, 'three')")
        return "done"

    assert await notes.transaction(work) == "done"
    assert await notes.transaction(read) == ["one", "two", "three"]


async def test_an_error_of_the_work_undoes_it_and_is_passed_on(notes: Database) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute("DELETE FROM notes")
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await notes.transaction(work)
    assert await notes.transaction(read) == ["one", "two"]


async def test_a_statement_that_fails_undoes_all_and_is_told(notes: Database) -> None:
    calls = []

    async def work(connection: Connection) -> None:
        calls.append(connection)
        await connection.execute("INSERT INTO notes VALUES (3, 'three')")
        await connection.execute("INSERT INTO notes VALUES (1, 'again')")

    with pytest.raises(
        ClusterError, match=r"^the database test_\d+ at 127.0.0.1:\d+: duplicate key value"
    ) as told:
        await notes.transaction(work)
    assert not isinstance(told.value, DatabaseAwayError)
    assert len(calls) == 1
    assert await notes.transaction(read) == ["one", "two"]


async def test_a_missing_table_asks_for_init(database: Database) -> None:
    with pytest.raises(ClusterRefusedError, match=r'"notes" does not exist: run \'sbtransfer cluster init\''):
        await database.transaction(read)


async def test_of_two_that_block_each_other_both_get_through(notes: Database) -> None:
    both, tries = asyncio.Barrier(2), []

    def work_on(first: int, second: int) -> Coroutine[None, None, None]:
        async def work(connection: Connection) -> None:
            tries.append(first)
            await connection.execute("SET LOCAL deadlock_timeout = '20ms'")
            await connection.execute("UPDATE notes SET text = text || '!' WHERE id = %s", (first,))
            if len(tries) <= 2:
                await both.wait()
            await connection.execute("UPDATE notes SET text = text || '?' WHERE id = %s", (second,))

        return notes.transaction(work)

    await asyncio.gather(work_on(1, 2), work_on(2, 1))
    assert len(tries) == 3
    assert sorted("".join(await notes.transaction(read))) == sorted("one!?two!?")


async def test_a_transaction_that_is_cancelled_is_undone_and_gives_its_connection_back(
    notes: Database, database_url: str
) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute("DELETE FROM notes")
        await connection.execute("SELECT pg_sleep(60)")

    for _ in range(notes.most_connections + 1):
        task = asyncio.create_task(notes.transaction(work))
        await until_it_sleeps(database_url)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await notes.transaction(read) == ["one", "two"]
    await notes.aclose()
    await until_nobody_is_connected(database_url)


async def test_nothing_is_left_when_it_is_closed(database_url: str) -> None:
    tasks, threads = asyncio.all_tasks(), threading.active_count()
    async with Database(database_url) as database:
        assert await asyncio.gather(*(database.transaction(one) for _ in range(20))) == [1] * 20
        assert asyncio.all_tasks() > tasks
    assert asyncio.all_tasks() == tasks
    assert threading.active_count() == threads
    await until_nobody_is_connected(database_url)


async def test_closing_twice_does_no_harm_and_nothing_works_afterwards(database_url: str) -> None:
    database = await Database(database_url).open()
    await database.aclose()
    await database.aclose()
    with pytest.raises(ClusterError, match="not open: use 'async with'"):
        await database.transaction(one)


# While it is away ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_restart_goes_unnoticed(own_postgres: Server, own_database_url: str, mode: str) -> None:
    async with Database(own_database_url, patience=30.0) as database:
        # All its connections are broken by it.
        await asyncio.gather(*(database.transaction(one) for _ in range(10)))
        own_postgres.restart("fast" if mode == "fast" else "immediate")
        assert await asyncio.gather(*(database.transaction(one) for _ in range(20))) == [1] * 20


async def test_a_restart_amid_a_transaction_repeats_it(own_postgres: Server, own_database_url: str) -> None:
    tries = []

    async def work(connection: Connection) -> int:
        await connection.execute("CREATE TABLE notes ()")
        tries.append(1)
        if len(tries) == 1:
            await asyncio.to_thread(own_postgres.restart, "immediate")
        return await one(connection)

    async with Database(own_database_url, patience=30.0) as database:
        assert await database.transaction(work) == 1
    assert len(tries) == 2


async def test_a_transaction_waits_for_a_server_that_was_killed(
    own_postgres: Server, own_database_url: str
) -> None:
    async with Database(own_database_url, patience=30.0) as database:
        own_postgres.kill()
        waiting = asyncio.create_task(database.transaction(one))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        await asyncio.to_thread(own_postgres.start)
        assert await waiting == 1


async def test_patience_ends_and_the_reason_is_told(own_postgres: Server, own_database_url: str) -> None:
    async with Database(own_database_url, patience=0.5) as database:
        own_postgres.stop()
        with pytest.raises(
            DatabaseAwayError, match=r"at 127\.0\.0\.1:\d+: .*refused.*: check that the database runs"
        ):
            await database.transaction(one)
        own_postgres.start()
        assert await database.transaction(one) == 1


async def test_without_patience_it_is_tried_once(own_postgres: Server, own_database_url: str) -> None:
    async with Database(own_database_url, patience=0.0) as database:
        assert await database.transaction(one) == 1
        own_postgres.stop()
        with pytest.raises(DatabaseAwayError):
            await database.transaction(one)


async def test_missed_connections_are_not_told_on_the_terminal(
    own_postgres: Server, own_database_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with Database(own_database_url, patience=0.5) as database:
        own_postgres.stop()
        with pytest.raises(DatabaseAwayError):
            await database.transaction(one)
    assert capfd.readouterr() == ("", "")


# URLs ----------------------------------------------------------------------------------------------------


@pytest.fixture
def guarded(postgres: Server, database_url: str) -> Iterator[str]:
    """The name of a database that a user with a password may use."""
    name = database_url.rpartition("/")[2]
    role = sql.Identifier(GUARDED)
    postgres.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, SECRET))
    postgres.execute(sql.SQL("GRANT USAGE ON SCHEMA sbtransfer TO {}").format(role), name)
    postgres.execute(sql.SQL("GRANT SELECT ON sbtransfer.meta TO {}").format(role), name)
    yield name
    postgres.execute(sql.SQL("DROP OWNED BY {}").format(role), name)
    postgres.execute(sql.SQL("DROP ROLE {}").format(role))


async def test_the_right_password_opens_it_and_is_not_shown(postgres: Server, guarded: str) -> None:
    async with Database(postgres.url(guarded, user=GUARDED, password=SECRET)) as database:
        assert await database.transaction(one) == 1
        assert SECRET not in repr(database)
        assert SECRET not in repr(database.pool)
        with pytest.raises(ClusterError, match="permission denied") as told:
            await database.transaction(lambda connection: connection.execute("SELECT * FROM items"))
        assert SECRET not in given_away(told.value)


async def test_a_wrong_password_is_told_but_not_shown(postgres: Server, guarded: str) -> None:
    wrong = f"no-{SECRET}"
    with pytest.raises(DatabaseAwayError, match='password authentication failed for user "guarded"') as told:
        await Database(postgres.url(guarded, user=GUARDED, password=wrong)).open()
    assert wrong not in given_away(told.value)


async def test_a_password_that_is_changed_is_told_but_not_shown(postgres: Server, guarded: str) -> None:
    async with Database(postgres.url(guarded, user=GUARDED, password=SECRET), patience=0.5) as database:
        change = sql.SQL("ALTER ROLE {} PASSWORD 'other'").format(sql.Identifier(GUARDED))
        postgres.execute(change)
        postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'guarded'")
        with pytest.raises(DatabaseAwayError, match="password authentication failed") as told:
            await database.transaction(one)
        assert SECRET not in given_away(told.value)


async def test_a_wrong_database_is_told(postgres: Server) -> None:
    with pytest.raises(
        DatabaseAwayError, match=r'the database nowhere at .* database "nowhere" does not exist'
    ):
        await Database(postgres.url("nowhere")).open()


async def test_a_wrong_port_is_told() -> None:
    port = a_free_port()
    with pytest.raises(DatabaseAwayError, match=rf"at 127\.0\.0\.1:{port}: .*refused"):
        await Database(f"postgresql://rosa:{SECRET}@127.0.0.1:{port}/any").open()


UNREADABLE = [
    f"postgresql:/rosa:{SECRET}@host/name",
    f"postgresql+psycopg://rosa:{SECRET}@host/name",
    f"mysql://rosa:{SECRET}@host/name",
    f"postgresql://rosa:a@{SECRET}@host/name",
    f"postgresql://rosa:{SECRET}/a@host/name",
    f"postgresql://rosa:1/{SECRET}@host/name",
    f"postgresql://rosa:100%{SECRET}@host/name",
    f"host=host password=a {SECRET}",
    SECRET,
]


@pytest.mark.parametrize("url", UNREADABLE)
async def test_a_url_that_cannot_be_read_is_refused_but_not_shown(url: str) -> None:
    with pytest.raises(ClusterRefusedError, match="the database URL cannot be read: it looks like") as told:
        await Database(url).open()
    assert SECRET not in given_away(told.value)
    assert where(url) == "the database"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"postgresql://rosa:{SECRET}@host:77/name", "the database name at host:77"),
        (f"postgres://rosa:a:b%40{SECRET}@host/name", "the database name at host:5432"),
        ("postgresql:///name?host=/run/postgresql", "the database name at /run/postgresql:5432"),
        ("postgresql://one:1,two:2/name", "the database name at one,two:1,2"),
        ("host=host user=rosa", "the database rosa at host:5432"),
        ("postgresql://", "the database at localhost:5432"),
    ],
)
def test_where_it_is(url: str, told: str) -> None:
    assert is_readable(url)
    assert where(url) == told
    assert Database(url).where == told


# Connections beside the pool -----------------------------------------------------------------------------


async def test_a_connection_of_ones_own_commits_each_statement(notes: Database, database_url: str) -> None:
    with pytest.raises(LookupError):
        async with notes.connection() as connection:
            await connection.execute("DELETE FROM notes WHERE id = 1")
            raise LookupError
    assert connection.closed
    assert await notes.transaction(read) == ["two"]


async def test_what_breaks_a_connection_of_ones_own_is_passed_on(notes: Database) -> None:
    with pytest.raises(psycopg.errors.AdminShutdown):
        async with notes.connection() as connection:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert connection.closed


async def test_what_is_committed_is_on_the_disk_whatever_the_server_finds_good_enough(
    postgres: Server, database: Database
) -> None:
    with psycopg.connect(postgres.url("postgres")) as plain:
        assert plain.execute("SHOW synchronous_commit").fetchone() == ("off",)

    async def work(connection: Connection) -> object:
        return await (await connection.execute("SHOW synchronous_commit")).fetchone()

    assert await database.transaction(work) == ("on",)
    async with database.connection() as connection:
        assert await work(connection) == ("on",)


async def test_a_cancellation_that_is_lost_on_the_way_is_raised_at_the_end(database: Database) -> None:
    ended: list[str] = []

    async def work(connection: Connection) -> None:
        # As `asyncio.wait_for` does on Python 3.11, where what it waits for has come.
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        ended.append("work")

    async def main() -> None:
        await database.transaction(work)
        ended.append("after the transaction")

    task = asyncio.create_task(main())
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["work"]


async def test_what_is_done_while_a_cancelled_task_cleans_up_is_done(database: Database) -> None:
    async def main() -> int:
        try:
            await asyncio.sleep(3600)
        finally:
            results.append(await database.transaction(one))
        return 0

    results: list[int] = []
    task = asyncio.create_task(main())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert results == [1]


async def test_a_timeout_is_a_timeout_although_the_cancellation_was_lost(database: Database) -> None:
    async def work(connection: Connection) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await database.transaction(work)
    assert await database.transaction(one) == 1
