"""A world as a JSON file: what there is at one moment, to begin with it again.

The file is an object with `strict`, `projects`, `volumes` and `files`. Their entries have the fields of
`Project`, `Volume` and `File`; `id` is required, and the `name` of files. A volume lists its `objects` as
`{"location", "size", "md5"}`, locations within the bucket; or it names in `objects_of` another volume that
leads to the same ones. An exported file has an `alias` with `volume` and `location`. A file that no list
shows, since it was only named, has `listed` false. Jobs are not kept.
"""

import math
import os
from collections import Counter
from pathlib import Path
from typing import Any, Literal
from zlib import crc32

import attrs
import orjson
from cattrs import BaseValidationError, Converter, transform_error
from cattrs.v import format_exception

from sbtransfer.simulator.objects import Object, Objects
from sbtransfer.simulator.world import REGION, Alias, File, Project, Volume, World


@attrs.frozen
class _Object:
    location: str
    size: int
    md5: str | None = None


@attrs.frozen
class _Project:
    id: str
    writable: bool = True
    region: str = REGION


@attrs.frozen
class _Volume:
    id: str
    writable: bool = True
    prefix: str = ""
    service: str = "s3"
    bucket: str = "bucket"
    region: str = REGION
    active: bool = True
    objects: list[_Object] = attrs.Factory(list)
    objects_of: str | None = None


@attrs.frozen
class _Alias:
    volume: str
    location: str


@attrs.frozen
class _File:
    id: str
    name: str
    project: str | None = None
    parent: str | None = None
    type: Literal["file", "folder"] = "file"
    size: int | None = None
    md5: str | None = None
    public: bool = False
    tags: list[str] = attrs.Factory(list)
    metadata: dict[str, Any] = attrs.Factory(dict)
    alias: _Alias | None = None
    listed: bool = True


@attrs.frozen
class _World:
    strict: bool = False
    projects: list[_Project] = attrs.Factory(list)
    volumes: list[_Volume] = attrs.Factory(list)
    files: list[_File] = attrs.Factory(list)


def _exactly(kind: type) -> Any:
    def check(value: Any, _: type) -> Any:
        # A flag is a number for Python, but not in a file.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise TypeError(f"expected {kind.__name__}, not {value!r}")
        if isinstance(value, int) and value < 0:  # every number in a world is a size
            raise ValueError(f"a size cannot be {value}")
        return value

    return check


_CONVERTER = Converter(forbid_extra_keys=True)
for _kind in (str, int, bool):
    _CONVERTER.register_structure_hook(_kind, _exactly(_kind))


def _told(error: BaseException, kind: type | None) -> str:
    """Return what is wrong, in the words above where they are ours."""
    ours = isinstance(error, TypeError | ValueError) and kind in (str, int, bool)
    return str(error) if ours else format_exception(error, kind)


def load(path: Path) -> World:
    """Read a world. Raises ValueError, with the place, for what is none, and OSError as files do."""
    try:
        text = path.read_bytes()
        told = orjson.loads(text)
        if not isinstance(told, dict):
            raise ValueError(f"{path}: a world is a JSON object")
        kept = _CONVERTER.structure(told, _World)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"{path}: not JSON: {error}") from None
    except BaseValidationError as error:
        raise ValueError(f"{path}: {'; '.join(transform_error(error, format_exception=_told))}") from None
    # Ids that are new in this world must differ from those that it was saved with.
    world = World(crc32(text, 1), strict=kept.strict)
    try:
        for kind in ("projects", "volumes", "files"):
            _check_ids(kind, [one.id for one in getattr(kept, kind)])
        world.projects = {one.id: Project(**attrs.asdict(one)) for one in kept.projects}
        world.volumes = _volumes(kept.volumes)
        for one in kept.files:
            _check_home(one, world)
            file = _file(one, world)
            if one.listed:
                world.add(file)
            world.files[file.id] = file
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return world


def save(world: World, path: Path, now: float = math.inf) -> None:
    """Write what there is at `now`, by default when all jobs have ended. Only its owner may read the file."""
    kept = _World(
        strict=world.strict,
        projects=[_Project(one.id, one.writable, one.region) for one in world.projects.values()],
        volumes=_kept_volumes(world, now),
        files=[_kept_file(file, world, now) for file in world.files.values() if file.exists(now)],
    )
    draft = path.with_name(f"{path.name}.part")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(orjson.dumps(attrs.asdict(kept), option=orjson.OPT_INDENT_2))
    draft.replace(path)


def _volumes(kept: list[_Volume]) -> dict[str, Volume]:
    volumes: dict[str, Volume] = {}
    for one in kept:
        fields = attrs.asdict(one, filter=lambda field, _: field.name not in ("objects", "objects_of"))
        if one.objects_of is None:
            objects = Objects({each.location: Object(size=each.size, md5=each.md5) for each in one.objects})
        elif one.objects_of in volumes:
            objects = volumes[one.objects_of].objects
        else:
            raise ValueError(f"volume {one.id!r}: 'objects_of' must name a volume above it")
        volumes[one.id] = Volume(**fields, objects=objects)
    return volumes


def _kept_volumes(world: World, now: float) -> list[_Volume]:
    kept: list[_Volume] = []
    first: dict[int, str] = {}
    for one in world.volumes.values():
        leader = first.setdefault(id(one.objects), one.id)
        objects = one.objects.under("", now) if leader == one.id else ()
        kept.append(
            _Volume(
                id=one.id,
                writable=one.writable,
                prefix=one.prefix,
                service=one.service,
                bucket=one.bucket,
                region=one.region,
                active=one.active,
                objects=[_Object(location, found.size, found.md5) for location, found in objects],
                objects_of=None if leader == one.id else leader,
            )
        )
    return kept


def _check_ids(kind: str, ids: list[str]) -> None:
    twice = [one for one, times in Counter(ids).items() if times > 1]
    if twice:
        raise ValueError(f"{kind}: {twice[0]!r} is there twice")


def _check_home(file: _File, world: World) -> None:
    """Refuse a file that lies nowhere; folders come before what is in them."""
    if file.project is not None and file.project not in world.projects:
        raise ValueError(f"file {file.id!r}: there is no project {file.project!r} in this file")
    folder = world.files.get(file.parent or "")
    if file.parent is not None and folder is None and world.strict:
        raise ValueError(f"file {file.id!r}: its folder {file.parent!r} must stand above it")
    if folder is not None and not folder.is_folder:
        raise ValueError(f"file {file.id!r}: {file.parent!r} is no folder")
    if folder is not None and file.project not in (None, folder.project):
        raise ValueError(f"file {file.id!r}: its folder is in another project, {folder.project!r}")


def _file(kept: _File, world: World) -> File:
    aside = ("alias", "tags", "project", "listed")
    fields = attrs.asdict(kept, filter=lambda field, _: field.name not in aside)
    alias = None if kept.alias is None else Alias(-math.inf, kept.alias.volume, kept.alias.location)
    project = kept.project or (world.project_of(kept.parent) if kept.parent else None)
    return File(**fields, project=project, tags=tuple(kept.tags), alias=alias)


def _kept_file(file: File, world: World, now: float) -> _File:
    alias = file.alias if file.is_alias(now) else None
    return _File(
        id=file.id,
        name=file.name,
        project=file.project,
        parent=file.parent,
        type="folder" if file.is_folder else "file",
        size=file.size,
        md5=file.md5,
        public=file.public,
        tags=list(file.tags),
        metadata=file.metadata,
        alias=None if alias is None else _Alias(alias.volume, alias.location),
        listed=world.lists(file),
    )
