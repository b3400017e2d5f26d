import json

import pytest

from sbtransfer.cli.cluster.table import (
    COLUMNS,
    COUNTS,
    aligned,
    block,
    cells,
    equation,
    json_line,
    line,
    state_of,
    tabbed,
)
from sbtransfer.cluster.status import RunStatus
from tests.unit.cli.cluster.runs import a_run


@pytest.mark.parametrize(
    ("run", "state"),
    [
        (a_run(waiting=10), "running"),
        (a_run(under_way=1, completed=9), "running"),
        (a_run(), "completed"),
        (a_run(failed=1, completed=9), "finished"),
        (a_run(unconfirmed=1, completed=9), "finished"),
        (a_run(state="cancelled", waiting=1, completed=9), "cancelled"),
        (a_run(state="halted", waiting=1, completed=9), "halted"),
        (a_run(state="own", total=None, waiting=3), "own"),
    ],
)
def test_the_state_in_a_word(run: RunStatus, state: str) -> None:
    assert state_of(run) == state


def test_json_has_the_counts_and_what_follows_from_them() -> None:
    told = json.loads(json_line(a_run(name="brca", failed=2, completed=8)))
    assert (told["run"], told["name"], told["user"], told["state"]) == (7, "brca", "rfranklin", "finished")
    assert sum(told[name] for name in COUNTS) == told["total"] == 10
    assert (told["finished"], told["ok"], told["adds_up"]) == (True, False, True)
    assert told["submitted_at"] == "2026-01-31T12:00:05+00:00"
    assert told["workers"] == 2


def test_cells_have_a_column_each_and_numbers_as_their_reader_takes_them() -> None:
    run = a_run(name="a\tb", total=20_000, waiting=20_000)
    assert len(cells(run)) == len(COLUMNS)
    assert dict(zip(COLUMNS, cells(run), strict=True))["waiting"] == "20,000"
    row = dict(zip(COLUMNS, tabbed(run).split("\t"), strict=True))
    assert (row["name"], row["total"], row["waiting"]) == ("a b", "20000", "20000")


def test_a_table_has_words_to_the_left_and_numbers_to_the_right() -> None:
    rows = [COLUMNS, cells(a_run()), cells(a_run(id=12, total=20_000, under_way=20_000))]
    header, first, second = aligned(rows)
    assert header.startswith("run  name  state      submitted                ")
    assert first.startswith("7          completed  2026-01-31 12:00:05 UTC")
    end = header.index("under way") + len("under way")
    assert first[:end].endswith("  0")
    assert second[:end].endswith("  20,000")


def test_an_equation_is_the_sum_that_it_says() -> None:
    assert equation(a_run(waiting=1, in_doubt=2, under_way=3, completed=4)) == (
        "1 waiting + 2 in doubt + 3 under way + 4 completed + 0 failed + 0 unconfirmed = 10"
    )
    assert equation(a_run(total=None, waiting=3)).endswith("= not known yet")


def test_a_block_tells_all_of_a_run() -> None:
    run = a_run(name="brca", state="halted", trouble="no\npermission\x1b[0m", waiting=10)
    told = "\n".join(block(run))
    assert told.splitlines()[0] == "run 7 (brca): halted"
    assert "rfranklin at https://cgc-api.sbgenomics.com/v2" in told
    assert "trouble    no permission" in told
    assert "\x1b" not in told
    assert "10 items will not be sent" in told


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (a_run(waiting=10, workers=0), "run 7: 0 of 10 ended; 10 waiting; 0 workers"),
        (
            a_run(under_way=4, completed=5, failed=1, workers=1),
            "run 7: 6 of 10 ended; 4 under way, 5 completed, 1 failed; 1 worker",
        ),
        (a_run(), "run 7: 10 of 10 ended; 10 completed; completed"),
        (a_run(total=0), "run 7: 0 of 0 ended; nothing yet; completed"),
    ],
)
def test_how_far_a_run_is(run: RunStatus, told: str) -> None:
    assert line(run) == told
