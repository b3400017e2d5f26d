"""The event loop of a command: the fastest that is installed, and what signals do to it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T], leaving: Callable[[], None]) -> T:
    """Run to the end and return the result.

    The first Ctrl-C or SIGTERM calls `leaving` and cancels the work, a second one cancels what it still waits
    for, a third one ends the process. Raises `KeyboardInterrupt` for work that was cancelled so.
    """
    with asyncio.Runner(loop_factory=_fastest_loop()) as runner:
        try:
            return runner.run(_interruptible(work, leaving))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None


def _fastest_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _interruptible(work: Coroutine[Any, Any, T], leaving: Callable[[], None]) -> T:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    told = False

    def interrupt() -> None:
        nonlocal told
        if told:
            for number in numbers:
                loop.remove_signal_handler(number)
        else:
            told = True
            leaving()
        if task is not None:
            task.cancel()

    # A shell ignores Ctrl-C for what runs in its background, and that stays so.
    numbers = [
        number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is not signal.SIG_IGN
    ]
    for number in numbers:
        loop.add_signal_handler(number, interrupt)
    return await work
