"""Reading along, reading afterwards, and what is refused."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile

import pytest
from attrs import asdict

from sbtransfer.errors import JournalError, JournalRefusedError
from sbtransfer.journal import Counts, JournalReader, SQLiteJournal
from sbtransfer.journal.schema import VERSION
from sbtransfer.models import OutcomeState
from tests.unit.journal.journals import (
    ROSA,
    an_outcome,
    completed,
    descriptors,
    intend,
    listed,
    names,
    opened,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "move.sqlite"


@pytest.fixture(autouse=True)
def no_file_stays_open() -> Iterator[None]:
    before = descriptors()
    yield
    assert descriptors() == before


async def in_all_states(journal: SQLiteJournal) -> None:
    """1 completed, 2 failed, 3 unconfirmed, 4 under way, 5 in doubt, 6 waiting, of a list of 30."""
    sent = await intend(journal, listed(15))
    states = ["COMPLETED"] + ["FAILED"] * 2 + ["UNCONFIRMED"] * 3
    ended = [an_outcome(*one, job_id=f"e{one[0].index}") for one in zip(listed(6), states, strict=True)]
    await journal.answered(sent.call, {index: f"j{index}" for index in range(6, 10)}, ended)
    undone = await intend(journal, listed(6, first=15))
    await journal.undone(undone.call)
    await journal.exhausted(30)


async def test_it_counts_every_item_once(path: Path) -> None:
    async with opened(path) as journal:
        await in_all_states(journal)
        with JournalReader(path) as reader:
            counts = reader.counts()
    assert counts == Counts(
        recorded=21, total=30, completed=1, failed=2, unconfirmed=3, under_way=4, in_doubt=5, waiting=6
    )
    parts = asdict(counts)
    assert parts.pop("recorded") == sum(parts.values()) - parts["total"]


async def test_an_empty_journal_counts_nothing(path: Path) -> None:
    async with opened(path):
        pass
    with JournalReader(path) as reader:
        assert set(asdict(reader.counts()).values()) == {0, None}
        assert list(reader.outcomes()) == []
        assert reader.source is None
        assert reader.notes == {}


async def test_it_tells_whose_the_journal_is(path: Path) -> None:
    before, journal = datetime.now(UTC), SQLiteJournal(path)
    await journal.open(ROSA, {"path": "list.csv", "digest": "ab"})
    await journal.note("results", "out.csv")
    await journal.aclose()
    with JournalReader(path) as reader:
        assert reader.owner == ROSA
        assert reader.source == {"path": "list.csv", "digest": "ab"}
        assert reader.notes == {"results": "out.csv"}
        assert before <= reader.created_on <= datetime.now(UTC)


async def test_outcomes_come_in_the_order_of_the_list_over_many_pages(path: Path) -> None:
    entries = listed(2500)
    async with opened(path) as journal:
        await completed(journal, entries[1000:])
        await completed(journal, entries[:1000])
        with JournalReader(path) as reader:
            outcomes = list(reader.outcomes())
    assert [one.index for one in outcomes] == list(range(2500))
    assert outcomes[7] == an_outcome(entries[7], job_id="j7", resumed=True)


async def test_outcomes_can_be_picked_by_state(path: Path) -> None:
    async with opened(path) as journal:
        await in_all_states(journal)
    with JournalReader(path) as reader:
        assert [one.index for one in reader.outcomes({OutcomeState.FAILED})] == [1, 2]
        assert [one.index for one in reader.outcomes([OutcomeState.UNCONFIRMED, OutcomeState.COMPLETED])] == [
            0,
            3,
            4,
            5,
        ]
        assert list(reader.outcomes(())) == []


async def test_a_pruned_outcome_is_not_passed_over(path: Path) -> None:
    async with opened(path) as journal:
        await in_all_states(journal)
        await journal.prune()
    with JournalReader(path) as reader:
        with pytest.raises(JournalError, match=r"move\.sqlite: item 0 was pruned"):
            list(reader.outcomes())
        assert len(list(reader.outcomes([OutcomeState.FAILED]))) == 2
        assert reader.counts().completed == 1


async def test_a_reader_of_many_pages_holds_up_no_writer(path: Path) -> None:
    async with opened(path) as journal:
        await completed(journal, listed(1500))
        with JournalReader(path) as reader:
            outcomes = reader.outcomes()
            next(outcomes)
            await completed(journal, listed(10, first=1500))
            assert len(list(outcomes)) == 1509


async def test_it_never_writes(path: Path) -> None:
    async with opened(path) as journal:
        await in_all_states(journal)
    before, changed = path.read_bytes(), path.stat().st_mtime_ns
    with JournalReader(path) as reader:
        list(reader.outcomes())
        reader.counts()
        connection = reader._connection
        assert connection is not None
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM items")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, changed)
    assert names(path.parent) == ["move.sqlite"]


def test_what_is_no_journal_is_refused(path: Path) -> None:
    def refused() -> None:
        with pytest.raises(JournalRefusedError, match=r"move\.sqlite: is no journal of this program"):
            JournalReader(path).__enter__()

    path.touch()
    refused()
    path.write_text("index,state\n" * 500)
    refused()
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE samples (name)")
    refused()


async def test_a_later_schema_is_refused(path: Path) -> None:
    async with opened(path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(JournalRefusedError, match="update sbtransfer"):
        JournalReader(path).__enter__()


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.sqlite", tmp_path):
        with pytest.raises(JournalError, match="name the journal of a run") as caught:
            JournalReader(path).__enter__()
        assert str(path) in str(caught.value)


def test_it_reads_only_inside_its_block(path: Path) -> None:
    with pytest.raises(JournalError, match="not open"):
        JournalReader(path).counts()


async def test_a_rollback_journal_that_was_left_hot_is_mended(path: Path) -> None:
    """What a `kill -9` in the middle of a commit leaves where there is no log: files without a lock."""
    async with opened(path) as journal:
        await completed(journal, listed(500))
    left = path.with_name("left.sqlite")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.execute("UPDATE items SET sent = 9")
        copyfile(path, left)
        copyfile(f"{path}-journal", f"{left}-journal")
    with JournalReader(left) as reader:
        assert reader.counts().completed == 500
    assert not left.with_name(f"{left.name}-journal").exists()
    assert not left.with_name(f"{left.name}.lock").exists()


async def test_what_goes_wrong_while_reading_is_explained(path: Path) -> None:
    async with opened(path) as journal:
        await completed(journal, listed(3))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE outcomes")
    with JournalReader(path) as reader, pytest.raises(JournalError, match=r"no such table: outcomes"):
        list(reader.outcomes())
