"""What every journal promises, whether or not it outlives its process."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sbtransfer.journal import Journal, MemoryJournal, Past, Spend, SQLiteJournal
from tests.unit.journal.journals import BEGUN, ROSA, SUBMITTED, an_outcome, completed, intend, listed


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def journal(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Journal]:
    journal = made(request, tmp_path)
    await journal.open(ROSA, {"path": "list.csv"})
    yield journal
    await journal.aclose()


def made(request: pytest.FixtureRequest, folder: Path) -> Journal:
    if request.param == "memory":
        return MemoryJournal()
    if request.param == "sqlite":
        return SQLiteJournal(folder / "move.sqlite")
    # Imported here, as the others need no database's driver.
    from sbtransfer.cluster.database import Database
    from sbtransfer.cluster.journal import PostgresJournal

    return PostgresJournal(Database(request.getfixturevalue("database_url")), "move")


async def test_a_new_one_has_no_past(journal: Journal) -> None:
    assert journal.past == Past()
    assert await journal.unfinished() == []
    assert await journal.recorded(0, 100) == {}
    assert await journal.entries_waiting(-1, 100) == []
    assert await journal.outcomes(-1, 100) == []
    assert await journal.spends(0) == []
    assert await journal.known(["j1"]) == set()


async def test_it_can_be_opened_and_closed_again_and_again(journal: Journal) -> None:
    await journal.open(ROSA)
    await journal.aclose()
    await journal.aclose()
    await journal.open(ROSA)


async def test_calls_are_numbered_and_carry_what_was_said(journal: Journal) -> None:
    first = await intend(journal, listed(2))
    second = await intend(journal, listed(2, first=2), attempts=3)
    assert second.call > first.call > 0
    assert (second.kind, second.begun, second.submitted_on, second.attempts) == (
        "import",
        BEGUN,
        SUBMITTED,
        3,
    )


async def test_jobs_under_way_are_known(journal: Journal) -> None:
    sent = await intend(journal, listed(3))
    await journal.answered(sent.call, {0: "a", 1: "b"}, ())
    assert await journal.known(["a", "b", "c"]) == {"a", "b"}


async def test_jobs_that_end_while_a_call_is_open_are_known(journal: Journal) -> None:
    doubtful = await intend(journal, listed(1))
    await completed(journal, listed(2, first=1))
    assert await journal.known(["j1", "j2", "j9"]) == {"j1", "j2"}
    await journal.answered(doubtful.call, {}, [an_outcome(listed(1)[0], "UNCONFIRMED")])


async def test_the_job_of_an_outcome_that_came_with_the_answer_is_known(journal: Journal) -> None:
    doubtful, ended = listed(2)
    sent = await intend(journal, [doubtful, ended])
    await journal.answered(sent.call, {}, [an_outcome(ended, job_id="at-once")])
    assert await journal.known(["at-once"]) == {"at-once"}


async def test_a_key_is_claimed_once(journal: Journal) -> None:
    assert await journal.reserve("file-1")
    assert not await journal.reserve("file-1")
    assert await journal.reserve("file-2")


async def test_every_step_can_be_taken_with_nothing_in_it(journal: Journal) -> None:
    await journal.answered(1, {}, ())
    await journal.waiting(())
    await journal.ended(())
    await journal.undone(7)
    await journal.spent({})
    await journal.exhausted(0)
    await journal.spent({1: Spend(budget="requests", amount=1)})
    assert await journal.known(()) == set()
