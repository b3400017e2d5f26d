"""The verb that tells how runs stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from sbtransfer.cli.cluster.database import DatabaseURL, json_lines, optional_run_argument, with_database
from sbtransfer.cli.connection import seconds
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import Verb, example, guarded

if TYPE_CHECKING:
    from rich.console import Console


_EVERY: Callable[[Verb], Verb] = seconds("--every", 2, "With --watch, how often to look.", above=0)


@click.command(epilog=example("sbtransfer cluster status 7 --watch"))
@optional_run_argument
@click.option("--watch", is_flag=True, help="Tell again whenever something changes, until all is finished.")
@_EVERY
@json_lines
@with_database(guarded)
def status(
    console: Console, *, run: int | None, watch: bool, every: float, as_json: bool, database: DatabaseURL
) -> Exit:
    """Show how a run stands, by its number, or how all do.

    The counts of a run add up to its total: each item waits, is in doubt (sent, the answer not known yet), is
    under way in a job on the platform, or has ended as completed, failed or unconfirmed. The exit code is 1
    for a run that is finished and not wholly completed, and 0 otherwise.
    """
    from sbtransfer.cli.cluster.watching import show

    return show(console, database, run, every=every if watch else None, as_json=as_json)
