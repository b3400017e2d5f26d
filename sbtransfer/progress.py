"""What a run is doing now: one snapshot, for people and for metrics."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Progress:
    """A run at one moment.

    `read`, `completed`, `failed` and `unconfirmed` count items; `waiting` have been read and not sent yet,
    `under_way` are in jobs on the platform, `in_doubt` were sent and nobody knows whether they were done,
    `undelivered` have an outcome that the consumer has not taken.
    `known` of the outcomes came from a journal. `total` is the length of the list where it is known.
    `requests_left` and `files_left` are what the budgets hold now, `requests_more_in` and `files_more_in` the
    seconds until they hold more, where they do not hold all. `elapsed` and `remaining` are in seconds,
    `remaining` only where `total` is known and something has ended. `waiting_for` says why nothing is sent,
    if so, and `waiting_seconds` when that may change, where it is known.
    """

    read: int = 0
    waiting: int = 0
    under_way: int = 0
    in_doubt: int = 0
    known: int = 0
    completed: int = 0
    failed: int = 0
    unconfirmed: int = 0
    undelivered: int = 0
    total: int | None = None
    requests_left: float = 0
    files_left: float = 0
    requests_more_in: float | None = None
    files_more_in: float | None = None
    elapsed: float = 0.0
    waiting_for: str | None = None
    waiting_seconds: float | None = None

    @property
    def ended(self) -> int:
        """How many items have an outcome."""
        return self.completed + self.failed + self.unconfirmed

    @property
    def remaining(self) -> float | None:
        """An estimate of the seconds that are left, if things go on as they went so far."""
        ended_now = self.ended - self.known
        if self.total is None or not ended_now:
            return None
        return self.elapsed / ended_now * max(self.total - self.ended, 0)
