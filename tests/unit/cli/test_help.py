"""Every command helps: what it does, with an example, in as many words as its options need."""

import re
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from sbtransfer.cli import cli


def commands(command: click.Command, *names: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield a command, and all below it, with their names."""
    yield names, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from commands(below, *names, name)


def reached(words: list[str]) -> click.Command:
    """Follow the words of an example to the command that it ends with."""
    found: click.Command = cli
    rest = words[1:]
    while isinstance(found, click.Group) and rest and rest[0] in found.commands:
        found, rest = found.commands[rest[0]], rest[1:]
    return found


COMMANDS = [pytest.param(names, one, id=" ".join(("sbtransfer", *names))) for names, one in commands(cli)]


def test_the_whole_tree_is_walked() -> None:
    names = [names for names, _ in commands(cli)]
    assert {(), ("import",), ("journal",), ("journal", "inspect"), ("completion",)} <= set(names)


@pytest.mark.parametrize(("names", "command"), COMMANDS)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_each_command_helps_with_an_example(
    names: tuple[str, ...], command: click.Command, flag: str
) -> None:
    done = CliRunner().invoke(cli, [*names, flag], prog_name="sbtransfer")
    assert done.exit_code == 0
    typed = " ".join(("sbtransfer", *names))
    assert done.output.startswith(f"Usage: {typed} ")
    assert command.help
    assert f"  Example:\n    {typed}" in done.output


@pytest.mark.parametrize(("names", "command"), COMMANDS)
def test_the_example_has_options_that_there_are(names: tuple[str, ...], command: click.Command) -> None:
    example = (command.epilog or "").partition("Example:")[2].split("\n\n")[0]
    for line in re.split(r"[|\n]", example):  # one may end in another
        known = {
            opt for param in reached(line.split()).params for opt in (*param.opts, *param.secondary_opts)
        }
        given = {word.partition("=")[0] for word in line.split() if word.startswith("-") and word != "-"}
        assert given <= known


@pytest.mark.parametrize(("names", "command"), COMMANDS)
def test_each_option_says_what_it_does(names: tuple[str, ...], command: click.Command) -> None:
    options = [param for param in command.params if isinstance(param, click.Option) and not param.hidden]
    assert [option.opts for option in options if not (option.help or "").strip()] == []


@pytest.mark.parametrize(("names", "command"), COMMANDS)
def test_a_short_help_is_a_whole_sentence(names: tuple[str, ...], command: click.Command) -> None:
    first = (command.help or "").strip().split("\n\n")[0]
    assert first.endswith(".")
    assert command.get_short_help_str(limit=60)


def test_the_module_helps_as_the_command_does() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "sbtransfer", "-h"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Example:" in done.stdout
    assert all(name in done.stdout for name in cli.commands)
