"""What is seen before anything is sent: dry runs, looks at the platform, results files as lists, events."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sbtransfer.cli.exits import Exit
from sbtransfer.simulator import Project, Volume
from tests.acceptance.commands import (
    COMMAND,
    PROJECT,
    Served,
    environment,
    folder,
    imports,
    lines,
    sbtransfer,
    serve,
    served,
    table,
    written,
)

__all__ = ["folder", "serve", "served"]

pytestmark = pytest.mark.usefixtures("folder")


def twins(count: int = 3) -> str:
    """A list whose objects all have the same name."""
    rows = [("rfranklin/input", f"lane-{n}/a.gz", PROJECT) for n in range(count)]
    return written("twins.csv", ("volume", "location", "project"), rows)


def asked(served: Served) -> list[str]:
    return [path for _, _, path, _ in served.platform.requests_log]


# Dry runs -------------------------------------------------------------------------------------------------


def test_a_dry_run_needs_no_token_and_sends_nothing(served: Served) -> None:
    done = sbtransfer("import", imports(*["rfranklin/input"] * 250), "--dry-run")
    assert (done.returncode, done.stderr) == (Exit.COMPLETED, "")
    assert "list.csv: 250 items for import; nothing was sent" in done.stdout
    done = sbtransfer("import", "list.csv", "--dry-run", served=served)
    assert "A run would start." in done.stdout
    assert asked(served) == []
    assert [path.name for path in Path().iterdir()] == ["list.csv"]


def test_a_dry_run_for_programs() -> None:
    done = sbtransfer("import", twins(), "--dry-run", "--json")
    plan = json.loads(done.stdout)
    assert done.returncode == Exit.USAGE
    assert (plan["items"], plan["would_start"], plan["traps"][0]["name"]) == (3, False, "name_collisions")


def test_a_real_manifest_is_looked_over(real_list: Path) -> None:
    done = sbtransfer("drs-import", str(real_list), "--project", PROJECT, "--dry-run", "--json")
    plan = json.loads(done.stdout)
    assert (plan["items"], plan["sized"], plan["calls"], plan["traps"]) == (885, 885, 9, [])
    assert plan["seconds_at_least"] == 300


def test_a_million_names_are_kept_on_the_disk() -> None:
    program = (
        "import resource, sys; from sbtransfer.__main__ import main\n"
        "try: main()\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    peaks = []
    for count in (1_000, 200_000):
        with Path("many.csv").open("w") as file:
            file.write("drs_uri,name\n")
            file.writelines(f"drs://x.example/{n},sample-{n % (count - 1):06}.bam\n" for n in range(count))
        command = (sys.executable, "-c", program, "drs-import", "many.csv", "--project", PROJECT, "--dry-run")
        done = subprocess.run(command, env=environment(None), capture_output=True, text=True, check=False)
        assert done.returncode == Exit.USAGE
        assert "2 items share destination names" in done.stdout
        peaks.append(int(done.stderr))
    assert peaks[1] - peaks[0] < 20_000, "memory in KiB grows with the list"


# Names that are taken -------------------------------------------------------------------------------------


def test_names_that_are_taken_stop_a_run(served: Served) -> None:
    done = sbtransfer("import", twins(), served=served)
    assert done.returncode == Exit.USAGE
    assert "Error: twins.csv: 3 items share destination names: all but one of each may fail" in done.stderr
    assert "'a.gz' in rfranklin/my-project: twins.csv, line 2, line 3, line 4" in done.stderr
    assert "--allow-name-collisions" in done.stderr
    assert "Nothing was sent." in done.stderr
    assert asked(served) == []
    assert not Path("twins.csv.sbtransfer").exists()


def test_names_that_are_taken_may_be_sent_if_that_is_wanted(served: Served) -> None:
    done = sbtransfer("import", twins(), "--allow-name-collisions", served=served)
    assert "+ 0 unfinished = 3 read" in done.stderr
    assert len(served.platform.created("imports")) == 3
    assert "note: 3 items share destination names" in done.stderr


def test_standard_input_is_looked_over_too(served: Served) -> None:
    rows = Path(twins()).read_text()
    done = sbtransfer("import", "-", served=served, stdin=rows)
    assert done.returncode == Exit.USAGE
    assert "standard input: 3 items share destination names" in done.stderr
    assert asked(served) == []


# Looks at the platform ------------------------------------------------------------------------------------


def test_all_that_is_wrong_is_told_before_anything_is_sent(served: Served) -> None:
    world = served.platform.world
    world.projects["rfranklin/closed"] = Project("rfranklin/closed", writable=False)
    world.volumes["rfranklin/off"] = Volume("rfranklin/off", active=False)
    rows = [
        ("rfranklin/off", "1.gz", "rfranklin/closed"),
        ("rfranklin/nowhere", "2.gz", "rfranklin/none"),
    ]
    work_list = written("list.csv", ("volume", "location", "project"), rows)
    done = sbtransfer("import", work_list, served=served)
    assert done.returncode == Exit.REFUSED
    for words in (
        "project rfranklin/closed: you may not write into it",
        "volume rfranklin/off: is not active",
        "volume rfranklin/nowhere: there is none, or you may not see it",
        "project rfranklin/none: there is none",
        "--no-check sends it all the same",
        "Nothing was sent.",
    ):
        assert words in done.stderr
    assert served.creates() == 0
    assert not Path("list.csv.sbtransfer").exists()


def test_an_export_needs_a_volume_that_can_be_written(served: Served) -> None:
    work_list = written("list.csv", ("file", "volume", "location"), [("5f1e", "rfranklin/input", "a.gz")])
    done = sbtransfer("export", work_list, served=served)
    assert done.returncode == Exit.USAGE
    assert "volume rfranklin/input: is read-only" in done.stderr
    assert served.creates() == 0


def test_a_look_takes_a_handful_of_requests_and_can_be_left_out(served: Served) -> None:
    sbtransfer("import", imports(*["rfranklin/input"] * 300), served=served)
    looks = [path for path in asked(served) if path.startswith(("/projects", "/storage/volumes"))]
    assert sorted(looks) == ["/projects/rfranklin/my-project", "/storage/volumes/rfranklin/input"]
    served.platform.requests_log.clear()
    other = imports(*["rfranklin/input"] * 3, name="other.csv")
    sbtransfer("import", other, "--no-check", "--allow-name-collisions", served=served)
    assert not [path for path in asked(served) if path.startswith(("/projects", "/storage/volumes"))]


def test_a_list_that_is_done_is_not_looked_at_again(served: Served) -> None:
    assert sbtransfer("import", imports("rfranklin/input"), served=served).returncode == Exit.COMPLETED
    del served.platform.world.volumes["rfranklin/input"]
    done = sbtransfer("import", "list.csv", served=served)
    assert done.returncode == Exit.COMPLETED
    assert "that is all of the list" in done.stderr


# Results files as lists -----------------------------------------------------------------------------------


@pytest.mark.parametrize("results", ["out.csv", "out.jsonl"])
def test_what_failed_in_a_results_file_is_sent_again(served: Served, results: str) -> None:
    volumes = ["rfranklin/input"] * 8 + ["rfranklin/later"] * 4
    done = sbtransfer("import", imports(*volumes), "--no-check", "--results", results, served=served)
    assert done.returncode == Exit.INCOMPLETE
    served.platform.world.volumes["rfranklin/later"] = Volume("rfranklin/later")
    done = sbtransfer("import", results, "--only", "failed", "--results", "again.jsonl", served=served)
    assert done.returncode == Exit.COMPLETED, done.stderr
    assert [row["location"] for row in lines("again.jsonl")] == [f"runs/{n}.gz" for n in range(8, 12)]
    assert len(set(served.platform.created("imports"))) == len(served.platform.created("imports")) == 12


def test_a_results_file_is_not_sent_whole_by_mistake(served: Served) -> None:
    work_list = written("list.csv", ("file", "volume", "location"), [("5f1e", "rfranklin/output", "a.gz")])
    assert sbtransfer("export", work_list, "--results", "out.csv", served=served).returncode == Exit.COMPLETED
    before = served.creates()
    done = sbtransfer("export", "out.csv", served=served)
    assert done.returncode == Exit.USAGE
    assert "this is a results file: say which of its items with --only failed" in done.stderr
    done = sbtransfer("export", "out.csv", "--only", "failed", served=served)
    assert done.returncode == Exit.USAGE
    assert "none of its items is failed: nothing to do" in done.stderr
    done = sbtransfer("export", "list.csv", "--only", "failed", "--no-journal", served=served)
    assert done.returncode == Exit.USAGE
    assert "leave out --only" in done.stderr
    assert served.creates() == before


def test_a_retry_of_a_results_file_can_be_resumed(served: Served) -> None:
    done = sbtransfer(
        "import", imports("rfranklin/later"), "--no-check", "--results", "out.csv", served=served
    )
    assert done.returncode == Exit.INCOMPLETE
    done = sbtransfer("import", "out.csv", "--only", "failed", "--no-check", served=served)
    assert done.returncode == Exit.INCOMPLETE
    served.platform.world.volumes["rfranklin/later"] = Volume("rfranklin/later")
    done = sbtransfer("retry", "out.csv.sbtransfer", served=served)
    assert done.returncode == Exit.COMPLETED
    assert table("out.csv")[0]["state"] == "FAILED"  # the list stays as it was


# Events ---------------------------------------------------------------------------------------------------


def events(stdout: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stdout.splitlines()]


def test_a_program_gets_an_event_a_line(served: Served) -> None:
    work_list = imports(*["rfranklin/input"] * 3, "rfranklin/nowhere")
    done = sbtransfer("import", work_list, "--json", "--no-check", "--results", "out.csv", served=served)
    assert (done.returncode, done.stderr) == (Exit.INCOMPLETE, "")
    told = events(done.stdout)
    names = [event["event"] for event in told if event["event"] != "progress"]
    assert names == ["connecting", "started", "journal", *["outcome"] * 4, "ended", "results"]
    outcomes = {event["index"]: event["state"] for event in told if event["event"] == "outcome"}
    assert outcomes == {0: "COMPLETED", 1: "COMPLETED", 2: "COMPLETED", 3: "FAILED"}
    (ended,) = (event for event in told if event["event"] == "ended")
    assert (ended["read"], ended["completed"], ended["failed"], ended["ok"]) == (4, 3, 1, False)


def test_a_program_hears_of_errors_too(served: Served) -> None:
    done = sbtransfer("import", twins(), "--json", served=served)
    assert done.returncode == Exit.USAGE
    (error,) = events(done.stdout)
    assert (error["event"], error["exit_code"], error["notes"]) == ("error", 2, ["Nothing was sent."])
    assert done.stderr.startswith("Error: twins.csv: 3 items share destination names")


def test_a_reader_of_events_that_goes_away_does_not_end_the_run(served: Served) -> None:
    command = subprocess.list2cmdline((*COMMAND, "import", imports(*["rfranklin/input"] * 300), "--json"))
    piped = f"set -o pipefail; {command} | head -n 1"
    done = subprocess.run(
        ("bash", "-c", piped), env=environment(served), capture_output=True, text=True, check=False
    )
    assert done.returncode == Exit.COMPLETED, done.stderr
    assert len(served.platform.created("imports")) == 300
