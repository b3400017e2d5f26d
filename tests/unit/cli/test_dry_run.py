import io
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from sbtransfer.cli.dry_run import dry_run
from sbtransfer.cli.exits import Exit
from tests.unit.cli.journals import make_journal, shared

TO = {"project": "rosa/study", "volume": "rosa/input"}


def listed(folder: Path, *rows: str, header: str = "location,size") -> Path:
    path = folder / "list.csv"
    path.write_text("\n".join((header, *rows, "")))
    return path


def told(capsys: pytest.CaptureFixture[str], *given: Any, **options: Any) -> tuple[Exit, str]:
    code = dry_run("import", shared(*given, dry_run=True, **options), TO)
    return code, capsys.readouterr().out


def test_a_list_without_traps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = listed(tmp_path, *(f"runs/{n}.gz,1048576" for n in range(150)), "runs/x.gz,")
    code, text = told(capsys, path)
    assert code is Exit.COMPLETED
    assert text.splitlines() == [
        f"{path}: 151 items for import; nothing was sent",
        "  size      157 MB, as 150 of 151 tell",
        "  projects  rosa/study",
        "  volumes   rosa/input",
        "  requests  2 creates and at least 2 looks at jobs",
        "  limits    1,000 requests in any 300 s",
        "  time      the limits are no hindrance; it takes as long as the platform's jobs",
        "A run would start.",
    ]
    assert not path.with_suffix(".csv.sbtransfer").exists()


def test_names_that_are_taken_would_stop_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = listed(tmp_path, "a/x.gz,1", "b/x.gz,2")
    code, text = told(capsys, path)
    assert code is Exit.USAGE
    assert "trap: 2 items share destination names: all but one of each may fail; give each" in text
    assert f"  'x.gz' in rosa/study: {path}, line 2, line 3" in text.splitlines()
    assert text.endswith("A run would stop before it sends anything.\n")
    code, text = told(capsys, path, allow_name_collisions=True)
    assert code is Exit.COMPLETED
    assert text.endswith("A run would start.\n")


def test_bad_rows_are_listed_up_to_a_limit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = told(capsys, listed(tmp_path, "a/x.gz,1", *["b/y.gz,many"] * 30))
    assert code is Exit.USAGE
    assert "30 bad rows:" in text.splitlines()
    assert "line 3, column 'size': must be a whole number of bytes" in text
    assert "  … and 10 more" in text.splitlines()


def test_what_a_journal_knows_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = listed(tmp_path, "a/x.gz,1")
    make_journal(tmp_path / "list.csv.sbtransfer", good=1, total=1)
    _, text = told(capsys, path)
    assert f"known from {path}.sbtransfer: 1 completed, 0 failed, 0 unconfirmed of 1" in text


def test_the_plan_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = listed(tmp_path, "a/x.gz,1", "b/x.gz,2", "c,many")
    code, text = told(capsys, path, as_json=True)
    assert code is Exit.USAGE
    plan = orjson.loads(text)
    assert (plan["list"], plan["verb"], plan["items"], plan["calls"]) == (str(path), "import", 2, 1)
    assert (plan["bad_rows"], plan["would_start"], plan["size"]) == (1, False, 3)
    assert plan["limits"] == {"requests": "1000/300", "drs_files": "500/300"}
    assert [(trap["name"], trap["items"], trap["stops"]) for trap in plan["traps"]] == [
        ("name_collisions", 2, True)
    ]


def test_standard_input_is_looked_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"location\nruns/a.gz\n")))
    code, text = told(capsys, "-")
    assert code is Exit.COMPLETED
    assert text.startswith("standard input: 1 item for import; nothing was sent\n")
    assert list(tmp_path.iterdir()) == []


def test_the_limit_that_binds_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = listed(tmp_path, *(f"drs://x/{n},n{n}" for n in range(1001)), header="drs_uri,name")
    dry_run("drs", shared(path, dry_run=True), {"project": "rosa/study"})
    text = capsys.readouterr().out
    assert "1,000 requests in any 300 s, 500 DRS files in any 300 s" in text
    assert "at least 0:10:00, for the limit of DRS files; then the last jobs' time" in text
