"""Lists that come in pages, read to their end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from yarl import URL

from sbtransfer.errors import UnreadableAnswerError
from sbtransfer.http.caller import Call
from sbtransfer.wire import LinkedPage, Page

T = TypeVar("T")


async def entries(page_at: Callable[[int], Awaitable[Page[T]]]) -> AsyncIterator[T]:
    """Yield the entries of a list, whose page from an offset on is what `page_at` returns.

    Raises `UnreadableAnswerError` for a list that does not show as many entries as it says there are.
    """
    offset, is_last = 0, False
    while not is_last:
        page = await page_at(offset)
        for entry in page.entries:
            yield entry
        offset, is_last = offset + page.shown, page.is_last
        check_end(page, offset)


def check_end(page: Page[T], read: int) -> None:
    """Raise `UnreadableAnswerError` for a list that ends, or stands still, before all of it was shown."""
    if (page.is_last and read < page.total) or not (page.shown or page.is_last):
        raise UnreadableAnswerError(f"a list of {page.total:,} entries shows {read:,} of them and no more")


async def linked(
    fetch: Callable[[Call], Awaitable[LinkedPage[T]]], first: Call, endpoint: str
) -> AsyncIterator[LinkedPage[T]]:
    """Yield the pages of a list, from the first one on, as their links lead.

    Raises `UnreadableAnswerError` for a link that leads away from the endpoint or back to a page that was
    shown, and for a list that shows fewer entries than it says there are.
    """
    call, read = first, 0
    shown = {(first.path, first.query)}
    while True:
        page = await fetch(call)
        yield page
        read += len(page.entries)
        if page.next is None:
            break
        call = _followed(page.next, endpoint)
        if (call.path, call.query) in shown:
            raise UnreadableAnswerError(
                f"the links of a list lead back to a page that was shown: {call.path}"
            )
        shown.add((call.path, call.query))
    if page.total is not None and read < page.total:
        raise UnreadableAnswerError(f"a list of {page.total:,} entries shows {read:,} of them and no more")


def _followed(href: str, endpoint: str) -> Call:
    """Return the call that a link stands for. The token goes with it, so it must stay on the endpoint."""
    base = URL(endpoint)
    try:
        link = base.join(URL(href))
        where = (link.scheme, link.host, link.port)
    except ValueError:
        raise UnreadableAnswerError(f"a link that cannot be read: {href!r}") from None
    path = link.raw_path.removeprefix(base.raw_path)
    stays = where == (base.scheme, base.host, base.port) and base.raw_path + path == link.raw_path
    # Without the slash `/v2` would also be the beginning of `/v20`.
    if not (stays and path.startswith("/")):
        raise UnreadableAnswerError(f"a link leads away from {endpoint}: {href!r}; it is not followed")
    return Call("GET", path, query=tuple(link.query.items()))
