"""Progress on standard error: a bar where that is a terminal, a line now and then where it is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from datetime import datetime, timedelta
from math import ceil, isfinite
from typing import Protocol

from attrs import define, field
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sbtransfer.cli.console import plain, say
from sbtransfer.cli.verbs import verb_for
from sbtransfer.items import Kind
from sbtransfer.progress import Progress
from sbtransfer.run import TransferRun


def span(seconds: float) -> str:
    """Return a time as hours, minutes and seconds."""
    return str(timedelta(seconds=round(seconds)))


def clock(seconds: float) -> str:
    """Return a short time as minutes and seconds, rounded up."""
    minutes, rest = divmod(ceil(seconds), 60)
    return f"{minutes}:{rest:02}"


def how_far(progress: Progress) -> str:
    """Say how many items have ended, of how many."""
    if progress.total is None:
        return f"{progress.ended:,} of {progress.read:,} read so far"
    return f"{progress.ended:,} of {progress.total:,}"


def counts(progress: Progress) -> str:
    """Say what became of the items, and how many are in jobs now, or in doubt."""
    in_doubt = f", {progress.in_doubt:,} in doubt" if progress.in_doubt else ""
    return (
        f"{progress.completed:,} completed, {progress.failed:,} failed, "
        f"{progress.unconfirmed:,} unconfirmed, {progress.under_way:,} under way{in_doubt}"
    )


def left(progress: Progress, kind: Kind | None) -> str:
    """Say what is left of the budgets that a kind of item spends; empty if they are unlimited."""
    budgets = [("requests", progress.requests_left, progress.requests_more_in)]
    if kind in ("drs", None):
        budgets.append(("files", progress.files_left, progress.files_more_in))
    parts = [
        f"{amount:,.0f} {name} left" + ("" if more_in is None else f", more in {clock(more_in)}")
        for name, amount, more_in in budgets
        if isfinite(amount)
    ]
    return "; ".join(parts)


def times(progress: Progress) -> str:
    """Say how long it has taken, how long it may take yet, and when it may end."""
    if progress.remaining is None:
        return span(progress.elapsed)
    end = datetime.now() + timedelta(seconds=progress.remaining)
    return f"{span(progress.elapsed)}, about {span(progress.remaining)} left, until {when(end)}"


def when(end: datetime) -> str:
    """Return a time on the user's clock; with the day, if that is not today."""
    return f"{end:%H:%M}" if end.date() == datetime.now().date() else f"{end:%a %d %b, %H:%M}"


def waits(progress: Progress) -> str:
    """Say what is waited for; empty if nothing is."""
    if not progress.waiting_for:
        return ""
    again = "" if progress.waiting_seconds is None else f", again in {clock(progress.waiting_seconds)}"
    return f"waiting: {plain(progress.waiting_for)}{again}"


def as_line(progress: Progress, kind: Kind | None) -> str:
    """Return progress as one line of text."""
    parts = (how_far(progress), counts(progress), left(progress, kind), times(progress), waits(progress))
    return f"{verb_for(kind)}: {'; '.join(part for part in parts if part)}"


def as_bar(progress: Progress, kind: Kind | None) -> RenderableType:
    """Return progress as a bar with what is known below it."""
    bar = Table.grid(padding=(0, 2), expand=True)
    bar.add_column(no_wrap=True)
    bar.add_column(ratio=1)
    bar.add_column(no_wrap=True)
    bar.add_row(
        verb_for(kind),
        ProgressBar(progress.total, progress.ended, pulse=progress.total is None),
        how_far(progress),
    )
    # The last line is short: where it fills its line, the ^C that a terminal shows would begin another one.
    below = [waits(progress), counts(progress), left(progress, kind), times(progress)]
    return Group(bar, *(Text(line, "dim", no_wrap=True, overflow="ellipsis") for line in below if line))


class View(Protocol):
    """Shows progress every so many seconds, while its `shown` lasts."""

    every: float

    def shown(self) -> AbstractContextManager[object]:
        """Return the context in which progress is shown."""

    def connecting(self, endpoint: str) -> None:
        """Show that there is no answer yet."""

    def update(self, progress: Progress) -> None:
        """Show where the run is now."""


@define
class Hidden:
    """Shows nothing."""

    every: float = 60.0

    def shown(self) -> AbstractContextManager[object]:
        """Do nothing."""
        return nullcontext()

    def connecting(self, endpoint: str) -> None:
        """Do nothing."""

    def update(self, progress: Progress) -> None:
        """Do nothing."""


@define
class Lines(Hidden):
    """A line every ten seconds, for logs."""

    console: Console = field(kw_only=True)
    kind: Kind | None = field(kw_only=True)
    every: float = 10.0

    def update(self, progress: Progress) -> None:
        """Write a line."""
        say(self.console, as_line(progress, self.kind))


@define
class Bar:
    """A bar that stays below what else is written, and goes when the run has ended."""

    console: Console
    kind: Kind | None
    every: float = 0.2
    _live: Live = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._live = Live(console=self.console, auto_refresh=False, transient=True)

    def shown(self) -> AbstractContextManager[object]:
        """Draw the bar while the context lasts."""
        return self._live

    def connecting(self, endpoint: str) -> None:
        """Say so where the bar will be."""
        self._live.update(Text(f"connecting to {plain(endpoint)} …", "dim"), refresh=True)

    def update(self, progress: Progress) -> None:
        """Draw the bar anew."""
        self._live.update(as_bar(progress, self.kind), refresh=True)


def view_for(console: Console, kind: Kind | None, *, quiet: bool = False) -> View:
    """Return the view that suits where standard error goes."""
    if quiet:
        return Hidden()
    if console.file.isatty() and not console.is_dumb_terminal:
        return Bar(console, kind)
    return Lines(console=console, kind=kind)


@asynccontextmanager
async def showing(run: TransferRun, view: View) -> AsyncIterator[None]:
    """Keep the view up to date until the block ends."""

    async def keep_showing() -> None:
        while True:
            await asyncio.sleep(view.every)
            view.update(run.progress)

    task = asyncio.create_task(keep_showing())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
