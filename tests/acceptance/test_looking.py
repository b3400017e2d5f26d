"""The verbs that look at the platform, and the lists that they hand to others: real pipes and terminals."""

import json
import os
import re
import socket
import stat
from pathlib import Path

import pytest

from sbtransfer.cli.exits import Exit
from sbtransfer.simulator import Faults
from tests.acceptance.commands import (
    PATIENCE,
    PROJECT,
    TOKEN,
    Serve,
    Served,
    drawn,
    imports,
    lines,
    sbtransfer,
    start,
    table,
)

pytestmark = pytest.mark.usefixtures("folder")

INPUT, OUTPUT = "rfranklin/input", "rfranklin/output"
QUICKLY = ("--no-journal", "--lag", "0.1")


def piped(first: tuple[str, ...], second: tuple[str, ...], served: Served) -> tuple[str, str]:
    """Run two commands, the one reading what the other writes; return what each of them said."""
    with start(*first, served=served) as source:
        with start(*second, served=served, stdin=source.stdout) as target:
            assert source.stdout is not None
            source.stdout.close()  # it is the second one's now
            _, said = target.communicate(timeout=PATIENCE)
        assert source.stderr is not None
        listed = source.stderr.read()
    assert (source.returncode, target.returncode) == (Exit.COMPLETED, Exit.COMPLETED), listed + said
    assert TOKEN not in listed + said
    return listed, said


# Lists into pipes ----------------------------------------------------------------------------------------


def test_what_a_volume_holds_goes_into_a_project_and_out_again(served: Served) -> None:
    prefix = ("--prefix", "runs/2024-01/")
    listed, said = piped(
        ("list", "volume", INPUT, *prefix), ("import", "-", "--project", PROJECT, *QUICKLY), served
    )
    assert listed == "250 files, 266 MB\n"
    assert "250 completed + 0 failed" in said
    assert len(set(served.platform.created("imports"))) == 250

    going_out = ("export", "-", "--volume", OUTPUT, "--copy-only", *QUICKLY)
    listed, said = piped(("list", "project", PROJECT), going_out, served)
    assert listed == "250 files, 266 MB\n"
    assert "250 completed + 0 failed" in said
    names = [f"sample-{sample:04}_R{mate}.fastq.gz" for sample in range(1, 126) for mate in (1, 2)]
    assert sorted(location for location, _ in served.platform.world.volumes[OUTPUT].under()) == names


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_list_may_name_where_its_files_go(served: Served, form: str) -> None:
    listing = ("list", "volume", INPUT, "--prefix", "samples/", "--to-project", PROJECT)
    _, said = piped((*listing, "--format", form), ("import", "-", *QUICKLY, "--verify"), served)
    assert "verify: 2 agree + 0 differ = 2 completed" in said
    going_out = ("list", "project", PROJECT, "--to-volume", OUTPUT)
    _, said = piped((*going_out, "--format", form), ("export", "-", *QUICKLY), served)
    assert "2 completed + 0 failed" in said
    done = sbtransfer("list", "project", PROJECT, served=served)
    assert (done.returncode, done.stdout) == (Exit.COMPLETED, "file,location,size,md5\n")
    why = "2 aliases, whose bytes are on a volume already"
    assert done.stderr == f"nothing found; 2 left out: {why}\n"


def test_a_reader_that_goes_away_ends_it_quietly(served: Served) -> None:
    for args in (("list", "volume", INPUT), ("list", "volume", INPUT, "--format", "jsonl")):
        with start(*args, served=served) as process:
            assert process.stdout is not None
            assert process.stdout.readline()
            process.stdout.close()
            assert process.stderr is not None
            assert process.stderr.read() == ""
            assert process.wait(PATIENCE) == Exit.INCOMPLETE


def test_half_a_list_is_not_taken_for_a_whole_one(served: Served, serve: Serve) -> None:
    # The name and the list of folders have been asked for, and two of the folders.
    failing = serve(faults=Faults.parse("revoked=4"))
    for number in range(5):
        failing.platform.world.volumes[OUTPUT].put(f"{number}/a.gz", 7)
    cut = sbtransfer("list", "volume", OUTPUT, "--to-project", PROJECT, served=failing)
    assert cut.returncode == Exit.REFUSED
    assert [line.split(",")[1] for line in cut.stdout.splitlines()[:-1]] == ["location", "0/a.gz", "1/a.gz"]
    done = sbtransfer("import", "-", *QUICKLY, served=served, stdin=cut.stdout)
    assert done.returncode == Exit.USAGE
    assert "standard input, line 4: has 1 cell where the header has 5 columns" in done.stderr
    assert served.creates() == 0


# Lists into files ----------------------------------------------------------------------------------------


def test_a_list_in_a_file_is_for_its_owner_alone_and_not_overwritten(served: Served) -> None:
    args = ("list", "volume", INPUT, "--prefix", "samples/", "--output", "list.jsonl")
    done = sbtransfer(*args, served=served)
    assert (done.returncode, done.stdout) == (Exit.COMPLETED, "")
    assert done.stderr == "list.jsonl: 2 files, 102 kB\n"
    assert [row["location"] for row in lines("list.jsonl")] == ["samples/sheet.csv", "samples/sheet.tsv"]
    assert stat.S_IMODE(Path("list.jsonl").stat().st_mode) == 0o600
    again = sbtransfer(*args, served=served)
    assert again.returncode == Exit.USAGE
    assert "'list.jsonl' exists: give another --output, or --force" in again.stderr
    assert sbtransfer(*args, "--force", served=served).returncode == Exit.COMPLETED
    assert sorted(path.name for path in Path().iterdir()) == ["list.jsonl"]


