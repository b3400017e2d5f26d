from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from sbtransfer.http.admission import Admission
from sbtransfer.http.api import API
from sbtransfer.http.caller import Caller
from sbtransfer.http.credentials import Credentials
from sbtransfer.items import Item, Kind, VolumeExport, VolumeImport
from sbtransfer.journal.journal import Sent
from sbtransfer.limits import Limits
from sbtransfer.models import Entry, ErrorRecord, Outcome, OutcomeState
from sbtransfer.operations import operations
from sbtransfer.operations.bulk import Bulk
from sbtransfer.operations.operation import Made, Operation, Pending, Seen
from sbtransfer.simulator.clock import run
from tests.support import ScriptedTransport, Step, an_export, an_import, entries, refusal, reply

SENT = datetime(2024, 5, 1, 10, tzinfo=UTC)
CALL = Sent(call=7, kind="import", begun=0.0, submitted_on=SENT, attempts=2)
COMPLETED, FAILED, UNCONFIRMED = OutcomeState


def api_with(*steps: Step) -> tuple[API, ScriptedTransport]:
    transport = ScriptedTransport(list(steps))
    return API(
        Caller("https://api.example.org/v2", transport, Credentials("token"), Limits.unlimited())
    ), transport


def record(item: Item, number: int, state: str = "PENDING", **fields: Any) -> dict[str, Any]:
    """What the platform says of an item's job."""
    if isinstance(item, VolumeExport):
        source, destination = {"file": item.file}, {"volume": item.volume, "location": item.location}
    else:
        assert isinstance(item, VolumeImport)
        source = {"volume": item.volume, "location": item.location}
        destination = {"project": str(item.project), "name": item.location.rpartition("/")[2]}
    job = {"id": f"job-{number}", "state": state, "source": source, "destination": destination}
    return {"resource": job | fields}


def create(sent: Sequence[Entry], *records: dict[str, Any]) -> Made:
    async def main() -> Made:
        api, _ = api_with(reply(200, {"items": records}))
        kind = sent[0].item.kind
        return await operations(api)[kind].create(sent, CALL, Admission("submit"))

    return run(main())


def look(pending: Sequence[Pending], *records: dict[str, Any], kind: Kind = "import") -> Seen:
    async def main() -> Seen:
        api, _ = api_with(reply(200, {"items": records}))
        return await operations(api)[kind].look(pending, Admission("poll"))

    return run(main())


def error_record(message: str = "no such file") -> dict[str, Any]:
    return {"error": {"status": 404, "code": 9002, "message": message}}


ITEMS = [an_import(f"runs/{name}.bam", ref=name) for name in "abc"]


# Create --------------------------------------------------------------------------------------------------


def test_each_item_has_a_job_to_follow() -> None:
    sent = entries(*ITEMS)
    made = create(sent, *(record(entry.item, entry.index) for entry in sent))
    assert [(one.job_id, one.entries, one.sent) for one in made.pending] == [
        (f"job-{entry.index}", (entry,), CALL) for entry in sent
    ]
    assert made.outcomes == []
    assert made.items == 3


def test_an_error_ends_its_item_alone() -> None:
    sent = entries(*ITEMS)
    made = create(sent, record(ITEMS[0], 0), error_record(), record(ITEMS[2], 2))
    assert [one.job_id for one in made.pending] == ["job-0", "job-2"]
    assert made.outcomes == [
        Outcome(
            index=1,
            item=ITEMS[1],
            state=FAILED,
            error=ErrorRecord(404, 9002, "no such file"),
            attempts=2,
            submitted_on=SENT,
        )
    ]


def test_what_cannot_be_matched_may_have_been_done() -> None:
    sent = entries(*ITEMS)
    made = create(sent, record(ITEMS[0], 0), record(ITEMS[2], 2))
    (doubt,) = made.doubts
    assert (doubt.entry.index, made.outcomes) == (1, [])
    assert "2 records for 3 items" in doubt.reason
    assert made.jobs == {0: "job-0", 2: "job-2"}
    assert made.items == 3


def test_reordered_jobs_go_to_their_items() -> None:
    sent = entries(*ITEMS)
    made = create(sent, record(ITEMS[2], 2), record(ITEMS[0], 0), record(ITEMS[1], 1))
    assert [(one.job_id, one.entries[0].index) for one in made.pending] == [
        ("job-0", 0),
        ("job-1", 1),
        ("job-2", 2),
    ]


def test_a_job_may_have_ended_already() -> None:
    sent = entries(*ITEMS[:2])
    made = create(
        sent,
        record(ITEMS[0], 0, "COMPLETED", result={"id": "f0"}, finished_on="2024-05-01T10:00:05Z"),
        record(ITEMS[1], 1, "FAILED", error={"status": 403, "code": 5001, "message": "no"}),
    )
    assert made.pending == []
    first, second = made.outcomes
    assert (first.state, first.job_id, first.file_id, first.error) == (COMPLETED, "job-0", "f0", None)
    assert first.finished_on == datetime(2024, 5, 1, 10, 0, 5, tzinfo=UTC)
    assert (second.state, second.job_id, second.file_id) == (FAILED, "job-1", None)
    assert second.error == ErrorRecord(403, 5001, "no")


def test_exports_are_matched_by_their_own_words() -> None:
    items = [an_export("f1"), an_export("f2")]
    made = create(entries(*items), record(items[1], 1), record(items[0], 0))
    assert [(one.job_id, one.entries[0].index) for one in made.pending] == [("job-0", 0), ("job-1", 1)]


