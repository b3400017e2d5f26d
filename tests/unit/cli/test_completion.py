import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import CompletionItem, ShellComplete
from click.testing import CliRunner

from sbtransfer.cli import cli
from sbtransfer.cli.completion import SHELLS, known_profiles, script

PROFILES = "[default]\nauth_token = x\n[cgc]\n[cavatica]\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with some profiles, and no token in the environment."""
    for name in ("SB_API_ENDPOINT", "SB_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".sevenbridges").mkdir()
    (tmp_path / ".sevenbridges" / "credentials").write_text(PROFILES)
    return tmp_path


# The values ----------------------------------------------------------------------------------------------


def completed(*words: str) -> list[CompletionItem]:
    """Complete the last word."""
    shell = ShellComplete(cli, {}, "sbtransfer", "_SBTRANSFER_COMPLETE")
    return shell.get_completions(list(words[:-1]), words[-1])


def values(*words: str) -> list[str]:
    return [item.value for item in completed(*words)]


@pytest.mark.parametrize("verb", ["import", "resume", "configure"])
def test_profiles_are_completed(home: Path, verb: str) -> None:
    assert values(verb, "--profile", "") == ["default", "cgc", "cavatica"]
    assert values(verb, "--profile", "ca") == ["cavatica"]


def test_no_profiles_are_completed_where_there_is_no_file(home: Path) -> None:
    (home / ".sevenbridges" / "credentials").unlink()
    assert values("import", "--profile", "") == []


def test_a_broken_file_is_no_trouble(home: Path) -> None:
    (home / ".sevenbridges" / "credentials").write_text("[cgc\n")
    context = click.Context(cli)
    assert known_profiles(context, click.Option(["--profile"]), "") == []


@pytest.mark.parametrize(
    "words",
    [
        ("import", ""),
        ("import", "list.csv", "--log-file", ""),
        ("import", "list.csv", "--results", ""),
        ("drs-import", "list.csv", "--journal", ""),
        ("resume", ""),
        ("journal", "inspect", ""),
        ("simulate", "--world", ""),
    ],
)
def test_files_are_completed_by_the_shell(words: tuple[str, ...]) -> None:
    assert [item.type for item in completed(*words)] == ["file"]


def test_verbs_options_and_choices_are_completed() -> None:
    assert values("drs") == ["drs-import"]
    assert "--platform" in values("import", "--pl")
    assert values("import", "--platform", "ca") == ["cavatica"]
    assert "--connect-timeout" not in values("import", "--")


# The scripts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", SHELLS)
def test_the_verb_prints_the_script(home: Path, shell: str) -> None:
    done = CliRunner().invoke(cli, ["completion", shell])
    assert done.exit_code == 0
    assert done.stdout == script(shell) + "\n"
    assert f"_SBTRANSFER_COMPLETE={shell}_complete" in done.stdout
    assert "sbtransfer" in done.stdout.split()


def test_another_shell_is_a_usage_error() -> None:
    done = CliRunner().invoke(cli, ["completion", "tcsh"])
    assert done.exit_code == 2
    assert "'tcsh' is not one of" in done.output


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_can_read_the_script(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    path = tmp_path / "script"
    path.write_text(script(shell))
    subprocess.run([shell, "-n", path], check=True, capture_output=True)


@pytest.fixture
def command(tmp_path: Path) -> Path:
    """A folder with `sbtransfer` in it, as an installation has it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "sbtransfer"
    program.write_text(f"#!{sys.executable}\nfrom sbtransfer.__main__ import main\nmain()\n")
    program.chmod(0o755)
    return folder


def environment(command: Path) -> dict[str, str]:
    root = Path(__file__).parents[3]
    path = f"{command}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": os.environ["HOME"], "PYTHONPATH": str(root)}


BASH = """
source <(sbtransfer completion bash)
COMP_WORDS=(sbtransfer "$@")
COMP_CWORD=$#
_sbtransfer_completion sbtransfer
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("comp",), ["completion"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
        (("import", "--profile", "c"), ["cgc", "cavatica"]),
        (("journal", "p"), ["prune"]),
    ],
)
def test_bash_completes(home: Path, command: Path, words: tuple[str, ...], offered: list[str]) -> None:
    done = subprocess.run(
        ["bash", "-c", BASH, "bash", *words], env=environment(command), capture_output=True, text=True
    )
    assert (done.stdout.split(), done.stderr) == (offered, "")


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_completes(home: Path, command: Path) -> None:
    line = "sbtransfer completion fish | source; complete -C 'sbtransfer import --profile c'"
    done = subprocess.run(["fish", "-c", line], env=environment(command), capture_output=True, text=True)
    assert (done.stdout.split(), done.stderr) == (["cavatica", "cgc"], "")


def test_what_zsh_asks_is_answered(home: Path, command: Path) -> None:
    asked = {
        "COMP_WORDS": "sbtransfer import --profile c",
        "COMP_CWORD": "3",
        "_SBTRANSFER_COMPLETE": "zsh_complete",
    }
    done = subprocess.run(
        [command / "sbtransfer"], env=environment(command) | asked, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["plain", "cgc", "_", "plain", "cavatica", "_"]
