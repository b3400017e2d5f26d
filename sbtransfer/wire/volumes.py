"""Volumes and what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sbtransfer.resources import Volume, VolumeFolder, VolumeObject
from sbtransfer.wire.pages import LinkedPage, read_linked_page
from sbtransfer.wire.values import converter, maybe_size, maybe_text, region, text


def _volume(record: Any, _: object = None) -> Volume:
    service = record.get("service") or {}
    active = record.get("active")
    return Volume(
        id=text(record["id"]),
        name=maybe_text(record.get("name")) or text(record["id"]).rpartition("/")[2],
        access_mode=maybe_text(record.get("access_mode")),
        active=active if type(active) is bool else None,
        service=maybe_text(service.get("type")),
        bucket=maybe_text(service.get("bucket")),
        prefix=maybe_text(service.get("prefix")),
        region=region((service.get("properties") or {}).get("region")),
    )


def _object(record: Any, _: object = None) -> VolumeObject:
    metadata = record.get("metadata") or {}
    return VolumeObject(
        volume=text(record["volume"]),
        location=text(record["location"]),
        size=maybe_size(metadata.get("size")),
        md5=maybe_text(metadata.get("md5")),
    )


def _folder(record: Any) -> VolumeFolder:
    return VolumeFolder(text(record["volume"]), text(record["prefix"]))


converter.register_structure_hook(Volume, _volume)
converter.register_structure_hook(VolumeObject, _object)


def read_volumes(body: bytes, headers: Mapping[str, str]) -> LinkedPage[Volume]:
    """Read a page of `GET /storage/volumes`."""
    return read_linked_page(body, headers, ("items", _volume))


def read_contents(body: bytes, headers: Mapping[str, str]) -> LinkedPage[VolumeObject | VolumeFolder]:
    """Read a page of `GET /storage/volumes/{id}/list`: its objects, then its folders."""
    return read_linked_page(body, headers, ("items", _object), ("prefixes", _folder))
