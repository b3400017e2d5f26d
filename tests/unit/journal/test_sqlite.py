"""What comes back from a journal, for each state that calls can leave an item in."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from sbtransfer.errors import JournalError, JournalRefusedError
from sbtransfer.items import Item, VolumeImport
from sbtransfer.journal import JournalReader, Owner, Past, Recorded, Spend, SQLiteJournal, Unfinished, digest
from sbtransfer.models import Entry, ErrorRecord, OutcomeState
from sbtransfer.simulator import clock
from tests.support import a_drs, an_export, an_import
from tests.unit.journal.journals import (
    BEGUN,
    ROSA,
    SUBMITTED,
    an_outcome,
    completed,
    inside,
    intend,
    listed,
    opened,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "move.sqlite"


# The states ----------------------------------------------------------------------------------------------


async def test_an_intended_item_is_in_doubt(path: Path) -> None:
    entries = listed(3)
    async with opened(path) as journal:
        sent = await intend(journal, entries)
    async with opened(path) as journal:
        assert journal.past == Past(length=3)
        assert await journal.unfinished() == [Unfinished(sent=sent, doubtful=entries)]
        assert await journal.recorded(1, 1) == {1: Recorded(digest=digest(entries[1].item))}
        assert await journal.entries_waiting(-1, 9) == []


async def test_an_answer_leaves_jobs_outcomes_and_doubt(path: Path) -> None:
    entries = listed(4)
    failed = an_outcome(entries[1], "FAILED", error=ErrorRecord(400, 9002, "no", "https://example.org"))
    async with opened(path) as journal:
        sent = await intend(journal, entries)
        await journal.answered(sent.call, {0: "a", 3: "b"}, [failed])
    async with opened(path) as journal:
        (unfinished,) = await journal.unfinished()
        assert unfinished == Unfinished(
            sent=sent, jobs={"a": [entries[0]], "b": [entries[3]]}, doubtful=[entries[2]]
        )
        assert await journal.outcomes(-1, 9) == [evolve(failed, resumed=True)]
        recorded = await journal.recorded(0, 9)
        told = recorded[1].outcome
        assert told is not None
        assert told(entries[1].item) == evolve(failed, resumed=True)
        assert [one.waiting for one in recorded.values()] == [False] * 4


async def test_the_items_of_a_call_that_did_nothing_wait_as_if_it_had_never_been(path: Path) -> None:
    entries = listed(3)
    async with opened(path) as journal:
        sent = await intend(journal, entries)
        await journal.undone(sent.call)
    async with opened(path) as journal:
        assert await journal.unfinished() == []
        assert await journal.entries_waiting(-1, 9) == entries
        assert await journal.entries_waiting(0, 1) == [entries[1]]
        assert (await journal.recorded(0, 1))[0] == Recorded(digest=digest(entries[0].item), waiting=True)


async def test_items_out_of_doubt_wait_and_the_calls_that_carried_them_count(path: Path) -> None:
    entries = [evolve(entry, attempts=2) for entry in listed(2)]
    async with opened(path) as journal:
        sent = await intend(journal, entries, attempts=3)
        await journal.waiting([1])
        assert await journal.entries_waiting(-1, 9) == [evolve(entries[1], attempts=5)]
        assert await journal.unfinished() == [Unfinished(sent=sent, doubtful=[entries[0]])]


async def test_an_item_that_is_sent_again_is_in_doubt_by_its_last_call_alone(path: Path) -> None:
    entries = listed(3)
    async with opened(path) as journal:
        first = await intend(journal, entries)
        again = [evolve(entries[2], attempts=1), evolve(entries[0], attempts=1)]
        second = await intend(journal, again, attempts=2)
        assert await journal.unfinished() == [
            Unfinished(sent=first, doubtful=[entries[1]]),
            Unfinished(sent=second, doubtful=again),
        ]
        await journal.undone(first.call)
        assert [entry.index for entry in await journal.entries_waiting(-1, 9)] == [1]


async def test_an_item_with_a_job_never_waits_again_by_itself(path: Path) -> None:
    async with opened(path) as journal:
        sent = await intend(journal, listed(1))
        await journal.answered(sent.call, {0: "a"}, ())
        await journal.waiting([0])
        await journal.undone(sent.call)
        assert await journal.entries_waiting(-1, 9) == []
        assert await journal.known(["a"]) == {"a"}


async def test_a_job_of_many_items_keeps_the_order_in_which_they_were_sent(path: Path) -> None:
    entries = [Entry(index, a_drs(f"drs://x:{index}")) for index in (5, 6, 1, 9)]
    async with opened(path) as journal:
        sent = await intend(journal, entries)
        await journal.answered(sent.call, {entry.index: "d1" for entry in reversed(entries)}, ())
    async with opened(path) as journal:
        assert journal.past.length == 10
        assert await journal.unfinished() == [Unfinished(sent=sent, jobs={"d1": entries})]


async def test_numbers_of_calls_go_on(path: Path) -> None:
    async with opened(path) as journal:
        first = await intend(journal, listed(1))
    async with opened(path) as journal:
        assert (await intend(journal, listed(1, first=1))).call > first.call


async def test_outcomes_come_in_the_order_of_the_list_in_pages(path: Path) -> None:
    entries = listed(5)
    async with opened(path) as journal:
        await completed(journal, entries[3:])
        await completed(journal, entries[:3])
        assert [one.index for one in await journal.outcomes(-1, 2)] == [0, 1]
        assert [one.index for one in await journal.outcomes(1, 9)] == [2, 3, 4]
        told = an_outcome(entries[4], job_id="j4", resumed=True)
        assert await journal.outcomes(3, 9) == [told]


async def test_items_of_all_kinds_come_back(path: Path) -> None:
    kinds: list[Item] = [
        an_import(ref=("a", 1)),
        an_export(ref=2.5),
        a_drs(ref="ü", tags=["x"], metadata={"a": [1]}),
    ]
    entries = [Entry(index, item, key=f"k{index}", attempts=index) for index, item in enumerate(kinds)]
    async with opened(path) as journal:
        for entry in entries:
            await journal.undone((await intend(journal, [entry])).call)
    async with opened(path) as journal:
        assert await journal.entries_waiting(-1, 9) == entries
        assert journal.past == Past(length=3, keyed=True)


async def test_a_ref_that_cannot_be_kept_is_refused_before_anything_is_written(path: Path) -> None:
    async with opened(path) as journal:
        entries = [*listed(3), Entry(3, an_import(ref=object()))]
        with pytest.raises(
            JournalError, match=r"item 3: .* cannot keep its ref \(builtins\.object\): use text"
        ):
            await intend(journal, entries)
        assert await journal.recorded(0, 9) == {}
        await intend(journal, listed(1))


# The list ------------------------------------------------------------------------------------------------


async def test_the_length_of_the_list_is_kept(path: Path) -> None:
    async with opened(path) as journal:
        await intend(journal, listed(2))
        await journal.exhausted(2)
        assert journal.past == Past()
    async with opened(path) as journal:
        assert journal.past == Past(length=2, total=2)


async def test_keys_of_known_items_cannot_be_claimed(path: Path) -> None:
    async with opened(path) as journal:
        assert await journal.reserve("k")
        await intend(journal, [Entry(0, an_import(), key="k")])
        assert not await journal.reserve("k")
        assert journal._claimed == set()
    async with opened(path) as journal:
        assert not await journal.reserve("k")


async def test_what_described_the_list_is_filled_in_and_never_changed(path: Path) -> None:
    journal = SQLiteJournal(path)
    for source in (None, {"path": "a.csv"}, {"path": "b.csv"}):
        await journal.open(ROSA, source)
        await journal.aclose()
    with JournalReader(path) as reader:
        assert reader.source == {"path": "a.csv"}


async def test_notes_are_kept(path: Path) -> None:
    async with opened(path) as journal:
        await journal.note("results", "out.csv")
        await journal.note("results", ["out.jsonl", 1])
        await journal.note("endpoint", None)
        assert await journal.notes() == {"results": ["out.jsonl", 1], "endpoint": None}
    async with opened(path) as journal:
        assert list(await journal.notes()) == ["endpoint", "results"]


# Jobs and budgets ----------------------------------------------------------------------------------------


async def test_jobs_of_the_past_are_known(path: Path) -> None:
    async with opened(path) as journal:
        await completed(journal, listed(300))
    async with opened(path) as journal:
        assert await journal.known(["j0", "j299", "x", "ü'\""]) == {"j0", "j299"}


async def test_what_earlier_writers_spent_is_told(path: Path) -> None:
    async with opened(path) as journal:
        await journal.spent({1: Spend(budget="requests", amount=1), 2: Spend(budget="files", amount=100)})
        await journal.spent({1: Spend(budget="requests", amount=1, answered=BEGUN)})
        await journal.spent({3: Spend(budget="requests", amount=1, answered=BEGUN - 900)})
        assert await journal.spends(0) == []
    async with opened(path) as journal:
        await journal.spent({1: Spend(budget="requests", amount=7, answered=BEGUN)})
        assert await journal.spends(BEGUN - 300) == [
            Spend(budget="requests", amount=1, answered=BEGUN),
            Spend(budget="files", amount=100),
        ]
    async with opened(path) as journal:
        assert len(await journal.spends(BEGUN - 300)) == 3


async def test_spends_without_an_answer_are_forgotten_with_the_answers_of_later_writers(path: Path) -> None:
    async with opened(path) as journal:
        await journal.spent({1: Spend(budget="requests", amount=1)})
    async with opened(path) as journal:
        await journal.spent({1: Spend(budget="requests", amount=2, answered=BEGUN)})
    async with opened(path) as journal:
        assert len(await journal.spends(BEGUN)) == 2
        assert await journal.spends(BEGUN + 1) == []
        assert await inside(journal, lambda db: db.execute("SELECT * FROM spends").fetchall()) == []


# Another try ---------------------------------------------------------------------------------------------


async def one_of_each(journal: SQLiteJournal) -> list[Entry]:
    """0 completed; 1 failed, with a job; 2 failed; 3 unconfirmed, with a job; 4 unconfirmed; 5 under way."""
    entries = listed(6)
    sent = await intend(journal, entries)
    await journal.answered(sent.call, {0: "j0", 1: "j1", 3: "j3", 5: "j5"}, ())
    states = ["COMPLETED", "FAILED", "FAILED", "UNCONFIRMED", "UNCONFIRMED"]
    await journal.ended(
        [an_outcome(entry, state, attempts=2) for entry, state in zip(entries, states, strict=False)]
    )
    return entries


async def test_failed_items_are_sent_again(path: Path) -> None:
    async with opened(path) as journal:
        entries = await one_of_each(journal)
        assert await journal.retry(unconfirmed=False) == 2
        assert await journal.entries_waiting(-1, 9) == [evolve(entry, attempts=2) for entry in entries[1:3]]
        assert [one.index for one in await journal.outcomes(-1, 9)] == [0, 3, 4]
        assert await journal.known(["j0", "j1", "j3", "j5"]) == {"j0", "j1", "j3", "j5"}
        await completed(journal, [evolve(entry, attempts=2) for entry in entries[1:3]])
        assert await journal.retry(unconfirmed=False) == 0


async def test_unconfirmed_items_are_looked_at_again(path: Path) -> None:
    async with opened(path) as journal:
        entries = await one_of_each(journal)
        assert await journal.retry(unconfirmed=True) == 4
    async with opened(path) as journal:
        (unfinished,) = await journal.unfinished()
        assert unfinished.jobs == {"j3": [entries[3]], "j5": [entries[5]]}
        assert unfinished.doubtful == [entries[4]]
        assert unfinished.ended == frozenset()
        assert (unfinished.sent.begun, unfinished.sent.submitted_on) == (BEGUN, SUBMITTED)


async def test_a_drs_job_that_is_looked_at_again_has_all_its_items_in_their_places(path: Path) -> None:
    entries = [Entry(index, a_drs(f"drs://x:{index}")) for index in range(4)]
    async with opened(path) as journal:
        sent = await intend(journal, entries)
        await journal.answered(sent.call, dict.fromkeys((0, 1, 2), "d1"), [an_outcome(entries[3], "FAILED")])
        states = ["COMPLETED", "UNCONFIRMED", "FAILED"]
        await journal.ended([an_outcome(*one, job_id="d1") for one in zip(entries, states, strict=False)])
        assert await journal.unfinished() == []
        await inside(journal, lambda db: db.execute("UPDATE outcomes SET state = 0 WHERE idx = 2"))
        assert await journal.retry(unconfirmed=True) == 2
        (unfinished,) = await journal.unfinished()
        assert unfinished == Unfinished(sent=sent, jobs={"d1": entries[:3]}, ended=frozenset({0, 2}))


# Pruning -------------------------------------------------------------------------------------------------


async def test_a_pruned_journal_is_small_and_still_guards(path: Path) -> None:
    long = [Entry(index, an_import(f"{index}/" + "x" * 900)) for index in range(1000)]
    async with opened(path) as journal:
        await completed(journal, long)
        left = await one_of_each_after(journal, 1000)
    before = size(path)
    async with opened(path) as journal:
        await journal.prune()
        recorded = await journal.recorded(0, 2000)
        assert recorded[7].digest == digest(long[7].item)
        told = recorded[7].outcome
        assert told is not None
        assert (told(long[7].item).job_id, told(long[7].item).ok) == ("j7", True)
        assert await journal.known(["j7"]) == {"j7"}
        with pytest.raises(JournalError, match=r"move\.sqlite: item 0 was pruned"):
            await journal.outcomes(-1, 9)
        assert [one.index for one in await journal.outcomes(999, 9)] == left
        assert [one.index for one in await journal.outcomes(-1, 9, skip_pruned=True)] == left
        assert journal.past.pruned == 0
        await intend(journal, listed(1, first=5000))
    assert size(path) < before / 5
    async with opened(path) as journal:
        assert journal.past.pruned == 1000


def size(path: Path) -> int:
    return path.stat().st_size


async def one_of_each_after(journal: SQLiteJournal, first: int) -> list[int]:
    entries = listed(2, first)
    await intend(journal, entries)
    await journal.ended([an_outcome(entries[0], "FAILED"), an_outcome(entries[1], "UNCONFIRMED")])
    return [entry.index for entry in entries]


async def test_pruning_keeps_the_places_of_a_drs_job_that_may_be_looked_at_again(path: Path) -> None:
    entries = [Entry(index, a_drs(f"drs://x:{index}")) for index in range(2)]
    async with opened(path) as journal:
        await intend(journal, entries)
        states = ["COMPLETED", "UNCONFIRMED"]
        await journal.ended([an_outcome(*one, job_id="d1") for one in zip(entries, states, strict=True)])
        await journal.prune()
        await journal.retry(unconfirmed=True)
        (unfinished,) = await journal.unfinished()
        assert unfinished.jobs == {"d1": entries}


async def test_pruning_forgets_old_spends_and_retired_jobs(path: Path) -> None:
    def age(db: Any) -> None:
        db.execute("UPDATE retired SET retired_on = ? WHERE job_id = 'j1'", (time.time() - 30 * 86_400,))

    async with opened(path) as journal:
        await one_of_each(journal)
        await journal.retry(unconfirmed=False)
        await journal.spent({1: Spend(budget="requests", amount=1, answered=BEGUN)})
        await journal.prune()
        assert await journal.known(["j1"]) == {"j1"}
        await inside(journal, age)
        await journal.prune()
        assert await journal.known(["j1", "j0"]) == {"j0"}
        assert await inside(journal, lambda db: db.execute("SELECT count(*) FROM spends").fetchone()) == (0,)


# Opening and closing -------------------------------------------------------------------------------------


async def test_nothing_works_before_it_is_open_or_after_it_is_closed(path: Path) -> None:
    journal = SQLiteJournal(path)
    assert repr(journal) == f"<SQLiteJournal {str(path)!r} closed>"
    for _ in range(2):
        with pytest.raises(JournalError, match="is not open"):
            await intend(journal, listed(1))
        with pytest.raises(JournalError, match="is not open"):
            await journal.reserve("k")
        with pytest.raises(JournalError, match="is not open"):
            await journal.outcomes(-1, 1)
        await journal.open(ROSA)
        assert "rosa" in repr(journal)
        await journal.aclose()


async def test_nothing_can_be_written_after_opening_failed(path: Path) -> None:
    async with opened(path):
        pass
    journal = SQLiteJournal(path)
    with pytest.raises(JournalRefusedError):
        await journal.open(Owner(endpoint=ROSA.endpoint, username="max"))
    with pytest.raises(JournalError, match="is not open"):
        await journal.exhausted(1)
    await journal.open(ROSA)
    await journal.aclose()


async def test_it_stays_open_for_its_owner_alone(path: Path) -> None:
    async with opened(path) as journal:
        await journal.open(ROSA)
        with pytest.raises(JournalRefusedError, match="belongs to rosa"):
            await journal.open(Owner(endpoint="https://elsewhere", username="rosa"))
        await intend(journal, listed(1))


def test_a_virtual_clock_waits_for_it(path: Path) -> None:
    async def main() -> list[float]:
        import asyncio

        loop = asyncio.get_running_loop()
        times = []
        async with opened(path) as journal:
            for number in range(5):
                async with asyncio.timeout(0.001):
                    await completed(journal, listed(10, first=number * 10))
                times.append(loop.time())
                await asyncio.sleep(300)
            assert len(await journal.outcomes(-1, 100)) == 50
        return times

    assert clock.run(main()) == [0, 300, 600, 900, 1200]


async def test_times_and_states_come_back_in_utc(path: Path) -> None:
    (entry,) = listed(1)
    told = an_outcome(
        entry, "UNCONFIRMED", submitted_on=SUBMITTED + timedelta(microseconds=1), finished_on=None
    )
    async with opened(path) as journal:
        await intend(journal, [entry])
        await journal.ended([told])
        (back,) = await journal.outcomes(-1, 1)
        assert back == evolve(told, resumed=True)
        assert back.state is OutcomeState.UNCONFIRMED
        assert isinstance(back.item, VolumeImport)
