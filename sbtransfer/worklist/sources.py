"""The bytes of a work list: where they come from, unpacked and ready to be read."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from attrs import define, frozen

from sbtransfer.errors import UsageError
from sbtransfer.worklist.places import Place

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_GZIP = b"\x1f\x8b"
_HEAD_BYTES = 65_536
_FOREIGN = {
    b"PK\x03\x04": "is a ZIP archive or an Excel workbook: unpack it, or save it as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook: save it as CSV (UTF-8)",
    codecs.BOM_UTF16_LE: "is UTF-16 text: save it as UTF-8",
    codecs.BOM_UTF16_BE: "is UTF-16 text: save it as UTF-8",
}


class Source(Protocol):
    """Something that can be opened for its bytes; messages call it by `name`."""

    @property
    def name(self) -> str:
        """What messages call the list."""

    def open(self) -> AbstractContextManager[BinaryIO]:
        """Return the raw bytes as a stream, in a context that gives it back."""


@frozen
class FileSource:
    """A file: opened anew each time."""

    path: Path
    name: str

    def open(self) -> AbstractContextManager[BinaryIO]:
        """Open the file."""
        return self.path.open("rb")


@define
class StreamSource:
    """Somebody else's stream: read once, and left open for its owner to close."""

    stream: BinaryIO
    name: str
    _taken: bool = False

    def open(self) -> AbstractContextManager[BinaryIO]:
        """Take the stream. Raises `UsageError` the second time."""
        if self._taken:
            raise UsageError(f"{self.name} can be read once only: spool it to read it again")
        self._taken = True
        return nullcontext(self.stream)


@frozen
class Opening:
    """A list that is open: its text from the start, and the first line of it to tell the format by."""

    head: bytes
    stream: io.BufferedReader


@contextmanager
def opened(source: Source) -> Iterator[Opening]:
    """Open a list, unpacked if it is gzipped, without its byte-order mark.

    Raises `WorkListError`, at whatever moment of the reading, for a file that is missing, cannot be read, is
    cut short or is no text at all.
    """
    place = Place(source.name)
    try:
        with source.open() as raw:
            yield _unpacked(raw, place)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise place.error(
            f"its gzip data is cut short or damaged ({error}): fetch or pack it again"
        ) from error
    except OSError as error:
        raise place.error(f"cannot be read ({error.strerror or error}): check the path") from error


def _unpacked(raw: BinaryIO, place: Place) -> Opening:
    opening = _opening(raw)
    # The bytes decide, not the ending: browsers unpack files and leave them their names.
    if opening.head.startswith(_GZIP):
        opening = _opening(cast(BinaryIO, gzip.GzipFile(fileobj=opening.stream)))
    for magic, reason in _FOREIGN.items():
        if opening.head.startswith(magic):
            raise place.error(reason)
    return opening


def _opening(stream: BinaryIO) -> Opening:
    head = _head(stream)
    text = head.removeprefix(codecs.BOM_UTF8)
    return Opening(text, io.BufferedReader(_Rejoined(text, stream)))


def _head(stream: BinaryIO) -> bytes:
    # Not more than the first line that is not blank: a live stream may take its time for the second.
    head = b""
    while not head.removeprefix(codecs.BOM_UTF8).strip() and len(head) < _HEAD_BYTES:
        line = stream.readline(_HEAD_BYTES - len(head))
        if not line:
            break
        head += line
    return head


class _Rejoined(io.RawIOBase):
    """A stream with the bytes that were read from it put back in front: it may be a pipe, without `seek`."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._read = getattr(rest, "read1", rest.read)  # read1 does not wait for the buffer to be full

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        room = memoryview(buffer)
        data = self._head[: len(room)] if self._head else self._read(len(room))
        self._head = self._head[len(room) :]
        room[: len(data)] = data
        return len(data)
