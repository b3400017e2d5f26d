from typing import get_args

from sbtransfer.cli.verbs import VERBS, verb_for
from sbtransfer.items import Kind


def test_every_kind_has_a_verb() -> None:
    assert set(VERBS) == set(get_args(Kind))


def test_the_verb_of_a_kind() -> None:
    assert (verb_for("drs"), verb_for(None)) == ("drs-import", "transfer")
