import codecs
import csv
import gzip
import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path
from typing import IO, Any

import attrs
import pytest
from hypothesis import given, strategies as st

from sbtransfer.errors import SettingsError, UsageError, WorkListError
from sbtransfer.items import DRSImport, Item, Kind, VolumeImport
from sbtransfer.worklist import Check, Format, WorkList

ROOT = Path(__file__).parents[3]
MADE_UP = ROOT / "tests/data/made_up_gdc_manifest.tsv"
REAL = ROOT / "../shared/data/gdc_manifest_tcga_brca.tsv"

MD5 = "25a162e0b1fa52e5a06881efcb56784e"
VOLUME = {"volume": "rfranklin/input"}
SAMPLES = "location,project\nruns/1.fastq.gz,rfranklin/p\nruns/2.fastq.gz,foo\nruns/3.fastq.gz,rfranklin/p\n"


def written(path: Path, data: str | bytes) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def read(data: str | bytes, kind: Kind = "import", **options: Any) -> list[Item]:
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    return list(WorkList.from_stream(stream, kind, name="list", **options))


@pytest.fixture
def opened_files(monkeypatch: pytest.MonkeyPatch) -> list[IO[Any]]:
    """Every file that is opened for its bytes from now on."""
    files: list[IO[Any]] = []
    original = Path.open

    def open_(path: Path, *args: Any, **options: Any) -> IO[Any]:
        file: IO[Any] = original(path, *args, **options)
        files.extend([file] if args == ("rb",) else [])
        return file

    monkeypatch.setattr(Path, "open", open_)
    return files


class Endless(io.RawIOBase):
    """A list without end: a head, then as many items as anybody reads."""

    def __init__(self, head: str, item: str) -> None:
        self.parts = self._parts(head.encode(), item)
        self.left = b""
        self.served = 0

    @staticmethod
    def _parts(head: bytes, item: str) -> Iterator[bytes]:
        yield head
        for number in count():
            yield item.replace("#", str(number)).encode()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while len(self.left) < len(buffer):
            self.left += next(self.parts)
        buffer[:] = self.left[: len(buffer)]
        self.left = self.left[len(buffer) :]
        self.served += len(buffer)
        return len(buffer)


ENDLESS: dict[Format, tuple[str, str]] = {
    "csv": ("location,project\n", "runs/#.fastq.gz,rfranklin/p\n"),
    "tsv": ("location\tproject\n", "runs/#.fastq.gz\trfranklin/p\n"),
    "json": ("[", '{"location": "runs/#.fastq.gz", "project": "rfranklin/p"},\n'),
    "jsonl": ("", '{"location": "runs/#.fastq.gz", "project": "rfranklin/p"}\n'),
}


@pytest.mark.parametrize("format_name", ENDLESS)
def test_reading_is_lazy_and_memory_does_not_grow(format_name: Format) -> None:
    stream = Endless(*ENDLESS[format_name])
    items = iter(WorkList.from_stream(io.BufferedReader(stream), "import", defaults=VOLUME))
    assert next(items) == VolumeImport(
        volume="rfranklin/input", location="runs/0.fastq.gz", project="rfranklin/p"
    )
    assert stream.served < 300_000
    tracemalloc.start()
    try:
        last = next(islice(items, 19_998, None))
        assert tracemalloc.get_traced_memory()[1] < 1_500_000
    finally:
        tracemalloc.stop()
    assert last.location == "runs/19999.fastq.gz"  # type: ignore[union-attr]


def test_a_list_can_be_read_again(tmp_path: Path, opened_files: list[IO[Any]]) -> None:
    work_list = WorkList(
        written(tmp_path / "list.csv", "location\nx\ny\n"), "import", defaults=VOLUME | {"project": "a/p"}
    )
    assert opened_files == []
    one, other = iter(work_list), iter(work_list)
    assert next(one) == next(other)
    assert list(one) == list(other)
    assert len(opened_files) == 2
    assert all(file.closed for file in opened_files)


def test_closing_the_iteration_closes_the_file(tmp_path: Path, opened_files: list[IO[Any]]) -> None:
    path = written(tmp_path / "list.csv.gz", gzip.compress(b"location\nx\ny\n"))
    items = iter(WorkList(path, "import", defaults=VOLUME | {"project": "a/p"}))
    next(items)
    assert not opened_files[0].closed
    items.close()
    assert opened_files[0].closed


def test_a_bad_row_closes_the_file(tmp_path: Path, opened_files: list[IO[Any]]) -> None:
    work_list = WorkList(written(tmp_path / "samples.csv", SAMPLES), "import", defaults=VOLUME)
    with pytest.raises(WorkListError):
        list(work_list)
    assert opened_files[0].closed


