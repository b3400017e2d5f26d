"""The verbs that look at jobs on the platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sbtransfer.cli.connection import Connection, connected
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.listing.arguments import OWNED, owned
from sbtransfer.cli.options import Verb, example, with_options

if TYPE_CHECKING:
    from rich.console import Console

STATES = ("PENDING", "RUNNING", "COMPLETED", "FAILED")
LIMIT = 50

json_lines = click.option("--json", "as_json", is_flag=True, help="Write JSON, one job a line, for programs.")
project = click.option("--project", type=owned, metavar=OWNED, help="Those into this project alone.")


def _listing(verb: Verb) -> Verb:
    """Give a verb the options that both lists have."""
    options = (
        click.option(
            "--state",
            "states",
            type=click.Choice(STATES, case_sensitive=False),
            multiple=True,
            help="Such jobs alone; may be repeated.",
        ),
        click.option("--volume", type=owned, metavar=OWNED, help="Those from or to this volume alone."),
        click.option(
            "--limit",
            type=click.IntRange(min=0),
            metavar="N",
            help=f"Show the first N that the platform lists, {LIMIT} by default; 0 shows all.",
        ),
        click.option("--all", "show_all", is_flag=True, help="Show all."),
        json_lines,
    )
    return with_options(options, verb)


@click.group(epilog=example("sbtransfer jobs imports --state failed"))
def jobs() -> None:
    """Look at jobs on the platform: the lists of imports and exports, and single jobs in full.

    The platform has no list of DRS imports; 'jobs get' shows one by its id.
    """


@jobs.command(epilog=example("sbtransfer jobs imports --state running --project rfranklin/my-project"))
@project
@_listing
@connected
def imports(
    console: Console,
    connection: Connection,
    *,
    states: tuple[str, ...],
    project: str | None,
    volume: str | None,
    limit: int | None,
    show_all: bool,
    as_json: bool,
) -> Exit:
    """List imports, as far as the platform shows them: the newest first, usually.

    On a terminal times are local; elsewhere each job is a line of cells between tabs, with times in UTC.
    """
    from sbtransfer.cli.jobs.shown import Wanted, show_imports

    wanted = Wanted(
        states=states, project=project, volume=volume, limit=most(limit, show_all=show_all), as_json=as_json
    )
    return show_imports(console, connection, wanted)


@jobs.command(epilog=example("sbtransfer jobs exports --state failed --volume rfranklin/output --json"))
@_listing
@connected
def exports(
    console: Console,
    connection: Connection,
    *,
    states: tuple[str, ...],
    volume: str | None,
    limit: int | None,
    show_all: bool,
    as_json: bool,
) -> Exit:
    """List exports, as 'jobs imports' lists imports; the platform cannot pick those of a project."""
    from sbtransfer.cli.jobs.shown import Wanted, show_exports

    wanted = Wanted(states=states, volume=volume, limit=most(limit, show_all=show_all), as_json=as_json)
    return show_exports(console, connection, wanted)


@jobs.command(epilog=example("sbtransfer jobs get 6f0c2a41d1e84e1fb9d0a7c3"))
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@json_lines
@connected
def get(console: Console, connection: Connection, *, ids: tuple[str, ...], as_json: bool) -> Exit:
    """Show jobs in full, be they imports, exports or DRS imports.

    As an ID, - reads ids from standard input, one a line. Ids that are not known are named on standard error;
    then the exit code is 1.
    """
    from sbtransfer.cli.jobs.lookup import show_jobs

    return show_jobs(console, connection, ids, as_json=as_json)


def most(limit: int | None, *, show_all: bool) -> int | None:
    """Return how many jobs are shown, `None` for all of them."""
    if show_all and limit:
        raise click.UsageError("give --limit or --all, not both")
    return None if show_all or limit == 0 else limit or LIMIT
