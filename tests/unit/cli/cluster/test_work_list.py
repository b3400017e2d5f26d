from pathlib import Path

import click
import pytest

from sbtransfer.cli.cluster.work_list import Given, surveyed
from sbtransfer.errors import WorkListError
from sbtransfer.items import VolumeImport

TO = {"project": "rfranklin/my-project"}
HEADER = "volume,location\n"


def a_list(folder: Path, *rows: str) -> str:
    path = folder / "list.csv"
    path.write_text(HEADER + "".join(f"rfranklin/input,{row}\n" for row in rows))
    return str(path)


def test_a_list_can_be_read_after_it_was_looked_over(tmp_path: Path) -> None:
    with surveyed("import", Given(work_list=a_list(tmp_path, "a.gz", "b.gz")), TO) as (work_list, survey):
        assert survey.check.items == 2
        assert list(survey.places.volumes) == ["rfranklin/input"]
        assert [item.location for item in work_list if isinstance(item, VolumeImport)] == ["a.gz", "b.gz"]


def test_bad_rows_are_raised(tmp_path: Path) -> None:
    with pytest.raises(WorkListError, match="line 3"):
        with surveyed("import", Given(work_list=a_list(tmp_path, "a.gz", "")), TO):
            pass


def test_shared_names_are_raised_unless_they_are_allowed(tmp_path: Path) -> None:
    path = a_list(tmp_path, "one/a.gz", "two/a.gz")
    with pytest.raises(WorkListError, match=r"a\.gz"):
        with surveyed("import", Given(work_list=path), TO):
            pass
    with surveyed("import", Given(work_list=path, allow_name_collisions=True), TO) as (_, survey):
        assert survey.check.items == 2


def test_a_closed_standard_input_is_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(click.UsageError, match="give a file"):
        with surveyed("import", Given(work_list="-"), TO):
            pass
