"""Items to request bodies: bulk imports, exports and DRS imports, and the single ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

import orjson
from cattrs.gen import make_dict_unstructure_fn

from sbtransfer.items import DRSImport, Item, VolumeExport, VolumeImport
from sbtransfer.wire.values import converter


def _import_body(item: VolumeImport) -> dict[str, Any]:
    destination = _destination(item.project, item.parent)
    if item.name is not None:
        destination["name"] = item.name
    body: dict[str, Any] = {
        "source": {"volume": item.volume, "location": item.location},
        "destination": destination,
        "overwrite": item.overwrite,
    }
    if item.autorename is not None:
        body["autorename"] = item.autorename
    if item.preserve_folder_structure is not None:
        body["preserve_folder_structure"] = item.preserve_folder_structure
    return body


def _export_body(item: VolumeExport) -> dict[str, Any]:
    body: dict[str, Any] = {
        "source": {"file": item.file},
        "destination": {"volume": item.volume, "location": item.location},
        "overwrite": item.overwrite,
    }
    if item.properties:
        body["properties"] = dict(item.properties)
    return body


def _drs_body(item: DRSImport) -> dict[str, Any]:
    body: dict[str, Any] = {"drs_uri": item.drs_uri, **_destination(item.project, item.parent)}
    if item.name is not None:
        body["name"] = item.name
    if item.metadata:
        body["metadata"] = dict(item.metadata)
    return body


def _destination(project: str | None, parent: str | None) -> dict[str, Any]:
    return {"project": project} if project is not None else {"parent": parent}


def one_import(item: VolumeImport) -> bytes:
    """Write the body of `POST /storage/imports`."""
    return orjson.dumps(_import_body(item))


def one_export(item: VolumeExport) -> bytes:
    """Write the body of `POST /storage/exports`."""
    return orjson.dumps(_export_body(item))


def bulk_imports(items: Iterable[VolumeImport]) -> bytes:
    """Write the body of `POST /bulk/storage/imports/create`."""
    return orjson.dumps({"items": [_import_body(item) for item in items]})


def bulk_exports(items: Iterable[VolumeExport]) -> bytes:
    """Write the body of `POST /bulk/storage/exports/create`."""
    return orjson.dumps({"items": [_export_body(item) for item in items]})


def bulk_drs(items: Sequence[DRSImport]) -> bytes:
    """Write the body of `POST /bulk/drs/imports/create`; the call's options are those of the first item."""
    body: dict[str, Any] = {"conflict_resolution": items[0].conflict_resolution}
    if items[0].tags:
        body["tags"] = list(items[0].tags)
    body["items"] = [_drs_body(item) for item in items]
    return orjson.dumps(body)


def folder(name: str, project: str | None, parent: str | None) -> bytes:
    """Write the body of `POST /files` that makes a folder."""
    return orjson.dumps({"name": name, "type": "FOLDER", **_destination(project, parent)})


def segment(job_id: str) -> str:
    """Quote an id, which came from an answer, for its place in a path."""
    return quote(job_id, safe="")


def owned(name: str) -> str:
    """Quote an `owner/name` for its place in a path, where its slash stays."""
    return quote(name, safe="/")


def ids(name: str, job_ids: Sequence[str]) -> bytes:
    """Write the body of a bulk get: `import_ids`, `export_ids` or `file_ids`."""
    return orjson.dumps({name: job_ids})


# Items to flat dicts ---------------------------------------------------------------------------------------

for _kind in (VolumeImport, VolumeExport, DRSImport):
    converter.register_unstructure_hook(
        _kind, make_dict_unstructure_fn(_kind, converter, _cattrs_omit_if_default=True)
    )


def flat(item: Item) -> dict[str, Any]:
    """Return an item as the official client's dict, without the fields that were left at their default."""
    return dict(converter.unstructure(item))
