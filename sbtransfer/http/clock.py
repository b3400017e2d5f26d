"""The platform's clock, as far as its answers tell of it: wall times that are compared with its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from attrs import define, field

from sbtransfer.http.transport import Response

_STEP = 5.0
"""So many seconds back in time are no rounding: the platform's clock was set."""


@define
class PlatformClock:
    """Knows the platform's time from the `Date` of its answers, in Unix seconds.

    `Date` is in whole seconds and was written before the answer came, so that `now` is never ahead of the
    platform, and behind it by little more than the quickest answer took. Until an answer has told a date, it
    is this machine's own time.
    """

    own_time: Callable[[], float] = time.time
    _offset: float | None = field(init=False, default=None)

    def now(self) -> float:
        """Return the platform's time."""
        if self._offset is None:
            return self.own_time()
        return asyncio.get_running_loop().time() + self._offset

    def observe(self, answer: Response) -> None:
        """Learn from an answer that came this moment."""
        try:
            date = parsedate_to_datetime(answer.headers["Date"]).timestamp()
        except (KeyError, ValueError, TypeError):
            return
        offset = date - asyncio.get_running_loop().time()
        if self._offset is None or offset > self._offset or offset < self._offset - _STEP:
            self._offset = offset
