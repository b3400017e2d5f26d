"""The fixtures, as the tests of somebody's pipeline use them: in a pytest session of their own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
# The plugin for asyncio warns where it is not told.
SCOPE = ("-o", "asyncio_default_fixture_loop_scope=function")
(EXAMPLE,) = re.findall(r"```python\n(# test_pipeline\.py\n.*?)```", README, re.DOTALL)


def session_of(folder: Path, program: str, *options: str) -> tuple[int, str]:
    """Run a file of tests with pytest and what it finds installed; return its exit code and output."""
    (folder / "test_pipeline.py").write_text(program, encoding="utf-8")
    away = {"SB_API_ENDPOINT", "SB_AUTH_TOKEN", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", *SCOPE, *options],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in away},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_readmes_example_passes(tmp_path: Path) -> None:
    code, output = session_of(tmp_path, EXAMPLE)
    assert code == 0, output
    assert f"{EXAMPLE.count('def test_')} passed" in output


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_both_modes_of_the_asyncio_plugin_will_do(tmp_path: Path, mode: str) -> None:
    mark = "@pytest.mark.asyncio\n" if mode == "strict" else ""
    program = (
        "import pytest\n\n"
        f"{mark}async def test_user(simulated_client):\n"
        "    async with simulated_client as client:\n"
        "        assert (await client.user()).username == 'rfranklin'\n"
    )
    code, output = session_of(tmp_path, program, f"--asyncio-mode={mode}")
    assert code == 0, output
    assert "1 passed" in output


def test_a_pipeline_that_loses_items_is_found_out(tmp_path: Path) -> None:
    broken = EXAMPLE.replace("for n in range(250)", "for n in range(249)")
    assert broken != EXAMPLE
    code, output = session_of(tmp_path, broken)
    assert code == 1
    assert "assert 249 == 250" in output


@pytest.mark.parametrize(
    "order", ["simulated_client, simulated_environment", "simulated_environment, simulated_client"]
)
def test_the_client_and_the_environment_lead_to_one_platform_at_one_time(tmp_path: Path, order: str) -> None:
    program = (
        "import asyncio\n"
        "from sbtransfer import Client, VolumeImport\n\n"
        "PROJECT = 'rfranklin/my-project'\n\n"
        f"def test_both({order}):\n"
        "    async def main():\n"
        "        item = VolumeImport(volume='rfranklin/input', location='a.bam', project=PROJECT)\n"
        "        async with Client.from_environment() as theirs, simulated_client as ours:\n"
        "            job = await theirs.start_import(item)\n"
        "            while not (await theirs.get_import(job.id)).ended:\n"
        "                await asyncio.sleep(0.01)\n"
        "            assert [one.name async for one in ours.list_files(project=PROJECT)] == ['a.bam']\n"
        "            listed = ours.list_volume('rfranklin/input', prefix='runs/2024-01/')\n"
        "            assert len([one async for one in listed]) == 250\n"
        "    asyncio.run(main())\n"
    )
    code, output = session_of(tmp_path, program)
    assert code == 0, output


def test_a_proxy_of_the_environment_is_passed_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "elsewhere.example")
    program = (
        "import os\n"
        "from urllib.request import Request, urlopen\n\n"
        "def test_another_library(simulated_environment):\n"
        "    url, token = os.environ['SB_API_ENDPOINT'], os.environ['SB_AUTH_TOKEN']\n"
        "    with urlopen(Request(f'{url}/user', headers={'X-SBG-Auth-Token': token})) as answer:\n"
        "        assert answer.status == 200\n"
    )
    code, output = session_of(tmp_path, program)
    assert code == 0, output


def test_the_plugin_costs_nothing_where_it_is_not_used(tmp_path: Path) -> None:
    program = (
        "import sys\n\n"
        "def test_nothing_is_loaded():\n"
        "    assert 'sbtransfer.testing.plugin' in sys.modules\n"
        "    heavy = {'aiohttp', 'attrs', 'orjson', 'sbtransfer.client', 'sbtransfer.simulator'}\n"
        "    assert heavy & set(sys.modules) == set()\n"
    )
    code, output = session_of(tmp_path, program)
    assert code == 0, output
