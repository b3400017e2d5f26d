"""The way to a cluster: its database, the limits that are shared there, and who asks the platform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sbtransfer.cli.cluster.database import DatabaseURL
    from sbtransfer.cli.connection import Connection
    from sbtransfer.cli.options import Rate
    from sbtransfer.cluster.cluster import Cluster
    from sbtransfer.limits import Limits


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
