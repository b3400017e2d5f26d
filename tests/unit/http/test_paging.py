import pytest

from sbtransfer.errors import UnreadableAnswerError
from sbtransfer.http.caller import Call
from sbtransfer.http.paging import check_end, entries, linked
from sbtransfer.wire import LinkedPage, Page


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


# By their links --------------------------------------------------------------------------------------------

ENDPOINT = "https://api.example/v2"
FIRST = Call("GET", "/files", query=(("project", "rosa/project"),))


async def followed(*pages: LinkedPage[str]) -> tuple[list[str], list[Call], str | None]:
    """Follow a list of these pages; return its entries, the calls that were made, and what was wrong."""
    left, calls, found = list(pages), list[Call](), list[str]()

    async def fetch(call: Call) -> LinkedPage[str]:
        calls.append(call)
        return left.pop(0)

    try:
        async for one in linked(fetch, FIRST, ENDPOINT):
            found.extend(one.entries)
    except UnreadableAnswerError as error:
        return found, calls, str(error)
    assert left == []
    return found, calls, None


def leading(href: str | None, *entries: str, total: int | None = None) -> LinkedPage[str]:
    return LinkedPage(entries, next=href, total=total)


async def test_links_are_followed_as_they_lead() -> None:
    pages = leading(f"{ENDPOINT}/files/scroll?token=a%2Fb&limit=2", "a", "b"), leading(None, "c", total=3)
    found, calls, wrong = await followed(*pages)
    assert (found, wrong) == (["a", "b", "c"], None)
    assert calls == [FIRST, Call("GET", "/files/scroll", query=(("token", "a/b"), ("limit", "2")))]


@pytest.mark.parametrize(
    "href",
    [
        "https://elsewhere.example/v2/files?offset=2",
        "http://api.example/v2/files?offset=2",
        "https://api.example:8443/v2/files?offset=2",
        "https://api.example@elsewhere.example/v2/files",
        "//elsewhere.example/v2/files",
        "https://api.example/v1/files?offset=2",
        "https://api.example/v20/files?offset=2",
        "https://api.example/v2?offset=2",
        "https://api.example/v2/%2e%2e/files",
        "mailto:rosa@api.example",
        "https://api.example/files",
        "https://api.example/v2/../files",
    ],
)
async def test_no_link_leads_away_from_the_endpoint(href: str) -> None:
    found, calls, wrong = await followed(leading(href, "a"))
    assert (found, calls) == (["a"], [FIRST])
    assert wrong is not None
    assert "leads away from https://api.example/v2" in wrong


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("/v2/files/scroll", "/files/scroll"),
        ("https://API.example:443/v2/files/scroll", "/files/scroll"),
        (f"{ENDPOINT}/files/a%2Fb/list", "/files/a%2Fb/list"),
        # What a link says of a user is left behind with the rest of its origin.
        ("https://rosa:secret@api.example/v2/files/scroll", "/files/scroll"),
    ],
)
async def test_a_link_may_name_the_endpoint_in_other_words(href: str, path: str) -> None:
    _, calls, wrong = await followed(leading(href, "a"), leading(None, "b"))
    assert (calls, wrong) == ([FIRST, Call("GET", path)], None)


@pytest.mark.parametrize("href", ["http://[::1", "https://api.example:x/v2/files"])
async def test_a_link_that_cannot_be_read_is_named(href: str) -> None:
    found, calls, wrong = await followed(leading(href, "a"))
    assert (found, calls, wrong) == (["a"], [FIRST], f"a link that cannot be read: {href!r}")


async def test_no_page_is_fetched_before_it_is_asked_for() -> None:
    calls: list[Call] = []

    async def fetch(call: Call) -> LinkedPage[str]:
        calls.append(call)
        return leading(f"{ENDPOINT}/files?offset={len(calls)}", "a")

    pages = linked(fetch, FIRST, ENDPOINT)
    assert calls == []
    await anext(pages)
    assert len(calls) == 1
    await anext(pages)
    assert len(calls) == 2


async def test_links_that_lead_in_a_circle_end() -> None:
    there, back = f"{ENDPOINT}/files?offset=2", f"{ENDPOINT}/files?project=rosa/project"
    found, calls, wrong = await followed(leading(there, "a"), leading(back, "b"))
    assert (found, len(calls)) == (["a", "b"], 2)
    assert wrong == "the links of a list lead back to a page that was shown: /files"


async def test_a_list_whose_links_end_too_early_is_none() -> None:
    _, _, wrong = await followed(leading(None, "a", total=2))
    assert wrong == "a list of 2 entries shows 1 of them and no more"
