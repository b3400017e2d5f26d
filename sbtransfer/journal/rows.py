"""Outcomes as rows and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from os import PathLike
from typing import Any, TypeAlias

from sbtransfer.errors import JournalError
from sbtransfer.items import Item
from sbtransfer.journal.identity import decode
from sbtransfer.models import ErrorRecord, Outcome, OutcomeState

Row: TypeAlias = tuple[Any, ...]

STATES = (OutcomeState.COMPLETED, OutcomeState.FAILED, OutcomeState.UNCONFIRMED)
"""The states in the order of their numbers in the table."""

NUMBERS = {state: number for number, state in enumerate(STATES)}

COLUMNS = (
    "o.idx, i.item, o.state, j.job_id, o.file_id, o.error,"
    " o.attempts, o.submitted_on, o.finished_on, o.skipped"
)
"""What `outcome` reads, where o, i and j are the outcomes, items and jobs."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def row(outcome: Outcome) -> Row:
    """Return the row of an outcome; its item and its job have rows of their own."""
    return (
        outcome.index,
        NUMBERS[outcome.state],
        outcome.file_id,
        None if outcome.error is None else _error_text(outcome.error),
        outcome.attempts,
        microseconds(outcome.submitted_on),
        microseconds(outcome.finished_on),
        outcome.skipped,
    )


def outcome(row: Sequence[Any], name: str | PathLike[str]) -> Outcome:
    """Return the outcome of a row of `COLUMNS`; raises `JournalError` if its item was pruned."""
    index, text, *_ = row
    if text is None:
        raise JournalError(
            f"{name}: item {index} was pruned from this journal: it is completed, and its details are gone"
        )
    return outcome_of(item(index, text, name), row)


def outcome_of(item: Item, row: Sequence[Any]) -> Outcome:
    """Return the outcome of a row of `COLUMNS`, whose item is at hand."""
    index, _, state, job_id, file_id, error, attempts, submitted_on, finished_on, skipped = row
    return Outcome(
        index=index,
        item=item,
        state=STATES[state],
        job_id=job_id,
        file_id=file_id,
        error=None if error is None else ErrorRecord(*json.loads(error)),
        attempts=attempts,
        submitted_on=None if submitted_on is None else since_1970(submitted_on),
        finished_on=None if finished_on is None else since_1970(finished_on),
        skipped=None if skipped is None else bool(skipped),
        resumed=True,
    )


def item(index: int, text: str, name: str | PathLike[str]) -> Item:
    """Return the item of a text in the journal of a name; raises `JournalError`."""
    try:
        return decode(text)
    except (LookupError, TypeError, ValueError) as error:
        raise JournalError(
            f"{name}: item {index} cannot be read back ({error}): the journal is damaged"
        ) from error


def _error_text(error: ErrorRecord) -> str:
    # Not orjson: an exception's text can hold what is not UTF-8, such as the name of a file.
    return json.dumps((error.status, error.code, error.message, error.more_info))


def microseconds(moment: datetime | None) -> int | None:
    """Return a time as it is stored. Whole numbers, so that it comes back equal."""
    if moment is None:
        return None
    passed = moment - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def since_1970(stored: int) -> datetime:
    """Return the time that was stored, in UTC."""
    return _EPOCH + timedelta(microseconds=stored)
