from typing import Any

import click
import pytest
from click.testing import CliRunner

from sbtransfer.cli.connection import Connection, connected
from sbtransfer.cli.exits import Exit
from sbtransfer.errors import SettingsError
from sbtransfer.settings import PLATFORMS

GIVEN: dict[str, Any] = {
    "endpoint": None,
    "platform": None,
    "profile": None,
    "timeout": 120.0,
    "connect_timeout": 30.0,
}


def test_a_verb_is_given_its_connection_as_one() -> None:
    seen: list[Connection] = []

    @click.command()
    @connected
    def verb(console: object, connection: Connection) -> Exit:
        seen.append(connection)
        return Exit.COMPLETED

    done = CliRunner().invoke(verb, ["--endpoint", "https://a.example/v2", "--timeout", "3"])
    assert done.exit_code == 0, done.output
    assert seen == [Connection(**GIVEN | {"endpoint": "https://a.example/v2", "timeout": 3.0})]
    wrong = CliRunner().invoke(verb, ["--endpoint", "https://a.example/v2", "--platform", "cgc"])
    assert wrong.exit_code == 2
    assert "--platform, not both" in wrong.output


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_platform_by_its_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SB_AUTH_TOKEN", "0" * 32)
    monkeypatch.setenv("SB_API_ENDPOINT", "https://elsewhere.example/v2")
    settings = Connection(**GIVEN | {"platform": name}).settings()
    assert settings.endpoint == PLATFORMS[name]


async def test_a_client_is_not_made_without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SB_AUTH_TOKEN", "SB_API_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError, match="credentials"):
        async with Connection(**GIVEN | {"profile": "nobody"}).client():
            pass
