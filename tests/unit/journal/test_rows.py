"""Outcomes as rows and back: nothing is lost but the difference between known and learned."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st

from sbtransfer.errors import JournalError
from sbtransfer.journal.identity import encode
from sbtransfer.journal.rows import item, microseconds, outcome, row, since_1970
from sbtransfer.models import ErrorRecord, Outcome, OutcomeState
from tests.support import an_import

PATH = Path("move.sqlite")
moments = st.none() | st.datetimes(
    timezones=st.just(UTC) | st.just(timezone(timedelta(hours=-5, minutes=30)))
)
texts = st.text(st.characters())
errors = st.builds(
    ErrorRecord,
    status=st.none() | st.integers(100, 599),
    code=st.none() | st.integers(0, 99_999) | texts,
    message=texts,
    more_info=st.none() | texts,
)
outcomes = st.builds(
    Outcome,
    index=st.integers(0, 2**40),
    item=st.just(an_import()),
    state=st.sampled_from(OutcomeState),
    job_id=st.none() | texts,
    file_id=st.none() | texts,
    error=st.none() | errors,
    attempts=st.integers(1, 9),
    submitted_on=moments,
    finished_on=moments,
    skipped=st.none() | st.booleans(),
)


@settings(max_examples=300, deadline=None)
@given(outcomes)
def test_an_outcome_comes_back_equal_and_resumed(told: Outcome) -> None:
    index, state, *rest = row(told)
    back = outcome((index, encode(told.item).decode(), state, told.job_id, *rest), PATH)
    assert back == evolve(told, resumed=True)
    assert all(moment is None or moment.tzinfo is UTC for moment in (back.submitted_on, back.finished_on))


def test_a_time_keeps_its_microseconds() -> None:
    for moment in (datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)):
        stored = microseconds(moment)
        assert stored is not None
        assert since_1970(stored) == moment


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": "import"}', '{"kind": "later", "a": 1}'])
def test_an_item_that_cannot_be_read_back_says_so(text: str) -> None:
    with pytest.raises(
        JournalError, match=r"move\.sqlite: item 7 cannot be read back .*: the journal is damaged"
    ):
        item(7, text, PATH)


def test_an_outcome_whose_item_was_pruned_says_so() -> None:
    with pytest.raises(JournalError, match="item 3 was pruned"):
        outcome((3, None, 0, "j", None, None, 1, None, None, None), PATH)
