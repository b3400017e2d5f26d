"""Transfers for plain scripts and notebooks: a generator of outcomes, and no event loop of one's own.

    from sbtransfer import blocking

    for outcome in blocking.transfer(items, journal="move.sqlite"):
        print(outcome.index, outcome.state)

It is the same engine, in a thread of its own.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Never, Self, TypeAlias, cast
from weakref import finalize

from attrs import evolve

from sbtransfer.background import Background
from sbtransfer.client import Client
from sbtransfer.errors import UsageError
from sbtransfer.events import Listener
from sbtransfer.http.transport import Transport
from sbtransfer.limits import Limits
from sbtransfer.logbook import JournalLike
from sbtransfer.models import Outcome, Summary
from sbtransfer.polling import Polling
from sbtransfer.progress import Progress
from sbtransfer.settings import TokenSource
from sbtransfer.sources import Source

Token: TypeAlias = str | Callable[[], str | Awaitable[str]]

_AT_ONCE = 100
"""The most outcomes that change threads together."""


def transfer(
    items: Source,
    *,
    endpoint: str | None = None,
    token: Token | None = None,
    profile: str | None = None,
    limits: Limits | None = None,
    polling: Polling | float | None = None,
    timeout: float = 120.0,
    give_up_after: float = 3600.0,
    transport: Transport | None = None,
    telemetry: Listener | None = None,
    journal: JournalLike | None = None,
    max_in_flight: int = 10_000,
    linger: float = 1.0,
    total: int | None = None,
    deliver_known: bool = True,
    grace: float = 10.0,
    settle: float = 120.0,
    job_timeout: float | None = None,
    max_consecutive_failures: int = 10,
    verify_drs: bool = True,
    resend_ambiguous: bool = False,
) -> BlockingRun:
    """Transfer a list of any length; iterate over what this returns for each item's outcome as it is known.

    The options are those of `Client` and of `Client.transfer`. A `token` may be a string or a callable,
    async or not, which may take its time. Each transfer has a client of its own: two at once with one token
    do not share their limits, for which there is `Client`.

    `items` is read lazily in the transfer's own thread, no more than `max_in_flight` items (and a tenth)
    ahead of the outcomes that were taken: a slow loop slows the reading. What it uses must not belong to
    another thread, as connections of `sqlite3` do, and while it waits, all of the transfer does.

    It works where an event loop is running, as in a notebook; a loop that calls this waits meanwhile, with
    all that is in it. Raises `SettingsError` at once for settings that cannot work.
    """
    client = Client(
        endpoint,
        _awaited(token),
        limits=limits,
        polling=polling,
        timeout=timeout,
        give_up_after=give_up_after,
        transport=transport,
        profile=profile,
        telemetry=telemetry,
    )
    run = client.transfer(
        items,
        journal=journal,
        max_in_flight=max_in_flight,
        linger=linger,
        total=total,
        deliver_known=deliver_known,
        grace=grace,
        settle=settle,
        job_timeout=job_timeout,
        max_consecutive_failures=max_consecutive_failures,
        verify_drs=verify_drs,
        resend_ambiguous=resend_ambiguous,
    )
    return BlockingRun(Background(client, run, min(_AT_ONCE, max(max_in_flight // 10, 1)), grace))


class BlockingRun:
    """A work list on its way, made by `transfer`: a generator of outcomes, and a context manager.

    With `with` it starts at entry, and every thread, task, connection and file of it is let go of at exit,
    whatever the reason; an error of the run is raised there if nobody was told of it. A bare `for` starts it
    at the first item and cleans up on exhaustion, on an error and on Ctrl-C; after a `break`, when nobody
    holds it any more. Ctrl-C while it is being left ends the waiting for answers that are on their way.

    All of it may be used from any thread; threads that iterate share the outcomes between them.
    """

    def __init__(self, background: Background) -> None:
        self._background = background
        self._outcomes: deque[Outcome] = deque()
        self._taken = 0
        self._taking = threading.Lock()
        self._managed = False
        # Not `__del__`: what is in it must not hold this. At the interpreter's end, it takes care of itself.
        finalize(self, background.abandon).atexit = False

    def __repr__(self) -> str:
        return f"<BlockingRun of {self._background.run!r}>"

    def __enter__(self) -> Self:
        self._managed = True
        try:
            self._background.start()
        except KeyboardInterrupt:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._background.close()
        failure = self._background.take_failure()
        if failure is not None and error is None:
            raise failure

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Outcome:
        if self._background.inside:
            raise UsageError("a run cannot be waited for by its own work list: nobody would be left to do it")
        with self._taking:
            if not self._outcomes:
                self._outcomes.extend(self._next())
            self._taken += 1
            return self._outcomes.popleft()

    def _next(self) -> list[Outcome]:
        try:
            if not self._background.started:
                self._background.start()
            self._background.want()
            outcomes = self._background.outbox.get()
        except BaseException:  # Ctrl-C
            if not self._managed:
                self.close()
            raise
        if outcomes is None:
            self._end()
        return outcomes

    def _end(self) -> Never:
        self._background.outbox.put(None)  # Whoever asks again is told so again.
        self._background.close()
        failure = self._background.take_failure()
        if failure is None and self._background.left:
            failure = UsageError("the run was closed before its end")
        raise failure or StopIteration

    def wait(self) -> Summary:
        """Take all outcomes that are left without looking at them, and return the count.

        Raises what ended the run, if it did not end by itself.
        """
        for _ in iter(self.__next__, None):
            pass
        return self.summary

    def stop(self) -> None:
        """Submit nothing more; what is under way is followed to its end, the rest stays unfinished."""
        if not self._background.started:
            raise UsageError("the run has not started")
        self._background.ask(self._background.run.stop)

    def close(self) -> None:
        """End the run now: what is on its way is waited for up to `grace` seconds.

        Jobs that are on the platform go on there. A consumer that is still waiting gets a `UsageError`.
        """
        self._background.close()

    @property
    def progress(self) -> Progress:
        """What the run is doing now. It waits while the work list does."""
        progress = self._background.progress
        return evolve(progress, undelivered=progress.undelivered + self._background.given - self._taken)

    @property
    def summary(self) -> Summary:
        """The count of the items as it stands; `unfinished` are those without an outcome yet."""
        return self._background.summary


def _awaited(token: Token | None) -> TokenSource | None:
    """Make an async callable of any; one that may wait does so in a thread."""
    if token is None or isinstance(token, str):
        return token

    async def ask() -> str:
        asked: Any = token() if inspect.iscoroutinefunction(token) else await asyncio.to_thread(token)
        return cast(str, await asked if inspect.isawaitable(asked) else asked)

    return ask
