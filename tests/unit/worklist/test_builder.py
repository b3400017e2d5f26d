from typing import Any

import pytest

from sbtransfer.errors import SettingsError, WorkListError
from sbtransfer.items import DRSImport, Item, Kind, VolumeExport, VolumeImport
from sbtransfer.worklist.builder import Builder
from sbtransfer.worklist.places import Place, Problem
from sbtransfer.worklist.rows import Header, Row

URI = "drs://dg.4DFC:3396edba"
MD5 = "25a162e0b1fa52e5a06881efcb56784e"


def cells(kind: Kind, values: dict[str, str], **defaults: object) -> Item | str:
    built = Builder(kind, defaults).build(Row(Place("list", 2), values, tabular=True))
    return str(built) if isinstance(built, Problem) else built.item


def keys(kind: Kind, values: dict[str, Any], **defaults: object) -> Item | str:
    built = Builder(kind, defaults).build(Row(Place("list", 2), values, tabular=False))
    return str(built) if isinstance(built, Problem) else built.item


def header_error(kind: Kind, *names: str, **defaults: object) -> tuple[str, ...]:
    try:
        Builder(kind, defaults).check_header(Header(Place("list", 1), names))
    except WorkListError as error:
        return error.problems
    return ()


def test_cells_of_an_import() -> None:
    values = {
        "volume": "rfranklin/input",
        "location": "runs/",
        "parent": "568cf5dc",
        "name": "",
        "overwrite": "yes",
        "autorename": "FALSE",
        "preserve_folder_structure": "1",
        "ref": "sample-7",
    }
    assert cells("import", values) == VolumeImport(
        volume="rfranklin/input",
        location="runs/",
        parent="568cf5dc",
        overwrite=True,
        autorename=False,
        preserve_folder_structure=True,
        ref="sample-7",
    )


def test_cells_of_an_export() -> None:
    values = {"file": "568cf5dc", "location": "out/a.bam", "properties": '{"sse_algorithm": "AES256"}'}
    assert cells("export", values, volume="rfranklin/output", copy_only=True) == VolumeExport(
        file="568cf5dc",
        volume="rfranklin/output",
        location="out/a.bam",
        properties={"sse_algorithm": "AES256"},
        copy_only=True,
    )


def test_the_dicts_of_the_official_client() -> None:
    official: dict[str, Any] = {
        "volume": "a/v",
        "location": "x",
        "project": "a/p",
        "name": None,
        "overwrite": False,
    }
    assert keys("import", official) == VolumeImport(**official)


def test_further_columns_of_a_drs_manifest_are_metadata() -> None:
    values = {"drs_uri": URI, "name": "run 1/a.bam", "sample_id": "S1", "case": "", "overwrite": "perhaps"}
    assert cells("drs", values, project="a/p") == DRSImport(
        drs_uri=URI, project="a/p", name="run 1/a.bam", metadata={"sample_id": "S1", "overwrite": "perhaps"}
    )


@pytest.mark.parametrize(
    ("size", "md5", "promised"),
    [
        ("42", MD5.upper(), {"size": 42, "md5": MD5}),
        (" 42 ", "", {"size": 42}),
        ("4.1 GB", "sha256:25a1", {}),
        ("-1", f" {MD5}", {"md5": MD5}),
    ],
)
def test_sizes_and_checksums_of_a_drs_manifest_are_metadata_and_promises(
    size: str, md5: str, promised: dict[str, Any]
) -> None:
    metadata = {name: text for name, text in {"size": size, "md5": md5}.items() if text}
    built = cells("drs", {"drs_uri": URI, "size": size, "md5": md5}, project="a/p")
    assert built == DRSImport(drs_uri=URI, project="a/p", metadata=metadata, **promised)


def test_a_metadata_column_and_further_ones_are_one() -> None:
    values = {"drs_uri": URI, "metadata": '{"lane": 3, "sample_id": "S0"}', "sample_id": "S1"}
    built = cells("drs", values, project="a/p")
    assert isinstance(built, DRSImport)
    assert built.metadata == {"lane": 3, "sample_id": "S1"}


def test_a_gdc_row_can_have_columns_of_ours() -> None:
    values = {"id": "3396edba", "filename": "a.tsv", "md5": MD5, "size": "42", "state": "released"}
    ours = {"parent": "568cf5dc", "name": "b.tsv", "tags": "tcga;rna", "case": "C1"}
    assert cells("drs", values | ours, project="a/p") == DRSImport(
        drs_uri="drs://nci-crdc.datacommons.io/3396edba",
        parent="568cf5dc",
        name="b.tsv",
        metadata={"case": "C1"},
        tags=("tcga", "rna"),
        size=42,
        md5=MD5,
        ref="3396edba",
    )


