"""The list that a journal belongs to, opened anew from what the journal says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sbtransfer.errors import JournalError, JournalRefusedError
from sbtransfer.http.api import API
from sbtransfer.journal import JournalReader
from sbtransfer.sources import ProjectItems, Remainder, Selection, Source, VolumeItems
from sbtransfer.worklist import WorkList


def rest_of(journal: JournalReader, api: API) -> Source | Remainder:
    """Return what is left to be read for a journal: its list, or nothing if that was read to the end.

    A volume or a project is listed anew, with `api`. Where the journal cannot know the rest of the list (it
    came from a program or a pipe), what it holds is finished first; then the run ends with a `JournalError`.
    """
    if journal.counts().total is not None:
        return Remainder()
    return (
        _listed_anew(journal.source or {}, api)
        or file_of(journal)
        or Remainder(
            missing=JournalError(
                f"{journal.path}: all that it holds is finished, but the list was not read to its end; "
                "transfer the same list with this journal to go on"
            )
        )
    )


def file_of(journal: JournalReader) -> WorkList | None:
    """Return the list of a journal where it was a file."""
    if journal.source is None or "path" not in journal.source:
        return None
    try:
        return WorkList(**journal.source)
    except TypeError as error:
        raise JournalRefusedError(f"{journal.path}: its list cannot be opened again: {error}") from None


def _listed_anew(source: Mapping[str, Any], api: API) -> VolumeItems | ProjectItems | None:
    if "volume_items" in source:
        return VolumeItems(api=api, **source["volume_items"], **_selected(source["selection"]))
    if "project_items" in source:
        return ProjectItems(api=api, **source["project_items"], **_selected(source["selection"]))
    return None


def _selected(selection: Mapping[str, Any]) -> dict[str, Any]:
    patterns = {name: value for name, value in selection.items() if name != "missing_only"}
    return {"selection": Selection(**patterns), "missing_only": selection["missing_only"]}
