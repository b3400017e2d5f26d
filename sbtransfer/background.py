"""A run in a thread of its own, with an event loop of its own, for whoever has none or may not wait in it."""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from queue import SimpleQueue
from typing import Any, TypeVar
from weakref import WeakSet

from attrs import define, field

from sbtransfer.client import Client
from sbtransfer.errors import UsageError
from sbtransfer.models import Outcome, Summary
from sbtransfer.progress import Progress
from sbtransfer.run import TransferRun

T = TypeVar("T")

_PATIENCE = 30.0
"""Seconds beyond its `grace` for which nobody but its user waits for a run's end."""


@define(eq=False)
class Background:
    """Runs a transfer and its client in a thread; every method may be called from any other one.

    Outcomes come into the `outbox` in lists of at most `most`, one list each time that it is `wanted`; `None`
    is the end, after which nothing is left of the run. `grace` is the run's own.
    """

    client: Client
    run: TransferRun
    most: int
    grace: float
    outbox: SimpleQueue[list[Outcome] | None] = field(init=False, factory=SimpleQueue)
    given: int = field(init=False, default=0)
    """How many outcomes came into the outbox."""
    left: bool = field(init=False, default=False)
    """Whether it was told to end before its end."""
    _failure: BaseException | None = field(init=False, default=None)
    _last: Progress | None = field(init=False, default=None)
    _over: bool = field(init=False, default=False)
    """Whether its loop takes no further questions."""
    # One who is being collected as garbage may be so in the very thread that holds it.
    _lock: threading.RLock = field(init=False, factory=threading.RLock)
    _begun: threading.Event = field(init=False, factory=threading.Event)
    _done: threading.Event = field(init=False, factory=threading.Event)
    _wanted: asyncio.Event = field(init=False, factory=asyncio.Event)
    _thread: threading.Thread | None = field(init=False, default=None)
    _loop: asyncio.AbstractEventLoop = field(init=False)
    _main: asyncio.Task[None] = field(init=False)
    _pumping: asyncio.Task[None] = field(init=False)

    @property
    def started(self) -> bool:
        """Whether anything of it was begun."""
        return self._thread is not None

    @property
    def ended(self) -> bool:
        """Whether nothing of it is left."""
        return self._done.is_set()

    @property
    def inside(self) -> bool:
        """Whether this is its own thread: that of the work list and of the token's callable."""
        return threading.current_thread() is self._thread

    def start(self) -> None:
        """Start, with the context variables of whoever starts it."""
        if self._thread is not None:
            raise UsageError("the run has started already")
        if self.left:
            raise UsageError("the run was closed before it started")
        thread = threading.Thread(
            target=copy_context().run, args=(self._work,), name="sbtransfer run", daemon=True
        )
        _end_before_the_interpreter(self)
        self._thread = thread
        try:
            thread.start()
        except RuntimeError:
            self._thread = None
            raise
        self._begun.wait()

    def want(self) -> None:
        """Ask for the next outcomes; asked again before they came, it may be for those after them, too."""
        with suppress(_OverError):
            self._soon(self._wanted.set)

    def ask(self, question: Callable[[], T]) -> T:
        """Return what a question is answered in its loop; after its end, in this thread."""
        if self.inside:
            return question()
        answer: Future[T] = Future()
        try:
            self._soon(_answer, answer, question)
        except _OverError:
            return question()
        return answer.result()

    @property
    def progress(self) -> Progress:
        """How it stands; after its end, how it stood last."""
        if self._thread is None:
            return Progress(total=self.run._engine.options.total)
        return self.ask(lambda: self._last or self.run.progress)

    @property
    def summary(self) -> Summary:
        """The count of its items."""
        return self.ask(lambda: self.run.summary) if self.started else self.run.summary

    def leave(self) -> None:
        """Tell it to end: what is on its way is waited for up to `grace` seconds."""
        with suppress(_OverError):
            self._soon(self._leave)

    def close(self) -> None:
        """End it, and return when nothing of it is left. Interrupted, it waits for nothing any more."""
        if self.inside:
            raise UsageError("a run cannot be closed by its own work list: nobody would be left to do it")
        if self._thread is None:
            self.left = True
            return
        try:
            self.leave()
            self._done.wait()
        except BaseException:
            with suppress(_OverError):
                self._soon(self._main.cancel)
            self._done.wait()
            raise
        self._thread.join()

    def abandon(self) -> None:
        """End it for one who is no longer there to wait long."""
        if self._thread is not None and not self.ended:
            self.leave()
            if not self.inside:
                self._done.wait(self.grace + _PATIENCE)

    def take_failure(self) -> BaseException | None:
        """Return what the run failed with to the one who raises it; afterwards there is nothing."""
        failure, self._failure = self._failure, None
        return failure

    def _soon(self, work: Callable[..., object], *arguments: Any) -> None:
        """Have something done in the loop, which will be done."""
        self._begun.wait()
        with self._lock:
            if self._over:
                raise _OverError
            self._loop.call_soon_threadsafe(work, *arguments)

    # In the thread -----------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
                self._loop = runner.get_loop()
                try:
                    self._run_to_the_end(runner)
                finally:
                    with self._lock:
                        self._over = True
                    self._begun.set()
                    runner.run(asyncio.sleep(0))  # Whoever asked before that has an answer now.
        except asyncio.CancelledError:
            pass  # By `close`, for one who would not wait.
        except BaseException as error:  # noqa: BLE001 - raised to the user, in the user's thread
            self._failure = error
        finally:
            self._begun.set()
            self.outbox.put(None)
            self._done.set()

    def _run_to_the_end(self, runner: asyncio.Runner) -> None:
        try:
            runner.run(self._transfer())
        except (KeyboardInterrupt, SystemExit):
            # A work list that calls `sys.exit` breaks through the loop, as does every task that hears of it.
            self._main.cancel()
            while not self._main.done():
                with suppress(KeyboardInterrupt, SystemExit):
                    self._loop.run_until_complete(asyncio.wait({self._main}))
            raise

    async def _transfer(self) -> None:
        self._main = asyncio.current_task()  # type: ignore[assignment]  # there is one
        try:
            async with self.client, self.run:
                self._pumping = asyncio.create_task(self._pump())
                self._begun.set()
                await asyncio.wait({self._pumping})
                if not self._pumping.cancelled():
                    self._pumping.result()
        finally:
            self._last = self.run.progress

    async def _pump(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            outcomes = await self._next()
            if not outcomes:
                return
            self.given += len(outcomes)
            self.outbox.put(outcomes)

    async def _next(self) -> list[Outcome]:
        """Wait for an outcome, and take those that are there by then; none is the end."""
        stream = self.run._engine.stream
        try:
            outcomes = [await anext(self.run)]
        except StopAsyncIteration:
            return []
        while stream.undelivered and len(outcomes) < self.most:
            outcomes.append(await anext(self.run))
        return outcomes

    def _leave(self) -> None:
        if not self._pumping.done():
            self.left = True
            self._pumping.cancel()


class _OverError(Exception):
    """The loop takes nothing any more."""


def _answer(answer: Future[T], question: Callable[[], T]) -> None:
    try:
        answer.set_result(question())
    except Exception as error:  # noqa: BLE001 - raised to the one who asked
        answer.set_exception(error)


# At the interpreter's end ----------------------------------------------------------------------------------

_running: WeakSet[Background] = WeakSet()
_watched: list[bool] = []


def _end_before_the_interpreter(one: Background) -> None:
    """Have a run that its user still holds then end in good order: an exception may be what ends the program.

    What `atexit` calls is called too late: no executor takes work any more then, and a journal needs one.
    """
    _running.add(one)
    if not _watched:
        _watched.append(True)
        getattr(threading, "_register_atexit", atexit.register)(_end_all)


def _end_all() -> None:
    running = [one for one in _running if not one.ended]
    for one in running:
        one.leave()
    for one in running:
        one.abandon()