def test_a_gen3_item() -> None:
    values = {"object_id": "dg.4503/3396", "file_name": "a.bam", "file_size": 5, "md5sum": MD5}
    assert keys("drs", values, project="a/p", conflict_resolution="RENAME") == DRSImport(
        drs_uri="drs://dg.4503:3396",
        project="a/p",
        name="a.bam",
        conflict_resolution="RENAME",
        size=5,
        md5=MD5,
        ref="dg.4503/3396",
    )


def test_a_row_with_a_destination_of_its_own_gets_no_default_one() -> None:
    own = keys("import", {"location": "x", "parent": "568cf5dc"}, volume="a/v", project="a/p")
    assert own == VolumeImport(volume="a/v", location="x", parent="568cf5dc")
    other = keys("import", {"location": "x", "project": "a/q"}, volume="a/v", project="a/p")
    assert other == VolumeImport(volume="a/v", location="x", project="a/q")
    default = keys("import", {"location": "x", "project": None}, volume="a/v", project="a/p")
    assert default == VolumeImport(volume="a/v", location="x", project="a/p")


def test_a_row_wins_over_defaults_even_with_false() -> None:
    built = cells("import", {"location": "x", "overwrite": "no"}, volume="a/v", project="a/p", overwrite=True)
    assert built == VolumeImport(volume="a/v", location="x", project="a/p", overwrite=False)


@pytest.mark.parametrize(
    ("kind", "values", "problem"),
    [
        (
            "import",
            {"location": "x", "project": "foo"},
            "column 'project': must look like 'owner/name', not 'foo'",
        ),
        (
            "import",
            {"location": "x", "overwrite": "?"},
            "column 'overwrite': must be true or false (or yes, no, 1, 0), not '?'",
        ),
        ("import", {"location": "", "project": "a/p"}, "column 'location': is missing: each item needs it"),
        (
            "import",
            {"location": "x", "project": ""},
            "column 'project': give exactly one of project and parent",
        ),
        ("import", {"location": "x"}, "field 'project': give exactly one of project and parent"),
        (
            "drs",
            {"drs_uri": "http://x", "project": "a/p"},
            "column 'drs_uri': must start with 'drs://' and name an object: 'http://x'",
        ),
        (
            "drs",
            {"id": "", "filename": "x", "md5": "", "size": "", "project": "a/p"},
            "column 'id': is missing: each item needs it",
        ),
        (
            "drs",
            {"id": "1", "filename": "a//b", "md5": "", "size": "", "project": "a/p"},
            "column 'filename': has an empty, '.' or '..' part: 'a//b'",
        ),
        (
            "drs",
            {"object_id": "abc", "project": "a/p"},
            "column 'object_id': 'abc' has no prefix such as 'dg.4DFC/': "
            "give the commons_url that it belongs to",
        ),
        (
            "drs",
            {"drs_uri": URI, "project": "a/p", "metadata": "7"},
            "column 'metadata': must be a JSON object such as {\"name\": \"value\"}, not '7'",
        ),
    ],
)
def test_a_bad_cell_is_told_with_its_column(kind: Kind, values: dict[str, str], problem: str) -> None:
    defaults = {"volume": "a/v"} if kind == "import" else {}
    assert cells(kind, values, **defaults) == f"list, line 2, {problem}"


@pytest.mark.parametrize(
    ("kind", "values", "problem"),
    [
        ("import", {"locaton": "x"}, ": unknown key 'locaton': did you mean 'location'?"),
        ("drs", {"drs_url": URI}, ": unknown key 'drs_url': did you mean 'drs_uri'?"),
        (
            "export",
            {"qqqq": 1},
            ": unknown key 'qqqq': use one of copy_only, file, location, md5, overwrite, properties, ref, "
            "size, volume",
        ),
        ("import", {"location": 5, "project": "a/p"}, ", key 'location': must be text and not empty, not 5"),
        (
            "import",
            {"location": "x", "project": "a/p", "overwrite": "yes"},
            ", key 'overwrite': must be true or false, not 'yes'",
        ),
        (
            "import",
            {"location": "x", "project": "a/p", "ref": [1]},
            ", key 'ref': must be a single value, not a list or an object",
        ),
        (
            "drs",
            {"drs_uri": URI, "conflict_resolution": ["SKIP"]},
            ", key 'conflict_resolution': must be a single value, not a list or an object",
        ),
        (
            "drs",
            {"drs_uri": URI, "project": "a/p", "tags": "tcga"},
            ", key 'tags': must be a list of strings, not 'tcga'",
        ),
        (
            "drs",
            {"object_id": "dg.1/x", "metadata": "x", "lane": 1},
            ", key 'metadata': must map names to values, not 'x'",
        ),
        ("export", {"location": "x"}, ", field 'file': is missing: each item needs it"),
    ],
)
def test_a_bad_value_is_told_with_its_key(kind: Kind, values: dict[str, Any], problem: str) -> None:
    defaults = {} if kind == "drs" else {"volume": "a/v"}
    assert keys(kind, values, **defaults) == f"list, line 2{problem}"


