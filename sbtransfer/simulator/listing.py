"""Pages of a job list: filters, offset and limit, and the link to the next page."""

import math
from typing import Any
from urllib.parse import urlencode

from sbtransfer.simulator.bodies import malformed
from sbtransfer.simulator.jobs import JobKind, JobList
from sbtransfer.simulator.messages import Request

DEFAULT_LIMIT = 25
MAX_LIMIT = 100


def list_page(
    kind: JobKind, jobs: JobList, request: Request, now: float, base_url: str
) -> tuple[dict[str, Any], int]:
    """Return one page, newest jobs first, and how many jobs match in all."""
    offset = _whole(request, "offset", 0, lowest=0)
    limit = _whole(request, "limit", DEFAULT_LIMIT, lowest=1, highest=MAX_LIMIT)
    project = request.parameter("project") if kind == "imports" else None
    matching = jobs.pick(project, request.parameter("volume"), request.query.get("state", ()), now)
    end = max(0, len(matching) - offset)
    page = reversed(matching[max(0, end - limit) : end])
    in_full = request.parameter("fields") == "_all"
    body = {
        "href": _href(kind, request, offset, limit, base_url),
        "items": [job.shown(now, base_url) if in_full else job.brief(now, base_url) for job in page],
        "links": [],
    }
    if end > limit:
        following = _href(kind, request, offset + limit, limit, base_url)
        body["links"] = [{"rel": "next", "href": following, "method": "GET"}]
    return body, len(matching)


def _href(kind: JobKind, request: Request, offset: int, limit: int, base_url: str) -> str:
    query = {**request.query, "offset": [str(offset)], "limit": [str(limit)]}
    return f"{base_url}/storage/{kind}?{urlencode(query, doseq=True)}"


def _whole(request: Request, name: str, default: int, *, lowest: int, highest: float = math.inf) -> int:
    given = request.parameter(name)
    if given is None:
        return default
    if not given.isdecimal() or not lowest <= int(given) <= highest:
        raise malformed(f"{name!r} must be a whole number from {lowest} to {highest}, not {given!r}.")
    return int(given)
