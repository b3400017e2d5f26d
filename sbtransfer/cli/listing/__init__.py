"""The verbs that make work lists of what there is."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sbtransfer.cli.connection import Connection, connected
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.listing.arguments import OWNED, owned, size
from sbtransfer.cli.options import Verb, example, with_options
from sbtransfer.cli.shared import results_path

if TYPE_CHECKING:
    from rich.console import Console

    from sbtransfer.cli.listing.making import Making


def _output(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    return None if path is None or str(path) == "-" else results_path(ctx, param, path)


_MAKING = (
    click.option(
        "--output",
        type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
        callback=_output,
        metavar="FILE",
        help="Where to write, a file that ends in .csv or .jsonl; standard output by default.",
    ),
    click.option(
        "--format",
        "form",
        type=click.Choice(("csv", "jsonl")),
        help="The format, if not the one that FILE ends in; CSV for standard output.",
    ),
    click.option("--force", is_flag=True, help="Overwrite FILE."),
    click.option(
        "--include",
        multiple=True,
        metavar="PATTERN",
        help="Such names alone, or such paths for a PATTERN with a slash; may be repeated.",
    ),
    click.option("--exclude", multiple=True, metavar="PATTERN", help="No such ones; may be repeated."),
    click.option(
        "--min-size",
        type=size,
        metavar="SIZE",
        help="None that are smaller; K, M, G and T are powers of 1024.",
    ),
    click.option("--max-size", type=size, metavar="SIZE", help="None that are larger."),
)


def _making(verb: Verb) -> Verb:
    """Give a verb the options of how a list is made, as one `Making`."""

    @functools.wraps(verb)
    def command(
        console: Console,
        connection: Connection,
        *,
        output: Path | None,
        form: Any,
        force: bool,
        include: tuple[str, ...],
        exclude: tuple[str, ...],
        min_size: int | None,
        max_size: int | None,
        **own: Any,
    ) -> Exit:
        from sbtransfer.cli.listing.making import Making
        from sbtransfer.sources import Selection

        selection = Selection(include=include, exclude=exclude, min_size=min_size, max_size=max_size)
        making = Making(output=output, form=form, force=force, selection=selection)
        code: Exit = verb(console, connection, making, **own)
        return code

    return with_options(_MAKING, connected(command))


@click.group(
    "list", epilog=example("sbtransfer list volume rfranklin/input --prefix runs/ --output runs.csv")
)
def list_() -> None:
    """Make a work list of what a volume or a project holds, for 'import' and 'export'."""


@list_.command(
    epilog=example(
        "sbtransfer list volume rfranklin/input --prefix runs/ |\n"
        "    sbtransfer import - --project rfranklin/my-project"
    )
)
@click.argument("volume", type=owned, metavar=OWNED)
@click.option("--prefix", default="", metavar="TEXT", help="What the locations begin with.")
@click.option(
    "--to-project", type=owned, metavar=OWNED, help="Add the column project: where 'import' brings them."
)
@click.option("--to-parent", metavar="ID", help="Add the column parent, a folder's id, instead.")
@_making
def volume(
    console: Console,
    connection: Connection,
    making: Making,
    *,
    volume: str,
    prefix: str,
    to_project: str | None,
    to_parent: str | None,
) -> Exit:
    """List the objects of a volume, with their size and md5 as far as they are known.

    A PATTERN is a shell's, and * also stands for slashes; paths begin at the folder that the prefix is or is
    in. How many files were left out is said at the end, and why. Rows are written as they come: a list that
    an error cuts short ends in a line that no verb takes.
    """
    from sbtransfer.cli.listing.making import list_volume

    if to_project and to_parent:
        raise click.UsageError("give --to-project or --to-parent, not both")
    return list_volume(
        console, connection, making.with_columns(project=to_project, parent=to_parent), volume, prefix
    )


@list_.command(
    epilog=example(
        "sbtransfer list project rfranklin/my-project |\n"
        "    sbtransfer export - --volume rfranklin/output --copy-only"
    )
)
@click.argument("project", type=owned, metavar=OWNED, required=False)
@click.option("--parent", metavar="ID", help="A folder, by its id, instead of the project.")
@click.option(
    "--to-volume", type=owned, metavar=OWNED, help="Add the column volume: where 'export' brings them."
)
@click.option("--aliases", is_flag=True, help="Also list aliases, which cannot be exported.")
@_making
def project(
    console: Console,
    connection: Connection,
    making: Making,
    *,
    project: str | None,
    parent: str | None,
    to_volume: str | None,
    aliases: bool,
) -> Exit:
    """List the files of a project or a folder; their location is the path within it.

    Aliases are left out, since their bytes are on a volume already. The rest is as for 'list volume'.
    """
    from sbtransfer.cli.listing.making import list_project

    if (project is None) == (parent is None):
        raise click.UsageError("give either a project or a folder as --parent, and only one of them")
    return list_project(
        console, connection, making.with_columns(volume=to_volume), project, parent, aliases=aliases
    )
