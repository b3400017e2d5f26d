from collections.abc import Callable
from typing import Any

import pytest
from attrs.exceptions import FrozenInstanceError

from sbtransfer.errors import InvalidItemError
from sbtransfer.items import ITEM_TYPES, DRSImport, Item, VolumeExport, VolumeImport
from tests.support import a_drs, an_export, an_import

OWNED = ["", "owner", "owner/", "/name", "owner/a/b", "own er/name", "owner/name\n", 7, None, b"owner/name"]
TEXT = ["", None, 7, b"bytes", "tab\t", "line\nend", "nul\x00", "del\x7f", "lone \ud800"]
FLAGS = ["false", 0, 1, None]
MAPPINGS: list[Any] = ["text", 7, [("a", 1)]]
MAKE: list[Callable[..., Item]] = [an_import, an_export, a_drs]


def refused(make: Callable[..., Item], field: str, value: object, **others: Any) -> InvalidItemError:
    with pytest.raises(InvalidItemError) as caught:
        make(**{field: value} | others)
    return caught.value


@pytest.mark.parametrize("value", OWNED)
@pytest.mark.parametrize("make", [an_import, an_export])
def test_a_volume_looks_like_owner_and_name(make: Callable[..., Item], value: object) -> None:
    error = refused(make, "volume", value)
    assert (error.field, error.kind) == ("volume", type(make()).__name__)


@pytest.mark.parametrize("value", [value for value in OWNED if value is not None])
@pytest.mark.parametrize("make", [an_import, a_drs])
def test_a_project_looks_like_owner_and_name(make: Callable[..., Item], value: object) -> None:
    assert refused(make, "project", value).field == "project"


@pytest.mark.parametrize("value", ["rosa/in\x00put", "rosa/in\x7fput", "rosa/\ud800"])
@pytest.mark.parametrize(
    ("make", "field"), [(an_import, "volume"), (an_export, "volume"), (a_drs, "project")]
)
def test_an_owned_name_holds_nothing_that_cannot_be_sent(
    make: Callable[..., Item], field: str, value: str
) -> None:
    assert refused(make, field, value).field == field


@pytest.mark.parametrize("value", TEXT)
@pytest.mark.parametrize(
    ("make", "field"), [(an_import, "location"), (an_export, "location"), (a_drs, "drs_uri")]
)
def test_text_is_there_and_can_be_sent(make: Callable[..., Item], field: str, value: object) -> None:
    assert refused(make, field, value).field == field


@pytest.mark.parametrize("value", TEXT)
def test_an_exports_file_is_text(value: object) -> None:
    with pytest.raises(InvalidItemError) as caught:
        VolumeExport(file=value, volume="rosa/output", location="a")  # type: ignore[arg-type]
    assert caught.value.field == "file"


@pytest.mark.parametrize("make", [an_import, a_drs])
def test_exactly_one_destination(make: Callable[..., Item]) -> None:
    both = refused(make, "parent", "5f1e", project="rosa/study")
    neither = refused(make, "project", None)
    assert both.field == neither.field == "project"
    assert "both" in both.reason
    assert "both" not in neither.reason


@pytest.mark.parametrize("value", [value for value in TEXT if value is not None])
@pytest.mark.parametrize("make", [an_import, a_drs])
def test_a_parent_is_a_folders_id(make: Callable[..., Item], value: object) -> None:
    assert refused(make, "parent", value, project=None).field == "parent"


@pytest.mark.parametrize("value", ["", " ", ".", "..", 7, "tab\t", "\ud800"])
@pytest.mark.parametrize("make", [an_import, a_drs])
def test_a_name_is_one_that_a_file_can_have(make: Callable[..., Item], value: object) -> None:
    assert refused(make, "name", value).field == "name"


def test_only_a_drs_name_may_hold_a_path() -> None:
    assert a_drs(name="cohort/a/1.bam").name == "cohort/a/1.bam"
    error = refused(an_import, "name", "cohort/1.bam")
    assert error.field == "name"
    assert "parent" in error.reason


@pytest.mark.parametrize("value", ["/1.bam", "a//1.bam", "a/", "a/../1.bam", "a/./1.bam", "a/ /1.bam"])
def test_every_part_of_a_path_is_a_name(value: str) -> None:
    assert refused(a_drs, "name", value).field == "name"


@pytest.mark.parametrize("value", FLAGS)
@pytest.mark.parametrize(
    ("make", "field"), [(an_import, "overwrite"), (an_export, "overwrite"), (an_export, "copy_only")]
)
def test_flags_are_true_or_false(make: Callable[..., Item], field: str, value: object) -> None:
    assert refused(make, field, value).field == field


@pytest.mark.parametrize("value", [value for value in FLAGS if value is not None])
@pytest.mark.parametrize("field", ["autorename", "preserve_folder_structure"])
def test_flags_that_may_be_left_to_the_platform(field: str, value: object) -> None:
    assert getattr(an_import("runs/", **{field: None}), field) is None
    assert refused(an_import, field, value, location="runs/").field == field


def test_folder_structure_is_for_folders() -> None:
    assert an_import("runs/", preserve_folder_structure=False).preserve_folder_structure is False
    error = refused(an_import, "preserve_folder_structure", True, location="runs/1.bam")
    assert error.field == "preserve_folder_structure"


def test_an_export_goes_to_an_object() -> None:
    error = refused(an_export, "location", "out/")
    assert error.field == "location"
    assert "'out/'" in error.reason


