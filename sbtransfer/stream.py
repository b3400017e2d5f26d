"""Outcomes to their one consumer, and the room between the work list and that consumer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from attrs import define, field

from sbtransfer.chunks import CHUNK_SIZE
from sbtransfer.errors import UsageError
from sbtransfer.models import Outcome


@define(eq=False)
class Stream:
    """Hands out outcomes in order of completion and counts what is between source and consumer.

    `max_in_flight` items may have entered and not left; undelivered outcomes count. Once that is reached,
    `room` waits until a tenth of it is free again: read item by item, chunks would never be full.
    """

    max_in_flight: int
    entered: int = field(init=False, default=0)
    left: int = field(init=False, default=0)
    ended: bool = field(init=False, default=False)
    """Whether no further outcomes will come."""
    _outcomes: deque[Outcome] = field(init=False, factory=deque)
    _error: BaseException | None = field(init=False, default=None)
    _consumer: asyncio.Future[None] | None = field(init=False, default=None)
    _reader: asyncio.Future[None] | None = field(init=False, default=None)

    @property
    def low_water(self) -> int:
        """How much room a blocked reader waits for."""
        return max(1, self.max_in_flight // 10)

    @property
    def free(self) -> int:
        """How many items may enter now."""
        return self.max_in_flight - (self.entered - self.left)

    @property
    def full(self) -> bool:
        """Whether no item may enter now."""
        return self.entered - self.left >= self.max_in_flight

    @property
    def undelivered(self) -> int:
        """How many outcomes are known and not taken yet."""
        return len(self._outcomes)

    @property
    def tight(self) -> bool:
        """Whether there is no room for a whole chunk: a new one that is begun now would stay small."""
        return self.free < min(CHUNK_SIZE, self.low_water)

    def enter(self, items: int = 1) -> None:
        """Count items in."""
        self.entered += items

    async def room(self) -> None:
        """Wait until enough items have left."""
        while self.free < self.low_water:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None

    def put(self, outcomes: Sequence[Outcome]) -> None:
        """Add outcomes for the consumer."""
        self._outcomes.extend(outcomes)
        if outcomes:
            _wake(self._consumer)

    def end(self, error: BaseException | None) -> None:
        """Say that no more outcomes come, and with which error, if any, the run ended."""
        self.ended, self._error = True, error
        _wake(self._consumer)

    def take_error(self) -> BaseException | None:
        """Return the run's error to the one who raises it; afterwards there is none."""
        error, self._error = self._error, None
        return error

    async def get(self) -> Outcome:
        """Wait for the next outcome; after the last one, raise the run's error, else `StopAsyncIteration`."""
        while not self._outcomes:
            if self.ended:
                raise self.take_error() or StopAsyncIteration
            await self._wait()
        outcome = self._outcomes.popleft()
        self.left += 1
        if self._reader is not None and self.free >= self.low_water:
            _wake(self._reader)
        return outcome

    async def _wait(self) -> None:
        if self._consumer is not None:
            raise UsageError("a run has one consumer: two tasks wait for its next outcome")
        self._consumer = asyncio.get_running_loop().create_future()
        try:
            await self._consumer
        finally:
            self._consumer = None


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
