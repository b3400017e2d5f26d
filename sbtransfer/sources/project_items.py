"""A project, or a folder of it, as a work list of exports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from attrs import define, evolve, field

from sbtransfer.errors import WorkListError
from sbtransfer.http.api import API
from sbtransfer.items import VolumeExport
from sbtransfer.models import ErrorRecord
from sbtransfer.resources import FileDetails, VolumeObject
from sbtransfer.sources.details import details_by_id
from sbtransfer.sources.passed import Passed
from sbtransfer.sources.selection import Selection
from sbtransfer.sources.source import Found
from sbtransfer.sources.template import Template
from sbtransfer.sources.walk import files_within


def _template(text: str) -> Template:
    return Template(text, "location", ("path", "name", "id"))


@define(eq=False, kw_only=True)
class ProjectItems:
    """The files of a project as exports, read anew at each iteration; made by `Client.project_items`.

    A file is known by its id. `passed` counts what was shown by the project and not taken.
    """

    api: API
    project: str | None
    parent: str | None
    volume: str
    location: Template = field(converter=_template)
    selection: Selection
    missing_only: bool
    overwrite: bool
    copy_only: bool
    properties: Mapping[str, Any] | None
    passed: Passed = field(init=False, factory=Passed)
    _locations: tuple[str, frozenset[str]] | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        # What is wrong with the destination is said at once, and not in the middle of a run.
        self._item(FileDetails("any", "any", path="any"))

    def __repr__(self) -> str:
        return f"<ProjectItems {self.project or self.parent}>"

    def key(self, item: VolumeExport) -> str:
        """Return the file's id."""
        return item.file

    async def __aiter__(self) -> AsyncIterator[VolumeExport]:
        async for page in self.pages():
            for item in await self.items(page):
                yield item

    async def pages(self) -> AsyncIterator[Sequence[Found]]:
        """Yield the files that are taken, folder by folder."""
        self.passed = Passed()
        self._locations = None
        async for files in files_within(self.api, self.project, self.parent):
            taken = [one for one in await self._detailed(files) if self._takes(one)]
            if self.missing_only:
                taken = [one for one in taken if not await self._is_there(one)]
            yield [Found(one.id, one) for one in taken]

    async def items(self, found: Sequence[Found]) -> list[VolumeExport]:
        """Make the exports of files."""
        return [self._item(one.thing) for one in found]

    def describe(self) -> dict[str, Any]:
        """Return what it takes to make it anew; all but the selection is what it is known by."""
        return {
            "project_items": {
                "project": self.project,
                "parent": self.parent,
                "volume": self.volume,
                "location": self.location.text,
                "overwrite": self.overwrite,
                "copy_only": self.copy_only,
                "properties": None if self.properties is None else dict(self.properties),
            },
            "selection": {**self.selection.describe(), "missing_only": self.missing_only},
        }

    async def _detailed(self, files: Sequence[FileDetails]) -> list[FileDetails]:
        """Return files with what the list did not tell of them: whether they are aliases, and their size."""
        terse = [file for file in files if file.size is None and file.alias is None]
        told = await details_by_id(self.api, [file.id for file in terse]) if terse else []
        known = {file.id: one for file, one in zip(terse, told, strict=True)}
        # What was deleted since it was listed is not there, as if it had never been shown.
        return [_merged(file, known.get(file.id)) for file in files if not _is_gone(known.get(file.id))]

    def _takes(self, file: FileDetails) -> bool:
        self.passed.shown += 1
        if file.alias is not None:
            self.passed.aliases += 1
            return False
        if self.selection.takes(file.path or file.name, file.size):
            return True
        self.passed.excluded += 1
        return False

    def _goes_to(self, file: FileDetails) -> str:
        return self.location.filled(path=file.path or file.name, name=file.name, id=file.id)

    async def _is_there(self, file: FileDetails) -> bool:
        location = self._goes_to(file)
        folder = location[: location.rfind("/") + 1]
        if self._locations is None or self._locations[0] != folder:
            self._locations = folder, await self._locations_in(folder)
        there = location in self._locations[1]
        self.passed.there += there
        return there

    async def _locations_in(self, folder: str) -> frozenset[str]:
        pages = self.api.contents_pages(self.volume, folder)
        return frozenset(
            [
                entry.location
                async for page in pages
                for entry in page.entries
                if isinstance(entry, VolumeObject)
            ]
        )

    def _item(self, file: FileDetails) -> VolumeExport:
        return VolumeExport(
            file=file.id,
            volume=self.volume,
            location=self._goes_to(file),
            overwrite=self.overwrite,
            properties=self.properties,
            copy_only=self.copy_only,
            size=file.size,
            md5=file.md5,
        )


def _is_gone(told: FileDetails | ErrorRecord | None) -> bool:
    return isinstance(told, ErrorRecord) and told.status == 404


def _merged(file: FileDetails, told: FileDetails | ErrorRecord | None) -> FileDetails:
    if isinstance(told, ErrorRecord):
        raise WorkListError([f"{file.path}: the platform lists it and does not tell more of it: {told}"])
    return file if told is None else evolve(told, path=file.path)
