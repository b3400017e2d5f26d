"""Journals as users of the command line meet them: killed, interrupted, gone on with, tried again."""

import json
import re
import shlex
import signal
import sqlite3
import stat
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sbtransfer.cli.exits import Exit
from sbtransfer.simulator import Durations, Platform
from tests.acceptance.commands import (
    COMMAND,
    CREATES,
    NEVER,
    PATIENCE,
    PROJECT,
    TOKEN,
    Done,
    Serve,
    Served,
    all_that_is_kept,
    environment,
    eventually,
    imports,
    lines,
    sbtransfer,
    start,
    table,
    until,
    written,
)

pytestmark = pytest.mark.usefixtures("folder")

JOURNAL = "list.csv.sbtransfer"
QUICK = ("--requests-limit", "1000/1", "--drs-limit", "500/1", "--settle", "0.2", "--timeout", "0.5")
"""The limits of a platform that is 300 times as fast, and as little patience."""

SHORT = Durations(median=60, p99=200)  # 0.2 s to 0.7 s at that speed


@pytest.fixture
def quick(serve: Serve) -> Served:
    return serve(speed=300.0, durations=SHORT)


def good(count: int, name: str = "list.csv") -> str:
    return imports(*["rfranklin/input"] * count, name=name)


def mode(path: Path | str) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


def made_once(served: Served, items: int) -> None:
    made = served.platform.created("imports")
    assert len(made) == len(set(made)) == items


def complete(path: str, items: int) -> None:
    """See that a results file has one row an item."""
    rows = lines(path) if path.endswith(".jsonl") else table(path)
    assert Counter(int(row["index"]) for row in rows) == dict.fromkeys(range(items), 1)


def told_to(verb: str, stderr: str) -> tuple[str, ...]:
    """Return the command that a run has printed, as a shell would take it."""
    (words,) = re.findall(rf".* with: (sbtransfer {verb} .*)", stderr)
    program, *args = shlex.split(words)
    assert program == "sbtransfer"
    return tuple(args)


def inspected(journal: str | Path = JOURNAL) -> dict[str, Any]:
    done = sbtransfer("journal", "inspect", str(journal), "--json")
    assert done.returncode == Exit.COMPLETED, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


# Killed ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("results", ["out.csv", "out.jsonl"])
def test_the_same_command_goes_on_after_any_number_of_kills(quick: Served, results: str) -> None:
    args = ("import", good(1200), *QUICK, "--results", results)
    for moment in (1, 4, 8, 11):
        before = quick.creates()
        with start(*args, served=quick) as process:
            eventually(lambda: quick.creates() - before >= moment or process.poll() is not None)  # noqa: B023
            process.kill()
        assert TOKEN.encode() not in all_that_is_kept()
    done = sbtransfer(*args, served=quick)
    assert done.returncode == Exit.COMPLETED, done.stderr
    assert "1,200 completed + 0 failed + 0 unconfirmed + 0 unfinished = 1,200 read" in done.stderr
    assert f"known from {JOURNAL}: " in done.stderr
    complete(results, 1200)
    made_once(quick, 1200)


def test_a_killed_run_is_resumed_by_its_journal_alone(quick: Served) -> None:
    with start("import", good(600), *QUICK, "--results", "out.csv", served=quick) as process:
        eventually(lambda: Path("out.csv").exists() and len(table("out.csv")) > 50)
        process.kill()
    with Path("out.csv").open("a") as file:
        file.write("599,rfranklin/inp")  # a row that was being written
    done = sbtransfer("resume", JOURNAL, *QUICK, served=quick)
    assert done.returncode == Exit.COMPLETED, done.stderr
    complete("out.csv", 600)
    made_once(quick, 600)
    assert mode("out.csv") == mode(JOURNAL) == 0o600
    assert not list(Path.cwd().glob("*.part"))


def test_a_finished_journal_has_nothing_left_to_do(quick: Served) -> None:
    args = ("import", good(30), *QUICK, "--results", "out.csv")
    assert sbtransfer(*args, served=quick).returncode == Exit.COMPLETED
    Path("list.csv").rename("moved.csv")  # it is not needed any more
    Path("out.csv").unlink()
    creates = quick.creates()
    done = sbtransfer("resume", JOURNAL, *QUICK, served=quick)
    assert done.returncode == Exit.COMPLETED, done.stderr
    assert "30 completed, 0 failed, 0 unconfirmed of 30; that is all of the list" in done.stderr
    assert quick.creates() == creates
    complete("out.csv", 30)


