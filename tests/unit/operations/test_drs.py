from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from sbtransfer.errors import UnreadableAnswerError
from sbtransfer.http.admission import Admission
from sbtransfer.http.api import API
from sbtransfer.http.caller import Caller
from sbtransfer.http.credentials import Credentials
from sbtransfer.journal.journal import Sent
from sbtransfer.limits import Limits
from sbtransfer.models import Entry, ErrorRecord, Outcome, OutcomeState
from sbtransfer.operations.drs import DRS
from sbtransfer.operations.operation import Made, Pending, Seen
from sbtransfer.simulator.clock import run
from tests.support import ScriptedTransport, a_drs, entries, reply

SENT = datetime(2024, 5, 1, 10, tzinfo=UTC)
CALL = Sent(call=7, kind="drs", begun=0.0, submitted_on=SENT, attempts=3)
ENTRIES = entries(*(a_drs(f"drs://a/{n}", ref=n, tags=["x"]) for n in range(3)))
COMPLETED, FAILED, UNCONFIRMED = OutcomeState


def operation(body: object, looks: int = 1) -> tuple[DRS, ScriptedTransport]:
    transport = ScriptedTransport([reply(200, body)] * looks)
    caller = Caller("https://api.example.org/v2", transport, Credentials("token"), Limits.unlimited())
    return DRS(API(caller)), transport


def answer(state: str = "SUBMITTED", *result: object, **fields: Any) -> dict[str, Any]:
    return {"href": "…", "id": "d1", "state": state, "result": list(result)} | fields


def create(body: object, sent: Sequence[Entry] = ENTRIES) -> Made:
    async def main() -> Made:
        return await operation(body)[0].create(sent, CALL, Admission("submit"))

    return run(main())


def look(body: object) -> tuple[Pending, Seen]:
    async def main() -> tuple[Pending, Seen]:
        pending = Pending("d1", ENTRIES, CALL)
        return pending, await operation(body)[0].look([pending], Admission("poll"))

    return run(main())


def test_one_job_carries_all_items() -> None:
    made = create(answer())
    (pending,) = made.pending
    assert (pending.job_id, pending.entries, pending.sent) == ("d1", ENTRIES, CALL)
    assert (made.outcomes, made.items) == ([], 3)


def test_what_is_sent() -> None:
    async def main() -> None:
        drs, transport = operation(answer())
        await drs.create(ENTRIES, CALL, Admission("submit"))
        ((_, request),) = transport.sent
        assert request.url.endswith("/v2/bulk/drs/imports/create")
        assert request.body is not None
        sent = orjson.loads(request.body)
        assert [item["drs_uri"] for item in sent["items"]] == ["drs://a/0", "drs://a/1", "drs://a/2"]
        assert sent["tags"] == ["x"]
        assert (drs.kind, drs.jobs_per_look, drs.spends_files) == ("drs", 1, True)

    run(main())


@pytest.mark.parametrize("state", ["SUBMITTED", "RESOLVING", "RUNNING", "A_NEW_WORD"])
def test_a_job_under_way(state: str) -> None:
    pending, seen = look(answer(state))
    assert (seen.running, seen.ended, seen.outcomes) == ([pending], [], [])


def test_a_job_under_way_tells_no_results_yet() -> None:
    pending, seen = look(answer("RUNNING", {"resource": {"id": "f0"}}))
    assert (seen.running, seen.outcomes) == ([pending], [])


RESULT: tuple[dict[str, Any], ...] = (
    {"resource": {"id": "f0"}},
    {"error": {"status": 403, "code": 5001, "message": "no access"}},
    {},
)
FINISHED = answer("FINISHED", *RESULT, finished_on="2024-05-01T10:10:00Z")


def check_outcomes(outcomes: list[Outcome]) -> None:
    for outcome, entry in zip(outcomes, ENTRIES, strict=True):
        assert (outcome.index, outcome.item, outcome.job_id) == (entry.index, entry.item, "d1")
        assert (outcome.attempts, outcome.submitted_on) == (3, SENT)
        assert outcome.finished_on == datetime(2024, 5, 1, 10, 10, tzinfo=UTC)
    done, failed, unknown = outcomes
    assert (done.state, done.file_id, done.error) == (COMPLETED, "f0", None)
    assert (failed.state, failed.file_id, failed.error) == (FAILED, None, ErrorRecord(403, 5001, "no access"))
    assert (unknown.state, unknown.file_id) == (UNCONFIRMED, None)
    assert unknown.error is not None
    assert unknown.error.code == "ambiguous"


def look_to_the_end(body: object) -> tuple[Pending, Seen]:
    """Look as often as a result with holes is worth it."""

    async def main() -> tuple[Pending, Seen]:
        pending = Pending("d1", ENTRIES, CALL)
        drs, _ = operation(body, looks=5)
        for number in range(4):
            seen = await drs.look([pending], Admission("poll"))
            assert (seen.unseen, seen.outcomes) == ([pending], []), number
        return pending, await drs.look([pending], Admission("poll"))

    return run(main())


def test_a_finished_job_has_an_outcome_for_each_item() -> None:
    pending, seen = look_to_the_end(FINISHED)
    assert (seen.ended, seen.running, seen.unreadable) == ([pending], [], [])
    check_outcomes(seen.outcomes)


def test_a_complete_result_is_taken_at_once() -> None:
    pending, seen = look(answer("FINISHED", *RESULT[:2], RESULT[0]))
    assert seen.ended == [pending]
    assert [outcome.state for outcome in seen.outcomes] == [COMPLETED, FAILED, COMPLETED]


def test_a_job_that_is_finished_at_once_is_looked_at_like_any_other() -> None:
    made = create(FINISHED)
    assert [one.job_id for one in made.pending] == ["d1"]
    assert made.outcomes == []


def test_items_that_have_an_outcome_only_keep_their_place() -> None:
    async def main() -> Seen:
        drs, _ = operation(answer("FINISHED", *RESULT[:2], RESULT[0]))
        return await drs.look([Pending("d1", ENTRIES, CALL, ended=frozenset({0, 2}))], Admission("poll"))

    seen = run(main())
    assert [(one.index, one.state) for one in seen.outcomes] == [(1, FAILED)]
    assert seen.items_ended == 1


@pytest.mark.parametrize("count", [0, 1, 2, 4, 6])
def test_a_result_of_another_length_is_nobodys(count: int) -> None:
    pending, seen = look_to_the_end(answer("FINISHED", *[{"resource": {"id": "f"}}] * count))
    assert seen.ended == [pending]
    assert [outcome.index for outcome in seen.outcomes] == [0, 1, 2]
    for outcome in seen.outcomes:
        assert (outcome.state, outcome.job_id, outcome.file_id) == (UNCONFIRMED, "d1", None)
        assert f"{count} records for 3 items" in str(outcome.error)


def test_an_unreadable_record_leaves_its_item_alone_open() -> None:
    _, seen = look_to_the_end(
        answer("FINISHED", {"resource": {"id": "f0"}}, None, {"resource": {"id": "f2"}})
    )
    assert [outcome.state for outcome in seen.outcomes] == [COMPLETED, UNCONFIRMED, COMPLETED]


def test_what_was_completed_has_a_file() -> None:
    _, seen = look(answer("FINISHED", *[{"resource": {"id": 7}}] * 3))
    assert all(outcome.file_id or not outcome.ok for outcome in seen.outcomes)


@pytest.mark.parametrize("body", [{}, [], {"id": "d1"}, {"items": []}])
def test_an_answer_that_is_no_job_says_so(body: object) -> None:
    with pytest.raises(UnreadableAnswerError):
        create(body)
