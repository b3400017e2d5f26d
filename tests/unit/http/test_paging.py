import pytest

from sbtransfer.errors import UnreadableAnswerError
from sbtransfer.http.paging import check_end, entries
from sbtransfer.wire import Page


def page(*shown: str, total: int, is_last: bool, holes: int = 0) -> Page[str]:
    return Page(shown, len(shown) + holes, total, is_last)


async def read(*pages: Page[str]) -> tuple[list[str], list[int], str | None]:
    """Read a list of these pages; return its entries, the offsets asked for, and what was wrong."""
    left, offsets, found = list(pages), list[int](), list[str]()

    async def page_at(offset: int) -> Page[str]:
        offsets.append(offset)
        return left.pop(0)

    try:
        async for entry in entries(page_at):
            found.append(entry)
    except UnreadableAnswerError as error:
        return found, offsets, str(error)
    assert left == []
    return found, offsets, None


async def test_a_list_is_read_page_by_page_to_its_end() -> None:
    pages = [page("a", "b", total=5, is_last=False), page("c", "d", total=5, is_last=False)]
    last = page("e", total=5, is_last=True)
    assert await read(*pages, last) == (["a", "b", "c", "d", "e"], [0, 2, 4], None)


async def test_an_empty_list_has_one_page() -> None:
    assert await read(page(total=0, is_last=True)) == ([], [0], None)


async def test_entries_that_cannot_be_read_take_their_place() -> None:
    pages = page("a", total=3, is_last=False, holes=1), page("c", total=3, is_last=True)
    assert await read(*pages) == (["a", "c"], [0, 2], None)


async def test_a_list_may_grow_or_shrink_meanwhile() -> None:
    grown = page("a", total=1, is_last=False), page("b", "c", total=3, is_last=True)
    assert await read(*grown) == (["a", "b", "c"], [0, 1], None)
    shrunk = page("a", total=3, is_last=False), page("b", total=1, is_last=True)
    assert await read(*shrunk) == (["a", "b"], [0, 1], None)


async def test_a_list_that_ends_too_early_is_none() -> None:
    found, _, wrong = await read(
        page("a", "b", total=2000, is_last=False), page("c", total=2000, is_last=True)
    )
    assert found == ["a", "b", "c"]
    assert wrong == "a list of 2,000 entries shows 3 of them and no more"


async def test_a_list_that_stands_still_is_none() -> None:
    found, offsets, wrong = await read(page("a", total=3, is_last=False), page(total=3, is_last=False))
    assert (found, offsets) == (["a"], [0, 1])
    assert wrong == "a list of 3 entries shows 1 of them and no more"


@pytest.mark.parametrize(("is_last", "shown"), [(True, ("a",)), (False, ("a",)), (True, ())])
def test_what_was_shown_is_enough(is_last: bool, shown: tuple[str, ...]) -> None:
    check_end(page(*shown, total=7, is_last=is_last), 7)


@pytest.mark.parametrize(("is_last", "shown", "read"), [(True, ("a",), 6), (False, (), 7)])
def test_what_was_shown_is_not_enough(is_last: bool, shown: tuple[str, ...], read: int) -> None:
    with pytest.raises(UnreadableAnswerError):
        check_end(page(*shown, total=7, is_last=is_last), read)
