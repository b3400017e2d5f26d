import csv
import json
import resource
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from sbtransfer.cli.results import Results, ResultsError, columns, row
from sbtransfer.errors import SBTransferError, SettingsError
from sbtransfer.items import Kind
from sbtransfer.models import ErrorRecord, Outcome, OutcomeState
from tests.support import a_drs, an_export, an_import

NASTY = 'said "no",\nthen\r went; away\tµ'


def completed(item: Any, index: int = 0) -> Outcome:
    return Outcome(
        index=index, item=item, state=OutcomeState.COMPLETED, job_id=f"job-{index}", file_id=f"file-{index}"
    )


def failed(item: Any, index: int = 0, message: str = "no") -> Outcome:
    error = ErrorRecord(404, 9002, message)
    return Outcome(index=index, item=item, state=OutcomeState.FAILED, error=error)


def written(path: Path, kind: Kind | None, *outcomes: Outcome) -> str:
    with Results(path, kind) as results:
        for outcome in outcomes:
            results.add(outcome)
    assert results.rows == len(outcomes)
    return path.read_bytes().decode()


def test_a_row_has_the_index_the_items_fields_and_what_became_of_it() -> None:
    assert row(completed(an_import("a/b.gz", ref="s1"), 7)) == {
        "index": 7,
        "volume": "rosa/input",
        "location": "a/b.gz",
        "project": "rosa/study",
        "ref": "s1",
        "state": "COMPLETED",
        "job_id": "job-7",
        "file_id": "file-7",
        "error_code": None,
        "error_message": None,
        "attempts": 1,
        "submitted_on": None,
        "finished_on": None,
    }


def test_a_row_has_the_times_in_utc_to_the_microsecond() -> None:
    outcome = evolve(
        completed(an_import()),
        attempts=3,
        submitted_on=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        finished_on=datetime(2026, 1, 2, 3, 5, tzinfo=UTC),
    )
    values = row(outcome)
    assert tuple(values)[-3:] == columns("import")[-3:] == ("attempts", "submitted_on", "finished_on")
    assert tuple(values.values())[-3:] == (3, "2026-01-02T03:04:05.678901+00:00", "2026-01-02T03:05:00+00:00")


def test_a_failed_row_has_the_platforms_words() -> None:
    values = row(failed(a_drs(), message="gone"))
    assert (values["state"], values["error_code"], values["error_message"]) == ("FAILED", 9002, "gone")
    assert values["job_id"] is None


def test_no_field_of_an_item_is_hidden_by_one_of_the_outcome() -> None:
    kinds: tuple[Kind, ...] = ("import", "export", "drs")
    for kind in kinds:
        assert len(set(columns(kind))) == len(columns(kind))


def test_jsonl_comes_back_as_it_was(tmp_path: Path) -> None:
    item = a_drs(metadata={"age": 7, "odd": NASTY}, tags=("a", "b"), conflict_resolution="RENAME")
    outcomes = [completed(item), failed(item, 1, NASTY)]
    text = written(tmp_path / "out.jsonl", "drs", *outcomes)
    rows = [json.loads(line) for line in text.splitlines()]
    assert [r["index"] for r in rows] == [0, 1]
    assert rows[0]["metadata"] == {"age": 7, "odd": NASTY}
    assert rows[0]["tags"] == ["a", "b"]
    assert rows[1]["error_message"] == NASTY


def test_csv_comes_back_as_it_was(tmp_path: Path) -> None:
    location = 'runs/"odd", name.gz'
    text = written(
        tmp_path / "out.csv",
        "import",
        completed(an_import(location, overwrite=True, ref=5)),
        failed(an_import(), 1, NASTY),
    )
    rows = list(csv.DictReader(text.splitlines(keepends=True)))
    assert (rows[0]["location"], rows[0]["overwrite"], rows[0]["ref"]) == (location, "true", "5")
    assert rows[0]["error_message"] == rows[0]["submitted_on"] == rows[0]["finished_on"] == ""
    assert rows[1]["error_message"] == NASTY
    assert rows[1]["error_code"] == "9002"


