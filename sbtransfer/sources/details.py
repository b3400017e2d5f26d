"""The details of any number of files, read in bulk."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from typing import TypeVar

from sbtransfer.http.api import API, BULK_SIZE
from sbtransfer.models import ErrorRecord
from sbtransfer.resources import FileDetails

T = TypeVar("T")


async def in_hundreds(things: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[list[T]]:
    """Yield lists of at most as many things as a bulk get takes."""
    taken: list[T] = []
    async for thing in _each(things):
        taken.append(thing)
        if len(taken) == BULK_SIZE:
            yield taken
            taken = []
    if taken:
        yield taken


async def _each(things: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    if isinstance(things, AsyncIterable):
        async for thing in things:
            yield thing
    else:
        for thing in things:
            yield thing


async def details_of(
    api: API, file_ids: Iterable[str] | AsyncIterable[str]
) -> AsyncIterator[FileDetails | ErrorRecord]:
    """Yield the details of each file, or why there are none, in the order of the ids."""
    async for some in in_hundreds(file_ids):
        for one in await details_by_id(api, some):
            yield one


async def details_by_id(api: API, file_ids: Sequence[str]) -> list[FileDetails | ErrorRecord]:
    """Return what at most 100 ids stand for, in their order. Ids that are given twice are asked for once."""
    known = await api.file_details(list(dict.fromkeys(file_ids)))
    return [known[file_id] for file_id in file_ids]
