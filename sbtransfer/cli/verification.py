"""After a transfer: what differs from what the list promised, and what could not be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterable

from attrs import define, field
from rich.console import Console

from sbtransfer.cli.console import say
from sbtransfer.cli.telling import SHOWN_FAILURES, subject
from sbtransfer.client import Client
from sbtransfer.models import Outcome
from sbtransfer.verify import Verified


@define
class Verification:
    """Compares outcomes with what their items promised, and tells of it; `quiet` leaves out what is well."""

    console: Console
    quiet: bool = False
    agreeing: int = field(init=False, default=0)
    differing: int = field(init=False, default=0)
    _aspects: Counter[str] = field(init=False, factory=Counter)
    _unchecked: Counter[tuple[str, str]] = field(init=False, factory=Counter)

    @property
    def ok(self) -> bool:
        """Whether nothing differs."""
        return not self.differing

    async def over(self, client: Client, outcomes: AsyncIterable[Outcome]) -> None:
        """Compare all that was completed."""
        async for verified in client.verify(outcomes):
            if verified.outcome.ok:
                self.add(verified)

    def add(self, verified: Verified) -> None:
        """Count one item, and tell of it if it differs; after the first ones they are only counted."""
        self._aspects.update(verified.agrees)
        self._unchecked.update(verified.unchecked.items())
        if verified.ok:
            self.agreeing += 1
            return
        self.differing += 1
        if self.differing <= SHOWN_FAILURES:
            say(self.console, difference(verified), "red")
        elif self.differing == SHOWN_FAILURES + 1:
            say(self.console, "… further ones are counted only", "red")

    def ended(self) -> None:
        """Say what the comparison came to."""
        if self.quiet and self.ok:
            return
        total = self.agreeing + self.differing
        agree = ", ".join(f"{aspect} {count:,}" for aspect, count in sorted(self._aspects.items()))
        say(
            self.console,
            f"verify: {self.agreeing:,} agree + {self.differing:,} differ = {total:,} completed"
            + (f" (agreeing: {agree})" if agree else ""),
            "bold green" if self.ok else "bold red",
        )
        for (aspect, reason), count in sorted(self._unchecked.items()):
            say(self.console, f"verify: {aspect} of {count:,} not compared: {reason}")


def difference(verified: Verified) -> str:
    """Return the line for an item that is not as it was promised."""
    outcome = verified.outcome
    how = "; ".join(f"{aspect}: {what}" for aspect, what in verified.differs.items())
    return f"differs: index {outcome.index}, {subject(outcome.item)}: {how}"
