"""What became of imports and exports in doubt: jobs are listed, and an exported file is an alias."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, Protocol

from attrs import frozen

from sbtransfer.chunks import CHUNK_SIZE
from sbtransfer.errors import UnreadableAnswerError
from sbtransfer.http.api import API
from sbtransfer.items import DRSImport, VolumeExport
from sbtransfer.models import ErrorRecord, Job, Outcome, OutcomeState
from sbtransfer.operations.adopt import Wanted, adopt, candidates, earliest
from sbtransfer.operations.bulk import take_job
from sbtransfer.operations.listing import Listing
from sbtransfer.operations.match import Ambiguous
from sbtransfer.operations.operation import Doubt
from sbtransfer.operations.search import Beside, Found
from sbtransfer.resources import FileDetails
from sbtransfer.wire import Echo, FileRecord, Page, export_echo, import_echo

_Files = Callable[[Sequence[str]], Awaitable[list[FileRecord]]]


class _List(Protocol):
    def __call__(self, offset: int, volume: str | None) -> Awaitable[Page[Job]]: ...


@frozen
class JobSearch:
    """Looks for the jobs of imports or exports in the platform's list of them.

    One listing may have been read while the platform was still working on a call, so an absence takes two.
    """

    _list: _List
    _files: _Files
    _echo: Callable[[Any], Echo]
    looks: ClassVar[int] = 2

    @classmethod
    def imports(cls, api: API) -> JobSearch:
        """The search for volume imports."""
        return cls(api.list_imports, api.get_files, import_echo)

    @classmethod
    def exports(cls, api: API) -> JobSearch:
        """The search for volume exports."""
        return cls(api.list_exports, api.get_files, export_echo)

    async def find(self, doubts: Sequence[Doubt], beside: Beside) -> Found:
        """Read the job list back to the earliest of the calls; adopt jobs in the items' words."""
        wanted = [Wanted(self._echo(doubt.entry.item), doubt.sent.begun) for doubt in doubts]
        listed = await self._listed(doubts, earliest(wanted))
        jobs = candidates(wanted, listed)
        # Asked in this order: a call whose answer comes meanwhile is a rival, or its jobs are known.
        taken = {self._echo(entry.item) for entry in await beside.rivals()}
        known = await beside.known([job.id for job in jobs])
        found = Found()
        unknown = [job for job in jobs if job.id not in known]
        for doubt, one, job in zip(doubts, wanted, adopt(wanted, unknown), strict=True):
            match job:
                case None:
                    found.absent.append(doubt)
                case _ if one.echo in taken:
                    pass  # The job may be that of the same item in another call, whose answer is to come.
                case Ambiguous(reason):
                    found.unclear.append((doubt, reason))
                case Job():
                    take_job(found.made, doubt.entry, doubt.sent, job)
        return found

    async def _listed(self, doubts: Sequence[Doubt], since: float) -> list[Job]:
        volumes = {doubt.entry.item.volume for doubt in doubts if not isinstance(doubt.entry.item, DRSImport)}
        volume = volumes.pop() if len(volumes) == 1 else None
        listing = Listing(since)
        while listing.next is not None:
            listing.add(await self._list(listing.next, volume))
        return list(listing.jobs.values())

    async def confirm_absence(self, doubts: Sequence[Doubt]) -> Found:
        """Read the files of exports that destroy their source: one that became an alias was exported."""
        found = Found()
        to_read = []
        for doubt in doubts:
            item = doubt.entry.item
            if isinstance(item, VolumeExport) and not item.copy_only:
                to_read.append((doubt, item))
            else:
                found.absent.append(doubt)
        for start in range(0, len(to_read), CHUNK_SIZE):
            await self._read_files(to_read[start : start + CHUNK_SIZE], found)
        return found

    async def _read_files(self, exports: Sequence[tuple[Doubt, VolumeExport]], found: Found) -> None:
        records = await self._files([item.file for _, item in exports])
        if len(records) != len(exports):
            raise UnreadableAnswerError(f"the answer has {len(records)} records for {len(exports)} files")
        files = {record.id: record for record in records if isinstance(record, FileDetails)}
        for (doubt, item), record in zip(exports, records, strict=True):
            file = files.get(item.file)
            if file is not None and _is_at(file.alias, item):
                found.made.outcomes.append(_exported(doubt, file.id))
            elif file is not None or isinstance(record, ErrorRecord):
                found.absent.append(doubt)  # The platform refuses to export another alias, or no file at all.
            else:
                found.unclear.append((doubt, "the platform does not say whether the file is an alias now"))


def _is_at(alias: tuple[str, str] | None, item: VolumeExport) -> bool:
    """Whether an alias points to where the item was to go; a volume may put its prefix before that."""
    if alias is None:
        return False
    volume, location = alias
    wanted = item.location.strip("/")
    return volume == item.volume and f"/{location}".endswith(f"/{wanted}")


def _exported(doubt: Doubt, file_id: str) -> Outcome:
    return Outcome(
        index=doubt.entry.index,
        item=doubt.entry.item,
        state=OutcomeState.COMPLETED,
        file_id=file_id,
        attempts=doubt.sent.attempts + doubt.entry.attempts,
        submitted_on=doubt.sent.submitted_on,
    )
