"""The command line as users meet it: real processes, real sockets, real signals and terminals."""

import fcntl
import os
import re
import resource
import signal
import socket
import stat
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sbtransfer.cli.exits import Exit
from sbtransfer.simulator import Durations
from tests.acceptance.commands import (
    COMMAND,
    NEVER,
    PATIENCE,
    PROJECT,
    TOKEN,
    Serve,
    Served,
    Slow,
    drawn,
    environment,
    eventually,
    heard,
    imports,
    lines,
    sbtransfer,
    start,
    table,
    until,
    written,
)

pytestmark = pytest.mark.usefixtures("folder")


# Lists that arrive ---------------------------------------------------------------------------------------


def test_an_import_of_a_good_list(served: Served) -> None:
    rows = [(f"runs/{n}.gz", f"s{n}") for n in range(250)]
    args = ("import", written("list.csv", ("location", "ref"), rows), "--project", PROJECT)
    done = sbtransfer(*args, "--volume", "rfranklin/input", "--results", "out.csv", served=served)
    assert done.returncode == Exit.COMPLETED, done.stderr
    assert done.stdout == ""
    results = table("out.csv")
    assert sorted(int(row["index"]) for row in results) == list(range(250))
    assert {(row["location"], row["ref"]) for row in results} == set(rows)
    assert {row["state"] for row in results} == {"COMPLETED"}
    assert {row["job_id"] for row in results} <= served.platform.jobs.keys()
    assert all(row["file_id"] for row in results)
    assert len(served.platform.created("imports")) == 250


def test_an_export_of_a_good_list(served: Served) -> None:
    rows = [(f"file-{n}", f"out/{n}.bam") for n in range(120)]
    args = ("export", written("list.tsv.csv", ("file", "location"), rows), "--copy-only")
    done = sbtransfer(*args, "--volume", "rfranklin/output", "--results", "out.jsonl", served=served)
    assert done.returncode == Exit.COMPLETED, done.stderr
    results = lines("out.jsonl")
    assert sorted(row["file"] for row in results) == sorted(file for file, _ in rows)
    assert all(row["copy_only"] is True and row["error_code"] is None for row in results)
    assert len(served.platform.created("exports")) == 120


def test_a_drs_import_of_a_good_list(served: Served) -> None:
    rows = [(f"drs://data.example/{n}", f"{n}.bam", "female") for n in range(130)]
    args = ("drs-import", written("list.csv", ("drs_uri", "name", "gender"), rows), "--project", PROJECT)
    done = sbtransfer(*args, "--tag", "kf", "--tag", "wgs", "--results", "out.jsonl", served=served)
    assert done.returncode == Exit.COMPLETED, done.stderr
    results = lines("out.jsonl")
    assert sorted(row["drs_uri"] for row in results) == sorted(uri for uri, _, _ in rows)
    assert results[0]["metadata"] == {"gender": "female"}
    files = [served.platform.world.files[row["file_id"]] for row in results]
    assert {file.tags for file in files} == {("kf", "wgs")}


def test_a_real_manifest(serve: Serve, real_list: Path) -> None:
    served = serve(speed=300.0, durations=Durations(cap=300))
    args = ("drs-import", str(real_list), "--project", PROJECT, "--results", "out.csv", "--journal", "j")
    done = sbtransfer(*args, "--requests-limit", "1000/1", "--drs-limit", "500/1", served=served)
    assert done.returncode == Exit.COMPLETED, done.stderr
    assert "885 completed + 0 failed + 0 unconfirmed + 0 unfinished = 885 read" in done.stderr
    assert len(table("out.csv")) == len(set(served.platform.created("drs"))) == 885


