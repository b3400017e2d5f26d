from typing import Any

import pytest

from sbtransfer.errors import InvalidItemError
from sbtransfer.worklist.dialects import DRS_ITEMS, DRS_MANIFEST, GDC, GEN3, ITEMS, Dialect, recognise

MD5 = "25a162e0b1fa52e5a06881efcb56784e"


@pytest.mark.parametrize(
    ("names", "tabular", "dialect"),
    [
        ({"location", "volume", "project"}, True, ITEMS),
        ({"drs_uri", "name", "sample_id"}, True, DRS_MANIFEST),
        ({"drs_uri", "name", "project"}, False, DRS_ITEMS),
        ({"drs_uri", "object_id", "id", "filename", "md5", "size"}, True, DRS_MANIFEST),
        ({"id", "filename", "md5", "size", "state"}, True, GDC),
        ({"id", "filename", "md5", "size"}, True, GDC),
        ({"id", "filename"}, True, ITEMS),
        ({"object_id"}, False, GEN3),
        ({"object_id", "file_name", "file_size", "md5sum", "commons_url"}, False, GEN3),
    ],
)
def test_the_names_tell_the_dialect(names: set[str], tabular: bool, dialect: Dialect) -> None:
    assert recognise(names, tabular=tabular) is dialect


def test_a_gdc_row() -> None:
    row = {"id": "3396edba", "filename": "a.tsv", "md5": MD5, "size": "42", "state": "released"}
    assert GDC.fields(row) == {
        "drs_uri": "drs://nci-crdc.datacommons.io/3396edba",
        "name": "a.tsv",
        "ref": "3396edba",
        "size": "42",
        "md5": MD5,
    }


def test_what_is_not_given_is_no_field() -> None:
    assert GDC.fields({"state": "released"}) == {}


@pytest.mark.parametrize(
    ("row", "uri"),
    [
        ({"object_id": "dg.4DFC/3396edba"}, "drs://dg.4DFC:3396edba"),
        ({"object_id": "dg.4DFC:3396edba"}, "drs://dg.4DFC:3396edba"),
        (
            {"object_id": "dg.4503/3396edba", "commons_url": "https://gen3.example.org/"},
            "drs://dg.4503:3396edba",
        ),
        (
            {"object_id": "3396edba", "commons_url": "https://gen3.example.org/"},
            "drs://gen3.example.org/3396edba",
        ),
        ({"object_id": "3396edba", "commons_url": "gen3.example.org"}, "drs://gen3.example.org/3396edba"),
        ({"object_id": "a/b", "commons_url": "gen3.example.org"}, "drs://gen3.example.org/a%2Fb"),
        ({"object_id": "drs://gen3.example.org/3396edba"}, "drs://gen3.example.org/3396edba"),
    ],
)
def test_gen3_ids_become_uris(row: dict[str, str], uri: str) -> None:
    assert GEN3.fields(row | {"file_name": "a.bam"}) == {
        "drs_uri": uri,
        "name": "a.bam",
        "ref": row["object_id"],
    }


@pytest.mark.parametrize("commons_url", [None, 5, "", "https://[unclosed"])
def test_a_gen3_id_without_prefix_needs_its_commons(commons_url: Any) -> None:
    with pytest.raises(InvalidItemError, match="'3396edba' has no prefix such as") as caught:
        GEN3.fields({"object_id": "3396edba", "commons_url": commons_url})
    assert caught.value.field == "drs_uri"


def test_a_gen3_id_must_be_text() -> None:
    with pytest.raises(InvalidItemError, match="must be text, not 5"):
        GEN3.fields({"object_id": 5})
