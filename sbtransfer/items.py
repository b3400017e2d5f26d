"""The three kinds of item that a work list can hold, each checked when it is created.

The field names are those of the official client's dicts, so that `VolumeImport(**their_dict)` works.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, ClassVar, Literal, NoReturn, TypeAlias

import orjson
from attrs import field, frozen

from sbtransfer.errors import InvalidItemError

Kind: TypeAlias = Literal["import", "export", "drs"]
ConflictResolution: TypeAlias = Literal["SKIP", "OVERWRITE", "RENAME"]

# Assumption: the platform does not document which characters it refuses in a name. Control characters never
# work and lone surrogates cannot be sent; a slash separates folders, so it can only stand where a name may
# hold a path.
_REFUSED = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_OWNED = re.compile(r"[^/\s\x00-\x1f\x7f\ud800-\udfff]+/[^/\s\x00-\x1f\x7f\ud800-\udfff]+")
_MD5 = re.compile(r"[0-9a-f]{32}")
_RESOLUTIONS = frozenset({"SKIP", "OVERWRITE", "RENAME"})


def _snapshot(mapping: Any) -> Any:
    # A caller may fill one dict again and again; the item keeps what it was given.
    return dict(mapping) if isinstance(mapping, Mapping) else mapping


def _lowered(digest: Any) -> Any:
    return digest.lower() if isinstance(digest, str) else digest


def _as_tags(tags: Any) -> Any:
    # A lone string would fall apart into its letters; kept whole, it is refused by the check.
    return tags if isinstance(tags, str) or not isinstance(tags, Iterable) else tuple(tags)


def last_segment(location: str) -> str:
    """Return the name that an unnamed import gets: `a/b.txt` gives `b.txt`, the folder `a/b/` gives `b`."""
    return location.rstrip("/").rpartition("/")[2]


@frozen(kw_only=True)
class VolumeImport:
    """One file or folder to bring from a volume into a project.

    `volume` is `owner/name`; `location` the object's key on it, a folder if it ends in `/`. Exactly one of
    `project` (`owner/name`) and `parent` (a folder's id) says where it goes. Without `name` the last segment
    of the location is used. `preserve_folder_structure` is for folders only. `size` in bytes and `md5` are
    what the file should have, for `Client.verify`; `ref` is the caller's own key: these three are never sent,
    and are there in the outcome. Raises `InvalidItemError` for what could never be sent.
    """

    kind: ClassVar[Kind] = "import"

    volume: str
    location: str
    project: str | None = None
    parent: str | None = None
    name: str | None = None
    overwrite: bool = False
    autorename: bool | None = None
    preserve_folder_structure: bool | None = None
    size: int | None = None
    md5: str | None = field(default=None, converter=_lowered)
    ref: Hashable = None

    def __attrs_post_init__(self) -> None:
        check = _Check(self)
        check.owned("volume", self.volume)
        check.text("location", self.location)
        check.destination(self.project, self.parent)
        if self.name is not None:
            check.name(self.name, path_allowed=False)
        check.flag("overwrite", self.overwrite)
        if self.autorename is not None:
            check.flag("autorename", self.autorename)
        if self.preserve_folder_structure is not None:
            check.flag("preserve_folder_structure", self.preserve_folder_structure)
            if not self.location.endswith("/"):
                check.fail(
                    "preserve_folder_structure",
                    "is for folders only: end the location in '/' or omit it",
                )
        check.promise(self.size, self.md5)

    @property
    def call_key(self) -> tuple[Hashable, ...]:
        """What this item must agree on with the others of its call."""
        return ("import",)

    @property
    def file_name(self) -> str:
        """The name that its file gets, or the folder."""
        return last_segment(self.location) if self.name is None else self.name


@frozen(kw_only=True)
class VolumeExport:
    """One platform file to send to a volume.

    `file` is the file's id, `volume` is `owner/name` and `location` the key that the object gets there.
    Without `copy_only` the platform's file becomes an alias of the new object: it cannot be exported twice.
    `properties` are the storage service's (`sse_algorithm`, `sse_aws_kms_key_id`, `aws_canned_acl`). `size`,
    `md5` and `ref` are as those of `VolumeImport`. Raises `InvalidItemError` for what could never be sent.
    """

    kind: ClassVar[Kind] = "export"

    file: str
    volume: str
    location: str
    overwrite: bool = False
    properties: Mapping[str, Any] | None = field(default=None, hash=False, converter=_snapshot)
    copy_only: bool = False
    size: int | None = None
    md5: str | None = field(default=None, converter=_lowered)
    ref: Hashable = None

    def __attrs_post_init__(self) -> None:
        check = _Check(self)
        check.text("file", self.file)
        check.owned("volume", self.volume)
        check.text("location", self.location)
        if self.location.endswith("/"):
            check.fail("location", f"must name an object, not a folder: {self.location!r}")
        check.flag("overwrite", self.overwrite)
        check.flag("copy_only", self.copy_only)
        check.mapping("properties", self.properties)
        check.promise(self.size, self.md5)

    @property
    def call_key(self) -> tuple[Hashable, ...]:
        """What this item must agree on with the others of its call."""
        return ("export", self.copy_only)


@frozen(kw_only=True)
class DRSImport:
    """One file or bundle to bring in by its DRS URI.

    Exactly one of `project` (`owner/name`) and `parent` (a folder's id) says where it goes. `name` may hold a
    path inside the project. `conflict_resolution` (`SKIP`, `OVERWRITE`, `RENAME`) and `tags` belong to the
    whole call: items that differ in them travel in different calls. `size`, `md5` and `ref` are as those of
    `VolumeImport`. Raises `InvalidItemError` for what could never be sent.
    """

    kind: ClassVar[Kind] = "drs"

    drs_uri: str
    project: str | None = None
    parent: str | None = None
    name: str | None = None
    metadata: Mapping[str, Any] | None = field(default=None, hash=False, converter=_snapshot)
    conflict_resolution: ConflictResolution = "SKIP"
    tags: tuple[str, ...] = field(default=(), converter=_as_tags)
    size: int | None = None
    md5: str | None = field(default=None, converter=_lowered)
    ref: Hashable = None

    def __attrs_post_init__(self) -> None:
        check = _Check(self)
        check.text("drs_uri", self.drs_uri)
        if not self.drs_uri.startswith("drs://") or len(self.drs_uri) == len("drs://"):
            check.fail("drs_uri", f"must start with 'drs://' and name an object: {_shown(self.drs_uri)}")
        check.destination(self.project, self.parent)
        if self.name is not None:
            check.name(self.name, path_allowed=True)
        check.mapping("metadata", self.metadata)
        check.resolution("conflict_resolution", self.conflict_resolution)
        check.tags("tags", self.tags)
        check.promise(self.size, self.md5)

    @property
    def call_key(self) -> tuple[Hashable, ...]:
        """What this item must agree on with the others of its call."""
        return ("drs", self.conflict_resolution, self.tags)


Item: TypeAlias = VolumeImport | VolumeExport | DRSImport


@frozen
class _Check:
    """The rules that the kinds share; each names the item's kind and field when it is broken."""

    item: Item

    def fail(self, field_name: str, reason: str) -> NoReturn:
        raise InvalidItemError(type(self.item).__name__, field_name, reason)

    def text(self, field_name: str, value: object) -> None:
        if type(value) is not str or not value:
            self.fail(field_name, f"must be text and not empty, not {_shown(value)}")
        if _REFUSED.search(value):
            self.fail(field_name, f"holds a character that the platform refuses: {_shown(value)}")

    def owned(self, field_name: str, value: object) -> None:
        if type(value) is not str or not _OWNED.fullmatch(value):
            self.fail(field_name, f"must look like 'owner/name', not {_shown(value)}")

    def flag(self, field_name: str, value: object) -> None:
        if type(value) is not bool:
            self.fail(field_name, f"must be true or false, not {_shown(value)}")

    def mapping(self, field_name: str, value: object) -> None:
        if value is None:
            return
        if not isinstance(value, Mapping):
            self.fail(field_name, f"must map names to values, not {_shown(value)}")
        try:
            orjson.dumps(value)
            json.dumps(value, allow_nan=False)  # orjson would send what is not a number as null
        except (TypeError, ValueError) as error:
            self.fail(field_name, f"cannot be sent as JSON: {error}")

    def resolution(self, field_name: str, value: object) -> None:
        if type(value) is not str or value not in _RESOLUTIONS:
            self.fail(field_name, f"must be SKIP, OVERWRITE or RENAME, not {_shown(value)}")

    def tags(self, field_name: str, value: object) -> None:
        if type(value) is not tuple:
            self.fail(field_name, f"must be a list of strings, not {_shown(value)}")
        for tag in value:
            self.text(field_name, tag)

    def promise(self, size: object, md5: object) -> None:
        if size is not None and (type(size) is not int or size < 0):
            self.fail("size", f"must be a whole number of bytes, not {_shown(size)}")
        if md5 is not None and (type(md5) is not str or not _MD5.fullmatch(md5)):
            self.fail("md5", f"must be 32 hexadecimal digits, not {_shown(md5)}")

    def destination(self, project: object, parent: object) -> None:
        if (project is None) == (parent is None):
            self.fail(
                "project", "give exactly one of project and parent" + (" (both are set)" if project else "")
            )
        if project is not None:
            self.owned("project", project)
        else:
            self.text("parent", parent)

    def name(self, name: object, *, path_allowed: bool) -> None:
        self.text("name", name)
        segments = str(name).split("/")
        if len(segments) > 1 and not path_allowed:
            self.fail("name", f"must not hold a '/': {_shown(name)}; give the folder's id as parent instead")
        if any(segment.strip() in ("", ".", "..") for segment in segments):
            self.fail("name", f"has an empty, '.' or '..' part: {_shown(name)}")


def _shown(value: object, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"


ITEM_TYPES: Mapping[Kind, type[Item]] = {
    "import": VolumeImport,
    "export": VolumeExport,
    "drs": DRSImport,
}
