"""Live sources as the reader sees them: with pages or without, and closed whatever happens."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Any, TypeVar, cast

import pytest
from attrs import define, field

from sbtransfer.items import Item, VolumeImport
from sbtransfer.sources import Found, LiveSource, PagedSource
from sbtransfer.sources.source import described, items_of, pages_of
from tests.support import an_import

T = TypeVar("T")


def closing(pages: AsyncIterator[T]) -> aclosing[AsyncGenerator[T, None]]:
    return aclosing(cast("AsyncGenerator[T, None]", pages))


@define
class Plain:
    """Shows its locations one by one; `closed` counts how often that was ended."""

    locations: Sequence[str] = ("a", "b", "c")
    fails_after: int | None = None
    closed: int = field(init=False, default=0)

    def key(self, item: VolumeImport) -> str:
        return item.location

    async def __aiter__(self) -> AsyncIterator[VolumeImport]:
        try:
            for number, location in enumerate(self.locations):
                if number == self.fails_after:
                    raise RuntimeError("the list is broken")
                yield an_import(location)
            await asyncio.Event().wait()
        finally:
            self.closed += 1


@define
class Paged(Plain):
    """Shows its locations page by page, and notes of what it made items."""

    made: list[str] = field(init=False, factory=list)

    async def pages(self) -> AsyncIterator[Sequence[Found]]:
        async with closing(Plain.__aiter__(self)) as items:
            async for item in items:
                location = self.key(item)
                yield [Found(f"{location}1", location), Found(f"{location}2", location)]

    async def items(self, found: Sequence[Found]) -> list[Item]:
        self.made.extend(one.key for one in found)
        return [an_import(one.thing) for one in found]


class Bare:
    """An iterator that cannot be closed."""

    def __init__(self) -> None:
        self.left = ["a", "b"]

    def key(self, item: VolumeImport) -> str:
        return item.location

    def __aiter__(self) -> AsyncIterator[Item]:
        return self

    async def __anext__(self) -> Item:
        if not self.left:
            raise StopAsyncIteration
        return an_import(self.left.pop(0))


BOTH: list[Callable[..., Any]] = [Plain, Paged]


def keys(pages: Sequence[Sequence[Found]]) -> list[list[str]]:
    return [[found.key for found in page] for page in pages]


async def taken(source: LiveSource, count: int) -> list[Sequence[Found]]:
    """Take some pages and leave the rest, closing what was opened."""
    pages: list[Sequence[Found]] = []
    async with closing(pages_of(source)) as shown:
        async for page in shown:
            pages.append(page)
            if len(pages) == count:
                break
    return pages


# What is a live source -----------------------------------------------------------------------------------


def test_a_live_source_is_known_by_its_keys() -> None:
    assert isinstance(Plain(), LiveSource)
    assert isinstance(Bare(), LiveSource)
    assert not isinstance([], LiveSource)
    assert not isinstance({"key": 1}, LiveSource)


def test_a_paged_source_is_a_live_source() -> None:
    assert isinstance(Paged(), LiveSource)
    assert isinstance(Paged(), PagedSource)
    assert not isinstance(Plain(), PagedSource)


def test_a_source_may_describe_itself() -> None:
    class Describing:
        def describe(self) -> dict[str, Any]:
            return {"path": "list.csv"}

    assert described(Describing()) == {"path": "list.csv"}
    assert described([]) is None
    assert described(Plain()) is None


# Pages and items -----------------------------------------------------------------------------------------


async def test_a_source_without_pages_shows_one_item_at_a_time() -> None:
    assert await taken(Plain(), 2) == [(Found("a", an_import("a")),), (Found("b", an_import("b")),)]


async def test_a_source_with_pages_shows_them() -> None:
    source = Paged()
    assert keys(await taken(source, 2)) == [["a1", "a2"], ["b1", "b2"]]
    assert source.made == []


async def test_items_are_made_by_the_source_of_what_is_asked_for() -> None:
    source = Paged()
    (page,) = await taken(source, 1)
    assert await items_of(source, page[1:]) == [an_import("a")]
    assert source.made == ["a2"]


async def test_items_of_a_source_without_pages_are_what_was_found() -> None:
    source = Plain()
    first, second = await taken(source, 2)
    assert await items_of(source, [*second, *first]) == [an_import("b"), an_import("a")]
    assert await items_of(source, []) == []


# The end of it -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", BOTH)
async def test_a_source_is_closed_where_it_is_left(make: Callable[..., Any]) -> None:
    source = make()
    assert len(await taken(source, 1)) == 1
    assert source.closed == 1


@pytest.mark.parametrize("make", BOTH)
async def test_a_source_is_closed_by_the_error_of_its_reader(make: Callable[..., Any]) -> None:
    source = make()
    with pytest.raises(ZeroDivisionError):
        async with closing(pages_of(source)) as pages:
            async for _ in pages:
                raise ZeroDivisionError
    assert source.closed == 1


@pytest.mark.parametrize("make", BOTH)
async def test_the_error_of_a_source_comes_through(make: Callable[..., Any]) -> None:
    source = make(fails_after=1)
    with pytest.raises(RuntimeError, match="the list is broken"):
        await taken(source, 9)
    assert source.closed == 1


@pytest.mark.parametrize("make", BOTH)
async def test_a_source_is_closed_when_its_reader_is_cancelled(make: Callable[..., Any]) -> None:
    source = make()
    reader = asyncio.create_task(taken(source, 9))
    await asyncio.sleep(0)  # it takes all there is now, and waits for more
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert source.closed == 1


@pytest.mark.parametrize("make", BOTH)
async def test_a_source_that_was_not_read_is_not_closed(make: Callable[..., Any]) -> None:
    source = make()
    async with closing(pages_of(source)):
        pass
    assert source.closed == 0


async def test_an_iterator_that_cannot_be_closed_is_left() -> None:
    assert keys(await taken(Bare(), 1)) == [["a"]]
    assert keys(await taken(Bare(), 9)) == [["a"], ["b"]]
