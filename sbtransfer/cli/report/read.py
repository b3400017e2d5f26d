"""What is reported on: a journal or a results file, told by its bytes, counted from its first to its last."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeAlias

from attrs import frozen

from sbtransfer.cli.known import Known, look
from sbtransfer.cli.report.rows import ResultsFile, neither
from sbtransfer.cli.report.tally import Tally
from sbtransfer.errors import JournalError, SettingsError
from sbtransfer.journal import JournalReader
from sbtransfer.models import Outcome, OutcomeState

Caveat: TypeAlias = Literal["pruned", "cut_short"]

_SQLITE = b"SQLite format 3\0"
_NOT_COMPLETED = (OutcomeState.FAILED, OutcomeState.UNCONFIRMED)


@frozen
class Reading:
    """All that was read of a file; `known` is there for a journal.

    Caveats: `pruned` says that the journal has no details of completed items any more, `cut_short` that the
    last row of the results file is half written.
    """

    path: Path
    tally: Tally
    known: Known | None = None
    caveat: Caveat | None = None


def read(path: Path, examples: int) -> Reading:
    """Read a journal or a results file to its end; raises `SettingsError` for what is neither."""
    if is_journal(path):
        return _read_journal(path, examples)
    results = ResultsFile(path)
    tally = _counted(results.outcomes(), examples)
    return Reading(path, tally, caveat="cut_short" if results.cut_short else None)


def is_journal(path: Path) -> bool:
    """Whether a file is a database, and so a journal if it is anything of ours."""
    try:
        with path.open("rb") as file:
            head = file.read(len(_SQLITE))
    except OSError as error:
        raise SettingsError(f"{str(path)!r} cannot be read: {error.strerror}") from None
    if not head:
        raise neither(path)
    return head == _SQLITE


def _read_journal(path: Path, examples: int) -> Reading:
    known = look(path)
    with JournalReader(path) as journal:
        try:
            return Reading(path, _counted(journal.outcomes(), examples), known)
        except JournalError as error:
            if not _tells_of_pruning(error):
                raise
        return Reading(path, _counted(journal.outcomes(_NOT_COMPLETED), examples), known, "pruned")


def _tells_of_pruning(error: JournalError) -> bool:
    # What is damaged or locked is told with the error that it came from; what was pruned is as it should be.
    return error.__cause__ is None


def _counted(outcomes: Iterator[Outcome], examples: int) -> Tally:
    tally = Tally(examples)
    for outcome in outcomes:
        tally.add(outcome)
    return tally
