import json

import pytest

from sbtransfer.cli.exits import Exit
from sbtransfer.simulator import Platform
from sbtransfer.testing import ServedPlatform
from tests.unit.cli.looking import invoke


def test_who_and_what_is_left(simulated_environment: Platform) -> None:
    done = invoke("limits")
    assert (done.exit_code, done.stderr) == (Exit.COMPLETED, "")
    assert "user:      rfranklin\n" in done.stdout
    assert " of 1,000 left; the window starts anew in 0:0" in done.stdout


def test_nothing_is_asked_when_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    platform = Platform(requests_limit=1)
    with ServedPlatform(platform) as served:
        monkeypatch.setenv("SB_API_ENDPOINT", served.url)
        monkeypatch.setenv("SB_AUTH_TOKEN", platform.token)
        first, second = (json.loads(invoke("limits", "--json").stdout) for _ in range(2))
    assert (first["user"], first["requests"]["remaining"]) == ("rfranklin", 0)
    assert (second["user"], second["requests"]["remaining"]) == (None, 0)
    assert [path for _, _, path, _ in platform.requests_log].count("/user") == 1


def test_a_token_that_is_wrong(simulated_environment: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SB_AUTH_TOKEN", "abc" * 9)
    done = invoke("limits")
    assert (done.exit_code, done.stdout) == (Exit.REFUSED, "")
    assert "refuses the token" in done.stderr
    assert "abcabc" not in done.stderr
