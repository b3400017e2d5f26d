"""A run's journal: whose it is, what list it belongs to, and when it is open."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Literal, TypeAlias

from attrs import evolve, frozen

from sbtransfer.http.api import API
from sbtransfer.http.caller import Caller
from sbtransfer.journal import Journal, MemoryJournal, Owner, SQLiteJournal
from sbtransfer.sources.source import described

JournalLike: TypeAlias = Journal | str | os.PathLike[str]


@frozen
class Logbook:
    """A journal as a run uses it; `is_kept` is false for one that ends with the run.

    With `retry`, what failed is to be sent again, or with `"unconfirmed"` what is unconfirmed, too.
    """

    journal: Journal
    is_kept: bool = True
    retry: Literal["failed", "unconfirmed"] | None = None

    @classmethod
    def of(cls, journal: JournalLike | None) -> Logbook:
        """Make it from what a user gives: a path, a journal, or nothing."""
        if journal is None:
            return cls(MemoryJournal(), is_kept=False)
        return cls(SQLiteJournal(journal) if isinstance(journal, str | os.PathLike) else journal)

    @classmethod
    def to_retry(cls, journal: JournalLike, *, unconfirmed: bool) -> Logbook:
        """Make it for a run that opens again what did not complete."""
        return evolve(cls.of(journal), retry="unconfirmed" if unconfirmed else "failed")

    @asynccontextmanager
    async def opened(self, source: object, api: API) -> AsyncIterator[None]:
        """Hold the journal open for the owner of the token; one that was open before stays so."""
        was_open = self.journal.owner is not None
        username = (await api.user()).username if self.is_kept else ""
        await self.journal.open(Owner(endpoint=api.caller.endpoint, username=username), described(source))
        try:
            if self.retry is not None:
                await self.journal.retry(unconfirmed=self.retry == "unconfirmed")
            async with self._keeping_spends(api.caller) if self.is_kept else nullcontext():
                yield
        finally:
            if not was_open:
                await self.journal.aclose()

    @asynccontextmanager
    async def _keeping_spends(self, caller: Caller) -> AsyncIterator[None]:
        """Take up what an earlier process spent of the budgets, and keep what this one spends."""
        longest = max(caller.limits.requests_period, caller.limits.drs_period)
        spends = await self.journal.spends(caller.clock.now() - longest)
        if self.journal.name not in caller.spends.met:  # else the client's own budgets know of them
            for spend in spends:
                budget = caller.requests if spend.budget == "requests" else caller.files
                budget.charge(spend.amount, caller.spends.age(spend))
        caller.spends.met.add(self.journal.name)
        caller.spends.keepers.append(self.journal)
        try:
            yield
        finally:
            await caller.spends.flush()
            caller.spends.let_go(self.journal)
