import codecs
import gzip
import io
import os
import threading
from pathlib import Path

import pytest

from sbtransfer.errors import UsageError, WorkListError
from sbtransfer.worklist.sources import FileSource, StreamSource, opened

TEXT = b"location,name\n" + b"".join(b"runs/%d.fastq.gz,%d\n" % (n, n) for n in range(10_000))


def stream(data: bytes) -> StreamSource:
    return StreamSource(io.BytesIO(data), "list")


def read(data: bytes) -> bytes:
    with opened(stream(data)) as opening:
        return opening.stream.read()


@pytest.mark.parametrize("data", [TEXT, b"", b"\n\n\n", b"one", b"\n" * 100_000 + b"one\n"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_the_bytes_arrive_whole_unpacked_and_unmarked(data: bytes, pack: type[bytes], mark: bytes) -> None:
    assert read(pack(mark + data)) == data


def test_the_head_is_the_first_line_that_is_not_blank() -> None:
    with opened(stream(b"\n \r\nlocation,name\nx,y\n")) as opening:
        assert opening.head == b"\n \r\nlocation,name\n"


def test_gzip_in_parts_is_read_whole() -> None:
    assert read(gzip.compress(b"one\n", mtime=0) + gzip.compress(b"two\n")) == b"one\ntwo\n"


@pytest.mark.parametrize("length", [2, 12, 1_000, -1])
def test_truncated_gzip_says_so(length: int) -> None:
    with pytest.raises(WorkListError, match=r"^list: its gzip data is cut short or damaged"):
        read(gzip.compress(TEXT, mtime=0)[:length])


def test_damaged_gzip_says_so() -> None:
    packed = bytearray(gzip.compress(TEXT, mtime=0))
    packed[-6] ^= 1  # in the checksum
    with pytest.raises(WorkListError, match="gzip data is cut short or damaged"):
        read(bytes(packed))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK\x03\x04rest", "is a ZIP archive or an Excel workbook"),
        (b"\xd0\xcf\x11\xe0rest", "is an old Excel workbook"),
        ("name\n".encode("utf-16"), "is UTF-16 text: save it as UTF-8"),
        (gzip.compress("name\n".encode("utf-16"), mtime=0), "is UTF-16 text"),
    ],
)
def test_foreign_files_are_told_by_their_first_bytes(data: bytes, reason: str) -> None:
    with pytest.raises(WorkListError, match=f"^list: {reason}"):
        read(data)


def test_a_missing_file_and_a_folder_cannot_be_read(tmp_path: Path) -> None:
    with (
        pytest.raises(WorkListError, match=r"^missing\.csv: cannot be read \(No such file"),
        opened(FileSource(tmp_path / "missing.csv", "missing.csv")),
    ):
        pass
    with (
        pytest.raises(WorkListError, match=r"^folder: cannot be read \(Is a directory"),
        opened(FileSource(tmp_path, "folder")),
    ):
        pass


def test_an_error_while_reading_names_the_list() -> None:
    class Failing(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    with (
        pytest.raises(WorkListError, match=r"^list: cannot be read \(Input/output error\)"),
        opened(StreamSource(Failing(b"one\ntwo\n"), "list")) as opening,
    ):
        opening.stream.read()


def test_a_stream_is_taken_once_and_stays_open() -> None:
    source = stream(TEXT)
    with opened(source):
        pass
    assert not source.stream.closed
    with pytest.raises(UsageError, match="list can be read once only"), opened(source):
        pass


def test_a_live_pipe_is_read_as_it_comes() -> None:
    reading, writing = os.pipe()
    go_on = threading.Event()

    def write() -> None:
        with open(writing, "wb", buffering=0) as pipe:  # noqa: PTH123
            pipe.write(b"location\none\n")
            go_on.wait(10)
            pipe.write(b"two\n")

    writer = threading.Thread(target=write)
    writer.start()
    with open(reading, "rb") as pipe, opened(StreamSource(pipe, "pipe")) as opening:  # noqa: PTH123
        assert opening.stream.readline() == b"location\n"
        assert opening.stream.readline() == b"one\n"  # long before the pipe's other end is closed
        go_on.set()
        assert opening.stream.read() == b"two\n"
    writer.join()