@pytest.mark.parametrize("value", MAPPINGS)
@pytest.mark.parametrize(("make", "field"), [(an_export, "properties"), (a_drs, "metadata")])
def test_mappings(make: Callable[..., Item], field: str, value: object) -> None:
    assert refused(make, field, value).field == field


@pytest.mark.parametrize(
    "value",
    [
        {1: "a"},
        {"a": {1, 2}},
        {"a": "\ud800"},
        {"a": object()},
        {"a": float("nan")},
    ],
)
@pytest.mark.parametrize(("make", "field"), [(an_export, "properties"), (a_drs, "metadata")])
def test_mappings_hold_what_can_be_sent(make: Callable[..., Item], field: str, value: object) -> None:
    assert refused(make, field, value).field == field


@pytest.mark.parametrize("value", ["drs://", "http://dg.4DFC/1", "DRS//1", "dg.4DFC:1"])
def test_a_drs_uri_names_an_object(value: str) -> None:
    assert refused(a_drs, "drs_uri", value).field == "drs_uri"


@pytest.mark.parametrize("value", ["skip", "", None, "REPLACE"])
def test_conflict_resolutions(value: object) -> None:
    assert refused(a_drs, "conflict_resolution", value).field == "conflict_resolution"


def test_a_conflict_resolution_is_one_word() -> None:
    assert refused(a_drs, "conflict_resolution", ["SKIP"]).field == "conflict_resolution"


@pytest.mark.parametrize("value", ["blood", 7, None, [""], ["a", 7], ["a\n"]])
def test_tags_are_a_list_of_texts(value: object) -> None:
    assert refused(a_drs, "tags", value).field == "tags"


@pytest.mark.parametrize("tags", [["a", "b"], ("a", "b"), (tag for tag in "ab")])
def test_tags_may_be_any_list(tags: Any) -> None:
    assert a_drs(tags=tags).tags == ("a", "b")


def test_a_long_value_is_not_shown_whole() -> None:
    error = refused(an_import, "volume", "x" * 100_000)
    assert len(str(error)) < 250
    assert "100,002 characters" in str(error)


def test_an_error_is_a_value_error_that_says_where() -> None:
    with pytest.raises(ValueError, match=r"^VolumeImport\.volume: must look like 'owner/name', not 'input'$"):
        an_import(volume="input")


# The official client's dicts -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (
            VolumeImport,
            {
                "volume": "rosa/input",
                "location": "runs/",
                "project": "rosa/study",
                "name": "runs",
                "overwrite": True,
                "autorename": False,
                "preserve_folder_structure": True,
            },
        ),
        (VolumeImport, {"volume": "rosa/input", "location": "a", "parent": "5f1e", "overwrite": False}),
        (
            VolumeExport,
            {
                "file": "5f1e",
                "volume": "rosa/output",
                "location": "a",
                "properties": {"sse_algorithm": "AES256"},
                "overwrite": True,
            },
        ),
        (
            DRSImport,
            {"drs_uri": "drs://a/b", "project": "rosa/study", "name": "a.bam", "metadata": {"sex": "female"}},
        ),
    ],
)
def test_the_official_clients_dicts_fit(kind: type[Item], fields: dict[str, Any]) -> None:
    item = kind(**fields)
    assert {name: getattr(item, name) for name in fields} == fields


@pytest.mark.parametrize("kind", [VolumeImport, VolumeExport, DRSImport])
def test_fields_are_given_by_name(kind: type[Item]) -> None:
    with pytest.raises(TypeError):
        kind("rosa/input")  # type: ignore[call-arg]


# What items are to the other stations --------------------------------------------------------------------


@pytest.mark.parametrize("make", MAKE)
def test_items_are_frozen_and_have_a_hash(make: Callable[..., Item]) -> None:
    item = make(ref=("sample", 1))
    assert item.ref == ("sample", 1)
    with pytest.raises(FrozenInstanceError):
        item.ref = 2  # type: ignore[misc]
    assert {item: 1}[make(ref=("sample", 1))] == 1


def test_mappings_do_not_spoil_the_hash() -> None:
    item = a_drs(metadata={"sex": "female"})
    assert hash(item) == hash(a_drs(metadata={"sex": "male"}))
    assert item != a_drs(metadata={"sex": "male"})


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (an_import("a"), an_import("b", project="other/study"), True),
        (an_import("a"), an_import("b", overwrite=True, autorename=True, ref=7), True),
        (an_export("a"), an_export("b", volume="other/output", properties={"x": 1}), True),
        (an_export("a"), an_export("b", copy_only=True), False),
        (an_import("a"), an_export("a"), False),
        (a_drs("drs://a/1"), a_drs("drs://a/2", metadata={"x": 1}, name="n"), True),
        (a_drs("drs://a/1"), a_drs("drs://a/2", conflict_resolution="RENAME"), False),
        (a_drs("drs://a/1"), a_drs("drs://a/2", tags=["t"]), False),
        (a_drs(tags=["a", "b"]), a_drs(tags=["a", "b"]), True),
    ],
)
def test_which_items_may_share_a_call(one: Item, other: Item, together: bool) -> None:
    assert (one.call_key == other.call_key) is together


@pytest.mark.parametrize("make", MAKE)
def test_every_kind_is_known_by_its_word(make: Callable[..., Item]) -> None:
    item = make()
    assert ITEM_TYPES[item.kind] is type(item)
    assert item.call_key[0] == item.kind
