"""Making a journal small."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from sbtransfer.cli.console import say
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.inspect import size_of
from sbtransfer.cli.known import Known, look, usable
from sbtransfer.cli.loop import run
from sbtransfer.cli.next_steps import command
from sbtransfer.errors import SettingsError
from sbtransfer.journal import SQLiteJournal


def prune_journal(console: Console, path: Path, *, force: bool) -> Exit:
    """Drop what a journal holds of completed items, and say what that has saved."""
    known = look(path)
    if not known.is_finished and not force:
        raise SettingsError(
            f"{path}: this run is not finished: go on with {command('resume', path, ())} first, or --force"
        )
    before = size_of(path)
    run(_prune(known), lambda: None)
    say(console, f"{path}: {before:,} bytes before, {size_of(path):,} after")
    return Exit.COMPLETED


async def _prune(known: Known) -> None:
    journal = SQLiteJournal(known.path)
    with usable():
        await journal.open(known.owner)
    try:
        await journal.prune()
    finally:
        await journal.aclose()
