"""What the journal in memory forgets, and what it must not."""

import gc
import tracemalloc

from attrs import evolve

from sbtransfer.journal import MemoryJournal
from tests.unit.journal.journals import SUBMITTED, an_outcome, completed, intend, listed


def kept(journal: MemoryJournal) -> tuple[int, ...]:
    return tuple(
        len(one)
        for one in (journal._doubtful, journal._open, journal._jobs, journal._ended, journal._claimed)
    )


async def test_nothing_is_kept_of_what_ended_while_no_call_was_open() -> None:
    journal = MemoryJournal()
    await completed(journal, listed(100))
    assert kept(journal) == (0, 0, 0, 0, 0)
    assert await journal.known(["j1"]) == set()


async def test_jobs_are_kept_until_every_call_that_was_open_when_they_ended_is_settled() -> None:
    journal = MemoryJournal()
    first = await intend(journal, listed(1))
    second = await intend(journal, listed(1, first=1))
    await completed(journal, listed(1, first=10))
    third = await intend(journal, listed(1, first=2))
    await completed(journal, listed(1, first=11))

    await journal.undone(second.call)
    assert await journal.known(["j10", "j11"]) == {"j10", "j11"}
    await journal.waiting([0])
    assert first.call < third.call
    assert await journal.known(["j10", "j11"]) == {"j11"}
    await journal.answered(third.call, {}, [an_outcome(listed(1, first=2)[0], "FAILED")])
    assert await journal.known(["j10", "j11"]) == set()
    assert kept(journal) == (0, 0, 0, 0, 0)


async def test_a_call_is_open_until_its_last_item_is_settled() -> None:
    journal = MemoryJournal()
    sent = await intend(journal, listed(4))
    await completed(journal, listed(1, first=9))
    await journal.answered(sent.call, {0: "a"}, [an_outcome(listed(2)[1])])
    await journal.waiting([2])
    assert await journal.known(["j9"]) == {"j9"}
    await journal.ended([an_outcome(listed(4)[3], "UNCONFIRMED")])
    assert await journal.known(["j9", "a"]) == {"a"}


async def test_an_item_that_is_sent_again_is_in_doubt_by_its_last_call_alone() -> None:
    journal = MemoryJournal()
    first = await intend(journal, listed(1))
    await completed(journal, listed(1, first=9))
    second = await intend(journal, listed(1), attempts=2)
    await journal.undone(first.call)
    assert await journal.known(["j9"]) == set()
    assert kept(journal)[:2] == (1, 1)
    await journal.answered(second.call, {0: "a"}, ())
    assert kept(journal)[:3] == (0, 0, 1)


async def test_one_job_may_carry_many_items() -> None:
    journal = MemoryJournal()
    sent = await intend(journal, listed(3))
    await journal.answered(sent.call, dict.fromkeys(range(3), "d1"), ())
    await journal.ended([an_outcome(entry, job_id="d1") for entry in listed(2)])
    assert await journal.known(["d1"]) == {"d1"}


async def test_keys_are_forgotten_when_their_items_are_intended() -> None:
    journal = MemoryJournal()
    assert await journal.reserve("file-0")
    await intend(journal, [evolve(listed(1)[0], key="file-0")])
    assert kept(journal)[-1] == 0


async def test_an_empty_call_is_never_open() -> None:
    journal = MemoryJournal()
    await journal.intend("import", [], 0, SUBMITTED, 1)
    assert kept(journal) == (0, 0, 0, 0, 0)


async def test_memory_does_not_grow_with_the_list() -> None:
    journal = MemoryJournal()
    entries = listed(100)
    await completed(journal, entries)
    gc.collect()
    tracemalloc.start()
    for _ in range(500):
        await completed(journal, entries)
    gc.collect()
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 50_000
    assert kept(journal) == (0, 0, 0, 0, 0)