def test_nothing_is_lost_of_a_hundred_items_in_a_broken_answer() -> None:
    sent = entries(*(an_import(f"runs/{n}") for n in range(100)))
    records = [record(entry.item, entry.index) for entry in sent[::3]] + [error_record()] * 20 + [{}] * 5
    made = create(sent, *records)
    doubted = [doubt.entry.index for doubt in made.doubts]
    followed = [one.entries[0].index for one in made.pending]
    assert sorted(doubted + followed) == list(range(100))
    assert followed == list(range(0, 100, 3))
    assert made.outcomes == []


# Look ----------------------------------------------------------------------------------------------------


def pending(*items: Item) -> list[Pending]:
    return [Pending(f"job-{entry.index}", (entry,), CALL) for entry in entries(*items)]


def test_jobs_end_one_by_one() -> None:
    a, b, c = jobs = pending(*ITEMS)
    seen = look(
        jobs,
        record(ITEMS[0], 0, "COMPLETED", result={"id": "f0"}, finished_on="2024-05-01T10:00:05Z"),
        record(ITEMS[1], 1, "RUNNING"),
        record(ITEMS[2], 2, "FAILED", error={"status": 403, "code": 5001, "message": "no"}),
    )
    assert (seen.ended, seen.running, seen.unreadable) == ([a, c], [b], [])
    assert seen.outcomes == [
        Outcome(
            index=0,
            item=ITEMS[0],
            state=COMPLETED,
            job_id="job-0",
            file_id="f0",
            attempts=2,
            submitted_on=SENT,
            finished_on=datetime(2024, 5, 1, 10, 0, 5, tzinfo=UTC),
        ),
        Outcome(
            index=2,
            item=ITEMS[2],
            state=FAILED,
            job_id="job-2",
            error=ErrorRecord(403, 5001, "no"),
            attempts=2,
            submitted_on=SENT,
        ),
    ]


def test_a_job_that_failed_without_a_reason_has_an_error_all_the_same() -> None:
    seen = look(pending(ITEMS[0]), record(ITEMS[0], 0, "FAILED"))
    assert seen.outcomes[0].error == ErrorRecord(message="the platform gave no reason")


def test_a_state_that_nobody_knows_is_under_way() -> None:
    jobs = pending(ITEMS[0])
    assert look(jobs, record(ITEMS[0], 0, "PAUSED")).running == jobs


def test_jobs_are_matched_by_their_ids() -> None:
    a, b, c = jobs = pending(*ITEMS)
    seen = look(jobs, record(ITEMS[2], 2, "COMPLETED"), record(ITEMS[0], 0), record(ITEMS[1], 1))
    assert seen.ended == [c]
    assert seen.outcomes[0].index == 2
    assert seen.running == [a, b]


def test_an_error_in_its_place_is_told_and_ends_nothing() -> None:
    a, b, c = jobs = pending(*ITEMS)
    seen = look(jobs, record(ITEMS[0], 0), error_record("gone"), record(ITEMS[2], 2, "COMPLETED"))
    assert seen.unreadable == [(b, ErrorRecord(404, 9002, "gone"))]
    assert (seen.running, seen.ended) == ([a], [c])


@pytest.mark.parametrize(
    "records",
    [
        [error_record(), record(ITEMS[0], 0), record(ITEMS[2], 2)],
        [record(ITEMS[0], 0), error_record()],
        [record(ITEMS[0], 0), error_record(), record(ITEMS[2], 2), error_record()],
        [],
        [{}, {}, {}],
    ],
    ids=["moved", "too few", "too many", "none", "holes"],
)
def test_an_answer_out_of_order_ends_nothing(records: list[dict[str, Any]]) -> None:
    jobs = pending(*ITEMS)
    seen = look(jobs, *records)
    assert (seen.ended, seen.unreadable, seen.outcomes) == ([], [], [])
    assert {one.job_id for one in seen.running + seen.unseen} == {one.job_id for one in jobs}
    assert seen.jobs == len(jobs)
    assert bool(seen.unseen) == (len([one for one in records if "resource" in one]) < len(jobs))


def test_strangers_are_ignored() -> None:
    jobs = pending(ITEMS[0])
    seen = look(jobs, record(ITEMS[0], 0), record(ITEMS[1], 99, "COMPLETED"))
    assert (seen.running, seen.outcomes) == (jobs, [])


# The kinds -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "item", "path", "name"),
    [("import", an_import(), "imports", "import_ids"), ("export", an_export(), "exports", "export_ids")],
)
def test_kinds_differ_in_their_calls(kind: Kind, item: Item, path: str, name: str) -> None:
    async def main() -> None:
        api, transport = api_with(reply(200, {"items": [record(item, 0)]}), reply(200, {"items": []}))
        operation: Operation = operations(api)[kind]
        assert isinstance(operation, Bulk)
        assert (operation.kind, operation.jobs_per_look, operation.spends_files) == (kind, 100, False)
        made = await operation.create(entries(item), CALL, Admission("submit"))
        await operation.look(made.pending, Admission("poll"))
        create, get = (request for _, request in transport.sent)
        assert create.url.endswith(f"/v2/bulk/storage/{path}/create")
        assert get.url.endswith(f"/v2/bulk/storage/{path}/get")
        assert get.body is not None
        assert orjson.loads(get.body) == {name: ["job-0"]}

    run(main())


def test_what_the_api_raises_is_let_through() -> None:
    async def main() -> None:
        api, _ = api_with(refusal(403))
        with pytest.raises(Exception, match="HTTP 403"):
            await operations(api)["import"].create(entries(*ITEMS), CALL, Admission("submit"))

    run(main())


def test_there_is_a_way_for_every_kind() -> None:
    api, _ = api_with()
    ways = operations(api)
    assert {kind: way.kind for kind, way in ways.items()} == {
        "import": "import",
        "export": "export",
        "drs": "drs",
    }
