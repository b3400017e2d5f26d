"""The rules of DRS bulk imports: one job for a whole call, its files held where the limit is reached.

By convention a URI with a path segment `bundle-N`, such as `drs://data.example/bundle-30/a`, is a bundle of N
files, N at least 1. It becomes a folder of the item's name that holds `file-1` to `file-N`. Each of these
counts against the limit, so a large bundle begins in one window and goes on in later ones.
"""

import math
import re
from collections.abc import Mapping
from itertools import repeat
from typing import Any
from urllib.parse import urlsplit

import attrs

from sbtransfer.simulator.bodies import malformed, optional_section, optional_text, read_items, text
from sbtransfer.simulator.durations import Durations
from sbtransfer.simulator.refusals import Code, RefusalError
from sbtransfer.simulator.timestamps import iso
from sbtransfer.simulator.window import HoldingWindow
from sbtransfer.simulator.world import File, World, is_missing, last_segment, size_of

UNKNOWN_HOST = "unknown.example"
BUNDLE = re.compile(r"/bundle-([1-9][0-9]*)(?:/|$)")
RESOLUTIONS = ("SKIP", "OVERWRITE", "RENAME")


@attrs.frozen(kw_only=True)
class DRSOrder:
    """One item of a call as it was asked for, its name filled in."""

    drs_uri: str
    project: str | None
    parent: str | None
    name: str
    metadata: dict[str, Any]

    @property
    def home(self) -> str | None:
        """The project or folder that was asked for."""
        return self.project or self.parent


@attrs.frozen(kw_only=True)
class DRSCall:
    """A whole call as it was asked for."""

    orders: tuple[DRSOrder, ...]
    conflict_resolution: str
    tags: tuple[str, ...]


@attrs.frozen(eq=False, kw_only=True)
class DRSFile:
    """What becomes of one item: a file, the folder of a bundle, or an error.

    `begins` is when the platform begins to move each of its files, the moments that the limit counts; there
    are none if it never does. `created` is false for an item that was skipped because the file was there.
    """

    order: DRSOrder
    begins: tuple[float, ...] = ()
    done: float
    file: File | None = None
    created: bool = False
    error: Mapping[str, Any] | None = None

    @property
    def begun(self) -> float | None:
        """When the first of its files begins, None if none ever does."""
        return self.begins[0] if self.begins else None

    @property
    def item(self) -> tuple[str, ...]:
        """What was asked for."""
        return (self.order.drs_uri, self.order.home or "", self.order.name)

    def shown(self, base_url: str) -> dict[str, Any]:
        """Return the item's entry in the job's result."""
        if self.file is None:
            return {"error": self.error}
        href = f"{base_url}/files/{self.file.id}"
        return {"resource": {"href": href, "id": self.file.id, "type": self.file.type}}


@attrs.frozen(eq=False, kw_only=True)
class DRSJob:
    """The job of one call; it finishes with its last file."""

    id: str
    accepted: float
    started: float
    resolved: float
    finished: float
    files: tuple[DRSFile, ...]

    def state(self, now: float) -> str:
        """Return SUBMITTED, RESOLVING, RUNNING or FINISHED."""
        if now < self.started:
            return "SUBMITTED"
        if now < self.resolved:
            return "RESOLVING"
        return "RUNNING" if now < self.finished else "FINISHED"

    def receipt(self, base_url: str) -> dict[str, Any]:
        """Return what the create itself answers."""
        return {
            "href": f"{base_url}/bulk/drs/imports/{self.id}",
            "id": self.id,
            "result": [],
            "state": "SUBMITTED",
        }

    def shown(self, now: float, base_url: str) -> dict[str, Any]:
        """Return the job as the platform shows it."""
        finished = now >= self.finished
        return {
            **self.receipt(base_url),
            "state": self.state(now),
            "started_on": iso(self.started) if now >= self.started else None,
            "finished_on": iso(self.finished) if finished else None,
            "result": [file.shown(base_url) for file in self.files] if finished else [],
        }


