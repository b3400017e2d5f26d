"""The outcomes of a run as rows, to a file or to standard output."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import define, frozen
from rich.console import Console

from sbtransfer.cli.cluster.database import DatabaseURL
from sbtransfer.cli.cluster.opening import cluster_at
from sbtransfer.cli.cluster.watching import code_of
from sbtransfer.cli.console import say
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.loop import run as run_loop
from sbtransfer.cli.output import standard_output
from sbtransfer.cli.results import Form, Results, Write, exists, writer
from sbtransfer.cli.units import count
from sbtransfer.cluster.status import RunStatus
from sbtransfer.items import ITEM_TYPES, Kind
from sbtransfer.models import Outcome


@frozen(kw_only=True)
class Wanted:
    """Which rows are written, and where; `only` are states in words, in lower case."""

    run: int
    follow: bool = False
    only: tuple[str, ...] = ()
    output: Path | None = None
    form: Form | None = None
    force: bool = False

    def takes(self, outcome: Outcome) -> bool:
        """Whether an outcome is among them."""
        return not self.only or "all" in self.only or outcome.state.lower() in self.only


@define
class Rows:
    """Takes outcomes, and counts them."""

    write: Write
    rows: int = 0

    def add(self, outcome: Outcome) -> None:
        """Write a row."""
        self.write(outcome)
        self.rows += 1


def write_rows(console: Console, database: DatabaseURL, wanted: Wanted) -> Exit:
    """Write what is wanted; the exit code tells of the run."""
    if wanted.output is not None and wanted.output.exists() and not wanted.force:
        raise exists(wanted.output, "--output")
    rows, run = run_loop(_written(database, wanted), lambda: None)
    if wanted.output is not None:
        say(console, f"{wanted.output}: {count(rows, 'row')}")
    if not run.is_finished:
        say(console, f"run {run.id} is not finished: further rows will come")
    return code_of(run)


async def _written(database: DatabaseURL, wanted: Wanted) -> tuple[int, RunStatus]:
    async with cluster_at(database) as cluster:
        kind = kind_of((await cluster.status(wanted.run)).notes.get("kind"))
        with _target(wanted, kind) as rows:
            await _copy(cluster.results(wanted.run, follow=wanted.follow), wanted, rows)
        return rows.rows, await cluster.status(wanted.run)


async def _copy(outcomes: AsyncIterator[Outcome], wanted: Wanted, rows: Rows | Results) -> None:
    async for outcome in outcomes:
        if wanted.takes(outcome):
            rows.add(outcome)


def kind_of(noted: Any) -> Kind | None:
    """Return the kind of a run's items as it was noted; `None` where kinds may be mixed."""
    return next((kind for kind in ITEM_TYPES if kind == noted), None)


@contextmanager
def _target(wanted: Wanted, kind: Kind | None) -> Iterator[Rows | Results]:
    """Open what the rows go to: a file that is whole at the end, or one that grows."""
    if wanted.output is None:
        with standard_output("--output FILE") as file:
            write = writer(file, wanted.form or "jsonl", kind)

            def at_once(outcome: Outcome) -> None:
                write(outcome)
                file.flush()

            yield Rows(at_once if wanted.follow else write)
        return
    anew = not wanted.follow
    with Results(wanted.output, kind, form=wanted.form, force=wanted.force, anew=anew) as results:
        yield results
        results.publish()
