"""What the platform shows: the user, limits, projects, volumes, files and jobs, as its calls return them.

Field names are the platform's own, from the public API documentation. Times are aware and in UTC, sizes in
bytes. What an answer does not tell is `None`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from sbtransfer.models import ENDED, ErrorRecord


@frozen
class User:
    """The owner of a token."""

    username: str


@frozen
class RateLimit:
    """What is left of the platform's request window; `reset` in Unix seconds, when it starts anew."""

    limit: int
    remaining: int
    reset: float


@frozen
class Project:
    """A project, by its `owner/name`.

    `permissions` are those of the token's owner, by name (`read`, `write`, `copy`, `execute`, `admin`);
    `root_folder` is the id of the folder that holds what lies in the project itself, `region` is where the
    bytes of its files are kept.
    """

    id: str
    name: str
    root_folder: str | None = None
    permissions: Mapping[str, bool] = field(factory=dict, hash=False)
    region: str | None = None

    @property
    def writable(self) -> bool | None:
        """Whether files may be brought in, which takes the permission to write."""
        return self.permissions.get("write")


@frozen
class Volume:
    """Cloud storage that is attached to the platform, by its `owner/name`.

    `access_mode` is `RO` or `RW`; exports need `RW`. `service` is the kind of storage (`s3`, `gcs`), `bucket`
    its name there, in a `region`; `prefix` stands before every location. One that is not `active` takes no
    transfers.
    """

    id: str
    name: str
    access_mode: str | None = None
    active: bool | None = None
    service: str | None = None
    bucket: str | None = None
    prefix: str | None = None
    region: str | None = None

    @property
    def writable(self) -> bool:
        """Whether files can be exported to it."""
        return self.access_mode == "RW"


@frozen
class VolumeObject:
    """An object on a volume, at its `location` there; `md5` where the storage gives it."""

    volume: str
    location: str
    size: int | None = None
    md5: str | None = None


@frozen
class VolumeFolder:
    """A folder on a volume: what the locations of several objects begin with; it ends in `/`."""

    volume: str
    prefix: str


@frozen
class FileDetails:
    """What the platform tells of a file or folder.

    `project` and `parent` are where it lies, as far as it says. `alias` is the volume and the location that
    hold the bytes, of a file whose bytes the platform does not hold itself. `size` and, rarely, `md5` are
    told of files only. `path` is filled in by recursive lists: the name with the folders it was found in.
    """

    id: str
    name: str
    is_folder: bool = False
    project: str | None = None
    parent: str | None = None
    alias: tuple[str, str] | None = None
    size: int | None = None
    md5: str | None = None
    path: str | None = None


@frozen(kw_only=True)
class ImportJob:
    """An import from a volume, single or part of a bulk call.

    `state` is PENDING, RUNNING, COMPLETED or FAILED. `file_id` is the new file once it is COMPLETED, `error`
    the reason once it is FAILED.
    """

    id: str
    state: str
    volume: str
    location: str
    project: str | None = None
    parent: str | None = None
    name: str | None = None
    overwrite: bool = False
    autorename: bool | None = None
    preserve_folder_structure: bool | None = None
    file_id: str | None = None
    error: ErrorRecord | None = None
    started_on: datetime | None = None
    finished_on: datetime | None = None

    @property
    def ended(self) -> bool:
        """Whether the job will not change any more."""
        return self.state in ENDED


@frozen(kw_only=True)
class ExportJob:
    """An export to a volume, single or part of a bulk call.

    `state` is PENDING, RUNNING, COMPLETED or FAILED, `file` the id of the file that is exported, `error` the
    reason once it is FAILED.
    """

    id: str
    state: str
    file: str
    volume: str
    location: str
    overwrite: bool = False
    properties: Mapping[str, object] = field(factory=dict, hash=False)
    error: ErrorRecord | None = None
    started_on: datetime | None = None
    finished_on: datetime | None = None

    @property
    def ended(self) -> bool:
        """Whether the job will not change any more."""
        return self.state in ENDED
