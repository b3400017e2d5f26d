"""Answers that are no success, as exceptions: the one place where a status becomes an error."""

from __future__ import annotations

import orjson

from sbtransfer.errors import APIError, UnauthorizedError
from sbtransfer.wire.values import UNREADABLE, error_record


def read_error(status: int, body: bytes) -> APIError:
    """Turn an answer that is no success into an exception, with the platform's own words where it has any."""
    family = UnauthorizedError if status == 401 else APIError
    try:
        record = error_record(orjson.loads(body))
    except UNREADABLE:
        return family(status, None, f"an answer that is not the platform's ({len(body):,} bytes)")
    code = record.code if isinstance(record.code, int) else None
    return family(status, code, record.message, record.more_info)
