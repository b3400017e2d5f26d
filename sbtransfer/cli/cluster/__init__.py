"""The verbs of a cluster: many hosts, one token, one list, by way of one database."""

from __future__ import annotations

import click

from sbtransfer.cli.cluster.cancel import cancel
from sbtransfer.cli.cluster.init import init
from sbtransfer.cli.cluster.results import results
from sbtransfer.cli.cluster.status import status
from sbtransfer.cli.cluster.submit import submit
from sbtransfer.cli.cluster.work import work
from sbtransfer.cli.options import example

EXAMPLES = (
    "sbtransfer cluster init",
    "sbtransfer cluster submit import files.csv --project rfranklin/my-project",
    "sbtransfer cluster work --until-done",
    "sbtransfer cluster results 1 --output results.csv",
)


@click.group(epilog=example("\n  ".join(EXAMPLES)))
def cluster() -> None:
    """Share one token's limits and lists among many hosts, by way of one PostgreSQL database.

    A list is submitted once; workers on any hosts send it, and go on where another one was killed. The token
    is each worker's own setting and never in the database. --database, or SBTRANSFER_DATABASE, says which
    database that is.
    """


for _verb in (init, submit, work, status, results, cancel):
    cluster.add_command(_verb)
