"""The list against the journal: what a resumed run knows already is compared, and not sent again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection

from attrs import define, field

from sbtransfer.errors import JournalRefusedError
from sbtransfer.items import Item
from sbtransfer.journal.identity import digest
from sbtransfer.journal.journal import Journal, Recorded
from sbtransfer.models import Entry, Outcome

_AT_ONCE = 500
"""How many items are compared with the journal at once."""


@define(eq=False)
class Resumption:
    """Goes over a list as far as the journal knows it; nothing is to be sent before it has.

    `unknown` are then the items in between that the journal does not know: they were read and not sent. There
    are no more of them than were in flight when the run before this one ended.
    """

    journal: Journal
    taken_up: Collection[int] = ()
    """The indexes of items that are followed already: what becomes of them meanwhile is not the past."""
    unknown: list[Entry] = field(init=False, factory=list)

    async def compare(self, next_item: Callable[[], Awaitable[Item | None]]) -> AsyncIterator[Outcome]:
        """Read the items that were recorded (`None` past the end); yield the outcomes that are known.

        Raises `JournalRefusedError` at the first item that differs from the recorded one.
        """
        length = self.journal.past.length
        for first in range(0, length, _AT_ONCE):
            known = await self.journal.recorded(first, _AT_ONCE)
            for index in range(first, min(first + _AT_ONCE, length)):
                item = await next_item()
                recorded = known.get(index)
                if item is None:
                    raise JournalRefusedError(
                        f"the list ends after {index:,} items, and the journal knows {length:,}: it is "
                        "another list; give another journal, or the list that this one belongs to"
                    )
                outcome = self._compared(index, item, recorded)
                if outcome is not None:
                    yield outcome

    def _compared(self, index: int, item: Item, recorded: Recorded | None) -> Outcome | None:
        if recorded is None:
            self.unknown.append(Entry(index, item))
            return None
        if recorded.digest != digest(item):
            raise JournalRefusedError(
                f"item {index:,} of the list is not the one that the journal holds: the list was changed, or "
                "other defaults were given; give another journal, or what this one was begun with"
            )
        if recorded.outcome is None or index in self.taken_up:
            return None
        return recorded.outcome(item)

    async def known(self) -> AsyncIterator[Outcome]:
        """Yield all outcomes that are known, in the order of the list; those of pruned items are not."""
        after = -1
        while outcomes := await self.journal.outcomes(after, _AT_ONCE, skip_pruned=True):
            for outcome in outcomes:
                if outcome.index not in self.taken_up:
                    yield outcome
            after = outcomes[-1].index

    async def waiting(self) -> AsyncIterator[Entry]:
        """Yield the items that are to be sent again, as they were recorded."""
        after = -1
        while entries := await self.journal.entries_waiting(after, _AT_ONCE):
            for entry in entries:
                if entry.index not in self.taken_up:
                    yield entry
            after = entries[-1].index
