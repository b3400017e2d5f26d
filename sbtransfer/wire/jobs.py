"""Jobs: what they say of their items, their records in bulk answers, and DRS jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from attrs import evolve

from sbtransfer.items import VolumeExport, VolumeImport, last_segment
from sbtransfer.models import ENDED, Arrived, DRSJob, ErrorRecord, Job
from sbtransfer.resources import ExportJob, ImportJob
from sbtransfer.wire.pages import LinkedPage, Page, read_linked_page, read_page
from sbtransfer.wire.records import by_id, record_of, records_in
from sbtransfer.wire.values import UNREADABLE, converter, maybe_text, text, time

Echo: TypeAlias = tuple[str | None, ...]
Record: TypeAlias = Job | ErrorRecord | None
Look: TypeAlias = str | Record
"""What a look at a job shows: no more than its id while it is under way, as it is at most looks."""


def import_echo(item: VolumeImport) -> Echo:
    """Return what the job of this import says of it, normalised as `Job.echo` is."""
    return (
        item.volume,
        item.location.strip("/"),
        item.project,
        item.parent,
        item.file_name,
    )


def export_echo(item: VolumeExport) -> Echo:
    """Return what the job of this export says of it, normalised as `Job.echo` is."""
    return (item.file, item.volume, item.location.strip("/"))


def _echo_of_import(record: dict[str, Any]) -> Echo:
    source, destination = record["source"], record["destination"]
    location, project, parent = (
        text(source["location"]),
        destination.get("project"),
        destination.get("parent"),
    )
    return (
        text(source["volume"]),
        location.strip("/"),
        None if project is None else maybe_text(project),
        None if parent is None else maybe_text(parent),
        maybe_text(destination.get("name")) or last_segment(location),
    )


def _echo_of_export(record: dict[str, Any]) -> Echo:
    destination = record["destination"]
    return (
        text(record["source"]["file"]),
        text(destination["volume"]),
        text(destination["location"]).strip("/"),
    )


def _file_id(file: Any) -> str | None:
    return file.get("id") if isinstance(file, dict) else file if isinstance(file, str) else None


def _job(record: dict[str, Any], echo: Callable[[dict[str, Any]], Echo]) -> Job:
    """Read a job with all that a list tells of it."""
    return evolve(_created_job(record, echo), started_on=time(record.get("started_on")))


def _created_job(record: dict[str, Any], echo: Callable[[dict[str, Any]], Echo]) -> Job:
    """Read a job that was just created: what it is, and which item's."""
    return _as_far_as_it_is(record, echo(record))


def _seen_job(record: dict[str, Any]) -> Job:
    """Read a job that was asked for by its id, which says whose it is."""
    return _as_far_as_it_is(record, ())


def _as_far_as_it_is(record: dict[str, Any], echo: Echo) -> Job:
    """Read a job, and how it ended if it has: most answers tell of jobs that have not."""
    job_id, state = record["id"], record["state"]
    if not (type(job_id) is type(state) is str and job_id and state):
        raise TypeError("a job without an id or a state")
    if state not in ENDED:
        return Job(job_id, state, echo)
    error = record.get("error")
    return Job(
        job_id,
        state,
        echo,
        _file_id(record.get("result")),
        converter.structure(error, ErrorRecord) if error else None,
        None,
        time(record.get("finished_on")),
    )


_import_job = partial(_job, echo=_echo_of_import)
_export_job = partial(_job, echo=_echo_of_export)
_created_import = partial(_created_job, echo=_echo_of_import)
_created_export = partial(_created_job, echo=_echo_of_export)


def _arrived(file: Any) -> Arrived:
    return Arrived(text(_file_id(file)), isinstance(file, dict) and file.get("type") == "folder")


def _drs_job(record: Any, _: object = None) -> DRSJob:
    return DRSJob(
        id=text(record["id"]),
        state=text(record["state"]),
        result=tuple(record_of(one, _arrived) for one in record.get("result") or ()),
        started_on=time(record.get("started_on")),
        finished_on=time(record.get("finished_on")),
    )


