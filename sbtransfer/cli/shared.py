"""The options that verbs have in common, as the values that they become."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import frozen
from click.core import ParameterSource

from sbtransfer.cli.connection import PLACE, WAITING, Connection, seconds, taken
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import Rate, Seconds, Verb, drs_limit, guarded, requests_limit, with_options

if TYPE_CHECKING:
    from sbtransfer.worklist import Format

FORMATS = ("csv", "tsv", "json", "jsonl")
STATES = ("failed", "unconfirmed", "completed", "all")
RESULTS_ENDINGS = (".jsonl", ".csv")


@frozen(kw_only=True)
class Running(Connection):
    """How a transfer is run; `repeated` is what the command that goes on with it must be given again."""

    results: Path | None
    force: bool
    requests_limit: Rate
    drs_limit: Rate
    lag: float | None
    max_in_flight: int
    settle: float
    grace: float
    quiet: bool
    verify: bool = False
    verify_drs: bool = True
    resend_ambiguous: bool = False
    no_results: bool = False
    as_json: bool = False
    repeated: tuple[str, ...] = ()

    @property
    def of_the_run(self) -> dict[str, Any]:
        """The options of `Client.transfer` and its like."""
        names = ("max_in_flight", "settle", "grace", "verify_drs", "resend_ambiguous")
        return {name: getattr(self, name) for name in names}


@frozen(kw_only=True)
class Shared(Running):
    """What all three verbs that take a list are given."""

    work_list: str
    format: Format | None
    journal: Path | None
    no_journal: bool
    stream: bool
    only: tuple[str, ...] = ()
    dry_run: bool = False
    look_first: bool = True
    allow_name_collisions: bool = False

    def check(self) -> None:
        """Raise a usage error for options that exclude each other, or that name the same file twice."""
        super().check()
        if self.dry_run and self.stream:
            raise click.UsageError("--dry-run looks over the whole list: leave out --stream")
        if self.journal and self.no_journal:
            raise click.UsageError("give --journal or --no-journal, not both")
        if self.journal and same(self.journal, self.work_list):
            raise click.UsageError(f"{str(self.journal)!r} is the work list: give the journal another name")
        if self.results and same(self.results, self.work_list):
            raise click.UsageError(f"{str(self.results)!r} is the work list: it cannot take the results, too")
        if self.results and self.journal and same(self.results, self.journal):
            raise click.UsageError(f"{str(self.results)!r} cannot take the results and the journal, too")


def same(one: Path, other: Path | str) -> bool:
    """Return whether two paths lead to the same file, through whatever links."""
    there = Path(other)
    if one.exists() and there.exists():
        return one.samefile(there)
    return one.resolve() == there.resolve()


def results_path(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    """Check where rows are to be written."""
    if path is None:
        return None
    if path.suffix.lower() not in RESULTS_ENDINGS:
        raise click.BadParameter(f"{str(path)!r} must end in {' or '.join(RESULTS_ENDINGS)}", ctx, param)
    if not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder {str(path.parent)!r}: make it first", ctx, param)
    return path


_RUNNING = (
    *PLACE,
    click.option(
        "--results",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=results_path,
        metavar="FILE",
        help="Write a row for each item as it ends; FILE ends in .jsonl or .csv.",
    ),
    click.option("--force", is_flag=True, help="Overwrite the results file."),
    requests_limit,
    drs_limit,
    click.option(
        "--lag",
        type=Seconds(above=0),
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
    seconds("--settle", 120, "How long the platform may work on a call after its answer was lost, at most."),
    *WAITING,
    seconds("--grace", 10, "How long the first Ctrl-C waits for answers that are on their way."),
    click.option(
        "--verify",
        is_flag=True,
        help="Afterwards, compare what arrived with what the list promised: name, place, size, md5.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="Say nothing unless something goes wrong."),
    click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Write what happens to standard output, one JSON object a line, for programs.",
    ),
)

_LISTED = (
    click.argument("work_list", metavar="WORKLIST", type=click.Path(allow_dash=True)),
    click.option(
        "--format", type=click.Choice(FORMATS), help="The list's format, where its name does not tell."
    ),
    click.option(
        "--journal",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="PATH",
        help="Where to keep what a later run needs to go on; by default WORKLIST.sbtransfer, for standard "
        "input a file in ~/.local/state/sbtransfer.",
    ),
    click.option("--no-journal", is_flag=True, help="Keep no journal: a run that is killed cannot go on."),
    click.option("--stream", is_flag=True, help="Send the list as it is read, without checking it first."),
    click.option(
        "--only",
        type=click.Choice(STATES, case_sensitive=False),
        multiple=True,
        help="Of a results file, take the items in this state; may be repeated.",
    ),
    click.option(
        "--dry-run",
        is_flag=True,
        help="Say what would be sent, how long that takes, and which traps the list holds; send nothing.",
    ),
    click.option(
        "--check/--no-check",
        "look_first",
        default=True,
        show_default=True,
        help="Look first whether projects and volumes are there, and take what is sent.",
    ),
    click.option(
        "--allow-name-collisions",
        is_flag=True,
        help="Send items although they share a destination name, where only one of them can arrive.",
    ),
)

# What the connection and the pace depend on; the rest is in the journal, or a matter of one command.
_REPEATED = frozenset(
    {
        "endpoint",
        "platform",
        "profile",
        "requests_limit",
        "drs_limit",
        "lag",
        "max_in_flight",
        "settle",
        "timeout",
    }
    | {"grace", "connect_timeout", "verify", "verify_drs", "resend_ambiguous"}
)


def shared(verb: Verb) -> Verb:
    """Give a verb its work list and the options that all three have, as one `Shared`.

    What the verb has of its own comes as `defaults`: the fields of items that a list need not give.
    """

    @functools.wraps(verb)
    def command(console: object, **given: Any) -> Exit:
        options = Shared(**taken(Shared, given), repeated=repeated(click.get_current_context()))
        options.check()
        code: Exit = verb(console, options, _given(given))
        return code

    return with_options((*_LISTED, *_RUNNING), guarded(command))


def running(verb: Verb) -> Verb:
    """Give a verb the options of how a transfer is run, as one `Running`."""

    @functools.wraps(verb)
    def command(console: object, **given: Any) -> Exit:
        options = Running(**taken(Running, given), repeated=repeated(click.get_current_context()))
        options.check()
        code: Exit = verb(console, options, **given)
        return code

    return with_options(_RUNNING, guarded(command))


def _given(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the defaults that were given: a flag that is off says nothing about the rows."""
    return {name: value for name, value in defaults.items() if value not in (None, False, ())}


def repeated(context: click.Context) -> tuple[str, ...]:
    """Return the options that were given and will be needed again, as they would be typed."""
    words: list[str] = []
    for param in context.command.params:
        name = param.name or ""
        if name in _REPEATED and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            words += _typed(param, context.params[name])
    return tuple(words)


def _typed(param: click.Parameter, value: object) -> tuple[str, ...]:
    match value:
        case True:
            return (param.opts[0],)
        case False:
            return (param.secondary_opts[0],)
        case float():
            return param.opts[0], f"{value:.9g}"
        case _:
            return param.opts[0], str(value)
