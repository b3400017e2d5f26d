"""A budget whose tokens are leased from the database in small batches, as one process sees it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

from attrs import define, field

from sbtransfer import events
from sbtransfer.budget import CountedGrant, Grant, Share
from sbtransfer.cluster.database import Database
from sbtransfer.cluster.outbox import Outbox
from sbtransfer.cluster.session import Session
from sbtransfer.cluster.tokens import Account, Reply, Wish, exchange
from sbtransfer.errors import ClusterError, DatabaseAwayError, UsageError
from sbtransfer.journal.journal import BudgetName
from sbtransfer.waiting_line import Waiter, WaitingLine

_BATCHES = 50
"""Into so many parts the whole budget is cut: fewer round trips, and little that one process holds unused."""
_IDLE = 1.0
"""Seconds after which tokens that nobody uses are given back, or less in proportion to a short period."""
_PAUSE = 0.25
_NEVER = float("inf")


@define(eq=False, repr=False)
class LeasedBudget:
    """`capacity` tokens in any window of `period` seconds, shared with all sessions of the same owner.

    `join` begins the session with the first tokens that are asked for. What was spent is told with the next
    exchange, at the latest `patience` seconds later. As in `ExactBudget`: first come, first served within a
    share, weighted between shares; nothing is left unused, and the platform is believed where it says that
    less is left.
    """

    name: BudgetName
    capacity: int
    period: float
    database: Database
    join: Callable[[], Awaitable[Session]]
    patience: float
    random: Callable[[], float] = random.random
    exchanges: int = field(init=False, default=0)
    """How many round trips to the database there were."""
    _session: Session | None = field(init=False, default=None)
    _line: WaitingLine = field(init=False, factory=WaitingLine)
    _unused: int = field(init=False, default=0)
    _in_use: int = field(init=False, default=0)
    _used_at: float = field(init=False, default=0.0)
    _outbox: Outbox = field(init=False)
    _free: int = field(init=False)
    _more_at: float | None = field(init=False, default=None)
    _dry_until: float = field(init=False, default=0.0)
    _leaving: bool = field(init=False, default=False)
    _changed: asyncio.Event = field(init=False, factory=asyncio.Event)

    def __attrs_post_init__(self) -> None:
        self._free = self.capacity
        self._outbox = Outbox(self.period / 1000)

    def __repr__(self) -> str:
        return (
            f"<LeasedBudget {self._unused} of {self.capacity} {self.name} at hand, {len(self._line)} waiting,"
            f" {self.period:g} s>"
        )

    @property
    def left(self) -> int:
        """How many tokens were free when the database was last asked, less those that were used since."""
        return self._unused + max(self._free, 0)

    @property
    def more_in(self) -> float | None:
        """In how many seconds further tokens are free; `None` where nothing is known to come back."""
        if self._more_at is None:
            return None
        return max(self._more_at - asyncio.get_running_loop().time(), 0.0)

    @property
    def spare(self) -> float:
        """What may be spent on comfort: the free tokens beyond half of the budget, while nobody waits."""
        if self._line:
            return 0.0
        return max(2 * self.left / self.capacity - 1, 0.0)

    async def acquire(self, amount: int = 1, share: Share = "submit", *, partial: bool = False) -> Grant:
        """Wait for `amount` tokens; with `partial`, take fewer where waiting would leave them unused.

        Raises `UsageError` for an amount that the budget can never hold at once, `SessionLostError` once the
        database was away for too long, and what asking for the user raises.
        """
        if amount < 1 or (amount > self.capacity and not partial):
            raise UsageError(f"{amount} tokens can never be granted by a budget of {self.capacity}")
        (self._session or await self.join()).check()
        waiter = self._line.join(amount, share, partial=partial)
        self._serve()
        try:
            return await waiter.granted
        except asyncio.CancelledError:
            self._line.leave(waiter)
            self._serve()
            raise

    def charge(self, amount: int, ago: float = 0.0) -> None:
        """Spend tokens that nobody asked for, `ago` seconds ago; they may be more than are free."""
        when = asyncio.get_running_loop().time() - ago
        self._free -= amount
        self._outbox.note(amount, when)
        self._changed.set()

    def observe(self, left: int, window: float, ends_in: float) -> None:
        """Learn that the platform leaves `left` tokens in its window, which ends in `ends_in` seconds."""
        ends_at = asyncio.get_running_loop().time() + ends_in
        if self._outbox.hear(left, window, ends_at):
            # A call that is not answered yet may or may not be counted in that.
            self._unused = min(self._unused, max(left - self._in_use, 0))

    # Within the process -------------------------------------------------------------------------------

    def _serve(self) -> None:
        """Grant what is at hand; let the database be asked for the rest."""
        now = asyncio.get_running_loop().time()
        while (waiter := self._line.first) is not None:
            amount = self._amount_for(waiter, now)
            if not amount:
                self._changed.set()
                return
            self._unused -= amount
            self._in_use += amount
            self._used_at = now
            self._line.serve(waiter, CountedGrant(self._settled, amount))

    def _amount_for(self, waiter: Waiter, now: float) -> int:
        """How many tokens somebody gets now, 0 for none yet."""
        amount = min(waiter.amount, self.capacity)
        if self._unused >= amount:
            return amount
        # Less is worth taking only once it is known that no more comes soon.
        if waiter.partial and self._unused and self._dry_until > waiter.patience(now, self.period):
            return self._unused
        return 0

    def _settled(self, spent: int, refund: int) -> None:
        now = asyncio.get_running_loop().time()
        self._in_use -= spent + refund
        self._unused += refund
        if spent:
            self._outbox.note(spent, now)
        if refund:
            self._used_at = now
            self._serve()
        self._changed.set()

    # With the database --------------------------------------------------------------------------------

    def begin(self, session: Session) -> None:
        """Belong to a session from now on."""
        self._session = session

    def leave(self) -> None:
        """Let `run` tell all and end; whoever waits gets a `UsageError`."""
        self._leaving = True
        self._line.fail(UsageError("the budget was closed"))
        self._changed.set()

    def fail(self, error: Exception) -> None:
        """Let everybody who waits go with an error."""
        self._line.fail(error)

    async def run(self) -> None:
        """Exchange tokens with the database whenever that is due, until told to leave."""
        while not self._leaving:
            await self._until_due()
            try:
                await self._exchange()
            except ClusterError as error:
                if isinstance(error, DatabaseAwayError):
                    events.LIMIT_UNSHARED.tell(budget=self.name, error=str(error))
                else:
                    self.fail(error)
                await asyncio.sleep(_PAUSE)
        # Where that fails, what is leased counts as spent: the careful way to be wrong.
        with suppress(ClusterError):
            await self._exchange()

    async def _until_due(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._leaving and (due := self._due_at()) > loop.time():
            self._changed.clear()
            try:
                async with asyncio.timeout_at(None if due == _NEVER else due):
                    await self._changed.wait()
            except TimeoutError:
                pass

    def _due_at(self) -> float:
        """When the database should be talked to next: to ask, to tell, or to give back."""
        first = self._line.first
        ask = _NEVER if first is None else 0.0 if self._least(first) <= self._free else self._dry_until
        tell = self._outbox.since + self.patience
        give = self._idle_at if self._unused and first is None else _NEVER
        return min(ask, tell, give)

    async def _exchange(self) -> None:
        if self._session is None:
            return
        session, wish, spent = self._session, self._wish(), self._outbox.take()
        account = Account(session.owner, self.name, session.id)
        loop = asyncio.get_running_loop()
        try:
            reply = await self.database.transaction(
                lambda connection: exchange(connection, account, wish, loop.time())
            )
        except BaseException:
            self._outbox.put_back(spent)
            raise
        self.exchanges += 1
        if not reply.alive:
            session.lose()
        self._take(wish, reply)

    def _wish(self) -> Wish:
        """Say what is to be told and asked for now; what somebody waits for is asked for as a whole."""
        now, want, least = asyncio.get_running_loop().time(), 0, 0
        first = self._line.first
        if first is not None:
            wanted = sum(min(waiter.amount, self.capacity) for waiter in self._line)
            want = min(max(wanted, self.capacity // _BATCHES, 1), self.capacity)
            least = self._least(first)
        if first is not None or self._leaving or now >= self._idle_at:
            # Nobody holds what is too little for him, while another process waits for the same.
            self._unused = 0
        spent = tuple((spend.amount, spend.last) for spend in self._outbox.spent)
        return Wish(self._in_use + self._unused, want, least, spent, self._outbox.said)

    def _least(self, waiter: Waiter) -> int:
        """How many tokens are of use to somebody."""
        return 1 if waiter.partial else waiter.amount

    @property
    def _idle_at(self) -> float:
        return self._used_at + min(_IDLE, self.period / 100)

    def _take(self, wish: Wish, reply: Reply) -> None:
        now = asyncio.get_running_loop().time()
        self._unused += reply.granted
        self._used_at = now if reply.granted else self._used_at
        self._free = reply.free
        self._more_at = None if reply.more_in is None else now + reply.more_in
        self._dry_until = now + self._pause(reply) if reply.granted < wish.want else 0.0
        self._outbox.told(wish.said)
        self._serve()

    def _pause(self, reply: Reply) -> float:
        """For how long there is nothing more to be had; others may give something back before it is spent."""
        known = reply.more_in if reply.more_in is not None else _NEVER
        unknown = self.patience if reply.elsewhere or known == _NEVER else _NEVER
        return min(known, unknown) + self.random() * self.period / 1000