converter.register_structure_hook(DRSJob, _drs_job)


def read_imports(body: bytes) -> list[Record]:
    """Read the answer to a bulk create, in its own order; `None` is a record that cannot be read."""
    return [record_of(record, _created_import) for record in records_in(body)]


def read_exports(body: bytes) -> list[Record]:
    """Read the answer to a bulk create, in its own order; `None` is a record that cannot be read."""
    return [record_of(record, _created_export) for record in records_in(body)]


def read_looks(body: bytes) -> list[Look]:
    """Read a bulk get of jobs of either kind, in its own order; the jobs say nothing of their items."""
    return [_under_way(record) or record_of(record, _seen_job) for record in records_in(body)]


def _under_way(record: Any) -> str | None:
    """Return the id of a job that has not ended; `None` for all else."""
    try:
        job = record["resource"]
        job_id, state = job["id"], job["state"]
        if state not in ENDED and type(job_id) is type(state) is str and job_id and state:
            return job_id
    except UNREADABLE:
        pass
    return None


def read_import_page(body: bytes, headers: Mapping[str, str]) -> Page[Job]:
    """Read a page of `GET /storage/imports?fields=_all`."""
    return read_page(body, headers, _import_job)


def read_export_page(body: bytes, headers: Mapping[str, str]) -> Page[Job]:
    """Read a page of `GET /storage/exports?fields=_all`."""
    return read_page(body, headers, _export_job)


# Jobs as the client's own calls return them --------------------------------------------------------------


def _import_details(record: Any, _: object = None) -> ImportJob:
    """Read an import with all its fields."""
    job = _import_job(record)
    volume, _location, project, parent, name = job.echo
    return ImportJob(
        id=job.id,
        state=job.state,
        volume=text(volume),
        location=text(record["source"]["location"]),
        project=project,
        parent=parent,
        name=name,
        overwrite=bool(record.get("overwrite")),
        autorename=record.get("autorename"),
        preserve_folder_structure=record.get("preserve_folder_structure"),
        file_id=job.file_id,
        error=job.error,
        started_on=job.started_on,
        finished_on=job.finished_on,
    )


def _export_details(record: Any, _: object = None) -> ExportJob:
    """Read an export with all its fields."""
    job = _export_job(record)
    return ExportJob(
        id=job.id,
        state=job.state,
        file=text(job.echo[0]),
        volume=text(job.echo[1]),
        location=text(record["destination"]["location"]),
        overwrite=bool(record.get("overwrite")),
        properties=record.get("properties") or {},
        error=job.error,
        started_on=job.started_on,
        finished_on=job.finished_on,
    )


converter.register_structure_hook(ImportJob, _import_details)
converter.register_structure_hook(ExportJob, _export_details)


def read_import_details(body: bytes, asked: Sequence[str]) -> dict[str, ImportJob | ErrorRecord]:
    """Read a bulk answer about imports in which every id has a record."""
    return by_id([record_of(record, _import_details) for record in records_in(body)], asked, "imports")


def read_export_details(body: bytes, asked: Sequence[str]) -> dict[str, ExportJob | ErrorRecord]:
    """Read a bulk answer about exports in which every id has a record."""
    return by_id([record_of(record, _export_details) for record in records_in(body)], asked, "exports")


def read_linked_imports(body: bytes, headers: Mapping[str, str]) -> LinkedPage[ImportJob]:
    """Read a page of `GET /storage/imports?fields=_all`, of which nothing may be left out."""
    return read_linked_page(body, headers, ("items", _import_details))


def read_linked_exports(body: bytes, headers: Mapping[str, str]) -> LinkedPage[ExportJob]:
    """Read a page of `GET /storage/exports?fields=_all`, of which nothing may be left out."""
    return read_linked_page(body, headers, ("items", _export_details))
