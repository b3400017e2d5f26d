from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from attrs import evolve

from sbtransfer.cluster.database import Database
from sbtransfer.cluster.schema import Connection
from sbtransfer.cluster.tokens import Account, Reply, Wish, Word, exchange, register
from sbtransfer.errors import ClusterRefusedError
from sbtransfer.journal.journal import BudgetName

NOW = 1000.0
"""What the process's clock shows whenever something is exchanged."""
PERIOD = 300.0


class Desk:
    """Sessions of one owner, and what they exchange, in one transaction that never ends."""

    def __init__(self, connection: Connection, owner: int) -> None:
        self.connection = connection
        self.owner = owner

    async def session(self, expires_in: float = 1000.0) -> Account:
        number = await self.value(
            "INSERT INTO sessions (owner, host, pid, role, expires_at)"
            " VALUES (%s, 'mill', 7, 'client', clock_timestamp() + %s * interval '1 second') RETURNING id",
            self.owner,
            expires_in,
        )
        return Account(self.owner, "requests", number)

    async def register(self, capacity: int, period: float = PERIOD, name: BudgetName = "requests") -> Account:
        account = await self.session()
        await register(self.connection, self.owner, account.session, {name: (capacity, period)})
        return account

    async def value(self, query: str, *values: object) -> Any:
        row = await (await self.connection.execute(query, values)).fetchone()
        return None if row is None else row[0]

    async def tell(self, account: Account, **wish: Any) -> Reply:
        return await exchange(self.connection, account, Wish(**wish), NOW)

    async def take(self, account: Account, want: int, held: int = 0, **wish: Any) -> int:
        return (await self.tell(account, held=held, want=want, **wish)).granted

    async def end(self, account: Account, ago: float = 0.0) -> None:
        await self.connection.execute(
            "UPDATE sessions SET expires_at = clock_timestamp() - %s * interval '1 second' WHERE id = %s",
            (ago, account.session),
        )

    async def held(self) -> dict[int, int]:
        found = await self.connection.execute("SELECT session, amount FROM leases")
        return dict(await found.fetchall())


@asynccontextmanager
async def a_desk(database: Database) -> AsyncIterator[Desk]:
    async with database.connection() as connection:
        found = await connection.execute(
            "INSERT INTO owners (endpoint, username) VALUES ('https://api.example.org', 'rosa') RETURNING id"
        )
        row = await found.fetchone()
        assert row is not None
        yield Desk(connection, row[0])


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with a_desk(database) as desk:
        yield desk


# Taking --------------------------------------------------------------------------------------------------


async def test_as_much_is_granted_as_there_is(desk: Desk) -> None:
    one = await desk.register(100)
    other = await desk.session()
    assert await desk.take(one, 70) == 70
    assert await desk.tell(other, want=50) == Reply(30, 0, 70, None, alive=True)
    assert await desk.held() == {one.session: 70, other.session: 30}
    assert await desk.take(one, 10, held=70) == 0


async def test_nothing_is_granted_below_the_least(desk: Desk) -> None:
    one = await desk.register(100)
    assert await desk.take(await desk.session(), 60) == 60
    assert await desk.tell(one, want=50, least=41) == Reply(0, 40, 60, None, alive=True)
    assert await desk.take(one, 50, least=40) == 40


async def test_what_is_held_no_more_is_free(desk: Desk) -> None:
    one = await desk.register(100)
    other = await desk.session()
    await desk.take(one, 100)
    await desk.tell(one, held=30)
    assert await desk.take(other, 100) == 70


async def test_to_ask_again_after_an_answer_that_was_lost_takes_no_more(desk: Desk) -> None:
    one = await desk.register(100)
    for _ in range(3):
        assert await desk.take(one, 60) == 60
    assert await desk.held() == {one.session: 60}


async def test_budgets_and_owners_have_nothing_to_do_with_each_other(desk: Desk) -> None:
    one = await desk.register(100)
    await register(desk.connection, desk.owner, one.session, {"files": (10, PERIOD)})
    assert await desk.take(one, 100) == 100
    assert await desk.take(evolve(one, name="files"), 100) == 10
    owner = await desk.value("INSERT INTO owners (endpoint, username) VALUES ('e', 'lise') RETURNING id")
    lise = await Desk(desk.connection, owner).register(5)
    assert await desk.take(lise, 100) == 5


async def test_limits_that_are_gone_are_said(desk: Desk) -> None:
    account = await desk.session()
    with pytest.raises(ClusterRefusedError, match="begin anew"):
        await desk.take(account, 1)


# Spending ------------------------------------------------------------------------------------------------


async def test_spent_tokens_come_back_one_period_after_the_answer(desk: Desk) -> None:
    one = await desk.register(100)
    await desk.take(one, 100)
    reply = await desk.tell(one, held=20, spent=((50, NOW - 100.0), (30, NOW - 299.0)), want=10)
    assert (reply.granted, reply.free) == (0, 0)
    assert reply.more_in is not None
    assert 0 < reply.more_in <= 1.0
    back = await desk.value(
        "SELECT array_agg(round(extract(epoch FROM back_at - clock_timestamp())) ORDER BY back_at)"
        " FROM spends"
    )
    assert back in ([1, 200], [0, 199])


async def test_what_was_told_late_comes_back_no_later(desk: Desk) -> None:
    one = await desk.register(100)
    await desk.take(one, 100)
    reply = await desk.tell(one, spent=((60, NOW - 300.0), (40, NOW - 200.0)), want=100)
    assert reply.granted == 60
    assert await desk.value("SELECT sum(amount) FROM spends") == 40


