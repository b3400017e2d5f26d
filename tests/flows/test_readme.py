"""The README is a test: its snippets run as they stand, and its commands are the ones that exist."""

import asyncio
import os
import re
from pathlib import Path
from typing import Any

import pytest

from sbtransfer import client
from sbtransfer.simulator import Platform
from sbtransfer.simulator.clock import run
from sbtransfer.testing import SimulatedTransport

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
# The example of a test runs in a session of its own: tests/unit/testing/test_plugin.py.
SNIPPETS = re.findall(r"```python\n(?!# test_)(.*?)```", README, re.DOTALL)
COMMANDS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a snippet against a simulated platform on a virtual clock; return the lines that it prints."""
    platform = Platform()
    monkeypatch.setenv("SB_API_ENDPOINT", platform.base_url)
    monkeypatch.setenv("SB_AUTH_TOKEN", platform.token)
    monkeypatch.setattr(client, "AiohttpTransport", lambda *_, **__: SimulatedTransport(platform, 0.1))
    monkeypatch.setattr(asyncio, "run", run)
    (tmp_path / "gdc_manifest.tsv").symlink_to(ROOT / "tests" / "data" / "made_up_gdc_manifest.tsv")
    monkeypatch.chdir(tmp_path)

    def execute(snippet: str) -> list[str]:
        exec(compile(snippet, "README.md", "exec"), {"__name__": "__main__"})
        return capsys.readouterr().out.splitlines()

    return execute


def test_the_ten_lines(printed: Any) -> None:
    lines = printed(SNIPPETS[0])
    assert sorted(int(line.split()[0]) for line in lines) == list(range(2500))
    assert {line.split()[1] for line in lines} == {"COMPLETED"}


def test_a_work_list_in_a_file(printed: Any) -> None:
    assert printed(SNIPPETS[1]) == ["885 of 885 completed, 0 failed"]


def test_a_whole_volume_and_a_whole_project(printed: Any) -> None:
    assert printed(SNIPPETS[2]) == [
        "Passed(shown=3000, excluded=1500, there=0, aliases=0, folders=0) "
        "Summary(read=1500, completed=1500, failed=0, unconfirmed=0, unfinished=0)",
        "Summary(read=1500, completed=1500, failed=0, unconfirmed=0, unfinished=0)",
    ]


def test_the_pictures_are_there_and_ask_nobody_for_anything() -> None:
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert len(pictures) >= 2
    for picture in pictures:
        drawn = (ROOT / picture).read_text(encoding="utf-8")
        assert "sbtransfer" in drawn
        assert not re.search(r"@font-face|url\(\W*http|(href|src)=", drawn)


def test_no_snippet_is_left_out() -> None:
    assert len(SNIPPETS) == 3


def test_the_two_commands_are_there_and_name_what_exists() -> None:
    demo, tests = COMMANDS[0].strip(), COMMANDS[1].strip()
    assert demo.startswith("python3 -m venv ")
    assert demo.endswith("sbtransfer demo")
    assert tests == "bash .ci/run"
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
