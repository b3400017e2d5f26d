"""Docstrings become pages; no public name is left out, and none is described twice."""

import re
from pathlib import Path

import pytest

from docs.api_reference import as_rst, front_door
from sbtransfer import errors

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
DESCRIBED = re.findall(r"^\.\. (?:auto|py:)\w+:: ([\w.]+)", PAGE, re.MULTILINE)
PATHS = {"Client": "sbtransfer.Client", "transfer": "sbtransfer.blocking.transfer"}


@pytest.mark.parametrize(
    ("docstring", "rst"),
    [
        ("Plain words.", "Plain words."),
        ("Give a `volume`.", "Give a ``volume``."),
        ("Over `two\nlines`.", "Over ``two\nlines``."),
        ("Many `item`s.", r"Many ``item``\ s."),
        ("By a `Client`.", "By a :py:obj:`Client <sbtransfer.Client>`."),
        ("See `Client.verify`.", "See :py:obj:`Client.verify <sbtransfer.Client.verify>`."),
        ("As `Client(endpoint)`.", "As :py:obj:`Client(endpoint) <sbtransfer.Client>`."),
        ("The options of `transfer`.", "The options of ``transfer``."),
        ("Already ``code``.", "Already ``code``."),
    ],
)
def test_code_in_docstrings_becomes_code_or_a_link(docstring: str, rst: str) -> None:
    assert as_rst(docstring, PATHS) == rst


def test_every_public_name_is_described_once() -> None:
    public = {path for name, path in front_door().items() if name[0] != "_"}
    public -= {"sbtransfer.blocking.Token"}  # an alias of what `Client` takes
    assert len(DESCRIBED) == len(set(DESCRIBED))
    assert public <= set(DESCRIBED)


def test_every_error_is_described() -> None:
    ours = {
        name
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, errors.SBTransferError)
    }
    assert ours == {path.rpartition(".")[2] for path in DESCRIBED if path.endswith("Error")}


def test_the_front_door_goes_before_what_uses_it() -> None:
    assert front_door()["Client"] == "sbtransfer.Client"
    assert front_door()["Cluster"] == "sbtransfer.cluster.Cluster"
