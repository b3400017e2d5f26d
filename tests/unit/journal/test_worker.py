"""Group commit, what becomes of writes that fail, and the end of everything."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sbtransfer.errors import JournalError, JournalRefusedError
from sbtransfer.journal import JournalReader, Owner, SQLiteJournal
from tests.unit.journal.journals import (
    ROSA,
    an_outcome,
    completed,
    descriptors,
    inside,
    intend,
    listed,
    names,
    opened,
    threads,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "move.sqlite"


async def traced(journal: SQLiteJournal) -> list[str]:
    """Return the list to which all statements are added from now on."""
    statements: list[str] = []
    await inside(journal, lambda connection: connection.set_trace_callback(statements.append))
    return statements


async def full(journal: SQLiteJournal, spare: int = 4) -> None:
    """Let the disk be full a few pages on, as SQLite itself sees it."""
    used = await inside(journal, lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
    await inside(journal, lambda connection: connection.execute(f"PRAGMA max_page_count = {used + spare}"))


class Gate:
    """Work that holds the thread until it is opened."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def __call__(self, connection: sqlite3.Connection) -> None:
        self._event.wait()

    def open(self) -> None:
        self._event.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


async def behind(journal: SQLiteJournal, gate: Gate) -> "asyncio.Task[None]":
    """Keep the thread busy."""
    task = asyncio.create_task(journal._open.read(gate))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


# Together ------------------------------------------------------------------------------------------------


async def test_writes_of_one_moment_share_a_transaction(path: Path) -> None:
    async with opened(path) as journal:
        statements = await traced(journal)
        await asyncio.gather(*(intend(journal, listed(100, first=number * 100)) for number in range(30)))
        assert statements.count("COMMIT") == 1
        assert len(await journal.recorded(0, 9999)) == 3000


async def test_writes_that_come_while_the_thread_is_busy_go_together_and_in_order(
    path: Path, gate: Gate
) -> None:
    async with opened(path) as journal:
        await behind(journal, gate)
        statements = await traced_later(journal)
        writes = []
        for number in range(20):
            writes.append(asyncio.create_task(journal.note("last", number)))
            await asyncio.sleep(0)
        gate.open()
        await asyncio.gather(*writes)
        assert (await statements).count("COMMIT") == 1
        assert await journal.notes() == {"last": 19}


async def traced_later(journal: SQLiteJournal) -> "asyncio.Future[list[str]]":
    tracing = asyncio.ensure_future(traced(journal))
    await asyncio.sleep(0)
    return tracing


async def test_a_method_is_one_transaction(path: Path) -> None:
    async with opened(path) as journal:
        sent = await intend(journal, listed(100))
        statements = await traced(journal)
        jobs = {index: f"j{index}" for index in range(50)}
        await journal.answered(sent.call, jobs, [an_outcome(entry) for entry in listed(50, first=50)])
        assert statements.count("BEGIN IMMEDIATE") == statements.count("COMMIT") == 1


async def test_a_read_sees_what_was_asked_for_before_it(path: Path, gate: Gate) -> None:
    """An adoption must not miss the jobs of an answer that is on its way to the disk."""
    async with opened(path) as journal:
        await behind(journal, gate)
        sent = asyncio.create_task(journal.answered(1, {0: "a"}, ()))
        await asyncio.sleep(0)
        known = asyncio.create_task(journal.known(["a"]))
        await asyncio.sleep(0)
        gate.open()
        assert await known == {"a"}
        await sent


async def test_what_was_acknowledged_is_there_for_others(path: Path) -> None:
    async with opened(path) as journal:
        with JournalReader(path) as reader:
            await intend(journal, listed(7))
            assert reader.counts().in_doubt == 7
            await journal.answered(1, {0: "a"}, ())
            assert reader.counts().under_way == 1
            await journal.ended([an_outcome(listed(1)[0])])
            assert reader.counts().completed == 1


async def test_what_was_not_committed_is_not(path: Path, gate: Gate) -> None:
    async with opened(path) as journal:
        with JournalReader(path) as reader:
            await behind(journal, gate)
            writing = asyncio.create_task(intend(journal, listed(7)))
            await asyncio.sleep(0)
            assert reader.counts().recorded == 0
            assert not writing.done()
            gate.open()
            await writing
            assert reader.counts().recorded == 7


# Trouble -------------------------------------------------------------------------------------------------


async def test_a_full_disk_undoes_all_writes_of_the_transaction_and_tells_all_waiters(path: Path) -> None:
    async with opened(path) as journal:
        await completed(journal, listed(10))
        await full(journal)
        writes = [intend(journal, listed(100, first=number * 100)) for number in range(1, 9)]
        results = await asyncio.gather(journal.note("small", 1), *writes, return_exceptions=True)
        assert len({id(error) for error in results}) == 9
        for error in results:
            assert isinstance(error, JournalError)
            assert str(error) == (
                f"{path}: database or disk is full: make room on that disk, then resume the run with the same"
                " journal"
            )
        for again in (journal.exhausted(1), journal.known(["j1"]), journal.prune()):
            with pytest.raises(JournalError, match="disk is full"):
                await again
    async with opened(path) as journal:
        assert list(await journal.recorded(0, 9999)) == list(range(10))
        assert await journal.notes() == {}
        await intend(journal, listed(1, first=10))


