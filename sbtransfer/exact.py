"""A budget of one process that is exact: no window ever holds more than it.

A token comes back one period after the *answer* to the call that spent it. The platform counted the call
before it answered, so no window at the platform ever holds more than the budget, whatever the network's
delays. A leaky bucket does not do this: it admits close to twice the budget in one window.
"""

from __future__ import annotations

import asyncio
from bisect import insort
from collections import deque

from attrs import define, field

from sbtransfer.budget import CountedGrant, Grant, Share
from sbtransfer.errors import UsageError
from sbtransfer.waiting_line import Waiter, WaitingLine


@define
class Ceiling:
    """What the platform leaves until its own window ends: others may use the same token."""

    left: float = float("inf")
    window: float = float("-inf")
    ends_at: float = float("-inf")
    _latest: float = float("-inf")

    def lower(self, left: int, window: float, ends_at: float, latest: float) -> None:
        """Take the newest word: a later window, or less in the same one.

        `ends_at` is read off whole seconds, so it may be late; a window that is seen for the first time ends
        before `latest` at any rate.
        """
        if window > self.window:
            self.window, self.left, self._latest = window, left, latest
        elif window == self.window:
            self.left = min(self.left, left)
        self.ends_at = min(ends_at, self._latest)

    def lift(self, now: float) -> None:
        """Forget what was left in a window that has ended."""
        if self.ends_at <= now:
            self.left = float("inf")


@define(eq=False, repr=False)
class ExactBudget:
    """`capacity` tokens in any window of `period` seconds of the loop's time, counted at the answers.

    First come, first served within a share; between shares weighted, and no share's leave is left unused
    while another waits. A cancelled waiter gives back what it was granted. Nothing polls. Where the platform
    says that less is left than that, it is believed.
    """

    capacity: int
    period: float
    _free: int = field(init=False)
    _returns: deque[tuple[float, int]] = field(init=False, factory=deque)
    _line: WaitingLine = field(init=False, factory=WaitingLine)
    _timer: asyncio.TimerHandle | None = field(init=False, default=None)
    _unanswered: int = field(init=False, default=0)
    _ceiling: Ceiling = field(init=False, factory=Ceiling)

    def __attrs_post_init__(self) -> None:
        self._free = self.capacity

    def __repr__(self) -> str:
        waiting = f"{len(self._line)} waiting"
        return f"<ExactBudget {self._free} of {self.capacity} free, {waiting}, {self.period:g} s>"

    @property
    def left(self) -> int:
        """How many tokens are free now."""
        self._collect(asyncio.get_running_loop().time())
        return int(max(min(self._free, self._under_ceiling), 0))

    @property
    def more_in(self) -> float | None:
        """In how many seconds further tokens are free; `None` where none are spent and answered."""
        now = asyncio.get_running_loop().time()
        self._collect(now)
        if self._under_ceiling < self._free:
            return self._ceiling.ends_at - now
        return self._returns[0][0] - now if self._returns else None

    @property
    def spare(self) -> float:
        """What may be spent on comfort: the free tokens beyond half of the budget, while nobody waits."""
        if self._line:
            return 0.0
        return max(2 * self.left / self.capacity - 1, 0.0)

    @property
    def _under_ceiling(self) -> float:
        # A call that is not answered yet may or may not be counted in what the platform said last.
        return self._ceiling.left - self._unanswered

    def charge(self, amount: int, ago: float = 0.0) -> None:
        """Spend tokens that nobody asked for, `ago` seconds ago; they may be more than are free."""
        self._free -= amount
        insort(self._returns, (asyncio.get_running_loop().time() + self.period - ago, amount))

    def observe(self, left: int, window: float, ends_in: float) -> None:
        """Learn that the platform leaves `left` tokens in its window, which ends in `ends_in` seconds."""
        now = asyncio.get_running_loop().time()
        self._ceiling.lower(left, window, now + ends_in, now + self.period)
        self._serve()

    async def acquire(self, amount: int = 1, share: Share = "submit", *, partial: bool = False) -> Grant:
        """Wait for `amount` tokens; with `partial`, take fewer where waiting would leave them unused.

        Raises `UsageError` for an amount that the budget can never hold at once.
        """
        if amount < 1 or (amount > self.capacity and not partial):
            raise UsageError(f"{amount} tokens can never be granted by a budget of {self.capacity}")
        waiter = self._line.join(amount, share, partial=partial)
        self._serve()
        try:
            return await waiter.granted
        except asyncio.CancelledError:
            self._line.leave(waiter)
            self._serve()
            raise

    def _serve(self) -> None:
        """Grant what can be granted now; wake up again when the next waiter's tokens are back."""
        now = asyncio.get_running_loop().time()
        self._collect(now)
        self._stop_timer()
        while waiter := self._line.first:
            amount = min(waiter.amount, self.capacity)
            wake_at = self._worth_waiting_until(waiter, amount, now)
            if wake_at is not None:
                if wake_at < float("inf"):
                    self._timer = asyncio.get_running_loop().call_at(wake_at, self._serve)
                return
            amount = min(amount, self._free)
            self._free -= amount
            self._unanswered += amount
            self._line.serve(waiter, CountedGrant(self._spent, amount))

    def _worth_waiting_until(self, waiter: Waiter, amount: int, now: float) -> float | None:
        """When `amount` tokens are free; `None` if that is now, or if a part should be taken now."""
        if self._under_ceiling < min(amount, self._free or amount):
            return self._ceiling.ends_at
        if self._free >= amount:
            return None
        if waiter.partial and self._free <= 0:
            return self._returns[0][0] if self._returns else float("inf")
        free, last = self._free, None
        latest = waiter.patience(now, self.period) if waiter.partial else float("inf")
        for when, returned in self._returns:
            if when > latest:
                break
            free, last = free + returned, when
            if free >= amount:
                return when
        return last if waiter.partial else float("inf")

    def _collect(self, now: float) -> None:
        while self._returns and self._returns[0][0] <= now:
            self._free += self._returns.popleft()[1]
        self._ceiling.lift(now)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _spent(self, amount: int, refund: int) -> None:
        if amount:
            when = asyncio.get_running_loop().time() + self.period
            self._returns.append((when, amount))
        self._free += refund
        self._unanswered -= amount + refund
        self._serve()
