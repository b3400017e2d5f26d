import io
import json

import pytest

from sbtransfer.cli.cluster.table import COLUMNS, json_line, line
from sbtransfer.cli.cluster.watching import InPlace, Lines, code_of, is_over, once
from sbtransfer.cli.exits import Exit
from sbtransfer.cluster.status import RunStatus
from tests.unit.cli.cluster.runs import a_run


@pytest.mark.parametrize(
    ("run", "code"),
    [
        (a_run(waiting=10), Exit.COMPLETED),
        (a_run(failed=1, under_way=9), Exit.COMPLETED),
        (a_run(), Exit.COMPLETED),
        (a_run(failed=1, completed=9), Exit.INCOMPLETE),
        (a_run(state="cancelled", waiting=1, completed=9), Exit.INCOMPLETE),
        (a_run(state="cancelled", under_way=1, waiting=9), Exit.COMPLETED),
    ],
)
def test_the_exit_code_tells_of_a_run_that_is_finished(run: RunStatus, code: Exit) -> None:
    assert code_of(run) is code


def test_it_is_over_when_all_runs_of_the_cluster_are_finished() -> None:
    own = a_run(state="own", total=None, waiting=1)
    assert is_over([])
    assert is_over([a_run(), a_run(failed=10)])
    assert is_over([a_run(), own])
    assert not is_over([a_run(), a_run(waiting=10)])
    assert not is_over([own])


def test_one_run_is_told_in_full_and_several_in_a_table() -> None:
    runs = [a_run(), a_run(id=8)]
    one = list(once(runs[:1], of_one=True, terminal=False, as_json=False))
    assert one[0] == "run 7: completed"
    piped = list(once(runs, of_one=False, terminal=False, as_json=False))
    assert piped[0].split("\t") == list(COLUMNS)
    assert [row.split("\t")[0] for row in piped[1:]] == ["7", "8"]
    shown = list(once(runs, of_one=False, terminal=True, as_json=False))
    assert len(shown) == 3
    assert "\t" not in "".join(shown)
    told = list(once(runs, of_one=False, terminal=True, as_json=True))
    assert [json.loads(row)["run"] for row in told] == [7, 8]
    assert list(once([], of_one=False, terminal=False, as_json=False)) == []


def test_lines_come_for_what_has_changed() -> None:
    file = io.StringIO()
    lines = Lines(file, line)
    with lines.shown():
        lines.update([a_run(waiting=10), a_run(id=8)])
        lines.update([a_run(waiting=10), a_run(id=8)])
        lines.update([a_run(waiting=9, under_way=1), a_run(id=8)])
    assert [text[:5] for text in file.getvalue().splitlines()] == ["run 7", "run 8", "run 7"]


def test_lines_of_json_are_whole() -> None:
    file = io.StringIO()
    Lines(file, json_line).update([a_run()])
    assert json.loads(file.getvalue())["run"] == 7


@pytest.mark.parametrize("of_one", [True, False])
def test_what_is_drawn_in_place_stays_at_the_end(of_one: bool) -> None:
    file = io.StringIO()
    watch = InPlace(file, of_one=of_one)
    with watch.shown():
        watch.update([a_run(waiting=10)])
        watch.update([a_run()])
    assert "completed" in file.getvalue()
    assert "running" not in file.getvalue()
