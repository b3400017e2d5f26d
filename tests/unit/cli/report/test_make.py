import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sbtransfer.cli import cli
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.output import OutputError
from sbtransfer.cli.report.make import write_page
from tests.unit.cli.journals import LIST, ended_journal, make_journal
from tests.unit.cli.report.outcomes import completed, failed, results


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return results(tmp_path / "out.csv", [completed(0), *(failed(n) for n in range(1, 6))])


def report(*args: object) -> Result:
    return CliRunner().invoke(cli, ["report", *map(str, args)])


def test_words_go_to_standard_output(out: Path) -> None:
    done = report(out)
    assert done.exit_code == Exit.COMPLETED
    assert "1 completed + 5 failed + 0 unconfirmed + 0 unfinished = 6 read\n" in done.stdout
    assert done.stderr == ""


def test_json_for_programs_with_as_many_examples_as_wanted(out: Path) -> None:
    for examples in (0, 2, 9):
        facts = json.loads(report(out, "--json", "--examples", examples).stdout)
        assert len(facts["failures"][0]["examples"]) == min(examples, 5)
        assert facts["failures"][0]["items"] == 5


def test_json_can_hold_what_is_not_utf_8(tmp_path: Path) -> None:
    path = results(tmp_path / "out.csv", [failed(0, "no")])
    path.write_text(path.read_text().replace("no,", "\u202eno,"))
    assert json.loads(report(path, "--json").stdout)["failures"][0]["message"] == "\u202eno"


def test_a_page_is_for_its_owner_alone_and_not_overwritten(out: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = report(out, "--html", page)
    assert (done.exit_code, done.stderr) == (Exit.COMPLETED, f"page: {page}\n")
    assert "1 completed + 5 failed" in done.stdout
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    page.write_text("precious")
    page.chmod(0o644)
    done = report(out, "--html", page)
    assert done.exit_code == Exit.USAGE
    assert "exists: give another --html, or --force" in done.stderr
    assert page.read_text() == "precious"
    assert report(out, "--html", page, "--force").exit_code == Exit.COMPLETED
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.csv", "report.html"]


def test_a_page_never_takes_the_place_of_what_it_tells_of(out: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(out)
    work_list = tmp_path / "list.csv"
    work_list.write_text("precious")
    journal = make_journal(tmp_path / "j", source=LIST | {"path": str(work_list)})
    for read, page in ((out, out), (out, tmp_path / "link"), (journal, journal), (journal, work_list)):
        before = page.read_bytes()
        done = report(read, "--html", page, "--force")
        assert done.exit_code == Exit.USAGE, done.output
        assert page.read_bytes() == before


def test_a_link_stays_one(out: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "report.html").symlink_to(tmp_path / "there" / "page.html")
    assert report(out, "--html", tmp_path / "report.html").exit_code == Exit.COMPLETED
    assert (tmp_path / "report.html").is_symlink()
    assert (tmp_path / "there" / "page.html").exists()


def test_a_page_that_cannot_be_written_leaves_nothing(out: Path, tmp_path: Path) -> None:
    done = report(out, "--html", tmp_path / "gone" / "a.html")
    assert done.exit_code == Exit.USAGE
    assert "a.html' cannot be written: No such file" in done.stderr
    (tmp_path / "a.html").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        write_page(tmp_path / "a.html", "text", force=True)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.html", "out.csv"]


def test_what_is_neither_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("words")
    done = report(tmp_path / "a")
    assert done.exit_code == Exit.USAGE
    assert "a' is neither a journal nor a results file" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert report(tmp_path / "gone").exit_code == Exit.USAGE


def test_a_journal_is_reported_on_whatever_became_of_its_items(tmp_path: Path) -> None:
    done = report(ended_journal(tmp_path))
    assert done.exit_code == Exit.COMPLETED
    assert "3 completed + 2 failed + 0 unconfirmed + 0 unfinished = 5 read" in done.stdout
