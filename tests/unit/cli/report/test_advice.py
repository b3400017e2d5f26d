from pathlib import Path

from sbtransfer.cli.report.facts import facts_of
from sbtransfer.cli.report.read import Reading, read
from tests.support import a_drs
from tests.unit.cli.journals import make_journal
from tests.unit.cli.report.outcomes import completed, facts, failed, lost, tallied


def test_a_journal_of_a_finished_run_is_retried_where_items_failed(tmp_path: Path) -> None:
    path = make_journal(tmp_path / "j", good=2, bad=1, total=3)
    assert facts_of(read(path, 3)).next_steps == [
        f"send what failed again with: sbtransfer retry {path}",
    ]


def test_a_journal_of_an_unfinished_run_is_resumed(tmp_path: Path) -> None:
    for path in (
        make_journal(tmp_path / "a", under_way=2),
        make_journal(tmp_path / "b", bad=1),
        make_journal(tmp_path / "c", total=9),
    ):
        assert facts_of(read(path, 3)).next_steps == [f"go on with: sbtransfer resume {path}"]


def test_nothing_is_left_to_do(tmp_path: Path) -> None:
    assert facts_of(read(make_journal(tmp_path / "j", total=2), 3)).next_steps == []
    assert facts(completed()).next_steps == []


def test_results_are_a_list_of_what_failed() -> None:
    assert facts(failed()).next_steps == [
        "send what failed again with: sbtransfer import --only failed out.csv",
        "or, where the run has kept a journal, with: sbtransfer retry JOURNAL",
    ]
    assert facts(failed(), failed(1, item=a_drs())).next_steps == [
        "or, where the run has kept a journal, with: sbtransfer retry JOURNAL"
    ]
    assert facts(lost()).next_steps == [
        "look for what is unconfirmed, where the run has kept a journal, with:"
        " sbtransfer retry --unconfirmed JOURNAL"
    ]


def test_notes_say_what_the_figures_leave_out() -> None:
    tally = tallied([completed(0, submitted_on=None), completed(1, took=-5)])
    notes = facts_of(Reading(Path("out.csv"), tally, caveat="cut_short")).notes
    assert [note.split()[:4] for note in notes] == [
        ["The", "last", "row", "is"],
        ["A", "results", "file", "knows"],
        ["1", "item", "has", "no"],
        ["1", "had", "finished", "by"],
    ]
