"""Pages of a list of jobs or files: filters, offset and limit, and the link to the next page."""

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

import attrs

from sbtransfer.simulator.bodies import malformed
from sbtransfer.simulator.jobs import Job, JobKind, JobList
from sbtransfer.simulator.messages import Request
from sbtransfer.simulator.world import File, World

DEFAULT_LIMIT = 25
MAX_LIMIT = 100

T = TypeVar("T")


@attrs.frozen
class Page:
    """One page of a list, and how many entries match in all."""

    body: dict[str, Any]
    total: int


def list_jobs(kind: JobKind, jobs: JobList, request: Request, now: float, base_url: str) -> Page:
    """Return one page of jobs, the newest first."""
    project = request.parameter("project") if kind == "imports" else None
    matching = jobs.pick(project, request.parameter("volume"), request.query.get("state", ()), now)
    in_full = request.parameter("fields") == "_all"

    def show(job: Job) -> dict[str, Any]:
        return job.shown(now, base_url) if in_full else job.brief(now, base_url)

    return _page(matching, show, request, base_url, newest_first=True)


def list_files(world: World, request: Request, now: float, base_url: str) -> Page:
    """Return one page of what a project or a folder holds itself; what its folders hold is not in it."""
    # A parameter without a value names nothing.
    project, parent = (request.parameter(name) or None for name in ("project", "parent"))
    matching = world.within(project, parent, now)

    def show(file: File) -> dict[str, Any]:
        return file.brief(base_url)

    return _page(matching, show, request, base_url)


def _page(
    matching: Sequence[T],
    show: Callable[[T], dict[str, Any]],
    request: Request,
    base_url: str,
    *,
    newest_first: bool = False,
) -> Page:
    offset = _whole(request, "offset", 0, lowest=0)
    limit = _whole(request, "limit", DEFAULT_LIMIT, lowest=1, highest=MAX_LIMIT)
    end = offset + limit
    # Places rather than entries are turned around: a page costs the same however long the list is.
    places = range(len(matching))[:: -1 if newest_first else 1]
    body = {
        "href": _href(request, offset, limit, base_url),
        "items": [show(matching[place]) for place in places[offset:end]],
        "links": [],
    }
    if end < len(matching):
        body["links"] = [{"rel": "next", "href": _href(request, end, limit, base_url), "method": "GET"}]
    return Page(body, len(matching))


def _href(request: Request, offset: int, limit: int, base_url: str) -> str:
    query = {**request.query, "offset": [str(offset)], "limit": [str(limit)]}
    return f"{base_url}{request.path}?{urlencode(query, doseq=True)}"


def _whole(request: Request, name: str, default: int, *, lowest: int, highest: float = math.inf) -> int:
    given = request.parameter(name)
    if given is None:
        return default
    if not given.isdecimal() or not lowest <= int(given) <= highest:
        raise malformed(f"{name!r} must be a whole number from {lowest} to {highest}, not {given!r}.")
    return int(given)
