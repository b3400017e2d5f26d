from pathlib import PurePath

import pytest

from sbtransfer.worklist.formats import Format, format_by_ending, sniff


@pytest.mark.parametrize(
    ("path", "format_name"),
    [
        ("list.csv", "csv"),
        ("folder.tsv/list.CSV", "csv"),
        ("list.tsv.gz", "tsv"),
        ("list.json", "json"),
        ("list.jsonl.GZ", "jsonl"),
        ("list.ndjson", "jsonl"),
        ("gdc_manifest.2024-02-29.txt", None),
        ("list.gz", None),
        ("list", None),
    ],
)
def test_the_ending_tells_the_format(path: str, format_name: Format | None) -> None:
    assert format_by_ending(PurePath(path)) == format_name


@pytest.mark.parametrize(
    ("head", "format_name"),
    [
        (b"location,name\n", "csv"),
        (b"location\n", "csv"),
        (b"id\tfilename\tmd5\tsize\tstate\n", "tsv"),
        (b"\r\n \nid\tfilename\n", "tsv"),
        (b"[\n", "json"),
        (b'[{"location": "a\\tb"}]', "json"),
        (b"{\n", "json"),
        (b'{"items": [{"location": "x"}]}', "json"),
        (b'{"items": [{"loc', "json"),
        (b'{"location": "x"}\n', "jsonl"),
        (b"", "csv"),
    ],
)
def test_the_first_line_tells_the_format(head: bytes, format_name: Format) -> None:
    assert sniff(head) == format_name
