from typing import Any

import attrs
import pytest

from sbtransfer.cli.cluster.working import Working, code_of
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import Rate
from sbtransfer.cluster.status import RunStatus
from sbtransfer.cluster.worker import Worker
from tests.unit.cli.cluster.runs import a_run


def a_working(**different: Any) -> Working:
    given: dict[str, Any] = {
        "concurrency": 3,
        "until_done": True,
        "requests_limit": Rate(50, 1.5),
        "drs_limit": Rate(5, 60),
        "lag": None,
        "settle": 1.0,
        "grace": 2.0,
        "verify_drs": False,
        "resend_ambiguous": True,
        "quiet": False,
    }
    return Working(**(given | different))


def test_a_worker_is_given_what_its_command_was() -> None:
    options = a_working().of_the_worker
    assert options == {
        "concurrency": 3,
        "until_done": True,
        "settle": 1.0,
        "grace": 2.0,
        "verify_drs": False,
        "resend_ambiguous": True,
    }
    assert set(options) <= {field.name for field in attrs.fields(Worker)}


@pytest.mark.parametrize(
    ("runs", "code"),
    [
        ([], Exit.COMPLETED),
        ([a_run(), a_run()], Exit.COMPLETED),
        ([a_run(), a_run(completed=9, failed=1)], Exit.INCOMPLETE),
        ([a_run(state="cancelled", waiting=10)], Exit.INCOMPLETE),
    ],
)
def test_a_worker_ends_as_its_runs_did(runs: list[RunStatus], code: Exit) -> None:
    assert code_of(runs) is code
