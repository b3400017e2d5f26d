"""Whose a record of a DRS result is: by place while the files' names agree, by name where they do not."""

from sbtransfer import DRSImport, ErrorRecord
from sbtransfer.models import Arrived
from sbtransfer.operations.results import Fate, Result, attribute, worth_asking
from sbtransfer.resources import FileDetails

LOST = ErrorRecord(404, 5002, "not found")
DENIED = ErrorRecord(403, 5001, "no access")


def items(*names: str | None, resolution: str = "SKIP") -> list[DRSImport]:
    return [
        DRSImport(drs_uri=f"drs://a/{n}", project="o/p", name=name, conflict_resolution=resolution)  # type: ignore[arg-type]
        for n, name in enumerate(names)
    ]


def fates(wanted: list[DRSImport], *records: str | ErrorRecord | None) -> list[str]:
    """Attribute files, whose ids are their names with a mark before them; `?` is ambiguous."""
    result: list[Result] = [Arrived(f"id:{one}") if isinstance(one, str) else one for one in records]
    details = {f"id:{one}": FileDetails(f"id:{one}", one) for one in records if isinstance(one, str)}
    return [told(fate) for fate in attribute(wanted, result, details)]


def told(fate: Fate) -> str:
    match fate:
        case Arrived():
            return fate.id.removeprefix("id:")
        case ErrorRecord():
            return fate.message
        case _:
            return "?"


def test_names_that_agree_confirm_the_places() -> None:
    assert fates(items("a", "b", "c"), "a", LOST, "c") == ["a", "not found", "c"]


def test_files_in_another_order_go_to_their_items() -> None:
    assert fates(items("a", "b", "c"), "c", "a", "b") == ["a", "b", "c"]


def test_an_error_goes_to_the_item_that_is_left() -> None:
    assert fates(items("a", "b", "c"), "c", "a", LOST) == ["a", "not found", "c"]


def test_errors_that_differ_cannot_be_told_apart() -> None:
    first, second, third, fourth = fates(items("a", "b", "c", "d"), "d", LOST, "a", DENIED)
    assert (first, fourth) == ("a", "d")
    assert second == third


def test_a_renamed_file_is_its_items() -> None:
    assert fates(items("a", "b", resolution="RENAME"), "_2_b", "_1_a") == ["_1_a", "_2_b"]


def test_a_name_with_a_path_is_that_of_its_last_part() -> None:
    assert fates(items("x/a", "y/b"), "b", "a") == ["a", "b"]


def test_records_that_are_missing_prove_no_error() -> None:
    assert fates(items("a", "b", "c"), "c", "a") == ["a", "?", "c"]


def test_without_names_the_order_is_believed() -> None:
    assert fates(items(None, None, None), "x", LOST, "y") == ["x", "not found", "y"]


def test_a_hole_stays_open() -> None:
    assert fates(items("a", "b"), "a", None) == ["a", "?"]


def test_a_file_of_another_name_is_never_given() -> None:
    assert fates(items("a", "b"), "x", "b") == ["?", "b"]


def test_details_are_worth_asking_for_where_they_can_tell() -> None:
    arrived = [Arrived("1"), Arrived("2")]
    assert worth_asking(items("a", "b"), arrived)
    assert not worth_asking(items(None, None), arrived)
    assert not worth_asking(items("a", "b"), [LOST, LOST])
