"""What a report tells, as values: the same for people, for programs and for the page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
from attrs import frozen

from sbtransfer import __version__
from sbtransfer.cli.report.advice import next_steps, notes
from sbtransfer.cli.report.causes import Causes, Example
from sbtransfer.cli.report.read import Reading
from sbtransfer.cli.report.tally import Series, Slow, Tally
from sbtransfer.cli.telling import subject
from sbtransfer.cli.verbs import verb_for
from sbtransfer.items import Kind
from sbtransfer.limits import Limits
from sbtransfer.models import OutcomeState, Summary

FIVE_MINUTES = 300
GROUPS = 20
LIMITS = Limits()


@frozen(kw_only=True)
class InJournal:
    """What a journal knows of items that have not ended; `total` is the length of the list, where known."""

    total: int | None
    under_way: int
    in_doubt: int
    waiting: int


@frozen(kw_only=True)
class Failure:
    """A cause, how many items share it, and the first of these."""

    state: str
    code: int | str | None
    message: str
    items: int
    examples: list[Example]


@frozen(kw_only=True)
class SlowJob:
    """An item whose job took long."""

    seconds: float
    index: int
    subject: str
    job_id: str | None


@frozen(kw_only=True)
class Throughput:
    """How fast items were completed; `bytes` are those of the `sized` completed items that have a size."""

    items_per_hour: float | None
    best_five_minutes: int
    last_five_minutes: int
    bytes: int | None
    sized: int
    bytes_per_second: float | None


@frozen(kw_only=True)
class Budget:
    """The most of a limit that was used in any five minutes."""

    most: int
    limit: int


@frozen(kw_only=True)
class Facts:
    """All that a report tells; `seconds` is the time from the first submitted to the last finished."""

    path: str
    input: str
    work_list: str | None
    verb: str
    endpoint: str | None
    user: str | None
    counts: Summary
    journal: InJournal | None
    first_submitted: datetime | None
    last_finished: datetime | None
    seconds: float | None
    sent_again: int
    failures: list[Failure]
    further_causes: int
    further_items: int
    slowest: list[SlowJob]
    throughput: Throughput
    job_seconds_median: float | None
    job_seconds_p99: float | None
    create_calls: Budget
    drs_files: Budget | None
    next_steps: list[str]
    notes: list[str]
    made_on: datetime
    version: str

    @property
    def name(self) -> str:
        """What the report is on, in a word: the list, else the file that was read."""
        return (self.work_list or self.path).rpartition("/")[2]


def facts_of(reading: Reading) -> Facts:
    """Return what there is to tell of what was read."""
    tally, known = reading.tally, reading.known
    counts = _counts(reading)
    shown = tally.causes.most_frequent(GROUPS)
    return Facts(
        path=str(reading.path),
        input="results file" if known is None else "journal",
        work_list=None if known is None else (known.source or {}).get("path"),
        verb=verb_for(_kind(reading)),
        endpoint=None if known is None else known.owner.endpoint,
        user=None if known is None else known.owner.username,
        counts=counts,
        journal=_in_journal(reading),
        first_submitted=tally.first,
        last_finished=tally.last,
        seconds=_seconds(tally),
        sent_again=tally.sent_again,
        failures=_failures(tally.causes),
        further_causes=len(tally.causes) - len(shown),
        further_items=tally.causes.items - sum(group.items for group in shown),
        slowest=[_slow_job(slow) for slow in tally.slowest],
        throughput=_throughput(tally),
        job_seconds_median=tally.durations.quantile(0.5),
        job_seconds_p99=tally.durations.quantile(0.99),
        create_calls=Budget(most=tally.calls.curve().most_within(FIVE_MINUTES), limit=round(LIMITS.requests)),
        drs_files=_drs_files(tally),
        next_steps=next_steps(reading, counts),
        notes=notes(reading),
        made_on=datetime.now(UTC),
        version=__version__,
    )


def as_json(facts: Facts) -> dict[str, Any]:
    """Return the facts as JSON has them."""
    return attrs.asdict(
        facts,
        value_serializer=lambda _, __, value: value.isoformat() if isinstance(value, datetime) else value,
    )


def _kind(reading: Reading) -> Kind | None:
    """Return the kind of all items; `None` if there are several."""
    if len(reading.tally.kinds) == 1:
        return next(iter(reading.tally.kinds))
    return None if reading.known is None else reading.known.kind


def _counts(reading: Reading) -> Summary:
    """Return the counts as the sum that they must be: a journal's own, which pruning leaves as they were."""
    if reading.known is None:
        states = reading.tally.states
        completed, failed, unconfirmed = (states[state] for state in OutcomeState)
        return Summary(completed + failed + unconfirmed, completed, failed, unconfirmed)
    counts = reading.known.counts
    unfinished = counts.under_way + counts.in_doubt + counts.waiting
    return Summary(counts.recorded, counts.completed, counts.failed, counts.unconfirmed, unfinished)


def _in_journal(reading: Reading) -> InJournal | None:
    if reading.known is None:
        return None
    counts = reading.known.counts
    return InJournal(
        total=counts.total, under_way=counts.under_way, in_doubt=counts.in_doubt, waiting=counts.waiting
    )


def _seconds(tally: Tally) -> float | None:
    if tally.first is None or tally.last is None:
        return None
    return max((tally.last - tally.first).total_seconds(), 0.0)


def _failures(causes: Causes) -> list[Failure]:
    return [
        Failure(
            state=group.cause.state.lower(),
            code=group.cause.code,
            message=group.cause.message,
            items=group.items,
            examples=group.examples,
        )
        for group in causes.most_frequent(GROUPS)
    ]


def _slow_job(slow: Slow) -> SlowJob:
    return SlowJob(seconds=slow.seconds, index=slow.index, subject=subject(slow.item), job_id=slow.job_id)


def _throughput(tally: Tally) -> Throughput:
    seconds, curve = _seconds(tally), tally.curve(Series.COMPLETED)
    return Throughput(
        items_per_hour=curve.total / seconds * 3600 if seconds else None,
        best_five_minutes=curve.most_within(FIVE_MINUTES),
        last_five_minutes=_in_the_last(tally),
        bytes=tally.size if tally.sized else None,
        sized=tally.sized,
        bytes_per_second=tally.size / seconds if tally.sized and seconds else None,
    )


def _in_the_last(tally: Tally) -> int:
    """Return how many were completed in the five minutes before the last item ended."""
    curves = [tally.curve(series) for series in (Series.COMPLETED, Series.FAILED, Series.UNCONFIRMED)]
    return curves[0].within(FIVE_MINUTES, max(curve.last for curve in curves))


def _drs_files(tally: Tally) -> Budget | None:
    curve = tally.curve(Series.DRS_FILES)
    if not curve.total:
        return None
    return Budget(most=curve.most_within(FIVE_MINUTES), limit=round(LIMITS.drs_files))
