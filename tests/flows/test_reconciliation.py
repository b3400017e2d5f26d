"""Creates without a clear answer: looked up on the platform, and sent again only if they were not done."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

from sbtransfer import DRSImport, Item, NoAnswerError, Outcome, OutcomeState, VolumeExport, VolumeImport
from sbtransfer.http.transport import Request, Response
from sbtransfer.simulator import Platform
from sbtransfer.simulator.clock import run
from tests.flows.simulated import (
    INPUT,
    PROJECT,
    Send,
    assert_each_once,
    connected,
    drs,
    exports,
    imports,
    is_create,
    outcomes_of,
    quick_platform,
    reply,
)

COMPLETED, FAILED, UNCONFIRMED = OutcomeState.COMPLETED, OutcomeState.FAILED, OutcomeState.UNCONFIRMED
Script = Callable[[Request, Send], Awaitable[Response]]
LOST = NoAnswerError("connection reset")


def losing(times: int, *, done: bool, late: float = 0.0) -> Script:
    """Lose the answers to the first creates, whose work is done, or not, or only some time later."""
    left, tasks = times, set[asyncio.Task[object]]()

    async def work_late(request: Request, send: Send) -> None:
        await asyncio.sleep(late)
        await send(request)

    async def script(request: Request, send: Send) -> Response:
        nonlocal left
        if not is_create(request) or left <= 0:
            return await send(request)
        left -= 1
        if late:
            tasks.add(asyncio.create_task(work_late(request, send)))
        elif done:
            await send(request)
        raise LOST

    return script


def states(outcomes: list[Outcome]) -> dict[str, int]:
    return dict(Counter(str(outcome.state) for outcome in outcomes))


def made(platform: Platform, items: list[Item]) -> int:
    kind = items[0].kind
    return len(platform.created("drs" if kind == "drs" else "imports" if kind == "import" else "exports"))


LISTS = [imports(250), exports(250), exports(250, copy_only=True), drs(250)]
KINDS = ["imports", "exports", "copies", "drs"]


@pytest.mark.parametrize("items", LISTS, ids=KINDS)
def test_work_that_was_done_is_adopted(items: list[Item]) -> None:
    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, losing(2, done=True)) as (client, transport):
            outcomes = await outcomes_of(client, items)
            assert len([1 for _, request in transport.requests if is_create(request)]) == 3
        assert_each_once(outcomes, items)
        assert states(outcomes) == {"COMPLETED": 250}
        assert made(platform, items) == 250
        assert all(outcome.file_id for outcome in outcomes)
        assert all(outcome.attempts == 1 for outcome in outcomes)

    run(main())


@pytest.mark.parametrize("items", LISTS, ids=KINDS)
def test_work_that_was_not_done_is_sent_again_once_that_is_certain(items: list[Item]) -> None:
    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, losing(2, done=False)) as (client, transport):
            outcomes = await outcomes_of(client, items)
            first = [when for when, request in transport.requests if is_create(request)]
        assert_each_once(outcomes, items)
        assert states(outcomes) == {"COMPLETED": 250}
        assert made(platform, items) == 250
        assert len(first) == 5
        assert min(first[3:]) >= 120  # not before the platform had its time
        assert Counter(outcome.attempts for outcome in outcomes) == {1: 50, 2: 200}

    run(main())


@pytest.mark.parametrize("items", LISTS, ids=KINDS)
@pytest.mark.parametrize("late", [5.0, 30.0, 119.0])
def test_late_work_is_waited_for(items: list[Item], late: float) -> None:
    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, losing(2, done=True, late=late)) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert_each_once(outcomes, items)
        assert states(outcomes) == {"COMPLETED": 250}
        assert made(platform, items) == 250

    run(main())


def test_settling_never_takes_less_time_than_a_call_may() -> None:
    async def main() -> None:
        script = losing(1, done=False)
        async with connected(quick_platform(), script, timeout=300.0) as (client, transport):
            outcomes = await outcomes_of(client, imports(10), settle=1.0)
            assert transport.sent("/create")[1] >= 300
        assert states(outcomes) == {"COMPLETED": 10}

    run(main())


def test_the_timeout_of_a_transfer_goes_before_the_clients() -> None:
    async def script(request: Request, send: Send) -> Response:
        if is_create(request) and asyncio.get_running_loop().time() < 50:
            await send(request)
            await asyncio.sleep(1e6)
        return await send(request)

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, script) as (client, _):
            outcomes = await outcomes_of(client, imports(10), settle=1.0, timeout=20.0)
            assert asyncio.get_running_loop().time() < 60
        assert states(outcomes) == {"COMPLETED": 10}
        assert len(platform.created("imports")) == 10

    run(main())


# Half an answer -------------------------------------------------------------------------------------------


def rewriting(change: Callable[[list[Any]], object]) -> Script:
    async def script(request: Request, send: Send) -> Response:
        answer = await send(request)
        if not is_create(request):
            return answer
        body = orjson.loads(answer.body)
        change(body["items"])
        return Response(answer.status, answer.headers, orjson.dumps(body))

    return script


@pytest.mark.parametrize("items", LISTS[:3], ids=KINDS[:3])
def test_items_without_a_record_are_looked_up(items: list[Item]) -> None:
    def lose(records: list[Any]) -> None:
        del records[-1], records[::7]

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, rewriting(lose)) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert_each_once(outcomes, items)
        assert states(outcomes) == {"COMPLETED": 250}
        assert made(platform, items) == 250

    run(main())


def test_a_refused_item_that_cannot_be_told_from_the_others_is_asked_about_again() -> None:
    items = imports(100)
    items[5] = VolumeImport(volume="rfranklin/unknown", location="x.gz", project=PROJECT)

    def swap(records: list[Any]) -> None:
        if len(records) > 6:
            records[5], records[6] = records[6], records[5]

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, rewriting(swap)) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert states(outcomes) == {"COMPLETED": 99, "FAILED": 1}
        (refused,) = (outcome for outcome in outcomes if not outcome.ok)
        assert (refused.index, refused.attempts) == (5, 2)
        assert refused.error
        assert refused.error.status == 404
        assert len(platform.created("imports")) == 99

    run(main())


# Items that are alike -------------------------------------------------------------------------------------


@pytest.mark.parametrize("done", [True, False])
def test_equal_items_are_counted_and_not_merged(done: bool) -> None:
    items = [*imports(60), *imports(60), *imports(60)]

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, losing(1, done=done)) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert_each_once(outcomes, items)
        assert states(outcomes) == {"COMPLETED": 180}
        assert len(platform.created("imports")) == 180
        assert len({outcome.job_id for outcome in outcomes}) == 180

    run(main())


def test_jobs_of_calls_whose_answer_is_on_its_way_are_not_taken() -> None:
    # The second call carries the same items; it is done at once and answered long after the first look.
    creates = 0

    async def script(request: Request, send: Send) -> Response:
        nonlocal creates
        if not is_create(request):
            return await send(request)
        creates += 1
        if creates == 1:
            raise LOST
        answer = await send(request)
        await asyncio.sleep(100 if creates == 2 else 0)
        return answer

    items = [*imports(100), *imports(100)]

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, script) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert_each_once(outcomes, items)
        assert states(outcomes) == {"COMPLETED": 200}
        assert len({outcome.job_id for outcome in outcomes}) == 200
        assert len(platform.created("imports")) == 200

    run(main())


def test_jobs_of_an_earlier_time_are_not_taken() -> None:
    items = imports(50)

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, losing(0, done=True)) as (client, _):
            before = await outcomes_of(client, items)
            await asyncio.sleep(60)
        async with connected(platform, losing(1, done=False)) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert states(outcomes) == {"COMPLETED": 50}
        assert {one.job_id for one in before} & {one.job_id for one in outcomes} == set()
        assert len(platform.created("imports")) == 100

    run(main())


# Exports destroy their source -----------------------------------------------------------------------------


def hiding_jobs(request: Request, answer: Response) -> Response:
    if not request.url.endswith("/storage/exports"):
        return answer
    body = orjson.loads(answer.body)
    body.update(items=[], links=[])
    headers = {**answer.headers, "X-Total-Matching-Query": "0"}
    return Response(answer.status, headers, orjson.dumps(body))


def test_an_export_whose_job_is_not_listed_is_known_by_its_alias() -> None:
    lose = losing(1, done=True)

    async def script(request: Request, send: Send) -> Response:
        return hiding_jobs(request, await lose(request, send))

    items = exports(60)

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, script) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert states(outcomes) == {"COMPLETED": 60}
        assert all(outcome.job_id is None and outcome.file_id for outcome in outcomes)
        assert len(platform.created("exports")) == 60

    run(main())


def test_an_export_is_unconfirmed_where_the_file_does_not_tell() -> None:
    lose = losing(1, done=False)

    async def script(request: Request, send: Send) -> Response:
        if request.url.endswith("/bulk/files/get"):
            return reply(200, b'{"items": []}')
        return await lose(request, send)

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, script) as (client, _):
            outcomes = await outcomes_of(client, exports(60))
        assert states(outcomes) == {"UNCONFIRMED": 60}
        assert platform.created("exports") == []

    run(main())


def test_an_alias_elsewhere_is_not_this_export() -> None:
    away = VolumeExport(file="moved-0", volume="rfranklin/output", location="elsewhere/0.bam")

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, losing(0, done=True)) as (client, _):
            await outcomes_of(client, [away])
        async with connected(platform, losing(1, done=False)) as (client, _):
            (outcome,) = await outcomes_of(client, exports(1))
        assert outcome.state is FAILED
        assert "alias" in str(outcome.error)
        assert len(platform.created("exports")) == 1

    run(main())


# DRS has no list ------------------------------------------------------------------------------------------


def test_unnamed_drs_items_are_unconfirmed_unless_the_user_allows_more() -> None:
    unnamed = [DRSImport(drs_uri=f"drs://data.example/unnamed-{n}", project=PROJECT) for n in range(30)]
    items = [*drs(30), *unnamed]

    async def main(resend: bool) -> dict[str, int]:
        platform = quick_platform()
        async with connected(platform, losing(1, done=False)) as (client, _):
            outcomes = await outcomes_of(client, items, resend_ambiguous=resend)
        assert_each_once(outcomes, items)
        unsure = [outcome for outcome in outcomes if not outcome.ok]
        assert all(outcome.error and outcome.error.code == "ambiguous" for outcome in unsure)
        assert all(outcome.index >= 30 for outcome in unsure)
        return states(outcomes)

    assert run(main(False)) == {"COMPLETED": 30, "UNCONFIRMED": 30}
    assert run(main(True)) == {"COMPLETED": 60}


@pytest.mark.parametrize("resolution", ["OVERWRITE", "RENAME"])
@pytest.mark.parametrize("done", [True, False])
def test_drs_items_that_a_name_does_not_tell_of(resolution: str, done: bool) -> None:
    items = drs(30, conflict_resolution=resolution)

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, losing(1, done=done)) as (client, _):
            outcomes = await outcomes_of(client, items)
        sent_again = resolution == "OVERWRITE" and not done
        assert states(outcomes) == {"COMPLETED" if sent_again else "UNCONFIRMED": 30}
        assert len(platform.created("drs")) == 30 * (done or sent_again)

    run(main())


# When the platform does not tell --------------------------------------------------------------------------


def test_items_are_unconfirmed_where_the_job_list_cannot_be_read() -> None:
    lose = losing(1, done=True)

    async def script(request: Request, send: Send) -> Response:
        if request.url.endswith("/storage/imports"):
            return reply(403, b'{"status": 403, "code": 9001, "message": "not yours to list"}')
        return await lose(request, send)

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, script) as (client, _):
            outcomes = await outcomes_of(client, imports(100))
        assert states(outcomes) == {"UNCONFIRMED": 100}
        assert {outcome.error.code for outcome in outcomes if outcome.error} == {"ambiguous"}
        assert "not yours to list" in str(outcomes[0].error)

    run(main())


def test_a_list_that_is_cut_short_proves_no_absence() -> None:
    lose, cut = losing(1, done=True), 5

    async def script(request: Request, send: Send) -> Response:
        nonlocal cut
        answer = await lose(request, send)
        if not request.url.endswith("/storage/imports") or cut <= 0:
            return answer
        cut -= 1
        body = orjson.loads(answer.body)
        body.update(items=body["items"][:3], links=[])
        return Response(answer.status, answer.headers, orjson.dumps(body))

    items = imports(100)

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, script) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert_each_once(outcomes, items)
        assert len(platform.created("imports")) == 100

    run(main())


def test_an_item_that_the_platform_stumbles_over_fails_alone() -> None:
    poison = VolumeImport(volume=INPUT, location="poison", project=PROJECT)
    items = [*imports(70), poison, *imports(29, start=70)]

    async def script(request: Request, send: Send) -> Response:
        if is_create(request) and b'"poison"' in (request.body or b""):
            return reply(500, b"<html>Internal Server Error</html>")
        return await send(request)

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, script) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert_each_once(outcomes, items)
        assert states(outcomes) == {"COMPLETED": 99, "FAILED": 1}
        (failed,) = (outcome for outcome in outcomes if not outcome.ok)
        assert failed.item is poison
        assert failed.error
        assert failed.error.code == "unanswered"
        assert len(platform.created("imports")) == 99

    run(main())


# On the way -----------------------------------------------------------------------------------------------


def test_doubts_are_shown_and_counted() -> None:
    async def main() -> None:
        platform = quick_platform()
        async with (
            connected(platform, losing(1, done=False)) as (client, _),
            client.transfer(imports(100)) as transfer,
        ):
            await asyncio.sleep(60)
            assert transfer.progress.in_doubt == 100
            assert transfer.progress.waiting_for == "reconciling 1 call"
            assert transfer.summary.unfinished == 100
            assert transfer.summary.adds_up
            assert (await transfer.wait()).ok

    run(main())


@pytest.mark.parametrize("done", [True, False])
def test_a_run_that_is_stopped_settles_its_doubts_and_sends_nothing(done: bool) -> None:
    async def main() -> None:
        platform = quick_platform()
        async with (
            connected(platform, losing(1, done=done)) as (client, transport),
            client.transfer(imports(100)) as transfer,
        ):
            await asyncio.sleep(30)
            transfer.stop()
            summary = await transfer.wait()
            assert summary.adds_up
            assert (summary.completed, summary.unfinished) == ((100, 0) if done else (0, 100))
            assert len(transport.sent("/create")) == 1

    run(main())


def test_one_look_serves_many_calls() -> None:
    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, losing(20, done=True)) as (client, transport):
            outcomes = await outcomes_of(client, imports(2000))
            assert len(transport.sent("/storage/imports")) <= 2 * 21  # two readings of 2,000 jobs at most
        assert states(outcomes) == {"COMPLETED": 2000}

    run(main())
