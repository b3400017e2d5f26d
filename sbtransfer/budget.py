"""What a client asks for leave before it spends anything of the platform's budgets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol, TypeAlias

from attrs import define, frozen

Share: TypeAlias = Literal["submit", "poll", "list", "recover"]

# Under contention, polls and submits go on side by side; reconciliation comes before listings.
WEIGHTS: Mapping[Share, float] = {"submit": 4.0, "poll": 4.0, "recover": 2.0, "list": 1.0}


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
class CountedGrant:
    """Tokens of a budget that is told once what became of them: how many are spent, and how many refunded."""

    _settle: Callable[[int, int], None]
    amount: int
    settled: bool = False

    def answered(self, *, refund: int = 0) -> None:
        """Count the tokens as spent now, less the refunded ones."""
        if not self.settled:
            self.settled = True
            self._settle(self.amount - refund, refund)

    def give_back(self) -> None:
        """Free all tokens at once."""
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
