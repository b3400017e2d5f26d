import pytest

from sbtransfer.cli.cluster.advice import advice_on
from sbtransfer.cluster.status import RunStatus
from tests.unit.cli.cluster.runs import a_run


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (a_run(waiting=9), "THIS DOES NOT ADD UP"),
        (a_run(waiting=10, workers=0), "start 'sbtransfer cluster work' with rfranklin's token"),
        (a_run(state="cancelled", under_way=10, workers=0), "nobody is at work on it"),
        (a_run(state="own", waiting=10, workers=0), "the journal of one process"),
        (a_run(state="cancelled", waiting=1, completed=9), "1 item will not be sent"),
        (a_run(state="halted", waiting=2, completed=8), "2 items will not be sent"),
        (a_run(unconfirmed=1, completed=9), "unconfirmed: may have been done"),
    ],
)
def test_what_is_not_as_hoped_is_told(run: RunStatus, words: str) -> None:
    assert any(words in line for line in advice_on(run))


@pytest.mark.parametrize("run", [a_run(), a_run(waiting=10), a_run(failed=10), a_run(state="own")])
def test_all_is_well(run: RunStatus) -> None:
    assert [line for line in advice_on(run) if "one process" not in line] == []
