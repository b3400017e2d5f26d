import attrs
import click
import pytest

from sbtransfer.cli.cluster.submit import OF_LIMITS, OF_LISTS, borrowed, submit
from sbtransfer.cli.shared import Shared
from sbtransfer.cli.transfer import drs_import, export, import_
from sbtransfer.items import ITEM_TYPES, Kind


def names(command: str) -> set[str]:
    return {param.name or "" for param in submit.commands[command].params}


def test_each_transfer_can_be_submitted() -> None:
    assert set(submit.commands) == {"import", "export", "drs-import"}


@pytest.mark.parametrize(("verb", "kind"), [(import_, "import"), (export, "export"), (drs_import, "drs")])
def test_what_says_what_is_sent_is_borrowed(verb: click.Command, kind: Kind) -> None:
    own = {param.name for param in borrowed(verb)} - OF_LISTS - OF_LIMITS
    fields = {field.name for field in attrs.fields(ITEM_TYPES[kind])}
    assert own
    assert own <= fields


@pytest.mark.parametrize("command", ["import", "export", "drs-import"])
def test_what_is_a_matter_of_whoever_sends_is_not(command: str) -> None:
    of_runs = {field.name for field in attrs.fields(Shared)} - OF_LISTS - OF_LIMITS
    of_the_command = {"endpoint", "platform", "profile", "timeout", "connect_timeout", "as_json"}
    assert names(command) & of_runs <= of_the_command
    assert names(command) >= OF_LISTS | OF_LIMITS | {"name", "database", "as_json", "endpoint"}
