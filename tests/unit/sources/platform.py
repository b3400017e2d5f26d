"""A platform of a few dicts, with the calls that live sources and the comparison make of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, TypeVar, cast

from attrs import field, frozen

from sbtransfer.errors import APIError
from sbtransfer.http.api import API
from sbtransfer.http.caller import Caller
from sbtransfer.models import ErrorRecord
from sbtransfer.resources import FileDetails, VolumeFolder, VolumeObject
from sbtransfer.wire import LinkedPage

T = TypeVar("T")

VOLUME, PROJECT = "rosa/input", "rosa/study"
MD5 = "0123456789abcdef" * 2
GONE = ErrorRecord(404, 5002, "not found")
DENIED = ErrorRecord(403, 5001, "no access")


@frozen(eq=False)
class FakeAPI(API):
    """Holds objects by location and files by id; lists show `page_size` entries on a page.

    The id of a file is its home and its name: `rosa/study/runs/1.bam`. `told` is what a bulk get answers of a
    file where that is not what the lists show; `requests` are the calls in their order, each page one.
    """

    caller: Caller = field(init=False, default=cast("Caller", None))  # nothing here may reach it
    objects: dict[str, VolumeObject] = field(init=False, factory=dict)
    files: dict[str, FileDetails] = field(init=False, factory=dict)
    told: dict[str, FileDetails | ErrorRecord] = field(init=False, factory=dict)
    requests: list[tuple[Any, ...]] = field(init=False, factory=list)
    page_size: int = 100

    # What is there ---------------------------------------------------------------------------------------

    def put(self, *locations: str, **fields: Any) -> None:
        for location in locations:
            self.objects[location] = VolumeObject(VOLUME, location, **fields)

    def add(self, *paths: str, home: str = PROJECT, **fields: Any) -> None:
        """Add files, or with `is_folder` folders, and the folders that they are in."""
        for path in paths:
            before, _, name = path.rpartition("/")
            if before and f"{home}/{before}" not in self.files:
                self.add(before, home=home, is_folder=True)
            self._enter(name, f"{home}/{before}" if before else home, **fields)

    def _enter(self, name: str, home: str, **fields: Any) -> FileDetails:
        where: dict[str, Any] = {"project": PROJECT} if home == PROJECT else {"parent": home}
        entered = FileDetails(f"{home}/{name}", name, **where, **fields)
        self.files[entered.id] = entered
        return entered

    # What was asked --------------------------------------------------------------------------------------

    def asked(self, call: str) -> list[list[Any]]:
        """What a call was given, each time."""
        return [given for name, *given in self.requests if name == call]

    # The calls -------------------------------------------------------------------------------------------

    async def contents_pages(
        self, volume: str, prefix: str
    ) -> AsyncIterator[LinkedPage[VolumeObject | VolumeFolder]]:
        objects = [one for location, one in sorted(self.objects.items()) if location.startswith(prefix)]
        rests = {one.location: one.location[len(prefix) :].partition("/") for one in objects}
        shown: list[VolumeObject | VolumeFolder] = [one for one in objects if not rests[one.location][1]]
        folders = dict.fromkeys(prefix + name + slash for name, slash, _ in rests.values() if slash)
        shown.extend(VolumeFolder(volume, folder) for folder in folders)
        # As object stores do it, what stands for the very folder that is listed is one of its objects.
        for page in self._paged(shown):
            self.requests.append(("contents_pages", volume, prefix))
            yield page

    async def file_pages(
        self, project: str | None = None, parent: str | None = None, name: str | None = None
    ) -> AsyncIterator[LinkedPage[FileDetails]]:
        home = parent or project
        inside = [one for one in self.files.values() if home in (one.parent, one.project)]
        for page in self._paged([one for one in inside if name in (None, one.name)]):
            self.requests.append(("file_pages", project, parent, name))
            yield page

    def _paged(self, entries: list[T]) -> Iterator[LinkedPage[T]]:
        for start in range(0, len(entries) or 1, self.page_size):
            yield LinkedPage(tuple(entries[start : start + self.page_size]))

    async def file_details(self, file_ids: Sequence[str]) -> dict[str, FileDetails | ErrorRecord]:
        assert 1 <= len(file_ids) <= 100
        assert len(set(file_ids)) == len(file_ids)
        self.requests.append(("file_details", *file_ids))
        return {one: self.told.get(one) or self.files.get(one) or GONE for one in file_ids}

    async def make_folder(self, name: str, project: str | None, parent: str | None) -> FileDetails:
        self.requests.append(("make_folder", name, project, parent))
        home = parent or project or ""
        if f"{home}/{name}" in self.files:
            raise APIError(409, 5005, f"{name!r} exists")
        return self._enter(name, home, is_folder=True)

    async def get_object(self, volume: str, location: str) -> VolumeObject:
        self.requests.append(("get_object", volume, location))
        if location not in self.objects:
            raise APIError(404, 9005, "no such object")
        return self.objects[location]