def test_a_list_that_has_grown_is_sent_from_where_it_has(quick: Served) -> None:
    assert sbtransfer("import", good(30), *QUICK, served=quick).returncode == Exit.COMPLETED
    done = sbtransfer("import", good(50), *QUICK, "--results", "out.csv", served=quick)
    assert done.returncode == Exit.COMPLETED, done.stderr
    complete("out.csv", 50)
    made_once(quick, 50)


# Interrupted -----------------------------------------------------------------------------------------------


def test_an_interrupted_run_prints_the_command_that_goes_on(serve: Serve) -> None:
    served = serve(speed=300.0, durations=Durations(median=600, p99=600))  # 2 s
    work_list = good(300, name="a list.csv")
    args = ("import", work_list, *QUICK, "--endpoint", served.url, "--results", "out.csv")
    with start(*args, served=served) as process:
        eventually(lambda: served.creates() == 3)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == Exit.INTERRUPTED
    assert stderr.endswith("Interrupted.\n")
    resume = told_to("resume", stderr)
    assert resume[-1] == "a list.csv.sbtransfer"
    assert ("--endpoint", served.url) == resume[1:3]
    done = sbtransfer(*resume, served=served)
    assert done.returncode == Exit.COMPLETED, done.stderr
    complete("out.csv", 300)
    made_once(served, 300)


class Late(Platform):
    """A platform that does its work and answers the first create only once it is told to."""

    def __init__(self) -> None:
        super().__init__(token=TOKEN, speed=300.0, durations=SHORT)
        self.go_on = threading.Event()

    def handle(self, request: Any, now: float) -> Any:
        answer = super().handle(request, now)
        if CREATES.fullmatch(request.path):
            self.go_on.wait(PATIENCE)
        return answer


def left_at_once(*args: str, served: Served) -> str:
    """Interrupt a run twice in the middle of its first create; return what it has said at last."""
    with start(*args, "-v", served=served) as process:
        assert process.stderr is not None
        until("/create", process.stderr)
        time.sleep(0.1)  # it has left
        process.send_signal(signal.SIGINT)
        until("Leaving", process.stderr)
        process.send_signal(signal.SIGINT)
        stderr: str = process.stderr.read()
    assert process.returncode == Exit.INTERRUPTED
    return stderr


def test_a_second_interrupt_leaves_a_doubt_that_is_settled_later() -> None:
    with Served(late := Late()) as served:
        stderr = left_at_once("import", good(5), *QUICK, served=served)
        late.go_on.set()
        assert inspected()["in_doubt"] == 5
        done = sbtransfer(*told_to("resume", stderr), served=served)
        assert done.returncode == Exit.COMPLETED, done.stderr
        assert "5 in doubt, to be looked up" in done.stderr
        made_once(served, 5)


def test_grace_is_what_the_first_interrupt_waits_at_most() -> None:
    with Served(late := Late()) as served:
        with start("import", good(5), "--grace", "0.2", "-v", served=served) as process:
            assert process.stderr is not None
            until("/create", process.stderr)
            process.send_signal(signal.SIGINT)
            began = time.monotonic()
            assert process.wait(PATIENCE) == Exit.INTERRUPTED
            assert time.monotonic() - began < 8  # 10 s by default
        late.go_on.set()


# Tried again -----------------------------------------------------------------------------------------------


def test_what_failed_is_sent_again(quick: Served) -> None:
    volumes = ["rfranklin/input"] * 40 + ["rfranklin/later"] * 10
    args = ("--no-check", "--results", "out.csv")
    done = sbtransfer("import", imports(*volumes), *QUICK, *args, served=quick)
    assert done.returncode == Exit.INCOMPLETE
    retry = told_to("retry", done.stderr)
    done = sbtransfer(*retry, served=quick)
    assert done.returncode == Exit.INCOMPLETE
    assert "10 items to be tried again" in done.stderr
    assert "40 completed + 10 failed + 0 unconfirmed + 0 unfinished = 50 read" in done.stderr
    complete("out.csv", 50)
    quick.platform.world.volumes["rfranklin/later"] = quick.platform.world.volumes["rfranklin/input"]
    done = sbtransfer(*retry, served=quick)
    assert done.returncode == Exit.COMPLETED, done.stderr
    complete("out.csv", 50)
    made_once(quick, 50)
    done = sbtransfer(*retry, served=quick)
    assert done.returncode == Exit.COMPLETED, done.stderr
    assert "nothing to retry" in done.stderr
    made_once(quick, 50)


