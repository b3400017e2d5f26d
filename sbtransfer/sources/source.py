"""What a transfer can be made of: lists, and live sources whose items are known by a key."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

from attrs import frozen

from sbtransfer.errors import SBTransferError
from sbtransfer.items import Item

T = TypeVar("T")


@runtime_checkable
class LiveSource(Protocol):
    """A list of what there is just now, which may be another one at each reading: a volume, a project.

    `key` gives each item a name of its own that stays, by which a journal knows it again; a number in such a
    list means nothing.
    """

    def key(self, item: Any) -> str:
        """Return the item's own name."""

    def __aiter__(self) -> AsyncIterator[Item]: ...


@frozen
class Found:
    """Something that a source shows, by its key, before it is made an item."""

    key: str
    thing: Any


@runtime_checkable
class PagedSource(LiveSource, Protocol):
    """A live source that shows pages of what there is, and makes items only of what is new.

    What it takes to make an item, such as a folder for it, is then not done for items that a journal knows.
    """

    def pages(self) -> AsyncIterator[Sequence[Found]]:
        """Yield what there is."""

    async def items(self, found: Sequence[Found]) -> Sequence[Item]:
        """Make an item of each thing that was found, in the same order."""


@frozen(kw_only=True)
class Remainder:
    """No list at all: what a journal holds is finished, and nothing else is read.

    `known` says whether outcomes that it holds are part of it, too. `missing` is raised at the end if the
    journal does not hold all of the list.
    """

    known: bool = True
    missing: SBTransferError | None = None


Source: TypeAlias = Iterable[Item] | AsyncIterable[Item] | LiveSource


def described(source: object) -> Mapping[str, Any] | None:
    """Return how a list can be opened anew, if it says so."""
    describe = getattr(source, "describe", None)
    return None if describe is None else describe()


async def pages_of(source: LiveSource) -> AsyncIterator[Sequence[Found]]:
    """Yield what a live source shows; one that does not know pages shows one thing at a time.

    To be closed like any generator; the source's own one is closed with it.
    """
    if isinstance(source, PagedSource):
        async with _closing(source.pages()) as pages:
            async for page in pages:
                yield page
    else:
        async with _closing(aiter(source)) as items:
            async for item in items:
                yield (Found(source.key(item), item),)


async def items_of(source: LiveSource, found: Sequence[Found]) -> Sequence[Item]:
    """Return the items of what was found."""
    return await source.items(found) if isinstance(source, PagedSource) else [one.thing for one in found]


@asynccontextmanager
async def _closing(items: T) -> AsyncIterator[T]:
    """Close an iterator at the end, if it can be closed."""
    try:
        yield items
    finally:
        aclose = getattr(items, "aclose", None)
        if aclose is not None:
            await aclose()