@pytest.mark.parametrize("journal", [(), ("--no-journal",)])
def test_what_arrived_is_compared_with_what_the_list_promised(
    served: Served, journal: tuple[str, ...]
) -> None:
    volume = served.platform.world.volumes["rfranklin/input"]
    for n in range(130):
        volume.put(f"new/{n}.gz", size=1000 + n)
    rows = [(f"new/{n}.gz", str(1000 + n + (n == 7)), "" if n else "0" * 32) for n in range(130)]
    args = (
        "import",
        written("list.csv", ("location", "size", "md5"), rows),
        "--project",
        PROJECT,
        "--verify",
    )
    done = sbtransfer(*args, "--volume", "rfranklin/input", *journal, served=served)
    assert done.returncode == Exit.INCOMPLETE, done.stderr
    said = " ".join(done.stderr.split())
    assert "differs: index 7, rfranklin/input new/7.gz: size: 1,007 instead of 1,008" in said
    assert "verify: 129 agree + 1 differ = 130 completed" in said
    assert "verify: md5 of 129 not compared: the list does not tell" in said
    assert "verify: md5 of 1 not compared: the platform does not tell" in said


def test_a_resumed_run_compares_what_earlier_ones_brought(served: Served) -> None:
    args = ("import", imports("rfranklin/input"), "--journal", "j")
    assert sbtransfer(*args, served=served).returncode == Exit.COMPLETED
    done = sbtransfer("resume", "j", "--verify", served=served)
    assert done.returncode == Exit.COMPLETED, done.stderr
    assert re.search(r"verify: (\d+) agree \+ 0 differ = \1 completed", done.stderr)


def test_a_list_from_standard_input(served: Served) -> None:
    stdin = "".join(f'{{"volume": "rfranklin/input", "location": "runs/{n}"}}\n' for n in range(5))
    args = ("import", "-", "--project", PROJECT, "--results", "out.csv")
    done = sbtransfer(*args, served=served, stdin=stdin)
    assert done.returncode == Exit.COMPLETED, done.stderr
    assert len(table("out.csv")) == 5


def test_standard_input_is_sent_as_it_comes(served: Served) -> None:
    args = ("import", "-", "--project", PROJECT, "--stream", "--results", "out.jsonl")
    with start(*args, served=served, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for n in range(2):  # the second row is written only once the first was sent
            process.stdin.write("volume,location\n" if n == 0 else "")
            process.stdin.write(f"rfranklin/input,runs/{n}\n")
            process.stdin.flush()
            eventually(lambda sent=n + 1: len(served.platform.created("imports")) == sent)  # type: ignore[misc]
        process.stdin.close()
        assert process.wait(PATIENCE) == Exit.COMPLETED
    assert sorted(row["index"] for row in lines("out.jsonl")) == [0, 1]


def test_a_profile_instead_of_the_environment(served: Served) -> None:
    Path(".sevenbridges").mkdir()
    profile = f"[cgc]\napi_endpoint = {served.url}\nauth_token = {TOKEN}\n"
    Path(".sevenbridges/credentials").write_text(profile)
    done = sbtransfer("import", imports("rfranklin/input"), "--profile", "cgc")
    assert done.returncode == Exit.COMPLETED, done.stderr


def test_results_are_for_their_owner_alone_and_not_overwritten(served: Served) -> None:
    args = ("import", imports("rfranklin/input"), "--results", "out.csv", "--no-journal")
    assert sbtransfer(*args, served=served).returncode == Exit.COMPLETED
    assert stat.S_IMODE(Path("out.csv").stat().st_mode) == 0o600
    before, creates = Path("out.csv").read_text(), served.creates()
    done = sbtransfer(*args, served=served)
    assert done.returncode == Exit.USAGE
    assert "'out.csv' exists" in done.stderr
    assert (Path("out.csv").read_text(), served.creates()) == (before, creates)
    assert sbtransfer(*args, "--force", served=served).returncode == Exit.COMPLETED


# What goes wrong -----------------------------------------------------------------------------------------


def test_a_bad_list_is_not_sent(served: Served) -> None:
    work_list = imports("rfranklin/input", "nobody", "rfranklin/input", *["x"] * 30)
    done = sbtransfer("import", work_list, "--results", "out.csv", served=served)
    assert done.returncode == Exit.USAGE
    assert "Error: 31 problems in the work list:" in done.stderr
    assert "list.csv, line 3, column 'volume': must look like 'owner/name', not 'nobody'" in done.stderr
    assert "… and 11 more" in done.stderr
    assert done.stderr.endswith("Nothing was sent.\n")
    assert len(done.stderr.splitlines()) == 1 + 20 + 1 + 1
    assert served.platform.requests_log == []
    assert not Path("out.csv").exists()


def test_a_bad_row_of_a_streamed_list_stops_the_run_after_what_was_sent(served: Served) -> None:
    args = ("import", imports(*["rfranklin/input"] * 150, "nobody"), "--stream", "--results", "out.csv")
    done = sbtransfer(*args, served=served)
    assert done.returncode == Exit.USAGE
    assert "Error: list.csv, line 152, column 'volume'" in done.stderr
    assert "150 completed + 0 failed + 0 unconfirmed + 0 unfinished = 150 read" in done.stderr
    assert "Nothing was sent" not in done.stderr
    assert len(table("out.csv")) == len(served.platform.created("imports")) == 150


def test_a_token_that_is_wrong(served: Served) -> None:
    args = ("import", imports("rfranklin/input"), "--results", "out.csv")
    done = sbtransfer(*args, served=served, env={"SB_AUTH_TOKEN": "abc" * 9})
    assert done.returncode == Exit.REFUSED
    assert done.stderr.startswith(f"Error: {served.url} refuses the token, check SB_AUTH_TOKEN")
    assert done.stderr.splitlines()[1:] == ["Nothing was sent."]
    assert "abcabc" not in done.stderr
    assert served.creates() == 0
    assert not Path("out.csv").exists()


def test_no_token_at_all() -> None:
    done = sbtransfer("import", imports("rfranklin/input"), "--endpoint", "https://platform.example/v2")
    assert done.returncode == Exit.USAGE
    assert done.stderr.startswith("Error: no token: set SB_AUTH_TOKEN")


def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}/v2"
        args = ("import", imports("rfranklin/input"), "--connect-timeout", "1", "--endpoint", endpoint)
        done = sbtransfer(*args, env={"SB_AUTH_TOKEN": TOKEN})
    assert done.returncode == Exit.UNREACHABLE
    assert done.stderr.startswith(f"Error: {endpoint} could not be reached within 1 s: no connection")
    assert done.stderr.splitlines()[1:] == ["Nothing was sent."]


