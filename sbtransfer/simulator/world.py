"""What the platform holds: projects, volumes and files.

Nothing happens in the background. What a job will bring about is entered at once, with the time from which it
holds, so every question about the world comes with a time.

Two conventions spare tests from filling a world: every object, file and folder that a call names exists,
unless it is called `missing`. A `strict` world has nothing but what was put into it. Projects and volumes
must be known in either. A list shows what was brought in, not what was only named.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Any

import attrs

from sbtransfer.simulator.objects import Object, Objects, checksum, sequencing_runs
from sbtransfer.simulator.refusals import Code, RefusalError
from sbtransfer.simulator.timestamps import iso

MISSING = "missing"
REGION = "us-east-1"


def is_missing(location: str) -> bool:
    """Tell whether a location or a URI stands for something that does not exist."""
    return MISSING in location.split("/")


def last_segment(location: str) -> str:
    """Return the name that an unnamed item gets: `a/b.txt` gives `b.txt`, the folder `a/b/` gives `b`."""
    return location.rstrip("/").rpartition("/")[2]


def root_of(project: str) -> str:
    """Return the id of a project's own folder: the parent of what lies in the project itself."""
    return checksum(project)[:24]


@attrs.frozen
class Project:
    """A project, by its `owner/name`: whether its user may write into it, and where its files are kept."""

    id: str
    writable: bool = True
    region: str = attrs.field(default=REGION, kw_only=True)

    @property
    def owner(self) -> str:
        """The user or division that it belongs to."""
        return self.id.partition("/")[0]

    @property
    def name(self) -> str:
        """Its name without the owner."""
        return self.id.partition("/")[2]

    @property
    def root(self) -> str:
        """The id of the folder that holds what lies in the project itself."""
        return root_of(self.id)


@attrs.frozen(eq=False)
class Volume:
    """A volume, by its `owner/name`; one that is not writable can only be imported from.

    `prefix` stands before every location. `service` is the kind of cloud storage, `bucket` its name there.
    """

    id: str
    writable: bool = True
    prefix: str = attrs.field(default="", kw_only=True)
    service: str = attrs.field(default="s3", kw_only=True)
    bucket: str = attrs.field(default="bucket", kw_only=True)
    region: str = attrs.field(default=REGION, kw_only=True)
    active: bool = attrs.field(default=True, kw_only=True)
    objects: Objects = attrs.field(factory=Objects, kw_only=True, repr=False)

    def check_active(self) -> None:
        """Refuse work on a volume that was switched off."""
        if not self.active:
            raise RefusalError(403, Code.INACTIVE_VOLUME, f"Volume {self.id!r} is not active.")

    def key(self, location: str) -> str:
        """Return the location within the bucket."""
        return f"{self.prefix.rstrip('/')}/{location}" if self.prefix else location

    def find(self, location: str, now: float = math.inf) -> Object | None:
        """Return the object at a location of the volume, None if there is none at `now`."""
        return self.objects.get(self.key(location), now)

    def put(self, location: str, size: int, md5: str | None = None, since: float = -math.inf) -> None:
        """Enter an object at a location of the volume."""
        self.objects.put(self.key(location), Object(size=size, md5=md5, since=since))

    def under(self, prefix: str = "", now: float = math.inf) -> Iterator[tuple[str, Object]]:
        """Yield all objects whose location on the volume begins with `prefix`, in order."""
        hidden = len(self.key(""))
        for key, found in self.objects.under(self.key(prefix), now):
            yield key[hidden:], found


@attrs.frozen(eq=False)
class Alias:
    """Where the bytes of an exported file are, from the time `since` on."""

    since: float
    volume: str
    location: str


