"""The option that leads to a cluster's database. Its value may hold a password, and is shown nowhere."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click
from attrs import field, frozen

from sbtransfer.cli.cluster.packages import check_packages
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import Verb

VARIABLE = "SBTRANSFER_DATABASE"
FORM = "postgresql://user@host:5432/name"


@frozen
class DatabaseURL:
    """The URL of a database, which no `repr` shows."""

    url: str = field(repr=False)


def _read(ctx: click.Context, param: click.Parameter, text: str | None) -> DatabaseURL | None:  # noqa: ARG001
    """Take it as it is: what cannot be read is refused where it is used, by words that do not show it."""
    if text and text.strip():
        return DatabaseURL(text.strip())
    if ctx.resilient_parsing:
        return None
    raise click.UsageError(f"no database: give --database {FORM}, or set {VARIABLE} to such a URL", ctx)


_DATABASE: Callable[[Verb], Verb] = click.option(
    "--database",
    callback=_read,
    envvar=VARIABLE,
    show_envvar=True,
    metavar="URL",
    help=f"The cluster's PostgreSQL, as {FORM}; a password is best kept in ~/.pgpass or PGPASSWORD.",
)


def with_database(options: Callable[[Verb], Verb]) -> Callable[[Verb], Verb]:
    """Give a verb `--database`, as a `DatabaseURL`, beside the `options` of `guarded` and the like.

    The verb is not entered, and imports nothing, where the packages for a database are missing.
    """

    def decorate(verb: Verb) -> Verb:
        @functools.wraps(verb)
        def command(*args: Any, **given: Any) -> Exit:
            check_packages()
            code: Exit = verb(*args, **given)
            return code

        return _DATABASE(options(command))

    return decorate


json_lines = click.option("--json", "as_json", is_flag=True, help="Write JSON, one run a line, for programs.")
_NUMBER = click.IntRange(min=1, max=2**31 - 1)
run_argument = click.argument("run", type=_NUMBER, metavar="RUN")
optional_run_argument = click.argument("run", type=_NUMBER, metavar="[RUN]", required=False)
