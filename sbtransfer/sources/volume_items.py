"""A volume, or what of it has a prefix, as a work list of imports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from attrs import define, field

from sbtransfer.errors import WorkListError
from sbtransfer.http.api import API
from sbtransfer.items import VolumeImport
from sbtransfer.resources import VolumeObject
from sbtransfer.sources.folders import Folders
from sbtransfer.sources.passed import Passed
from sbtransfer.sources.selection import Selection
from sbtransfer.sources.source import Found
from sbtransfer.sources.template import Template
from sbtransfer.sources.walk import objects_within


def _template(text: str) -> Template:
    return Template(text, "path", ("path", "name", "location"))


@define(eq=False, kw_only=True)
class VolumeItems:
    """The objects of a volume as imports, read anew at each iteration; made by `Client.volume_items`.

    An object is known by its location. `passed` counts what was shown by the volume and not taken.
    """

    api: API
    volume: str
    prefix: str
    project: str | None
    parent: str | None
    path: Template = field(converter=_template)
    selection: Selection
    missing_only: bool
    overwrite: bool
    autorename: bool | None
    passed: Passed = field(init=False, factory=Passed)
    _folders: Folders = field(init=False)
    _names: tuple[str, frozenset[str]] | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        # What is wrong with the destination is said at once, and not in the middle of a run.
        self._item("any", VolumeObject(self.volume, "any"), self.parent)
        self._folders = Folders(self.api, self.project, self.parent)

    def __repr__(self) -> str:
        return f"<VolumeItems {self.volume}/{self.prefix}>"

    def key(self, item: VolumeImport) -> str:
        """Return the location."""
        return item.location

    async def __aiter__(self) -> AsyncIterator[VolumeImport]:
        async for page in self.pages():
            for item in await self.items(page):
                yield item

    async def pages(self) -> AsyncIterator[Sequence[Found]]:
        """Yield the objects that are taken, folder by folder."""
        self.passed = Passed()
        self._names = None
        async for objects in objects_within(self.api, self.volume, self.prefix):
            taken = [one for one in objects if self._takes(one)]
            if self.missing_only:
                taken = [one for one in taken if not await self._is_there(one)]
            yield [Found(one.location, one) for one in taken]

    async def items(self, found: Sequence[Found]) -> list[VolumeImport]:
        """Make the imports of objects, and the folders that they go into."""
        return [await self._placed(one.thing) for one in found]

    def describe(self) -> dict[str, Any]:
        """Return what it takes to make it anew; all but the selection is what it is known by."""
        return {
            "volume_items": {
                "volume": self.volume,
                "prefix": self.prefix,
                "project": self.project,
                "parent": self.parent,
                "path": self.path.text,
                "overwrite": self.overwrite,
                "autorename": self.autorename,
            },
            "selection": {**self.selection.describe(), "missing_only": self.missing_only},
        }

    def _takes(self, thing: VolumeObject) -> bool:
        self.passed.shown += 1
        # An object whose name ends in a slash stands for a folder that may be empty; imported, it would bring
        # the whole folder once more.
        if thing.location.endswith("/"):
            self.passed.folders += 1
            return False
        if self.selection.takes(self._below(thing), thing.size):
            return True
        self.passed.excluded += 1
        return False

    def _below(self, thing: VolumeObject) -> str:
        """Return the path from the folder that the prefix is in, or is."""
        return thing.location[self.prefix.rfind("/") + 1 :]

    def _path(self, thing: VolumeObject) -> tuple[str, str]:
        """Return the folder and the name within it that an object gets."""
        name = thing.location.rpartition("/")[2]
        path = self.path.filled(path=self._below(thing), name=name, location=thing.location)
        if any(part.strip() in ("", ".", "..") for part in path.split("/")):
            raise WorkListError(
                [f"{thing.location!r} would become {path!r}, which is no path in a project: exclude it"]
            )
        folder, _, name = path.rpartition("/")
        return folder, name

    async def _is_there(self, thing: VolumeObject) -> bool:
        folder, name = self._path(thing)
        if self._names is None or self._names[0] != folder:
            self._names = folder, await self._names_in(folder)
        there = name in self._names[1]
        self.passed.there += there
        return there

    async def _names_in(self, folder: str) -> frozenset[str]:
        home = await self._folders.found(folder) if folder else None
        if folder and home is None:
            return frozenset()
        within = (self.project, self.parent) if home is None else (None, home.id)
        return frozenset([file.name async for page in self.api.file_pages(*within) for file in page.entries])

    async def _placed(self, thing: VolumeObject) -> VolumeImport:
        folder, name = self._path(thing)
        home = (await self._folders.made(folder)).id if folder else self.parent
        return self._item(name, thing, home)

    def _item(self, name: str, thing: VolumeObject, home: str | None) -> VolumeImport:
        return VolumeImport(
            volume=self.volume,
            location=thing.location,
            project=self.project if home is None else None,
            parent=home,
            name=name,
            overwrite=self.overwrite,
            autorename=self.autorename,
            size=thing.size,
            md5=thing.md5,
        )
