import asyncio
import sqlite3
from pathlib import Path

import pytest

from sbtransfer.cli.report.read import read
from sbtransfer.errors import JournalError, JournalRefusedError, SettingsError
from sbtransfer.journal import SQLiteJournal
from sbtransfer.models import OutcomeState
from tests.unit.cli.journals import ended_journal, make_journal
from tests.unit.cli.report.outcomes import completed, failed, results
from tests.unit.journal.journals import ROSA, SUBMITTED


def states(path: Path) -> list[int]:
    tally = read(path, 3).tally
    return [tally.states[state] for state in OutcomeState]


def pruned(path: Path) -> Path:
    async def prune() -> None:
        journal = SQLiteJournal(path)
        await journal.open(ROSA)
        await journal.prune()
        await journal.aclose()

    asyncio.run(prune())
    return path


def test_a_journal_is_told_by_its_bytes(tmp_path: Path) -> None:
    path = ended_journal(tmp_path).rename(tmp_path / "journal.csv")
    reading = read(path, 3)
    assert reading.known is not None
    assert (reading.known.owner, reading.caveat, states(path)) == (ROSA, None, [3, 2, 0])
    assert reading.tally.first == SUBMITTED


def test_results_are_told_by_their_bytes(tmp_path: Path) -> None:
    path = results(tmp_path / "out.csv", [completed(0), failed(1)]).rename(tmp_path / "out.sbtransfer")
    reading = read(path, 3)
    assert (reading.known, reading.caveat, states(path)) == (None, None, [1, 1, 0])


def test_results_that_are_being_written_have_a_caveat(tmp_path: Path) -> None:
    path = results(tmp_path / "out.jsonl", [completed(0)])
    with path.open("a") as file:
        file.write('{"index": 1')
    assert (read(path, 3).caveat, states(path)) == ("cut_short", [1, 0, 0])


def test_of_a_pruned_journal_the_failures_are_left(tmp_path: Path) -> None:
    reading = read(pruned(ended_journal(tmp_path)), 3)
    assert reading.known is not None
    assert reading.caveat == "pruned"
    assert (reading.known.counts.completed, reading.known.counts.failed) == (3, 2)
    assert (reading.tally.states[OutcomeState.COMPLETED], reading.tally.causes.items) == (0, 2)


def test_a_journal_of_a_run_at_work_is_read_beside_it(tmp_path: Path) -> None:
    path = make_journal(tmp_path / "j", good=2, bad=1, under_way=4)

    async def while_it_is_open() -> list[int]:
        journal = SQLiteJournal(path)
        await journal.open(ROSA)
        try:
            return states(path)
        finally:
            await journal.aclose()

    assert asyncio.run(while_it_is_open()) == [2, 1, 0]


def test_damage_is_not_taken_for_pruning(tmp_path: Path) -> None:
    path = ended_journal(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE items SET item = '{' WHERE idx = 1")
    connection.close()
    with pytest.raises(JournalError, match="item 1 cannot be read back"):
        read(path, 3)


def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other") as connection:
        connection.execute("CREATE TABLE a (b)")
    connection.close()
    with pytest.raises(JournalRefusedError, match="is no journal of this program"):
        read(tmp_path / "other", 3)


def test_an_empty_file_and_none_at_all(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(SettingsError, match="empty' is neither a journal nor a results file"):
        read(tmp_path / "empty", 3)
    with pytest.raises(SettingsError, match="gone' cannot be read: No such file"):
        read(tmp_path / "gone", 3)
