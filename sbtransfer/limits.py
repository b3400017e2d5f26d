"""The two budgets that the platform gives: API requests, and DRS files, in any five minutes.

A token comes back one period after the *answer* to the call that spent it. The platform counted the call
before it answered, so no window at the platform ever holds more than the budget, whatever the network's
delays. A leaky bucket does not do this: it admits close to twice the budget in one window.
"""

from __future__ import annotations

import asyncio
from bisect import insort
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from typing import Literal, Protocol, TypeAlias

from attrs import Factory, define, field, frozen

from sbtransfer.errors import SettingsError, UsageError

Share: TypeAlias = Literal["submit", "poll", "list", "recover"]

# Under contention, polls and submits go on side by side; reconciliation comes before listings.
WEIGHTS: Mapping[Share, float] = {"submit": 4.0, "poll": 4.0, "recover": 2.0, "list": 1.0}


@frozen
class Limits:
    """How much of the platform's budgets this client may use.

    `requests` calls in any `requests_period` seconds, and `drs_files` files in any `drs_period` seconds.
    `requests_share` (over 0, at most 1) leaves the rest of the requests to others with the same token.
    """

    requests: float = 1000
    requests_period: float = 300.0
    drs_files: float = 500
    drs_period: float = 300.0
    requests_share: float = 1.0

    def __attrs_post_init__(self) -> None:
        for name in ("requests", "drs_files"):
            if not getattr(self, name) >= 1:
                raise SettingsError(f"Limits.{name} must be at least 1, not {getattr(self, name)!r}")
        for name in ("requests_period", "drs_period"):
            if not getattr(self, name) > 0:
                raise SettingsError(f"Limits.{name} must be over 0 seconds, not {getattr(self, name)!r}")
        if not 0 < self.requests_share <= 1:
            raise SettingsError(
                f"Limits.requests_share must be over 0 and at most 1, not {self.requests_share!r}"
            )

    @classmethod
    def unlimited(cls) -> Limits:
        """No budget at all and no smoothing: for a platform of one's own, such as the simulator."""
        return cls(requests=float("inf"), drs_files=float("inf"))

    def request_budget(self) -> Budget:
        """Make the budget of API requests."""
        if self.requests == float("inf"):
            return Unlimited()
        return ExactBudget(max(1, int(self.requests * self.requests_share)), self.requests_period)

    def file_budget(self) -> Budget:
        """Make the budget of DRS files."""
        if self.drs_files == float("inf"):
            return Unlimited()
        return ExactBudget(int(self.drs_files), self.drs_period)


class Grant(Protocol):
    """Tokens that one call holds until it is answered or was never sent."""

    @property
    def amount(self) -> int:
        """How many tokens were granted."""

    @property
    def settled(self) -> bool:
        """Whether the call was answered, or its tokens were given back."""

    def answered(self, *, refund: int = 0) -> None:
        """Count the tokens as spent now, less the refunded ones, which are free again at once."""

    def give_back(self) -> None:
        """Free all tokens at once: the call was never sent. Does nothing once it was answered."""


class Budget(Protocol):
    """What a client asks for leave; the cluster brings its own."""

    @property
    def left(self) -> float:
        """How many tokens are free now."""

    @property
    def more_in(self) -> float | None:
        """In how many seconds further tokens are free; `None` where nothing is known to come back."""

    @property
    def spare(self) -> float:
        """What may be spent on comfort: from 0, where tokens are scarce, to 1, where all are free."""

    async def acquire(self, amount: int = 1, share: Share = "submit", *, partial: bool = False) -> Grant:
        """Wait for `amount` tokens; with `partial`, take fewer where waiting would leave them unused."""

    def charge(self, amount: int, ago: float = 0.0) -> None:
        """Spend tokens that nobody asked for: something took more of the platform's budget than was known.

        The platform counted them `ago` seconds ago.
        """

    def observe(self, left: int, window: float, ends_in: float) -> None:
        """Learn from the platform that it leaves `left` tokens in a window of its own.

        `window` identifies that window and grows with each new one; it ends in `ends_in` seconds.
        """


