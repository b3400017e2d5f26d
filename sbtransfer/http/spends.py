"""What a client spends, written down before it is spent: a run that is killed leaves its window behind.

The next process takes up what the platform may still count, so that no window of five minutes holds more than
it may, whoever used the first half of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Protocol

from attrs import define, field, frozen

from sbtransfer.budget import Budget, Grant, Share, Unlimited
from sbtransfer.errors import JournalError
from sbtransfer.http.clock import PlatformClock
from sbtransfer.journal.journal import BudgetName, Spend

_ROUNDING = 2.0
"""Seconds by which two processes may differ about the platform's time: its dates are whole seconds."""


class Keeper(Protocol):
    """Who keeps spends beyond the process: a journal."""

    async def spent(self, changes: Mapping[int, Spend]) -> None:
        """Keep spends by number; one that is known already is replaced."""


@define(eq=False)
class Spends:
    """The spends of one client, and the journals that keep them.

    An answer is noted with the next grant: until then the tokens count as if no answer was known, which is
    the careful way to be wrong.
    """

    clock: PlatformClock
    keepers: list[Keeper] = field(init=False, factory=list)
    met: set[str] = field(init=False, factory=set)
    """The names of the journals that kept spends for this client: what they hold is not taken up again."""
    _numbers: count[int] = field(init=False, factory=count)
    _changes: dict[int, Spend] = field(init=False, factory=dict)

    async def granted(self, budget: BudgetName, amount: int) -> int:
        """Keep tokens that are about to be spent; return the number of this spend."""
        number = next(self._numbers)
        self._changes[number] = Spend(budget=budget, amount=amount)
        await self.flush()
        return number

    def answered(self, number: int, budget: BudgetName, amount: int) -> None:
        """Note how many tokens a spend came to in the end; their time begins now."""
        self._changes[number] = Spend(budget=budget, amount=amount, answered=self.clock.now())

    def charged(self, budget: BudgetName, amount: int) -> None:
        """Note tokens that nobody asked for."""
        self.answered(next(self._numbers), budget, amount)

    async def flush(self) -> None:
        """Let the journals keep what has changed; one that cannot will end its own run, and no other."""
        changes, self._changes = self._changes, {}
        for keeper in tuple(self.keepers):
            try:
                await keeper.spent(changes)
            except JournalError:
                self.let_go(keeper)

    def let_go(self, keeper: Keeper) -> None:
        """Let a journal keep nothing more."""
        if keeper in self.keepers:
            self.keepers.remove(keeper)

    def age(self, spend: Spend) -> float:
        """Return for how long tokens have been spent, surely; those without an answer are spent now."""
        return 0.0 if spend.answered is None else max(self.clock.now() - spend.answered - _ROUNDING, 0.0)


@define(eq=False)
class KeptBudget:
    """A budget whose spends are kept while there is someone to keep them."""

    _name: BudgetName
    _budget: Budget
    _spends: Spends

    @classmethod
    def of(cls, name: BudgetName, budget: Budget, spends: Spends) -> Budget:
        """Make it from a budget; one without limits has nothing to keep."""
        return budget if isinstance(budget, Unlimited) else cls(name, budget, spends)

    def __repr__(self) -> str:
        return repr(self._budget)

    @property
    def left(self) -> float:
        """How many tokens are free now."""
        return self._budget.left

    @property
    def more_in(self) -> float | None:
        """In how many seconds further tokens are free."""
        return self._budget.more_in

    @property
    def spare(self) -> float:
        """What may be spent on comfort."""
        return self._budget.spare

    async def acquire(self, amount: int = 1, share: Share = "submit", *, partial: bool = False) -> Grant:
        """Wait for tokens; they are kept as spent when this returns."""
        grant = await self._budget.acquire(amount, share, partial=partial)
        if not self._spends.keepers:
            return grant
        try:
            number = await self._spends.granted(self._name, grant.amount)
        except BaseException:
            grant.give_back()
            raise
        return _KeptGrant(grant, self._name, number, self._spends)

    def charge(self, amount: int, ago: float = 0.0) -> None:
        """Spend tokens that nobody asked for, so many seconds ago."""
        self._budget.charge(amount, ago)
        if self._spends.keepers:
            self._spends.charged(self._name, amount)

    def observe(self, left: int, window: float, ends_in: float) -> None:
        """Learn from the platform what it leaves in a window of its own."""
        self._budget.observe(left, window, ends_in)


@frozen
class _KeptGrant:
    _grant: Grant
    _name: BudgetName
    _number: int
    _spends: Spends

    @property
    def amount(self) -> int:
        return self._grant.amount

    def answered(self, *, refund: int = 0) -> None:
        if self._grant.settled:
            return
        self._grant.answered(refund=refund)
        self._spends.answered(self._number, self._name, self.amount - refund)

    def give_back(self) -> None:
        self.answered(refund=self.amount)

    @property
    def settled(self) -> bool:
        return self._grant.settled
