"""The journal of queued runs, as their workers and their follower write it: an item's index is its id."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from attrs import define, evolve, field

import sbtransfer.cluster.queue_calls as calls
import sbtransfer.cluster.reads as reads
import sbtransfer.cluster.writes as writes
from sbtransfer import events
from sbtransfer.cluster.call_numbers import CallNumbers
from sbtransfer.cluster.database import Database
from sbtransfer.cluster.queue_calls import Mine, TakenError
from sbtransfer.cluster.reads import View
from sbtransfer.cluster.schema import Connection
from sbtransfer.cluster.shielded import Shielded, bound
from sbtransfer.items import Kind
from sbtransfer.journal import Owner, Past, Recorded, Sent, Spend, Unfinished
from sbtransfer.models import Entry, Outcome

__all__ = ["Presence", "QueueJournal", "TakenError"]


class Presence(Protocol):
    """A process's session: what its calls belong to."""

    @property
    def id(self) -> int:
        """Its number in the database."""

    def check(self) -> None:
        """Raise `SessionLostError` if others may take this process for dead."""


@define(eq=False, repr=False)
class QueueJournal:
    """Keeps what the workers of an owner do, of all its runs. Each process has one for its session.

    Runs are submitted, and their outcomes read, elsewhere: all that is the past of one list is empty here.
    """

    _database: Database
    _owner_id: int
    _session: Presence
    _numbers: CallNumbers = field(init=False)
    _shielded: Shielded = field(init=False)
    _doubts: dict[int, set[int]] = field(init=False, factory=dict)
    """The doubtful items that were handed to the follower, by call, until it settles them."""

    def __attrs_post_init__(self) -> None:
        self._numbers = CallNumbers(self._database)
        self._shielded = Shielded(self._database)

    def __repr__(self) -> str:
        return f"<QueueJournal of owner {self._owner_id} in {self._database.where}>"

    @property
    def name(self) -> str:
        """What messages call it, and no other journal."""
        return f"the queue of owner {self._owner_id} in {self._database.where}"

    @property
    def _view(self) -> View:
        return View(self.name)

    @property
    def _mine(self) -> Mine:
        return Mine(self._owner_id, self._session.id)

    # In the order of an item's way -----------------------------------------------------------------------

    async def intend(
        self, kind: Kind, entries: Sequence[Entry], begun: float, submitted_on: datetime, attempts: int
    ) -> Sent:
        """Note that these items are about to be sent in one create, and give that call a number.

        Raises `TakenError` if not all of them wait, in runs that go on, and `SessionLostError`; then nothing
        was written. When it is cancelled, the items wait.
        """
        self._session.check()
        call = await self._numbers.next()
        sent = Sent(call=call, kind=kind, begun=begun, submitted_on=submitted_on, attempts=attempts)
        ids = [entry.index for entry in entries]
        await self._shielded.write(bound(calls.intend, self._mine, sent, ids), undo=bound(calls.undone, call))
        return sent

    async def undone(self, call: int) -> None:
        """Note that a call surely did nothing: its items wait again, as if it had never been."""
        await self._shielded.write(bound(calls.undone, call))

    async def answered(self, call: int, jobs: Mapping[int, str], outcomes: Sequence[Outcome]) -> None:
        """Note what an answer, or a look at the platform, told of a call's items, and let it be followed.

        What others have noted meanwhile of some of the items stays.
        """
        ids = sorted({*jobs, *(outcome.index for outcome in outcomes)})
        dropped = await self._shielded.write(
            bound(
                calls.answered,
                self._mine,
                call,
                ids,
                writes.job_text(jobs, outcomes, 0),
                writes.outcome_text(outcomes, 0) if outcomes else None,
            )
        )
        self._settled(call, ids)
        if dropped:
            events.CHUNK_ANSWERED_LATE.tell(create=call, items=dropped)

    def _settled(self, call: int, ids: Collection[int]) -> None:
        doubts = self._doubts.get(call)
        if doubts is not None:
            doubts.difference_update(ids)
            if not doubts:
                del self._doubts[call]

    async def waiting(self, indexes: Collection[int]) -> None:
        """Note that items which were in doubt surely were not done: they wait again, to be queued anew.

        Only doubts about calls that this session follows count, and only these items are touched.
        """
        if not indexes:
            return
        freed = await self._shielded.write(bound(calls.waiting, self._mine, sorted(indexes)))
        for call in list(self._doubts):
            self._settled(call, indexes)
        if freed < len(indexes):
            events.DOUBT_GONE.tell(items=len(indexes) - freed, looked_for=len(indexes))

    async def ended(self, outcomes: Sequence[Outcome]) -> None:
        """Note outcomes, with their jobs; the last word on an item counts."""
        if outcomes:
            await self._shielded.write(
                bound(
                    _end,
                    sorted({outcome.index for outcome in outcomes}),
                    writes.job_text({}, outcomes, 0),
                    writes.outcome_text(outcomes, 0),
                )
            )

    # For the reconciliation ------------------------------------------------------------------------------

    async def known(self, job_ids: Collection[str]) -> set[str]:
        """Return those of the jobs that belong, or belonged, to an item of any run."""
        return await self._shielded.read(bound(reads.known, job_ids))

    async def sending(self, kind: Kind) -> list[Entry]:
        """Return the items of one kind that may have jobs of which nobody here knows, whoever sent them."""
        return await self._shielded.read(bound(calls.sending, self._view, self._owner_id, kind))

    # For those who send ----------------------------------------------------------------------------------

    async def waiting_in(self, run: int, chunk: int) -> list[Entry]:
        """Return the items of a chunk that wait to be sent; none if the run was ended."""
        return await self._shielded.read(bound(calls.waiting_in, self._view, run, chunk))

    # For the one who follows -----------------------------------------------------------------------------

    async def take_open(self, limit: int = 200) -> list[Unfinished]:
        """Follow calls that nobody follows; return what is left of some of them, nothing if there are none.

        A call whose answer came after it had been taken is taken once more, for its new jobs alone.
        """
        while found := await self._shielded.read(bound(calls.nobodys, self._owner_id, limit)):
            # The same calls if this has to be done twice: what was taken is returned for sure.
            left = await self._shielded.write(bound(calls.take, self._mine, self._view, found))
            if new := [one for one in map(self._new, left) if one.jobs or one.doubtful]:
                return new
        return []

    def _new(self, left: Unfinished) -> Unfinished:
        """Return what of a call was not handed out before."""
        call, doubts = left.sent.call, self._doubts.get(left.sent.call)
        if doubts is None:
            if left.doubtful:
                self._doubts[call] = {entry.index for entry in left.doubtful}
            return left
        jobs = {job: carried for job, carried in left.jobs.items() if any(e.index in doubts for e in carried)}
        self._settled(call, [entry.index for carried in jobs.values() for entry in carried])
        return evolve(left, jobs=jobs, doubtful=[])

    async def leave_others(self) -> None:
        """Let all calls be taken anew that were followed and have something left; before following begins.

        Those of this session as well: whoever begins holds nothing.
        """
        self._doubts.clear()
        await self._shielded.write(bound(calls.leave_all, self._owner_id))

    async def open_dead(self) -> int:
        """Let calls be followed whose senders have died before they had an answer; return how many."""
        return await self._shielded.write(bound(calls.open_dead, self._owner_id))

    # What belongs to the journal of one list ---------------------------------------------------------------

    @property
    def owner(self) -> Owner | None:
        """Nobody: it is not opened for a run."""
        return None

    @property
    def past(self) -> Past:
        """Nothing."""
        return Past()

    async def open(self, owner: Owner, source: Mapping[str, Any] | None = None) -> None:
        """Do nothing: it is open as long as its database is."""

    async def aclose(self) -> None:
        """Wait for all that was asked for; a cancellation is raised only then."""
        await self._shielded.aclose()

    async def reserve(self, key: str) -> bool:  # noqa: ARG002
        """Return true: keys were claimed when the list was submitted."""
        return True

    async def exhausted(self, total: int) -> None:
        """Do nothing: the list was read when it was submitted."""

    async def unfinished(self) -> list[Unfinished]:
        """Return nothing: see `take_open`."""
        return []

    async def recorded(self, first: int, count: int) -> dict[int, Recorded]:  # noqa: ARG002
        """Return nothing."""
        return {}

    async def entries_waiting(self, after: int, count: int) -> list[Entry]:  # noqa: ARG002
        """Return nothing: see `waiting_in`."""
        return []

    async def outcomes(self, after: int, count: int, *, skip_pruned: bool = False) -> list[Outcome]:  # noqa: ARG002
        """Return nothing: outcomes are read by run."""
        return []

    async def retry(self, *, unconfirmed: bool) -> int:  # noqa: ARG002
        """Open nothing."""
        return 0

    async def spent(self, changes: Mapping[int, Spend]) -> None:
        """Do nothing: the shared budget knows."""

    async def spends(self, since: float) -> list[Spend]:  # noqa: ARG002
        """Return nothing: the shared budget knows."""
        return []


async def _end(connection: Connection, ids: Sequence[int], jobs: str, outcomes: str) -> None:
    async with writes.pipelined(connection):
        await writes.jobs(connection, jobs)
        await writes.outcomes(connection, outcomes)
        await calls.close_ended(connection, ids)