def test_csv_writes_values_as_work_lists_do(tmp_path: Path) -> None:
    text = written(tmp_path / "out.csv", "drs", completed(a_drs(metadata={"age": 7}, tags=("a", "b"))))
    (values,) = csv.DictReader(text.splitlines(keepends=True))
    assert values["tags"] == "a;b"
    assert json.loads(values["metadata"]) == {"age": 7}


def test_the_columns_of_a_table_do_not_depend_on_what_its_items_have(tmp_path: Path) -> None:
    header = written(tmp_path / "out.CSV", "export", completed(an_export())).splitlines()[0]
    assert header == (
        "index,file,volume,location,overwrite,properties,copy_only,size,md5,ref,"
        "state,job_id,file_id,error_code,error_message,attempts,submitted_on,finished_on"
    )


def test_a_row_is_in_the_file_before_the_next_item_ends(tmp_path: Path) -> None:
    for name in ("out.csv", "out.jsonl"):
        with Results(tmp_path / name, "import") as results:
            results.add(completed(an_import()))
            assert "job-0" in (tmp_path / name).read_text()


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    written(path, "import")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("precious")
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="exists: give another --results, or --force"):
        Results(path, "import").__enter__()
    assert path.read_text() == "precious"
    with Results(path, "import", force=True):
        pass
    assert path.read_text().startswith("index,volume")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gone/out.csv' cannot be written: No such file"):
        Results(tmp_path / "gone" / "out.csv", "import").__enter__()


def test_what_is_written_anew_takes_the_place_of_the_old_at_once(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    (tmp_path / "out.csv.part").write_text("of a run that was killed")
    with Results(path, "import", anew=True) as results:
        results.add(completed(an_import()))
        assert path.read_text() == "old"
        results.publish()
        assert len(path.read_text().splitlines()) == 2
        results.add(completed(an_import(), 1))
        assert len(path.read_text().splitlines()) == 3  # it is there before the next item ends
    assert results.rows == 2
    assert [file.name for file in tmp_path.iterdir()] == ["out.csv"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_not_published_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    with pytest.raises(LookupError), Results(path, "import", anew=True) as results:
        results.add(completed(an_import()))
        raise LookupError
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["out.jsonl"]


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "out.csv").symlink_to(tmp_path / "there" / "real.csv")
    with Results(tmp_path / "out.csv", "import", anew=True) as results:
        results.publish()
    assert (tmp_path / "out.csv").is_symlink()
    assert (tmp_path / "there" / "real.csv").exists()


def test_mixed_kinds_have_the_columns_of_all(tmp_path: Path) -> None:
    text = written(
        tmp_path / "out.csv", None, completed(an_import()), completed(an_export(), 1), completed(a_drs(), 2)
    )
    rows = list(csv.DictReader(text.splitlines(keepends=True)))
    assert [row["location"] or row["drs_uri"] for row in rows] == [
        "runs/1.fastq.gz",
        "out/5f1e",
        "drs://dg.4DFC:1",
    ]
    assert len(set(columns(None))) == len(columns(None))
    assert set(columns(None)) == {*columns("import"), *columns("export"), *columns("drs")}


FILL_THE_DISK = """
import sys
from pathlib import Path
from sbtransfer.cli.results import Results, ResultsError
from tests.support import an_import
from tests.unit.cli.test_results import completed
try:
    with Results(Path(sys.argv[1]), "import") as results:
        for index in range(100_000):
            results.add(completed(an_import(), index))
except ResultsError as error:
    print(error, results.rows)
"""


def test_a_full_disk_is_an_error_that_counts_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"

    def no_more_than_a_few_blocks() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FILL_THE_DISK, str(path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
        preexec_fn=no_more_than_a_few_blocks,
    )
    rows = int(done.stdout.split()[-1])
    assert f"{str(path)!r} cannot be written: File too large; it holds {rows:,} rows" in done.stdout
    assert done.stderr == ""
    assert 0 < rows <= len(path.read_text().splitlines()) - 1


def test_an_error_of_writing_belongs_to_the_family() -> None:
    assert issubclass(ResultsError, SBTransferError)
