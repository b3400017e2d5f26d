from pathlib import Path

import pytest

from sbtransfer.cli.exits import Exit
from sbtransfer.simulator import Platform
from tests.unit.cli.looking import invoke


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("volume", "nobody"), "must look like 'owner/name'"),
        (("volume", "a/b", "--to-project", "nobody"), "must look like 'owner/name'"),
        (("volume", "a/b", "--to-project", "a/b", "--to-parent", "c"), "--to-parent, not both"),
        (("volume", "a/b", "--output", "list.txt"), "must end in"),
        (("volume", "a/b", "--output", "gone/list.csv"), "there is no folder 'gone'"),
        (("volume", "a/b", "--min-size", "big"), "no size in bytes"),
        (("volume", "a/b", "--min-size", "2K", "--max-size", "1K"), "no size is at least 2,048"),
        (("project",), "give either a project or a folder"),
        (("project", "a/b", "--parent", "c"), "only one of them"),
    ],
)
def test_what_cannot_be_listed(args: tuple[str, ...], words: str) -> None:
    done = invoke("list", *args)
    assert done.exit_code == Exit.USAGE
    assert words in done.output


def test_the_options_reach_the_list(simulated_environment: Platform) -> None:
    args = ("list", "volume", "rfranklin/input", "--prefix", "runs/2024-01/", "--exclude", "*_R2*")
    done = invoke(*args, "--min-size", "1050K", "--format", "jsonl", "--output", "-")
    assert done.exit_code == Exit.COMPLETED, done.output
    assert '"location":"runs/2024-01/sample-0125_R1.fastq.gz"' in done.stdout.splitlines()[-1]
    assert not any("_R2" in line for line in done.stdout.splitlines())
    assert len(done.stdout.splitlines()) == 50  # samples from 76 on
    assert done.stderr == "50 files, 55.0 MB; 200 left out: 200 by --include, --exclude or size\n"


def test_a_file_is_overwritten_if_forced(simulated_environment: Platform, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("precious")
    args = ("list", "project", "rfranklin/my-project", "--output", str(path))
    assert invoke(*args).exit_code == Exit.USAGE
    assert path.read_text() == "precious"
    assert invoke(*args, "--force").exit_code == Exit.COMPLETED
    assert path.read_text() == "file,location,size,md5\n"
