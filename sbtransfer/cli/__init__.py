"""The command line: one short function a verb. What takes long to import waits until a verb is run."""

from __future__ import annotations

import click

from sbtransfer import __version__
from sbtransfer.cli.cluster import cluster
from sbtransfer.cli.completion import completion
from sbtransfer.cli.configure import configure
from sbtransfer.cli.demo import demo
from sbtransfer.cli.exits import EXIT_CODES
from sbtransfer.cli.jobs import jobs
from sbtransfer.cli.journal import journal
from sbtransfer.cli.limits import limits
from sbtransfer.cli.listing import list_
from sbtransfer.cli.options import example
from sbtransfer.cli.report import report
from sbtransfer.cli.resume import resume, retry
from sbtransfer.cli.simulate import simulate
from sbtransfer.cli.transfer import drs_import, export, import_

__all__ = ["cli"]

EXAMPLE = "sbtransfer drs-import manifest.csv --project rfranklin/my-project --results results.csv"


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]}, epilog=f"{example(EXAMPLE)}\n\n{EXIT_CODES}"
)
@click.version_option(__version__, prog_name="sbtransfer")
def cli() -> None:
    """Move file lists of any length through the bulk API of the Seven Bridges platforms.

    The endpoint and the token come from SB_API_ENDPOINT and SB_AUTH_TOKEN, or from a profile in
    ~/.sevenbridges/credentials, which 'sbtransfer configure' writes.
    """


for _verb in (
    import_,
    export,
    drs_import,
    resume,
    retry,
    cluster,
    report,
    jobs,
    list_,
    limits,
    journal,
    simulate,
    demo,
    configure,
    completion,
):
    cli.add_command(_verb)
