"""The verb that lets nothing more of a run be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sbtransfer.cli.cluster.database import DatabaseURL, json_lines, run_argument, with_database
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import example, guarded

if TYPE_CHECKING:
    from rich.console import Console

    from sbtransfer.cluster.status import RunStatus


@click.command(epilog=example("sbtransfer cluster cancel 7"))
@run_argument
@json_lines
@with_database(guarded)
def cancel(console: Console, *, run: int, as_json: bool, database: DatabaseURL) -> Exit:
    """Send nothing more of a run.

    What is under way on the platform goes on there, since the platform cannot cancel it, and workers follow
    it to its end. Cancelling again does no harm.
    """
    from sbtransfer.cli.cluster.opening import cluster_at
    from sbtransfer.cli.cluster.table import block, json_line
    from sbtransfer.cli.console import say
    from sbtransfer.cli.loop import run as run_loop

    async def cancelled() -> RunStatus:
        async with cluster_at(database) as cluster:
            return await cluster.cancel(run)

    status = run_loop(cancelled(), lambda: None)
    if as_json:
        click.echo(json_line(status))
        return Exit.COMPLETED
    say(console, "\n".join(block(status)))
    say(console, "Nothing more of it is sent; what is under way goes on on the platform, and is followed.")
    return Exit.COMPLETED
