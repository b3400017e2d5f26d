"""The one place that knows the platform's field names: items to request bodies, answers to models.

Shapes are those of the public API documentation (bulk imports, bulk exports, bulk DRS imports). An answer
that does not have its documented shape raises `UnreadableAnswerError`; a single record that does not is read
as `None`, a hole that the caller must account for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar
from urllib.parse import quote

import orjson
from attrs import frozen
from cattrs import BaseValidationError
from cattrs.gen import make_dict_unstructure_fn
from cattrs.preconf.orjson import make_converter

from sbtransfer.errors import APIError, UnauthorizedError, UnreadableAnswerError
from sbtransfer.items import DRSImport, Item, VolumeExport, VolumeImport
from sbtransfer.models import Arrived, DRSJob, ErrorRecord, Job

_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, BaseValidationError)

T = TypeVar("T")
Echo: TypeAlias = tuple[str | None, ...]


@frozen
class User:
    """The owner of a token."""

    username: str


@frozen
class RateLimit:
    """What is left of the platform's request window; `reset` in Unix seconds, when it starts anew."""

    limit: int
    remaining: int
    reset: float


@frozen
class FileDetails:
    """What the platform tells of a file or folder.

    `project` and `parent` are where it lies, as far as it says. `alias` is the volume and the location that
    hold the bytes, of a file whose bytes the platform does not hold itself.
    """

    id: str
    name: str
    is_folder: bool = False
    project: str | None = None
    parent: str | None = None
    alias: tuple[str, str] | None = None


converter = make_converter(omit_if_default=True, detailed_validation=False)


# Items to bodies -----------------------------------------------------------------------------------------


def _import_body(item: VolumeImport) -> dict[str, Any]:
    destination = _destination(item.project, item.parent)
    if item.name is not None:
        destination["name"] = item.name
    body: dict[str, Any] = {
        "source": {"volume": item.volume, "location": item.location},
        "destination": destination,
        "overwrite": item.overwrite,
    }
    if item.autorename is not None:
        body["autorename"] = item.autorename
    if item.preserve_folder_structure is not None:
        body["preserve_folder_structure"] = item.preserve_folder_structure
    return body


def _export_body(item: VolumeExport) -> dict[str, Any]:
    body: dict[str, Any] = {
        "source": {"file": item.file},
        "destination": {"volume": item.volume, "location": item.location},
        "overwrite": item.overwrite,
    }
    if item.properties:
        body["properties"] = dict(item.properties)
    return body


def _drs_body(item: DRSImport) -> dict[str, Any]:
    body: dict[str, Any] = {"drs_uri": item.drs_uri, **_destination(item.project, item.parent)}
    if item.name is not None:
        body["name"] = item.name
    if item.metadata:
        body["metadata"] = dict(item.metadata)
    return body


def _destination(project: str | None, parent: str | None) -> dict[str, Any]:
    return {"project": project} if project is not None else {"parent": parent}


def bulk_imports(items: Iterable[VolumeImport]) -> bytes:
    """Write the body of `POST /bulk/storage/imports/create`."""
    return orjson.dumps({"items": [_import_body(item) for item in items]})


def bulk_exports(items: Iterable[VolumeExport]) -> bytes:
    """Write the body of `POST /bulk/storage/exports/create`."""
    return orjson.dumps({"items": [_export_body(item) for item in items]})


def bulk_drs(items: Sequence[DRSImport]) -> bytes:
    """Write the body of `POST /bulk/drs/imports/create`; the call's options are those of the first item."""
    body: dict[str, Any] = {"conflict_resolution": items[0].conflict_resolution}
    if items[0].tags:
        body["tags"] = list(items[0].tags)
    body["items"] = [_drs_body(item) for item in items]
    return orjson.dumps(body)


def segment(job_id: str) -> str:
    """Quote an id, which came from an answer, for its place in a path."""
    return quote(job_id, safe="")


def ids(name: str, job_ids: Sequence[str]) -> bytes:
    """Write the body of a bulk get: `import_ids`, `export_ids` or `file_ids`."""
    return orjson.dumps({name: job_ids})


# Items to flat dicts -------------------------------------------------------------------------------------

for _kind in (VolumeImport, VolumeExport, DRSImport):
    converter.register_unstructure_hook(
        _kind, make_dict_unstructure_fn(_kind, converter, _cattrs_omit_if_default=True)
    )


