"""Jobs as people and programs read them: a line, a few lines or a block each, or JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypeAlias

import attrs
import orjson

from sbtransfer.cli.console import plain
from sbtransfer.models import DRSJob, ErrorRecord
from sbtransfer.resources import ExportJob, ImportJob

Listed: TypeAlias = ImportJob | ExportJob
AnyJob: TypeAlias = Listed | DRSJob

COLUMNS = ("id", "state", "source", "destination", "started", "finished", "error")
STYLES = {"COMPLETED": "green", "FAILED": "red", "RUNNING": "cyan"}

_KINDS: dict[type[AnyJob], str] = {ImportJob: "import", ExportJob: "export", DRSJob: "drs"}
_STATE, _MOMENT = 9, 19  # characters


def json_line(job: AnyJob) -> str:
    """Return all that is known of a job as a line of JSON."""
    return orjson.dumps({"kind": _KINDS[type(job)], **attrs.asdict(job)}).decode()


def source_of(job: Listed) -> str:
    """Return what a job transfers."""
    return f"file {job.file}" if isinstance(job, ExportJob) else f"{job.volume}:{job.location}"


def destination_of(job: Listed) -> str:
    """Return where a job transfers it to."""
    if isinstance(job, ExportJob):
        return f"{job.volume}:{job.location}"
    return f"{job.project or f'folder {job.parent}'}:{job.name}"


def tabbed(job: Listed) -> str:
    """Return a job as a line of cells, for other commands; its times are in UTC."""
    times = (_utc(job.started_on), _utc(job.finished_on))
    error = "" if job.error is None else str(job.error)
    # What separates the cells is no part of them.
    return "\t".join(map(plain, (job.id, job.state, source_of(job), destination_of(job), *times, error)))


def heading(id_width: int) -> str:
    """Return what stands above the jobs of a list on a terminal."""
    return f"{'ID':{id_width}}  {'STATE':{_STATE}}  {'STARTED':{_MOMENT}}  FINISHED"


def first_line(job: Listed, id_width: int) -> tuple[str, str, str]:
    """Return the first line of a job on a terminal: what comes before the state, the state, the rest."""
    times = f"{_local(job.started_on):{_MOMENT}}  {_end(job)}".rstrip()
    return f"{plain(job.id):{id_width}}  ", plain(job.state), f"{'':{_STATE - len(job.state)}}  {times}"


def further_lines(job: Listed) -> Iterator[str]:
    """Yield the lines below: what goes where, and what went wrong."""
    yield plain(f"{source_of(job)} -> {destination_of(job)}")
    if job.error is not None:
        yield plain(str(job.error))


def block(job: AnyJob) -> str:
    """Return all that is known of a job as lines of a name and a value."""
    pairs = list(_pairs(job))
    width = max(len(name) for name, _ in pairs)
    return "".join(f"{name:{width}}  {plain(value)}\n" for name, value in pairs)


def _pairs(job: AnyJob) -> Iterator[tuple[str, str]]:
    yield "kind", {"drs": "DRS import"}.get(_KINDS[type(job)], _KINDS[type(job)])
    for field in attrs.fields(type(job)):
        value = getattr(job, field.name)
        match value:
            case None:
                continue
            case ErrorRecord():
                yield from _error(value)
            case tuple():
                yield from _results(value)
            case _ if value != {}:
                yield field.name.replace("_", " "), _shown(value)


def _shown(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.astimezone().isoformat(" ", "seconds")
        case dict():
            return orjson.dumps(value).decode()
        case _:
            return str(value)


def _error(error: ErrorRecord) -> Iterator[tuple[str, str]]:
    yield "error", str(error)
    if error.status is not None:
        yield "HTTP status", str(error.status)
    if error.more_info:
        yield "more info", error.more_info


def _results(results: tuple[Any, ...]) -> Iterator[tuple[str, str]]:
    """Count what became of the items of a DRS import, and name those that did not arrive."""
    missing = {n: one for n, one in enumerate(results, 1) if one is None or isinstance(one, ErrorRecord)}
    if results:
        yield "result", f"{len(results) - len(missing)} of {len(results)} items arrived"
    for number, error in missing.items():
        yield f"item {number}", "the platform's record cannot be read" if error is None else str(error)


def _utc(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _local(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def _end(job: Listed) -> str:
    """Return when a job ended, with the day if it is another one than that of its start."""
    started, finished = _local(job.started_on), _local(job.finished_on)
    same_day = started[:10] == finished[:10]
    return finished[11:] if same_day else finished[5:]
