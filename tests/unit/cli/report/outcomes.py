"""Outcomes as runs bring them, for the tests of reports."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sbtransfer.cli.report.facts import Facts, facts_of
from sbtransfer.cli.report.read import Reading
from sbtransfer.cli.report.tally import Tally
from sbtransfer.cli.results import Results
from sbtransfer.items import Item
from sbtransfer.models import ErrorRecord, Outcome, OutcomeState
from tests.support import an_import

BEGAN = datetime(2026, 10, 12, 9, 58, 11, tzinfo=UTC)
GONE = "Object 'runs/{}' does not exist."


def completed(index: int = 0, submitted: float = 0, took: float = 60, **fields: Any) -> Outcome:
    return _ended(OutcomeState.COMPLETED, index, submitted, took, fields)


def failed(index: int = 0, message: str = GONE, submitted: float = 0, **fields: Any) -> Outcome:
    error = ErrorRecord(404, fields.pop("code", 9004), message.format(index))
    return _ended(OutcomeState.FAILED, index, submitted, 60, {"error": error} | fields)


def lost(index: int = 0, submitted: float = 0, **fields: Any) -> Outcome:
    """Return the outcome of an item of which nobody knows whether it was done."""
    error = ErrorRecord(code="ambiguous", message="no answer came")
    given = {"error": error, "finished_on": None, "job_id": None} | fields
    return _ended(OutcomeState.UNCONFIRMED, index, submitted, 0, given)


def _ended(state: OutcomeState, index: int, submitted: float, took: float, fields: dict[str, Any]) -> Outcome:
    item: Item = fields.pop("item", None) or an_import(f"runs/{index}")
    given: dict[str, Any] = {
        "job_id": f"job-{index}",
        "submitted_on": BEGAN + timedelta(seconds=submitted),
        "finished_on": BEGAN + timedelta(seconds=submitted + took),
    }
    return Outcome(index=index, item=item, state=state, **given | fields)


def tallied(outcomes: Iterable[Outcome], examples: int = 3) -> Tally:
    tally = Tally(examples)
    for outcome in outcomes:
        tally.add(outcome)
    return tally


def facts(*outcomes: Outcome, examples: int = 3) -> Facts:
    """Return what there is to tell of a results file with these outcomes."""
    return facts_of(Reading(Path("out.csv"), tallied(outcomes, examples)))


def results(path: Path, outcomes: Iterable[Outcome]) -> Path:
    with Results(path, None) as file:
        for outcome in outcomes:
            file.add(outcome)
    return path