def flat(item: Item) -> dict[str, Any]:
    """Return an item as the official client's dict, without the fields that were left at their default."""
    return dict(converter.unstructure(item))


# What a job echoes of its item ---------------------------------------------------------------------------


def import_echo(item: VolumeImport) -> Echo:
    """Return what the job of this import says of it, normalised as `Job.echo` is."""
    return (
        item.volume,
        item.location.strip("/"),
        item.project,
        item.parent,
        item.name if item.name is not None else _last_segment(item.location),
    )


def export_echo(item: VolumeExport) -> Echo:
    """Return what the job of this export says of it, normalised as `Job.echo` is."""
    return (item.file, item.volume, item.location.strip("/"))


def _last_segment(location: str) -> str:
    return location.rstrip("/").rpartition("/")[2]


def _echo_of_import(record: dict[str, Any]) -> Echo:
    source, destination = record["source"], record["destination"]
    location = _text(source["location"])
    return (
        _text(source["volume"]),
        location.strip("/"),
        _maybe_text(destination.get("project")),
        _maybe_text(destination.get("parent")),
        _maybe_text(destination.get("name")) or _last_segment(location),
    )


def _echo_of_export(record: dict[str, Any]) -> Echo:
    destination = record["destination"]
    return (
        _text(record["source"]["file"]),
        _text(destination["volume"]),
        _text(destination["location"]).strip("/"),
    )


def _text(value: object) -> str:
    if type(value) is not str or not value:
        raise TypeError(f"text was expected, not {type(value).__name__}")
    return value


def _maybe_text(value: object) -> str | None:
    return None if value is None or value == "" else _text(value)


# Answers to models ---------------------------------------------------------------------------------------


def _time(value: object, _: object = None) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None  # A time that cannot be read is no reason to lose the job that it belongs to.
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _error(record: Any, _: object = None) -> ErrorRecord:
    status, code = record.get("status"), record.get("code")
    return ErrorRecord(
        status=status if type(status) is int else None,
        code=code if type(code) is int else None,
        message=str(record.get("message") or ""),
        more_info=record.get("more_info") or None,
    )


def _file_id(file: Any) -> str | None:
    return file.get("id") if isinstance(file, dict) else file if isinstance(file, str) else None


def _job(record: dict[str, Any], echo: Callable[[dict[str, Any]], Echo]) -> Job:
    state, error = record["state"], record.get("error")
    return Job(
        id=_text(record["id"]),
        state=_text(state),
        echo=echo(record),
        file_id=_file_id(record.get("result")),
        error=converter.structure(error, ErrorRecord) if error else None,
        started_on=_time(record.get("started_on")),
        finished_on=_time(record.get("finished_on")),
    )


_import_job = partial(_job, echo=_echo_of_import)
_export_job = partial(_job, echo=_echo_of_export)


def _arrived(file: Any) -> Arrived:
    return Arrived(_text(_file_id(file)), isinstance(file, dict) and file.get("type") == "folder")


def _file(record: dict[str, Any]) -> FileDetails:
    storage = record.get("storage") or {}
    is_alias = storage.get("type") == "VOLUME"
    return FileDetails(
        id=_text(record["id"]),
        name=_text(record["name"]),
        is_folder=record.get("type") == "folder",
        project=_maybe_text(record.get("project")),
        parent=_maybe_text(record.get("parent")),
        alias=(_text(storage["volume"]), _text(storage["location"])) if is_alias else None,
    )


def _drs_job(record: Any, _: object = None) -> DRSJob:
    return DRSJob(
        id=_text(record["id"]),
        state=_text(record["state"]),
        result=tuple(_record(one, _arrived) for one in record.get("result") or ()),
        started_on=_time(record.get("started_on")),
        finished_on=_time(record.get("finished_on")),
    )


converter.register_structure_hook(ErrorRecord, _error)
converter.register_structure_hook(DRSJob, _drs_job)


