import random
from datetime import timedelta

import pytest

from sbtransfer.cli.report.tally import SLOWEST, Series
from sbtransfer.models import OutcomeState
from tests.support import a_drs, an_import
from tests.unit.cli.report.outcomes import BEGAN, completed, failed, lost, tallied


def test_states_and_kinds_are_counted() -> None:
    tally = tallied([completed(0), completed(1, item=a_drs()), failed(2), lost(3)])
    assert [tally.states[state] for state in OutcomeState] == [2, 1, 1]
    assert tally.kinds == {"import", "drs"}
    assert tally.causes.items == 2


def test_times_span_from_the_first_submitted_to_the_last_finished() -> None:
    tally = tallied([completed(0, 10, 500), completed(1, 0, 20), lost(2, 900)])
    assert (tally.first, tally.last) == (BEGAN, BEGAN + timedelta(seconds=510))


def test_the_slowest_are_kept_in_order() -> None:
    outcomes = [completed(index, took=index % 100) for index in range(1000)]
    random.Random(1).shuffle(outcomes)
    slowest = tallied(outcomes).slowest
    assert [(slow.seconds, slow.index) for slow in slowest] == [(99, 99 + 100 * n) for n in range(SLOWEST)]
    assert (slowest[0].job_id, slowest[0].item) == ("job-99", an_import("runs/99"))


def test_the_same_row_many_times_is_no_trouble() -> None:
    assert len(tallied([completed(1)] * 50).slowest) == SLOWEST


def test_what_ended_without_a_job_ended_when_it_was_submitted() -> None:
    tally = tallied([failed(0, submitted=5, finished_on=None), lost(1, 5)])
    assert tally.durations.count == 0
    assert tally.last is None
    for series in (Series.FAILED, Series.UNCONFIRMED):
        assert tally.curve(series).until(BEGAN.timestamp() + 5) == 1


def test_an_end_is_never_before_its_beginning() -> None:
    tally = tallied([completed(0, 100, -50)])
    assert tally.before_submitted == 1
    assert tally.durations.quantile(0.5) == pytest.approx(0.001)
    assert tally.curve(Series.COMPLETED).until(BEGAN.timestamp() + 99) == 0


def test_items_without_times_are_counted_only() -> None:
    tally = tallied([completed(0, submitted_on=None), failed(1, submitted_on=None, finished_on=None)])
    assert (tally.without_times, tally.first, tally.curve(Series.SUBMITTED).total) == (2, None, 0)
    assert sum(tally.states.values()) == 2


def test_bytes_are_those_of_completed_items_with_a_size() -> None:
    sized = an_import(size=1000)
    tally = tallied([completed(0, item=sized), completed(1), failed(2, item=sized)])
    assert (tally.size, tally.sized) == (1000, 1)


def test_drs_files_are_counted_for_their_own_limit() -> None:
    tally = tallied([completed(0, item=a_drs()), completed(1, 1)])
    assert tally.curve(Series.DRS_FILES).total == 1
    assert tally.calls.curve().total == 2


def test_items_of_more_than_one_call_are_counted() -> None:
    assert tallied([completed(0, attempts=3), completed(1, attempts=1)]).sent_again == 1
