"""The verb that lets a shell complete commands, and the values that it completes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import example, guarded

if TYPE_CHECKING:
    from rich.console import Console

SHELLS = ("bash", "zsh", "fish")
EXAMPLES = (
    "sbtransfer completion bash >> ~/.bashrc",
    "sbtransfer completion zsh >> ~/.zshrc",
    "sbtransfer completion fish > ~/.config/fish/completions/sbtransfer.fish",
)


@click.command(epilog=example("\n  ".join(EXAMPLES)))
@click.argument("shell", type=click.Choice(SHELLS))
@guarded
def completion(console: Console, shell: str) -> Exit:  # noqa: ARG001
    """Print a script for a shell that completes commands, options and their values at the Tab key.

    Put it where the shell finds it when it starts, once, and open a new one. For zsh it must come after the
    line with compinit.
    """
    click.echo(script(shell))
    return Exit.COMPLETED


def script(shell: str) -> str:
    """Return the script for a shell; it calls `sbtransfer` whenever something is to be completed."""
    from click.shell_completion import get_completion_class

    from sbtransfer.cli import cli

    made_for = get_completion_class(shell)
    if made_for is None:
        raise click.BadParameter(f"{shell!r} is not one of {', '.join(SHELLS)}")
    return made_for(cli, {}, "sbtransfer", "_SBTRANSFER_COMPLETE").source()


def known_profiles(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """Return the profiles of the credentials file that begin so; none if it cannot be read."""
    from sbtransfer.errors import SettingsError
    from sbtransfer.profiles import CREDENTIALS_FILE, profile_names

    try:
        names = profile_names(CREDENTIALS_FILE.expanduser())
    except (SettingsError, RuntimeError):  # there may be no home
        return []
    return [name for name in names if name.startswith(incomplete)]
