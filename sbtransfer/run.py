"""One transfer as its user holds it: an async context manager and an async iterator of outcomes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from attrs import define, field

from sbtransfer.engine import Engine
from sbtransfer.errors import UsageError
from sbtransfer.models import Outcome, Summary
from sbtransfer.progress import Progress


@define(eq=False, repr=False)
class TransferRun:
    """A work list on its way; made by `Client.transfer`.

    With `async with` it starts at entry, and every task and call of it has ended at exit, whatever the
    reason. A bare `async for` starts it at the first item and cleans up on exhaustion and error; after a
    `break` the client's exit closes it, with a `ResourceWarning`. It has one consumer and is iterated once.
    """

    _engine: Engine
    _on_close: Callable[[TransferRun], None]
    managed: bool = field(init=False, default=False)
    """Whether its user promised to close it, by `async with`."""
    _task: asyncio.Task[None] | None = field(init=False, default=None)
    _iterated: bool = field(init=False, default=False)
    _closed: bool = field(init=False, default=False)

    def __repr__(self) -> str:
        state = "not started" if self._task is None else "ended" if self._task.done() else "running"
        return f"<TransferRun {state}, {self._engine.reader.read:,} read>"

    @property
    def started(self) -> bool:
        """Whether anything of it was begun."""
        return self._task is not None

    async def __aenter__(self) -> Self:
        self._start()
        self.managed = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A run that was left early did not fail; one that had failed before says so, unless the user's own
        # exception is on its way.
        failure = self._engine.stream.take_error() if self._engine.stream.ended else None
        await self.aclose()
        if failure is not None and error is None:
            raise failure

    def __aiter__(self) -> Self:
        if self._iterated:
            raise UsageError("a run is iterated once: its outcomes were handed out already")
        self._iterated = True
        return self

    async def __anext__(self) -> Outcome:
        if self._task is None:
            self._start()
        try:
            return await self._engine.stream.get()
        except BaseException:
            if self._engine.stream.ended and not self.managed:
                await self.aclose()
            raise

    async def wait(self) -> Summary:
        """Take all outcomes that are left without looking at them, and return the count.

        Raises what ended the run, if it did not end by itself.
        """
        if self._task is None:
            self._start()
        while True:
            try:
                await self.__anext__()
            except StopAsyncIteration:
                return self.summary

    def stop(self) -> None:
        """Submit nothing more; what is under way is followed to its end, the rest stays unfinished."""
        if self._task is None:
            raise UsageError("the run has not started")
        self._engine.stop()

    async def aclose(self) -> None:
        """End the run now, from any task: what is on its way is waited for up to `grace` seconds.

        Jobs that are on the platform go on there. A consumer that is still waiting gets a `UsageError`.
        """
        self._closed = True
        self._on_close(self)
        task = self._task
        if task is None:
            return
        task.cancel()
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            self._engine.grace.let_go()
            await asyncio.wait({task})
            raise

    @property
    def progress(self) -> Progress:
        """What the run is doing now."""
        return self._engine.progress

    @property
    def summary(self) -> Summary:
        """The count of the items as it stands; `unfinished` are those without an outcome yet."""
        return self._engine.summary

    def _start(self) -> None:
        if self._task is not None:
            raise UsageError("the run has started already")
        if self._closed:
            raise UsageError("the run was closed before it started")
        self._task = asyncio.create_task(self._engine.run(), name="sbtransfer run")
