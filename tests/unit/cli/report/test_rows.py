import json
from pathlib import Path

import pytest
from attrs import evolve

from sbtransfer.cli.report.rows import ResultsFile
from sbtransfer.errors import SettingsError, WorkListError
from sbtransfer.models import ErrorRecord, Outcome
from tests.support import a_drs, an_export, an_import
from tests.unit.cli.report.outcomes import completed, failed, lost, results

NASTY = 'said "no",\nthen\r went; away\tµ'


def read(path: Path) -> list[Outcome]:
    return list(ResultsFile(path).outcomes())


def as_written(outcome: Outcome) -> Outcome:
    """Return what is left of an outcome in a results file: an error's code and message."""
    error = outcome.error
    return evolve(outcome, error=None if error is None else ErrorRecord(None, error.code, error.message))


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl", "named-otherwise"])
def test_outcomes_come_back_as_they_were(tmp_path: Path, name: str) -> None:
    outcomes = [
        completed(0, item=an_import("a/b", overwrite=True, autorename=False, size=7, ref="s1")),
        completed(1, item=an_export(properties={"sse_algorithm": "AES256"}), submitted_on=None),
        completed(2, item=a_drs(metadata={"age": 7, "odd": NASTY}, tags=("a", "b")), attempts=2),
        completed(5, file_id="f5", finished_on=None),
        failed(3, NASTY),
        lost(4),
    ]
    assert read(results(tmp_path / name, outcomes)) == [as_written(outcome) for outcome in outcomes]


def test_a_file_of_an_earlier_version_has_no_times(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text(
        "index,volume,location,project,state,job_id,file_id,error_code,error_message\n"
        "0,rosa/input,a,rosa/study,COMPLETED,j,f,,\n"
    )
    (outcome,) = read(path)
    assert (outcome.submitted_on, outcome.finished_on, outcome.attempts) == (None, None, 1)


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_a_last_row_that_is_half_written_is_left_out(tmp_path: Path, name: str) -> None:
    path = results(tmp_path / name, [completed(0), failed(1, NASTY), failed(2, NASTY)])
    whole = path.read_bytes()
    last = len(results(tmp_path / f"two-{name}", [completed(0), failed(1, NASTY)]).read_bytes())
    for end in range(last + 1, len(whole) - 7):
        path.write_bytes(whole[:end])
        file = ResultsFile(path)
        found = [outcome.index for outcome in file.outcomes()]
        if whole[:end].endswith(b"+00:00,"):  # all but the last cell, which may be empty
            assert found == [0, 1, 2]
        else:
            assert found == [0, 1]
            assert file.cut_short
    path.write_bytes(whole)
    assert len(read(path)) == 3


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_a_row_that_is_damaged_is_named(tmp_path: Path, name: str) -> None:
    path = results(tmp_path / name, [completed(0), completed(1), completed(2)])
    lines = path.read_text().splitlines(keepends=True)
    damaged = 2 if name == "out.csv" else 1
    lines[damaged] = lines[damaged].replace("COMPLETED", "BAKED")
    path.write_text("".join(lines))
    said = rf"{name}, line {damaged + 1}: is no row of a results file: 'BAKED'"
    with pytest.raises(WorkListError, match=said):
        read(path)


@pytest.mark.parametrize(
    "cells",
    [{"index": "x"}, {"finished_on": "2026-10-12T09"}, {"volume": "nobody"}, {"size": [1]}, {"index": None}],
)
def test_values_that_cannot_be_are_an_error_of_the_file(tmp_path: Path, cells: dict[str, object]) -> None:
    path = results(tmp_path / "out.jsonl", [completed()])
    path.write_text(json.dumps(json.loads(path.read_text()) | cells) + "\n")
    with pytest.raises(WorkListError, match=r"out.jsonl, line 1: "):
        read(path)


@pytest.mark.parametrize(
    "content",
    [
        b"volume,location,project\nrosa/input,a,rosa/study\n",
        b'{"volume": "rosa/input", "location": "a"}\n',
        b"[1, 2]\n",
        b'{"state": \n',
        b"some words\n",
        b"\x89PNG\r\n\x1a\n\0\0\0",
        b"\xff\xfe\0a",
        b"PK\x03\x04 a workbook",
        b"\n\n",
    ],
)
def test_what_is_no_results_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(content)
    with pytest.raises((SettingsError, WorkListError), match=r"out\.csv"):
        read(path)
