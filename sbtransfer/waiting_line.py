"""Who waits for tokens, and whose turn it is."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator

from attrs import Factory, define, field

from sbtransfer.budget import WEIGHTS, Grant, Share


@define(eq=False)
class Waiter:
    """Somebody who waits for `amount` tokens, or with `partial` for as many of them as are to be had."""

    amount: int
    partial: bool
    share: Share
    granted: asyncio.Future[Grant]
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
    waiters: OrderedDict[int, Waiter] = Factory(OrderedDict)


@define(eq=False)
class WaitingLine:
    """First come, first served within a share; between shares weighted.

    No share's leave is left unused while another waits.
    """

    _queues: dict[Share, _Queue] = field(init=False)
    _level: float = field(init=False, default=0.0)

    def __attrs_post_init__(self) -> None:
        self._queues = {share: _Queue(weight) for share, weight in WEIGHTS.items()}

    def __len__(self) -> int:
        return sum(len(queue.waiters) for queue in self._queues.values())

    def __iter__(self) -> Iterator[Waiter]:
        return (waiter for queue in self._queues.values() for waiter in queue.waiters.values())

    def join(self, amount: int, share: Share, *, partial: bool) -> Waiter:
        """Take somebody into the line; who comes first in it is not served by that yet."""
        queue = self._queues[share]
        if not queue.waiters:
            # A share that was idle starts level with the one served last: it has no claim on the past.
            queue.had = max(queue.had, self._level)
        waiter = Waiter(amount, partial, share, asyncio.get_running_loop().create_future())
        queue.waiters[id(waiter)] = waiter
        return waiter

    def leave(self, waiter: Waiter) -> None:
        """Forget somebody who was cancelled, and give back what was granted meanwhile."""
        self._queues[waiter.share].waiters.pop(id(waiter), None)
        if waiter.granted.done() and not waiter.granted.cancelled() and waiter.granted.exception() is None:
            waiter.granted.result().give_back()

    @property
    def first(self) -> Waiter | None:
        """Whose turn it is."""
        while (queue := self._next()) is not None:
            key, waiter = next(iter(queue.waiters.items()))
            if not waiter.granted.done():
                return waiter
            # Cancelled, and its task has not come round to leaving yet.
            del queue.waiters[key]
        return None

    def serve(self, waiter: Waiter, grant: Grant) -> None:
        """Let somebody go with what is granted."""
        queue = self._queues[waiter.share]
        del queue.waiters[id(waiter)]
        self._level = queue.had
        queue.had += grant.amount / queue.weight
        waiter.granted.set_result(grant)

    def fail(self, error: Exception) -> None:
        """Let everybody go with an error."""
        for queue in self._queues.values():
            for waiter in queue.waiters.values():
                if not waiter.granted.done():
                    waiter.granted.set_exception(error)
            queue.waiters.clear()

    def _next(self) -> _Queue | None:
        # Runs for every grant: a loop costs less than `min` with a key.
        first: _Queue | None = None
        for queue in self._queues.values():
            if queue.waiters and (first is None or queue.had < first.had):
                first = queue
        return first
