"""The platform's calls as a client offers them: one method a call, lists as async iterators."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from sbtransfer.http.api import API
from sbtransfer.items import VolumeExport, VolumeImport
from sbtransfer.models import DRSJob, ErrorRecord
from sbtransfer.resources import (
    ExportJob,
    FileDetails,
    ImportJob,
    Project,
    RateLimit,
    User,
    Volume,
    VolumeFolder,
    VolumeObject,
)
from sbtransfer.sources.details import details_of, in_hundreds
from sbtransfer.sources.folders import Folders
from sbtransfer.sources.walk import files_within, objects_within
from sbtransfer.wire import LinkedPage

T = TypeVar("T")


class PlatformCalls:
    """What a client can ask of the platform beside transfers.

    All calls share the client's limits and wait for them. Reads are repeated where that may help. A call that
    the platform refuses raises `APIError`; one whose answer is not what the documentation says raises
    `UnreadableAnswerError`, and so does a list that ends before all of it was shown. Lists are async
    iterators, which read one page of at most 100 entries after the other, as far as they are iterated.
    """

    _api: API

    # The user --------------------------------------------------------------------------------------------

    async def user(self) -> User:
        """Return the owner of the token (`GET /user`)."""
        return await self._api.user()

    async def rate_limit(self) -> RateLimit:
        """Return what the platform counts of its request window (`GET /rate_limit`); it is not counted."""
        return await self._api.rate_limit()

    @property
    def waiting_for(self) -> str | None:
        """Why no call goes out now: an outage, maintenance, a limit; `None` where nothing is waited for."""
        return self._api.caller.gate.reason

    # Single jobs -----------------------------------------------------------------------------------------

    async def start_import(self, item: VolumeImport) -> ImportJob:
        """Start one import and return its job as it was accepted (`POST /storage/imports`).

        `transfer` does more: it follows the job, and settles what became of a call without an answer. Here
        such a call raises `NoAnswerError` or `UnreadableAnswerError`: look at `list_imports` before you
        repeat it.
        """
        return await self._api.create_import(item, await self._api.caller.admit("submit"))

    async def get_import(self, job_id: str) -> ImportJob:
        """Return an import as it stands (`GET /storage/imports/{id}`)."""
        return await self._api.get_import(job_id)

    def get_imports(
        self, job_ids: Iterable[str] | AsyncIterable[str]
    ) -> AsyncIterator[ImportJob | ErrorRecord]:
        """Yield any number of imports as they stand, or why there is none, in the order of their ids.

        They are read 100 at a time (`POST /bulk/storage/imports/get`).
        """
        return _told(self._api.import_details, job_ids)

    def list_imports(
        self, *, project: str | None = None, volume: str | None = None, state: str | Iterable[str] = ()
    ) -> AsyncIterator[ImportJob]:
        """Yield the user's imports, those of a project, a volume, or in a state or several.

        `GET /storage/imports`; the platform does not document their order.
        """
        return _entries(self._api.import_pages(project, volume, _states(state)))

    async def start_export(self, item: VolumeExport) -> ExportJob:
        """Start one export and return its job as it was accepted (`POST /storage/exports`).

        As with `start_import`, a call without an answer raises. Without `copy_only` an export destroys its
        source: never repeat it before you have looked at `list_exports` and at the file.
        """
        return await self._api.create_export(item, await self._api.caller.admit("submit"))

    async def get_export(self, job_id: str) -> ExportJob:
        """Return an export as it stands (`GET /storage/exports/{id}`)."""
        return await self._api.get_export(job_id)

    def get_exports(
        self, job_ids: Iterable[str] | AsyncIterable[str]
    ) -> AsyncIterator[ExportJob | ErrorRecord]:
        """Yield any number of exports as they stand, or why there is none, in the order of their ids.

        They are read 100 at a time (`POST /bulk/storage/exports/get`).
        """
        return _told(self._api.export_details, job_ids)

    def list_exports(
        self, *, volume: str | None = None, state: str | Iterable[str] = ()
    ) -> AsyncIterator[ExportJob]:
        """Yield the user's exports, those to a volume, or in a state or several (`GET /storage/exports`)."""
        return _entries(self._api.export_pages(volume, _states(state)))

    async def get_drs_import(self, job_id: str) -> DRSJob:
        """Return a DRS import, the job of a whole bulk call, as it stands (`GET /bulk/drs/imports/{id}`)."""
        return await self._api.get_drs(job_id)

    # Projects and volumes --------------------------------------------------------------------------------

    def list_projects(self, *, owner: str | None = None, name: str | None = None) -> AsyncIterator[Project]:
        """Yield the projects that the user can see, those of an owner, or by their name (`GET /projects`)."""
        return _entries(self._api.project_pages(owner, name))

    async def get_project(self, project: str) -> Project:
        """Return a project with the user's permissions (`GET /projects/{owner}/{name}`)."""
        return await self._api.get_project(project)

    def list_volumes(self) -> AsyncIterator[Volume]:
        """Yield the volumes that the user can see (`GET /storage/volumes`)."""
        return _entries(self._api.volume_pages())

    async def get_volume(self, volume: str) -> Volume:
        """Return a volume (`GET /storage/volumes/{owner}/{name}`)."""
        return await self._api.get_volume(volume)

    def list_volume(
        self, volume: str, *, prefix: str = "", recursive: bool = False
    ) -> AsyncIterator[VolumeObject | VolumeFolder]:
        """Yield what a volume holds whose location begins with `prefix`.

        What has a further `/` after the prefix shows as its folder, a `VolumeFolder`; with `recursive`
        folders are opened, and only objects come out (`GET /storage/volumes/{owner}/{name}/list`).
        """
        if recursive:
            return _each(objects_within(self._api, volume, prefix))
        return _entries(self._api.contents_pages(volume, prefix))

    async def get_object(self, volume: str, location: str) -> VolumeObject:
        """Return one object (`GET /storage/volumes/{owner}/{name}/object`)."""
        return await self._api.get_object(volume, location)

    # Files and folders -----------------------------------------------------------------------------------

    def list_files(
        self, *, project: str | None = None, parent: str | None = None, recursive: bool = False
    ) -> AsyncIterator[FileDetails]:
        """Yield what a project, or the folder with the id `parent`, holds itself, folders among it.

        With `recursive` folders are opened, and only files come out, each with its `path` from where the list
        began (`GET /files`). Exactly one of `project` and `parent` is given.
        """
        if recursive:
            return _each(files_within(self._api, project, parent))
        return _entries(self._api.file_pages(project, parent))

    async def get_file(self, file_id: str) -> FileDetails:
        """Return a file or a folder (`GET /files/{id}`)."""
        return await self._api.get_file(file_id)

    def get_files(
        self, file_ids: Iterable[str] | AsyncIterable[str]
    ) -> AsyncIterator[FileDetails | ErrorRecord]:
        """Yield the details of any number of files, or why there are none, in the order of their ids.

        They are read 100 at a time (`POST /bulk/files/get`).
        """
        return details_of(self._api, file_ids)

    async def make_folder(
        self, name: str, *, project: str | None = None, parent: str | None = None
    ) -> FileDetails:
        """Make a folder in a project or in another folder (`POST /files`).

        Raises `APIError` with status 409 if the name is taken.
        """
        return await self._api.make_folder(name, project, parent)

    async def make_folders(
        self, path: str, *, project: str | None = None, parent: str | None = None
    ) -> FileDetails:
        """Return the folder at a path such as `runs/2024`, made as far as it is not there."""
        return await Folders(self._api, project, parent).made(path)


async def _entries(pages: AsyncIterator[LinkedPage[T]]) -> AsyncIterator[T]:
    async for page in pages:
        for entry in page.entries:
            yield entry


async def _each(pages: AsyncIterator[Sequence[T]]) -> AsyncIterator[T]:
    async for page in pages:
        for entry in page:
            yield entry


async def _told(
    ask: Callable[[Sequence[str]], Awaitable[Mapping[str, T]]], ids: Iterable[str] | AsyncIterable[str]
) -> AsyncIterator[T]:
    async for some in in_hundreds(ids):
        known = await ask(list(dict.fromkeys(some)))
        for one in some:
            yield known[one]


def _states(state: str | Iterable[str]) -> tuple[str, ...]:
    # A lone state would fall apart into its letters.
    return (state,) if isinstance(state, str) else tuple(state)
