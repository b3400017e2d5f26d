"""A journal as a table, or as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson

from sbtransfer.cli.console import plain
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.known import Known, look
from sbtransfer.cli.verbs import verb_for

_FILES = ("", "-wal", "-journal")  # SQLite's own, beside the database
_UNKNOWN = "not known"


def show(journal: Path, *, as_json: bool) -> Exit:
    """Write what a journal holds to standard output."""
    facts = facts_of(look(journal))
    if as_json:
        click.echo(orjson.dumps(facts, option=orjson.OPT_INDENT_2))
    else:
        width = max(map(len, facts))
        for name, value in facts.items():
            click.echo(f"{name.replace('_', ' '):{width}}  {_shown(name, value)}")
    return Exit.COMPLETED


def facts_of(known: Known) -> dict[str, Any]:
    """Return what there is to say of a journal, by name; the counts of items come last."""
    source, counts = known.source or {}, known.counts
    return {
        "journal": str(known.path),
        "size": size_of(known.path),
        "created": known.created_on.isoformat(timespec="seconds"),
        "endpoint": known.owner.endpoint,
        "user": known.owner.username,
        "verb": verb_for(known.kind),
        "list": source.get("path"),
        "digest": known.notes.get("digest"),
        "results": known.notes.get("results"),
        "total": counts.total,
        "recorded": counts.recorded,
        "completed": counts.completed,
        "failed": counts.failed,
        "unconfirmed": counts.unconfirmed,
        "under_way": counts.under_way,
        "in_doubt": counts.in_doubt,
        "waiting": counts.waiting,
    }


def size_of(journal: Path) -> int:
    """Return how many bytes a journal takes on the disk."""
    files = (Path(f"{journal}{ending}") for ending in _FILES)
    return sum(file.stat().st_size for file in files if file.exists())


def _shown(name: str, value: object) -> str:
    match value:
        case None if name == "total":
            return "not known: the list was not read to its end yet"
        case None:
            return "none" if name == "results" else _UNKNOWN
        case int():
            return f"{value:,} bytes" if name == "size" else f"{value:,}"
        case _:
            return plain(str(value))
