"""An event loop whose clock jumps instead of waiting, for tests and benchmarks.

    from sbtransfer.simulator.clock import run

    run(main())  # like asyncio.run, but five minutes of `asyncio.sleep` take no time

Whenever every task waits, the loop first lets real I/O that is ready through. If work is under way in an
executor, it really waits for that. Only then does it set its clock to the next timer. So the order of events,
and each time that `loop.time()` shows, is the same in every run.

It knows nothing of other processes and of threads that it did not start: while timers are left, it does not
wait for what these are about to send.
"""

import asyncio
import math
import selectors
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from functools import partial
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_NAMED_TASKS = 5  # how many tasks a DeadlockError names
_ROUNDS_AT_REST = 100
_MOMENT = 1e-9


class DeadlockError(RuntimeError):
    """Nothing can ever happen again: every task waits, and no timer, I/O or executor is left to wake one."""


class _Selector(selectors.DefaultSelector):
    """Asks `jump` to move the clock where the loop wants to sleep, and tells `stay` where it does not."""

    def __init__(self, jump: Callable[[], bool], stay: Callable[[], None]) -> None:
        super().__init__()
        self._jump = jump
        self._stay = stay

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if timeout == 0:
            self._stay()
            return events
        if events or self._jump():
            return events
        return super().select(None)


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """An event loop whose `time()` begins at `start` and moves only to its timers' own times, exactly."""

    # What BaseEventLoop keeps and its type stubs do not show.
    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]
    _clock_resolution: float

    def __init__(self, start: float = 0.0) -> None:
        self._in_executors = 0
        self._rounds = 0
        self._io = _Selector(self._jump, self._stay)
        super().__init__(self._io)
        self._own_io = len(self._io.get_map())
        self._set_time(start)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} time={self._now} running={self.is_running()} closed={self.is_closed()}>"
        )

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Do as the base class, and hold the clock until the work is done."""
        future = super().run_in_executor(executor, func, *args)
        self._in_executors += 1
        future.add_done_callback(self._left_executor)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002
        """Wait for the default executor's threads; no virtual time passes, so no `timeout` runs out."""
        self._in_executors += 1
        try:
            await super().shutdown_default_executor()
        finally:
            self._in_executors -= 1

    def _left_executor(self, _future: asyncio.Future[Any]) -> None:
        self._in_executors -= 1

    def _set_time(self, now: float) -> None:
        self._now = now
        # The loop runs all timers before `time() + resolution`: the smallest step keeps differing ones apart.
        self._clock_resolution = math.ulp(now)

    def _stay(self) -> None:
        """Let a moment pass after many rounds in which nothing but timers for this very instant was left.

        A real clock moves on meanwhile. Code that waits for a remainder too small to change the time, as the
        rounding of a rate leaves it, would wait for ever without this.
        """
        self._rounds = 0 if self._ready else self._rounds + 1
        if self._rounds >= _ROUNDS_AT_REST:
            self._rounds = 0
            self._set_time(self._now + _MOMENT)

    def _jump(self) -> bool:
        """Move the clock to the next timer; False where real I/O has to be waited for instead."""
        if self._in_executors:
            return False
        when = self._scheduled[0].when() if self._scheduled else math.inf
        if when < math.inf:
            self._set_time(when)
            return True
        if len(self._io.get_map()) > self._own_io:
            return False
        raise DeadlockError(f"nothing left to wait for at {self._now}: {self._waiting()}")

    def _waiting(self) -> str:
        names = sorted(task.get_name() for task in asyncio.all_tasks(self))
        if not names:
            return "no task is left, yet the loop was told to run on"
        more = f" and {len(names) - _NAMED_TASKS} more" if len(names) > _NAMED_TASKS else ""
        return f"no timer, I/O or executor can wake {', '.join(names[:_NAMED_TASKS])}{more}"


def run(main: Coroutine[Any, Any, T], *, start: float = 0.0) -> T:
    """Run a coroutine on a virtual clock and return its result, as `asyncio.run` does on the real one.

    At the end it cancels the tasks that are left, closes asynchronous generators and the executor. Raises
    DeadlockError where the program would hang for ever.
    """
    with asyncio.Runner(loop_factory=partial(VirtualClockLoop, start)) as runner:
        return runner.run(main)
