import csv
import io
import json
from pathlib import Path
from typing import TypeAlias

import pytest

from sbtransfer.cli.listing.target import INCOMPLETE, Form, Rows, written
from sbtransfer.errors import SettingsError

COLUMNS = ("volume", "location", "size", "md5")
Out: TypeAlias = "pytest.CaptureFixture[bytes]"

NASTY = 'a "b",c\u2028µ.gz'


def row(location: str = "a.gz", size: int | None = 7) -> dict[str, object]:
    return {"volume": "rosa/input", "location": location, "size": size, "md5": None}


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_table(capsysbinary: Out) -> None:
    with written(None, None, COLUMNS, force=False) as rows:
        rows.add(row(NASTY))
        rows.add(row(size=None))
    first, second = table(capsysbinary.readouterr().out.decode())
    assert first == {"volume": "rosa/input", "location": NASTY, "size": "7", "md5": ""}
    assert second["size"] == ""


def test_json_lines(capsysbinary: Out) -> None:
    with written(None, "jsonl", COLUMNS, force=False) as rows:
        rows.add(row(NASTY))
        rows.add(row())
    lines = capsysbinary.readouterr().out.decode().split("\n")
    assert [json.loads(line) for line in lines[:-1]] == [row(NASTY), row()]


@pytest.mark.parametrize(("form", "wanted"), [("csv", "volume,location,size,md5\r\n"), ("jsonl", "")])
def test_nothing_found_has_its_header_alone(capsysbinary: Out, form: Form, wanted: str) -> None:
    with written(None, form, COLUMNS, force=False):
        pass
    assert capsysbinary.readouterr().out.decode() == wanted


def test_rows_are_on_their_way_page_by_page() -> None:
    flushed: list[int] = []
    target = io.StringIO()
    rows = Rows(target, "csv", COLUMNS, lambda: flushed.append(target.getvalue().count("a.gz")))
    for _ in range(250):
        rows.add(row())
    assert flushed == [100, 200]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_list_that_is_cut_short_ends_in_a_line_that_says_so(capsysbinary: Out, form: Form) -> None:
    with pytest.raises(KeyboardInterrupt), written(None, form, COLUMNS, force=False) as rows:
        rows.add(row())
        raise KeyboardInterrupt
    assert capsysbinary.readouterr().out.decode().splitlines()[-1] == INCOMPLETE
    assert "," not in INCOMPLETE  # else it might have as many cells as a row


def test_a_list_that_has_not_begun_stays_empty(capsysbinary: Out) -> None:
    with pytest.raises(LookupError), written(None, None, COLUMNS, force=False):
        raise LookupError
    assert capsysbinary.readouterr().out == b""


def test_nothing_more_is_written_to_a_reader_that_has_gone(capsysbinary: Out) -> None:
    with pytest.raises(BrokenPipeError), written(None, None, COLUMNS, force=False) as rows:
        rows.add(row())
        raise BrokenPipeError
    assert INCOMPLETE.encode() not in capsysbinary.readouterr().out


@pytest.mark.parametrize(
    ("name", "form", "is_table"),
    [("a.csv", None, True), ("a.jsonl", None, False), ("a.csv", "jsonl", False), ("a.jsonl", "csv", True)],
)
def test_a_file_has_the_form_of_its_name_or_the_one_that_was_asked_for(
    tmp_path: Path, name: str, form: Form | None, is_table: bool
) -> None:
    with written(tmp_path / name, form, COLUMNS, force=False) as rows:
        rows.add(row())
    assert (tmp_path / name).read_text().startswith("volume,location") is is_table
    with pytest.raises(SettingsError, match="exists"), written(tmp_path / name, form, COLUMNS, force=False):
        pass


def test_a_file_is_not_there_if_an_error_cuts_it_short(tmp_path: Path) -> None:
    with pytest.raises(LookupError), written(tmp_path / "a.csv", None, COLUMNS, force=False) as rows:
        rows.add(row())
        raise LookupError
    assert list(tmp_path.iterdir()) == []
