import io
from collections.abc import Sequence
from typing import Any

import click
import pytest

from sbtransfer.cli.jobs.lookup import better, ids_of, jobs_of
from sbtransfer.cli.jobs.table import AnyJob
from sbtransfer.client import Client
from sbtransfer.errors import UnauthorizedError
from sbtransfer.models import DRSJob, ErrorRecord
from sbtransfer.resources import ExportJob, ImportJob
from sbtransfer.simulator import Platform
from sbtransfer.simulator.clock import run
from tests.flows.simulated import Send, connected, drs, exports, imports, outcomes_of, quick_platform, reply

GETS = {
    "imports": "/bulk/storage/imports/get",
    "exports": "/bulk/storage/exports/get",
    "drs": "/bulk/drs/imports",
}
GONE = ErrorRecord(404, 9002, "gone")
DENIED = ErrorRecord(403, 9003, "denied")


class Input:
    """Standard input that holds these bytes."""

    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


async def ids_after(client: Client, items: Sequence[Any]) -> list[str]:
    return [outcome.job_id or "" for outcome in await outcomes_of(client, items)]


async def looked_up(client: Client, ids: Sequence[str]) -> list[tuple[str, AnyJob | ErrorRecord]]:
    return [pair async for pair in jobs_of(client, ids)]


def asked(platform: Platform, since: int) -> list[str]:
    return [path for _, _, path, _ in platform.requests_log[since:]]


def test_ids_are_of_any_kind_and_in_any_order() -> None:
    platform = quick_platform()

    async def main() -> None:
        async with connected(platform) as (client, _):
            imported = await ids_after(client, imports(130))
            exported = await ids_after(client, exports(2))
            (drs_job,) = set(await ids_after(client, drs(3)))
            ids = [exported[0], drs_job, *imported, "missing", exported[1]]
            since = len(platform.requests_log)
            found = await looked_up(client, ids)
            assert [one for one, _ in found] == ids
            jobs = dict(found)
            assert all(isinstance(jobs[one], ImportJob) for one in imported)
            assert all(isinstance(jobs[one], ExportJob) for one in exported)
            assert isinstance(jobs[drs_job], DRSJob)
            assert all(not isinstance(job, ErrorRecord) and job.id == one for one, job in found[:-2])
            missing = jobs["missing"]
            assert isinstance(missing, ErrorRecord)
            assert missing.status == 404
            paths = asked(platform, since)
            assert paths.count(GETS["imports"]) == paths.count(GETS["exports"]) == 2
            assert sum(path.startswith(GETS["drs"]) for path in paths) == 2

    run(main())


def test_ids_of_imports_are_asked_for_once() -> None:
    platform = quick_platform()

    async def main() -> None:
        async with connected(platform) as (client, _):
            imported = await ids_after(client, imports(3))
            since = len(platform.requests_log)
            assert len(await looked_up(client, imported)) == 3
            assert asked(platform, since) == [GETS["imports"]]

    run(main())


def test_a_token_that_is_refused_meanwhile_is_no_unknown_id() -> None:
    async def revoked(request: Any, send: Send) -> Any:
        drs_asked = GETS["drs"] in request.url
        return reply(401, b'{"code": 1001, "message": "no"}') if drs_asked else await send(request)

    async def main() -> None:
        async with connected(quick_platform(), revoked) as (client, _):
            with pytest.raises(UnauthorizedError):
                await looked_up(client, ["missing"])

    run(main())


@pytest.mark.parametrize(
    ("before", "now", "kept"),
    [
        (None, GONE, GONE),
        (GONE, DENIED, DENIED),
        (DENIED, GONE, DENIED),
        (DENIED, DRSJob("d1", "RUNNING"), DRSJob("d1", "RUNNING")),
    ],
)
def test_the_answer_that_says_more_is_kept(
    before: ErrorRecord | None, now: AnyJob | ErrorRecord, kept: AnyJob | ErrorRecord
) -> None:
    assert better(before, now) == kept


def test_each_id_is_taken_once() -> None:
    assert ids_of(["b", "a", "b"]) == ["b", "a"]


def test_ids_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Input("\ufeffa \r\n\n b\nc".encode()))
    assert ids_of(["x", "-", "b"]) == ["x", "a", "b", "c"]


def test_standard_input_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(click.UsageError, match="closed"):
        ids_of(["-"])