def test_what_is_unconfirmed_is_looked_for_when_asked() -> None:
    rows = [(f"drs://data.example/{n}",) for n in range(5)]  # without names nothing can be found
    work_list = written("list.csv", ("drs_uri",), rows)
    with Served(late := Late()) as served:
        left_at_once("drs-import", work_list, "--project", PROJECT, *QUICK, served=served)
        late.go_on.set()
        done = sbtransfer("resume", JOURNAL, *QUICK, served=served)
        assert done.returncode == Exit.INCOMPLETE, done.stderr
        assert "0 completed + 0 failed + 5 unconfirmed" in done.stderr
        retry = told_to("retry", done.stderr)
        assert "--unconfirmed" in retry
        done = sbtransfer("retry", JOURNAL, *QUICK, served=served)
        assert (done.returncode, "nothing to retry" in done.stderr) == (Exit.INCOMPLETE, True)
        done = sbtransfer(*retry, served=served)
        assert "5 items to be tried again" in done.stderr
        assert "5 unconfirmed" in done.stderr
        assert len(served.platform.created("drs")) == 5
        done = sbtransfer(*retry, "--resend-ambiguous", served=served)
        assert done.returncode == Exit.COMPLETED, done.stderr


# Refused ---------------------------------------------------------------------------------------------------


def refused(done: Done, words: str) -> None:
    assert done.returncode == Exit.USAGE, done.stderr
    assert words in done.stderr
    assert "Nothing was sent." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_list_that_was_changed(quick: Served) -> None:
    assert sbtransfer("import", good(30), *QUICK, served=quick).returncode == Exit.COMPLETED
    changed = imports(*["rfranklin/input"] * 20, "rfranklin/output", *["rfranklin/input"] * 20)
    done = sbtransfer("import", changed, *QUICK, served=quick)
    refused(done, "item 20 of the list is not the one that the journal holds")
    assert f"The journal is {JOURNAL}." in done.stderr
    assert "go on with" not in done.stderr
    made_once(quick, 30)


def test_a_second_process(serve: Serve) -> None:
    served = serve(durations=NEVER)
    args = ("import", good(5), "--results", "out.csv")
    with start(*args, served=served) as process:
        eventually(lambda: served.creates() == 1)
        done = sbtransfer(*args, served=served)
        refused(done, "another run is writing this journal")
        refused(sbtransfer("resume", JOURNAL, served=served), "another run is writing this journal")
        assert inspected()["recorded"] == 5  # it can be looked at meanwhile
        process.kill()


def test_results_of_somebody_else(quick: Served) -> None:
    Path("out.csv").write_text("precious")
    args = ("import", good(5), *QUICK, "--results", "out.csv")
    refused(sbtransfer(*args, served=quick), "'out.csv' exists: give another --results, or --force")
    assert Path("out.csv").read_text() == "precious"
    assert not Path(JOURNAL).exists()
    assert sbtransfer(*args, "--force", served=quick).returncode == Exit.COMPLETED
    Path("other.csv").write_text("precious")
    done = sbtransfer("resume", JOURNAL, *QUICK, "--results", "other.csv", served=quick)
    refused(done, "'other.csv' exists")
    assert Path("other.csv").read_text() == "precious"


def test_a_token_goes_to_its_own_platform_alone(quick: Served, serve: Serve) -> None:
    assert sbtransfer("import", good(5), *QUICK, served=quick).returncode == Exit.COMPLETED
    other = serve()
    done = sbtransfer("resume", JOURNAL, served=other)
    refused(done, f"belongs to rfranklin at {quick.url}, and the token to {other.url}")
    assert other.platform.requests_log == []
    requests = len(quick.platform.requests_log)
    refused(sbtransfer("resume", JOURNAL, env={"SB_AUTH_TOKEN": TOKEN}), "no endpoint")
    assert len(quick.platform.requests_log) == requests


