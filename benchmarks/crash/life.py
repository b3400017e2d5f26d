"""One life of the child, and the moment that ends it."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import Process
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from random import Random
from typing import cast

from attrs import define

from benchmarks.crash.child import STEP
from sbtransfer.simulator import Delivery, Platform, Request, is_create

LONGEST = 5.0
"""Seconds: twice the mean of lives that end at any time."""

FREE = (8, 16)
"""After so many lives that end anywhere, at least and at most, a run is let come near its end."""

MOST_CREATES = 12
MOST_LEFT = 6 * STEP
GOODBYE = 0.3
"""Seconds within which a child that is through with its list has closed everything and is gone."""


class WatchedPlatform(Platform):
    """A platform that tells of each create: its work is done by then, its answer is still to leave."""

    on_create: Callable[[], None] | None = None

    def receive(self, request: Request, now: float) -> Delivery:
        """Take a request, and tell of it if it is a create."""
        delivery = super().receive(request, now)
        if self.on_create is not None and is_create(request):
            self.on_create()
        return delivery


@define(eq=False)
class Life:
    """A child that transfers `items` items, until it is through or `random` has it killed."""

    child: Process
    platform: WatchedPlatform
    items: int
    random: Random

    async def end(self, moment: str | None, within: float) -> bool:
        """See to its end; return whether it was killed at that moment, and was alive until then.

        Without a moment it lives on until it is through. Raises `TimeoutError` after so many seconds.
        """
        death = asyncio.create_task(MOMENTS[moment](self)) if moment is not None else None
        try:
            async with asyncio.timeout(within):
                await self.child.wait()
        except TimeoutError:
            self.kill()
            await self.child.wait()
            raise
        finally:
            self.platform.on_create = None
            if death is not None:
                death.cancel()
                await asyncio.wait({death})
        return self.child.returncode == -signal.SIGKILL

    def kill(self) -> None:
        """Kill it with SIGKILL, of which no process hears."""
        # `child.kill` would first look for itself whether the child has ended, and take its status away from
        # the loop, which then knows none.
        if self.child.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.child.pid, signal.SIGKILL)

    async def at_any_time(self) -> None:
        """Die after some time: while Python starts, amid doubts, with jobs under way."""
        await asyncio.sleep(self.random.uniform(0, LONGEST))
        self.kill()

    async def at_a_create(self) -> None:
        """Die at one of the next creates: before its answer leaves, or while that is on its way or read."""
        left = self.random.randint(1, MOST_CREATES)
        delay = self.random.choice((0.0, self.random.uniform(0, 0.05)))

        def on_create() -> None:
            nonlocal left
            left -= 1
            if left == 0 and delay:
                asyncio.get_running_loop().call_later(delay, self.kill)
            elif left == 0:
                self.kill()

        self.platform.on_create = on_create

    async def near_the_end(self) -> None:
        """Die with the last items: some are still under way, or all have ended and the child is closing."""
        target = self.items - self.random.randint(0, MOST_LEFT)
        delay = self.random.choice((0.0, self.random.uniform(0, GOODBYE)))
        async for line in cast("asyncio.StreamReader", self.child.stdout):
            if int(line) >= target:
                break
        await asyncio.sleep(delay)
        self.kill()


MOMENTS: dict[str, Callable[[Life], Coroutine[None, None, None]]] = {
    "at any time": Life.at_any_time,
    "at a create": Life.at_a_create,
    "near the end": Life.near_the_end,
}
"""The ways in which a life ends."""


def moments(random: Random) -> Iterator[str]:
    """Choose how the lives of a run end, one after the other; from some time on only near its end."""
    for _ in range(random.randint(*FREE)):
        yield random.choice(("at any time", "at any time", "at a create"))
    while True:
        yield "near the end"