async def test_writes_that_waited_behind_a_failure_are_told_too(path: Path, gate: Gate) -> None:
    async with opened(path) as journal:
        await full(journal, spare=0)
        failing = asyncio.create_task(intend(journal, listed(5000)))
        await behind(journal, gate)
        later = asyncio.create_task(journal._open.alone(lambda connection: None))
        await asyncio.sleep(0)
        gate.open()
        results = await asyncio.gather(failing, later, return_exceptions=True)
        assert [type(result) for result in results] == [JournalError, JournalError]


async def test_a_read_that_fails_breaks_nothing(path: Path) -> None:
    def fails(connection: sqlite3.Connection) -> None:
        connection.execute("SELECT * FROM nowhere")

    async with opened(path) as journal:
        reading = asyncio.ensure_future(journal._open.read(fails))
        writing = asyncio.ensure_future(journal.note("a", 1))
        with pytest.raises(JournalError, match=r"no such table: nowhere"):
            await reading
        await writing
        with pytest.raises(JournalError, match=r"no such table: nowhere"):
            await journal._open.alone(fails)
        assert await journal.notes() == {"a": 1}


async def test_a_read_that_lost_the_transaction_takes_the_writes_with_it(path: Path) -> None:
    def gives_up(connection: sqlite3.Connection) -> None:
        connection.execute("ROLLBACK")
        connection.execute("SELECT * FROM nowhere")

    async with opened(path) as journal:
        writing = asyncio.ensure_future(journal.note("a", 1))
        reading = asyncio.ensure_future(journal._open.read(gives_up))
        results = await asyncio.gather(writing, reading, return_exceptions=True)
        assert [type(result) for result in results] == [JournalError, JournalError]


# Cancellation and the end --------------------------------------------------------------------------------


async def test_a_cancelled_waiter_does_not_cancel_its_write(path: Path, gate: Gate) -> None:
    async with opened(path) as journal:
        await behind(journal, gate)
        writing = asyncio.create_task(journal.note("a", 1))
        await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        gate.open()
        assert await journal.notes() == {"a": 1}


async def test_the_items_of_a_call_that_got_no_number_wait(path: Path, gate: Gate) -> None:
    async with opened(path) as journal:
        await behind(journal, gate)
        writing = asyncio.create_task(intend(journal, listed(3)))
        await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        gate.open()
        assert await journal.entries_waiting(-1, 9) == listed(3)
        assert await journal.unfinished() == []


async def test_closing_writes_what_is_left_even_when_it_is_cancelled(path: Path, gate: Gate) -> None:
    journal = SQLiteJournal(path)
    await journal.open(ROSA)
    entries = listed(3)
    await intend(journal, entries)
    await behind(journal, gate)
    writing = asyncio.create_task(journal.ended([an_outcome(entry) for entry in entries]))
    await asyncio.sleep(0)
    writing.cancel()
    closing = asyncio.create_task(journal.aclose())
    for _ in range(3):
        await asyncio.sleep(0)
        closing.cancel()
    assert not closing.done()
    gate.open()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert threads() == []
    with JournalReader(path) as reader:
        assert reader.counts().completed == 3


async def test_a_loss_that_nobody_heard_of_is_told_at_the_end(path: Path) -> None:
    journal = SQLiteJournal(path)
    await journal.open(ROSA)
    await full(journal, spare=0)
    writing = asyncio.create_task(intend(journal, listed(5000)))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(JournalError, match="disk is full"):
        await journal.aclose()
    await journal.aclose()
    assert threads() == []


async def test_nothing_can_be_asked_for_once_closing_has_begun(path: Path, gate: Gate) -> None:
    journal = SQLiteJournal(path)
    await journal.open(ROSA)
    worker = journal._open
    await behind(journal, gate)
    closing = asyncio.create_task(journal.aclose())
    await asyncio.sleep(0)
    with pytest.raises(JournalError, match="is not open"):
        await worker.write(gate)
    with pytest.raises(JournalError, match="is not open"):
        await journal.exhausted(3)
    gate.open()
    await closing


async def test_opening_that_is_cancelled_leaves_nothing(path: Path) -> None:
    before = descriptors()
    opening = asyncio.create_task(SQLiteJournal(path).open(ROSA))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert threads() == []
    assert descriptors() == before
    async with opened(path):
        pass


async def test_nothing_is_left_of_it(path: Path) -> None:
    before = descriptors()
    for _ in range(3):
        async with opened(path) as journal:
            await completed(journal, listed(100))
            assert len(threads()) == 1
        with pytest.raises(JournalRefusedError):
            await SQLiteJournal(path).open(Owner(endpoint="e", username="u"))
    assert threads() == []
    assert descriptors() == before
    assert names(path.parent) == ["move.sqlite"]
