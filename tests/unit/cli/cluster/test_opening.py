import inspect

import pytest

from sbtransfer import Client
from sbtransfer.cli.cluster.database import DatabaseURL
from sbtransfer.cli.cluster.opening import client_options, limits_of, place_of
from sbtransfer.cli.connection import Connection
from sbtransfer.cli.options import Rate
from sbtransfer.errors import SettingsError

URL = "https://cgc-api.sbgenomics.com/v2"


def a_connection(endpoint: str | None = URL) -> Connection:
    return Connection(endpoint=endpoint, platform=None, profile=None, timeout=7.0, connect_timeout=1.0)


def test_the_limits_are_the_two_rates() -> None:
    limits = limits_of(Rate(50, 1.5), Rate(5, 60))
    assert (limits.requests, limits.requests_period, limits.drs_files, limits.drs_period) == (50, 1.5, 5, 60)


def test_the_options_are_those_of_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SB_AUTH_TOKEN", "f00d" * 8)
    options = client_options(a_connection(), limits_of(Rate(50, 1.5), Rate(5, 60)))
    assert (options["endpoint"], options["token"], options["timeout"]) == (URL, "f00d" * 8, 7.0)
    assert set(options) < set(inspect.signature(Client).parameters)


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SB_AUTH_TOKEN", raising=False)
    with pytest.raises(SettingsError, match="no token"):
        client_options(a_connection(), limits_of(Rate(50, 1.5), Rate(5, 60)))


def test_a_place_has_no_secret() -> None:
    place = place_of(DatabaseURL("postgresql://rosa:swordfish@db.example:5433/transfers"))
    assert place == "the database transfers at db.example:5433"
