"""One gate before the platform for the whole client: shut during an outage, maintenance or a 429."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from attrs import define, field

from sbtransfer import events
from sbtransfer.errors import OutageError
from sbtransfer.events import Listener

_FIRST_WAIT = 1.0
_LONGEST_WAIT = 60.0

Probe = Callable[[], Awaitable[str | None]]
"""Asks the platform for something harmless; returns why it cannot answer, `None` if it can."""


def backoff(failures: int, jitter: float) -> float:
    """Return how long to wait after so many failures in a row.

    Seconds, doubling from one to a minute, less up to half of it by `jitter` (from 0 to 1).
    """
    return float(min(_FIRST_WAIT * 2 ** min(failures - 1, 32), _LONGEST_WAIT)) * (1 - jitter / 2)


@define(eq=False, repr=False)
class Gate:
    """Lets calls pass while the platform answers.

    A limit (429) is waited for until its end and costs no attempt. An outage is probed at growing intervals,
    one harmless probe at a time, so that no create is lost to finding out. After `give_up_after` seconds of
    the loop's time everyone who waits gets an `OutageError`.
    """

    probe: Probe
    give_up_after: float = 3600.0
    random: Callable[[], float] = random.random
    listener: Listener | None = field(default=None, kw_only=True)
    reason: str | None = field(init=False, default=None)
    resumes_at: float = field(init=False, default=0.0)
    _limited: bool = field(init=False, default=False)
    _failures: int = field(init=False, default=0)
    _away_since: float | None = field(init=False, default=None)
    _probing: bool = field(init=False, default=False)
    _timer: asyncio.TimerHandle | None = field(init=False, default=None)
    _waiting: set[asyncio.Future[None]] = field(init=False, factory=set)

    def __repr__(self) -> str:
        return f"<Gate {'open' if self.reason is None else 'shut: ' + self.reason}>"

    async def enter(self) -> None:
        """Wait until the gate is open. Raises `OutageError` once the outage has lasted too long."""
        while self.reason is not None:
            if self._timer is not None or self._probing:
                await self._change()
            elif self._away_since is None:
                self._open()
            else:
                await self._try()

    def answered(self) -> None:
        """The platform did its work: an outage is over. A limit is not: it ends at its time."""
        self._failures, self._away_since = 0, None
        if self.reason is not None and not self._limited:
            self._open()

    def limited(self, seconds: float, reason: str) -> None:
        """A limit was reached: nobody passes for so many seconds."""
        self._limited = True
        self._shut(reason, seconds)
        events.LIMIT_REACHED.tell(self.listener, seconds=seconds, reason=reason)

    def failed(self, reason: str, attempts: int = 1) -> None:
        """The platform did not do its work, for the call that tells so the `attempts`-th time in a row."""
        if self._away_since is None:
            self._away_since = asyncio.get_running_loop().time()
        if self.reason is None:
            # Calls that were under way when the gate was shut say nothing new about the outage.
            self._failures = max(self._failures + 1, attempts)
            seconds = self._rest(reason)
            events.PLATFORM_AWAY.tell(self.listener, reason=reason, seconds=seconds)

    async def _try(self) -> None:
        self._probing = True
        try:
            reason = await self.probe()
        except BaseException:
            self._wake()  # Another one may be the prober now.
            raise
        finally:
            self._probing = False
        if reason is not None:
            self._give_up_in_time(reason)
            self._failures += 1
            seconds = self._rest(reason)
            events.PLATFORM_STILL_AWAY.tell(self.listener, reason=reason, seconds=seconds)
            return
        self._away_since = None
        if not self._limited:
            self._open()

    def _rest(self, reason: str) -> float:
        """Shut for as long as so many failures say; return how many seconds that is."""
        seconds = backoff(self._failures, self.random())
        self._shut(reason, seconds)
        return seconds

    def _give_up_in_time(self, reason: str) -> None:
        now = asyncio.get_running_loop().time()
        if self._away_since is None or now - self._away_since < self.give_up_after:
            return
        text = f"the platform could not be reached for {now - self._away_since:,.0f} s: {reason}"
        for change in self._waiting:
            if not change.done():
                change.set_exception(OutageError(text))
        self.answered()
        raise OutageError(text)

    async def _change(self) -> None:
        change = asyncio.get_running_loop().create_future()
        self._waiting.add(change)
        try:
            await change
        finally:
            self._waiting.discard(change)

    def _wake(self) -> None:
        for change in self._waiting:
            if not change.done():
                change.set_result(None)

    def _shut(self, reason: str, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        resumes_at = loop.time() + seconds
        if self._timer is not None:
            if resumes_at <= self.resumes_at:
                return
            self._timer.cancel()
        self.reason, self.resumes_at = reason, resumes_at
        self._timer = loop.call_at(resumes_at, self._rested)

    def _rested(self) -> None:
        self._timer, self._limited = None, False
        self._wake()

    def _open(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        events.PLATFORM_BACK.tell(self.listener, reason=self.reason)
        self.reason, self._limited = None, False
        self._wake()
