"""Input that cannot be used: exit code 2, one line that names the file and what to do, and nothing sent."""

import gzip
import os
import re
import subprocess
from pathlib import Path

import pytest

from sbtransfer.cli.exits import Exit
from tests.acceptance.commands import (
    COMMAND,
    PATIENCE,
    PROJECT,
    TOKEN,
    Done,
    Served,
    environment,
    imports,
    sbtransfer,
)

pytestmark = pytest.mark.usefixtures("folder")

HEADER = "volume,location,project"
ROWS = [f"rfranklin/input,runs/{n}.gz,{PROJECT}" for n in range(3)]


def table(*rows: str, header: str = HEADER) -> bytes:
    return "".join(f"{line}\n" for line in (header, *(rows or ROWS))).encode()


def refused(done: Done, served: Served) -> str:
    """Return the one line that a command ends with, after which nothing was sent."""
    assert done.returncode == Exit.USAGE, done.stderr
    assert done.stdout == ""
    error, *rest = done.stderr.splitlines()
    assert rest in ([], ["Nothing was sent."])
    assert served.creates() == 0
    assert error.startswith("Error: ")
    return error.removeprefix("Error: ")


def test_the_table_that_these_tests_begin_with_is_good(served: Served) -> None:
    Path("list.csv").write_bytes(table())
    assert sbtransfer("import", "list.csv", served=served).returncode == Exit.COMPLETED
    assert served.creates() == 1


# Files that are no lists ---------------------------------------------------------------------------------

CUT_SHORT = gzip.compress(table(*ROWS * 1000))[:-30]
FILES = {
    "an empty file": ("list.csv", b"", "list.csv: is empty"),
    "a header only": ("list.csv", table()[: len(HEADER) + 1], "list.csv: has a header and no rows"),
    "random bytes": ("list.csv", bytes(range(254, 0, -1)) * 40, "list.csv, line 1: .*save the file as UTF-8"),
    "zeros": ("list.csv", bytes(5000), "list.csv, line 1: holds a NUL byte: this is a binary file"),
    "an Excel workbook": (
        "list.xlsx",
        b"PK\x03\x04" + bytes(500),
        "list.xlsx: .*Excel workbook: .*save it as CSV",
    ),
    "UTF-16": ("list.csv", table().decode().encode("utf-16"), "list.csv: is UTF-16 text: save it as UTF-8"),
    "cut gzip": ("list.csv.gz", CUT_SHORT, "list.csv.gz: its gzip data is cut short.*fetch or pack it again"),
    "no gzip": (
        "list.csv.gz",
        b"\x1f\x8b\x08\x00garbage",
        "list.csv.gz: its gzip data is cut short or damaged",
    ),
    "no JSON": ("list.json", b"[{", "list.json.*"),
}


@pytest.mark.parametrize(("name", "data", "words"), FILES.values(), ids=FILES)
def test_a_file_that_is_no_list(served: Served, name: str, data: bytes, words: str) -> None:
    Path(name).write_bytes(data)
    assert re.match(words, refused(sbtransfer("import", name, served=served), served))


def test_a_file_that_is_not_there(served: Served) -> None:
    error = refused(sbtransfer("import", "nowhere.csv", served=served), served)
    assert error == "nowhere.csv: cannot be read (No such file or directory): check the path"


def test_a_folder(served: Served) -> None:
    Path("lists").mkdir()
    error = refused(sbtransfer("import", "lists", served=served), served)
    assert error == "lists: cannot be read (Is a directory): check the path"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read(served: Served) -> None:
    Path(imports("rfranklin/input")).chmod(0)
    error = refused(sbtransfer("import", "list.csv", served=served), served)
    assert error == "list.csv: cannot be read (Permission denied): check the path"
    Path("list.csv").chmod(0o600)


def test_a_line_of_two_gigabytes(served: Served) -> None:
    with Path("list.csv").open("wb") as file:
        file.write(table())
        file.truncate(2**31)  # takes no room on the disk
    # Not `sbtransfer`, which would then read the whole file to look for the token.
    command = (*COMMAND, "import", "list.csv")
    done = subprocess.run(command, env=environment(served), capture_output=True, text=True, timeout=PATIENCE)
    error = refused(done, served)
    assert error.startswith("list.csv, line 5: longer than 1,048,576 bytes: is this a work list")


# Rows ----------------------------------------------------------------------------------------------------

TABLES = {
    "a typing error": (
        table(header="volume,loction,project"),
        (),
        "list.csv, line 1: unknown column 'loction': did you mean 'location'?",
    ),
    "no location": (
        table("rfranklin/input", header="volume"),
        ("--project", PROJECT),
        "list.csv, line 1: no column 'location' and no default for it",
    ),
    "no destination": (
        table("rfranklin/input,a", header="volume,location"),
        (),
        "list.csv, line 1: no column 'project' or 'parent': add one of them",
    ),
    "two destinations": (
        table(f"rfranklin/input,a,{PROJECT},5f1e", header=f"{HEADER},parent"),
        (),
        "list.csv, line 2.*project.*parent",
    ),
    "two destinations for all": (
        table("rfranklin/input,a", header="volume,location"),
        ("--project", PROJECT, "--parent", "5f1e"),
        "give a default project or a default parent, not both",
    ),
}


@pytest.mark.parametrize(("data", "options", "words"), TABLES.values(), ids=TABLES)
def test_a_list_of_wrong_columns(served: Served, data: bytes, options: tuple[str, ...], words: str) -> None:
    Path("list.csv").write_bytes(data)
    assert re.match(words, refused(sbtransfer("import", "list.csv", *options, served=served), served))


def test_a_bad_row_in_the_middle_of_a_million(served: Served) -> None:
    middle = 500_000
    with Path("list.csv").open("w") as file:
        file.write(f"{HEADER}\n")
        volumes = ("nobody" if n == middle else "rfranklin/input" for n in range(2 * middle))
        file.writelines(f"{volume},runs/{n}.gz,{PROJECT}\n" for n, volume in enumerate(volumes))
    error = refused(sbtransfer("import", "list.csv", served=served, patience=600), served)
    assert error == f"list.csv, line {middle + 2}, column 'volume': must look like 'owner/name', not 'nobody'"
    assert served.platform.requests_log == []


# Credentials ---------------------------------------------------------------------------------------------


def credentials(text: str) -> None:
    Path(".sevenbridges").mkdir()
    Path(".sevenbridges/credentials").write_text(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"[eu]\nauth_token = {TOKEN}\n", "credentials has no profile [cgc]; it has: eu"),
        (f"token: {TOKEN}\n", "is not a credentials file (line 1): mend it, or move it away and run"),
        (f"[cgc]\n{TOKEN}\n", "is not a credentials file (line 2): mend it, or move it away and run"),
        (f"[cgc]\nauth_token = {TOKEN}\n", "no endpoint: set SB_API_ENDPOINT, write a profile to"),
        ("[cgc]\napi_endpoint = https://a.example/v2\n", "no token: set SB_AUTH_TOKEN, write a profile to"),
    ],
)
def test_a_credentials_file_that_cannot_be_used(served: Served, text: str, words: str) -> None:
    credentials(text)
    done = sbtransfer("import", imports("rfranklin/input"), "--profile", "cgc", served=served)
    assert words in refused(done, served)
    assert TOKEN not in done.stderr


def test_a_profile_without_a_file(served: Served) -> None:
    done = sbtransfer("import", imports("rfranklin/input"), "--profile", "cgc", served=served)
    assert "there is no credentials file" in refused(done, served)
    assert "run 'sbtransfer configure'" in done.stderr
