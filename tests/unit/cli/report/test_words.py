from pathlib import Path

from sbtransfer.cli.report.facts import facts_of
from sbtransfer.cli.report.read import read
from sbtransfer.cli.report.words import in_words
from tests.support import a_drs, an_import
from tests.unit.cli.journals import LIST, NOTES, make_journal
from tests.unit.cli.report.outcomes import completed, facts, failed, lost


def test_a_journal_in_words(tmp_path: Path) -> None:
    path = make_journal(tmp_path / "j", good=2, bad=1, total=3, source=LIST, notes=NOTES)
    assert in_words(facts_of(read(path, 1))).splitlines() == [
        "a.csv: import at https://api.example.org/v2 as rosa",
        f"journal: {path}",
        "2 completed + 1 failed + 0 unconfirmed + 0 unfinished = 3 read",
        "0 under way, 0 in doubt, 0 waiting; the list has 3 items",
        "first submitted 2023-11-14 22:13:20 UTC",
        "last finished   2023-11-14 22:20:01 UTC, after 0:06:41",
        "",
        "Not completed, by cause:",
        "  1 failed: no reason was given",
        "    index 2, rosa/input runs/2: no reason was given",
        "",
        "Slowest, from submitted to finished:",
        "  0:06:41  index 0, rosa/input runs/0, job j0",
        "  0:06:41  index 1, rosa/input runs/1, job j1",
        "  0:06:41  index 2, rosa/input runs/2",
        "",
        "Throughput:",
        "  completed an hour    18 items",
        "  best five minutes    2 items",
        "  last five minutes    2 items",
        "  median of job times  0:06:41",
        "  99th percentile      0:06:41",
        "",
        "Used of the limits, in any five minutes:",
        "  create calls: at most 1 of 1,000",
        "",
        f"send what failed again with: sbtransfer retry {path}",
    ]


def test_a_list_that_was_not_read_to_its_end(tmp_path: Path) -> None:
    told = in_words(facts_of(read(make_journal(tmp_path / "j", under_way=4), 3)))
    assert "4 under way, 0 in doubt, 0 waiting; the list was not read to its end yet\n" in told
    assert told.endswith(f"\ngo on with: sbtransfer resume {tmp_path / 'j'}")


def test_causes_have_their_code_and_their_examples() -> None:
    told = in_words(facts(failed(1, item=an_import("x y/1", ref="r1")), failed(2), lost(3)))
    assert "\n  2 failed, code 9004: Object … does not exist.\n" in told
    assert "\n    index 1, rosa/input x y/1 (ref r1): Object 'runs/1' does not exist.\n" in told
    assert "\n  1 unconfirmed, code ambiguous: no answer came\n" in told


def test_what_is_not_shown_is_counted() -> None:
    words = [f"{a}{b} refused" for a in "abcde" for b in "vwxyz"]
    told = in_words(facts(*(failed(n, word) for n, word in enumerate(words))))
    assert "\n  and 5 items more, of 5 or more other causes\n" in told


def test_long_messages_are_cut() -> None:
    assert max(map(len, in_words(facts(failed(0, "no, " * 5000))).splitlines())) < 400


def test_bytes_and_drs_files_are_told_where_there_are_any() -> None:
    told = in_words(facts(completed(0, took=100, item=a_drs(size=5_000_000)), completed(1, item=a_drs())))
    assert "bytes                5.0 MB of 1 item whose size is known, 50.0 kB a second\n" in told
    assert "\n  DRS files: at most 2 of 500\n" in told


def test_a_report_without_times_is_short() -> None:
    told = in_words(facts(completed(0, submitted_on=None, finished_on=None)))
    assert "Throughput" not in told
    assert "submitted" not in told


def test_words_of_others_cannot_steer_a_terminal() -> None:
    told = in_words(facts(failed(0, "a\x1b[2J\x07 b\u202e", item=an_import("a\u2028b", ref="\x1b"))))
    assert not any(not char.isprintable() for char in told.replace("\n", ""))