def test_reading_ends_at_the_first_bad_row(tmp_path: Path) -> None:
    path = written(tmp_path / "samples.csv", SAMPLES)
    items = iter(WorkList(path, "import", defaults=VOLUME))
    assert next(items).location == "runs/1.fastq.gz"  # type: ignore[union-attr]
    with pytest.raises(WorkListError) as caught:
        next(items)
    assert str(caught.value) == f"{path}, line 3, column 'project': must look like 'owner/name', not 'foo'"


def test_a_check_finds_every_bad_row(tmp_path: Path, opened_files: list[IO[Any]]) -> None:
    rows = "".join(f"runs/{n},{'rfranklin/p' if n % 2 else 'foo'}\n" for n in range(1_000))
    path = written(tmp_path / "samples.csv", "location,project\n" + rows)
    check = WorkList(path, "import", defaults=VOLUME, name="samples.csv").check(limit=2)
    assert check == Check(
        500,
        tuple(
            f"samples.csv, line {n}, column 'project': must look like 'owner/name', not 'foo'" for n in (2, 4)
        ),
        500,
    )
    assert opened_files[0].closed
    with pytest.raises(WorkListError, match="and 498 more"):
        check.raise_for_problems()


def test_a_check_goes_on_after_rows_that_cannot_be_read() -> None:
    data = 'location,project\nx\n"x"y,a/p\nx,foo\nx,a/p\n'
    check = WorkList.from_stream(io.BytesIO(data.encode()), "import", defaults=VOLUME, name="list").check()
    assert check.items == 1
    assert [problem.split(":")[0] for problem in check.problems] == [
        "list, line 2",
        "list, line 3",
        "list, line 4, column 'project'",
    ]


def test_a_check_of_a_good_list() -> None:
    assert WorkList(MADE_UP, "drs", defaults={"project": "a/p"}).check() == Check(885, (), 0)


def check_manifest(path: Path) -> None:
    text = path.read_text()
    rows = list(csv.DictReader(text.splitlines(), delimiter="\t"))
    defaults = {"project": "rfranklin/brca", "conflict_resolution": "RENAME", "tags": ["tcga"]}
    assert list(WorkList(path, "drs", defaults=defaults)) == [
        DRSImport(
            drs_uri=f"drs://nci-crdc.datacommons.io/{row['id']}",
            project="rfranklin/brca",
            name=row["filename"],
            conflict_resolution="RENAME",
            tags=("tcga",),
            size=int(row["size"]),
            md5=row["md5"],
            ref=row["id"],
        )
        for row in rows
    ]
    assert len(rows) == 885


def test_a_gdc_manifest() -> None:
    check_manifest(MADE_UP)


def test_a_real_gdc_manifest() -> None:
    if not REAL.exists():
        pytest.skip("the real manifest is not beside the repository")
    check_manifest(REAL)


def test_a_gdc_manifest_under_any_name_and_with_the_traps_of_real_ones(tmp_path: Path) -> None:
    lines = MADE_UP.read_bytes().splitlines()
    data = codecs.BOM_UTF8 + b"\r\n\r\n".join(lines) + b"\r\n\r\n"
    path = written(tmp_path / "gdc_manifest.2024-02-29.txt", data)
    assert WorkList(path, "drs", defaults={"project": "a/p"}).check() == Check(885, (), 0)


@pytest.mark.parametrize("kind", ["import", "export"])
def test_a_gdc_manifest_is_for_drs_import(kind: Kind) -> None:
    with pytest.raises(WorkListError, match="line 1: this is a GDC manifest: use drs-import for it"):
        WorkList(MADE_UP, kind).check()


@pytest.mark.parametrize("kind", ["import", "export"])
def test_a_gen3_manifest_is_for_drs_import(kind: Kind) -> None:
    data = json.dumps([{"object_id": f"dg.4503/{n}"} for n in range(50)])
    with pytest.raises(
        WorkListError, match=r"^list, line 1, item 1: this is a Gen3 manifest: use drs-import"
    ):
        read(data, kind)