@define(eq=False)
class _Waiter:
    amount: int
    partial: bool
    granted: asyncio.Future[_ExactGrant]
    _until: float | None = None

    def patience(self, now: float, period: float) -> float:
        """Until when more tokens are waited for, once some are free.

        A thousandth of the period: taking tokens one by one would cost a request each, and leaving them that
        long costs no more than a thousandth of the budget.
        """
        if self._until is None:
            self._until = now + period / 1000
        return self._until


@define(eq=False)
class _Queue:
    """The waiters of one share, first come first, and how much that share has had."""

    weight: float
    had: float = 0.0
    waiters: OrderedDict[int, _Waiter] = Factory(OrderedDict)


@define
class _Ceiling:
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
    _queues: dict[Share, _Queue] = field(init=False)
    _timer: asyncio.TimerHandle | None = field(init=False, default=None)
    _level: float = field(init=False, default=0.0)
    _unanswered: int = field(init=False, default=0)
    _ceiling: _Ceiling = field(init=False, factory=_Ceiling)

    def __attrs_post_init__(self) -> None:
        self._free = self.capacity
        self._queues = {share: _Queue(weight) for share, weight in WEIGHTS.items()}

    def __repr__(self) -> str:
        waiting = sum(len(queue.waiters) for queue in self._queues.values())
        return f"<ExactBudget {self._free} of {self.capacity} free, {waiting} waiting, {self.period:g} s>"

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
        if any(self._waiting()):
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
        waiter = _Waiter(amount, partial, asyncio.get_running_loop().create_future())
        self._enqueue(waiter, self._queues[share])
        self._serve()
        try:
            return await waiter.granted
        except asyncio.CancelledError:
            self._forget(waiter, self._queues[share])
            raise

    def _enqueue(self, waiter: _Waiter, queue: _Queue) -> None:
        if not queue.waiters:
            # A share that was idle starts level with the one served last: it has no claim on the past.
            queue.had = max(queue.had, self._level)
        queue.waiters[id(waiter)] = waiter

    def _forget(self, waiter: _Waiter, queue: _Queue) -> None:
        queue.waiters.pop(id(waiter), None)
        if waiter.granted.done() and not waiter.granted.cancelled():
            waiter.granted.result().give_back()
        self._serve()

    def _waiting(self) -> Iterator[_Queue]:
        return (queue for queue in self._queues.values() if queue.waiters)

    def _serve(self) -> None:
        """Grant what can be granted now; wake up again when the next waiter's tokens are back."""
        now = asyncio.get_running_loop().time()
        self._collect(now)
        self._stop_timer()
        while queue := min(self._waiting(), key=lambda q: q.had, default=None):
            key, waiter = next(iter(queue.waiters.items()))
            if waiter.granted.done():
                # Cancelled, and its task has not come round to leaving yet.
                del queue.waiters[key]
                continue
            amount = min(waiter.amount, self.capacity)
            wake_at = self._worth_waiting_until(waiter, amount, now)
            if wake_at is not None:
                if wake_at < float("inf"):
                    self._timer = asyncio.get_running_loop().call_at(wake_at, self._serve)
                return
            amount = min(amount, self._free)
            del queue.waiters[key]
            self._level = queue.had
            queue.had += amount / queue.weight
            self._free -= amount
            self._unanswered += amount
            waiter.granted.set_result(_ExactGrant(self, amount))

    def _worth_waiting_until(self, waiter: _Waiter, amount: int, now: float) -> float | None:
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


@define(eq=False)
class _ExactGrant:
    budget: ExactBudget
    amount: int
    settled: bool = False

    def answered(self, *, refund: int = 0) -> None:
        if not self.settled:
            self.settled = True
            self.budget._spent(self.amount - refund, refund)

    def give_back(self) -> None:
        self.answered(refund=self.amount)


@frozen
class _FreeGrant:
    amount: int
    settled: bool = False

    def answered(self, *, refund: int = 0) -> None:
        pass

    def give_back(self) -> None:
        pass


@frozen
class Unlimited:
    """A budget that grants everything at once."""

    left: float = float("inf")
    more_in: float | None = None
    spare: float = 0.0

    async def acquire(self, amount: int = 1, share: Share = "submit", *, partial: bool = False) -> Grant:  # noqa: ARG002
        """Grant `amount` tokens."""
        return _FreeGrant(amount)

    def charge(self, amount: int, ago: float = 0.0) -> None:
        """Take no notice."""

    def observe(self, left: int, window: float, ends_in: float) -> None:
        """Take no notice."""
