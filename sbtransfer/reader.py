"""The work list to chunks: lazily, and no faster than there is room."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
    Sequence,
)

from attrs import define, field

from sbtransfer.chunks import Chunker
from sbtransfer.errors import CountError, JournalError, JournalRefusedError, WorkListError
from sbtransfer.items import ITEM_TYPES, Item
from sbtransfer.journal.journal import Journal
from sbtransfer.models import Chunk, Entry, Outcome
from sbtransfer.resumption import Resumption
from sbtransfer.sources.source import Found, LiveSource, Remainder, Source, described, items_of, pages_of
from sbtransfer.stream import Stream

_ITEMS = tuple(ITEM_TYPES.values())


@define(eq=False)
class Reader:
    """Reads a source, numbers its items and hands sealed chunks to `submit`.

    What the journal knows of a list is not sent again; outcomes that it holds go to `known`. An exception of
    the source ends the reading and is kept in `error`: what was read is still followed. A list that does not
    go with the journal raises `JournalRefusedError` before anything was handed on; `compared` is set once
    that is certain.
    """

    source: Source | Remainder
    stream: Stream
    chunker: Chunker
    journal: Journal
    submit: Callable[[Chunk], None]
    known: Callable[[Outcome], None]
    read: int = field(init=False, default=0)
    pruned: int = field(init=False, default=0)
    """How many of them are completed, as a pruned journal knows, which knows nothing else of them."""
    error: Exception | None = field(init=False, default=None)
    compared: asyncio.Event = field(init=False, factory=asyncio.Event)
    _next: int = field(init=False, default=0)
    _taken_up: set[int] = field(init=False, factory=set)
    _timer: asyncio.TimerHandle | None = field(init=False, default=None)

    @property
    def holding(self) -> int:
        """How many items were read and are in no sealed chunk yet."""
        return self.chunker.holding

    def took_up(self, indexes: Collection[int]) -> None:
        """Count items as read that the journal holds and that are followed or looked up from the start."""
        self._taken_up.update(indexes)
        self.read += len(indexes)
        self.stream.enter(len(indexes))

    async def run(self) -> None:
        """Read to the end of the source, which is closed then, whatever the reason."""
        try:
            await self._read_and_close()
        except asyncio.CancelledError:
            if _cancelled_from_outside():
                raise
            self.error = WorkListError(["the work list was cancelled from within"])
        except JournalError:
            raise
        except Exception as error:  # noqa: BLE001 - the user's own; raised to the user at the end
            self.error = error
        finally:
            self._stop_timer()
        self.compared.set()
        for chunk in self.chunker.flush():
            self.submit(chunk)
        if self.error is None and not isinstance(self.source, Remainder):
            await self.journal.exhausted(self._next)

    async def _read_and_close(self) -> None:
        if isinstance(self.source, Remainder):
            await self._finish_the_past(known=self.source.known)
            self.error = self.source.missing
        elif isinstance(self.source, LiveSource):
            pages = pages_of(self.source)
            try:
                await self._finish_the_past()
                await self._read_live(pages, self.source)
            finally:
                await _aclose(pages)
        elif isinstance(self.source, AsyncIterable):
            items = aiter(self.source)
            try:
                await self._go_over_the_past(lambda: self._anext(items))
                await self._read_async(items)
            finally:
                await _aclose(items)
        else:
            plain = iter(self.source)
            try:
                await self._go_over_the_past(lambda: self._next_of(plain))
                await self._read_sync(plain)
            finally:
                _close(plain)

    async def _go_over_the_past(self, next_item: Callable[[], Awaitable[Item | None]]) -> None:
        """Compare the list with what the journal knows of it, then take what it knows not to be sent."""
        past = self.journal.past
        if past.length and past.keyed:
            raise JournalRefusedError("the journal belongs to a volume or a project, and this is a list")
        resumption = Resumption(self.journal, self._taken_up)
        async for outcome in resumption.compare(next_item):
            await self._take_known(outcome)
        self._next = past.length
        self.compared.set()
        await self._take_all(resumption.waiting())
        for entry in resumption.unknown:
            await self._take_and_wait(entry)

    async def _finish_the_past(self, *, known: bool = True) -> None:
        """Take all that the journal knows, where no list says it again."""
        past, resumption = self.journal.past, Resumption(self.journal, self._taken_up)
        if past.length and not past.keyed and not isinstance(self.source, Remainder):
            raise JournalRefusedError("the journal belongs to a list, and this is a volume or a project")
        if past.length and not _is_the_same(self.source, past.source):
            raise JournalRefusedError(
                f"the journal belongs to another volume or project, or another destination: {past.source}; "
                "give another journal, or what this one was begun with"
            )
        self._next = past.length
        self.compared.set()
        if known:
            self.pruned = past.pruned
            self.read += past.pruned
            async for outcome in resumption.known():
                await self._take_known(outcome)
        await self._take_all(resumption.waiting())

    async def _take_known(self, outcome: Outcome) -> None:
        self.read += 1
        self.known(outcome)
        if self.stream.full:
            await self.stream.room()

    async def _take_all(self, entries: AsyncIterator[Entry]) -> None:
        async for entry in entries:
            await self._take_and_wait(entry)

    async def _take_and_wait(self, entry: Entry) -> None:
        if self._blocked(self._take(entry)):
            await self._wait_for_room()

    async def _read_live(self, pages: AsyncIterator[Sequence[Found]], source: LiveSource) -> None:
        async for page in pages:
            # Keys first: what is known is passed over before anything is done for it.
            is_new = await asyncio.gather(*(self.journal.reserve(found.key) for found in page))
            new = [found for found, is_its_own in zip(page, is_new, strict=True) if is_its_own]
            items = await items_of(source, new)
            if len(items) != len(new):
                raise CountError(f"the work list made {len(items)} items of {len(new)} things that it found")
            for found, item in zip(new, items, strict=True):
                await self._take_and_wait(self._numbered(self._checked(item), found.key))

    async def _read_async(self, items: AsyncIterator[Item]) -> None:
        async for item in items:
            sealed = self._take(self._numbered(self._checked(item)))
            if self._blocked(sealed):
                await self._wait_for_room()

    async def _read_sync(self, items: Iterator[Item]) -> None:
        for item in items:
            sealed = self._take(self._numbered(self._checked(item)))
            if self._blocked(sealed):
                await self._wait_for_room()
            elif sealed:
                await asyncio.sleep(0)  # A list that never waits must not keep the others from their work.

    async def _anext(self, items: AsyncIterator[Item]) -> Item | None:
        async for item in items:
            return self._checked(item)
        return None

    async def _next_of(self, items: Iterator[Item]) -> Item | None:
        for item in items:
            return self._checked(item)
        return None

    def _checked(self, item: object) -> Item:
        if not isinstance(item, _ITEMS):
            known = ", ".join(kind.__name__ for kind in _ITEMS)
            raise WorkListError(
                [f"item {self._next} is of type {type(item).__name__}; an item is one of {known}"]
            )
        return item

    def _numbered(self, item: Item, key: str | None = None) -> Entry:
        self._next += 1
        return Entry(self._next - 1, item, key)

    def _take(self, entry: Entry) -> bool:
        """Put an item in its chunk; return whether that sealed it."""
        self.read += 1
        self.stream.enter()
        chunk = self.chunker.add(entry, asyncio.get_running_loop().time())
        if chunk is not None:
            self.submit(chunk)
        elif self._timer is None:
            self._start_timer()
        return chunk is not None

    def _blocked(self, sealed: bool) -> bool:
        """Whether nothing may be read now: there is no room, or after a sealed chunk none for another."""
        return self.stream.full or (sealed and self.stream.tight)

    async def _wait_for_room(self) -> None:
        # Items in open chunks can never make room by themselves: enough of them are sent on their way.
        while self.chunker.holding > self.stream.max_in_flight - self.stream.low_water:
            self.submit(self.chunker.seal_oldest())
        await self.stream.room()

    def _start_timer(self) -> None:
        deadline = self.chunker.deadline
        if deadline is not None:
            self._timer = asyncio.get_running_loop().call_at(deadline, self._lingered)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _lingered(self) -> None:
        self._timer = None
        for chunk in self.chunker.due(asyncio.get_running_loop().time()):
            self.submit(chunk)
        self._start_timer()


def _is_the_same(source: object, kept: Mapping[str, object] | None) -> bool:
    """Whether a live source is the one that a journal belongs to, as far as both say; it may select anew."""
    now = described(source)
    return now is None or kept is None or {**now, "selection": None} == {**kept, "selection": None}


def _cancelled_from_outside() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _aclose(items: object) -> None:
    aclose = getattr(items, "aclose", None)
    if aclose is not None:
        await aclose()


def _close(items: object) -> None:
    close = getattr(items, "close", None)
    if close is not None:
        close()
