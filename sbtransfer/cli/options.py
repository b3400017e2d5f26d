"""The options of the command line, each in one place."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

import attrs
import click
from attrs import frozen

from sbtransfer.cli.exits import Exit, told
from sbtransfer.items import ConflictResolution

if TYPE_CHECKING:
    from sbtransfer.worklist import Format

Verb: TypeAlias = Callable[..., Any]

FORMATS = ("csv", "tsv", "json", "jsonl")
RESULTS_ENDINGS = (".jsonl", ".csv")


@frozen
class Rate:
    """So much in any so many seconds."""

    amount: int
    seconds: float


def _read_rate(ctx: click.Context, param: click.Parameter, text: str) -> Rate:
    written = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9}(?:\.[0-9]{1,9})?)", text.strip())
    rate = Rate(int(written[1]), float(written[2])) if written else None
    if rate is None or not rate.amount or not rate.seconds:
        raise click.BadParameter(f"{text!r} is not N/SECONDS, such as 1000/300", ctx, param)
    return rate


def _results_path(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    if path is None:
        return None
    if path.suffix.lower() not in RESULTS_ENDINGS:
        raise click.BadParameter(f"{str(path)!r} must end in {' or '.join(RESULTS_ENDINGS)}", ctx, param)
    if not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder {str(path.parent)!r}: make it first", ctx, param)
    return path


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


@frozen(kw_only=True)
class Shared:
    """What all three verbs are given."""

    work_list: str
    endpoint: str | None
    profile: str | None
    format: Format | None
    results: Path | None
    force: bool
    requests_limit: Rate
    drs_limit: Rate
    lag: float | None
    max_in_flight: int
    stream: bool
    quiet: bool
    connect_timeout: float

    def check_results(self) -> None:
        """Raise a usage error for a results file that would overwrite something, the work list above all."""
        if self.results is None or not self.results.exists():
            return
        if Path(self.work_list).exists() and self.results.samefile(self.work_list):
            raise click.UsageError(f"{str(self.results)!r} is the work list: it cannot take the results, too")
        if not self.force:
            raise click.UsageError(f"{str(self.results)!r} exists: give another --results, or --force")


_SHARED = (
    click.argument("work_list", metavar="WORKLIST"),
    click.option("--endpoint", metavar="URL", help="The platform's base URL, instead of SB_API_ENDPOINT."),
    click.option("--profile", metavar="NAME", help="The profile of ~/.sevenbridges/credentials to use."),
    click.option(
        "--format", type=click.Choice(FORMATS), help="The list's format, where its name does not tell."
    ),
    click.option(
        "--results",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=_results_path,
        metavar="FILE",
        help="Write a row for each item as it ends; FILE ends in .jsonl or .csv.",
    ),
    click.option("--force", is_flag=True, help="Overwrite the results file."),
    requests_limit,
    drs_limit,
    click.option(
        "--lag",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="See half of the jobs within SECONDS of their end; less lag costs more requests. 27 by default.",
    ),
    click.option(
        "--max-in-flight",
        type=click.IntRange(min=1),
        default=10_000,
        show_default=True,
        metavar="N",
        help="Read the list at most N items ahead of what has ended.",
    ),
    click.option("--stream", is_flag=True, help="Send the list as it is read, without checking it first."),
    click.option("-q", "--quiet", is_flag=True, help="Say nothing unless something goes wrong."),
    click.option(
        "--connect-timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=30.0,
        hidden=True,
    ),
)


def shared(verb: Verb) -> Verb:
    """Give a verb its work list and the options that all three have, as one `Shared`.

    What the verb has of its own comes as `defaults`: the fields of items that a list need not give.
    """

    @functools.wraps(verb)
    def command(console: object, **given: Any) -> Exit:
        options = Shared(**{field.name: given.pop(field.name) for field in attrs.fields(Shared)})
        options.check_results()
        code: Exit = verb(console, options, _given(given))
        return code

    return _with(_SHARED, guarded(command))


def _given(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the defaults that were given: a flag that is off says nothing about the rows."""
    return {name: value for name, value in defaults.items() if value not in (None, False, ())}


def example(line: str) -> str:
    """Return an epilog that shows a verb at work, on lines of its own."""
    return f"\b\nExample:\n  {line}"


def guarded(verb: Verb) -> Verb:
    """Give a verb standard error to speak to, `--verbose` and `--debug`, and an end in words and a code."""

    @click.option("-v", "--verbose", is_flag=True, help="Show the debug log.")
    @click.option("--debug", is_flag=True, help="Show where an error came from.")
    @functools.wraps(verb)
    def command(*, verbose: bool, debug: bool, **given: Any) -> None:
        from sbtransfer.cli.console import logs, standard_error

        console = standard_error()
        with told(console, debug=debug), logs(console, verbose=verbose):
            click.get_current_context().exit(verb(console, **given))

    return command


def _with(options: tuple[Callable[[Verb], Verb], ...], verb: Verb) -> Verb:
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
tags = click.option("--tag", "tags", multiple=True, metavar="TAG", help="Tag the files; may be repeated.")


def destination(verb: Verb) -> Verb:
    """Give a verb the two ways to say where files go."""
    project = click.option(
        "--project", metavar="OWNER/NAME", help="The project of rows that name neither project nor parent."
    )
    parent = click.option(
        "--parent", metavar="ID", help="The folder of such rows, by its id, instead of --project."
    )
    return _with((project, parent), verb)
