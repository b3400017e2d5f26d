"""Going on with the run of a journal, or trying again what failed in it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from rich.console import Console

from sbtransfer.cli.book import Book
from sbtransfer.cli.events import errors
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.known import Known, look
from sbtransfer.cli.lists import checked
from sbtransfer.cli.move import Move, carry_out, noted, nothing_sent, results_path, teller_for
from sbtransfer.cli.results import Results
from sbtransfer.cli.shared import Running
from sbtransfer.client import Client
from sbtransfer.errors import JournalRefusedError, WorkListError
from sbtransfer.journal import JournalReader
from sbtransfer.rest import file_of
from sbtransfer.run import TransferRun
from sbtransfer.settings import Settings

Retry = Literal["failed", "unconfirmed"]


def go_on(console: Console, journal: Path, running: Running, retry: Retry | None = None) -> Exit:
    """Finish what a journal holds and what is left of its list; with `retry`, try again what failed."""
    with errors(told=running.as_json):
        with nothing_sent():
            known = look(journal)
            settings = running.settings()
            check_endpoint(known, settings)
            what = _of_journal(known, running, retry)
        return carry_out(settings, what, running, teller_for(console, known.kind, running))


def check_endpoint(known: Known, settings: Settings) -> None:
    """Refuse a journal of another platform: what it names is no reason to send the token there."""
    if known.owner.endpoint != settings.endpoint:
        raise JournalRefusedError(
            f"{known.path}: this journal belongs to {known.owner.username} at {known.owner.endpoint}, and the"
            f" token to {settings.endpoint}: give the endpoint and the token of the journal's platform, by a"
            " --profile or in SB_API_ENDPOINT and SB_AUTH_TOKEN"
        )


def _of_journal(known: Known, running: Running, retry: Retry | None) -> Move:
    path = results_path(running, known)
    total = known.counts.total if known.counts.total is not None else _checked_rest(known)
    book = Book(path=known.path, known=known, notes=noted({}, path), retry=retry)

    def begin(client: Client) -> TransferRun:
        return client.resume(book.journal, total=total, deliver_known=False, **running.of_the_run)

    results = path and Results(path, known.kind, anew=True)
    return Move(kind=known.kind, begin=begin, total=total, results=results or None, book=book)


def _checked_rest(known: Known) -> int | None:
    """Find every bad row of the list that is to be read again; return its length where that is known."""
    with JournalReader(known.path) as journal:
        rest = file_of(journal)
    if rest is None or known.notes.get("unchecked"):
        return None
    try:
        return checked(rest)
    except WorkListError as error:
        error.add_note(f"{known.path} has not seen the end of this list: put it where it was, as it was.")
        raise
