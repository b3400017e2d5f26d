"""The work list to chunks: lazily, and no faster than there is room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import TypeAlias

from attrs import define, field

from sbtransfer.chunks import Chunker
from sbtransfer.errors import WorkListError
from sbtransfer.items import ITEM_TYPES, Item
from sbtransfer.models import Chunk, Entry
from sbtransfer.stream import Stream

Source: TypeAlias = Iterable[Item] | AsyncIterable[Item]

_ITEMS = tuple(ITEM_TYPES.values())


@define(eq=False)
class Reader:
    """Reads a source, numbers its items and hands sealed chunks to `submit`.

    An exception of the source ends the reading and is kept in `error`: what was read is still followed.
    """

    source: Source
    stream: Stream
    chunker: Chunker
    submit: Callable[[Chunk], None]
    read: int = field(init=False, default=0)
    error: Exception | None = field(init=False, default=None)
    _timer: asyncio.TimerHandle | None = field(init=False, default=None)

    @property
    def holding(self) -> int:
        """How many items were read and are in no sealed chunk yet."""
        return self.chunker.holding

    async def run(self) -> None:
        """Read to the end of the source, which is closed then, whatever the reason."""
        try:
            await self._read_and_close()
        except asyncio.CancelledError:
            if _cancelled_from_outside():
                raise
            self.error = WorkListError(["the work list was cancelled from within"])
        except Exception as error:  # noqa: BLE001 - the user's own; raised to the user at the end
            self.error = error
        finally:
            self._stop_timer()
        for chunk in self.chunker.flush():
            self.submit(chunk)

    async def _read_and_close(self) -> None:
        if isinstance(self.source, AsyncIterable):
            items = aiter(self.source)
            try:
                await self._read_async(items)
            finally:
                await _aclose(items)
        else:
            plain = iter(self.source)
            try:
                await self._read_sync(plain)
            finally:
                _close(plain)

    async def _read_async(self, items: AsyncIterator[Item]) -> None:
        async for item in items:
            sealed = self._take(item)
            if self._blocked(sealed):
                await self._wait_for_room()

    async def _read_sync(self, items: Iterator[Item]) -> None:
        for item in items:
            sealed = self._take(item)
            if self._blocked(sealed):
                await self._wait_for_room()
            elif sealed:
                await asyncio.sleep(0)  # A list that never waits must not keep the others from their work.

    def _take(self, item: Item) -> bool:
        """Put an item in its chunk; return whether that sealed it."""
        if not isinstance(item, _ITEMS):
            known = ", ".join(kind.__name__ for kind in _ITEMS)
            raise WorkListError(
                [f"item {self.read} is of type {type(item).__name__}; an item is one of {known}"]
            )
        entry = Entry(self.read, item)
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