def test_a_whole_volume_as_a_table(served: Served) -> None:
    done = sbtransfer("list", "volume", INPUT, "--output", "all.csv", served=served)
    assert done.returncode == Exit.COMPLETED, done.stderr
    rows = table("all.csv")
    assert len({row["location"] for row in rows}) == len(rows) == 3_003
    assert done.stderr == "all.csv: 3,003 files, 19.7 GB\n"
    assert sum(int(row["size"]) for row in rows) // 10**8 == 196


# Jobs and limits -----------------------------------------------------------------------------------------


def test_jobs_from_one_verb_to_another(served: Served) -> None:
    volumes = [INPUT] * 3 + ["rfranklin/nowhere"]
    sbtransfer("import", imports(*volumes), "--no-check", *QUICKLY, served=served)
    done = sbtransfer("jobs", "imports", "--json", served=served)
    ids = [json.loads(line)["id"] for line in done.stdout.splitlines()]
    assert len(ids) == 3
    done = sbtransfer("jobs", "get", "--json", "-", "nobody", served=served, stdin="\n".join(ids))
    assert done.returncode == Exit.INCOMPLETE
    jobs = [json.loads(line) for line in done.stdout.splitlines()]
    assert [job["id"] for job in jobs] == ids
    assert {(job["kind"], job["state"], job["volume"]) for job in jobs} == {("import", "COMPLETED", INPUT)}
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["nobody"]


STYLE = re.compile(r"\x1b\[[0-9;]*m")


def on_a_terminal(width: int, *args: str, served: Served) -> str:
    """Run a command with a terminal as its standard output, and return what was written to it."""
    env = {"NO_COLOR": "1", "TZ": "UTC"}
    code, written = drawn(*args, served=served, stream="stdout", width=width, env=env)
    assert code == Exit.COMPLETED
    return STYLE.sub("", written)


@pytest.mark.parametrize("width", [80, 120])
def test_jobs_on_a_terminal_fit_into_it(served: Served, width: int) -> None:
    location = "missing/" + "a-long-way/" * 12 + "a.gz"
    Path("list.jsonl").write_text(json.dumps({"volume": INPUT, "location": location, "project": PROJECT}))
    sbtransfer("import", "list.jsonl", "--no-check", *QUICKLY, served=served)
    shown = on_a_terminal(width, "jobs", "imports", served=served).splitlines()
    assert shown[0].split() == ["ID", "STATE", "STARTED", "FINISHED"]
    assert shown[1].split()[1] == "FAILED"
    assert max(map(len, map(str.rstrip, shown))) <= width
    assert f"{INPUT}:{location}" in "".join(map(str.strip, shown))


def test_a_list_on_a_terminal_cannot_steer_it(served: Served) -> None:
    served.platform.world.volumes[OUTPUT].put("a\x1b[2Jb.gz", 7)
    shown = on_a_terminal(80, "list", "volume", OUTPUT, served=served)
    assert "\x1b" not in shown
    assert "a [2Jb.gz" in shown


def test_what_is_left_of_the_limits(served: Served) -> None:
    done = sbtransfer("limits", served=served)
    assert (done.returncode, done.stderr) == (Exit.COMPLETED, "")
    platform, user, requests, files = done.stdout.splitlines()
    assert platform.split() == ["platform:", served.url]
    assert user.split() == ["user:", "rfranklin"]
    assert requests.startswith("requests:  999 of 1,000 left; the window starts anew in ")
    assert files == "DRS files: 500 in 5 minutes; the platform does not tell how many are left"


# What goes wrong -----------------------------------------------------------------------------------------

VERBS = [("jobs", "imports"), ("jobs", "get", "x"), ("limits",), ("list", "volume", INPUT)]


@pytest.mark.parametrize("args", VERBS)
def test_no_platform_and_no_token(args: tuple[str, ...]) -> None:
    done = sbtransfer(*args, "--endpoint", "https://platform.example/v2")
    assert (done.returncode, done.stdout) == (Exit.USAGE, "")
    assert done.stderr.startswith("Error: no token: set SB_AUTH_TOKEN")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}/v2"
        options = ("--connect-timeout", "1", "--endpoint", endpoint)
        done = sbtransfer(*args, *options, env={"SB_AUTH_TOKEN": TOKEN})
    assert (done.returncode, done.stdout) == (Exit.UNREACHABLE, "")
    assert done.stderr.startswith(f"Error: {endpoint} could not be reached within 1 s")


@pytest.mark.parametrize("args", VERBS)
def test_a_token_that_is_wrong(served: Served, args: tuple[str, ...]) -> None:
    done = sbtransfer(*args, served=served, env={"SB_AUTH_TOKEN": "abc" * 9})
    assert (done.returncode, done.stdout) == (Exit.REFUSED, "")
    assert done.stderr.startswith(f"Error: {served.url} refuses the token")


@pytest.mark.parametrize("args", [("volume", "rfranklin/nowhere"), ("project", "rfranklin/nowhere")])
def test_what_is_not_there(served: Served, args: tuple[str, ...]) -> None:
    done = sbtransfer("list", *args, "--output", "list.csv", served=served)
    assert done.returncode == Exit.USAGE
    assert done.stderr.startswith(f"Error: {args[0]} rfranklin/nowhere: ")
    assert len(done.stderr.splitlines()) == 1
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("stream", [0, 1, 2])
def test_a_standard_stream_that_is_closed_is_no_trouble(served: Served, stream: int) -> None:
    done = sbtransfer("import", imports(INPUT), served=served, before=lambda: os.close(stream))
    assert done.returncode == Exit.COMPLETED, done.stderr
