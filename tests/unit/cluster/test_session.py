import asyncio
import os
import time

import pytest

from sbtransfer.cluster.database import Database
from sbtransfer.cluster.schema import Connection
from sbtransfer.cluster.session import Session, owner_id
from sbtransfer.errors import ClusterError, SessionLostError
from tests.postgres import Server

HERE = "https://api.example.org/v2"


async def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    async def work(connection: Connection) -> list[tuple[object, ...]]:
        return await (await connection.execute(query)).fetchall()

    return await database.transaction(work)


async def change(database: Database, query: str) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute(query)

    await database.transaction(work)


async def rosa(database: Database, endpoint: str = HERE, username: str = "rosa") -> int:
    return await database.transaction(lambda connection: owner_id(connection, endpoint, username))


async def a_session(database: Database, ttl: float = 30.0) -> Session:
    return Session(database, await rosa(database), "worker", ttl)


LEFT = "SELECT extract(epoch FROM expires_at - clock_timestamp())::float8 FROM sessions ORDER BY id"


async def test_an_owner_is_a_user_of_a_platform(database: Database) -> None:
    numbers = await asyncio.gather(*(rosa(database) for _ in range(5)))
    assert len(set(numbers)) == 1
    others = {await rosa(database, "https://other.example.org/v2"), await rosa(database, username="lise")}
    assert len(others | set(numbers)) == 3
    assert await rosa(database) == numbers[0]


async def test_a_session_says_who_is_there(database: Database) -> None:
    async with await a_session(database) as session:
        assert await rows(database, "SELECT id, owner, pid, role FROM sessions") == [
            (session.id, session.owner, os.getpid(), "worker")
        ]
        session.check()
        assert not session.lost.is_set()
        ((left,),) = await rows(database, LEFT)
        assert isinstance(left, float)
        assert 0 < left <= 30
        assert "alive" in repr(session)


async def test_a_session_that_was_closed_is_over_for_others_too(database: Database) -> None:
    session = await (await a_session(database)).open()
    before = asyncio.all_tasks()
    await session.aclose()
    assert {task.get_name() for task in before - asyncio.all_tasks()} == {"sbtransfer session"}
    ((left,),) = await rows(database, LEFT)
    assert isinstance(left, float)
    assert left <= 0
    with pytest.raises(SessionLostError, match="closed"):
        session.check()
    await session.aclose()


async def test_there_is_no_number_before_it_is_open(database: Database) -> None:
    session = await a_session(database)
    with pytest.raises(ClusterError, match="not open"):
        _ = session.id
    assert "not open" in repr(session)
    await session.aclose()
    assert await rows(database, "SELECT FROM sessions") == []


async def test_it_is_prolonged_again_and_again(database: Database) -> None:
    async with await a_session(database, ttl=2.0) as session:
        ((first,),) = await rows(database, "SELECT expires_at FROM sessions")
        while True:
            await asyncio.sleep(0.05)
            ((alive, far),) = await rows(
                database,
                "SELECT expires_at > clock_timestamp(),"
                f" expires_at - '{first}' > interval '1 second' FROM sessions",
            )
            assert alive
            session.check()
            if far:
                break


async def test_what_comes_first_is_done_with_it_or_there_is_none(database: Database) -> None:
    seen = []

    async def first(connection: Connection, number: int) -> None:
        seen.append(number)

    async def refuse(connection: Connection, number: int) -> None:
        raise ClusterError("no")

    session = await (await a_session(database)).open(first)
    assert seen == [session.id]
    with pytest.raises(ClusterError, match="no"):
        await (await a_session(database)).open(refuse)
    assert await rows(database, "SELECT id FROM sessions") == [(session.id,)]
    await session.aclose()


async def test_one_that_has_ended_never_lives_again(database: Database) -> None:
    async with await a_session(database, ttl=1.0) as session:
        await change(database, "UPDATE sessions SET expires_at = clock_timestamp() - interval '1 ms'")
        before = await rows(database, "SELECT expires_at FROM sessions")
        async with asyncio.timeout(10):
            await session.lost.wait()
        with pytest.raises(SessionLostError, match=r"is lost.*sends nothing more"):
            session.check()
        assert "lost" in repr(session)
    assert await rows(database, "SELECT expires_at FROM sessions") == before


async def test_a_process_that_stood_still_knows_at_once(database: Database) -> None:
    async with await a_session(database, ttl=1.0) as session:
        session.check()
        time.sleep(1.0)  # noqa: ASYNC251 -- nothing else may run meanwhile
        with pytest.raises(SessionLostError):
            session.check()
        assert session.lost.is_set()


async def test_it_outlives_a_short_absence_of_the_database(
    own_postgres: Server, own_database_url: str
) -> None:
    async with Database(own_database_url) as database, await a_session(database, ttl=8.0) as session:
        ((before,),) = await rows(database, "SELECT expires_at FROM sessions")
        await asyncio.to_thread(own_postgres.restart)
        while await rows(database, "SELECT expires_at FROM sessions") == [(before,)]:
            await asyncio.sleep(0.05)
        session.check()


async def test_it_takes_itself_for_dead_before_others_do(own_postgres: Server, own_database_url: str) -> None:
    async with Database(own_database_url) as database, await a_session(database, ttl=1.0) as session:
        await asyncio.to_thread(own_postgres.stop)
        async with asyncio.timeout(20):
            await session.lost.wait()
        lost_at = time.time()
        with pytest.raises(SessionLostError):
            session.check()
        await asyncio.to_thread(own_postgres.start)
        ((ends_at,),) = await rows(database, "SELECT extract(epoch FROM expires_at)::float8 FROM sessions")
        assert isinstance(ends_at, float)
        assert lost_at < ends_at


async def test_sessions_of_long_ago_are_forgotten(database: Database) -> None:
    owner = await rosa(database)
    await change(
        database,
        "INSERT INTO sessions (owner, host, pid, role, expires_at)"
        f" SELECT {owner}, 'h', n, 'client', clock_timestamp() - interval '1 day' * n"
        " FROM (VALUES (1), (8), (9)) AS days (n)",
    )
    await change(
        database,
        f"INSERT INTO leases SELECT {owner}, 'requests', id, CASE pid WHEN 9 THEN 5 ELSE 0 END FROM sessions",
    )
    async with Session(database, owner, "client"):
        left = await rows(database, "SELECT pid FROM sessions ORDER BY id")
    # One of them holds tokens that nobody has counted yet.
    assert left == [(1,), (9,), (os.getpid(),)]
