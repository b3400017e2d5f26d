import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from sbtransfer import __version__
from sbtransfer.cli import cli, options
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import Rate, Seconds
from sbtransfer.cli.shared import Shared

VERBS = (
    "import",
    "export",
    "drs-import",
    "resume",
    "retry",
    "journal",
    "simulate",
    "demo",
    "configure",
    "completion",
    "jobs",
    "limits",
    "list",
    "report",
    "cluster",
)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the verbs hand on; nothing is transferred."""
    seen: dict[str, Any] = {}

    def move_list(console: object, kind: str, shared: Shared, defaults: Mapping[str, object]) -> Exit:
        seen.update(kind=kind, shared=shared, defaults=defaults)
        return Exit.COMPLETED

    monkeypatch.setattr("sbtransfer.cli.move.move_list", move_list)
    return seen


def invoke(*args: str) -> Result:
    return CliRunner().invoke(cli, args)


def test_the_defaults_of_an_import(given: dict[str, Any]) -> None:
    done = invoke("import", "list.csv", "--volume", "a/b", "--project", "c/d", "--overwrite")
    assert done.exit_code == 0, done.output
    assert given["kind"] == "import"
    assert given["defaults"] == {"volume": "a/b", "project": "c/d", "overwrite": True}


def test_the_defaults_of_an_export(given: dict[str, Any]) -> None:
    assert invoke("export", "list.csv", "--volume", "a/b", "--copy-only").exit_code == 0
    assert given["kind"] == "export"
    assert given["defaults"] == {"volume": "a/b", "copy_only": True}


def test_the_defaults_of_a_drs_import(given: dict[str, Any]) -> None:
    args = ("--parent", "f1", "--tag", "a", "--tag", "b", "--conflict-resolution", "RENAME")
    assert invoke("drs-import", "-", *args).exit_code == 0
    assert given["kind"] == "drs"
    assert given["defaults"] == {"parent": "f1", "tags": ("a", "b"), "conflict_resolution": "RENAME"}


def test_what_is_not_given_says_nothing_about_the_rows(given: dict[str, Any]) -> None:
    for verb in ("import", "export", "drs-import"):
        assert invoke(verb, "list.csv").exit_code == 0
        assert given["defaults"] == {}


def test_the_limits_are_the_platforms_unless_given(given: dict[str, Any]) -> None:
    assert invoke("import", "list.csv").exit_code == 0
    assert given["shared"].requests_limit == Rate(1000, 300.0)
    assert given["shared"].drs_limit == Rate(500, 300.0)


@pytest.mark.parametrize(
    "text", ["1000", "1000/", "/300", "0/300", "10/0", "-1/300", "a/b", "1/2/3", "1.5/2"]
)
def test_a_rate_that_is_none_is_a_usage_error(given: dict[str, Any], text: str) -> None:
    done = invoke("import", "list.csv", f"--requests-limit={text}")
    assert done.exit_code == Exit.USAGE
    assert f"{text!r} is not N/SECONDS, such as 1000/300" in done.output
    assert given == {}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "Missing argument 'WORKLIST'"),
        (("list.csv", "--max-in-flight", "0"), "0 is not in the range"),
        (("list.csv", "--format", "xlsx"), "'xlsx' is not one of"),
        (("list.csv", "--token", "abc"), "No such option"),
        (("list.csv", "--settle", "-1"), "-1.0 is not in the range"),
        (("list.csv", "--timeout", "0"), "0.0 is not in the range"),
        (("list.csv", "--grace", "nan"), "'nan' is not a number of seconds"),
        (("list.csv", "--grace", "inf"), "inf is not in the range"),
        (("list.csv", "--resend-ambiguous"), "No such option"),
    ],
)
def test_a_command_that_cannot_be_used(given: dict[str, Any], args: tuple[str, ...], message: str) -> None:
    done = invoke("import", *args)
    assert done.exit_code == Exit.USAGE
    assert message in done.output
    assert given == {}


def test_the_verbs() -> None:
    assert set(cli.commands) == set(VERBS)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_each_verb_has_help_with_an_example(verb: str, flag: str) -> None:
    done = invoke(verb, flag)
    assert done.exit_code == 0
    assert f"Example:\n    sbtransfer {verb}" in done.output


def test_the_looks_into_a_journal_have_help_with_examples() -> None:
    for verb in ("inspect", "export", "prune"):
        assert f"Example:\n    sbtransfer journal {verb}" in invoke("journal", verb, "--help").output


def test_a_rate_is_written_as_it_is_read() -> None:
    assert [str(Rate(1000, 300.0)), str(Rate(5, 1 / 3)), str(Rate(7, 1.5))] == [
        "1000/300",
        "5/0.333333333",
        "7/1.5",
    ]


def test_seconds_have_bounds() -> None:
    assert (Seconds().min, Seconds().min_open, Seconds().max) == (0, False, 86_400)
    assert (Seconds(above=0).min, Seconds(above=0).min_open) == (0, True)


def test_the_help_tells_the_exit_codes() -> None:
    done = invoke("-h")
    assert "Example:\n    sbtransfer drs-import" in done.output
    assert "4 interrupted" in done.output


def test_the_version() -> None:
    assert invoke("--version").output == f"sbtransfer, version {__version__}\n"


def test_a_verb_that_fails_inside_ends_in_one_line() -> None:
    @click.command()
    @options.guarded
    def verb(console: object) -> Exit:
        raise RuntimeError("odd")

    done = CliRunner().invoke(verb)
    assert done.exit_code == Exit.INCOMPLETE
    assert done.output == "internal error: RuntimeError: odd; run with --debug to see where\n"


def test_help_does_not_wait_for_slow_imports() -> None:
    program = (
        "import sys\n"
        "from sbtransfer.cli import cli\n"
        "try:\n"
        "    cli(['import', '--help'])\n"
        "except SystemExit as ended:\n"
        "    assert not ended.code\n"
        "slow = {'aiohttp', 'asyncio', 'procrastinate', 'psycopg', 'rich'} & set(sys.modules)\n"
        "assert not slow, slow\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, stdout=subprocess.DEVNULL)
