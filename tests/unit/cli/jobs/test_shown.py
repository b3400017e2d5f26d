import io
import json

import pytest
from rich.console import Console

from sbtransfer import VolumeImport
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.jobs.shown import ToTerminal
from sbtransfer.cli.jobs.table import COLUMNS
from sbtransfer.resources import ImportJob
from sbtransfer.simulator import Platform
from tests.flows.simulated import INPUT, OUTPUT, PROJECT, exports, imports
from tests.unit.cli.looking import invoke, transferred


@pytest.fixture
def platform(simulated_environment: Platform) -> Platform:
    """A platform with three imports that were completed, and one that failed, which is the newest."""
    transferred(imports(3))
    transferred([VolumeImport(volume=INPUT, location="missing/a.gz", project=PROJECT)])
    transferred(exports(2))
    return simulated_environment


def test_elsewhere_than_on_a_terminal_each_job_is_a_line_of_cells(platform: Platform) -> None:
    done = invoke("jobs", "imports")
    assert (done.exit_code, done.stderr) == (Exit.COMPLETED, "")
    header, *rows = (line.split("\t") for line in done.stdout.splitlines())
    assert tuple(header) == COLUMNS
    assert [row[1] for row in rows] == ["FAILED", *["COMPLETED"] * 3]
    assert {row[0] for row in rows} == set(platform.jobs) - {row[0] for row in exported()}
    assert "does not exist" in rows[0][-1]


def exported() -> list[list[str]]:
    return [line.split("\t") for line in invoke("jobs", "exports").stdout.splitlines()[1:]]


def test_exports_are_another_list(platform: Platform) -> None:
    assert sorted(row[3] for row in exported()) == [f"{OUTPUT}:moved/0.bam", f"{OUTPUT}:moved/1.bam"]


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (("--state", "failed"), 1),
        (("--state", "FAILED", "--state", "Completed"), 4),
        (("--state", "running"), 0),
        (("--project", PROJECT), 4),
        (("--project", "rfranklin/archive"), 0),
        (("--volume", INPUT), 4),
        (("--volume", OUTPUT), 0),
    ],
)
def test_what_is_wanted_of_a_list(platform: Platform, options: tuple[str, ...], count: int) -> None:
    done = invoke("jobs", "imports", "--json", *options)
    assert done.exit_code == Exit.COMPLETED, done.output
    assert len(done.stdout.splitlines()) == count
    assert done.stderr == ("" if count else "no imports found\n")


@pytest.mark.parametrize(
    ("options", "count"),
    [(("--limit", "3"), 3), (("--limit", "4"), 4), (("--limit", "0"), 4), (("--all",), 4), ((), 4)],
)
def test_what_is_left_out_is_said(platform: Platform, options: tuple[str, ...], count: int) -> None:
    done = invoke("jobs", "imports", "--json", *options)
    jobs = [json.loads(line) for line in done.stdout.splitlines()]
    assert (len(jobs), jobs[0]["state"], jobs[0]["kind"]) == (count, "FAILED", "import")
    more = "the first 3 that the platform lists; there are more imports: --limit N, or --all\n"
    assert done.stderr == (more if count < 4 else "")


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_is_wide_enough(width: int) -> None:
    terminal = io.StringIO()
    show = ToTerminal(Console(file=terminal, width=width, force_terminal=True, color_system=None))
    location = "/".join(["a-folder-with-a-name"] * 8)
    for number in range(2):
        show(ImportJob(id=f"{number:024}", state="RUNNING", volume=INPUT, location=location, project="a/b"))
    lines = terminal.getvalue().splitlines()
    assert max(map(len, map(str.rstrip, lines))) <= width
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == ["ID", "0" * 24, f"{1:024}"]
    assert "".join(map(str.strip, lines)).count(location) == 2
