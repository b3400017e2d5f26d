"""Files and folders of projects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from sbtransfer.models import ErrorRecord
from sbtransfer.resources import FileDetails
from sbtransfer.wire.pages import LinkedPage, Page, read_linked_page, read_page
from sbtransfer.wire.records import by_id, record_of, records_in
from sbtransfer.wire.values import converter, maybe_size, maybe_text, text

FileRecord: TypeAlias = FileDetails | ErrorRecord | None


def file_details(record: Any, _: object = None) -> FileDetails:
    """Read a file or folder.

    Assumption: the platform's pages show no checksum of a file; where an answer has `md5`, it is believed.
    """
    storage = record.get("storage") or {}
    is_alias = storage.get("type") == "VOLUME"
    return FileDetails(
        id=text(record["id"]),
        name=text(record["name"]),
        is_folder=record.get("type") == "folder",
        project=maybe_text(record.get("project")),
        parent=maybe_text(record.get("parent")),
        alias=(text(storage["volume"]), text(storage["location"])) if is_alias else None,
        size=maybe_size(record.get("size")),
        md5=maybe_text(record.get("md5")),
    )


converter.register_structure_hook(FileDetails, file_details)


def read_files(body: bytes) -> list[FileRecord]:
    """Read a bulk answer about files, in its own order; `None` is a record that cannot be read."""
    return [record_of(record, file_details) for record in records_in(body)]


def read_file_details(body: bytes, asked: Sequence[str]) -> dict[str, FileDetails | ErrorRecord]:
    """Read a bulk answer in which every id has a record."""
    return by_id(read_files(body), asked, "files")


def read_file_page(body: bytes, headers: Mapping[str, str]) -> Page[FileDetails]:
    """Read a page of `GET /files`."""
    return read_page(body, headers, file_details)


def read_linked_files(body: bytes, headers: Mapping[str, str]) -> LinkedPage[FileDetails]:
    """Read a page of `GET /files`, of which nothing may be left out."""
    return read_linked_page(body, headers, ("items", file_details))
