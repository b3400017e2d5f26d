"""The verb that tells what is left of the platform's limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sbtransfer.cli.connection import Connection, connected
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import example

if TYPE_CHECKING:
    from rich.console import Console


@click.command(epilog=example("sbtransfer limits --platform cgc"))
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")
@connected
def limits(console: Console, connection: Connection, *, as_json: bool) -> Exit:  # noqa: ARG001
    """Show who the token's owner is, and what is left of the requests in 5 minutes that all programs share.

    The question itself is not counted, the one for the name is: it is not asked when no request is left.
    """
    from sbtransfer.cli.left import show

    return show(connection, as_json=as_json)
