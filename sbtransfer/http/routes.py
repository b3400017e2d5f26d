"""Which of the platform's calls a path is: the path with names for the ids in it."""

from __future__ import annotations

from collections.abc import Mapping

_IDS: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("projects",): ("owner", "project"),
    ("storage", "volumes"): ("owner", "volume"),
    ("storage", "imports"): ("import",),
    ("storage", "exports"): ("export",),
    ("files",): ("file",),
    ("bulk", "drs", "imports"): ("job",),
}
"""What stands after the first segments of a path, if anything does."""

_NO_ID = "create"
"""The one word that stands where an id of the same path does."""


def route_of(path: str) -> str:
    """Return a path below the endpoint with `{…}` for each id: it says what is called, not whose."""
    segments = path.strip("/").split("/")
    for start, names in _IDS.items():
        after = len(start)
        if tuple(segments[:after]) == start and segments[after:] != [_NO_ID]:
            for place, name in enumerate(names[: len(segments) - after], after):
                segments[place] = f"{{{name}}}"
    return "/" + "/".join(segments)
