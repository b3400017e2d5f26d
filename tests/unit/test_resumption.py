"""A list against its journal: compared item by item, whatever the journal knows of each."""

from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import pytest

from sbtransfer import Item, JournalRefusedError, Outcome
from sbtransfer.journal import SQLiteJournal
from sbtransfer.models import Entry
from sbtransfer.resumption import Resumption
from tests.support import an_import
from tests.unit.journal.journals import an_outcome, completed, intend, listed, opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.sqlite"


def reading(items: Iterable[Item]) -> Callable[[], Awaitable[Item | None]]:
    left = iter(items)

    async def next_item() -> Item | None:
        return next(left, None)

    return next_item


async def compared(journal: SQLiteJournal, items: Iterable[Item]) -> tuple[list[Outcome], list[Entry]]:
    resumption = Resumption(journal)
    outcomes = [one async for one in resumption.compare(reading(items))]
    return outcomes, resumption.unknown


def items_of(entries: Iterable[Entry]) -> list[Item]:
    return [entry.item for entry in entries]


async def test_of_a_new_journal_nothing_is_compared(path: Path) -> None:
    async with opened(path) as journal:
        assert await compared(journal, []) == ([], [])
        assert [one async for one in Resumption(journal).known()] == []
        assert [one async for one in Resumption(journal).waiting()] == []


async def test_known_outcomes_come_with_the_lists_own_items(path: Path) -> None:
    async with opened(path) as journal:
        await completed(journal, listed(1203))
    items = items_of(listed(2000))
    async with opened(path) as journal:
        left = iter(items)
        outcomes, unknown = await compared(journal, left)
        assert [one.index for one in outcomes] == list(range(1203))
        assert all(one.item is items[one.index] and one.resumed for one in outcomes)
        assert [one.job_id for one in outcomes[:2]] == ["j0", "j1"]
        assert unknown == []
        assert next(left) is items[1203]  # No further than the journal knows.
        again = [one async for one in Resumption(journal).known()]
        assert [one.index for one in again] == list(range(1203))


async def test_what_is_under_way_in_doubt_or_waiting_is_compared_and_has_no_outcome(path: Path) -> None:
    async with opened(path) as journal:
        sent = await intend(journal, listed(4))
        await journal.answered(sent.call, {0: "j0"}, [an_outcome(listed(4)[1])])
        await journal.waiting([3])
    async with opened(path) as journal:
        outcomes, unknown = await compared(journal, items_of(listed(4)))
        assert ([one.index for one in outcomes], unknown) == ([1], [])


async def test_what_the_journal_does_not_know_in_between_is_to_be_sent(path: Path) -> None:
    async with opened(path) as journal:
        await completed(journal, listed(10))
        await completed(journal, listed(700, first=300))
    async with opened(path) as journal:
        outcomes, unknown = await compared(journal, items_of(listed(1000)))
        assert [one.index for one in outcomes] == [*range(10), *range(300, 1000)]
        assert unknown == listed(290, first=10)


@pytest.mark.parametrize("place", [0, 499, 500, 700])
async def test_the_first_item_that_differs_ends_the_comparison(path: Path, place: int) -> None:
    async with opened(path) as journal:
        await completed(journal, listed(701))
    items = items_of(listed(701))
    items[place] = an_import("another")
    async with opened(path) as journal:
        resumption, left = Resumption(journal), iter(items)
        outcomes = []
        with pytest.raises(JournalRefusedError, match=f"item {place} of the list is not the one"):
            async for one in resumption.compare(reading(left)):
                outcomes.append(one)
        assert [one.index for one in outcomes] == list(range(place))
        assert len(list(left)) == 700 - place


async def test_items_without_an_outcome_are_compared_as_well(path: Path) -> None:
    async with opened(path) as journal:
        await intend(journal, listed(3))
    async with opened(path) as journal:
        with pytest.raises(JournalRefusedError, match="item 1 of"):
            await compared(journal, [an_import("runs/0"), an_import("runs/2"), an_import("runs/1")])


async def test_a_shorter_list_is_another_one(path: Path) -> None:
    async with opened(path) as journal:
        await completed(journal, listed(1001))
    async with opened(path) as journal:
        with pytest.raises(JournalRefusedError, match="ends after 1,000 items, and the journal knows 1,001"):
            await compared(journal, items_of(listed(1000)))


async def test_what_waits_comes_in_order_with_the_calls_that_carried_it(path: Path) -> None:
    async with opened(path) as journal:
        sent = await intend(journal, listed(1300), attempts=2)
        await journal.waiting([index for index in range(1300) if index % 13])
        await journal.answered(sent.call, {0: "j0"}, [])
    async with opened(path) as journal:
        waiting = [one async for one in Resumption(journal).waiting()]
        assert [one.index for one in waiting] == [index for index in range(1300) if index % 13]
        assert {one.attempts for one in waiting} == {2}
        assert waiting[0] == Entry(1, an_import("runs/1"), attempts=2)