@pytest.mark.parametrize("verb", [("resume",), ("retry",), ("journal", "inspect"), ("journal", "prune")])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing", "missing: No such file or directory"),
        ("folder", "folder: is no file"),
        ("list.csv", "list.csv: is no journal of this program"),
        ("empty", "empty: is no journal of this program"),
        ("other.sqlite", "other.sqlite: is no journal of this program"),
    ],
)
def test_what_is_no_journal(verb: tuple[str, ...], name: str, words: str) -> None:
    Path("folder").mkdir()
    Path("empty").touch()
    good(2)
    with sqlite3.connect("other.sqlite") as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    done = sbtransfer(*verb, name)
    assert done.returncode == Exit.USAGE
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_no_place_for_a_journal(quick: Served) -> None:
    done = sbtransfer("import", good(5), "--journal", "nowhere/j", *QUICK, served=quick)
    refused(done, "nowhere/j")
    assert "--no-journal" in done.stderr
    assert quick.creates() == 0


def test_a_list_that_is_gone_before_it_was_read_to_its_end(serve: Serve) -> None:
    served = serve(durations=NEVER)
    with start("import", good(500), "--max-in-flight", "100", served=served) as process:
        eventually(lambda: served.creates() == 1)
        process.kill()
    Path("list.csv").rename("moved.csv")
    done = sbtransfer("resume", JOURNAL, served=served)
    refused(done, "list.csv: cannot be read (No such file or directory)")
    assert f"{JOURNAL} has not seen the end of this list" in done.stderr


# Standard input --------------------------------------------------------------------------------------------

ROWS = "volume,location\n" + "".join(f"rfranklin/input,runs/{n}\n" for n in range(300))