def read_drs(body: Mapping[str, Any]) -> DRSCall:
    """Read the body of a call; refuses all of it where the shape is wrong."""
    resolution = optional_text(body, "conflict_resolution") or "SKIP"
    if resolution not in RESOLUTIONS:
        raise malformed(f"'conflict_resolution' must be one of {', '.join(RESOLUTIONS)}, not {resolution!r}.")
    tags = body.get("tags") or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise malformed("'tags' must be a list of strings.")
    orders = tuple(_read_order(item) for item in read_items(body))
    return DRSCall(orders=orders, conflict_resolution=resolution, tags=tuple(tags))


def _read_order(item: Mapping[str, Any]) -> DRSOrder:
    drs_uri = text(item, "drs_uri")
    if not drs_uri.startswith("drs://"):
        raise malformed(f"'drs_uri' must begin with drs://, not {drs_uri!r}.")
    return DRSOrder(
        drs_uri=drs_uri,
        project=optional_text(item, "project"),
        parent=optional_text(item, "parent"),
        name=optional_text(item, "name") or last_segment(drs_uri),
        metadata=dict(optional_section(item, "metadata")),
    )


class DRSImporter:
    """Makes the jobs of DRS calls; what is wrong with a single item shows in its job's result."""

    def __init__(self, world: World, durations: Durations, window: HoldingWindow) -> None:
        self._world = world
        self._durations = durations
        self._window = window

    def accept(self, call: DRSCall, now: float) -> DRSJob:
        """Make the job of a call."""
        started = now + self._durations.pending
        resolved = started + self._durations.pending
        files = tuple(self._plan(order, call, resolved) for order in call.orders)
        return DRSJob(
            id=self._world.new_id(),
            accepted=now,
            started=started,
            resolved=resolved,
            finished=max(file.done for file in files),
            files=files,
        )

    def _plan(self, order: DRSOrder, call: DRSCall, resolved: float) -> DRSFile:
        """Decide what becomes of one item. Only what can be resolved takes a place in the window."""
        try:
            self._world.check_destination(order.project, order.parent, resolved)
            size = _resolve(order.drs_uri)
        except RefusalError as refusal:
            return DRSFile(order=order, done=resolved, error=refusal.record())
        begins = tuple(map(self._window.begin, repeat(resolved, size or 1)))
        ends = [begun + self._durations.draw() for begun in begins]
        project, parent = self._world.place(order.project, order.parent)
        there = self._world.named(parent or project, order.name)
        if there is not None and there.gone == math.inf and call.conflict_resolution == "SKIP":
            # What is there may itself be on its way only; then its arrival is waited for.
            return DRSFile(order=order, begins=begins, done=max(begins[-1], there.born), file=there)
        if size is None:
            file = self._bring(order, call, "file", ends[0])
        else:
            file = self._bring_bundle(order, call, begins[0], ends)
        return DRSFile(order=order, begins=begins, done=max(ends), file=file, created=True)

    def _bring(self, order: DRSOrder, call: DRSCall, kind: str, born: float) -> File:
        renamed = call.conflict_resolution == "RENAME"
        project, parent = self._world.place(order.project, order.parent)
        file = File(
            id=self._world.new_id(),
            name=self._world.free_name(parent or project, order.name) if renamed else order.name,
            project=project,
            parent=parent,
            type=kind,
            size=None if kind == "folder" else size_of(order.drs_uri),
            born=born,
            tags=call.tags,
            metadata=order.metadata,
        )
        return self._world.add(file, replace=True)

    def _bring_bundle(self, order: DRSOrder, call: DRSCall, begun: float, ends: list[float]) -> File:
        """Enter a folder, there from when its first file begins, and its files, each from its own end."""
        folder = self._bring(order, call, "folder", begun)
        within = attrs.evolve(folder, parent=folder.id, type="file")
        for number, end in enumerate(ends, start=1):
            name = f"file-{number}"
            size = size_of(f"{order.drs_uri}/{name}")
            file = attrs.evolve(within, id=self._world.new_id(), name=name, size=size, born=end)
            self._world.add(file)
        return folder


def _resolve(drs_uri: str) -> int | None:
    """Return how many files a bundle has, None for the URI of a single file, or refuse."""
    parts = urlsplit(drs_uri)
    if parts.netloc == UNKNOWN_HOST or is_missing(drs_uri):
        raise RefusalError(404, Code.UNRESOLVED, f"{drs_uri!r} cannot be resolved.")
    found = BUNDLE.search(parts.path)
    return int(found[1]) if found else None
