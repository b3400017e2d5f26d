import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from sbtransfer.cli.jobs.table import (
    COLUMNS,
    block,
    destination_of,
    first_line,
    further_lines,
    heading,
    json_line,
    source_of,
    tabbed,
)
from sbtransfer.models import Arrived, DRSJob, ErrorRecord
from sbtransfer.resources import ExportJob, ImportJob

STARTED = datetime(2026, 3, 1, 10, 0, 1, 250_000, tzinfo=UTC)
IMPORT = ImportJob(
    id="6f0c2a41d1e84e1fb9d0a7c3",
    state="COMPLETED",
    volume="rosa/input",
    location="runs/1.gz",
    project="rosa/study",
    name="1.gz",
    file_id="5f1e",
    started_on=STARTED,
    finished_on=STARTED + timedelta(seconds=8),
)
ERROR = ErrorRecord(404, 9004, "it is not there", "https://docs.example")
EXPORT = ExportJob(
    id="e1", state="FAILED", file="5f1e", volume="rosa/output", location="out/1.gz", error=ERROR
)
DRS = DRSJob("d1", "FINISHED", (Arrived("f1"), ERROR, None, Arrived("f2", is_folder=True)), STARTED, STARTED)


@pytest.fixture(autouse=True)
def in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is five hours behind, which shows that it is local."""
    monkeypatch.setenv("TZ", "EST+5")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("job", "source", "destination"),
    [
        (IMPORT, "rosa/input:runs/1.gz", "rosa/study:1.gz"),
        (evolve(IMPORT, project=None, parent="5f00"), "rosa/input:runs/1.gz", "folder 5f00:1.gz"),
        (EXPORT, "file 5f1e", "rosa/output:out/1.gz"),
    ],
)
def test_what_goes_where(job: ImportJob | ExportJob, source: str, destination: str) -> None:
    assert (source_of(job), destination_of(job)) == (source, destination)
    assert next(further_lines(job)) == f"{source} -> {destination}"


def test_a_line_of_cells_has_all_columns_and_times_in_utc() -> None:
    cells = dict(zip(COLUMNS, tabbed(IMPORT).split("\t"), strict=True))
    assert (cells["started"], cells["finished"]) == ("2026-03-01T10:00:01Z", "2026-03-01T10:00:09Z")
    assert cells["error"] == ""
    cells = dict(zip(COLUMNS, tabbed(EXPORT).split("\t"), strict=True))
    assert (cells["id"], cells["state"], cells["started"]) == ("e1", "FAILED", "")
    assert cells["error"] == "it is not there (code 9004)"


def test_what_separates_cells_is_no_part_of_them() -> None:
    assert tabbed(evolve(IMPORT, location="a\tb\nc")).count("\t") == len(COLUMNS) - 1
    assert "\n" not in tabbed(evolve(IMPORT, location="a\tb\nc"))


@pytest.mark.parametrize(
    ("finished", "shown"),
    [
        (STARTED + timedelta(seconds=8), "2026-03-01 05:00:01  05:00:09"),
        (STARTED + timedelta(days=1), "2026-03-01 05:00:01  03-02 05:00:01"),
        (None, "2026-03-01 05:00:01"),
    ],
)
def test_the_first_line_fits_below_the_heading(finished: datetime | None, shown: str) -> None:
    before, state, after = first_line(evolve(IMPORT, finished_on=finished), 32)
    line = before + state + after
    assert line == f"{IMPORT.id:32}  COMPLETED  {shown}"
    assert len(line) <= 80
    top = heading(32)
    assert (top.index("STATE"), top.index("STARTED")) == (line.index("COMPLETED"), line.index("2026"))


def test_a_job_that_has_not_begun() -> None:
    before, state, after = first_line(evolve(EXPORT, state="PENDING"), 5)
    assert (before, state, after.strip()) == ("e1     ", "PENDING", "")


def test_the_error_stands_on_a_line_of_its_own() -> None:
    assert list(further_lines(IMPORT)) == ["rosa/input:runs/1.gz -> rosa/study:1.gz"]
    assert list(further_lines(EXPORT))[1:] == ["it is not there (code 9004)"]


def test_words_of_others_cannot_steer_a_terminal() -> None:
    nasty = evolve(
        EXPORT, id="\x1b[2J", state="\x1b", location="\x1b[1m", error=ErrorRecord(message="\x1b[3m")
    )
    shown = ["".join(first_line(nasty, 9)), *further_lines(nasty), block(nasty), tabbed(nasty)]
    assert not any("\x1b" in text for text in shown)


def test_json_has_all_that_is_known() -> None:
    job: dict[str, Any] = json.loads(json_line(IMPORT))
    assert (job["kind"], job["id"], job["file_id"], job["error"]) == ("import", IMPORT.id, "5f1e", None)
    assert datetime.fromisoformat(job["started_on"]) == STARTED
    assert json.loads(json_line(EXPORT))["error"] == {
        "status": 404,
        "code": 9004,
        "message": "it is not there",
        "more_info": "https://docs.example",
    }
    assert [one and one.get("id") for one in json.loads(json_line(DRS))["result"]] == ["f1", None, None, "f2"]


def test_a_block_names_what_is_known_and_nothing_else() -> None:
    lines = dict(line.split("  ", 1) for line in block(IMPORT).splitlines())
    assert {name: value.strip() for name, value in lines.items()} == {
        "kind": "import",
        "id": IMPORT.id,
        "state": "COMPLETED",
        "volume": "rosa/input",
        "location": "runs/1.gz",
        "project": "rosa/study",
        "name": "1.gz",
        "overwrite": "no",
        "file id": "5f1e",
        "started on": "2026-03-01 05:00:01-05:00",
        "finished on": "2026-03-01 05:00:09-05:00",
    }


def test_a_block_tells_of_an_error_all_that_the_platform_does() -> None:
    shown = block(evolve(EXPORT, properties={"sse_algorithm": "AES256"}))
    assert 'properties   {"sse_algorithm":"AES256"}\n' in shown
    assert "error        it is not there (code 9004)\n" in shown
    assert "HTTP status  404\n" in shown
    assert "more info    https://docs.example\n" in shown


def test_a_block_of_a_drs_import_names_the_items_that_did_not_arrive() -> None:
    shown = block(DRS)
    assert "kind         DRS import\n" in shown
    assert "result       2 of 4 items arrived\n" in shown
    assert "item 2       it is not there (code 9004)\n" in shown
    assert "item 3       the platform's record cannot be read\n" in shown
    assert "result" not in block(DRSJob("d1", "SUBMITTED"))
