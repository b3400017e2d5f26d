"""The journal of a command: opened for its user, with notes for the commands that come later."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from attrs import define, field

from sbtransfer.cli.known import Known, usable
from sbtransfer.errors import JournalRefusedError
from sbtransfer.journal import Owner, SQLiteJournal
from sbtransfer.models import Outcome

_AT_ONCE = 500


@define(eq=False, kw_only=True)
class Book:
    """A journal that is open while `opened` lasts.

    `known` is what it held before, `source` how its list is opened anew, `notes` are written down at once.
    With `retry`, what failed is opened again, or with `"unconfirmed"` what is unconfirmed, too; `reopened`
    counts these items. `advice` is for who has no place to keep a journal.
    """

    path: Path
    known: Known | None = None
    source: Mapping[str, Any] | None = None
    notes: Mapping[str, Any] = field(factory=dict)
    retry: Literal["failed", "unconfirmed"] | None = None
    advice: str = ""
    journal: SQLiteJournal = field(init=False)
    reopened: int = field(init=False, default=0)
    goes_on: bool = field(init=False, default=False)
    """Whether a later command can go on with it: it was opened, and the list is its own."""

    def __attrs_post_init__(self) -> None:
        self.journal = SQLiteJournal(self.path)

    @asynccontextmanager
    async def opened(self, owner: Owner) -> AsyncIterator[None]:
        """Hold the journal, and its lock, whatever happens; raises what `usable` does."""
        with usable(self.advice):
            await self.journal.open(owner, self.source)
        try:
            for name, value in self.notes.items():
                await self.journal.note(name, value)
            if self.retry is not None:
                self.reopened = await self.journal.retry(unconfirmed=self.retry == "unconfirmed")
            self.goes_on = True
            yield
        except JournalRefusedError as error:
            self.goes_on = False
            error.add_note(f"The journal is {self.path}.")
            await self._restore_digest()
            raise
        finally:
            await self.journal.aclose()

    async def _restore_digest(self) -> None:
        """Note again which list it belongs to: the one that was refused is another."""
        if self.known is not None and "digest" in self.known.notes:
            await self.journal.note("digest", self.known.notes["digest"])

    async def outcomes(self) -> AsyncIterator[Outcome]:
        """Yield all outcomes that it holds, in the order of the list."""
        after = -1
        while page := await self.journal.outcomes(after, _AT_ONCE):
            for outcome in page:
                yield outcome
            after = page[-1].index
