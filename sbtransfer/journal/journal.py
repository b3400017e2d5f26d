"""What a run writes down, so that nothing is sent twice: the protocol, and the values that pass through it.

For each call the order is always the same: the intent is durable before the create is sent, the job ids after
its answer, an outcome before it is delivered. Whatever moment a process dies, the items of a call are then in
one of four states: they wait to be sent, they are in doubt (sent, and nothing is known of the answer), they
have a job, or they have an outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from attrs import field, frozen

from sbtransfer.items import Item, Kind
from sbtransfer.models import Entry, Outcome


@frozen(kw_only=True)
class Owner:
    """Whose journal it is: a platform and a user of it. A new token of the same user is welcome."""

    endpoint: str
    username: str


@frozen(kw_only=True)
class Sent:
    """The circumstances of one create: who carries what, when, and the how-manieth call it is for them.

    `call` numbers it within the journal. `begun` is in Unix seconds by the platform's clock, never later than
    the moment in which it could have reached the platform; `submitted_on` is this machine's wall time.
    """

    call: int
    kind: Kind
    begun: float
    submitted_on: datetime
    attempts: int = 1


@frozen(kw_only=True)
class Unfinished:
    """What a run that ended early left behind of one create.

    `jobs` are known and to be followed: job ids with the items that each carries, in the order in which they
    were sent. `doubtful` items may or may not have been done. Their `Entry.sent` is what it was when the call
    was made, without this call.

    `ended` is for DRS alone, where a job's result is told apart by the items' places: these indexes are in
    `jobs` to fill their places, have their outcomes, and are not to be delivered again. There are none unless
    unconfirmed items were opened again (`SQLiteJournal.retry`).
    """

    sent: Sent
    jobs: Mapping[str, Sequence[Entry]] = field(factory=dict)
    doubtful: Sequence[Entry] = field(factory=list)
    ended: frozenset[int] = frozenset()


@frozen(kw_only=True)
class Recorded:
    """What a journal knows of the item at one place of the list.

    `outcome` is there once it has ended, and takes the item, which the list has at hand. `waiting` is true
    for one that is to be sent (again): it surely was not done. An item that is neither is under way or in
    doubt (see `Unfinished`).
    """

    digest: bytes
    outcome: Callable[[Item], Outcome] | None = None
    waiting: bool = False


@frozen(kw_only=True)
class Past:
    """What a journal held when it was opened. `length` is one more than the last index it knows.

    `total` is the length of the list, where the list was read to its end. `pruned` counts completed items of
    which nothing else is known any more. `source` says what list it is, where that can be opened anew.
    """

    length: int = 0
    total: int | None = None
    keyed: bool = False
    pruned: int = 0
    source: Mapping[str, Any] | None = None


BudgetName: TypeAlias = Literal["requests", "files"]


@frozen(kw_only=True)
class Spend:
    """Tokens of a budget that a call has spent; `answered` in Unix seconds, `None` if no answer is known."""

    budget: BudgetName
    amount: int
    answered: float | None = None


class Journal(Protocol):
    """Keeps what a run must not forget. Every method but `open` needs it to be open.

    A method that writes returns when what it wrote is durable, and raises `JournalError` if it cannot be; all
    that follows then fails, too. A caller that is cancelled meanwhile does not undo its write (but see
    `intend`). What is read shows all that was asked for before, written yet or not.
    """

    @property
    def name(self) -> str:
        """What messages call it, and no other journal."""

    @property
    def owner(self) -> Owner | None:
        """For whom it is open; `None` while it is not."""

    @property
    def past(self) -> Past:
        """What it held when it was opened."""

    async def open(self, owner: Owner, source: Mapping[str, Any] | None = None) -> None:
        """Begin, or go on with what is there. `source` describes the list, where that can be opened anew.

        Does nothing if it is open for this owner. Raises `JournalRefusedError` for another owner, another
        writer, and for what is no journal; `JournalError` if it cannot be opened. It then holds nothing.
        """

    async def aclose(self) -> None:
        """Write all that is left, and let go of everything; a cancellation is raised only then."""

    # In the order of an item's way -----------------------------------------------------------------------

    async def reserve(self, key: str) -> bool:
        """Claim a live source's key; false if an item with this key is known or claimed already.

        Claims do not outlive the process; `Entry.key` of an intended item does. Claims that are made together
        (`gather`) are answered together.
        """

    async def intend(
        self, kind: Kind, entries: Sequence[Entry], begun: float, submitted_on: datetime, attempts: int
    ) -> Sent:
        """Note that these items are about to be sent in one create, and give that call a number.

        Items that were known before are now in doubt by this call and no other. When this is cancelled, they
        wait: a call that was not given a number must not be sent. Raises `JournalError` for a `ref` that
        cannot be kept.
        """

    async def undone(self, call: int) -> None:
        """Note that a call surely did nothing: its items wait again, as if it had never been made."""

    async def answered(self, call: int, jobs: Mapping[int, str], outcomes: Sequence[Outcome]) -> None:
        """Note what an answer, or a look at the platform, told of a call's items: jobs by index, outcomes.

        Items of the call in neither of them stay in doubt. An outcome's own job need not be among the jobs.
        """

    async def waiting(self, indexes: Collection[int]) -> None:
        """Note that items which were in doubt surely were not done: they wait again.

        The calls that carried them count (`Entry.sent`). Items with a job are left as they are.
        """

    async def ended(self, outcomes: Sequence[Outcome]) -> None:
        """Note outcomes of items that were intended; the last word on an item counts."""

    async def exhausted(self, total: int) -> None:
        """Note that the list was read to its end and holds so many items."""

    # For the reconciliation ------------------------------------------------------------------------------

    async def known(self, job_ids: Collection[str]) -> set[str]:
        """Return those of the jobs that belong to an item, or belonged to an earlier try of one.

        Without a file to look into, only jobs that could be mistaken for one of an open call are known.
        """

    # At a resume -----------------------------------------------------------------------------------------

    async def unfinished(self) -> list[Unfinished]:
        """Return the calls whose items have jobs to be followed, or are in doubt."""

    async def recorded(self, first: int, count: int) -> dict[int, Recorded]:
        """Return what is known of the items from index `first` on, for so many indexes."""

    async def entries_waiting(self, after: int, count: int) -> list[Entry]:
        """Return the first items past index `after` that wait to be sent again, at most so many."""

    async def outcomes(self, after: int, count: int, *, skip_pruned: bool = False) -> list[Outcome]:
        """Return the first outcomes past index `after`, at most so many, in the order of the list.

        Raises `JournalError` where one of them was pruned, unless these are skipped.
        """

    async def retry(self, *, unconfirmed: bool) -> int:
        """Open the failed items again, to be sent again; return how many items were opened.

        With `unconfirmed`, these are opened, too: those with a job are under way again, all others in doubt.
        """

    # The budgets' memory ---------------------------------------------------------------------------------

    async def spent(self, changes: Mapping[int, Spend]) -> None:
        """Note spends by number (the writer's own); one that is known already is replaced."""

    async def spends(self, since: float) -> list[Spend]:
        """Return what earlier writers spent and had answered since then, or never had answered.

        What they spent before may be forgotten.
        """
