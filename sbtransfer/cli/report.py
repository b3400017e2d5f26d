"""What a person is told of one transfer besides its progress: what failed, and how it ended."""

from __future__ import annotations

from attrs import define, field
from rich.console import Console

from sbtransfer.cli.console import say
from sbtransfer.cli.progress import VERBS, span
from sbtransfer.cli.results import Results
from sbtransfer.items import DRSImport, Item, Kind, VolumeExport, VolumeImport
from sbtransfer.models import Outcome, Summary
from sbtransfer.progress import Progress

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


@define
class Report:
    """Tells of one transfer; `quiet` is for who only wants to hear of what went wrong."""

    console: Console
    kind: Kind
    quiet: bool = False
    _failures: int = field(init=False, default=0)

    def started(self, total: int | None, endpoint: str, username: str) -> None:
        """Say what is done, where and as whom."""
        what = "a list of unknown length" if total is None else f"{total:,} item{'s' * (total != 1)}"
        self._tell(f"{VERBS[self.kind]}: {what}, at {endpoint} as {username}")

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
        say(self.console, f"{VERBS[self.kind]}: {equation(summary)}, in {span(progress.elapsed)}", style)
        for line in explanations(summary, progress.under_way):
            say(self.console, line)

    def wrote(self, results: Results) -> None:
        """Say where the results are."""
        if results.rows:
            self._tell(f"results: {results.path}, {results.rows:,} row{'s' * (results.rows != 1)}")

    def _tell(self, text: str, style: str = "") -> None:
        if not self.quiet:
            say(self.console, text, style)
