"""The options of the command line, each in one place."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from math import isnan
from pathlib import Path
from typing import Any, TypeAlias, get_args

import click
from attrs import frozen

from sbtransfer.cli.exits import told
from sbtransfer.items import ConflictResolution

Verb: TypeAlias = Callable[..., Any]


@frozen
class Rate:
    """So much in any so many seconds."""

    amount: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.amount}/{f'{self.seconds:.9f}'.rstrip('0').rstrip('.')}"


class Seconds(click.FloatRange):
    """Seconds from a lower bound, or just above it, up to a day; never the float that is no number."""

    def __init__(self, *, above: float | None = None) -> None:
        super().__init__(min=above or 0, max=86_400, min_open=above is not None)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the number."""
        number = super().convert(value, param, ctx)
        if isnan(number):
            self.fail(f"{value!r} is not a number of seconds", param, ctx)
        return number


def _read_rate(ctx: click.Context, param: click.Parameter, text: str) -> Rate:
    written = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9}(?:\.[0-9]{1,9})?)", text.strip())
    rate = Rate(int(written[1]), float(written[2])) if written else None
    if rate is None or not rate.amount or not rate.seconds:
        raise click.BadParameter(f"{text!r} is not N/SECONDS, such as 1000/300", ctx, param)
    return rate


def _rate(name: str, default: str, what: str) -> Callable[[Verb], Verb]:
    return click.option(
        name,
        callback=_read_rate,
        default=default,
        show_default=True,
        metavar="N/SECONDS",
        help=f"At most N {what} in any SECONDS seconds.",
    )


requests_limit = _rate("--requests-limit", "1000/300", "requests")
drs_limit = _rate("--drs-limit", "500/300", "DRS files")


def example(line: str) -> str:
    """Return an epilog that shows a verb at work, on lines of its own."""
    return f"\b\nExample:\n  {line}"


def guarded(verb: Verb) -> Verb:
    """Give a verb standard error to speak to, options to look closer, and an end in words and a code."""

    @click.option("-v", "--verbose", is_flag=True, help="Show the debug log.")
    @click.option(
        "--log-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Append the debug log to this file, which only its owner may read.",
    )
    @click.option("--debug", is_flag=True, help="Show where an error came from.")
    @functools.wraps(verb)
    def command(*, verbose: bool, log_file: Path | None, debug: bool, **given: Any) -> None:
        from sbtransfer.cli.console import standard_error
        from sbtransfer.cli.logs import logs

        console = standard_error()
        with told(console, debug=debug), logs(console, verbose=verbose, path=log_file):
            click.get_current_context().exit(verb(console, **given))

    return command


def with_options(options: tuple[Callable[[Verb], Verb], ...], verb: Verb) -> Verb:
    """Give a verb several options, which its help shows in this order."""
    for option in reversed(options):
        verb = option(verb)
    return verb


volume = click.option("--volume", metavar="OWNER/NAME", help="The volume of rows that name none.")
overwrite = click.option("--overwrite", is_flag=True, help="Overwrite what has the same name.")
autorename = click.option("--autorename", is_flag=True, help="Number names that are taken.")
copy_only = click.option("--copy-only", is_flag=True, help="Copy: the files stay on the platform.")
conflict_resolution = click.option(
    "--conflict-resolution",
    type=click.Choice(get_args(ConflictResolution)),
    help="What to do where a name is taken; SKIP unless a row says otherwise.",
)
verify_drs = click.option(
    "--verify-drs/--no-verify-drs",
    default=True,
    show_default=True,
    help="See by the names of new files that results belong to their items; one request for each job.",
)
resend_ambiguous = click.option(
    "--resend-ambiguous",
    is_flag=True,
    help="Send DRS items again for which nothing tells whether they were done; they may then be there twice.",
)
tags = click.option("--tag", "tags", multiple=True, metavar="TAG", help="Tag the files; may be repeated.")


def destination(verb: Verb) -> Verb:
    """Give a verb the two ways to say where files go."""
    project = click.option(
        "--project", metavar="OWNER/NAME", help="The project of rows that name neither project nor parent."
    )
    parent = click.option(
        "--parent", metavar="ID", help="The folder of such rows, by its id, instead of --project."
    )
    return with_options((project, parent), verb)
