from pathlib import Path

import pytest
from attrs import define

from sbtransfer.cli.listing.making import Making, Meanwhile
from sbtransfer.cli.listing.rows import Count
from sbtransfer.simulator import Platform
from sbtransfer.sources import Selection
from tests.unit.cli.looking import invoke

MAKING = Making(output=None, form=None, force=False, selection=Selection())


def test_columns_that_were_not_given_are_none() -> None:
    assert MAKING.with_columns(project=None, parent="5f1e").more == {"parent": "5f1e"}
    assert MAKING.with_columns(volume=None).more == {}


def test_how_far_it_is_says_what_is_waited_for() -> None:
    @define
    class Waiting:
        waiting_for: str | None = None

    client = Waiting()
    meanwhile = Meanwhile(client, Count(files=3, size=7))  # type: ignore[arg-type]
    assert str(meanwhile.__rich__()) == "3 files, 7 bytes"
    client.waiting_for = "mainten\x1bance"
    assert str(meanwhile.__rich__()) == "3 files, 7 bytes; waiting: mainten ance"


def test_a_list_in_a_file(simulated_environment: Platform, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    args = ("list", "volume", "rfranklin/input", "--prefix", "samples/", "--output", str(path))
    done = invoke(*args, "--to-project", "a/b")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == f"{path}: 2 files, 102 kB\n"
    header, *rows = path.read_text().splitlines()
    assert header == "volume,location,size,md5,project"
    assert [row.rpartition(",")[2] for row in rows] == ["a/b", "a/b"]


@pytest.mark.parametrize(
    ("args", "what"),
    [(("volume", "rosa/no"), "volume rosa/no: "), (("project", "rosa/no"), "project rosa/no: ")],
)
def test_what_is_not_there(simulated_environment: Platform, args: tuple[str, ...], what: str) -> None:
    done = invoke("list", *args)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: {what}")
    assert "does not exist" in done.stderr


def test_a_folder_instead_of_a_project(simulated_environment: Platform) -> None:
    done = invoke("list", "project", "--parent", "missing")
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: folder missing: ")
    done = invoke("list", "project", "--parent", "empty", "--to-volume", "a/b")
    assert (done.exit_code, done.stdout) == (0, "file,location,size,md5,volume\n")
    assert done.stderr == "nothing found\n"
