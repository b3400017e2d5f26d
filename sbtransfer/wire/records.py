"""Bulk answers: a record for each thing that was asked about, in the answer's own order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sbtransfer.errors import UnreadableAnswerError
from sbtransfer.models import ErrorRecord
from sbtransfer.wire.values import UNREADABLE, converter, loads

T = TypeVar("T")


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
