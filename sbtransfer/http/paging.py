"""Lists that come in pages, read to their end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from sbtransfer.errors import UnreadableAnswerError
from sbtransfer.wire import Page

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
