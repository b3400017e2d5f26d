"""Making a work list of what a volume or a project holds."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import evolve, field, frozen
from rich.console import Console
from rich.text import Text

from sbtransfer.cli.connection import Connection
from sbtransfer.cli.console import plain, say
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.listing.rows import PROJECT_COLUMNS, VOLUME_COLUMNS, Count, Row, project_rows, volume_rows
from sbtransfer.cli.listing.target import Form, Rows, written
from sbtransfer.cli.loop import run
from sbtransfer.cli.unknown import named
from sbtransfer.client import Client
from sbtransfer.sources import Selection


@frozen(kw_only=True)
class Making:
    """Where a list goes, and which things are on it; `more` are columns with the same value in each row."""

    output: Path | None
    form: Form | None
    force: bool
    selection: Selection
    more: Mapping[str, str] = field(factory=dict)

    def with_columns(self, **given: str | None) -> Making:
        """Return the same with such columns, as far as they were given."""
        return evolve(self, more={name: value for name, value in given.items() if value is not None})


def list_volume(console: Console, connection: Connection, making: Making, volume: str, prefix: str) -> Exit:
    """Write the objects of a volume as a list for `import`."""
    count = Count()

    def rows(client: Client) -> AsyncIterator[Row]:
        return volume_rows(client, volume, prefix, making.selection, count)

    return _made(console, connection, making, count, VOLUME_COLUMNS, rows, f"volume {volume}")


def list_project(
    console: Console,
    connection: Connection,
    making: Making,
    project: str | None,
    parent: str | None,
    *,
    aliases: bool,
) -> Exit:
    """Write the files of a project, or of a folder, as a list for `export`."""
    count = Count(aliases_listed=aliases)

    def rows(client: Client) -> AsyncIterator[Row]:
        return project_rows(client, project, parent, making.selection, count)

    what = f"folder {parent}" if project is None else f"project {project}"
    return _made(console, connection, making, count, PROJECT_COLUMNS, rows, what)


def _made(
    console: Console,
    connection: Connection,
    making: Making,
    count: Count,
    columns: Sequence[str],
    rows: Callable[[Client], AsyncIterator[Row]],
    what: str,
) -> Exit:
    async def make(target: Rows) -> None:
        async with connection.client() as client:
            with named(what), _told(console, client, count, making.output):
                async for row in rows(client):
                    target.add({**row, **making.more})

    with written(making.output, making.form, (*columns, *making.more), force=making.force) as target:
        run(make(target), lambda: None)
    say(console, str(count) if making.output is None else f"{making.output}: {count}")
    return Exit.COMPLETED


@contextmanager
def _told(console: Console, client: Client, count: Count, output: Path | None) -> Iterator[None]:
    """Show how far the list is, on a terminal to which nothing else writes meanwhile."""
    if not console.is_terminal or (output is None and not _to_a_file()):
        yield
        return
    with console.status(Meanwhile(client, count)):
        yield


def _to_a_file() -> bool:
    return stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)


@frozen
class Meanwhile:
    """How far a list is just now, looked at anew whenever the terminal is."""

    client: Client
    count: Count

    def __rich__(self) -> Text:
        waiting = self.client.waiting_for
        return Text(f"{self.count}{f'; waiting: {plain(waiting)}' if waiting else ''}", overflow="ellipsis")
