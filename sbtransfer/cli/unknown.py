"""What a command names and the platform does not know, or does not show to the token's owner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sbtransfer.errors import APIError, SettingsError


@contextmanager
def named(what: str) -> Iterator[None]:
    """Say in the error what was asked for; what the platform does not know is a mistake in the command."""
    try:
        yield
    except APIError as error:
        message = f"{what}: {error.message or 'no message'}"
        renamed = type(error)(error.status, error.code, message, error.more_info)
        raise (SettingsError(str(renamed)) if error.status == 404 else renamed) from None
