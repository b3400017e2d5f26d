"""What is told of one transfer to a program: an event a line, as JSON, on standard output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import attrs
import orjson
from attrs import define

from sbtransfer.cli.console import write_line
from sbtransfer.cli.exits import exit_for
from sbtransfer.cli.results import row
from sbtransfer.cli.verbs import verb_for

if TYPE_CHECKING:
    from rich.console import Console

    from sbtransfer.cli.book import Book
    from sbtransfer.cli.progress import View
    from sbtransfer.cli.results import Results
    from sbtransfer.items import Kind
    from sbtransfer.models import Outcome, Summary
    from sbtransfer.progress import Progress
    from sbtransfer.worklist import Survey


def emit(event: str, **values: Any) -> None:
    """Write an event; `values` are what it tells."""
    write_line(orjson.dumps({"event": event, **values}, default=str))


@contextmanager
def errors(*, told: bool) -> Iterator[None]:
    """If they are to be `told`, write an event for what stops the block, too."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if told:
            message = str(error) or type(error).__name__
            emit("error", message=message, notes=getattr(error, "__notes__", []), exit_code=exit_for(error))
        raise


@define
class Events:
    """Tells a program; words for people are kept to what goes wrong."""

    console: Console
    kind: Kind | None
    quiet: bool = True
    every: float = 10.0

    def surveyed(self, survey: Survey) -> None:
        """Tell of what a list holds that its author may not have meant."""
        for trap in survey.traps:
            emit("trap", **attrs.asdict(trap))

    def looked(self, unchecked: Sequence[str]) -> None:
        """Tell what could not be looked at before."""
        if unchecked:
            emit("unchecked", what=list(unchecked))

    def started(self, total: int | None, endpoint: str, username: str) -> None:
        """Tell what is done, where and as whom."""
        emit("started", verb=verb_for(self.kind), total=total, endpoint=endpoint, user=username)

    def took_up(self, book: Book) -> None:
        """Tell what was known before, and what was opened again."""
        counts = None if book.known is None else attrs.asdict(book.known.counts)
        emit("journal", path=str(book.path), known=counts, reopened=book.reopened)

    def ended_one(self, outcome: Outcome) -> None:
        """Tell of an item that has ended, as a results file does."""
        emit("outcome", **row(outcome))

    def ended(self, summary: Summary, progress: Progress) -> None:
        """Tell how the transfer ended."""
        emit("ended", **attrs.asdict(summary), ok=summary.ok, elapsed=progress.elapsed)

    def wrote(self, results: Results) -> None:
        """Tell where the results are."""
        emit("results", path=str(results.path), rows=results.rows)

    def what_next(self, book: Book, summary: Summary | None, options: Sequence[str]) -> None:
        """Leave it to the program, which knows the journal."""

    def view(self) -> View:
        """Return what shows the progress: this."""
        return self

    def shown(self) -> AbstractContextManager[object]:
        """Do nothing."""
        return nullcontext()

    def connecting(self, endpoint: str) -> None:
        """Tell whom there is no answer from yet."""
        emit("connecting", endpoint=endpoint)

    def update(self, progress: Progress) -> None:
        """Tell where the run is now."""
        finite = {name: value for name, value in attrs.asdict(progress).items() if value != float("inf")}
        emit("progress", **finite, remaining=progress.remaining)
