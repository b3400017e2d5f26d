"""Reports as users of the command line meet them: on the journal of a run, and on its results."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from sbtransfer.cli.exits import Exit
from tests.acceptance.commands import (
    NEVER,
    PROJECT,
    Serve,
    Served,
    eventually,
    sbtransfer,
    start,
    written,
)

pytestmark = pytest.mark.usefixtures("folder")

JOURNAL = "list.csv.sbtransfer"
GONE = "'runs/missing/{}.gz' does not exist on volume 'rfranklin/input'."


def imports(count: int) -> str:
    """Write a list of which every tenth object is not there."""
    rows = [(f"runs/{'here' if n % 10 else 'missing'}/{n}.gz", f"s{n}", 1000) for n in range(count)]
    return written("list.csv", ("location", "ref", "size"), [(a, b, str(c)) for a, b, c in rows])


ON_A_VOLUME = ("--volume", "rfranklin/input", "--project", PROJECT)


@pytest.fixture
def ended(served: Served) -> Served:
    """A platform that has done a list of which a tenth failed; there are results of both forms."""
    done = sbtransfer("import", imports(250), *ON_A_VOLUME, "--results", "out.csv", served=served)
    assert done.returncode == Exit.INCOMPLETE, done.stderr
    assert sbtransfer("journal", "export", JOURNAL, "--output", "out.jsonl").returncode == Exit.COMPLETED
    return served


def reported(*args: str) -> dict[str, Any]:
    done = sbtransfer("report", *args, "--json")
    assert (done.returncode, done.stderr) == (Exit.COMPLETED, "")
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def test_a_journal_and_results_of_one_run_tell_the_same(ended: Served) -> None:
    of_journal, *of_results = (reported(path) for path in (JOURNAL, "out.csv", "out.jsonl"))
    assert of_journal["counts"] == {
        "read": 250,
        "completed": 225,
        "failed": 25,
        "unconfirmed": 0,
        "unfinished": 0,
    }
    (group,) = of_journal["failures"]
    assert (group["items"], group["state"]) == (25, "failed")
    assert group["message"] == "… does not exist on volume …."
    assert [(one["index"], one["message"], one["ref"]) for one in group["examples"]] == [
        (n, GONE.format(n), f"s{n}") for n in (0, 10, 20)
    ]
    assert of_journal["throughput"]["bytes"] == 225_000
    assert of_journal["create_calls"]["most"] == ended.creates()
    assert len(of_journal["slowest"]) == 10
    own = {"path", "input", "work_list", "endpoint", "user", "journal", "next_steps", "notes", "made_on"}
    for facts in of_results:
        assert {name: facts[name] for name in facts if name not in own} == {
            name: of_journal[name] for name in of_journal if name not in own
        }
    assert (of_journal["endpoint"], of_journal["user"]) == (ended.url, "rfranklin")


def test_words_for_people_say_what_to_do_next(ended: Served) -> None:
    done = sbtransfer("report", JOURNAL, "--examples", "1")
    assert (done.returncode, done.stderr) == (Exit.COMPLETED, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"list.csv: import at {ended.url} as rfranklin"
    assert "225 completed + 25 failed + 0 unconfirmed + 0 unfinished = 250 read" in lines
    assert sum(line.startswith("    index ") for line in lines) == 1
    assert lines[-1] == f"send what failed again with: sbtransfer retry {JOURNAL}"


def test_what_a_report_says_can_be_done_with_results(ended: Served) -> None:
    (step,) = (step for step in reported("out.csv")["next_steps"] if "--only" in step)
    _, _, command = step.partition(": sbtransfer ")
    done = sbtransfer(*command.split(), "--no-check", served=ended)
    assert done.returncode == Exit.INCOMPLETE, done.stderr
    assert "0 completed + 25 failed + 0 unconfirmed + 0 unfinished = 25 read" in done.stderr


def test_a_pruned_journal_still_tells_of_what_failed(ended: Served) -> None:
    before = reported(JOURNAL)
    assert sbtransfer("journal", "prune", JOURNAL).returncode == Exit.COMPLETED
    after = reported(JOURNAL)
    assert after["counts"] == before["counts"]
    assert after["failures"] == before["failures"]
    assert any("pruned" in note for note in after["notes"])


def test_a_run_at_work_is_reported_on(serve: Serve) -> None:
    served = serve(durations=NEVER)
    with start("import", imports(150), *ON_A_VOLUME, served=served) as process:
        eventually(lambda: served.creates() >= 2)
        eventually(lambda: reported(JOURNAL)["journal"]["under_way"] == 150)
        facts = reported(JOURNAL)
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert facts["counts"]["unfinished"] == facts["counts"]["read"] == 150
    assert facts["next_steps"] == [f"go on with: sbtransfer resume {JOURNAL}"]
    assert facts["failures"] == facts["slowest"] == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("location,ref\nruns/1.gz,s1\n", "neither a journal nor a results file"),
        ("", "neither a journal nor a results file"),
        ("SQLite format 3\0", "is no journal of this program"),
    ],
)
def test_a_file_that_is_neither_is_refused_in_one_line(content: str, said: str) -> None:
    Path("other.csv").write_text(content)
    done = sbtransfer("report", "other.csv", "--html", "report.html")
    assert done.returncode == Exit.USAGE
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert not Path("report.html").exists()


def test_a_file_that_is_not_there_is_refused() -> None:
    done = sbtransfer("report", "gone.csv")
    assert done.returncode == Exit.USAGE
    assert "'gone.csv' does not exist" in done.stderr
