"""The packages that a cluster takes and that are not installed with the rest."""

from __future__ import annotations

import importlib

from sbtransfer.errors import SettingsError

PACKAGES = ("psycopg", "psycopg_pool", "procrastinate")


def check_packages() -> None:
    """Raise `SettingsError` that says what to install, unless all is there."""
    try:
        for package in PACKAGES:
            importlib.import_module(package)
    except ImportError as error:
        missing = error.name or "the driver"
        raise SettingsError(
            f"a cluster needs further packages ({missing} is not installed):"
            " pip install 'sbtransfer[postgres]'"
        ) from None
