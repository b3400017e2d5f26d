import csv
import io
import stat
from pathlib import Path

import pytest

from sbtransfer.cli.exits import Exit
from tests.unit.cli.journals import ended_journal, invoke, rows


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return ended_journal(tmp_path)


def test_rows_go_to_standard_output_as_json_lines(journal: Path) -> None:
    for args in ((), ("--output", "-")):
        done = invoke("export", journal, *args)
        assert done.exit_code == Exit.COMPLETED
        assert [(row["index"], row["state"]) for row in rows(done.stdout)] == [
            *((n, "COMPLETED") for n in range(3)),
            *((n, "FAILED") for n in (3, 4)),
        ]


def test_rows_of_certain_states(journal: Path) -> None:
    assert len(rows(invoke("export", journal, "--state", "failed").stdout)) == 2
    assert len(rows(invoke("export", journal, "--state", "failed", "--state", "completed").stdout)) == 5
    assert invoke("export", journal, "--state", "unconfirmed").stdout == ""


def test_a_table_on_standard_output(journal: Path) -> None:
    done = invoke("export", journal, "--format", "csv")
    assert [row["location"] for row in csv.DictReader(io.StringIO(done.stdout))] == [
        f"runs/{n}" for n in range(5)
    ]


@pytest.mark.parametrize(
    ("name", "form", "first"),
    [("a.csv", None, "index,"), ("a.jsonl", None, "{"), ("a", None, "{"), ("a.jsonl", "csv", "index,")],
)
def test_a_file_is_what_its_name_or_the_option_says(
    journal: Path, tmp_path: Path, name: str, form: str | None, first: str
) -> None:
    done = invoke("export", journal, "--output", tmp_path / name, *(("--format", form) if form else ()))
    assert done.exit_code == Exit.COMPLETED, done.output
    assert (tmp_path / name).read_text().startswith(first)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert done.stderr == f"{tmp_path / name}: 5 rows\n"


def test_no_file_is_overwritten_unasked(journal: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("precious")
    done = invoke("export", journal, "--output", tmp_path / "a.csv")
    assert done.exit_code == Exit.USAGE
    assert "give another --output, or --force" in done.output
    assert (tmp_path / "a.csv").read_text() == "precious"
    assert invoke("export", journal, "--output", tmp_path / "a.csv", "--force").exit_code == Exit.COMPLETED
    assert (tmp_path / "a.csv").read_text().startswith("index,")


def test_a_journal_is_never_overwritten_with_its_own_rows(journal: Path) -> None:
    before = journal.read_bytes()
    done = invoke("export", journal, "--output", journal, "--force")
    assert done.exit_code == Exit.USAGE
    assert journal.read_bytes() == before
