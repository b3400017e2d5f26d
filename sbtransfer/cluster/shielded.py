"""Work on the database that goes on when whoever asked for it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, TypeAlias, TypeVar

from attrs import define, field

from sbtransfer.cluster.database import Database
from sbtransfer.cluster.schema import Connection

T = TypeVar("T")
Work: TypeAlias = Callable[[Connection], Awaitable[T]]


@define(eq=False)
class Shielded:
    """Does each work in a transaction of its own, many at once.

    What is read shows all that was asked to be written before. No task is left once it was closed.
    """

    database: Database
    _tasks: set[asyncio.Task[Any]] = field(init=False, factory=set)
    _writes: set[asyncio.Task[Any]] = field(init=False, factory=set)
    _untold: BaseException | None = field(init=False, default=None)
    """Why something could not be written of which nobody was left to be told."""

    async def write(self, work: Work[T], undo: Work[Any] | None = None) -> T:
        """Do work and return when it is durable; when this is cancelled, it is done and then undone."""
        task = self._write(self.database.transaction(work))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(self._abandoned)
            if undo is not None:
                self._write(self._undo(task, undo)).add_done_callback(self._abandoned)
            raise

    async def read(self, work: Work[T]) -> T:
        """Do work that sees all that was asked for before it."""
        if self._writes:
            await asyncio.wait(self._writes)
        return await self.database.transaction(work)

    async def aclose(self) -> None:
        """Wait for all that was asked for; a cancellation is raised only then.

        Raises `ClusterError` if something could not be written and nobody was left to be told.
        """
        cancelled: asyncio.CancelledError | None = None
        while self._tasks:
            try:
                await asyncio.wait(self._tasks)
            except asyncio.CancelledError as error:
                cancelled = error
        untold, self._untold = self._untold, None
        if cancelled is not None:
            raise cancelled
        if untold is not None:
            raise untold

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin work that nobody can cancel but the end of the program."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _write(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = self.spawn(work)
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        return task

    async def _undo(self, task: asyncio.Task[Any], undo: Work[Any]) -> None:
        await asyncio.wait({task})
        # What failed has done nothing; where that is not sure, its items are in doubt, which does no harm.
        if not task.cancelled() and task.exception() is None:
            await self.database.transaction(undo)

    def _abandoned(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled():
            self._untold = self._untold or task.exception()


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Do work to its end whatever happens; a cancellation meanwhile is raised only then."""
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # It was looked at, even though the cancellation goes first.
        raise cancelled
    return task.result()


def bound(work: Callable[..., Awaitable[T]], *args: Any, **options: Any) -> Work[T]:
    """Bind all arguments of a function but its connection, the first one."""
    return partial(_called, work, args, options)


async def _called(
    work: Callable[..., Awaitable[T]], args: tuple[Any, ...], options: dict[str, Any], connection: Connection
) -> T:
    return await work(connection, *args, **options)
