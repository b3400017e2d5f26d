import pytest

from sbtransfer.items import Item
from sbtransfer.worklist.arrivals import (
    errand_of,
    fate_of,
    folder_of,
    is_unnamed,
    makes_folders,
    place_of,
    spent_by,
    suspect,
)
from tests.support import a_drs, an_export, an_import


@pytest.mark.parametrize(
    ("item", "place"),
    [
        (an_import("runs/a.bam"), ("rosa/study", "a.bam")),
        (an_import("runs/2024/"), ("rosa/study", "2024")),
        (an_import("runs/a.bam", name="b.bam"), ("rosa/study", "b.bam")),
        (an_import("runs/a.bam", project=None, parent="f0"), ("f0", "a.bam")),
        (an_import("runs/a.bam", autorename=True), None),
        (an_export("5f1e"), ("rosa/output", "out/5f1e")),
        (a_drs(name="x/a.bam"), ("rosa/study", "x/a.bam")),
        (a_drs(name="a.bam", conflict_resolution="RENAME"), None),
        (a_drs(), None),
    ],
)
def test_where_an_item_arrives(item: Item, place: tuple[str, str] | None) -> None:
    assert place_of(item) == place


@pytest.mark.parametrize(
    ("item", "fate"),
    [
        (an_import(), "fail"),
        (an_import(overwrite=True), "overwrite"),
        (an_export(overwrite=True), "overwrite"),
        (a_drs(), "skip"),
        (a_drs(conflict_resolution="OVERWRITE"), "overwrite"),
    ],
)
def test_what_becomes_of_an_item_whose_place_is_taken(item: Item, fate: str) -> None:
    assert fate_of(item) == fate


def test_items_that_differ_in_what_is_never_sent_are_on_the_same_errand() -> None:
    assert errand_of(an_import(size=1, ref="a")) == errand_of(an_import(ref="b"))
    assert errand_of(an_import()) != errand_of(an_import(name="other"))
    assert errand_of(a_drs()) != errand_of(a_drs("drs://dg.4DFC:2"))
    assert errand_of(an_export()) != errand_of(an_export(location="elsewhere"))


def test_only_an_export_that_takes_its_source_away_spends_it() -> None:
    assert spent_by(an_export("5f1e")) == "5f1e"
    assert spent_by(an_export(copy_only=True)) is None
    assert spent_by(an_import()) is None


def test_the_folder_of_a_location() -> None:
    assert folder_of(an_import("a/b/c.gz")) == "rosa/input a/b"
    assert folder_of(an_import("a/b/")) == "rosa/input a"
    assert folder_of(an_import("c.gz")) is None


def test_a_location_without_an_ending_may_be_a_folder() -> None:
    assert suspect(an_import("runs/2024")) == "rosa/input runs/2024"
    assert [suspect(item) for item in (an_import("runs/a.gz"), an_import("runs/"))] == [None] * 2


def test_names_of_drs_items() -> None:
    assert makes_folders(a_drs(name="a/b.bam"))
    assert not makes_folders(a_drs(name="b.bam"))
    assert is_unnamed(a_drs())
    assert not is_unnamed(a_drs(name="b.bam"))
    assert not is_unnamed(an_import())
