"""All calls of the platform in one table: path, method, who answers, and what kind of call it is."""

from collections.abc import Callable, Mapping
from enum import Enum
from functools import partial

import attrs

import sbtransfer.simulator.account as account
import sbtransfer.simulator.files as files
import sbtransfer.simulator.folders as folders
import sbtransfer.simulator.projects as projects
import sbtransfer.simulator.transfers as transfers
import sbtransfer.simulator.volumes as volumes
from sbtransfer.simulator.calls import Call
from sbtransfer.simulator.messages import Answer, Request
from sbtransfer.simulator.state import State

Handler = Callable[[State, Call], Answer]


class Shape(Enum):
    """What an answer holds, by which it can be damaged."""

    ITEMS = "items"
    """The records of a bulk call."""
    RESULT = "result"
    """The job of a DRS call, with its records once it has finished."""
    OBJECT = "object"
    """One job, file, project, volume or object."""
    WHOLE = "whole"
    """A list, or what the platform says about the caller: never damaged."""


@attrs.frozen
class Route:
    """One call; `creates` tells whether it leaves something behind that was not there."""

    answer: Handler
    shape: Shape = Shape.WHOLE
    creates: bool = attrs.field(default=False, kw_only=True)


Methods = Mapping[str, Route]

# A segment in braces stands for any one that is not empty; what is written out comes first.
ROUTES: Mapping[str, Methods] = {
    "/user": {"GET": Route(account.show_user)},
    "/users/{username}": {"GET": Route(account.show_user)},
    "/rate_limit": {"GET": Route(account.show_rate_limit)},
    "/projects": {"GET": Route(projects.list_projects)},
    "/projects/": {"GET": Route(projects.list_projects)},  # as the official client asks
    "/projects/{owner}": {"GET": Route(projects.list_projects)},
    "/projects/{owner}/{name}": {"GET": Route(projects.show_project, Shape.OBJECT)},
    "/storage/volumes": {"GET": Route(volumes.list_volumes)},
    "/storage/volumes/{owner}/{name}": {"GET": Route(volumes.show_volume, Shape.OBJECT)},
    "/storage/volumes/{owner}/{name}/list": {"GET": Route(volumes.list_contents)},
    "/storage/volumes/{owner}/{name}/object": {"GET": Route(volumes.show_object, Shape.OBJECT)},
    "/files": {
        "GET": Route(files.list_files),
        "POST": Route(folders.make_folder, Shape.OBJECT, creates=True),
    },
    "/files/scroll": {"GET": Route(files.scroll_files)},
    "/files/{id}": {"GET": Route(files.show_file, Shape.OBJECT)},
    "/files/{id}/list": {"GET": Route(files.list_folder)},
    "/files/{id}/scroll": {"GET": Route(files.scroll_folder)},
    "/bulk/files/get": {"POST": Route(files.show_files, Shape.ITEMS)},
    "/storage/imports": {
        "GET": Route(partial(transfers.list_jobs, "imports")),
        "POST": Route(transfers.create_import, Shape.OBJECT, creates=True),
    },
    "/storage/imports/{id}": {"GET": Route(partial(transfers.show_job, "imports"), Shape.OBJECT)},
    "/bulk/storage/imports/create": {"POST": Route(transfers.create_imports, Shape.ITEMS, creates=True)},
    "/bulk/storage/imports/get": {"POST": Route(partial(transfers.show_jobs, "imports"), Shape.ITEMS)},
    "/storage/exports": {
        "GET": Route(partial(transfers.list_jobs, "exports")),
        "POST": Route(transfers.create_export, Shape.OBJECT, creates=True),
    },
    "/storage/exports/{id}": {"GET": Route(partial(transfers.show_job, "exports"), Shape.OBJECT)},
    "/bulk/storage/exports/create": {"POST": Route(transfers.create_exports, Shape.ITEMS, creates=True)},
    "/bulk/storage/exports/get": {"POST": Route(partial(transfers.show_jobs, "exports"), Shape.ITEMS)},
    "/bulk/drs/imports/create": {"POST": Route(transfers.create_drs, Shape.RESULT, creates=True)},
    "/bulk/drs/imports/{id}": {"GET": Route(transfers.show_drs, Shape.RESULT)},
}


def methods_at(path: str) -> tuple[Methods, str]:
    """Return the calls that a path takes, none for an unknown one, and the id that it names.

    Paths without an id, the bulk calls among them, are looked up; the others are compared with the few
    patterns of their length.
    """
    fixed = ROUTES.get(path)
    if fixed is not None:
        return fixed, ""
    segments = path.split("/")[1:]
    for pattern, methods in _PATTERNS.get(len(segments), ()):
        pairs = list(zip(segments, pattern, strict=True))
        if all(segment and wanted in ("", segment) for segment, wanted in pairs):
            return methods, "/".join(segment for segment, wanted in pairs if not wanted)
    return {}, ""


def route_of(request: Request) -> Route | None:
    """Return the call that a request makes, None if there is no such call."""
    return methods_at(request.path)[0].get(request.method)


def _pattern(path: str) -> tuple[str, ...]:
    """Return the segments of a path, an empty one in place of each that stands for any."""
    return tuple("" if segment.startswith("{") else segment for segment in path.split("/")[1:])


_PATTERNS: dict[int, list[tuple[tuple[str, ...], Methods]]] = {}
for _path, _methods in ROUTES.items():
    if "{" in _path:
        _PATTERNS.setdefault(_path.count("/"), []).append((_pattern(_path), _methods))
