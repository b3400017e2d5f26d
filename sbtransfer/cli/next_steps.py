"""What a journal says to a person: how far it is, and which command goes on from there."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from sbtransfer.cli.book import Book
from sbtransfer.cli.known import Known
from sbtransfer.models import Summary


def so_far(known: Known) -> str:
    """Return in one line how the items of a journal stood."""
    counts = known.counts
    ended = (
        f"{counts.completed:,} completed, {counts.failed:,} failed, {counts.unconfirmed:,} unconfirmed"
        f"{'' if counts.total is None else f' of {counts.total:,}'}"
    )
    if known.is_finished:
        return f"known from {known.path}: {ended}; that is all of the list"
    left = (
        (counts.under_way, "in jobs that are followed"),
        (counts.in_doubt, "in doubt, to be looked up"),
        (counts.waiting, "to be sent again"),
    )
    return "; ".join(
        (f"known from {known.path}: {ended}", *(f"{count:,} {what}" for count, what in left if count))
    )


def next_steps(book: Book, summary: Summary | None, options: Sequence[str]) -> list[str]:
    """Return which commands go on from here; `summary` is there for a run that came to its own end."""
    if summary is None or summary.unfinished:
        return [f"go on with: {command('resume', book.path, options)}", *_rest_of_input(book)]
    lines = []
    if summary.failed:
        lines.append(f"send what failed again with: {command('retry', book.path, options)}")
    if summary.unconfirmed:
        lines.append(
            f"look for what is unconfirmed with: {command('retry --unconfirmed', book.path, options)}"
        )
    return lines


def _rest_of_input(book: Book) -> list[str]:
    """Say how the rest of a list is sent that cannot be opened anew."""
    if book.source is not None or book.known is not None:
        return []
    path = shlex.quote(str(book.path))
    return [
        f"and for the rest of the list: the same command, with the whole list again, and --journal {path}"
    ]


def command(verb: str, journal: Path, options: Sequence[str]) -> str:
    """Return a command as a shell takes it."""
    path = str(journal)
    return shlex.join(["sbtransfer", *verb.split(), *options, f"./{path}" if path.startswith("-") else path])
