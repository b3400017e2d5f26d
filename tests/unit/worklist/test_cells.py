from typing import Any

import pytest

from sbtransfer.worklist.cells import read_cell


@pytest.mark.parametrize("field", ["overwrite", "autorename", "preserve_folder_structure", "copy_only"])
@pytest.mark.parametrize(
    ("text", "flag"),
    [("true", True), ("YES", True), ("1", True), ("False", False), ("no", False), (" 0 ", False)],
)
def test_flags(field: str, text: str, flag: bool) -> None:
    assert read_cell(field, text) is flag


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("location", " runs/1 ", " runs/1 "),
        ("tags", "one; two ;;three;", ("one", "two", "three")),
        ("properties", '{"sse_algorithm": "AES256"}', {"sse_algorithm": "AES256"}),
        ("metadata", '{"lanes": [1, 2]}', {"lanes": [1, 2]}),
    ],
)
def test_text_tags_and_objects(field: str, text: str, value: Any) -> None:
    assert read_cell(field, text) == value


@pytest.mark.parametrize(
    ("field", "text", "reason"),
    [
        ("overwrite", "maybe", r"must be true or false \(or yes, no, 1, 0\), not 'maybe'"),
        ("metadata", "{1}", r"must be a JSON object such as .* \(Expecting property name .*, character 2\)"),
        ("properties", "[1]", r"must be a JSON object such as .*, not '\[1\]'"),
    ],
)
def test_what_a_cell_cannot_be(field: str, text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_cell(field, text)
