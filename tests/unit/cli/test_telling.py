import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sbtransfer.cli.book import Book
from sbtransfer.cli.known import look
from sbtransfer.cli.next_steps import so_far
from sbtransfer.cli.results import Results
from sbtransfer.cli.telling import SHOWN_FAILURES, Words, equation, explanations, failure, leaving
from sbtransfer.items import Item
from sbtransfer.models import ErrorRecord, Outcome, OutcomeState, Summary
from sbtransfer.progress import Progress
from sbtransfer.worklist import WorkList
from tests.support import a_drs, an_export, an_import
from tests.unit.cli.journals import make_journal


def failed(item: Item, index: int = 0, **fields: Any) -> Outcome:
    given: dict[str, Any] = {
        "state": OutcomeState.FAILED,
        "error": ErrorRecord(404, 9002, "gone\nfor good"),
    } | fields
    return Outcome(index=index, item=item, **given)


def console() -> Console:
    return Console(file=io.StringIO())


def told(words: Words) -> list[str]:
    assert isinstance(words.console.file, io.StringIO)
    return words.console.file.getvalue().splitlines()


@pytest.mark.parametrize(
    ("item", "line"),
    [
        (an_import("a/b.gz"), "failed: index 7, rosa/input a/b.gz: gone for good (code 9002)"),
        (an_export("5f"), "failed: index 7, 5f to rosa/output out/5f: gone for good (code 9002)"),
        (a_drs("drs://x.org/1"), "failed: index 7, drs://x.org/1: gone for good (code 9002)"),
    ],
)
def test_a_failure_is_one_line(item: Item, line: str) -> None:
    assert failure(failed(item, 7)) == line


def test_a_failure_without_a_reason_says_so() -> None:
    outcome = failed(a_drs(), state=OutcomeState.UNCONFIRMED, error=None)
    assert failure(outcome) == "unconfirmed: index 0, drs://dg.4DFC:1: no reason was given"


def test_failures_are_told_up_to_a_limit_and_then_counted() -> None:
    words = Words(console(), "import")
    for index in range(SHOWN_FAILURES + 100):
        words.ended_one(failed(an_import(), index))
    lines = told(words)
    assert len(lines) == SHOWN_FAILURES + 1
    assert lines[-2].startswith("failed: index 19,")
    assert lines[-1].startswith("… further ones are counted only")


def test_what_was_completed_needs_no_line() -> None:
    words = Words(console(), "import")
    words.ended_one(failed(an_import(), state=OutcomeState.COMPLETED, error=None))
    assert told(words) == []


def test_the_summary_is_a_sum() -> None:
    assert equation(Summary(1234, 1200, 30, 3, 1)) == (
        "1,200 completed + 30 failed + 3 unconfirmed + 1 unfinished = 1,234 read"
    )


def test_a_sum_that_does_not_add_up_is_said_aloud() -> None:
    words = Words(console(), "import", quiet=True)
    words.ended(Summary(read=5, completed=4), Progress(elapsed=1))
    assert any(line.startswith("THIS DOES NOT ADD UP") for line in told(words))


def test_what_is_not_known_or_not_done_is_explained() -> None:
    lines = explanations(Summary(10, 4, 0, 1, 5), under_way=3)
    assert [line.partition(":")[0] for line in lines] == ["unconfirmed", "unfinished"]
    assert lines[1].endswith("3 in jobs that go on on the platform, 2 not sent or sent without an answer")
    assert explanations(Summary(10, 9, 1, 0, 0), under_way=0) == []


def test_a_words_from_start_to_end(tmp_path: Path) -> None:
    words = Words(console(), "drs")
    words.started(1, "https://a.example/v2", "rosa")
    words.ended(Summary(1, 1), Progress(elapsed=62))
    with Results(tmp_path / "out.csv", "drs") as results:
        words.wrote(results)
        results.rows = 1
        words.wrote(results)
    assert told(words) == [
        "drs-import: 1 item, at https://a.example/v2 as rosa",
        "drs-import: 1 completed + 0 failed + 0 unconfirmed + 0 unfinished = 1 read, in 0:01:02",
        f"results: {tmp_path / 'out.csv'}, 1 row",
    ]