def test_a_gen3_manifest() -> None:
    data = json.dumps(
        [
            {"object_id": "dg.4503/1", "file_name": "a.bam", "file_size": 5, "md5sum": MD5},
            {"object_id": "2", "file_name": "b.bam", "commons_url": "https://gen3.example.org"},
        ],
        indent=2,
    )
    assert read(data, "drs", defaults={"parent": "568cf5dc"}) == [
        DRSImport(
            drs_uri="drs://dg.4503:1", parent="568cf5dc", name="a.bam", size=5, md5=MD5, ref="dg.4503/1"
        ),
        DRSImport(drs_uri="drs://gen3.example.org/2", parent="568cf5dc", name="b.bam", ref="2"),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "^list: is empty: it holds no items$"),
        ("\n \n", "^list: is empty"),
        (gzip.compress(b"", mtime=0), "^list: is empty"),
        ("location\n", "^list: has a header and no rows$"),
        ("location\n\n\n", "^list: has a header and no rows$"),
        ("[]", "^list: is empty"),
        ('{"items": []}', "^list: is empty"),
        ("locaton\nx\n", "^list, line 1: unknown column 'locaton': did you mean 'location'"),
        ("location\nx\0\n", "^list, line 2: holds a NUL byte"),
        (b"location\nx\n\xff\n", "^list, line 3: the bytes"),
        (gzip.compress(b"location\nx\n", mtime=0)[:-4], "^list: its gzip data is cut short"),
        ('[{"location": "x"}, {"loc', "^list, line 1, item 2: not valid JSON, or cut short"),
        ("location\n" + "x" * 1_100_000, "^list, line 2: longer than 1,048,576 bytes"),
    ],
)
def test_lists_that_cannot_be_used(data: str | bytes, message: str) -> None:
    with pytest.raises(WorkListError, match=message):
        read(data, defaults=VOLUME | {"project": "a/p"})


def test_a_missing_file_is_told_when_it_is_read(tmp_path: Path) -> None:
    work_list = WorkList(tmp_path / "missing.csv", "import")
    with pytest.raises(WorkListError, match=r"missing\.csv: cannot be read \(No such file or directory\)"):
        work_list.check()
    with pytest.raises(WorkListError, match="cannot be read"):
        next(iter(work_list))
    with pytest.raises(WorkListError, match="Is a directory"):
        WorkList(tmp_path, "import").check()


def test_a_stream_can_be_read_once() -> None:
    stream = io.BytesIO(b"location,project\nx,a/p\n")
    work_list = WorkList.from_stream(stream, "import", defaults=VOLUME)
    assert len(list(work_list)) == 1
    assert not stream.closed
    with pytest.raises(UsageError, match="standard input can be read once only"):
        next(iter(work_list))


def test_the_format_that_is_asked_for_wins(tmp_path: Path) -> None:
    path = written(tmp_path / "list.csv", '{"location": "x", "project": "a/p"}\n')
    assert len(list(WorkList(path, "import", defaults=VOLUME, format="jsonl"))) == 1
    with pytest.raises(SettingsError, match="a work list is csv or tsv or json or jsonl, not 'xlsx'"):
        WorkList(path, "import", format="xlsx")  # type: ignore[arg-type]


def test_a_list_says_what_it_is() -> None:
    assert repr(WorkList("list.csv", "drs")) == "WorkList('list.csv', 'drs')"
    assert WorkList.from_stream(io.BytesIO(), "drs").name == "standard input"


# Text that the platform takes and that a cell can hold: a cell of spaces is an empty one.
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12
).filter(str.strip)
names = st.builds(
    "/".join, st.lists(texts.map(lambda text: text.replace("/", "_")), min_size=1, max_size=2)
).filter(lambda name: all(part.strip() not in (".", "..") for part in name.split("/")))
drs_items = st.builds(
    DRSImport,
    drs_uri=texts.map("drs://{}".format),
    parent=texts,
    name=st.none() | names,
    metadata=st.none()
    | st.dictionaries(texts, texts | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=3),
    conflict_resolution=st.sampled_from(["SKIP", "OVERWRITE", "RENAME"]),
    tags=st.lists(texts.map(lambda text: text.replace(";", "_").strip()), max_size=2),
    ref=st.none() | texts,
)


def as_table(items: list[DRSImport], delimiter: str) -> str:
    columns = [field.name for field in attrs.fields(DRSImport)]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter)
    writer.writeheader()
    for item in items:
        cells = attrs.asdict(item, recurse=False)
        cells["tags"] = ";".join(item.tags)
        cells["metadata"] = "" if item.metadata is None else json.dumps(item.metadata)
        writer.writerow(cells)
    return text.getvalue()


def as_dicts(items: list[DRSImport]) -> list[dict[str, Any]]:
    return [attrs.asdict(item) for item in items]


WRITERS: dict[Format, Callable[[list[DRSImport]], str]] = {
    "csv": lambda items: as_table(items, ","),
    "tsv": lambda items: as_table(items, "\t"),
    "json": lambda items: json.dumps(as_dicts(items)),
    "jsonl": lambda items: "\n".join(map(json.dumps, as_dicts(items))),
}


@given(
    st.lists(drs_items, min_size=1, max_size=5),
    st.sampled_from(list(WRITERS)),
    st.sampled_from([bytes, gzip.compress]),
    st.sampled_from([b"", codecs.BOM_UTF8]),
    st.booleans(),
)
def test_the_same_items_come_back_from_every_format(
    items: list[DRSImport], format_name: Format, pack: Callable[[bytes], bytes], mark: bytes, told: bool
) -> None:
    data = pack(mark + WRITERS[format_name](items).encode())
    assert read(data, "drs", format=format_name if told else None) == items
