"""Bulk answers: a record for each thing that was asked about, in the answer's own order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from sbtransfer.errors import UnreadableAnswerError
from sbtransfer.models import ErrorRecord
from sbtransfer.wire.values import UNREADABLE, converter, loads

T = TypeVar("T")


class _Named(Protocol):
    @property
    def id(self) -> str: ...


N = TypeVar("N", bound=_Named)


def records_in(body: bytes) -> list[Any]:
    """Return the records of a bulk answer, unread."""
    answer = loads(body)
    records = answer.get("items") if isinstance(answer, dict) else None
    if not isinstance(records, list):
        raise UnreadableAnswerError("the answer has no list of items")
    return records


def record_of(record: Any, model: Callable[[Any], T]) -> T | ErrorRecord | None:
    """Read one record: a resource or an error. `None` is a hole that the caller must account for."""
    try:
        resource = record.get("resource")
        if resource:
            return model(resource)
        return converter.structure(record["error"], ErrorRecord)
    except UNREADABLE:
        return None


def by_id(
    records: Sequence[N | ErrorRecord | None], asked: Sequence[str], what: str
) -> dict[str, N | ErrorRecord]:
    """Return the records of a bulk answer by the ids that were asked about, each of which must have one.

    Resources say whose they are; an error does not, and stands for the next id that has no resource.
    """
    found = {one.id: one for one in records if not isinstance(one, ErrorRecord | None)}
    errors = [record for record in records if isinstance(record, ErrorRecord)]
    without = [one for one in asked if one not in found]
    if len(found) + len(without) != len(asked) or len(errors) != len(without):
        raise UnreadableAnswerError(f"of {len(asked)} {what} the answer tells of {len(found)}")
    return {**found, **dict(zip(without, errors, strict=True))}
