"""The stream: order of completion, room, one consumer, one end."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from sbtransfer import Outcome, OutcomeState, UsageError, VolumeImport
from sbtransfer.stream import Stream

ITEM = VolumeImport(volume="a/b", location="c", project="d/e")


def outcomes(*indexes: int) -> list[Outcome]:
    return [Outcome(index=index, item=ITEM, state=OutcomeState.COMPLETED) for index in indexes]


async def soon(coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
    task = asyncio.create_task(coroutine)
    await asyncio.sleep(0)
    return task


async def test_outcomes_come_in_order_of_completion_then_the_end() -> None:
    stream = Stream(10)
    stream.put(outcomes(3, 1))
    stream.put(outcomes(2))
    stream.end(None)
    assert [(await stream.get()).index for _ in range(3)] == [3, 1, 2]
    for _ in range(2):
        with pytest.raises(StopAsyncIteration):
            await stream.get()


async def test_the_error_comes_after_the_outcomes_and_once() -> None:
    stream = Stream(10)
    stream.put(outcomes(0))
    stream.end(OSError("gone"))
    assert (await stream.get()).index == 0
    with pytest.raises(OSError, match="gone"):
        await stream.get()
    with pytest.raises(StopAsyncIteration):
        await stream.get()
    assert stream.take_error() is None


async def test_a_waiting_consumer_wakes_for_an_outcome_and_for_the_end() -> None:
    stream = Stream(10)
    waiting = await soon(stream.get())
    assert not waiting.done()
    stream.put([])
    await asyncio.sleep(0)
    assert not waiting.done()
    stream.put(outcomes(5))
    assert (await waiting).index == 5
    waiting = await soon(stream.get())
    stream.end(None)
    with pytest.raises(StopAsyncIteration):
        await waiting


async def test_a_second_consumer_is_refused_and_the_first_goes_on() -> None:
    stream = Stream(10)
    first = await soon(stream.get())
    with pytest.raises(UsageError, match="one consumer"):
        await stream.get()
    stream.put(outcomes(1))
    assert (await first).index == 1


async def test_a_cancelled_consumer_loses_nothing() -> None:
    stream = Stream(10)
    waiting = await soon(stream.get())
    stream.put(outcomes(1))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await stream.get()).index == 1


@pytest.mark.parametrize(
    ("max_in_flight", "low_water"), [(1, 1), (9, 1), (10, 1), (99, 9), (1000, 100), (10_000, 1000)]
)
async def test_the_room_that_a_blocked_reader_waits_for(max_in_flight: int, low_water: int) -> None:
    stream = Stream(max_in_flight)
    assert stream.low_water == low_water
    for _ in range(max_in_flight):
        assert not stream.full
        stream.enter()
    assert stream.full
    blocked = await soon(stream.room())
    stream.put(outcomes(*range(max_in_flight)))
    for taken in range(1, low_water + 1):
        assert not blocked.done()
        await stream.get()
        await asyncio.sleep(0)
        assert blocked.done() == (taken == low_water)


async def test_room_is_tight_when_no_whole_chunk_fits() -> None:
    stream = Stream(1000)
    seen = []
    for _ in range(1000):
        stream.enter()
        seen.append(stream.tight)
    assert seen == [False] * 900 + [True] * 100
    assert not Stream(1).tight


async def test_undelivered_outcomes_take_room() -> None:
    stream = Stream(2)
    stream.enter()
    stream.enter()
    stream.put(outcomes(0, 1))
    assert stream.full
    assert stream.undelivered == 2
    await stream.get()
    assert [stream.full, stream.undelivered] == [False, 1]
