"""What a report says to its reader besides figures: what to do next, and what the figures leave out."""

from __future__ import annotations

import sbtransfer.cli.next_steps as journals
from sbtransfer.cli.book import Book
from sbtransfer.cli.report.read import Reading
from sbtransfer.cli.units import count
from sbtransfer.cli.verbs import VERBS
from sbtransfer.models import Summary


def next_steps(reading: Reading, counts: Summary) -> list[str]:
    """Return which commands go on from here."""
    if reading.known is None:
        return _of_results(reading, counts)
    known = reading.known
    book = Book(path=known.path, known=known, source=known.source)
    return journals.next_steps(book, counts if known.is_finished else None, ())


def _of_results(reading: Reading, counts: Summary) -> list[str]:
    lines, kinds = [], reading.tally.kinds
    if counts.failed and len(kinds) == 1:
        again = journals.command(f"{VERBS[next(iter(kinds))]} --only failed", reading.path, ())
        lines.append(f"send what failed again with: {again}")
    if counts.failed:
        lines.append("or, where the run has kept a journal, with: sbtransfer retry JOURNAL")
    if counts.unconfirmed:
        lines.append(
            "look for what is unconfirmed, where the run has kept a journal, with:"
            " sbtransfer retry --unconfirmed JOURNAL"
        )
    return lines


def notes(reading: Reading) -> list[str]:
    """Return what a reader should know about the figures."""
    tally, lines = reading.tally, []
    if reading.caveat == "pruned":
        lines.append("The journal was pruned: of completed items only their number is known.")
    if reading.caveat == "cut_short":
        lines.append("The last row is half written, and not counted: a run is at work, or was killed.")
    if reading.known is None:
        lines.append("A results file knows of no items but those that have ended.")
    if tally.without_times:
        have = "has" if tally.without_times == 1 else "have"
        lines.append(f"{count(tally.without_times, 'item')} {have} no times, and can only be counted.")
    if tally.before_submitted:
        lines.append(
            f"{tally.before_submitted:,} had finished by the platform's clock before being submitted by that"
            " of the machine that ran: taken for jobs that took no time."
        )
    return lines
