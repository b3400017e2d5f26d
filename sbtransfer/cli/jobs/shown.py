"""The platform's lists of jobs, to standard output."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import IO, TextIO, TypeAlias, cast

from attrs import frozen
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from sbtransfer.cli.connection import Connection
from sbtransfer.cli.console import say
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.jobs.table import (
    COLUMNS,
    STYLES,
    Listed,
    first_line,
    further_lines,
    heading,
    json_line,
    tabbed,
)
from sbtransfer.cli.loop import run
from sbtransfer.cli.output import standard_output
from sbtransfer.cli.unknown import named
from sbtransfer.client import Client

_FLUSH = 100  # jobs, which is a page

Show: TypeAlias = Callable[[Listed], None]


@frozen(kw_only=True)
class Wanted:
    """Which jobs are listed, and how; a `limit` of `None` stands for all."""

    states: tuple[str, ...] = ()
    project: str | None = None
    volume: str | None = None
    limit: int | None = None
    as_json: bool = False

    def imports(self, client: Client) -> AsyncIterator[Listed]:
        """Return the imports that are wanted."""
        return client.list_imports(project=self.project, volume=self.volume, state=self.states)

    def exports(self, client: Client) -> AsyncIterator[Listed]:
        """Return the exports that are wanted."""
        return client.list_exports(volume=self.volume, state=self.states)


def show_imports(console: Console, connection: Connection, wanted: Wanted) -> Exit:
    """Write the imports of the token's owner, as the platform lists them."""
    return _show(console, connection, wanted, wanted.imports, "imports")


def show_exports(console: Console, connection: Connection, wanted: Wanted) -> Exit:
    """Write the exports of the token's owner, as the platform lists them."""
    return _show(console, connection, wanted, wanted.exports, "exports")


def _show(
    console: Console,
    connection: Connection,
    wanted: Wanted,
    jobs: Callable[[Client], AsyncIterator[Listed]],
    what: str,
) -> Exit:
    async def write(file: TextIO) -> tuple[int, bool]:
        async with connection.client() as client:
            with named(what):
                return await _write(jobs(client), wanted, file)

    with standard_output() as file:
        shown, more = run(write(file), lambda: None)
    if more:
        first = f"the first {shown:,} that the platform lists"
        say(console, f"{first}; there are more {what}: --limit N, or --all")
    elif not shown:
        say(console, f"no {what} found")
    return Exit.COMPLETED


async def _write(jobs: AsyncIterator[Listed], wanted: Wanted, file: TextIO) -> tuple[int, bool]:
    """Show jobs up to the limit; return how many, and whether there are more."""
    show, shown = _writer(file, as_json=wanted.as_json), 0
    async for job in jobs:
        if shown == wanted.limit:
            return shown, True
        show(job)
        shown += 1
        if shown % _FLUSH == 0:
            file.flush()
    return shown, False


def _writer(file: TextIO, *, as_json: bool) -> Show:
    if as_json:
        return lambda job: _put(file, json_line(job))
    if file.isatty():
        return ToTerminal(Console(file=cast("IO[str]", file), highlight=False))
    _put(file, "\t".join(COLUMNS))
    return lambda job: _put(file, tabbed(job))


def _put(file: TextIO, line: str) -> None:
    file.write(f"{line}\n")


class ToTerminal:
    """Jobs on a terminal, a few lines each: what they name is too long for a table of one line a job."""

    def __init__(self, terminal: Console) -> None:
        self._terminal = terminal
        self._id_width = 0

    def __call__(self, job: Listed) -> None:
        """Show a job, below the heading if it is the first one."""
        if not self._id_width:
            self._id_width = len(job.id)
            self._terminal.print(Text(heading(self._id_width), "bold"), soft_wrap=True)
        before, state, after = first_line(job, self._id_width)
        self._terminal.print(Text.assemble(before, (state, STYLES.get(state, "")), after), soft_wrap=True)
        for line in further_lines(job):
            self._terminal.print(Padding(Text(line, "dim", overflow="fold"), (0, 0, 0, 2), expand=False))
