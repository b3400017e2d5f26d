from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner, Result

from sbtransfer.cli import cli
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import Rate
from sbtransfer.cli.shared import FORMATS, Running, Shared
from sbtransfer.worklist import Format
from tests.unit.cli.journals import running


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the verbs hand on; nothing is transferred."""
    seen: dict[str, Any] = {}

    def move_list(console: object, kind: str, shared: Shared, defaults: Mapping[str, object]) -> Exit:
        seen.update(kind=kind, shared=shared, defaults=defaults)
        return Exit.COMPLETED

    def go_on(console: object, journal: Path, running: Running, retry: str | None = None) -> Exit:
        seen.update(journal=journal, shared=running, retry=retry)
        return Exit.COMPLETED

    monkeypatch.setattr("sbtransfer.cli.move.move_list", move_list)
    monkeypatch.setattr("sbtransfer.cli.again.go_on", go_on)
    return seen


def invoke(*args: str) -> Result:
    return CliRunner().invoke(cli, args)


def test_the_shared_options(given: dict[str, Any], tmp_path: Path) -> None:
    results = tmp_path / "out.JSONL"
    done = invoke(
        *("export", "list", "--endpoint", "https://a.example/v2", "--profile", "cgc", "--format", "jsonl"),
        *("--results", str(results), "--requests-limit", "50/1.5", "--drs-limit", "5/60", "--settle", "3"),
        *("--timeout", "2.5", "--grace", "0", "--max-in-flight", "7", "--stream", "-q"),
        *("--journal", "j", "--connect-timeout", "2"),
    )
    assert done.exit_code == 0, done.output
    assert given["shared"] == Shared(
        work_list="list",
        endpoint="https://a.example/v2",
        platform=None,
        profile="cgc",
        format="jsonl",
        results=results,
        force=False,
        requests_limit=Rate(50, 1.5),
        drs_limit=Rate(5, 60.0),
        lag=None,
        max_in_flight=7,
        settle=3.0,
        timeout=2.5,
        grace=0.0,
        journal=Path("j"),
        no_journal=False,
        stream=True,
        quiet=True,
        connect_timeout=2.0,
        repeated=given["shared"].repeated,
    )


def test_the_times_are_the_librarys_unless_given(given: dict[str, Any]) -> None:
    assert invoke("import", "list.csv").exit_code == 0
    shared = given["shared"]
    assert (shared.settle, shared.timeout, shared.grace) == (120, 120, 10)
    assert (shared.verify_drs, shared.resend_ambiguous, shared.repeated) == (True, False, ())


def test_drs_imports_have_options_of_their_own(given: dict[str, Any]) -> None:
    assert invoke("drs-import", "list.csv", "--no-verify-drs", "--resend-ambiguous").exit_code == 0
    assert (given["shared"].verify_drs, given["shared"].resend_ambiguous) == (False, True)
    assert given["defaults"] == {}


def test_what_the_next_command_needs_is_repeated_as_it_is_typed(given: dict[str, Any]) -> None:
    options = ("--profile", "cgc", "--requests-limit", "50/1.5", "--lag", "0.25", "--max-in-flight", "7")
    flags = ("--no-verify-drs", "--resend-ambiguous")
    args = ("drs-import", "list.csv", *options, *flags, "-q", "-v", "--stream", "--tag", "a", "--force")
    assert invoke(*args).exit_code == 0
    first = given["shared"].repeated
    assert sorted(first) == sorted((*options, *flags))
    assert invoke("resume", *first, "j").exit_code == 0
    assert given["shared"].repeated == first


def test_resume_and_retry(given: dict[str, Any]) -> None:
    assert invoke("resume", "j", "--no-results").exit_code == 0
    assert (given["journal"], given["retry"], given["shared"].no_results) == (Path("j"), None, True)
    assert invoke("retry", "j").exit_code == 0
    assert given["retry"] == "failed"
    assert invoke("retry", "j", "--unconfirmed").exit_code == 0
    assert given["retry"] == "unconfirmed"


def test_the_options_of_a_run() -> None:
    assert running(settle=5.0, resend_ambiguous=True).of_the_run == {
        "max_in_flight": 100,
        "settle": 5.0,
        "grace": 10.0,
        "verify_drs": True,
        "resend_ambiguous": True,
    }


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--results", "out.txt"), "'out.txt' must end in .jsonl or .csv"),
        (("--results", "nowhere/out.csv"), "there is no folder 'nowhere': make it first"),
        (("--journal", "j", "--no-journal"), "give --journal or --no-journal, not both"),
        (("--journal", "list.csv"), "'list.csv' is the work list: give the journal another name"),
        (("--journal", "o.csv", "--results", "o.csv"), "cannot take the results and the journal, too"),
        (("--results", "./list.csv"), "is the work list: it cannot take the results, too"),
    ],
)
def test_options_that_exclude_each_other(given: dict[str, Any], args: tuple[str, ...], message: str) -> None:
    done = invoke("import", "list.csv", *args)
    assert done.exit_code == Exit.USAGE
    assert message in done.output
    assert given == {}


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_results_never_overwrite_their_own_work_list(
    given: dict[str, Any], tmp_path: Path, link: str
) -> None:
    work_list = tmp_path / "list.csv"
    work_list.write_text("precious")
    getattr(tmp_path / "other.csv", link)(work_list)
    done = invoke("import", str(work_list), "--results", str(tmp_path / "other.csv"), "--force")
    assert done.exit_code == Exit.USAGE
    assert "is the work list" in done.output
    assert given == {}


def test_the_choices_are_those_of_the_work_lists() -> None:
    assert get_args(Format) == FORMATS
