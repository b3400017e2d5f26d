"""Which paths are taken: by patterns, and by size."""

from typing import Any

import pytest

from sbtransfer.errors import SettingsError, WorkListError
from sbtransfer.sources import Selection


def test_everything_is_taken_by_default() -> None:
    selection = Selection()
    assert selection.takes("runs/2024/1.bam", None)
    assert not selection.needs_size


@pytest.mark.parametrize(
    ("pattern", "path", "taken"),
    [
        # Without a slash: the name alone.
        ("*.bam", "1.bam", True),
        ("*.bam", "runs/2024/1.bam", True),
        ("*.bam", "runs/1.bam.bai", False),
        ("*.bam", "runs/1.BAM", False),
        ("runs", "runs/1.bam", False),
        ("r*", "runs/1.bam", False),
        ("?.bam", "runs/1.bam", True),
        ("?.bam", "runs/12.bam", False),
        ("[12].bam", "runs/2.bam", True),
        ("[!12].bam", "runs/2.bam", False),
        ("a[1].bam", "a[1].bam", False),
        ("", "runs/1.bam", False),
        # With one: the whole path.
        ("runs/*.bam", "runs/1.bam", True),
        ("runs/*.bam", "runs/2024/1.bam", True),
        ("runs/*.bam", "old/runs/1.bam", False),
        ("*/1.bam", "runs/1.bam", True),
        ("*/1.bam", "1.bam", False),
        ("runs/", "runs/1.bam", False),
        ("/*.bam", "1.bam", True),
        ("/1.bam", "runs/1.bam", False),
        ("/runs/*", "runs/1.bam", True),
    ],
)
def test_patterns(pattern: str, path: str, taken: bool) -> None:
    assert Selection(include=(pattern,)).takes(path, None) is taken
    assert Selection(exclude=(pattern,)).takes(path, None) is not taken


def test_one_pattern_of_several_is_enough() -> None:
    selection = Selection(include=("*.bam", "*.cram"), exclude=["old/*", "*.tmp.bam"])
    taken = [
        path for path in ("a.bam", "b.cram", "c.txt", "old/a.bam", "a.tmp.bam") if selection.takes(path, None)
    ]
    assert taken == ["a.bam", "b.cram"]


def test_exclude_beats_include() -> None:
    assert not Selection(include="a.bam", exclude="a.bam").takes("a.bam", None)


def test_a_lone_pattern_is_one_pattern() -> None:
    assert Selection(include="*.bam", exclude="x*") == Selection(include=("*.bam",), exclude=("x*",))


def test_patterns_may_come_from_any_iterable() -> None:
    assert Selection(include=(f"*.{end}" for end in ("bam", "bai"))).include == ("*.bam", "*.bai")


@pytest.mark.parametrize(
    ("limits", "sizes"),
    [
        ({"min_size": 10}, [10, 11, 1_000]),
        ({"max_size": 10}, [0, 9, 10]),
        ({"min_size": 10, "max_size": 11}, [10, 11]),
        ({"min_size": 10, "max_size": 10}, [10]),
        ({"min_size": 0}, [0, 9, 10, 11, 1_000]),
        ({"max_size": 0}, [0]),
    ],
)
def test_both_ends_of_a_range_of_sizes_belong_to_it(limits: dict[str, Any], sizes: list[int]) -> None:
    selection = Selection(**limits)
    assert selection.needs_size
    assert [size for size in (0, 9, 10, 11, 1_000) if selection.takes("a", size)] == sizes


@pytest.mark.parametrize("limits", [{"min_size": 1}, {"max_size": 1}, {"min_size": 0}])
def test_a_range_cannot_be_applied_to_an_unknown_size(limits: dict[str, Any]) -> None:
    with pytest.raises(WorkListError, match=r"^runs/1\.bam: the platform does not tell its size"):
        Selection(**limits).takes("runs/1.bam", None)


def test_the_size_of_what_the_patterns_leave_out_does_not_matter() -> None:
    selection = Selection(include="*.bam", exclude="old*", min_size=1)
    assert not selection.takes("1.txt", None)
    assert not selection.takes("old.bam", None)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"min_size": -1}, "cannot be negative"),
        ({"max_size": -1}, "cannot be negative"),
        ({"min_size": 1_001, "max_size": 1_000}, "no size is at least 1,001 and at most 1,000 bytes"),
    ],
)
def test_ranges_that_cannot_be(limits: dict[str, Any], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        Selection(**limits)


@pytest.mark.parametrize(
    "given", [{}, {"include": "*.bam", "exclude": ["a", "b"], "min_size": 0, "max_size": 7}]
)
def test_a_selection_can_be_made_anew_from_its_description(given: dict[str, Any]) -> None:
    selection = Selection(**given)
    assert Selection(**selection.describe()) == selection


def test_a_description_tells_all() -> None:
    assert Selection(include="*.bam", max_size=7).describe() == {
        "include": ("*.bam",),
        "exclude": (),
        "min_size": None,
        "max_size": 7,
    }
