"""Pages of lists: by offset, where the whole of a list is counted, and by the platform's own links."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from attrs import frozen

from sbtransfer.errors import UnreadableAnswerError
from sbtransfer.wire.values import UNREADABLE, loads

T = TypeVar("T")


@frozen
class Page(Generic[T]):
    """One page of a list: the entries that could be read, how many it showed, and how many there are."""

    entries: tuple[T, ...]
    shown: int
    total: int
    is_last: bool


@frozen
class LinkedPage(Generic[T]):
    """One page of a list whose entries could all be read.

    `next` is the link to the page after it, `None` on the last one; `total` how many entries the list has in
    all its pages, where the answer tells.
    """

    entries: tuple[T, ...]
    next: str | None = None
    total: int | None = None


def read_page(body: bytes, headers: Mapping[str, str], structure: Callable[[Any], T]) -> Page[T]:
    """Read a page; what cannot be read on it is left out, for in such a list the rest is not ours."""
    answer = loads(body)
    try:
        records, links = answer["items"], answer["links"]
        entries = tuple(_readable(records, structure))
        return Page(entries, len(records), total_matching(headers), _next(links) is None)
    except UNREADABLE as error:
        raise UnreadableAnswerError(f"the answer is no page of a list: {error!r}") from None


def _readable(records: Iterable[Any], structure: Callable[[Any], T]) -> Iterator[T]:
    for record in records:
        try:
            yield structure(record)
        except UNREADABLE:
            continue


def read_linked_page(
    body: bytes, headers: Mapping[str, str], *structures: tuple[str, Callable[[Any], T]]
) -> LinkedPage[T]:
    """Read a page of which nothing may be left out; `structures` say how to read each of its lists."""
    answer = loads(body)
    try:
        entries = tuple(structure(record) for name, structure in structures for record in answer[name])
        return LinkedPage(entries, _next(answer["links"]), _total(headers))
    except UNREADABLE as error:
        raise UnreadableAnswerError(f"the answer is no page of a list: {error!r}") from None


def _next(links: Iterable[Any]) -> str | None:
    """Return the link to the next page: most lists name it by `rel`, those of volumes by its key."""
    for link in links:
        if link.get("rel") == "next":
            return str(link["href"])
        if link.get("next"):
            return str(link["next"])
    return None


def total_matching(headers: Mapping[str, str]) -> int:
    """Return how many things a list holds in all its pages."""
    total = _total(headers)
    if total is None:
        raise UnreadableAnswerError("the answer does not say how many things the list holds")
    return total


def _total(headers: Mapping[str, str]) -> int | None:
    try:
        return int(headers["X-Total-Matching-Query"])
    except (KeyError, ValueError):
        return None