@attrs.define(eq=False, kw_only=True)
class File:
    """A file or folder; it exists from `born` until `gone` and may become an alias in between.

    `parent` is the folder that it lies in, None for what lies in the project itself. `size` is in bytes, None
    for folders. `sent` is where its exports under way bring it.
    """

    id: str
    name: str
    project: str | None = None
    parent: str | None = None
    type: str = "file"
    size: int | None = None
    md5: str | None = None
    public: bool = False
    born: float = -math.inf
    gone: float = math.inf
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = attrs.field(factory=dict)
    alias: Alias | None = None
    sent: tuple[Alias, ...] = ()

    @property
    def home(self) -> str | None:
        """The folder or project within which its name is looked up."""
        return self.parent or self.project

    @property
    def is_folder(self) -> bool:
        """Whether it can hold others."""
        return self.type == "folder"

    def exists(self, now: float) -> bool:
        """Tell whether it has arrived by `now` and is not replaced yet."""
        # At the end of time, what never goes is there.
        return self.born <= now and (now < self.gone or self.gone == math.inf)

    def is_alias(self, now: float) -> bool:
        """Tell whether an export has taken its bytes away by `now`."""
        return self.alias is not None and self.alias.since <= now

    def brief(self, base_url: str) -> dict[str, Any]:
        """Return the fields that a list shows by default."""
        return {
            "href": f"{base_url}/files/{self.id}",
            "id": self.id,
            "name": self.name,
            "project": self.project,
            "parent": self.parent or (root_of(self.project) if self.project else None),
            "type": self.type,
        }

    def shown(self, now: float, base_url: str) -> dict[str, Any]:
        """Return the file as the platform shows it. A checksum is rare: it shows only where there is one."""
        checksum = {} if self.md5 is None else {"md5": self.md5}
        return {
            **self.brief(base_url),
            "size": self.size,
            **checksum,
            "created_on": iso(self.born),
            "modified_on": iso(self.born),
            "origin": {},
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

    def __init__(self, seed: int = 0, *, strict: bool = False) -> None:
        projects = (Project("rfranklin/my-project"), Project("rfranklin/archive"))
        objects = Objects(sequencing_runs())
        volumes = (
            Volume("rfranklin/input", writable=False, bucket="rfranklin-input", objects=objects),
            Volume("rfranklin/output", bucket="rfranklin-output"),
        )
        self.strict = strict
        self.projects = {project.id: project for project in projects}
        self.volumes = {volume.id: volume for volume in volumes}
        self.files: dict[str, File] = {}
        self._names: dict[tuple[str | None, str], File] = {}
        self._within: defaultdict[str | None, dict[str, File]] = defaultdict(dict)
        self._ids = Random(seed)  # noqa: S311 -- ids that repeat for the same seed, not secrets

    def new_id(self) -> str:
        """Return a fresh id: 24 hexadecimal characters, as the platform's own look."""
        return f"{self._ids.getrandbits(96):024x}"

    # Looking up ------------------------------------------------------------------------------------------

    def project(self, project: str) -> Project:
        """Return a project, or refuse."""
        try:
            return self.projects[project]
        except KeyError:
            raise RefusalError(404, Code.NO_PROJECT, f"Project {project!r} does not exist.") from None

    def volume(self, volume: str) -> Volume:
        """Return a volume, or refuse."""
        try:
            return self.volumes[volume]
        except KeyError:
            raise RefusalError(404, Code.NO_VOLUME, f"Volume {volume!r} does not exist.") from None

    def object(self, volume: Volume, location: str, now: float) -> Object | None:
        """Return what is at a location, None if there is nothing."""
        found = volume.find(location, now)
        if found is None and not (self.strict or location.endswith("/") or is_missing(location)):
            return Object(size=size_of(location))
        return found

    def file(self, file_id: str, now: float) -> File:
        """Return a file that exists at `now`, or refuse. An id never heard of was always there."""
        if file_id not in self.files and file_id != MISSING and not self.strict:
            project = next(iter(self.projects), None)
            self.files[file_id] = File(id=file_id, name=file_id, project=project, size=size_of(file_id))
        file = self.files.get(file_id)
        if file is None or not file.exists(now):
            raise RefusalError(404, Code.NO_FILE, f"File {file_id!r} does not exist.")
        return file

    def region_of(self, file: File) -> str:
        """Return where the bytes of a file are kept."""
        project = self.projects.get(file.project or "")
        return REGION if project is None else project.region

    def check_destination(self, project: str | None, parent: str | None, now: float) -> None:
        """Refuse a destination that cannot take files."""
        _check_one_home(project, parent)
        if parent is not None:
            self._check_folder(parent, now)
            project = self.project_of(parent)
        if project is not None and not self.project(project).writable:
            raise RefusalError(403, Code.READ_ONLY_PROJECT, f"Project {project!r} does not let you write.")

    def place(self, project: str | None, parent: str | None) -> tuple[str | None, str | None]:
        """Return the project and the folder of a destination, None for what lies in the project itself."""
        if parent is None:
            return project, None
        rooted = self._rooted(parent)
        return (rooted, None) if rooted is not None else (self.project_of(parent), parent)

    def project_of(self, folder: str) -> str | None:
        """Return the project that a folder is in, None for a folder that was only named."""
        known = self.files.get(folder)
        return self._rooted(folder) if known is None else known.project

    def within(self, project: str | None, parent: str | None, now: float) -> list[File]:
        """Return what a project or a folder holds itself at `now`, in the order of entry, or refuse."""
        _check_one_home(project, parent)
        if project is not None:
            self.project(project)
        if parent is not None:
            self._check_folder(parent, now)
        project, parent = self.place(project, parent)
        return [file for file in self._within.get(parent or project, {}).values() if file.exists(now)]

    def named(self, home: str | None, name: str) -> File | None:
        """Return the file of that name in a project or folder, also one that a job is still to bring."""
        return self._names.get((home, name))

    def lists(self, file: File) -> bool:
        """Tell whether a file was brought in, not only named."""
        return file.id in self._within.get(file.home, {})

    def paths(self, project: str, now: float = math.inf) -> dict[str, File]:
        """Return the files of a project by their paths; folders show by what is in them.

        At the default time every job has ended.
        """
        return dict(self._paths(project, "", now))

    def _paths(self, home: str, before: str, now: float) -> Iterator[tuple[str, File]]:
        for file in self._within.get(home, {}).values():
            if file.exists(now) and file.is_folder:
                yield from self._paths(file.id, f"{before}{file.name}/", now)
            elif file.exists(now):
                yield before + file.name, file

    # Bringing in -----------------------------------------------------------------------------------------

    def free_name(self, home: str | None, name: str) -> str:
        """Return the name, prefixed by an underscore and a number where it is taken."""
        if (home, name) not in self._names:
            return name
        candidates = (f"_{number}_{name}" for number in count(1))
        return next(free for free in candidates if (home, free) not in self._names)

    def add(self, file: File, *, replace: bool = False) -> File:
        """Take a file in. With `replace`, of it and the file that has its name the first to come goes."""
        last, old = file, self._names.get((file.home, file.name))
        if old is not None and replace:
            first, last = (file, old) if file.born < old.born else (old, file)
            self._end(first, last.born)
        self.files[file.id] = file
        self._names[file.home, file.name] = last
        self._within[file.home][file.id] = file
        return file

    def folder(self, project: str | None, parent: str | None, name: str, born: float) -> File:
        """Return the folder of that name, made if it is not there; it is there from `born` at the latest."""
        there = self.named(parent or project, name)
        if there is not None and there.is_folder and there.gone == math.inf:
            there.born = min(there.born, born)
            return there
        folder = File(id=self.new_id(), name=name, project=project, parent=parent, type="folder", born=born)
        return self.add(folder)

    def forget(self, file: File) -> None:
        """Drop a file for good, a folder with all that is in it: a world of millions must not grow."""
        for inner in list(self._within.pop(file.id, {}).values()):
            self.forget(inner)
        self.files.pop(file.id, None)
        self._within.get(file.home, {}).pop(file.id, None)
        if self._names.get((file.home, file.name)) is file:
            del self._names[file.home, file.name]

    def take_back(self, place: Alias) -> None:
        """Drop the object that an export brought, or was to bring, to a place."""
        volume = self.volumes.get(place.volume)
        if volume is not None:
            volume.objects.discard(volume.key(place.location), place.since)

    def _end(self, file: File, moment: float) -> None:
        """Let a file go, a folder with all that is in it."""
        file.gone = min(file.gone, moment)
        for inner in self._within.get(file.id, {}).values():
            self._end(inner, moment)

    def _rooted(self, folder: str) -> str | None:
        """Return the project whose own folder this is."""
        return next((project.id for project in self.projects.values() if project.root == folder), None)

    def _check_folder(self, folder: str, now: float) -> None:
        known = self.files.get(folder)
        if known is not None:
            there = known.is_folder and known.exists(now)
        else:
            there = self._rooted(folder) is not None or not (folder == MISSING or self.strict)
        if not there:
            raise RefusalError(404, Code.NO_FOLDER, f"Folder {folder!r} does not exist.")


def size_of(name: str) -> int:
    """Return the size of something that exists only because it was named; the same for the same name."""
    return int(checksum(name)[:7], 16)


def _check_one_home(project: str | None, parent: str | None) -> None:
    if (project is None) == (parent is None):
        raise RefusalError(400, Code.BAD_REQUEST, "Give either 'project' or 'parent', and only one of them.")
