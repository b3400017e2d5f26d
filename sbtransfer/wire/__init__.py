"""The one place that knows the platform's field names: items to request bodies, answers to models.

Shapes are those of the public API documentation. An answer that does not have its documented shape raises
`UnreadableAnswerError`; in a bulk answer, a single record that does not is read as `None`, a hole that the
caller must account for.
"""

from sbtransfer.wire.account import read_projects, unix_seconds
from sbtransfer.wire.bodies import (
    bulk_drs,
    bulk_exports,
    bulk_imports,
    flat,
    folder,
    ids,
    one_export,
    one_import,
    owned,
    segment,
)
from sbtransfer.wire.files import FileRecord, read_file_details, read_file_page, read_files, read_linked_files
from sbtransfer.wire.jobs import (
    Echo,
    Look,
    Record,
    export_echo,
    import_echo,
    read_export_details,
    read_export_page,
    read_exports,
    read_import_details,
    read_import_page,
    read_imports,
    read_linked_exports,
    read_linked_imports,
    read_looks,
)
from sbtransfer.wire.pages import LinkedPage, Page, total_matching
from sbtransfer.wire.refusals import read_error
from sbtransfer.wire.values import read
from sbtransfer.wire.volumes import read_contents, read_volumes

__all__ = [
    "Echo",
    "FileRecord",
    "LinkedPage",
    "Look",
    "Page",
    "Record",
    "bulk_drs",
    "bulk_exports",
    "bulk_imports",
    "export_echo",
    "flat",
    "folder",
    "ids",
    "import_echo",
    "one_export",
    "one_import",
    "owned",
    "read",
    "read_contents",
    "read_error",
    "read_export_details",
    "read_export_page",
    "read_exports",
    "read_file_details",
    "read_file_page",
    "read_files",
    "read_import_details",
    "read_import_page",
    "read_imports",
    "read_linked_exports",
    "read_linked_files",
    "read_linked_imports",
    "read_looks",
    "read_projects",
    "read_volumes",
    "segment",
    "total_matching",
    "unix_seconds",
]
