"""What the platform holds: projects, volumes and files.

Nothing happens in the background. What a job will bring about is entered at once, with the time from which it
holds, so every question about the world comes with a time.

Two conventions spare tests from filling a world: every object, file and folder that a call names exists,
unless it is called `missing`. Projects and volumes must be known. A list shows what was brought in, not what
was only named.
"""

import math
from collections import defaultdict
from itertools import count
from random import Random
from typing import Any

import attrs

from sbtransfer.simulator.refusals import Code, RefusalError

MISSING = "missing"


def is_missing(location: str) -> bool:
    """Tell whether a location or a URI stands for something that does not exist."""
    return MISSING in location.split("/")


def last_segment(location: str) -> str:
    """Return the name that an unnamed item gets: `a/b.txt` gives `b.txt`, the folder `a/b/` gives `b`."""
    return location.rstrip("/").rpartition("/")[2]


@attrs.frozen
class Project:
    """A project, by its `owner/name`."""

    id: str
    writable: bool = True


@attrs.frozen
class Volume:
    """A volume, by its `owner/name`; one that is not writable can only be imported from."""

    id: str
    writable: bool = True


@attrs.frozen(eq=False)
class Alias:
    """Where the bytes of an exported file are, from the time `since` on."""

    since: float
    volume: str
    location: str


@attrs.define(eq=False, kw_only=True)
class File:
    """A file or folder; it exists from `born` until `gone` and may become an alias in between."""

    id: str
    name: str
    project: str | None = None
    parent: str | None = None
    type: str = "file"
    born: float = -math.inf
    gone: float = math.inf
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = attrs.field(factory=dict)
    alias: Alias | None = None

    @property
    def home(self) -> str | None:
        """The project or folder within which its name is looked up."""
        return self.project or self.parent

    def exists(self, now: float) -> bool:
        """Tell whether it has arrived by `now` and is not replaced yet."""
        return self.born <= now < self.gone

    def is_alias(self, now: float) -> bool:
        """Tell whether an export has taken its bytes away by `now`."""
        return self.alias is not None and self.alias.since <= now

    def brief(self, base_url: str) -> dict[str, Any]:
        """Return the fields that a list shows."""
        return {
            "href": f"{base_url}/files/{self.id}",
            "id": self.id,
            "name": self.name,
            "project": self.project,
            "parent": self.parent,
            "type": self.type,
        }

    def shown(self, now: float, base_url: str) -> dict[str, Any]:
        """Return the file as the platform shows it."""
        return {
            **self.brief(base_url),
            "storage": self._storage(now),
            "tags": self.tags,
            "metadata": self.metadata,
        }

    def _storage(self, now: float) -> dict[str, str]:
        if self.alias is None or not self.is_alias(now):
            return {"type": "PLATFORM"}
        return {"type": "VOLUME", "volume": self.alias.volume, "location": self.alias.location}


class World:
    """The projects, volumes and files of the simulated platform.

    Put more projects and volumes into the dicts at will; files come in by `add`.
    """

    def __init__(self, seed: int = 0) -> None:
        projects = (Project("rfranklin/my-project"), Project("rfranklin/archive"))
        volumes = (Volume("rfranklin/input", writable=False), Volume("rfranklin/output"))
        self.projects = {project.id: project for project in projects}
        self.volumes = {volume.id: volume for volume in volumes}
        self.files: dict[str, File] = {}
        self._names: dict[tuple[str | None, str], File] = {}
        self._within: defaultdict[str | None, list[File]] = defaultdict(list)
        self._ids = Random(seed)  # noqa: S311 -- ids that repeat for the same seed, not secrets

    def new_id(self) -> str:
        """Return a fresh id: 24 hexadecimal characters, as the platform's own look."""
        return f"{self._ids.getrandbits(96):024x}"

    def volume(self, volume: str) -> Volume:
        """Return a volume, or refuse."""
        try:
            return self.volumes[volume]
        except KeyError:
            raise RefusalError(404, Code.NO_VOLUME, f"Volume {volume!r} does not exist.") from None

    def file(self, file_id: str, now: float) -> File:
        """Return a file that exists at `now`, or refuse. An id never heard of was always there."""
        if file_id not in self.files and file_id != MISSING:
            self.files[file_id] = File(id=file_id, name=file_id, project=next(iter(self.projects), None))
        file = self.files.get(file_id)
        if file is None or not file.exists(now):
            raise RefusalError(404, Code.NO_FILE, f"File {file_id!r} does not exist.")
        return file

    def check_destination(self, project: str | None, parent: str | None) -> None:
        """Refuse a destination that cannot take files."""
        _check_one_home(project, parent)
        if parent == MISSING:
            raise _no_folder(parent)
        if project is not None and not self._project(project).writable:
            raise RefusalError(403, Code.READ_ONLY_PROJECT, f"Project {project!r} does not let you write.")

    def within(self, project: str | None, parent: str | None, now: float) -> list[File]:
        """Return what a project or a folder holds itself at `now`, in the order of entry, or refuse."""
        _check_one_home(project, parent)
        if project is not None:
            self._project(project)
        if parent is not None:
            self._check_folder(parent, now)
        return [file for file in self._within.get(project or parent, ()) if file.exists(now)]

    def named(self, home: str | None, name: str) -> File | None:
        """Return the file of that name in a project or folder, also one that a job is still to bring."""
        return self._names.get((home, name))

    def free_name(self, home: str | None, name: str) -> str:
        """Return the name, prefixed by an underscore and a number where it is taken."""
        if (home, name) not in self._names:
            return name
        candidates = (f"_{number}_{name}" for number in count(1))
        return next(free for free in candidates if (home, free) not in self._names)

    def add(self, file: File, *, replace: bool = False) -> File:
        """Take a file in. With `replace`, the file that had its name goes when the new one arrives."""
        home = file.home
        old = self._names.get((home, file.name))
        if old is not None and replace:
            self._end(old, file.born)
        self.files[file.id] = file
        self._names[home, file.name] = file
        self._within[home].append(file)
        return file

    def _end(self, file: File, moment: float) -> None:
        """Let a file go, a folder with all that is in it."""
        file.gone = min(file.gone, moment)
        for inner in self._within.get(file.id, ()):
            self._end(inner, moment)

    def _project(self, project: str) -> Project:
        try:
            return self.projects[project]
        except KeyError:
            raise RefusalError(404, Code.NO_PROJECT, f"Project {project!r} does not exist.") from None

    def _check_folder(self, folder: str, now: float) -> None:
        known = self.files.get(folder)
        there = folder != MISSING if known is None else known.type == "folder" and known.exists(now)
        if not there:
            raise _no_folder(folder)


def _check_one_home(project: str | None, parent: str | None) -> None:
    if (project is None) == (parent is None):
        raise RefusalError(400, Code.BAD_REQUEST, "Give either 'project' or 'parent', and only one of them.")


def _no_folder(folder: str) -> RefusalError:
    return RefusalError(404, Code.NO_FOLDER, f"Folder {folder!r} does not exist.")
