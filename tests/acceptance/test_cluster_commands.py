"""Many processes on one list: real commands, a real PostgreSQL, and a platform behind a socket."""

import json
import signal
import socket
import stat
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sbtransfer.cli.exits import Exit
from tests.acceptance.commands import (
    PATIENCE,
    PROJECT,
    TOKEN,
    Done,
    Serve,
    Served,
    Slow,
    all_that_is_kept,
    drawn,
    imports,
    lines,
    sbtransfer,
    start,
    table,
    until,
    written,
)

pytestmark = pytest.mark.usefixtures("folder")

INPUT = "rfranklin/input"
SECRET = "swordfish"
QUICKLY = ("--lag", "0.1", "--requests-limit", "100000/1")


def cluster(*args: str, database: str, served: Served | None = None, **options: Any) -> Done:
    done = sbtransfer("cluster", *args, "--database", database, served=served, **options)
    assert SECRET not in done.stdout + done.stderr
    return done


def submitted(database: str, served: Served, *args: str) -> str:
    """Submit a list of imports; return the number of its run."""
    done = cluster(
        "submit", "import", *args, "--requests-limit", "100000/1", database=database, served=served
    )
    assert done.returncode == Exit.COMPLETED, done.stderr
    assert done.stdout.strip().isdecimal()
    return done.stdout.strip()


def status(database: str, run: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(cluster("status", run, "--json", database=database).stdout)
    return told


def worked(database: str, served: Served, *args: str) -> Done:
    return cluster("work", "--until-done", *QUICKLY, *args, database=database, served=served)


def kept(database: str) -> str:
    """Return all that a cluster's tables hold, as text."""
    with psycopg.connect(database) as connection:
        tables = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'sbtransfer'"
        ).fetchall()
        rows = [connection.execute(f"SELECT t::text FROM {name} AS t").fetchall() for (name,) in tables]
    return str(rows)


# The way of a list ---------------------------------------------------------------------------------------


def test_init_makes_the_tables_once(empty_database: str) -> None:
    first, again = (cluster("init", database=empty_database) for _ in range(2))
    assert (first.returncode, again.returncode) == (Exit.COMPLETED, Exit.COMPLETED)
    assert "tables made, schema" in first.stderr
    assert "up to date" in again.stderr
    assert "nothing was submitted yet" in cluster("status", database=empty_database).stderr


def test_a_list_is_submitted_sent_and_read_out(database_url: str, served: Served) -> None:
    run = submitted(database_url, served, imports(*[INPUT] * 250))
    assert served.creates() == 0
    before = cluster("status", run, database=database_url)
    assert before.returncode == Exit.COMPLETED
    assert "250 waiting + 0 in doubt" in before.stdout
    assert "nobody is at work on it" in before.stdout

    done = worked(database_url, served)
    assert done.returncode == Exit.COMPLETED, done.stderr
    assert "worker for rfranklin" in done.stderr
    assert f"run {run}: 250 of 250 ended; 250 completed" in done.stderr
    assert len(set(served.platform.created("imports"))) == 250

    told = status(database_url, run)
    assert (told["completed"], told["total"], told["adds_up"], told["ok"]) == (250, 250, True, True)
    rows = cluster("results", run, database=database_url)
    assert rows.returncode == Exit.COMPLETED
    assert [json.loads(row)["index"] for row in rows.stdout.splitlines()] == list(range(250))
    assert TOKEN not in kept(database_url)


