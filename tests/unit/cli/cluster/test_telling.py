import io

import pytest
from rich.console import Console

from sbtransfer.cli.cluster.telling import Telling, leaving
from sbtransfer.errors import DatabaseAwayError
from tests.unit.cli.cluster.runs import ROSA, a_run


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def said(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_it_says_for_whom_it_works_and_what_there_is(console: Console) -> None:
    telling = Telling(console)
    telling.began(ROSA, 4)
    telling.found([a_run(waiting=10), a_run(id=8)])
    assert said(console) == [
        "worker for rfranklin at https://cgc-api.sbgenomics.com/v2, 4 chunks at a time",
        "run 7: 0 of 10 ended; 10 waiting; 2 workers",
    ]


def test_it_says_that_there_is_nothing_to_do(console: Console) -> None:
    Telling(console).found([a_run()])
    assert said(console) == ["nothing to send yet"]


def test_it_says_when_its_role_changes(console: Console) -> None:
    telling = Telling(console)
    for leads in (False, True, True, False):
        telling.role(leads=leads)
    assert said(console) == ["this worker follows the jobs of all", "no longer the one that follows"]


def test_it_says_what_has_changed(console: Console) -> None:
    telling = Telling(console)
    for runs in ([a_run(waiting=10)], [a_run(waiting=10)], [a_run(), a_run(id=6)], [a_run()]):
        telling.stand(runs)
    for chunks in (0, 2, 2, 3):
        telling.sent(chunks)
    assert [line.split(";")[0] for line in said(console)] == [
        "run 7: 0 of 10 ended",
        "run 7: 10 of 10 ended",
        "2 chunks sent by this worker",
        "3 chunks sent by this worker",
    ]


def test_the_end_is_told_of_each_run(console: Console) -> None:
    Telling(console).ended([a_run(), a_run(id=8, completed=9, unconfirmed=1)])
    assert [line[:5] for line in said(console)] == ["run 7", "run 8", "uncon"]


def test_nothing_to_do(console: Console) -> None:
    Telling(console).ended([])
    assert said(console) == ["nothing to do: all runs are finished"]


def test_quietly_only_what_goes_wrong_is_told(console: Console) -> None:
    telling = Telling(console, quiet=True)
    telling.began(ROSA, 4)
    telling.found([])
    telling.role(leads=True)
    telling.sent(3)
    telling.ended([])
    telling.ended([a_run()])
    assert said(console) == []
    telling.trouble(DatabaseAwayError("the database x at y: away"))
    telling.ended([a_run(id=8, completed=9, failed=1)])
    assert said(console) == [
        "the database x at y: away; goes on once it answers",
        "run 8: 10 of 10 ended; 9 completed, 1 failed; finished",
    ]


def test_leaving_says_what_a_second_time_does(console: Console) -> None:
    leaving(console)
    assert "again to leave at once" in said(console)[0]