@pytest.mark.parametrize("value", ["\ud800", 2**70])
@pytest.mark.parametrize("field", ["ref", "metadata"])
def test_what_json_can_write_and_we_could_not_send(field: str, value: Any) -> None:
    given = {"k": value} if field == "metadata" else value
    problem = keys("drs", {"drs_uri": URI, "project": "a/p", field: given})
    assert str(problem).startswith(f"list, line 2, key {field!r}: cannot be sent as JSON: ")


def test_a_bad_default_is_told_as_one() -> None:
    problem = cells("import", {"location": "x"}, volume="v", project="a/p")
    assert problem == "list, line 2, default 'volume': must look like 'owner/name', not 'v'"


def test_defaults_that_no_item_could_have() -> None:
    with pytest.raises(
        SettingsError, match="no default can be given for 'copy_only': VolumeImport has no such"
    ):
        Builder("import", {"copy_only": True})
    with pytest.raises(SettingsError, match="a default project or a default parent, not both"):
        Builder("drs", {"project": "a/p", "parent": "568cf5dc"})
    Builder("import", {"copy_only": None, "parent": None, "project": "a/p"})


def test_a_kind_that_is_none() -> None:
    with pytest.raises(SettingsError, match="a work list holds import or export or drs, not 'copy'"):
        Builder("copy", {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("import", ("volume", "location", "project")),
        ("export", ("file", "volume", "location", "copy_only", "properties")),
        ("drs", ("drs_uri", "parent", "anything")),
        ("drs", ("id", "filename", "md5", "size", "state", "project")),
        ("drs", ("object_id", "file_name", "project")),
    ],
)
def test_headers_that_are_fine(kind: Kind, names: tuple[str, ...]) -> None:
    assert header_error(kind, *names) == ()


def test_defaults_stand_for_columns() -> None:
    assert header_error("import", "location", volume="a/v", parent="568cf5dc") == ()


@pytest.mark.parametrize(
    ("kind", "names", "reasons"),
    [
        ("import", ("volume", "locaton", "project"), ["unknown column 'locaton': did you mean 'location'?"]),
        ("import", ("volume", "location", "Projekt"), ["unknown column 'Projekt': did you mean 'project'?"]),
        (
            "import",
            ("location", "project"),
            ["no column 'volume' and no default for it: each item needs one"],
        ),
        (
            "import",
            ("volume", "location"),
            ["no column 'project' or 'parent': add one of them or give a default project"],
        ),
        (
            "drs",
            ("drs_url", "name", "sample_id", "project"),
            ["unknown column 'drs_url': did you mean 'drs_uri'?"],
        ),
        ("drs", ("sample_id", "project"), ["no column 'drs_uri' and no default for it: each item needs one"]),
        (
            "export",
            ("volume", "location", "qqqq"),
            [
                "unknown column 'qqqq': "
                "use one of copy_only, file, location, md5, overwrite, properties, ref, size, volume",
                "no column 'file' and no default for it: each item needs one",
            ],
        ),
    ],
)
def test_headers_that_are_not(kind: Kind, names: tuple[str, ...], reasons: list[str]) -> None:
    assert header_error(kind, *names) == tuple(f"list, line 1: {reason}" for reason in reasons)


@pytest.mark.parametrize("kind", ["import", "export"])
@pytest.mark.parametrize(
    ("names", "title"),
    [
        (("id", "filename", "md5", "size", "state"), "GDC manifest"),
        (("object_id", "file_name"), "Gen3 manifest"),
        (("drs_uri", "name"), "DRS manifest"),
    ],
)
def test_manifests_are_for_drs_import(kind: Kind, names: tuple[str, ...], title: str) -> None:
    assert header_error(kind, *names) == (
        f"list, line 1: this is a {title}: use drs-import for it, not {kind}",
    )
    with pytest.raises(WorkListError, match="use drs-import for it"):
        keys(kind, dict.fromkeys(names, "x"))
