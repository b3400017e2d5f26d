"""A journal's file: whose it is, who may see it, and what is said where it cannot be opened."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sbtransfer.errors import JournalError, JournalRefusedError
from sbtransfer.journal import JournalReader, Owner, SQLiteJournal, database
from sbtransfer.journal.schema import APPLICATION_ID, VERSION
from tests.unit.journal.journals import ROSA, completed, descriptors, inside, listed, names, opened, threads


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "move.sqlite"


@pytest.fixture
def no_umask() -> Iterator[None]:
    umask = os.umask(0)
    yield
    os.umask(umask)


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    before = descriptors()
    yield
    assert descriptors() == before
    assert threads() == []


def modes(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


def edited(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)


async def refused(path: Path, owner: Owner = ROSA) -> str:
    with pytest.raises(JournalRefusedError) as caught:
        await SQLiteJournal(path).open(owner)
    assert str(path) in str(caught.value)
    assert not any(name.endswith(".lock") for name in names(path.parent))
    return str(caught.value)


# Who may see it ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_umask")
async def test_all_its_files_are_for_their_owner_alone(path: Path) -> None:
    async with opened(path) as journal:
        await completed(journal, listed(10))
        assert modes(path.parent) == {
            "move.sqlite": 0o600,
            "move.sqlite-wal": 0o600,
            "move.sqlite-shm": 0o600,
            "move.sqlite.lock": 0o600,
        }
    assert modes(path.parent) == {"move.sqlite": 0o600}


@pytest.mark.usefixtures("no_umask")
async def test_a_file_that_was_made_for_it_becomes_its_owners_alone(path: Path) -> None:
    path.touch()
    async with opened(path):
        assert modes(path.parent)["move.sqlite"] == 0o600


@pytest.mark.usefixtures("no_umask")
async def test_on_a_file_system_that_may_be_remote_there_is_no_log(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_MOUNTS", path.parent / "none")
    async with opened(path) as journal:
        await completed(journal, listed(10))
        assert modes(path.parent) == {"move.sqlite": 0o600, "move.sqlite.lock": 0o600}
        assert await inside(journal, pragma("journal_mode")) == "delete"
        assert await inside(journal, pragma("synchronous")) == 2
        with JournalReader(path) as reader:
            assert reader.counts().completed == 10


def pragma(name: str) -> Callable[[sqlite3.Connection], Any]:
    return lambda connection: connection.execute(f"PRAGMA {name}").fetchone()[0]


async def test_each_commit_reaches_the_disk(path: Path) -> None:
    async with opened(path) as journal:
        assert await inside(journal, pragma("journal_mode")) == "wal"
        assert await inside(journal, pragma("synchronous")) == 2


# Whose it is ---------------------------------------------------------------------------------------------


async def test_another_user_and_another_platform_are_refused(path: Path) -> None:
    async with opened(path):
        pass
    before = path.read_bytes()
    message = await refused(path, Owner(endpoint=ROSA.endpoint, username="max"))
    assert "belongs to rosa at https://api.example.org/v2, not to max" in message
    message = await refused(path, Owner(endpoint="https://cgc.example.org", username="rosa"))
    assert "not to rosa at https://cgc.example.org: go on as that user" in message
    assert path.read_bytes() == before


async def test_a_second_writer_is_refused(path: Path) -> None:
    async with opened(path) as journal:
        with pytest.raises(JournalRefusedError, match="another run is writing this journal"):
            await SQLiteJournal(path).open(ROSA)
        await completed(journal, listed(1))


async def test_another_programs_files_are_refused_and_not_touched(path: Path) -> None:
    path.write_text("sample,volume\n1,rosa/input\n" * 100)
    before = path.read_bytes()
    assert "is no journal of this program: give the journal another name" in await refused(path)
    assert path.read_bytes() == before

    path.unlink()
    edited(path, "CREATE TABLE samples (name)")
    before = path.read_bytes()
    assert "is no journal of this program" in await refused(path)
    edited(path, f"PRAGMA application_id = {APPLICATION_ID}")
    assert "is no journal of this program" in await refused(path)


async def test_a_later_schema_is_refused(path: Path) -> None:
    async with opened(path):
        pass
    edited(path, f"PRAGMA user_version = {VERSION + 1}")
    assert "update sbtransfer" in await refused(path)


async def test_a_file_whose_first_transaction_never_ended_is_a_new_one(path: Path) -> None:
    path.touch()
    async with opened(path) as journal:
        await completed(journal, listed(1))


# Where it cannot be --------------------------------------------------------------------------------------


async def test_where_no_file_can_be_made_it_says_so(tmp_path: Path) -> None:
    """/proc takes no files even from root, who may do anything in a folder that is only marked read-only."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    places = [tmp_path / "file" / "j", tmp_path / "missing" / "j", tmp_path / "folder", Path("/proc/j")]
    for place in places:
        with pytest.raises(JournalError, match="the journal needs a folder that exists and can be written"):
            await SQLiteJournal(place).open(ROSA)
    assert names(tmp_path) == ["file", "folder"]


async def test_odd_names_are_names(tmp_path: Path) -> None:
    for name in ("a b?mode=memory#%41.sqlite", "file:x", ":memory:", "ü\n'\""):
        async with opened(tmp_path / name) as journal:
            await completed(journal, listed(2))
        with JournalReader(tmp_path / name) as reader:
            assert reader.counts().completed == 2
    assert len(names(tmp_path)) == 4


async def test_a_damaged_file_is_said_to_be_damaged(path: Path) -> None:
    async with opened(path) as journal:
        await completed(journal, listed(500))
    data = bytearray(path.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(JournalError, match=r"move\.sqlite: .* the file is damaged"):
        await SQLiteJournal(path).open(ROSA)


async def test_a_file_that_another_program_locks_is_waited_for_and_then_named(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(path):
        pass
    monkeypatch.setattr(database, "BUSY_SECONDS", 0)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalError, match="locked: end the program that keeps the file locked"):
            await SQLiteJournal(path).open(ROSA)
