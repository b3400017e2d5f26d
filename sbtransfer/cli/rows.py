"""The outcomes of a journal as rows, to a file or to standard output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from sbtransfer.cli.console import say
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.known import look
from sbtransfer.cli.output import standard_output
from sbtransfer.cli.results import Form, Results, exists, writer
from sbtransfer.cli.units import count
from sbtransfer.items import Kind
from sbtransfer.journal import JournalReader
from sbtransfer.models import Outcome, OutcomeState


def export_rows(
    console: Console, journal: Path, output: Path, states: Sequence[str], form: Form | None, *, force: bool
) -> Exit:
    """Write the outcomes with certain states, or all of them."""
    known = look(journal)
    wanted = [OutcomeState(state.upper()) for state in states] or None
    with JournalReader(journal) as reader:
        if str(output) == "-":
            _to_standard_output(reader.outcomes(wanted), form or "jsonl", known.kind)
            return Exit.COMPLETED
        known.check_not_overwritten(output)
        if output.exists() and not force:
            raise exists(output, "--output")
        rows = _to_file(reader.outcomes(wanted), output, form, known.kind)
    say(console, f"{output}: {count(rows, 'row')}")
    return Exit.COMPLETED


def _to_file(outcomes: Iterator[Outcome], output: Path, form: Form | None, kind: Kind | None) -> int:
    with Results(output, kind, form=form, anew=True) as results:
        for outcome in outcomes:
            results.add(outcome)
        results.publish()
    return results.rows


def _to_standard_output(outcomes: Iterator[Outcome], form: Form, kind: Kind | None) -> None:
    with standard_output("--output FILE") as file:
        write_row = writer(file, form, kind)
        for outcome in outcomes:
            write_row(outcome)
