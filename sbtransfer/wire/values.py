"""What all answers are read with: the one cattrs converter, and the values that records are made of.

An answer that does not have its documented shape raises `UnreadableAnswerError`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
from cattrs import BaseValidationError
from cattrs.preconf.orjson import make_converter

from sbtransfer.errors import UnreadableAnswerError
from sbtransfer.models import ErrorRecord

UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, BaseValidationError)
"""What reading a record of another shape than the documented one can raise."""

T = TypeVar("T")

converter = make_converter(omit_if_default=True, detailed_validation=False)


def text(value: object) -> str:
    """Return a text that must be there; raises TypeError."""
    if type(value) is not str or not value:
        raise TypeError(f"text was expected, not {type(value).__name__}")
    return value


def maybe_text(value: object) -> str | None:
    """Return a text, `None` where there is none."""
    return None if value is None or value == "" else text(value)


def region(value: object) -> str | None:
    """Return a cloud's region, `None` where none is told.

    Assumption: the documentation does not show where a volume tells its region, and shows that of a project
    with the provider before it (`aws:us-east-1`); what cannot be read is not told.
    """
    return value.rpartition(":")[2] or None if isinstance(value, str) else None


def maybe_size(value: object) -> int | None:
    """Return a size in bytes, `None` where none is told."""
    return value if type(value) is int and value >= 0 else None


def time(value: object, _: object = None) -> datetime | None:
    """Return a moment in UTC, `None` where it cannot be read."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None  # A time that cannot be read is no reason to lose the job that it belongs to.
    if moment.tzinfo is UTC:
        return moment
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def error_record(record: Any, _: object = None) -> ErrorRecord:
    """Read the platform's standard error."""
    status, code = record.get("status"), record.get("code")
    return ErrorRecord(
        status=status if type(status) is int else None,
        code=code if type(code) is int else None,
        message=str(record.get("message") or ""),
        more_info=record.get("more_info") or None,
    )


converter.register_structure_hook(ErrorRecord, error_record)


def loads(body: bytes) -> Any:
    """Read JSON; raises `UnreadableAnswerError`."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        shown = body[:80].decode("utf-8", "replace")
        raise UnreadableAnswerError(f"the answer is not JSON ({len(body):,} bytes): {shown!r}") from None


def read(body: bytes, model: type[T]) -> T:
    """Read one object of the platform; raises `UnreadableAnswerError`."""
    try:
        return converter.structure(loads(body), model)
    except UNREADABLE as error:
        raise UnreadableAnswerError(f"the answer is no {model.__name__}: {error!r}") from None