def test_results_are_as_import_writes_them(database_url: str, served: Served) -> None:
    run = submitted(database_url, served, imports(INPUT, "rfranklin/missing", INPUT), "--no-check")
    assert worked(database_url, served).returncode == Exit.INCOMPLETE
    assert (
        sbtransfer(
            "import",
            "list.csv",
            "--results",
            "own.csv",
            "--no-journal",
            "--no-check",
            *QUICKLY,
            served=served,
        ).returncode
        == Exit.INCOMPLETE
    )
    done = cluster("results", run, "--output", "all.csv", database=database_url)
    assert (done.returncode, done.stdout) == (Exit.INCOMPLETE, "")
    assert "all.csv: 3 rows" in done.stderr
    assert stat.S_IMODE(Path("all.csv").stat().st_mode) == 0o600
    own, ours = table("own.csv"), table("all.csv")
    assert list(own[0]) == list(ours[0])
    assert [row["state"] for row in ours] == ["COMPLETED", "FAILED", "COMPLETED"]
    ours_again = cluster("results", run, "--output", "all.csv", database=database_url)
    assert ours_again.returncode == Exit.USAGE
    assert "exists" in ours_again.stderr
    cluster("results", run, "--only", "failed", "--output", "all.jsonl", database=database_url)
    assert [row["index"] for row in lines("all.jsonl")] == [1]


def test_standard_input_is_a_list_too(database_url: str, served: Served) -> None:
    done = cluster(
        *("submit", "import", "-", "--format", "csv", "--project", PROJECT, "--volume", INPUT, "--json"),
        *("--requests-limit", "100000/1"),
        database=database_url,
        served=served,
        stdin="location\nruns/0.gz\nruns/1.gz\n",
    )
    assert done.returncode == Exit.COMPLETED, done.stderr
    told = json.loads(done.stdout)
    assert told["items"] == 2
    assert status(database_url, str(told["run"]))["waiting"] == 2


def test_results_are_followed_while_a_worker_sends(database_url: str, served: Served) -> None:
    run = submitted(database_url, served, imports(*[INPUT] * 120))
    following = start(
        "cluster",
        "results",
        run,
        "--follow",
        "--output",
        "all.jsonl",
        "--database",
        database_url,
        served=served,
    )
    watching = start(
        "cluster", "status", run, "--watch", "--every", "0.1", "--database", database_url, served=served
    )
    assert worked(database_url, served).returncode == Exit.COMPLETED
    _, said = following.communicate(timeout=PATIENCE)
    assert following.returncode == Exit.COMPLETED, said
    assert sorted(row["index"] for row in lines("all.jsonl")) == list(range(120))
    told, said = watching.communicate(timeout=PATIENCE)
    assert watching.returncode == Exit.COMPLETED, said
    assert told.splitlines()[0].startswith(f"run {run}: 0 of 120 ended; 120 waiting")
    assert told.splitlines()[-1].startswith(f"run {run}: 120 of 120 ended; 120 completed")


def test_a_terminal_is_drawn_on(database_url: str, served: Served) -> None:
    run = submitted(database_url, served, imports(INPUT))
    assert worked(database_url, served).returncode == Exit.COMPLETED
    env = {"SBTRANSFER_DATABASE": database_url}
    for verb in (("status",), ("status", "--watch"), ("status", run, "--watch")):
        code, text = drawn("cluster", *verb, served=served, stream="stdout", env=env)
        assert code == Exit.COMPLETED, text
        assert "completed" in text
        assert "\t" not in text


# Names, cancelling, others -------------------------------------------------------------------------------


def test_a_name_is_submitted_once(database_url: str, served: Served) -> None:
    submitted(database_url, served, imports(INPUT), "--name", "brca")
    again = cluster(
        *("submit", "import", "list.csv", "--name", "brca", "--requests-limit", "100000/1"),
        database=database_url,
        served=served,
    )
    assert (again.returncode, again.stdout) == (Exit.USAGE, "")
    assert "'brca' was submitted already" in again.stderr
    assert "Nothing was submitted." in again.stderr
    assert len(cluster("status", "--json", database=database_url).stdout.splitlines()) == 1


