"""The verb that sends and follows what was submitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sbtransfer.cli.cluster.database import DatabaseURL, with_database
from sbtransfer.cli.connection import Connection, connected
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import example
from sbtransfer.cli.transfer import drs_import

if TYPE_CHECKING:
    from rich.console import Console

OF_WORKERS = (
    "requests_limit",
    "drs_limit",
    "lag",
    "settle",
    "grace",
    "verify_drs",
    "resend_ambiguous",
    "quiet",
)
"""The options of the transferring verbs that are a matter of whoever sends."""


@click.command(
    params=[param for param in drs_import.params if param.name in OF_WORKERS],
    epilog=example("sbtransfer cluster work --concurrency 8 --until-done"),
)
@click.option(
    "--concurrency",
    type=click.IntRange(min=1, max=1000),
    default=4,
    show_default=True,
    metavar="N",
    help="Send N chunks at a time.",
)
@click.option(
    "--until-done", is_flag=True, help="End once all runs of the token's owner are finished; else go on."
)
@with_database(connected)
def work(
    console: Console,
    connection: Connection,
    *,
    concurrency: int,
    until_done: bool,
    database: DatabaseURL,
    **given: Any,
) -> Exit:
    """Send and follow what was submitted for the token's owner, until it is stopped.

    Any number of workers on any hosts may be at work at once; together they keep the limits, which must be
    the same for all. One of them follows the jobs of all, and another one takes over when that ends. The
    first Ctrl-C or SIGTERM lets the calls that are on their way be answered and gives all else back, the
    second one leaves at once. With --until-done the exit code is 1 if some items were not completed.
    """
    from sbtransfer.cli.cluster.working import Working, work_at

    working = Working(concurrency=concurrency, until_done=until_done, **given)
    return work_at(console, connection, database, working)