def test_an_endpoint_that_is_something_else(served: Served) -> None:
    endpoint = served.url.removesuffix("/v2")
    args = ("import", imports("rfranklin/input"), "--endpoint", endpoint)
    done = sbtransfer(*args, served=served)
    assert done.returncode == Exit.UNREACHABLE
    assert f"Error: {endpoint} does not answer as the platform does, check the endpoint" in done.stderr


def test_some_items_fail(served: Served) -> None:
    volumes = ["rfranklin/input"] * 90
    volumes[20:50] = ["rfranklin/nowhere"] * 30
    done = sbtransfer("import", imports(*volumes), "--no-check", "--results", "out.csv", served=served)
    assert done.returncode == Exit.INCOMPLETE
    assert "60 completed + 30 failed + 0 unconfirmed + 0 unfinished = 90 read" in done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("failed: ")]
    assert len(told) == 20
    assert told[0].startswith("failed: index 20, rfranklin/nowhere runs/20.gz: Volume 'rfranklin/nowhere'")
    rows = table("out.csv")
    assert {int(row["index"]) for row in rows if row["state"] == "FAILED"} == set(range(20, 50))
    assert {row["error_code"] for row in rows if row["state"] == "FAILED"} == {"9002"}
    assert len(rows) == 90


def test_results_that_cannot_be_written_any_more(served: Served) -> None:
    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    args = ("import", imports(*["rfranklin/input"] * 90), "--results", "out.csv", "--no-journal")
    done = sbtransfer(*args, served=served, before=little_room)
    assert done.returncode == Exit.INCOMPLETE
    assert re.search(r"Error: 'out\.csv' cannot be written: File too large; it holds \d+ rows", done.stderr)
    assert "90 completed" in done.stderr
    assert "Traceback" not in done.stderr


# What is said --------------------------------------------------------------------------------------------


def test_a_pipe_gets_plain_lines(served: Served) -> None:
    done = sbtransfer("import", imports("rfranklin/input"), served=served, env={"FORCE_COLOR": ""})
    assert done.stderr.splitlines()[0] == f"import: 1 item, at {served.url} as rfranklin"
    assert done.stderr.splitlines()[-1].startswith("import: 1 completed + 0 failed")
    assert "\x1b" not in done.stderr


