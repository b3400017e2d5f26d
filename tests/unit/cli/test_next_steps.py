import shlex
from pathlib import Path

import pytest

from sbtransfer.cli.book import Book
from sbtransfer.cli.known import look
from sbtransfer.cli.next_steps import command, next_steps, so_far
from sbtransfer.models import Summary
from tests.unit.cli.journals import make_journal

OF_A_FILE = Book(path=Path("a list.csv.sbtransfer"), source={"path": "a list.csv"})
PATH = "'a list.csv.sbtransfer'"


def test_what_is_known_on_one_line(tmp_path: Path) -> None:
    path = make_journal(tmp_path / "j", good=2, bad=1, under_way=4)
    assert so_far(look(path)) == (
        f"known from {path}: 2 completed, 1 failed, 0 unconfirmed; 4 in jobs that are followed"
    )


def test_a_whole_list_that_is_known(tmp_path: Path) -> None:
    path = make_journal(tmp_path / "j", good=2, bad=1, total=3)
    assert so_far(look(path)) == (
        f"known from {path}: 2 completed, 1 failed, 0 unconfirmed of 3; that is all of the list"
    )


@pytest.mark.parametrize("summary", [None, Summary(read=3, completed=2, unfinished=1)])
def test_what_did_not_end_is_gone_on_with(summary: Summary | None) -> None:
    options = ("--profile", "my own")
    assert next_steps(OF_A_FILE, summary, options) == [
        f"go on with: sbtransfer resume --profile 'my own' {PATH}"
    ]


def test_what_did_not_succeed_is_tried_again() -> None:
    assert next_steps(OF_A_FILE, Summary(read=3, completed=3), ()) == []
    assert next_steps(OF_A_FILE, Summary(read=3, completed=1, failed=1, unconfirmed=1), ()) == [
        f"send what failed again with: sbtransfer retry {PATH}",
        f"look for what is unconfirmed with: sbtransfer retry --unconfirmed {PATH}",
    ]


def test_the_rest_of_a_stream_needs_the_stream_again() -> None:
    _, rest = next_steps(Book(path=Path("j")), None, ())
    assert rest.endswith("the same command, with the whole list again, and --journal j")


@pytest.mark.parametrize("name", ["-x", "it's", "a b", "ä;rm"])
def test_a_command_is_what_a_shell_takes(name: str) -> None:
    words = shlex.split(command("resume", Path(name), ("--lag", "5")))
    assert words[:-1] == ["sbtransfer", "resume", "--lag", "5"]
    assert not words[-1].startswith("-")
    assert Path(words[-1]) == Path(name)
