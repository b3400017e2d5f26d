"""What becomes of items: chunks under way, jobs on the platform, outcomes and the summary."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from enum import StrEnum

from attrs import frozen

from sbtransfer.errors import APIError, SBTransferError
from sbtransfer.items import Item, Kind


@frozen
class Entry:
    """An item and its place in the work list, counted from 0.

    `key` is a live source's own name for it, `attempts` the number of calls that carried it before.
    """

    index: int
    item: Item
    key: str | None = None
    attempts: int = 0


@frozen
class Chunk:
    """Items of one kind that may share one call, in the order in which they were read."""

    kind: Kind
    key: tuple[Hashable, ...]
    entries: tuple[Entry, ...]


@frozen
class ErrorRecord:
    """Why an item did not complete.

    `status`, `code`, `message` and `more_info` are the platform's own where it gave them. Errors that this
    library reports have a word as `code` (`ambiguous`, `job_timeout`) and no `status`.
    """

    status: int | None = None
    code: int | str | None = None
    message: str = ""
    more_info: str | None = None

    @classmethod
    def of(cls, error: SBTransferError, code: str | None = None) -> ErrorRecord:
        """Record an exception; `code` is for those that did not come from the platform."""
        if isinstance(error, APIError):
            return cls(error.status, error.code if code is None else code, error.message, error.more_info)
        return cls(code=code, message=str(error))

    def __str__(self) -> str:
        code = "" if self.code is None else f" (code {self.code})"
        return f"{self.message or 'no message'}{code}"


ENDED = frozenset({"COMPLETED", "FAILED"})
"""The states of import and export jobs that will not change any more."""


@frozen
class Job:
    """An import or export job as the platform tells of it.

    `state` is PENDING, RUNNING, COMPLETED or FAILED; any other word is read as one under way. `echo` is what
    the job says of its source and destination, to be matched with an item's (see `operations.match`);
    `file_id` is the new file's id once it is COMPLETED.
    """

    id: str
    state: str
    echo: tuple[str | None, ...]
    file_id: str | None = None
    error: ErrorRecord | None = None
    started_on: datetime | None = None
    finished_on: datetime | None = None

    @property
    def ended(self) -> bool:
        """Whether the job will not change any more."""
        return self.state in ENDED


@frozen
class Arrived:
    """What a DRS item became on the platform: a file, or a folder if it was a bundle."""

    id: str
    is_folder: bool = False


@frozen
class DRSJob:
    """A DRS bulk import as the platform tells of it: one job for a whole call.

    `state` is SUBMITTED, RESOLVING, RUNNING or FINISHED. Once it is FINISHED, `result` says for each item
    what it became, or its error, and is `None` for a record that could not be read.
    """

    id: str
    state: str
    result: tuple[Arrived | ErrorRecord | None, ...] = ()
    started_on: datetime | None = None
    finished_on: datetime | None = None

    @property
    def ended(self) -> bool:
        """Whether the job will not change any more."""
        return self.state == "FINISHED"


class OutcomeState(StrEnum):
    """How an item ended. `UNCONFIRMED`: it may have been done; nothing shows that it was or was not."""

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    UNCONFIRMED = "UNCONFIRMED"


@frozen(kw_only=True)
class Outcome:
    """What became of one item.

    `index` is its place in the work list, `item` the item itself with its `ref`. `job_id` is the platform's
    job, `file_id` the file on the platform (an import's new file; an export's file as the job reports it).
    `attempts` counts the calls that carried the item. Times are aware and in UTC: `submitted_on` by this
    machine's clock, `finished_on` by the platform's. `skipped` is for DRS under `SKIP`, where it can be told;
    `resumed` says that the outcome was known from a journal.
    """

    index: int
    item: Item
    state: OutcomeState
    job_id: str | None = None
    file_id: str | None = None
    error: ErrorRecord | None = None
    attempts: int = 1
    submitted_on: datetime | None = None
    finished_on: datetime | None = None
    skipped: bool | None = None
    resumed: bool = False

    @property
    def ok(self) -> bool:
        """Whether the item was completed."""
        return self.state is OutcomeState.COMPLETED


@frozen
class Summary:
    """The count of a run's items: `completed + failed + unconfirmed + unfinished == read`.

    `unfinished` items were read and have no outcome: the run ended before they did.
    """

    read: int = 0
    completed: int = 0
    failed: int = 0
    unconfirmed: int = 0
    unfinished: int = 0

    @property
    def adds_up(self) -> bool:
        """Whether every item that was read is accounted for."""
        return self.completed + self.failed + self.unconfirmed + self.unfinished == self.read

    @property
    def ok(self) -> bool:
        """Whether every item that was read was completed."""
        return self.adds_up and self.completed == self.read
