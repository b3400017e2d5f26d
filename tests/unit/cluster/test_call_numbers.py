"""Numbers of calls: each is given once, whoever asks, and later ones are higher."""

import asyncio

from sbtransfer.cluster.call_numbers import CallNumbers
from sbtransfer.cluster.database import Database


async def test_each_number_is_given_once_in_ascending_order(database: Database) -> None:
    numbers = CallNumbers(database)
    given = await asyncio.gather(*(numbers.next() for _ in range(200)))
    assert given == sorted(set(given))


async def test_two_never_share_one_and_who_begins_later_has_higher_ones(database: Database) -> None:
    first, second = CallNumbers(database), CallNumbers(database)
    early = [await first.next() for _ in range(3)]
    late = [await second.next() for _ in range(3)]
    assert late[0] > early[-1]
    assert await first.next() not in late
