"""Leave for calls that are on their way: a create whose bytes may have left is not cancelled at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from attrs import define, field

T = TypeVar("T")


@define(eq=False)
class Grace:
    """Lets calls finish for up to `seconds` after their run was told to leave."""

    seconds: float
    leaving: bool = field(init=False, default=False)
    _sending: dict[asyncio.Task[Any], asyncio.Task[Any] | None] = field(init=False, factory=dict)

    async def finish(self, call: Coroutine[Any, Any, T]) -> T:
        """Await a call; when cancelled meanwhile, wait for its answer all the same, up to `seconds`.

        An answer that came in time is returned and the cancellation is not raised: the caller stores what it
        learned, looks at `leaving` and goes no further. Otherwise `CancelledError` is raised.
        """
        task = asyncio.ensure_future(call)
        self._sending[task] = asyncio.current_task()
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
            self.leaving = True
            await asyncio.wait({task}, timeout=self.seconds)
            if task.done() and not task.cancelled():
                return task.result()
            raise
        finally:
            del self._sending[task]
            await _ended(task)

    def protects(self, task: asyncio.Task[Any]) -> bool:
        """Whether a task is waiting for the answer to a call that is on its way."""
        return task in self._sending.values()

    def let_go(self) -> None:
        """Wait no longer for any answer."""
        for task in self._sending:
            task.cancel()


async def _ended(task: asyncio.Task[Any]) -> None:
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