def test_nothing_more_is_sent_of_a_run_that_was_cancelled(database_url: str, served: Served) -> None:
    run = submitted(database_url, served, imports(*[INPUT] * 5))
    done = cluster("cancel", run, database=database_url)
    assert done.returncode == Exit.COMPLETED
    assert "Nothing more of it is sent" in done.stderr
    assert worked(database_url, served).returncode == Exit.COMPLETED
    assert served.creates() == 0
    told = cluster("status", run, database=database_url)
    assert told.returncode == Exit.INCOMPLETE
    assert told.stdout.startswith(f"run {run}: cancelled")
    assert "5 items will not be sent" in told.stdout


def test_a_worker_of_another_user_leaves_a_run_alone(database_url: str, serve: Serve) -> None:
    run = submitted(database_url, serve(), imports(INPUT))
    other = serve()
    done = worked(database_url, other)
    assert done.returncode == Exit.USAGE
    assert f"run {run} belongs to rfranklin at http" in done.stderr
    assert other.creates() == 0
    assert status(database_url, run)["waiting"] == 1


def test_all_workers_have_the_same_limits(database_url: str, served: Served) -> None:
    with a_worker(database_url, served) as worker:
        assert worker.stderr is not None
        until("worker for rfranklin", worker.stderr)
        other = worked(database_url, served, "--requests-limit", "5/1")
        assert other.returncode == Exit.USAGE
        assert "share 100,000 requests in 1 s, and this one was given 5 in 1 s" in other.stderr
        worker.send_signal(signal.SIGTERM)
        said = worker.stderr.read()
    assert worker.returncode == Exit.INTERRUPTED
    assert said.endswith("Interrupted.\n")


# A worker that is to end ---------------------------------------------------------------------------------


def a_worker(database: str, served: Served) -> "subprocess.Popen[str]":
    """Start a worker that sends one chunk at a time, and says what it asks."""
    more = ("--concurrency", "1", "--grace", "60", "-v", "--database", database)
    return start("cluster", "work", *QUICKLY, *more, served=served)


def test_the_first_signal_lets_calls_be_answered(database_url: str) -> None:
    with Served(slow := Slow()) as served:
        run = submitted(database_url, served, imports(*[INPUT] * 300))
        with a_worker(database_url, served) as worker:
            assert worker.stderr is not None
            until("/create", worker.stderr)
            worker.send_signal(signal.SIGTERM)
            until("Leaving once", worker.stderr)
            slow.go_on.set()
            said = worker.stderr.read()
        assert worker.returncode == Exit.INTERRUPTED, said
        told = status(database_url, run)
        assert (told["under_way"], told["in_doubt"], told["waiting"]) == (100, 0, 200)
        assert len(slow.jobs) == 100
        assert told["workers"] == 0


def test_the_second_signal_leaves_at_once(database_url: str) -> None:
    with Served(slow := Slow()) as served:
        run = submitted(database_url, served, imports(*[INPUT] * 300))
        with a_worker(database_url, served) as worker:
            assert worker.stderr is not None
            until("/create", worker.stderr)
            worker.send_signal(signal.SIGINT)
            until("Leaving once", worker.stderr)
            worker.send_signal(signal.SIGTERM)
            said = worker.stderr.read()
        assert worker.returncode == Exit.INTERRUPTED, said
        told = status(database_url, run)
        assert (told["in_doubt"], told["waiting"]) == (100, 200)
        slow.go_on.set()


# What cannot be ------------------------------------------------------------------------------------------

LOOKING = [("status",), ("status", "1"), ("results", "1"), ("cancel", "1")]


def nowhere() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return f"postgresql://rosa:{SECRET}@127.0.0.1:{port}/transfers"


@pytest.mark.parametrize("verb", [("init",), *LOOKING, ("work",), ("submit", "import", "list.csv")])
def test_a_database_that_is_down(verb: tuple[str, ...], served: Served) -> None:
    imports(INPUT)
    done = cluster(*verb, "--debug", "-v", "--log-file", "log", database=nowhere(), served=served)
    assert done.returncode == Exit.UNREACHABLE, done.stderr
    assert "the database transfers at 127.0.0.1" in done.stderr
    assert SECRET not in Path("log").read_text()
    assert served.creates() == 0


