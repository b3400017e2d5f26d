"""The user, their limits and their projects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sbtransfer.resources import Project, RateLimit
from sbtransfer.wire.pages import LinkedPage, read_linked_page
from sbtransfer.wire.values import converter, maybe_text, region, text


def _rate_limit(record: Any, _: object = None) -> RateLimit:
    rate = record["rate"]
    return RateLimit(int(rate["limit"]), int(rate["remaining"]), unix_seconds(float(rate["reset"])))


def unix_seconds(reset: float) -> float:
    """Return a reset in Unix seconds: the documentation shows it in seconds and, once, in milliseconds."""
    return reset / 1000 if reset > 1e11 else reset


def _project(record: Any, _: object = None) -> Project:
    permissions = record.get("permissions") or {}
    return Project(
        id=text(record["id"]),
        name=maybe_text(record.get("name")) or text(record["id"]).rpartition("/")[2],
        root_folder=maybe_text(record.get("root_folder")),
        permissions={name: allowed for name, allowed in permissions.items() if type(allowed) is bool},
        region=region((record.get("settings") or {}).get("location")),
    )


converter.register_structure_hook(RateLimit, _rate_limit)
converter.register_structure_hook(Project, _project)


def read_projects(body: bytes, headers: Mapping[str, str]) -> LinkedPage[Project]:
    """Read a page of `GET /projects`."""
    return read_linked_page(body, headers, ("items", _project))
