"""The list that a journal belongs to, opened anew from what the journal says of it."""

from __future__ import annotations

from sbtransfer.errors import JournalError, JournalRefusedError
from sbtransfer.journal import JournalReader
from sbtransfer.reader import Remainder, Source
from sbtransfer.worklist import WorkList


def rest_of(journal: JournalReader) -> Source | Remainder:
    """Return what is left to be read for a journal: its list, or nothing if that was read to the end.

    Where the journal cannot know the rest of the list (it came from a program or a pipe), what it holds is
    finished first; then the run ends with a `JournalError`.
    """
    if journal.counts().total is not None:
        return Remainder()
    if journal.source is None:
        return Remainder(
            missing=JournalError(
                f"{journal.path}: all that it holds is finished, but the list was not read to its end; "
                "transfer the same list with this journal to go on"
            )
        )
    try:
        return WorkList(**journal.source)
    except TypeError as error:
        raise JournalRefusedError(f"{journal.path}: its list cannot be opened again: {error}") from None
