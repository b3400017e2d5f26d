"""The verbs that go on with a journal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import Verb, example, resend_ambiguous, verify_drs, with_options
from sbtransfer.cli.shared import Running, running

if TYPE_CHECKING:
    from rich.console import Console

journal_argument = click.argument("journal", type=click.Path(path_type=Path), metavar="JOURNAL")


def _again(verb: Verb) -> Verb:
    """Give a verb its journal, and the options of going on with it."""
    no_results = click.option(
        "--no-results",
        is_flag=True,
        help="Leave the results file as it is, which an earlier run has written.",
    )
    return with_options((journal_argument, no_results, verify_drs, resend_ambiguous), running(verb))


@click.command(epilog=example("sbtransfer resume manifest.csv.sbtransfer"))
@_again
def resume(console: Console, given: Running, journal: Path) -> Exit:
    """Go on with a run that was interrupted or killed.

    JOURNAL is the file that the run has kept, WORKLIST.sbtransfer unless it was told otherwise. What is done
    is not sent again, jobs are followed, calls whose answer was not seen are looked up on the platform, and
    the rest of the list is sent. The results file is completed.
    """
    from sbtransfer.cli.again import go_on

    return go_on(console, journal, given)


@click.command(epilog=example("sbtransfer retry manifest.csv.sbtransfer"))
@click.option(
    "--unconfirmed",
    is_flag=True,
    help="Take up what is unconfirmed, too: look for it on the platform, and send what surely was not done.",
)
@_again
def retry(console: Console, given: Running, journal: Path, *, unconfirmed: bool) -> Exit:
    """Send again what failed, and go on with what is unfinished.

    JOURNAL is the file that the run has kept. New outcomes take the place of the old ones, in the journal and
    in the results file.
    """
    from sbtransfer.cli.again import go_on

    return go_on(console, journal, given, "unconfirmed" if unconfirmed else "failed")
