"""What is told of one transfer besides its progress, to a person: what failed, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from attrs import define, field
from rich.console import Console

from sbtransfer.cli.book import Book
from sbtransfer.cli.console import say
from sbtransfer.cli.next_steps import next_steps, so_far
from sbtransfer.cli.progress import View, span, view_for
from sbtransfer.cli.results import Results
from sbtransfer.cli.units import count
from sbtransfer.cli.verbs import verb_for
from sbtransfer.items import DRSImport, Item, Kind, VolumeExport, VolumeImport
from sbtransfer.models import Outcome, Summary
from sbtransfer.progress import Progress
from sbtransfer.worklist import Survey

SHOWN_FAILURES = 20


def subject(item: Item) -> str:
    """Return what an item is about, in a few words."""
    match item:
        case VolumeImport():
            return f"{item.volume} {item.location}"
        case VolumeExport():
            return f"{item.file} to {item.volume} {item.location}"
        case DRSImport():
            return item.drs_uri


def failure(outcome: Outcome) -> str:
    """Return the line for an item that was not completed."""
    reason = " ".join(str(outcome.error or "no reason was given").split())
    return f"{outcome.state.lower()}: index {outcome.index}, {subject(outcome.item)}: {reason}"


def equation(summary: Summary) -> str:
    """Return the counts as the sum that they must be."""
    return (
        f"{summary.completed:,} completed + {summary.failed:,} failed + {summary.unconfirmed:,} unconfirmed"
        f" + {summary.unfinished:,} unfinished = {summary.read:,} read"
    )


def explanations(summary: Summary, under_way: int) -> list[str]:
    """Return what the user should know about counts that are not as they were hoped for."""
    lines = []
    if not summary.adds_up:
        lines.append("THIS DOES NOT ADD UP: items were lost or counted twice. Please report this defect.")
    if summary.unconfirmed:
        lines.append("unconfirmed: may have been done; look on the platform before sending them again")
    if summary.unfinished:
        unsent = summary.unfinished - under_way
        lines.append(
            f"unfinished: {under_way:,} in jobs that go on on the platform, "
            f"{unsent:,} not sent or sent without an answer"
        )
    return lines


def leaving(console: Console) -> None:
    """Say what happens after the first Ctrl-C."""
    say(console, "Leaving once the calls that are on their way are answered; Ctrl-C again to leave at once.")


class Teller(Protocol):
    """Tells of one transfer, of items of a kind: a person in words, or a program in events."""

    console: Console
    kind: Kind | None
    quiet: bool

    def surveyed(self, survey: Survey) -> None:
        """Tell what a first pass over the list has shown that is no reason to stop."""

    def looked(self, unchecked: Sequence[str]) -> None:
        """Tell what could not be looked at before."""

    def started(self, total: int | None, endpoint: str, username: str) -> None:
        """Say what is done, where and as whom."""

    def took_up(self, book: Book) -> None:
        """Say what was known before, and what was opened again."""

    def ended_one(self, outcome: Outcome) -> None:
        """Tell of an item that has ended."""

    def ended(self, summary: Summary, progress: Progress) -> None:
        """Say how the transfer ended."""

    def wrote(self, results: Results) -> None:
        """Say where the results are."""

    def what_next(self, book: Book, summary: Summary | None, options: Sequence[str]) -> None:
        """Say which commands go on from here; `summary` is there for a run that came to its own end."""

    def view(self) -> View:
        """Return what shows the progress."""


@define
class Words:
    """Tells a person; `quiet` is for who only wants to hear of what went wrong."""

    console: Console
    kind: Kind | None
    quiet: bool = False
    _failures: int = field(init=False, default=0)

    def surveyed(self, survey: Survey) -> None:
        """Tell of what a list holds that its author may not have meant."""
        for trap in survey.traps:
            self._tell(f"note: {trap}{''.join(f' ({example})' for example in trap.examples[:1])}", "yellow")

    def looked(self, unchecked: Sequence[str]) -> None:
        """Tell what could not be looked at before."""
        if unchecked:
            self._tell(f"note: not checked: {'; '.join(unchecked)}", "yellow")

    def view(self) -> View:
        """Return what shows the progress where standard error goes."""
        return view_for(self.console, self.kind, quiet=self.quiet)

    def started(self, total: int | None, endpoint: str, username: str) -> None:
        """Say what is done, where and as whom."""
        what = "a list of unknown length" if total is None else count(total, "item")
        self._tell(f"{verb_for(self.kind)}: {what}, at {endpoint} as {username}")

    def took_up(self, book: Book) -> None:
        """Say what was known before, and what was opened again."""
        if book.known is not None and book.known.counts.recorded:
            self._tell(so_far(book.known))
        if book.retry is not None:
            again = (
                f"{count(book.reopened, 'item')} to be tried again" if book.reopened else "nothing to retry"
            )
            self._tell(again)
        if book.source is None and book.known is None:
            self._tell(f"journal: {book.path}; the rest of standard input cannot be read again from it")

    def ended_one(self, outcome: Outcome) -> None:
        """Tell of an item that was not completed; after the first ones they are only counted."""
        if outcome.ok:
            return
        self._failures += 1
        if self._failures <= SHOWN_FAILURES:
            self._tell(failure(outcome), "red")
        elif self._failures == SHOWN_FAILURES + 1:
            self._tell("… further ones are counted only; --results FILE holds them all", "red")

    def ended(self, summary: Summary, progress: Progress) -> None:
        """Say how the transfer ended."""
        if self.quiet and summary.ok:
            return
        style = "bold green" if summary.ok else "bold red"
        say(self.console, f"{verb_for(self.kind)}: {equation(summary)}, in {span(progress.elapsed)}", style)
        for line in explanations(summary, progress.under_way):
            say(self.console, line)

    def wrote(self, results: Results) -> None:
        """Say where the results are."""
        if results.rows:
            self._tell(f"results: {results.path}, {count(results.rows, 'row')}")

    def what_next(self, book: Book, summary: Summary | None, options: Sequence[str]) -> None:
        """Say which commands go on from here; `summary` is there for a run that came to its own end."""
        if not book.goes_on:
            return
        for line in next_steps(book, summary, options):
            say(self.console, line, whole=True)

    def _tell(self, text: str, style: str = "") -> None:
        if not self.quiet:
            say(self.console, text, style)