def test_a_list_from_standard_input_is_kept_with_its_journal(serve: Serve, folder: Path) -> None:
    served = serve(speed=300.0, durations=Durations(median=600, p99=600))
    args = ("import", "-", "--project", PROJECT, *QUICK, "--results", "out.csv")
    state = folder / "state"
    env = environment(served, XDG_STATE_HOME=str(state))
    with subprocess.Popen((*COMMAND, *args), env=env, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        process.stdin.write(ROWS)
        process.stdin.close()
        eventually(lambda: served.creates() >= 1)
        process.kill()
    assert mode(state / "sbtransfer") == 0o700
    names = {path.suffix: path for path in (state / "sbtransfer").iterdir()}
    assert names.keys() <= {".list", ".sbtransfer", ".lock", ".sbtransfer-wal", ".sbtransfer-shm"}
    assert all(mode(path) == 0o600 for path in names.values())
    assert names[".list"].read_text() == ROWS
    assert re.fullmatch(r"import-[0-9a-f]{16}\.sbtransfer", names[".sbtransfer"].name)
    done = sbtransfer("resume", str(names[".sbtransfer"]), *QUICK, served=served)
    assert done.returncode == Exit.COMPLETED, done.stderr
    done = sbtransfer(*args, served=served, stdin=ROWS, env={"XDG_STATE_HOME": str(state)})
    assert done.returncode == Exit.COMPLETED, done.stderr
    complete("out.csv", 300)
    made_once(served, 300)


def test_a_streamed_list_can_be_finished_as_far_as_it_came(quick: Served, folder: Path) -> None:
    args = ("import", "-", "--stream", "--project", PROJECT, *QUICK, "--results", "out.csv")
    with start(*args, served=quick, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write("volume,location\nrfranklin/input,runs/0\n")
        process.stdin.flush()
        eventually(lambda: quick.creates() == 1)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == Exit.INTERRUPTED  # though the input is still open
        assert process.stderr is not None
        stderr = process.stderr.read()
    assert "the rest of standard input cannot be read again" in stderr
    (journal,) = (folder / ".local/state/sbtransfer").glob("import-2*-*.sbtransfer")
    done = sbtransfer(*told_to("resume", stderr), served=quick)
    assert done.returncode == Exit.INCOMPLETE
    assert "the list was not read to its end; transfer the same list with this journal" in done.stderr
    complete("out.csv", 1)
    again = sbtransfer(*args, "--journal", str(journal), served=quick, stdin=ROWS)
    assert again.returncode == Exit.COMPLETED, again.stderr
    complete("out.csv", 300)
    made_once(quick, 300)


def test_no_journal_leaves_nothing(quick: Served, folder: Path) -> None:
    done = sbtransfer("import", good(5), "--no-journal", *QUICK, served=quick)
    assert done.returncode == Exit.COMPLETED, done.stderr
    args = ("import", "-", "--project", PROJECT, "--no-journal", *QUICK)
    done = sbtransfer(*args, served=quick, stdin=ROWS)
    assert done.returncode == Exit.COMPLETED, done.stderr
    assert [path.name for path in folder.iterdir()] == ["list.csv"]
    assert "journal" not in done.stderr


def test_no_folder_for_the_users_state(quick: Served, folder: Path) -> None:
    (folder / "file").touch()
    args = ("import", "-", "--project", PROJECT, *QUICK)
    env = {"XDG_STATE_HOME": str(folder / "file")}
    done = sbtransfer(*args, served=quick, stdin=ROWS, env=env)
    refused(done, "--no-journal")
    assert quick.creates() == 0


# Looked into -----------------------------------------------------------------------------------------------


@pytest.fixture
def ended(quick: Served) -> Served:
    """A platform that has done a list of which a part failed."""
    volumes = ["rfranklin/input"] * 40 + ["rfranklin/nowhere"] * 10
    done = sbtransfer(
        "import", imports(*volumes), *QUICK, "--no-check", "--results", "out.jsonl", served=quick
    )
    assert done.returncode == Exit.INCOMPLETE
    return quick


def test_a_journal_is_shown_without_network_or_token(ended: Served) -> None:
    done = sbtransfer("journal", "inspect", JOURNAL)
    assert done.returncode == Exit.COMPLETED
    shown = dict(re.split(r"  +", line, maxsplit=1) for line in done.stdout.splitlines())
    assert shown["endpoint"] == ended.url
    assert (shown["user"], shown["verb"], shown["list"]) == (
        "rfranklin",
        "import",
        str(Path("list.csv").absolute()),
    )
    assert (shown["completed"], shown["failed"], shown["in doubt"]) == ("40", "10", "0")
    facts = inspected()
    assert (facts["total"], facts["recorded"], facts["completed"]) == (50, 50, 40)
    assert facts["results"] == str(Path("out.jsonl").absolute())
    assert facts["size"] == Path(JOURNAL).stat().st_size


def by_index(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: int(row["index"]))


def test_rows_are_exported_as_results_are_written(ended: Served) -> None:
    done = sbtransfer("journal", "export", JOURNAL)
    assert done.returncode == Exit.COMPLETED, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == by_index(lines("out.jsonl"))
    done = sbtransfer("journal", "export", JOURNAL, "--state", "failed", "--output", "failed.csv")
    assert done.returncode == Exit.COMPLETED, done.stderr
    assert [int(row["index"]) for row in table("failed.csv")] == list(range(40, 50))
    assert mode("failed.csv") == 0o600
    done = sbtransfer("journal", "export", JOURNAL, "--output", "failed.csv")
    assert done.returncode == Exit.USAGE
    assert "'failed.csv' exists: give another --output, or --force" in done.stderr
    done = sbtransfer("journal", "export", JOURNAL, "--output", "failed.csv", "--force")
    assert done.returncode == Exit.COMPLETED, done.stderr
    complete("failed.csv", 50)


def test_a_pruned_journal_is_small_and_still_guards(ended: Served) -> None:
    before = lines("out.jsonl")
    done = sbtransfer("journal", "prune", JOURNAL)
    assert done.returncode == Exit.COMPLETED, done.stderr
    sizes = re.search(r"([\d,]+) bytes before, ([\d,]+) after", done.stderr)
    assert sizes is not None
    assert int(sizes[2].replace(",", "")) <= int(sizes[1].replace(",", ""))
    done = sbtransfer("journal", "export", JOURNAL, "--output", "all.csv")
    assert done.returncode == Exit.INCOMPLETE
    assert "was pruned from this journal" in done.stderr
    assert not list(Path.cwd().glob("all.csv*"))
    done = sbtransfer("resume", JOURNAL, *QUICK, served=ended)
    refused(done, "the results file stays as it is: go on with --no-results")
    assert lines("out.jsonl") == before
    made_once(ended, 40)


def test_a_journal_that_is_not_finished_is_not_pruned_unasked(serve: Serve) -> None:
    served = serve(durations=NEVER)
    with start("import", good(5), served=served) as process:
        eventually(lambda: served.creates() == 1)
        process.kill()
    done = sbtransfer("journal", "prune", JOURNAL)
    assert done.returncode == Exit.USAGE
    assert f"go on with sbtransfer resume {JOURNAL} first" in done.stderr
    assert sbtransfer("journal", "prune", JOURNAL, "--force").returncode == Exit.COMPLETED