def test_quiet_says_nothing_of_success(served: Served) -> None:
    done = sbtransfer("import", imports("rfranklin/input"), "-q", "--results", "out.csv", served=served)
    assert (done.returncode, done.stdout, done.stderr) == (Exit.COMPLETED, "", "")
    bad = imports("rfranklin/nowhere", name="bad.csv")
    done = sbtransfer("import", bad, "-q", "--no-check", served=served)
    assert done.returncode == Exit.INCOMPLETE
    told = [line.partition(":")[0] for line in done.stderr.splitlines()]
    assert told == ["import", "send what failed again with"]


def test_the_debug_log_tells_of_each_call(served: Served) -> None:
    done = sbtransfer("import", imports("rfranklin/input"), "-v", served=served)
    assert f"POST {served.url}/bulk/storage/imports/create" in done.stderr
    assert "HTTP 200" in done.stderr


def test_debug_shows_where_an_error_came_from(served: Served) -> None:
    args = ("import", imports("rfranklin/input"), "-v", "--debug")
    done = sbtransfer(*args, served=served, env={"SB_AUTH_TOKEN": "abc" * 9})
    assert done.returncode == Exit.REFUSED
    assert "Traceback" in done.stderr
    assert "abcabc" not in done.stderr
    assert TOKEN not in sbtransfer("import", "nowhere.csv", "--debug", served=served).stderr


def on_a_terminal(*args: str, served: Served, env: Mapping[str, str]) -> tuple[int, str]:
    """Run a command with a terminal as its standard error; return the exit code and what was drawn."""
    return drawn(*args, served=served, stream="stderr", env={"COLUMNS": "100", **env})


COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|9[0-7])(?:;\d+)*m")


def test_a_terminal_gets_a_bar(served: Served) -> None:
    work_list = imports(*["rfranklin/input"] * 3, "rfranklin/nowhere")
    code, shown = on_a_terminal("import", work_list, "--no-check", served=served, env={})
    assert code == Exit.INCOMPLETE
    assert "━━━" in shown
    assert "under way" in shown
    assert "failed: index 3, rfranklin/nowhere" in shown
    assert "3 completed + 1 failed" in shown
    assert COLOUR.search(shown)
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")  # the cursor is back


def test_a_terminal_without_colours(served: Served) -> None:
    work_list = imports("rfranklin/input", "rfranklin/nowhere")
    code, shown = on_a_terminal("import", work_list, "--no-check", served=served, env={"NO_COLOR": "1"})
    assert code == Exit.INCOMPLETE
    assert "━━━" in shown
    assert not COLOUR.search(shown)


def closed_pipe() -> int:
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def test_nobody_reads_what_is_said(served: Served) -> None:
    pipe = closed_pipe()
    args = ("import", imports("rfranklin/input", "rfranklin/input"), "--results", "out.csv")
    with start(*args, served=served, stdout=pipe, stderr=pipe) as process:
        os.close(pipe)
    assert process.returncode == Exit.COMPLETED
    assert len(table("out.csv")) == 2


def test_help_that_nobody_reads(served: Served) -> None:
    pipe = closed_pipe()
    with start("import", "--help", served=served, stdout=pipe) as process:
        os.close(pipe)
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_help_that_cannot_be_written() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            (*COMMAND, "import", "--help"),
            env=environment(None),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode != 0
    assert done.stderr.startswith("Error: [Errno 28] No space left on device")
    assert "Traceback" not in done.stderr


# What interrupts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_how_far_it_came(serve: Serve, number: int) -> None:
    served = serve(durations=NEVER)
    work_list = imports(*["rfranklin/input"] * 40, *["rfranklin/nowhere"] * 10)
    with start("import", work_list, "--no-check", "--results", "out.csv", served=served) as process:
        eventually(lambda: served.creates() == 1)
        eventually(lambda: Path("out.csv").exists() and len(table("out.csv")) == 10)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == Exit.INTERRUPTED
    assert "0 completed + 10 failed + 0 unconfirmed + 40 unfinished = 50 read" in stderr
    assert "unfinished: 40 in jobs that go on on the platform, 0 not sent" in stderr
    assert "results: out.csv, 10 rows" in stderr
    assert stderr.endswith("Interrupted.\n")
    assert "Traceback" not in stderr
    assert len(table("out.csv")) == 10