async def test_what_is_back_is_dropped_and_free(desk: Desk) -> None:
    one = await desk.register(100)
    await desk.tell(one, spent=((60, NOW), (40, NOW)))
    assert await desk.take(one, 100) == 0
    await desk.connection.execute("UPDATE spends SET back_at = clock_timestamp() WHERE amount = 60")
    assert await desk.take(one, 100) == 60
    assert await desk.value("SELECT count(*) FROM spends") == 1


async def test_more_may_be_spent_than_there_is(desk: Desk) -> None:
    one = await desk.register(100)
    for wish in ({"spent": ((150, NOW),)}, {}):
        reply = await desk.tell(one, want=1, **wish)
        assert (reply.granted, reply.free) == (0, 0)


# The dead ------------------------------------------------------------------------------------------------


async def test_the_tokens_of_the_dead_are_spent_when_they_died(desk: Desk) -> None:
    dead, one = await desk.register(100), await desk.session()
    await desk.take(dead, 60)
    assert (await desk.tell(one)).elsewhere == 60
    await desk.end(dead, ago=200.0)
    reply = await desk.tell(one, want=100)
    assert (reply.granted, reply.elsewhere) == (40, 0)
    assert reply.more_in is not None
    assert 99.0 < reply.more_in <= 100.0
    assert dead.session not in await desk.held()


async def test_the_tokens_of_those_long_dead_are_free(desk: Desk) -> None:
    dead, one = await desk.register(100), await desk.session()
    await desk.take(dead, 60)
    await desk.end(dead, ago=300.0)
    assert await desk.take(one, 100) == 100


async def test_the_dead_get_nothing_and_what_they_tell_counts(desk: Desk) -> None:
    one, other = await desk.register(100), await desk.session()
    await desk.take(one, 60)
    await desk.end(one)
    reply = await desk.tell(one, held=50, spent=((10, NOW),), want=5)
    assert (reply.granted, reply.alive) == (0, False)
    assert (await desk.held())[one.session] == 60
    # Ten of them are counted twice, rather than not at all.
    assert await desk.take(other, 100) == 30


async def test_whoever_is_prolonged_just_now_is_not_taken_for_dead(database: Database) -> None:
    async with a_desk(database) as desk, database.connection() as second:
        slow, one = await desk.register(100), await desk.session()
        await desk.take(slow, 60)
        await desk.end(slow)
        async with second.transaction():
            # As if that had begun in time; nobody else sees it before it is committed.
            await second.execute("UPDATE sessions SET expires_at = 'infinity' WHERE id = %s", (slow.session,))
            async with database.connection() as third:
                await third.execute("SET lock_timeout = 100")
                with pytest.raises(Exception, match="lock timeout"):
                    await exchange(third, one, Wish(want=100), NOW)
        assert await desk.take(one, 100) == 40
        assert (await desk.held())[slow.session] == 60


# What the platform leaves --------------------------------------------------------------------------------


def said(left: int, window: float = 1.0, ends_in: float = 100.0) -> Word:
    return Word(left, window, NOW + ends_in)


async def test_what_the_platform_leaves_is_a_ceiling_for_all(desk: Desk) -> None:
    one, other = await desk.register(100), await desk.session()
    assert await desk.take(one, 20) == 20
    reply = await desk.tell(other, want=50, said=said(30))
    # The other's tokens may or may not be counted in that.
    assert (reply.granted, reply.free) == (10, 0)
    assert reply.more_in is not None
    assert 99.0 < reply.more_in <= 100.0


async def test_a_ceiling_ends_with_its_window(desk: Desk) -> None:
    one = await desk.register(100)
    assert await desk.take(one, 100, said=said(0, ends_in=-1.0)) == 100


async def test_a_window_is_no_longer_than_the_period(desk: Desk) -> None:
    one = await desk.register(100)
    reply = await desk.tell(one, want=1, said=said(0, ends_in=1e6))
    assert reply.more_in is not None
    assert reply.more_in <= PERIOD


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ([said(40), said(30)], 30),
        ([said(30), said(40)], 30),
        ([said(30), said(40, window=2.0)], 40),
        ([said(40, window=2.0), said(30, window=1.0)], 40),
        ([said(40), said(20, ends_in=-1.0)], 100),
    ],
)
async def test_the_newest_word_counts(desk: Desk, words: list[Word], left: int) -> None:
    one = await desk.register(100)
    for word in words:
        await desk.tell(one, said=word)
    assert await desk.take(one, 100) == left


# The limits ----------------------------------------------------------------------------------------------


async def test_the_same_limits_are_shared(desk: Desk) -> None:
    await desk.register(100)
    await desk.register(100)
    assert await desk.value("SELECT count(*) FROM budgets") == 1


@pytest.mark.parametrize(("capacity", "period"), [(200, 300.0), (100, 60.0)])
async def test_other_limits_are_refused_while_others_live(desk: Desk, capacity: int, period: float) -> None:
    await desk.register(100)
    with pytest.raises(ClusterRefusedError) as caught:
        await desk.register(capacity, period)
    text = str(caught.value)
    assert "100 requests in 300 s" in text
    assert f"given {capacity} in {period:g} s" in text
    assert "7 on mill" in text
    assert "the same limits" in text


async def test_other_limits_hold_once_nobody_else_lives_and_spends_stay(desk: Desk) -> None:
    one = await desk.register(100)
    await desk.tell(one, spent=((70, NOW),))
    await desk.end(one)
    other = await desk.register(80)
    assert await desk.take(other, 100) == 10
