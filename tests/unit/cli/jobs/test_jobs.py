import json

import click
import pytest

from sbtransfer.cli.exits import Exit
from sbtransfer.cli.jobs import LIMIT, most
from sbtransfer.simulator import Platform
from tests.flows.simulated import drs, exports, imports
from tests.unit.cli.looking import invoke, transferred


@pytest.mark.parametrize(
    ("limit", "show_all", "wanted"),
    [(None, False, LIMIT), (7, False, 7), (0, False, None), (None, True, None), (0, True, None)],
)
def test_how_many_are_shown(limit: int | None, show_all: bool, wanted: int | None) -> None:
    assert most(limit, show_all=show_all) == wanted


def test_some_and_all_exclude_each_other() -> None:
    with pytest.raises(click.UsageError, match="--limit or --all, not both"):
        most(7, show_all=True)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("imports", "--state", "lost"), "'lost' is not one of"),
        (("imports", "--project", "nobody"), "must look like 'owner/name'"),
        (("exports", "--project", "a/b"), "No such option"),
        (("exports", "--limit", "-1"), "-1 is not in the range"),
        (("get",), "Missing argument"),
    ],
)
def test_what_cannot_be_asked_for(args: tuple[str, ...], words: str) -> None:
    done = invoke("jobs", *args)
    assert done.exit_code == Exit.USAGE
    assert words in done.output


def test_jobs_of_all_kinds_in_full(simulated_environment: Platform) -> None:
    ids = [transferred(items)[0] for items in (imports(1), exports(1), drs(1))]
    done = invoke("jobs", "get", *ids)
    assert (done.exit_code, done.stderr) == (Exit.COMPLETED, "")
    blocks = [block.splitlines() for block in done.stdout.split("\n\n")]
    assert [block[0].split(maxsplit=1)[1] for block in blocks] == ["import", "export", "DRS import"]
    assert [block[1].split()[1] for block in blocks] == ids
    done = invoke("jobs", "get", "--json", "-", stdin="\n".join(ids))
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ids


def test_unknown_ids_are_named_and_the_others_shown(simulated_environment: Platform) -> None:
    (job_id,) = transferred(imports(1))
    done = invoke("jobs", "get", "nobody", job_id, "no\x1bone")
    assert done.exit_code == Exit.INCOMPLETE
    assert done.stdout.startswith("kind ")
    assert job_id in done.stdout
    said = [line.partition(":")[0] for line in done.stderr.splitlines()]
    assert said == ["nobody", "no one"]


def test_no_ids_at_all() -> None:
    done = invoke("jobs", "get", "-", stdin="\n")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "no ids on standard input\n")
