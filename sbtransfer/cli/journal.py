"""The verbs that look into a journal; they need neither the network nor a token."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import example, guarded
from sbtransfer.cli.resume import journal_argument

if TYPE_CHECKING:
    from rich.console import Console

    from sbtransfer.cli.results import Form

STATES = ("completed", "failed", "unconfirmed")


@click.group(epilog=example("sbtransfer journal inspect manifest.csv.sbtransfer"))
def journal() -> None:
    """Look into the journal of a run: what it holds, as a table or as rows, and make it small."""


@journal.command(epilog=example("sbtransfer journal inspect manifest.csv.sbtransfer"))
@journal_argument
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")
@guarded
def inspect(console: Console, journal: Path, *, as_json: bool) -> Exit:  # noqa: ARG001
    """Show whose a journal is, of which list, and how its items stand.

    A run may be at work on it.
    """
    from sbtransfer.cli.inspect import show

    return show(journal, as_json=as_json)


@journal.command(
    epilog=example("sbtransfer journal export manifest.csv.sbtransfer --state failed --output failed.csv")
)
@journal_argument
@click.option(
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default="-",
    metavar="FILE",
    help="Where to write; standard output by default.",
)
@click.option(
    "--state", "states", type=click.Choice(STATES), multiple=True, help="Such items alone; may be repeated."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("jsonl", "csv")),
    help="The format, if not the one that FILE ends in; JSONL for standard output.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@guarded
def export(
    console: Console, journal: Path, output: Path, states: tuple[str, ...], form: Form | None, *, force: bool
) -> Exit:
    """Write a row for each item that has an outcome, in the order of the list, as --results does.

    A table of a journal in which kinds are mixed has the columns of all of them.
    """
    from sbtransfer.cli.rows import export_rows

    return export_rows(console, journal, output, states, form, force=force)


@journal.command(epilog=example("sbtransfer journal prune manifest.csv.sbtransfer"))
@journal_argument
@click.option("--force", is_flag=True, help="Even if the run is not finished.")
@guarded
def prune(console: Console, journal: Path, *, force: bool) -> Exit:
    """Make the journal of a finished run small: drop what it holds of completed items.

    They are still known as done and not sent again, but they can no longer be exported, and a results file
    can no longer be written anew.
    """
    from sbtransfer.cli.prune import prune_journal

    return prune_journal(console, journal, force=force)
