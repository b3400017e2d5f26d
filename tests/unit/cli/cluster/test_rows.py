from typing import Any

import pytest

from sbtransfer import VolumeImport
from sbtransfer.cli.cluster.rows import Wanted, kind_of
from sbtransfer.models import Outcome, OutcomeState

ITEM = VolumeImport(volume="rfranklin/input", location="a.gz", project="rfranklin/my-project")


@pytest.mark.parametrize(
    ("only", "taken"),
    [
        ((), ["COMPLETED", "FAILED", "UNCONFIRMED"]),
        (("all",), ["COMPLETED", "FAILED", "UNCONFIRMED"]),
        (("failed",), ["FAILED"]),
        (("failed", "unconfirmed"), ["FAILED", "UNCONFIRMED"]),
        (("failed", "all"), ["COMPLETED", "FAILED", "UNCONFIRMED"]),
    ],
)
def test_what_is_taken(only: tuple[str, ...], taken: list[str]) -> None:
    wanted = Wanted(run=1, only=only)
    assert [
        state for state in OutcomeState if wanted.takes(Outcome(index=0, item=ITEM, state=state))
    ] == taken


@pytest.mark.parametrize(
    ("noted", "kind"), [("import", "import"), ("drs", "drs"), (None, None), ("other", None), (["drs"], None)]
)
def test_the_kind_is_what_was_noted_if_there_is_such_a_one(noted: Any, kind: str | None) -> None:
    assert kind_of(noted) == kind
