"""One method a platform call: items and ids in, models out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TypeVar

from attrs import frozen

from sbtransfer import wire
from sbtransfer.http.admission import Admission
from sbtransfer.http.caller import RATE_LIMIT, Call, Caller
from sbtransfer.http.paging import linked
from sbtransfer.items import DRSImport, VolumeExport, VolumeImport
from sbtransfer.models import DRSJob, ErrorRecord, Job
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
from sbtransfer.wire import FileRecord, LinkedPage, Look, Page, Record

T = TypeVar("T")

PAGE_SIZE = 100
"""The most entries that a list shows on one page."""

BULK_SIZE = 100
"""The most ids that a bulk get takes."""


@frozen
class API:
    """The platform's transfer calls.

    Creates are sent once and need an admission; the errors they raise are those of `Caller.send`. Reads are
    repeated where that may help. An answer that is not what the documentation says raises
    `UnreadableAnswerError`.
    """

    caller: Caller

    async def create_imports(self, items: Sequence[VolumeImport], admission: Admission) -> list[Record]:
        """`POST /bulk/storage/imports/create`: a job or an error for each item, at most 100."""
        call = Call("POST", "/bulk/storage/imports/create", wire.bulk_imports(items))
        return wire.read_imports((await self.caller.send(call, admission)).body)

    async def get_imports(self, job_ids: Sequence[str], admission: Admission | None = None) -> list[Look]:
        """`POST /bulk/storage/imports/get`: what is to be seen of at most 100 jobs, without their echo."""
        call = Call("POST", "/bulk/storage/imports/get", wire.ids("import_ids", job_ids))
        return await self.caller.read(call, "poll", lambda answer: wire.read_looks(answer.body), admission)

    async def create_exports(self, items: Sequence[VolumeExport], admission: Admission) -> list[Record]:
        """`POST /bulk/storage/exports/create`: a job or an error for each item, at most 100.

        All items have the same `copy_only`, which belongs to the call.
        """
        copy_only = items[0].copy_only
        call = Call(
            "POST",
            "/bulk/storage/exports/create",
            wire.bulk_exports(items),
            query=(("copy_only", "true"),) if copy_only else (),
            advance_access=copy_only,
        )
        return wire.read_exports((await self.caller.send(call, admission)).body)

    async def get_exports(self, job_ids: Sequence[str], admission: Admission | None = None) -> list[Look]:
        """`POST /bulk/storage/exports/get`: what is to be seen of at most 100 jobs, without their echo."""
        call = Call("POST", "/bulk/storage/exports/get", wire.ids("export_ids", job_ids))
        return await self.caller.read(call, "poll", lambda answer: wire.read_looks(answer.body), admission)

    async def list_imports(self, offset: int, volume: str | None = None) -> Page[Job]:
        """`GET /storage/imports`: a page of at most 100 jobs, with all their fields."""
        return await self._list("/storage/imports", offset, wire.read_import_page, volume=volume)

    async def list_exports(self, offset: int, volume: str | None = None) -> Page[Job]:
        """`GET /storage/exports`: a page of at most 100 jobs, with all their fields."""
        return await self._list("/storage/exports", offset, wire.read_export_page, volume=volume)

    async def list_files(
        self, offset: int, project: str | None = None, parent: str | None = None
    ) -> Page[FileDetails]:
        """`GET /files`: a page of at most 100 files and folders of a project or of a folder itself."""
        return await self._list("/files", offset, wire.read_file_page, project=project, parent=parent)

    async def _list(
        self,
        path: str,
        offset: int,
        read_page: Callable[[bytes, Mapping[str, str]], Page[T]],
        **filters: str | None,
    ) -> Page[T]:
        given = {"fields": "_all", "limit": str(PAGE_SIZE), "offset": str(offset), **filters}
        query = tuple((name, value) for name, value in given.items() if value is not None)
        call = Call("GET", path, query=query)
        return await self.caller.read(call, "recover", lambda answer: read_page(answer.body, answer.headers))

    async def create_drs(self, items: Sequence[DRSImport], admission: Admission) -> DRSJob:
        """`POST /bulk/drs/imports/create`: one job for at most 100 items.

        All items have the same `conflict_resolution` and `tags`, which belong to the call.
        """
        call = Call("POST", "/bulk/drs/imports/create", wire.bulk_drs(items))
        return wire.read((await self.caller.send(call, admission)).body, DRSJob)

    async def get_drs(self, job_id: str, admission: Admission | None = None) -> DRSJob:
        """`GET /bulk/drs/imports/{id}`: one job."""
        call = Call("GET", f"/bulk/drs/imports/{wire.segment(job_id)}")
        return await self.caller.read(call, "poll", lambda answer: wire.read(answer.body, DRSJob), admission)

    async def get_files(
        self, file_ids: Sequence[str], admission: Admission | None = None
    ) -> list[FileRecord]:
        """`POST /bulk/files/get`: the details of at most 100 files or folders."""
        call = Call("POST", "/bulk/files/get", wire.ids("file_ids", file_ids))
        return await self.caller.read(call, "poll", lambda answer: wire.read_files(answer.body), admission)

    async def file_details(self, file_ids: Sequence[str]) -> dict[str, FileDetails | ErrorRecord]:
        """`POST /bulk/files/get`: what each of at most 100 different ids stands for; none may be missing."""
        call = Call("POST", "/bulk/files/get", wire.ids("file_ids", file_ids))
        return await self.caller.read(
            call, "list", lambda answer: wire.read_file_details(answer.body, file_ids)
        )

    async def count_files(self, folder: str) -> int:
        """`GET /files?parent={id}`: how many files and folders a folder holds."""
        call = Call("GET", "/files", query=(("parent", folder), ("limit", "1")))
        return await self.caller.read(call, "poll", lambda answer: wire.total_matching(answer.headers))

    async def user(self) -> User:
        """`GET /user`: the owner of the token."""
        return await self._get("/user", User)

    async def rate_limit(self) -> RateLimit:
        """`GET /rate_limit`: what the platform counts; not itself counted."""
        return await self.caller.read(RATE_LIMIT, "list", lambda answer: wire.read(answer.body, RateLimit))

    # Single jobs -----------------------------------------------------------------------------------------

    async def create_import(self, item: VolumeImport, admission: Admission) -> ImportJob:
        """`POST /storage/imports`: one job."""
        call = Call("POST", "/storage/imports", wire.one_import(item))
        return wire.read((await self.caller.send(call, admission)).body, ImportJob)

    async def create_export(self, item: VolumeExport, admission: Admission) -> ExportJob:
        """`POST /storage/exports`: one job."""
        call = Call(
            "POST",
            "/storage/exports",
            wire.one_export(item),
            query=(("copy_only", "true"),) if item.copy_only else (),
            advance_access=item.copy_only,
        )
        return wire.read((await self.caller.send(call, admission)).body, ExportJob)

    async def get_import(self, job_id: str) -> ImportJob:
        """`GET /storage/imports/{id}`: one job."""
        return await self._get(f"/storage/imports/{wire.segment(job_id)}", ImportJob)

    async def get_export(self, job_id: str) -> ExportJob:
        """`GET /storage/exports/{id}`: one job."""
        return await self._get(f"/storage/exports/{wire.segment(job_id)}", ExportJob)

    async def import_details(self, job_ids: Sequence[str]) -> dict[str, ImportJob | ErrorRecord]:
        """`POST /bulk/storage/imports/get`: what each of at most 100 different ids stands for."""
        call = Call("POST", "/bulk/storage/imports/get", wire.ids("import_ids", job_ids))
        return await self.caller.read(
            call, "list", lambda answer: wire.read_import_details(answer.body, job_ids)
        )

    async def export_details(self, job_ids: Sequence[str]) -> dict[str, ExportJob | ErrorRecord]:
        """`POST /bulk/storage/exports/get`: what each of at most 100 different ids stands for."""
        call = Call("POST", "/bulk/storage/exports/get", wire.ids("export_ids", job_ids))
        return await self.caller.read(
            call, "list", lambda answer: wire.read_export_details(answer.body, job_ids)
        )

    # Lists by their links --------------------------------------------------------------------------------

    def import_pages(
        self, project: str | None, volume: str | None, states: Sequence[str]
    ) -> AsyncIterator[LinkedPage[ImportJob]]:
        """`GET /storage/imports`: all jobs that the filters leave."""
        filters = (("project", project), ("volume", volume), *(("state", state) for state in states))
        return self._pages("/storage/imports", wire.read_linked_imports, *filters)

    def export_pages(self, volume: str | None, states: Sequence[str]) -> AsyncIterator[LinkedPage[ExportJob]]:
        """`GET /storage/exports`: all jobs that the filters leave."""
        filters = (("volume", volume), *(("state", state) for state in states))
        return self._pages("/storage/exports", wire.read_linked_exports, *filters)

    def project_pages(self, owner: str | None, name: str | None) -> AsyncIterator[LinkedPage[Project]]:
        """`GET /projects`: all that the user can see, or those of one owner."""
        path = "/projects" if owner is None else f"/projects/{wire.segment(owner)}"
        return self._pages(path, wire.read_projects, ("name", name))

    def volume_pages(self) -> AsyncIterator[LinkedPage[Volume]]:
        """`GET /storage/volumes`: all that the user can see."""
        return self._pages("/storage/volumes", wire.read_volumes)

    def contents_pages(
        self, volume: str, prefix: str
    ) -> AsyncIterator[LinkedPage[VolumeObject | VolumeFolder]]:
        """`GET /storage/volumes/{id}/list`: what a volume holds below a prefix, folders unopened."""
        path = f"/storage/volumes/{wire.owned(volume)}/list"
        return self._pages(path, wire.read_contents, ("prefix", prefix or None))

    def file_pages(
        self, project: str | None = None, parent: str | None = None, name: str | None = None
    ) -> AsyncIterator[LinkedPage[FileDetails]]:
        """`GET /files`: what a project or a folder holds itself; of one name, if it is given."""
        filters = (("project", project), ("parent", parent), ("name", name))
        return self._pages("/files", wire.read_linked_files, *filters)

    def _pages(
        self,
        path: str,
        read_page: Callable[[bytes, Mapping[str, str]], LinkedPage[T]],
        *filters: tuple[str, str | None],
    ) -> AsyncIterator[LinkedPage[T]]:
        given = (("fields", "_all"), ("limit", str(PAGE_SIZE)), *filters)
        first = Call("GET", path, query=tuple((name, value) for name, value in given if value is not None))

        async def fetch(call: Call) -> LinkedPage[T]:
            return await self.caller.read(call, "list", lambda answer: read_page(answer.body, answer.headers))

        return linked(fetch, first, self.caller.endpoint)

    # Who and where ---------------------------------------------------------------------------------------

    async def get_project(self, project: str) -> Project:
        """`GET /projects/{owner}/{name}`."""
        return await self._get(f"/projects/{wire.owned(project)}", Project)

    async def get_volume(self, volume: str) -> Volume:
        """`GET /storage/volumes/{owner}/{name}`."""
        return await self._get(f"/storage/volumes/{wire.owned(volume)}", Volume)

    async def get_object(self, volume: str, location: str) -> VolumeObject:
        """`GET /storage/volumes/{owner}/{name}/object`: one object."""
        path = f"/storage/volumes/{wire.owned(volume)}/object"
        return await self._get(path, VolumeObject, ("location", location))

    async def get_file(self, file_id: str) -> FileDetails:
        """`GET /files/{id}`: one file or folder."""
        return await self._get(f"/files/{wire.segment(file_id)}", FileDetails)

    async def make_folder(self, name: str, project: str | None, parent: str | None) -> FileDetails:
        """`POST /files`: a new folder; 409 if the name is taken.

        It is repeated where no answer came: at worst the second one finds the folder that the first one made.
        """
        call = Call("POST", "/files", wire.folder(name, project, parent))
        return await self.caller.read(call, "submit", lambda answer: wire.read(answer.body, FileDetails))

    async def _get(self, path: str, model: type[T], *query: tuple[str, str]) -> T:
        return await self.caller.read(
            Call("GET", path, query=query), "list", lambda answer: wire.read(answer.body, model)
        )
