"""Journals of command lines, in the states that their runs leave behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from sbtransfer.cli import cli
from sbtransfer.cli.options import Rate
from sbtransfer.cli.shared import Running, Shared
from sbtransfer.journal import SQLiteJournal
from tests.unit.journal.journals import ROSA, an_outcome, completed, intend, listed

LIST: dict[str, Any] = {"path": "/lists/a.csv", "kind": "import", "defaults": {}, "format": None}
NOTES = {"results": "/out/a.csv", "digest": "ab12"}

RUNNING: dict[str, Any] = {
    "endpoint": None,
    "platform": None,
    "profile": None,
    "results": None,
    "force": False,
    "requests_limit": Rate(1000, 300),
    "drs_limit": Rate(500, 300),
    "lag": None,
    "max_in_flight": 100,
    "settle": 120.0,
    "timeout": 120.0,
    "grace": 10.0,
    "quiet": False,
    "connect_timeout": 1.0,
}


def running(**given: Any) -> Running:
    return Running(**RUNNING | given)


def shared(work_list: object, **given: Any) -> Shared:
    own: dict[str, Any] = {"format": None, "journal": None, "no_journal": False, "stream": False}
    return Shared(**RUNNING | own | {"work_list": str(work_list)} | given)


def make_journal(
    path: Path,
    *,
    good: int = 2,
    bad: int = 0,
    under_way: int = 0,
    total: int | None = None,
    source: Mapping[str, Any] | None = None,
    notes: Mapping[str, Any] | None = None,
) -> Path:
    """Write a journal whose first items were completed, the next ones failed, and the last are in jobs."""

    async def write() -> None:
        journal = SQLiteJournal(path)
        await journal.open(ROSA, source)
        for name, value in (notes or {}).items():
            await journal.note(name, value)
        if good:
            await completed(journal, listed(good))
        if bad:
            entries = listed(bad, first=good)
            await intend(journal, entries)
            await journal.ended([an_outcome(entry, "FAILED") for entry in entries])
        if under_way:
            entries = listed(under_way, first=good + bad)
            sent = await intend(journal, entries)
            await journal.answered(sent.call, {entry.index: f"j{entry.index}" for entry in entries}, ())
        if total is not None:
            await journal.exhausted(total)
        await journal.aclose()

    asyncio.run(write())
    return path


def ended_journal(folder: Path) -> Path:
    """Write the journal of a list of which three items were completed and two failed."""
    return make_journal(folder / "j", good=3, bad=2, total=5, source=LIST, notes=NOTES)


def invoke(*args: object) -> Result:
    """Run one of the verbs that look into a journal."""
    return CliRunner().invoke(cli, ["journal", *map(str, args)])


def rows(text: str) -> list[dict[str, Any]]:
    """Read JSON lines."""
    return [json.loads(line) for line in text.splitlines()]
