"""The reader: lazy, numbered, no faster than there is room; what the journal knows is not handed on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from sbtransfer import Item, JournalError, JournalRefusedError, Outcome, VolumeImport, WorkListError
from sbtransfer.chunks import Chunker
from sbtransfer.errors import CountError
from sbtransfer.items import Kind
from sbtransfer.journal import Journal, MemoryJournal
from sbtransfer.models import Chunk, Entry
from sbtransfer.reader import Reader
from sbtransfer.simulator.clock import run
from sbtransfer.sources import Found, LiveSource, Remainder
from sbtransfer.stream import Stream
from tests.support import an_import
from tests.unit.journal.journals import an_outcome, completed, intend, listed, opened


def items(count: int) -> Iterator[Item]:
    for number in range(count):
        yield VolumeImport(volume="a/b", location=f"{number}", project="c/d")


def reader(source: Any, *, room: int = 1000, linger: float = 1.0) -> tuple[Reader, list[Chunk]]:
    chunks: list[Chunk] = []
    known: list[Outcome] = []
    station = Reader(source, Stream(room), Chunker(linger), MemoryJournal(), chunks.append, known.append)
    return station, chunks


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


# What the journal knows -----------------------------------------------------------------------------------


class Desk:
    """A reader with a journal, and all that it hands on."""

    def __init__(self, source: Any, journal: Journal, room: int = 10_000) -> None:
        self.entries: list[Entry] = []
        self.known: list[Outcome] = []
        self.log: list[str] = []
        self.stream = Stream(room)
        self.reader = Reader(source, self.stream, Chunker(1.0), journal, self.submit, self.take)

    def submit(self, chunk: Chunk) -> None:
        self.entries += chunk.entries
        self.log.append("chunk")

    def take(self, outcome: Outcome) -> None:
        self.known.append(outcome)
        self.log.append(f"known {outcome.index}")

    @property
    def sent(self) -> list[int]:
        return [entry.index for entry in self.entries]

    @property
    def told(self) -> list[int]:
        return [outcome.index for outcome in self.known]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.sqlite"


def items_of(entries: list[Entry]) -> list[Item]:
    return [entry.item for entry in entries]


async def one_by_one(items: list[Item]) -> AsyncIterator[Item]:
    for item in items:
        yield item


async def half_done(path: Path) -> None:
    """Leave a journal of eight items: completed, waiting, in doubt, under way, and two that it does not know.

    Completed are 0, 1 and 2, waiting 3, in doubt 4, under way 5; 6 and 7 were read and not sent, as 8 was.
    """
    async with opened(path) as journal:
        await completed(journal, listed(3))
        sent = await intend(journal, listed(3, first=3))
        await journal.answered(sent.call, {5: "j5"}, [])
        await journal.waiting([3])
        await completed(journal, listed(1, first=8))


@pytest.mark.parametrize("form", ["list", "async"])
async def test_what_the_journal_knows_is_not_handed_on_again(path: Path, form: str) -> None:
    await half_done(path)
    items = items_of(listed(12))
    async with opened(path) as journal:
        desk = Desk(items if form == "list" else one_by_one(items), journal)
        await desk.reader.run()
        assert desk.told == [0, 1, 2, 8]
        assert all(outcome.item is items[outcome.index] for outcome in desk.known)
        # First what waits, then what was read and not sent, then what is new; 4 and 5 are others' business.
        assert desk.sent == [3, 6, 7, 9, 10, 11]
        assert [entry.attempts for entry in desk.entries] == [1, 0, 0, 0, 0, 0]
        assert all(entry.item == items[entry.index] for entry in desk.entries)
        assert (desk.reader.read, desk.reader.error) == (10, None)
        assert desk.stream.entered == 6
    async with opened(path) as journal:
        assert journal.past.total == 12


async def test_nothing_is_handed_on_before_all_was_compared(path: Path) -> None:
    async with opened(path) as journal:
        sent = await intend(journal, listed(400))
        await journal.waiting(range(300))
        await journal.ended([an_outcome(entry) for entry in listed(100, first=300)])
        assert sent.call == 1
    gate = asyncio.Event()

    async def source() -> AsyncIterator[Item]:
        for entry in listed(400):
            if entry.index == 399:
                await gate.wait()
            yield entry.item

    async with opened(path) as journal:
        desk = Desk(source(), journal)
        task = asyncio.create_task(desk.reader.run())
        while len(desk.known) < 99:
            await asyncio.sleep(0.001)
        assert desk.sent == []
        assert not desk.reader.compared.is_set()
        gate.set()
        await task
        assert desk.sent == list(range(300))
        assert desk.reader.compared.is_set()


async def test_without_a_past_the_comparison_is_over_at_once() -> None:
    desk = Desk(one_by_one([]), MemoryJournal())
    await desk.reader.run()
    assert desk.reader.compared.is_set()


@pytest.mark.parametrize("changed", [0, 3, 8])
async def test_another_list_is_refused_before_anything_is_handed_on(path: Path, changed: int) -> None:
    await half_done(path)
    items = items_of(listed(12))
    items[changed] = an_import("another")
    closed = []

    def source() -> Iterator[Item]:
        try:
            yield from items
        finally:
            closed.append(True)

    async with opened(path) as journal:
        desk = Desk(source(), journal)
        with pytest.raises(JournalRefusedError, match=f"item {changed} "):
            await desk.reader.run()
        assert desk.sent == []
        assert not desk.reader.compared.is_set()
        assert closed == [True]
        assert journal.past.total is None


async def test_what_is_no_item_in_the_known_part_is_the_lists_own_trouble(path: Path) -> None:
    await half_done(path)
    async with opened(path) as journal:
        desk = Desk([*items_of(listed(2)), "a line"], journal)
        await desk.reader.run()
        assert isinstance(desk.reader.error, WorkListError)
        assert desk.sent == []


async def test_known_outcomes_wait_for_room(path: Path) -> None:
    async with opened(path) as journal:
        await completed(journal, listed(300))
    async with opened(path) as journal:
        desk = Desk(items_of(listed(301)), journal, room=50)

        def deliver(outcome: Outcome) -> None:
            desk.take(outcome)
            desk.stream.enter()
            desk.stream.put([outcome])

        desk.reader.known = deliver
        task = asyncio.create_task(desk.reader.run())
        await asyncio.sleep(0.1)
        assert len(desk.known) == 50
        for _ in range(250):
            await desk.stream.get()
        await asyncio.sleep(0.1)
        assert len(desk.known) == 300
        for _ in range(50):
            await desk.stream.get()
        await task
        assert desk.sent == [300]


async def test_waiting_items_wait_for_room(path: Path) -> None:
    async with opened(path) as journal:
        await intend(journal, listed(300))
        await journal.waiting(range(300))
    async with opened(path) as journal:
        desk = Desk(Remainder(), journal, room=100)
        task = asyncio.create_task(desk.reader.run())
        await asyncio.sleep(0.1)
        assert desk.sent == list(range(100))
        task.cancel()
        await asyncio.wait({task})


async def test_what_was_taken_up_counts_as_read() -> None:
    desk = Desk([], MemoryJournal())
    desk.reader.took_up(range(7))
    assert (desk.reader.read, desk.stream.entered) == (7, 7)


@pytest.mark.parametrize("broken", [True, False])
async def test_only_a_list_that_was_read_to_its_end_has_a_length(path: Path, broken: bool) -> None:
    def source() -> Iterator[Item]:
        yield from items_of(listed(3))
        if broken:
            raise ValueError("mine")

    async with opened(path) as journal:
        desk = Desk(source(), journal)
        await desk.reader.run()
        assert desk.sent == [0, 1, 2]
    async with opened(path) as journal:
        assert journal.past.total == (None if broken else 3)


async def test_the_journals_own_trouble_is_raised() -> None:
    class Broken(MemoryJournal):
        async def exhausted(self, total: int) -> None:
            raise JournalError("the disk is full")

    desk = Desk(items_of(listed(3)), Broken())
    with pytest.raises(JournalError, match="the disk is full"):
        await desk.reader.run()
    assert desk.reader.error is None


# Live sources ---------------------------------------------------------------------------------------------


class Volume:
    """A live source of imports, whose keys are their locations."""

    def __init__(self, *locations: str, broken: bool = False) -> None:
        self.locations = locations
        self.broken = broken
        self.closed = False

    def key(self, item: VolumeImport) -> str:
        if self.broken:
            raise ValueError("no key")
        return f"key of {item.location}"

    async def __aiter__(self) -> AsyncIterator[Item]:
        try:
            for location in self.locations:
                yield an_import(location)
        finally:
            self.closed = True


async def note(journal: Journal, *locations: str, first: int = 0) -> list[Entry]:
    """Note keyed items as about to be sent."""
    kind: Kind = "import"
    entries = [Entry(first + n, an_import(one), f"key of {one}") for n, one in enumerate(locations)]
    assert (await intend(journal, entries)).kind == kind
    return entries


def places(entries: list[Entry]) -> list[tuple[int, str, str | None]]:
    return [(entry.index, getattr(entry.item, "location", ""), entry.key) for entry in entries]


async def test_items_of_a_live_source_have_their_keys() -> None:
    assert isinstance(Volume(), LiveSource)
    desk = Desk(Volume("a", "b", "a"), MemoryJournal())
    await desk.reader.run()
    assert places(desk.entries) == [(0, "a", "key of a"), (1, "b", "key of b")]
    assert (desk.reader.read, desk.stream.entered) == (2, 2)


async def test_items_of_a_list_have_none() -> None:
    desk = Desk(items_of(listed(1)), MemoryJournal())
    await desk.reader.run()
    assert desk.entries == [Entry(0, an_import("runs/0"))]


async def test_keys_that_are_known_are_passed_and_the_past_is_finished(path: Path) -> None:
    async with opened(path) as journal:
        entries = await note(journal, "a", "b", "c", "d")
        await journal.ended([an_outcome(entries[0])])
        await journal.waiting([1, 2])
    async with opened(path) as journal:
        # b is not shown any more, e and f are new, and d is in doubt.
        desk = Desk(Volume("f", "d", "c", "a", "e"), journal)
        await desk.reader.run()
        assert desk.told == [0]
        assert places(desk.entries) == [
            (1, "b", "key of b"),
            (2, "c", "key of c"),
            (4, "f", "key of f"),
            (5, "e", "key of e"),
        ]
        assert desk.reader.read == 5
    async with opened(path) as journal:
        assert journal.past.total == 6


class Shelf:
    """A live source that shows one page of numbers and makes items of them."""

    def __init__(self, make: Callable[[Sequence[Found]], Sequence[Any]]) -> None:
        self.make = make
        self.closed = False

    def key(self, item: VolumeImport) -> str:
        return item.location

    def __aiter__(self) -> AsyncIterator[Item]:
        raise AssertionError("a source that knows pages is read by its pages")

    async def pages(self) -> AsyncIterator[Sequence[Found]]:
        try:
            yield [Found(str(number), number) for number in range(3)]
            yield [Found("late", 3)]
        finally:
            self.closed = True

    async def items(self, found: Sequence[Found]) -> Sequence[Any]:
        return self.make(found)


def made(found: Sequence[Found]) -> list[Item]:
    return [an_import(one.key) for one in found]


async def test_a_source_of_pages_is_read_to_its_end_and_closed() -> None:
    source = Shelf(made)
    station, chunks = reader(source)
    await station.run()
    assert (sizes(chunks), station.error, source.closed) == ([4], None, True)


@pytest.mark.parametrize("lost", [1, 3])
async def test_a_source_that_makes_fewer_items_than_it_found_is_found_out(lost: int) -> None:
    source = Shelf(lambda found: made(found)[lost:])
    station, chunks = reader(source)
    await station.run()
    assert isinstance(station.error, CountError)
    assert f"made {3 - lost} items of 3 things" in str(station.error)
    assert (sizes(chunks), source.closed) == ([], True)


async def test_a_source_that_makes_what_is_no_item_is_closed_at_once() -> None:
    source = Shelf(lambda found: [one.thing for one in found])
    station, _ = reader(source)
    await station.run()
    assert isinstance(station.error, WorkListError)
    assert source.closed


async def test_a_key_that_cannot_be_told_ends_the_reading() -> None:
    source = Volume("a", broken=True)
    desk = Desk(source, MemoryJournal())
    await desk.reader.run()
    assert isinstance(desk.reader.error, ValueError)
    assert source.closed
    assert desk.entries == []


@pytest.mark.parametrize("keyed", [True, False])
async def test_a_list_and_a_live_source_have_different_journals(path: Path, keyed: bool) -> None:
    async with opened(path) as journal:
        await (note(journal, "a") if keyed else completed(journal, listed(1)))
    for source in (Volume("a"), [an_import("a")], one_by_one([an_import("a")])):
        if isinstance(source, Volume) == keyed:
            continue
        async with opened(path) as journal:
            desk = Desk(source, journal)
            with pytest.raises(JournalRefusedError, match="volume or a project"):
                await desk.reader.run()
            assert (desk.entries, desk.known) == ([], [])


# No list at all -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False])
async def test_a_remainder_is_what_the_journal_holds(path: Path, known: bool) -> None:
    await half_done(path)
    async with opened(path) as journal:
        desk = Desk(Remainder(known=known), journal)
        await desk.reader.run()
        assert desk.told == ([0, 1, 2, 8] if known else [])
        assert places(desk.entries) == [(3, "runs/3", None)]
        assert (desk.reader.read, desk.reader.error) == (5 if known else 1, None)
        assert desk.reader.compared.is_set()
    async with opened(path) as journal:
        assert journal.past.total is None


async def test_a_remainder_of_a_live_source_is_as_good(path: Path) -> None:
    async with opened(path) as journal:
        await note(journal, "a", "b")
        await journal.waiting([1])
    async with opened(path) as journal:
        desk = Desk(Remainder(), journal)
        await desk.reader.run()
        assert places(desk.entries) == [(1, "b", "key of b")]


async def test_what_a_remainder_misses_is_told_at_the_end(path: Path) -> None:
    await half_done(path)
    missing = JournalError("the rest is not here")
    async with opened(path) as journal:
        desk = Desk(Remainder(missing=missing), journal)
        await desk.reader.run()
        assert desk.reader.error is missing
        assert (desk.told, desk.sent) == ([0, 1, 2, 8], [3])
