"""The way to a cluster's database: the packages that it takes, and the cluster while it is open."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from sbtransfer.errors import SettingsError

if TYPE_CHECKING:
    from sbtransfer.cli.cluster.database import DatabaseURL
    from sbtransfer.cli.connection import Connection
    from sbtransfer.cli.options import Rate
    from sbtransfer.cluster.cluster import Cluster
    from sbtransfer.limits import Limits

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


def cluster_at(database: DatabaseURL) -> Cluster:
    """Return the cluster of a database, to be opened by `async with`."""
    from sbtransfer.cluster.cluster import Cluster

    return Cluster(database.url)


def limits_of(requests: Rate, files: Rate) -> Limits:
    """Return the limits that all processes of a user keep together."""
    from sbtransfer.limits import Limits

    return Limits(requests.amount, requests.seconds, files.amount, files.seconds)


def client_options(connection: Connection, limits: Limits) -> dict[str, Any]:
    """Return the options of a `Client`; raises `SettingsError` that says what is missing."""
    settings = connection.settings()
    return {
        "endpoint": settings.endpoint,
        "token": settings.token,
        "limits": limits,
        "timeout": connection.timeout,
    }


def place_of(database: DatabaseURL) -> str:
    """Return the host and the name of a database, nothing of which is secret."""
    from sbtransfer.cluster.database import where

    return where(database.url)
