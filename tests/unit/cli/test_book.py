import asyncio
from pathlib import Path

import pytest
from attrs import evolve

from sbtransfer.cli.book import Book
from sbtransfer.cli.known import look
from sbtransfer.errors import JournalRefusedError, SettingsError
from sbtransfer.journal import JournalReader
from tests.unit.cli.journals import make_journal
from tests.unit.journal.journals import ROSA, completed, listed


async def test_a_book_is_open_while_it_lasts(tmp_path: Path) -> None:
    book = Book(path=tmp_path / "j", source={"path": "a"}, notes={"kind": "drs"})
    async with book.opened(ROSA):
        assert book.journal.owner == ROSA
    assert "closed" in repr(book.journal)
    assert book.goes_on
    with JournalReader(tmp_path / "j") as reader:
        assert (reader.source, reader.notes) == ({"path": "a"}, {"kind": "drs"})


async def test_a_book_is_locked_while_it_is_open(tmp_path: Path) -> None:
    async with Book(path=tmp_path / "j").opened(ROSA):
        with pytest.raises(JournalRefusedError, match="another run"):
            await Book(path=tmp_path / "j").opened(ROSA).__aenter__()


async def test_it_is_closed_whatever_happens(tmp_path: Path) -> None:
    book = Book(path=tmp_path / "j")
    with pytest.raises(LookupError):
        async with book.opened(ROSA):
            raise LookupError
    assert book.journal.owner is None
    assert book.goes_on


async def test_a_list_that_is_not_its_own_is_nothing_to_go_on_with(tmp_path: Path) -> None:
    book = Book(path=tmp_path / "j")
    with pytest.raises(JournalRefusedError) as refused:
        async with book.opened(ROSA):
            raise JournalRefusedError("another list")
    assert not book.goes_on
    assert refused.value.__notes__ == [f"The journal is {tmp_path / 'j'}."]


def test_a_list_that_was_refused_does_not_leave_its_digest(tmp_path: Path) -> None:
    known = look(make_journal(tmp_path / "j", notes={"digest": "its own"}))
    book = Book(path=tmp_path / "j", known=known, notes={"digest": "another"})

    async def refused() -> None:
        async with book.opened(ROSA):
            raise JournalRefusedError("another list")

    with pytest.raises(JournalRefusedError):
        asyncio.run(refused())
    assert look(tmp_path / "j").notes == {"digest": "its own"}


async def test_no_place_for_it_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere.*; or without"):
        async with Book(path=tmp_path / "nowhere" / "j", advice="; or without").opened(ROSA):
            pytest.fail("there is no folder")


async def test_another_user_is_refused(tmp_path: Path) -> None:
    async with Book(path=tmp_path / "j").opened(ROSA):
        pass
    with pytest.raises(JournalRefusedError, match="belongs to rosa"):
        async with Book(path=tmp_path / "j").opened(evolve(ROSA, username="max")):
            pytest.fail("it is another's")


def test_failed_items_are_opened_again(tmp_path: Path) -> None:
    path = make_journal(tmp_path / "j", good=3, bad=2, total=5)
    book = Book(path=path, known=look(path), retry="failed")

    async def main() -> None:
        async with book.opened(ROSA):
            assert book.reopened == 2
            assert [outcome.index async for outcome in book.outcomes()] == [0, 1, 2]

    asyncio.run(main())


async def test_all_outcomes_are_read_page_by_page(tmp_path: Path) -> None:
    book = Book(path=tmp_path / "j")
    async with book.opened(ROSA):
        await completed(book.journal, listed(1001))
        assert [outcome.index async for outcome in book.outcomes()] == list(range(1001))
