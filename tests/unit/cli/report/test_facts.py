import json
from datetime import timedelta
from pathlib import Path

import pytest

import sbtransfer
from sbtransfer.cli.report.facts import GROUPS, Budget, InJournal, as_json, facts_of
from sbtransfer.cli.report.read import read
from sbtransfer.models import Summary
from tests.support import a_drs, an_import
from tests.unit.cli.journals import LIST, ended_journal, make_journal
from tests.unit.cli.report.outcomes import BEGAN, completed, facts, failed, lost


def test_the_counts_of_a_journal_are_its_own(tmp_path: Path) -> None:
    path = make_journal(tmp_path / "j", good=2, bad=1, under_way=4, source=LIST)
    told = facts_of(read(path, 3))
    assert told.counts == Summary(read=7, completed=2, failed=1, unconfirmed=0, unfinished=4)
    assert told.counts.adds_up
    assert told.journal == InJournal(total=None, under_way=4, in_doubt=0, waiting=0)
    assert (told.input, told.work_list, told.name, told.verb) == (
        "journal",
        "/lists/a.csv",
        "a.csv",
        "import",
    )
    assert (told.endpoint, told.user) == ("https://api.example.org/v2", "rosa")


def test_the_counts_of_results_are_those_of_their_rows() -> None:
    told = facts(completed(0), failed(1), failed(2), lost(3))
    assert told.counts == Summary(read=4, completed=1, failed=2, unconfirmed=1)
    assert (told.journal, told.input, told.name, told.version) == (
        None,
        "results file",
        "out.csv",
        sbtransfer.__version__,
    )


def test_the_verb_of_mixed_kinds_is_no_single_one() -> None:
    assert facts(completed(0), completed(1, item=a_drs())).verb == "transfer"
    assert facts(completed(1, item=a_drs())).verb == "drs-import"
    assert facts().verb == "transfer"


def test_times_and_throughput() -> None:
    told = facts(*(completed(n, submitted=n, took=10, item=an_import(size=500)) for n in range(591)))
    assert (told.first_submitted, told.last_finished) == (BEGAN, BEGAN + timedelta(seconds=600))
    assert told.seconds == 600
    speed = told.throughput
    assert speed.items_per_hour == pytest.approx(591 * 6)
    assert (speed.best_five_minutes, speed.last_five_minutes) == (300, 300)
    assert (speed.bytes, speed.sized) == (591 * 500, 591)
    assert speed.bytes_per_second == pytest.approx(591 * 500 / 600)
    assert told.job_seconds_median == pytest.approx(10, rel=0.01)
    assert told.job_seconds_p99 == pytest.approx(10, rel=0.01)


def test_the_last_five_minutes_are_those_before_the_last_end() -> None:
    told = facts(completed(0), completed(1, submitted=1000), failed(2, submitted=1200))
    assert (told.throughput.best_five_minutes, told.throughput.last_five_minutes) == (1, 1)
    assert facts(completed(0), failed(2, submitted=1200)).throughput.last_five_minutes == 0


def test_what_was_used_of_the_limits() -> None:
    told = facts(*(completed(n, submitted=n // 50 * 30, item=a_drs()) for n in range(1000)))
    assert told.create_calls == Budget(most=10, limit=1000)
    assert told.drs_files == Budget(most=500, limit=500)
    assert facts(completed()).drs_files is None


def test_without_times_there_are_no_rates() -> None:
    told = facts(completed(0, submitted_on=None, finished_on=None))
    assert (told.seconds, told.first_submitted, told.job_seconds_median) == (None, None, None)
    assert told.throughput.items_per_hour is None
    assert told.throughput.bytes is None
    assert told.slowest == []


def test_groups_beyond_the_first_are_counted() -> None:
    words = [f"{a}{b} refused" for a in "abcde" for b in "vwxyz"]
    told = facts(*(failed(n, word) for n, word in enumerate(words)), failed(99, words[-1]))
    assert len(told.failures) == GROUPS
    assert (told.failures[0].message, told.failures[0].items) == (words[-1], 2)
    assert (told.further_causes, told.further_items) == (5, 5)


def test_json_has_all_facts_in_values_of_its_own(tmp_path: Path) -> None:
    told = facts_of(read(ended_journal(tmp_path), 1))
    values = json.loads(json.dumps(as_json(told)))
    assert values["counts"] == {"read": 5, "completed": 3, "failed": 2, "unconfirmed": 0, "unfinished": 0}
    assert values["first_submitted"] == "2023-11-14T22:13:20.123457+00:00"
    assert values["failures"][0]["examples"][0]["index"] == 3
    assert values["create_calls"] == {"most": 1, "limit": 1000}
    assert values.keys() >= {"slowest", "throughput", "next_steps", "notes", "made_on", "version"}
