import pytest
from attrs import evolve
from attrs.exceptions import FrozenInstanceError

from sbtransfer.errors import APIError, NoAnswerError
from sbtransfer.models import DRSJob, ErrorRecord, Job, Outcome, OutcomeState, Summary
from tests.support import an_import


def test_an_error_record_keeps_the_platforms_own_words() -> None:
    error = APIError(404, 9002, "no such volume", "https://docs.example/9002")
    assert ErrorRecord.of(error) == ErrorRecord(404, 9002, "no such volume", "https://docs.example/9002")


def test_an_error_record_of_a_call_that_may_have_been_done() -> None:
    assert ErrorRecord.of(APIError(502, None, "bad gateway"), code="ambiguous") == ErrorRecord(
        502, "ambiguous", "bad gateway"
    )
    assert ErrorRecord.of(NoAnswerError("no answer within 120 s"), code="ambiguous") == ErrorRecord(
        None, "ambiguous", "no answer within 120 s"
    )


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (ErrorRecord(404, 9002, "no such volume"), "no such volume (code 9002)"),
        (ErrorRecord(503, 0, "maintenance"), "maintenance (code 0)"),
        (ErrorRecord(), "no message"),
    ],
)
def test_an_error_record_as_text(record: ErrorRecord, text: str) -> None:
    assert str(record) == text


@pytest.mark.parametrize(
    ("state", "ended"),
    [("PENDING", False), ("RUNNING", False), ("COMPLETED", True), ("FAILED", True), ("A_NEW_WORD", False)],
)
def test_when_a_job_has_ended(state: str, ended: bool) -> None:
    assert Job("i1", state, ()).ended is ended


@pytest.mark.parametrize(
    ("state", "ended"),
    [
        ("SUBMITTED", False),
        ("RESOLVING", False),
        ("RUNNING", False),
        ("FINISHED", True),
        ("COMPLETED", False),
    ],
)
def test_when_a_drs_job_has_ended(state: str, ended: bool) -> None:
    assert DRSJob("d1", state).ended is ended


@pytest.mark.parametrize("state", OutcomeState)
def test_only_what_was_completed_is_ok(state: OutcomeState) -> None:
    outcome = Outcome(index=0, item=an_import(), state=state)
    assert outcome.ok is (state == "COMPLETED")


def test_an_outcome_does_not_change() -> None:
    outcome = Outcome(index=0, item=an_import(ref="sample 1"), state=OutcomeState.COMPLETED)
    with pytest.raises(FrozenInstanceError):
        outcome.index = 1  # type: ignore[misc]
    assert outcome.item.ref == "sample 1"


def test_a_summary_adds_up_when_every_item_is_accounted_for() -> None:
    summary = Summary(read=10, completed=4, failed=3, unconfirmed=2, unfinished=1)
    assert summary.adds_up
    for part in ("read", "completed", "failed", "unconfirmed", "unfinished"):
        assert not evolve(summary, **{part: getattr(summary, part) + 1}).adds_up


@pytest.mark.parametrize(
    ("summary", "ok"),
    [
        (Summary(), True),
        (Summary(read=2, completed=2), True),
        (Summary(read=2, completed=1, failed=1), False),
        (Summary(read=2, completed=1, unconfirmed=1), False),
        (Summary(read=2, completed=1, unfinished=1), False),
        (Summary(read=2, completed=2, failed=1), False),
    ],
)
def test_a_summary_is_ok_when_all_was_completed(summary: Summary, ok: bool) -> None:
    assert summary.ok is ok
