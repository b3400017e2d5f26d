"""One method a platform call: items and ids in, models out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from attrs import frozen

from sbtransfer import wire
from sbtransfer.http.admission import Admission
from sbtransfer.http.caller import RATE_LIMIT, Call, Caller
from sbtransfer.items import DRSImport, VolumeExport, VolumeImport
from sbtransfer.models import DRSJob, Job
from sbtransfer.wire import FileDetails, FileRecord, Page, RateLimit, Record, User

T = TypeVar("T")

PAGE_SIZE = 100
"""The most entries that a list shows on one page."""


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

    async def get_imports(self, job_ids: Sequence[str], admission: Admission | None = None) -> list[Record]:
        """`POST /bulk/storage/imports/get`: the jobs of at most 100 ids."""
        call = Call("POST", "/bulk/storage/imports/get", wire.ids("import_ids", job_ids))
        return await self.caller.read(call, "poll", lambda answer: wire.read_imports(answer.body), admission)

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

    async def get_exports(self, job_ids: Sequence[str], admission: Admission | None = None) -> list[Record]:
        """`POST /bulk/storage/exports/get`: the jobs of at most 100 ids."""
        call = Call("POST", "/bulk/storage/exports/get", wire.ids("export_ids", job_ids))
        return await self.caller.read(call, "poll", lambda answer: wire.read_exports(answer.body), admission)

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

    async def count_files(self, folder: str) -> int:
        """`GET /files?parent={id}`: how many files and folders a folder holds."""
        call = Call("GET", "/files", query=(("parent", folder), ("limit", "1")))
        return await self.caller.read(call, "poll", lambda answer: wire.total_matching(answer.headers))

    async def user(self) -> User:
        """`GET /user`: the owner of the token."""
        return await self.caller.read(
            Call("GET", "/user"), "list", lambda answer: wire.read(answer.body, User)
        )

    async def rate_limit(self) -> RateLimit:
        """`GET /rate_limit`: what the platform counts; not itself counted."""
        return await self.caller.read(RATE_LIMIT, "list", lambda answer: wire.read(answer.body, RateLimit))