def _loads(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        shown = body[:80].decode("utf-8", "replace")
        raise UnreadableAnswerError(f"the answer is not JSON ({len(body):,} bytes): {shown!r}") from None


def read(body: bytes, model: type[T]) -> T:
    """Read one object of the platform; raises `UnreadableAnswerError`."""
    try:
        return converter.structure(_loads(body), model)
    except _UNREADABLE as error:
        raise UnreadableAnswerError(f"the answer is no {model.__name__}: {error!r}") from None


Record: TypeAlias = Job | ErrorRecord | None
FileRecord: TypeAlias = FileDetails | ErrorRecord | None


def read_imports(body: bytes) -> list[Record]:
    """Read a bulk answer about import jobs, in its own order; `None` is a record that cannot be read."""
    return [_record(record, _import_job) for record in _records(body)]


def read_exports(body: bytes) -> list[Record]:
    """Read a bulk answer about export jobs, in its own order; `None` is a record that cannot be read."""
    return [_record(record, _export_job) for record in _records(body)]


def read_files(body: bytes) -> list[FileRecord]:
    """Read a bulk answer about files, in its own order; `None` is a record that cannot be read."""
    return [_record(record, _file) for record in _records(body)]


def _records(body: bytes) -> list[Any]:
    answer = _loads(body)
    records = answer.get("items") if isinstance(answer, dict) else None
    if not isinstance(records, list):
        raise UnreadableAnswerError("the answer has no list of items")
    return records


def _record(record: Any, model: Callable[[Any], T]) -> T | ErrorRecord | None:
    try:
        resource = record.get("resource")
        if resource:
            return model(resource)
        return converter.structure(record["error"], ErrorRecord)
    except _UNREADABLE:
        return None


@frozen
class Page(Generic[T]):
    """One page of a list: the entries that could be read, how many it showed, and how many there are."""

    entries: tuple[T, ...]
    shown: int
    total: int
    is_last: bool


def read_import_page(body: bytes, headers: Mapping[str, str]) -> Page[Job]:
    """Read a page of `GET /storage/imports?fields=_all`."""
    return _page(body, headers, lambda record: _job(record, _echo_of_import))


def read_export_page(body: bytes, headers: Mapping[str, str]) -> Page[Job]:
    """Read a page of `GET /storage/exports?fields=_all`."""
    return _page(body, headers, lambda record: _job(record, _echo_of_export))


def read_file_page(body: bytes, headers: Mapping[str, str]) -> Page[FileDetails]:
    """Read a page of `GET /files`."""
    return _page(body, headers, _file)


def _page(body: bytes, headers: Mapping[str, str], structure: Callable[[Any], T]) -> Page[T]:
    answer = _loads(body)
    try:
        records, links = answer["items"], answer["links"]
        is_last = not any(link.get("rel") == "next" or "next" in link for link in links)
        entries = tuple(_readable(records, structure))
        return Page(entries, len(records), total_matching(headers), is_last)
    except _UNREADABLE as error:
        raise UnreadableAnswerError(f"the answer is no page of a list: {error!r}") from None


def _readable(records: Iterable[Any], structure: Callable[[Any], T]) -> Iterator[T]:
    """Yield what can be read: in a list, the rest is not ours."""
    for record in records:
        try:
            yield structure(record)
        except _UNREADABLE:
            continue


def read_error(status: int, body: bytes) -> APIError:
    """Turn an answer that is no success into an exception, with the platform's own words where it has any."""
    family = UnauthorizedError if status == 401 else APIError
    try:
        record = _error(orjson.loads(body))
    except _UNREADABLE:
        return family(status, None, f"an answer that is not the platform's ({len(body):,} bytes)")
    code = record.code if isinstance(record.code, int) else None
    return family(status, code, record.message, record.more_info)


def _rate_limit(record: Any, _: object = None) -> RateLimit:
    rate = record["rate"]
    return RateLimit(int(rate["limit"]), int(rate["remaining"]), unix_seconds(float(rate["reset"])))


def total_matching(headers: Mapping[str, str]) -> int:
    """Return how many things a list holds in all its pages."""
    try:
        return int(headers["X-Total-Matching-Query"])
    except (KeyError, ValueError):
        raise UnreadableAnswerError("the answer does not say how many things the list holds") from None


def unix_seconds(reset: float) -> float:
    """Return a reset in Unix seconds: the documentation shows it in seconds and, once, in milliseconds."""
    return reset / 1000 if reset > 1e11 else reset


converter.register_structure_hook(RateLimit, _rate_limit)
