"""The reader: lazy, numbered, no faster than there is room."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from sbtransfer import Item, VolumeImport, WorkListError
from sbtransfer.chunks import Chunker
from sbtransfer.models import Chunk
from sbtransfer.reader import Reader
from sbtransfer.simulator.clock import run
from sbtransfer.stream import Stream


def items(count: int) -> Iterator[Item]:
    for number in range(count):
        yield VolumeImport(volume="a/b", location=f"{number}", project="c/d")


def reader(source: Any, *, room: int = 1000, linger: float = 1.0) -> tuple[Reader, list[Chunk]]:
    chunks: list[Chunk] = []
    return Reader(source, Stream(room), Chunker(linger), chunks.append), chunks


def sizes(chunks: list[Chunk]) -> list[int]:
    return [len(chunk.entries) for chunk in chunks]


async def test_numbers_items_and_flushes_the_last_chunk() -> None:
    station, chunks = reader(items(250))
    await station.run()
    assert sizes(chunks) == [100, 100, 50]
    assert [entry.index for chunk in chunks for entry in chunk.entries] == list(range(250))
    assert (station.read, station.holding, station.error) == (250, 0, None)


def test_a_lingering_chunk_is_handed_on_while_the_source_sleeps() -> None:
    async def slowly() -> AsyncIterator[Item]:
        for item in items(4):
            yield item
            await asyncio.sleep(2)

    async def main() -> None:
        station, chunks = reader(slowly(), linger=3)
        reading = asyncio.create_task(station.run())
        seen = []
        for _ in range(9):
            await asyncio.sleep(1)
            seen.append(sizes(chunks))
        await reading
        # Items come at 0, 2, 4 and 6; the chunks that began at 0 and at 4 are due at 3 and at 7.
        assert seen == [[], [], [2], [2], [2], [2], [2, 2], [2, 2], [2, 2]]

    run(main())


async def test_reads_no_further_than_there_is_room() -> None:
    station, chunks = reader(items(10_000), room=250, linger=1e9)
    reading = asyncio.create_task(station.run())
    for _ in range(50):
        await asyncio.sleep(0)
    assert station.read == 250
    assert sizes(chunks) == [100, 100]
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert station.holding == 50


async def test_items_in_open_chunks_are_sent_on_where_only_they_could_make_room() -> None:
    station, chunks = reader(items(10), room=5, linger=1e9)
    reading = asyncio.create_task(station.run())
    for _ in range(10):
        await asyncio.sleep(0)
    assert sizes(chunks) == [5]
    reading.cancel()
    await asyncio.wait({reading})


@pytest.mark.parametrize("wrong", [{"volume": "a/b"}, "a line", None])
async def test_what_is_no_item_ends_the_reading_with_its_place(wrong: object) -> None:
    station, chunks = reader([*items(2), wrong, *items(1)])
    await station.run()
    assert isinstance(station.error, WorkListError)
    assert str(station.error).startswith(f"item 2 is of type {type(wrong).__name__}")
    assert sizes(chunks) == [2]


async def test_the_sources_own_exception_is_kept_as_it_is() -> None:
    mine = ValueError("mine")

    def broken() -> Iterator[Item]:
        yield from items(3)
        raise mine

    station, chunks = reader(broken())
    await station.run()
    assert station.error is mine
    assert sizes(chunks) == [3]


async def test_a_long_list_lets_others_work() -> None:
    station, _ = reader(items(1000), room=10_000)
    turns = 0
    reading = asyncio.create_task(station.run())
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns >= 10
