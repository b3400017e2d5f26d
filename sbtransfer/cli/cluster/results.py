"""The verb that hands out what became of a run's items."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sbtransfer.cli.cluster.database import DatabaseURL, run_argument, with_database
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import example, guarded
from sbtransfer.cli.shared import STATES, results_path

if TYPE_CHECKING:
    from rich.console import Console

    from sbtransfer.cli.results import Form


def _output(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    return None if path is None or str(path) == "-" else results_path(ctx, param, path)


@click.command(epilog=example("sbtransfer cluster results 7 --follow --only failed --output failed.csv"))
@run_argument
@click.option("--follow", is_flag=True, help="Go on with rows as items end, until the run is finished.")
@click.option(
    "--only",
    type=click.Choice(STATES, case_sensitive=False),
    multiple=True,
    help="Items in this state alone; may be repeated.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    callback=_output,
    metavar="FILE",
    help="Where to write, a file that ends in .jsonl or .csv; standard output by default.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("jsonl", "csv")),
    help="The format, if not the one that FILE ends in; JSONL for standard output.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@with_database(guarded)
def results(
    console: Console,
    *,
    run: int,
    follow: bool,
    only: tuple[str, ...],
    output: Path | None,
    form: Form | None,
    force: bool,
    database: DatabaseURL,
) -> Exit:
    """Write a row for each item of a run that has ended, in the order of the list.

    The rows are those that --results of 'import' has. With --follow they come as items end, and FILE grows;
    else it is there as a whole or not at all. The exit code is 1 for a run that is finished and not wholly
    completed, as it is for 'import', and 0 otherwise.
    """
    from sbtransfer.cli.cluster.rows import Wanted, write_rows

    wanted = Wanted(run=run, follow=follow, only=only, output=output, form=form, force=force)
    return write_rows(console, database, wanted)
