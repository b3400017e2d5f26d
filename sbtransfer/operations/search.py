"""What the reconciliation needs to know of a kind of transfer: how to find out what was done."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from attrs import Factory, define

from sbtransfer.models import Entry
from sbtransfer.operations.operation import Doubt, Made


@define
class Found:
    """What a look at the platform told of items in doubt; those in none of the lists are still open.

    `absent` ones would have been seen, had they been done by then; `unclear` ones may have been done, and
    looking on will not tell.
    """

    made: Made = Factory(Made)
    absent: list[Doubt] = Factory(list)
    unclear: list[tuple[Doubt, str]] = Factory(list)


class Beside(Protocol):
    """What else is going on, and must not be taken for the work of the items in doubt."""

    async def known(self, job_ids: Collection[str]) -> set[str]:
        """Return those of the jobs that are known to be other items'."""

    async def rivals(self) -> list[Entry]:
        """Return the items of other calls whose jobs may exist and are not known yet."""


class Search(Protocol):
    """Finds out what became of items in doubt. Every method raises what `API`'s reads raise."""

    @property
    def looks(self) -> int:
        """How many looks must have missed an item before it counts as not done."""

    async def find(self, doubts: Sequence[Doubt], beside: Beside) -> Found:
        """Look once whether items were done."""

    async def confirm_absence(self, doubts: Sequence[Doubt]) -> Found:
        """Look a last time at items that seem not to have been done, where sending them could do harm."""