def test_a_list_of_unknown_length() -> None:
    words = Words(console(), "drs")
    words.started(None, "https://a.example/v2", "rosa")
    assert told(words) == ["drs-import: a list of unknown length, at https://a.example/v2 as rosa"]


def test_quiet_tells_only_of_what_went_wrong() -> None:
    words = Words(console(), "drs", quiet=True)
    words.started(2, "https://a.example/v2", "rosa")
    words.ended_one(failed(a_drs()))
    words.ended(Summary(2, 2), Progress())
    assert told(words) == []
    words.ended(Summary(2, 1, 1), Progress())
    assert told(words) == [
        "drs-import: 1 completed + 1 failed + 0 unconfirmed + 0 unfinished = 2 read, in 0:00:00"
    ]


def test_leaving_tells_how_to_leave_at_once() -> None:
    words = Words(console(), "drs")
    leaving(words.console)
    assert told(words)[0].endswith("Ctrl-C again to leave at once.")


def book(tmp_path: Path, **given: Any) -> Book:
    made = Book(path=tmp_path / "j", **given)
    made.goes_on = True
    return made


def test_a_first_run_has_nothing_to_tell_of_its_journal(tmp_path: Path) -> None:
    words = Words(console(), "import")
    first = book(tmp_path, source={"path": "list.csv"})
    words.took_up(first)
    words.what_next(first, Summary(2, 2), ())
    assert told(words) == []


def test_a_resumed_run_tells_what_is_known(tmp_path: Path) -> None:
    known = look(make_journal(tmp_path / "j", good=2, bad=1, under_way=4))
    words = Words(console(), "import")
    words.took_up(book(tmp_path, known=known))
    assert told(words) == [so_far(known)]


@pytest.mark.parametrize(
    ("reopened", "line"),
    [(0, "nothing to retry"), (1, "1 item to be tried again"), (1200, "1,200 items to be tried again")],
)
def test_a_retry_tells_how_many_items_it_is_about(tmp_path: Path, reopened: int, line: str) -> None:
    words = Words(console(), "import")
    retried = book(tmp_path, source={}, retry="failed")
    retried.reopened = reopened
    words.took_up(retried)
    assert told(words) == [line]


def test_a_list_that_cannot_be_read_again_is_told_of_once(tmp_path: Path) -> None:
    words = Words(console(), "import")
    words.took_up(book(tmp_path))
    assert told(words) == [
        f"journal: {tmp_path / 'j'}; the rest of standard input cannot be read again from it"
    ]


def test_the_next_steps_are_told_even_to_the_quiet(tmp_path: Path) -> None:
    words = Words(console(), "import", quiet=True)
    words.what_next(book(tmp_path, source={}), None, ())
    assert told(words) == [f"go on with: sbtransfer resume {tmp_path / 'j'}"]


def test_a_journal_that_was_refused_is_nothing_to_go_on_with(tmp_path: Path) -> None:
    words = Words(console(), "import")
    words.what_next(Book(path=tmp_path / "j"), None, ())
    assert told(words) == []


def test_a_command_is_not_broken_by_a_narrow_terminal(tmp_path: Path) -> None:
    file = io.StringIO()
    words = Words(Console(file=file, width=20, force_terminal=True), "import")
    words.what_next(book(tmp_path, source={}), None, ("--profile", "cgc"))
    assert file.getvalue().count("\n") == 1


def test_traps_that_do_not_stop_are_noted(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("drs_uri,project\ndrs://x/1,rosa/study\n")
    words = Words(console(), "drs")
    words.surveyed(WorkList(tmp_path / "list.csv", "drs").survey())
    words.looked([])
    words.looked(["5 further projects", "project a/b: no answer"])
    first, second = told(words)
    assert first.startswith("note: 1 item has no name; the platform names them")
    assert first.endswith(f"('drs://x/1': {tmp_path / 'list.csv'}, line 2)")
    assert second == "note: not checked: 5 further projects; project a/b: no answer"