def test_a_first_interrupt_waits_for_the_answer_that_is_on_its_way() -> None:
    with Served(slow := Slow()) as served:
        with start("import", imports("rfranklin/input"), "-v", served=served) as process:
            assert process.stderr is not None
            until("/create", process.stderr)
            process.send_signal(signal.SIGINT)
            until("Leaving", process.stderr)
            slow.go_on.set()
            stderr = process.stderr.read()
    assert process.returncode == Exit.INTERRUPTED
    assert "unfinished: 1 in jobs that go on on the platform, 0 not sent or sent without" in stderr


def test_a_second_interrupt_waits_for_nothing() -> None:
    with Served(slow := Slow()) as served:
        with start("import", imports("rfranklin/input"), "-v", served=served) as process:
            assert process.stderr is not None
            until("/create", process.stderr)
            process.send_signal(signal.SIGINT)
            until("Leaving", process.stderr)
            process.send_signal(signal.SIGINT)
            stderr = process.stderr.read()
        slow.go_on.set()
    assert process.returncode == Exit.INTERRUPTED
    assert "unfinished: 0 in jobs that go on on the platform, 1 not sent or sent without" in stderr
    assert stderr.endswith("Interrupted.\n")


def waiting_in(pipe: Any) -> int:
    """How many bytes of a pipe nobody has read yet."""
    (size,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))
    return int(size)


def test_an_interrupt_while_standard_input_is_copied(served: Served) -> None:
    with start("import", "-", served=served, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write("volume,location\n")
        process.stdin.flush()
        eventually(lambda: waiting_in(process.stdin) == 0)
        time.sleep(0.5)  # it has begun to wait for more
        process.send_signal(signal.SIGINT)
        assert process.stderr.read().endswith("Interrupted.\n")
    assert process.returncode == Exit.INTERRUPTED
    assert served.platform.requests_log == []


def test_an_interrupt_while_standard_input_is_streamed(served: Served) -> None:
    with start("import", "-", "--stream", "-v", served=served, stdin=subprocess.PIPE) as process:
        assert process.stderr is not None
        until("as rfranklin", process.stderr)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == Exit.INTERRUPTED  # though the input is still open
        assert process.stderr.read().endswith("Interrupted.\n")


# The other verbs -----------------------------------------------------------------------------------------


def test_a_simulated_platform_is_served_until_it_is_interrupted() -> None:
    simulator = (*COMMAND, "simulate", "--port", "0", "--token", "made up", "--speed", "300")
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(simulator, env=environment(None), text=True, preexec_fn=heard, **pipes) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        settings = process.stdout.readline()
        until("--requests-limit 1000/1 --drs-limit 500/1", process.stderr)
        # The printed line is meant for a shell.
        transfer = f"{sys.executable} -m sbtransfer import {imports('rfranklin/input')}"
        done = subprocess.run(
            ["sh", "-c", f"{settings}\n{transfer}"],
            env=environment(None),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == Exit.COMPLETED, done.stderr
        process.send_signal(signal.SIGINT)
        stderr = process.stderr.read()
    assert (process.returncode, stderr) == (Exit.COMPLETED, "Serving until Ctrl-C.\n")
    assert re.fullmatch(
        r"export SB_API_ENDPOINT=http://127\.0\.0\.1:\d+/v2 SB_AUTH_TOKEN='made up'\n", settings
    )


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = sbtransfer("simulate", "--port", str(port))
    assert done.returncode == Exit.INCOMPLETE
    assert "address already in use" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_demo() -> None:
    done = sbtransfer("demo")
    assert done.returncode == Exit.COMPLETED, done.stderr
    assert done.stdout == ""
    assert "drs-import: 1,198 completed + 2 failed + 0 unconfirmed + 0 unfinished = 1,200 read" in done.stderr
    assert "import: 4,995 completed + 5 failed + 0 unconfirmed + 0 unfinished = 5,000 read" in done.stderr
    assert done.stderr.count("failed: index ") == 7
