"""What a process has to tell the database about its tokens, until it is told."""

from __future__ import annotations

from attrs import define, field

from sbtransfer.cluster.tokens import Word


@define
class Spend:
    """Tokens that were spent at nearly the same time, and count from the last of it on."""

    amount: int
    first: float
    last: float


@define(eq=False)
class Outbox:
    """Spends, of which those within `grain` seconds are one, and the platform's newest word.

    All times are those of the process's clock.
    """

    grain: float
    spent: list[Spend] = field(init=False, factory=list)
    said: Word | None = field(init=False, default=None)
    _window: float = field(init=False, default=float("-inf"))

    @property
    def since(self) -> float:
        """When the first of it was spent that was not told; for ever in the future if nothing was."""
        return self.spent[0].first if self.spent else float("inf")

    def note(self, amount: int, now: float) -> None:
        """Note tokens as spent now, together with those of a moment ago: there is less to be counted."""
        last = self.spent[-1] if self.spent else None
        if last is not None and 0 <= now - last.first <= self.grain:
            last.amount, last.last = last.amount + amount, now
        else:
            self.spent.append(Spend(amount, now, now))

    def hear(self, left: int, window: float, ends_at: float) -> bool:
        """Note what the platform leaves in a window; False if it speaks of one that is over."""
        if window < self._window:
            return False
        if self.said is not None and window == self.said.window:
            left, ends_at = min(left, self.said.left), min(ends_at, self.said.ends_at)
        self._window, self.said = window, Word(left, window, ends_at)
        return True

    def take(self) -> list[Spend]:
        """Take the spends out, to tell them."""
        spent, self.spent = self.spent, []
        return spent

    def put_back(self, spent: list[Spend]) -> None:
        """Take spends in again that could not be told."""
        self.spent = [*spent, *self.spent]

    def told(self, word: Word | None) -> None:
        """Note that a word was told; a newer one may have come meanwhile."""
        if self.said is word:
            self.said = None
