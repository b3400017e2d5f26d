"""The calls that create and show the jobs of imports, exports and DRS imports."""

from typing import Any

from sbtransfer.simulator.bodies import read_body, read_ids, read_items
from sbtransfer.simulator.calls import Call, answer, bulk_answer
from sbtransfer.simulator.drs import DRSJob, read_drs
from sbtransfer.simulator.exports import ExportOrder, accept_export, read_export
from sbtransfer.simulator.imports import ImportOrder, accept_import, read_import
from sbtransfer.simulator.jobs import Job, JobKind
from sbtransfer.simulator.listing import list_answer
from sbtransfer.simulator.messages import Answer
from sbtransfer.simulator.state import State

ID_FIELDS: dict[JobKind, str] = {"imports": "import_ids", "exports": "export_ids"}


def create_import(state: State, call: Call) -> Answer:
    """Answer `POST /storage/imports`."""
    return answer(_import(state, call, read_import(read_body(call.request.body))))


def create_imports(state: State, call: Call) -> Answer:
    """Answer `POST /bulk/storage/imports/create`."""

    def create(order: ImportOrder) -> dict[str, Any]:
        return _import(state, call, order)

    return bulk_answer(create, [read_import(item) for item in read_items(read_body(call.request.body))])


def create_export(state: State, call: Call) -> Answer:
    """Answer `POST /storage/exports`."""
    return answer(_export(state, call, _export_order(call, read_body(call.request.body))))


def create_exports(state: State, call: Call) -> Answer:
    """Answer `POST /bulk/storage/exports/create`."""

    def create(order: ExportOrder) -> dict[str, Any]:
        return _export(state, call, order)

    items = read_items(read_body(call.request.body))
    return bulk_answer(create, [_export_order(call, item) for item in items])


def create_drs(state: State, call: Call) -> Answer:
    """Answer `POST /bulk/drs/imports/create`."""
    job = state.drs.accept(read_drs(read_body(call.request.body)), call.now)
    state.ledger.enter(job)
    state.drs_log.append((call.now, len(job.files)))
    return answer(job.receipt(call.base_url))


def show_job(kind: JobKind, state: State, call: Call) -> Answer:
    """Answer `GET /storage/imports/{id}` and its like for exports."""
    return answer(_shown(state.ledger.find(kind, call.id), state, call))


def show_jobs(kind: JobKind, state: State, call: Call) -> Answer:
    """Answer `POST /bulk/storage/imports/get` and its like for exports."""

    def show(job_id: str) -> dict[str, Any]:
        return _shown(state.ledger.find(kind, job_id), state, call)

    return bulk_answer(show, read_ids(call.request.body, ID_FIELDS[kind]))


def show_drs(state: State, call: Call) -> Answer:
    """Answer `GET /bulk/drs/imports/{id}`."""
    return answer(_shown(state.ledger.find_drs(call.id), state, call))


def list_jobs(kind: JobKind, state: State, call: Call) -> Answer:
    """Answer `GET /storage/imports` and its like for exports, which know no project; the newest comes first.

    A forgetful platform drops nothing for having shown it in a list.
    """
    project = call.request.parameter("project") if kind == "imports" else None
    states = call.request.query.get("state", ())
    picked = state.ledger.lists[kind].pick(project, call.request.parameter("volume"), states, call.now)

    def show(place: int) -> dict[str, Any]:
        job = picked.jobs[place]
        return job.shown(call.now, call.base_url) if call.in_full else job.brief(call.now, call.base_url)

    return list_answer(picked.places, show, call, newest_first=True)


def _import(state: State, call: Call, order: ImportOrder) -> dict[str, Any]:
    return _entered(accept_import(order, call.now, state.world, state.durations), state, call)


def _export(state: State, call: Call, order: ExportOrder) -> dict[str, Any]:
    return _entered(accept_export(order, call.now, state.world, state.durations), state, call)


def _export_order(call: Call, item: Any) -> ExportOrder:
    advance = call.request.headers.get("x-sbg-advance-access", "").lower() == "advance"
    return read_export(item, copy_only=call.flag("copy_only"), advance_access=advance)


def _entered(job: Job, state: State, call: Call) -> dict[str, Any]:
    state.ledger.enter(job)
    return job.shown(call.now, call.base_url)


def _shown(job: Job | DRSJob, state: State, call: Call) -> dict[str, Any]:
    shown = job.shown(call.now, call.base_url)
    state.ledger.note_shown(job, call.now)
    return shown
