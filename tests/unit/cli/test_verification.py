import io

import pytest
from rich.console import Console

from sbtransfer.cli.telling import SHOWN_FAILURES
from sbtransfer.cli.verification import Verification, difference
from sbtransfer.models import Outcome, OutcomeState
from sbtransfer.verify import Verified
from tests.support import an_import


def completed(index: int = 0) -> Outcome:
    return Outcome(index=index, item=an_import(), state=OutcomeState.COMPLETED)


def told(verification: Verification) -> list[str]:
    assert isinstance(verification.console.file, io.StringIO)
    return verification.console.file.getvalue().splitlines()


@pytest.fixture
def verification() -> Verification:
    return Verification(Console(file=io.StringIO(), width=200))


def test_a_difference_is_one_line() -> None:
    verified = Verified(
        outcome=completed(7), differs={"size": "10 instead of 12", "name": "'a' instead of 'b'"}
    )
    assert difference(verified) == (
        "differs: index 7, rosa/input runs/1.fastq.gz: size: 10 instead of 12; name: 'a' instead of 'b'"
    )


def test_what_agrees_is_counted_and_what_could_not_be_compared_is_named(verification: Verification) -> None:
    for index in range(1200):
        why = {"md5": "the platform does not tell"}
        if index < 3:
            why["size"] = "the list does not tell"
        agrees = ("file", "name") if index < 3 else ("file", "name", "size")
        verification.add(Verified(outcome=completed(index), agrees=agrees, unchecked=why))  # type: ignore[arg-type]
    verification.ended()
    assert verification.ok
    assert told(verification) == [
        "verify: 1,200 agree + 0 differ = 1,200 completed (agreeing: file 1,200, name 1,200, size 1,197)",
        "verify: md5 of 1,200 not compared: the platform does not tell",
        "verify: size of 3 not compared: the list does not tell",
    ]


def test_differences_are_told_up_to_a_limit_and_then_counted(verification: Verification) -> None:
    for index in range(SHOWN_FAILURES + 10):
        verification.add(Verified(outcome=completed(index), differs={"size": "1 instead of 2"}))
    verification.ended()
    assert not verification.ok
    lines = told(verification)
    assert len(lines) == SHOWN_FAILURES + 2
    assert lines[-3].startswith("differs: index 19,")
    assert lines[-2].startswith("… further ones")
    assert lines[-1] == f"verify: 0 agree + {SHOWN_FAILURES + 10} differ = {SHOWN_FAILURES + 10} completed"


def test_quiet_tells_of_differences_only() -> None:
    verification = Verification(Console(file=io.StringIO(), width=200), quiet=True)
    verification.add(Verified(outcome=completed()))
    verification.ended()
    assert told(verification) == []
    verification.add(Verified(outcome=completed(), differs={"file": "it is not there"}))
    verification.ended()
    assert len(told(verification)) == 2
