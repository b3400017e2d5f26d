"""The verb that makes a database ready for a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sbtransfer.cli.cluster.database import DatabaseURL, with_database
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import example, guarded

if TYPE_CHECKING:
    from rich.console import Console


@click.command(
    epilog=example("sbtransfer cluster init --database postgresql://rosa@db.example:5432/transfers")
)
@with_database(guarded)
def init(console: Console, *, database: DatabaseURL) -> Exit:
    """Make the tables of a cluster in a database, or bring older ones up to date.

    They are in a schema of their own, 'sbtransfer', beside whatever else the database holds. Doing it again
    does no harm; workers of an earlier version must have ended before.
    """
    from sbtransfer.cli.cluster.opening import place_of
    from sbtransfer.cli.console import say
    from sbtransfer.cli.loop import run
    from sbtransfer.cluster.cluster import Cluster
    from sbtransfer.cluster.schema import VERSION

    before = run(Cluster.init(database.url), lambda: None)
    say(console, f"{place_of(database)}: {made(before, VERSION)}")
    return Exit.COMPLETED


def made(before: int, now: int) -> str:
    """Say what was done to tables of a version, 0 for none."""
    if before == now:
        return f"its tables are up to date, schema {now}"
    return f"tables made, schema {now}" if not before else f"tables brought from schema {before} to {now}"
