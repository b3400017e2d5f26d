"""How runs stand, once or again and again, to standard output."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import IO, TYPE_CHECKING, TextIO, TypeAlias, cast

from attrs import define, field
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from sbtransfer.cli.cluster.database import DatabaseURL
from sbtransfer.cli.cluster.opening import cluster_at
from sbtransfer.cli.cluster.table import (
    COLUMNS,
    STYLES,
    aligned,
    block,
    cells,
    json_line,
    line,
    state_of,
    tabbed,
)
from sbtransfer.cli.console import say
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.loop import run as run_loop
from sbtransfer.cli.output import standard_output
from sbtransfer.cluster.status import RunStatus

if TYPE_CHECKING:
    from sbtransfer.cluster.cluster import Cluster

Runs: TypeAlias = Sequence[RunStatus]


def show(
    console: Console, database: DatabaseURL, run: int | None, *, every: float | None, as_json: bool
) -> Exit:
    """Write how a run stands, or how all do; with `every`, so often (in seconds) until they are finished."""
    with standard_output() as file:
        runs = run_loop(_shown(database, run, every, file, as_json=as_json), lambda: None)
    if not runs:
        say(console, "nothing was submitted yet: 'sbtransfer cluster submit' does")
    return Exit.COMPLETED if run is None else code_of(runs[0])


def code_of(run: RunStatus) -> Exit:
    """Return what the exit code tells of a run."""
    return Exit.INCOMPLETE if run.is_finished and not run.ok else Exit.COMPLETED


def is_over(runs: Runs) -> bool:
    """Whether nothing will change any more; journals of single processes are no matter of the cluster's."""
    return all(run.is_finished for run in runs if run.state != "own" or len(runs) == 1)


async def _shown(
    database: DatabaseURL, run: int | None, every: float | None, file: TextIO, *, as_json: bool
) -> Runs:
    async with cluster_at(database) as cluster:
        if every is not None:
            return await _watched(cluster, run, every, file, as_json=as_json)
        runs = await _look(cluster, run)
        for one in once(runs, of_one=run is not None, terminal=file.isatty(), as_json=as_json):
            _put(file, one)
        return runs


async def _look(cluster: Cluster, run: int | None) -> Runs:
    return await cluster.runs() if run is None else [await cluster.status(run)]


async def _watched(cluster: Cluster, run: int | None, every: float, file: TextIO, *, as_json: bool) -> Runs:
    in_place = file.isatty() and not as_json
    watch = InPlace(file, of_one=run is not None) if in_place else Lines(file, json_line if as_json else line)
    with watch.shown():
        while True:
            runs = await _look(cluster, run)
            watch.update(runs)
            if is_over(runs):
                return runs
            await asyncio.sleep(every)


def once(runs: Runs, *, of_one: bool, terminal: bool, as_json: bool) -> Iterator[str]:
    """Yield the lines that tell of runs: of one in full, of several in a table."""
    if as_json:
        yield from map(json_line, runs)
    elif of_one:
        yield from block(runs[0])
    elif runs and terminal:
        yield from aligned((COLUMNS, *map(cells, runs)))
    elif runs:
        yield "\t".join(COLUMNS)
        yield from map(tabbed, runs)


@define
class Lines:
    """A line for each run that has changed, for pipes and logs."""

    file: TextIO
    form: Callable[[RunStatus], str]
    _told: dict[int, str] = field(init=False, factory=dict)

    def shown(self) -> AbstractContextManager[object]:
        """Do nothing."""
        return nullcontext()

    def update(self, runs: Runs) -> None:
        """Write what was not told yet."""
        for run in runs:
            text = self.form(run)
            if self._told.get(run.id) != text:
                self._told[run.id] = text
                _put(self.file, text)


@define
class InPlace:
    """What is told of runs, drawn anew in its place on a terminal, where it stays at the end."""

    file: TextIO
    of_one: bool
    _live: Live = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._live = Live(
            console=Console(file=cast("IO[str]", self.file), highlight=False), auto_refresh=False
        )

    def shown(self) -> AbstractContextManager[object]:
        """Draw while the context lasts."""
        return self._live

    def update(self, runs: Runs) -> None:
        """Draw it anew."""
        styles = ["bold", *(STYLES.get(state_of(run), "") for run in runs)]
        told = once(runs, of_one=self.of_one, terminal=True, as_json=False)
        texts = [
            Text(one, "" if self.of_one and n else styles[min(n, len(runs))], overflow="fold")
            for n, one in enumerate(told)
        ]
        self._live.update(Group(*texts), refresh=True)


def _put(file: TextIO, text: str) -> None:
    file.write(f"{text}\n")
    file.flush()