@pytest.mark.parametrize("verb", [*LOOKING, ("work",), ("submit", "import", "list.csv")])
def test_a_database_that_is_not_initialised(
    verb: tuple[str, ...], empty_database: str, served: Served
) -> None:
    imports(INPUT)
    done = cluster(*verb, database=empty_database, served=served)
    assert done.returncode == Exit.USAGE, done.stderr
    assert "run 'sbtransfer cluster init' on it once" in done.stderr


@pytest.mark.parametrize("verb", [("init",), *LOOKING, ("work",)])
def test_a_database_of_a_later_version(verb: tuple[str, ...], database_url: str, served: Served) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE sbtransfer.meta SET version = 1000")
    done = cluster(*verb, database=database_url, served=served)
    assert done.returncode == Exit.USAGE, done.stderr
    assert "update sbtransfer on this machine" in done.stderr


@pytest.mark.parametrize("url", ["here", f"postgresql://rosa:{SECRET}/x@localhost/y", f"postgresql:{SECRET}"])
def test_a_url_that_cannot_be_read_is_not_shown(url: str) -> None:
    done = cluster("status", "--debug", "-v", database=url)
    assert done.returncode == Exit.USAGE, done.stderr
    assert "looks like postgresql://" in done.stderr


def test_a_password_is_shown_nowhere(database_url: str, served: Served) -> None:
    url = database_url.replace("rosa@", f"rosa:{SECRET}@")
    looking = ("-v", "--debug", "--log-file", "log")
    run = submitted(url, served, imports(INPUT), *looking)
    assert worked(url, served, *looking).returncode == Exit.COMPLETED
    for verb in (("init",), ("status", run), ("results", run, "--output", "rows.csv"), ("cancel", run)):
        assert cluster(*verb, *looking, database=url).returncode == Exit.COMPLETED
    assert cluster("status", "99", *looking, database=url).returncode == Exit.USAGE
    assert "sbtransfer cluster work" in Path("log").read_text()
    assert SECRET.encode() not in all_that_is_kept()


def test_a_run_that_there_is_not(database_url: str, served: Served) -> None:
    run = submitted(database_url, served, imports(INPUT))
    for verb in (("status", "99"), ("status", "99", "--watch"), ("results", "99"), ("cancel", "99")):
        done = cluster(*verb, database=database_url)
        assert done.returncode == Exit.USAGE, done.stderr
        assert f"there is no run 99 in this database; the latest are {run}" in done.stderr


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([(INPUT, "a.gz", PROJECT), (INPUT, "", PROJECT)], "list.csv, line 3"),
        ([(INPUT, "one/a.gz", PROJECT), (INPUT, "two/a.gz", PROJECT)], "a.gz"),
        ([(INPUT, "a.gz", "rfranklin/nowhere")], "project rfranklin/nowhere: there is none"),
    ],
    ids=["a bad row", "a shared name", "no such project"],
)
def test_a_list_that_cannot_be_used(
    database_url: str, served: Served, rows: list[tuple[str, ...]], words: str
) -> None:
    written("list.csv", ("volume", "location", "project"), rows)
    done = cluster("submit", "import", "list.csv", database=database_url, served=served)
    assert (done.returncode, done.stdout) == (Exit.USAGE, ""), done.stderr
    assert words in done.stderr
    assert done.stderr.endswith("Nothing was submitted.\n")
    assert cluster("status", database=database_url).stdout == ""


@pytest.mark.parametrize("verb", [("work",), ("submit", "import", "list.csv")])
def test_a_token_that_is_refused(verb: tuple[str, ...], database_url: str, serve: Serve) -> None:
    imports(INPUT)
    served = serve(token="f00d" * 8)
    done = cluster(*verb, database=database_url, served=served)
    assert done.returncode == Exit.REFUSED, done.stderr
    assert "refuses the token" in done.stderr
