"""A platform that refuses, stumbles or answers nonsense: no item is lost, none is sent twice unasked."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import orjson
import pytest

from sbtransfer import (
    ConsecutiveFailuresError,
    NoAnswerError,
    NotSentError,
    OutageError,
    Outcome,
    OutcomeState,
    UnauthorizedError,
    VolumeImport,
)
from sbtransfer.http.transport import Request, Response
from sbtransfer.simulator import Platform
from sbtransfer.simulator.clock import run
from tests.flows.simulated import (
    Send,
    assert_each_once,
    connected,
    drs,
    imports,
    is_create,
    outcomes_of,
    quick_platform,
    reply,
)

COMPLETED, FAILED, UNCONFIRMED = OutcomeState.COMPLETED, OutcomeState.FAILED, OutcomeState.UNCONFIRMED
GATEWAY = reply(502, b"<html>Bad Gateway</html>", Content_Type="text/html")
MAINTENANCE = reply(503, b'{"status": 503, "code": 0, "message": "maintenance"}')


def first(times: int, then: Response | Exception) -> Callable[[Request, Send], Awaitable[Response]]:
    """Answer the first creates so, without any work, and be honest afterwards."""
    left = times

    async def script(request: Request, send: Send) -> Response:
        nonlocal left
        if is_create(request) and left > 0:
            left -= 1
            if isinstance(then, Exception):
                raise then
            return then
        return await send(request)

    return script


def rewriting(change: Callable[[dict[str, Any]], object]) -> Callable[[Request, Send], Awaitable[Response]]:
    """Let the platform do its work, and change what it says of it."""

    async def script(request: Request, send: Send) -> Response:
        answer = await send(request)
        if not is_create(request):
            return answer
        body = orjson.loads(answer.body)
        change(body)
        return Response(answer.status, answer.headers, orjson.dumps(body))

    return script


def states(outcomes: list[Outcome]) -> dict[str, int]:
    return dict(Counter(str(outcome.state) for outcome in outcomes))


# Answers with holes ---------------------------------------------------------------------------------------


def test_records_in_another_order_find_their_items() -> None:
    items = imports(300)

    async def main() -> None:
        platform = Platform()
        async with connected(platform, rewriting(lambda body: body["items"].reverse())) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert_each_once(outcomes, items)
        for outcome in outcomes:
            assert outcome.state is COMPLETED
            job = platform.jobs[outcome.job_id or ""]
            assert isinstance(outcome.item, VolumeImport)
            assert job.item[1] == outcome.item.location  # type: ignore[union-attr]

    run(main())


def test_more_records_than_items_lose_nothing() -> None:
    items = imports(100)

    async def main() -> None:
        script = rewriting(lambda body: body["items"].insert(3, body["items"][70]))
        async with connected(Platform(), script) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert_each_once(outcomes, items)
        assert states(outcomes) == {"COMPLETED": 100}

    run(main())


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.update(items=[]),
        lambda body: body.pop("items"),
        lambda body: body.update(items=None),
        lambda body: body.update(items=[{} for _ in body["items"]]),
    ],
    ids=["empty items", "no items", "items is null", "records without content"],
)
def test_a_success_with_nothing_in_it_is_no_success(change: Callable[[dict[str, Any]], object]) -> None:
    items = imports(150)

    async def main() -> None:
        platform = Platform()
        async with connected(platform, rewriting(change)) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert_each_once(outcomes, items)
        assert states(outcomes) == {"COMPLETED": 150}
        assert len(platform.created("imports")) == 150

    run(main())


@pytest.mark.parametrize("surplus", [-1, 1])
def test_a_drs_result_of_the_wrong_length_is_read_by_the_files_names(surplus: int) -> None:
    items = drs(100)

    async def script(request: Request, send: Send) -> Response:
        answer = await send(request)
        if "/drs/imports/" not in request.url or is_create(request):
            return answer
        body = orjson.loads(answer.body)
        if body["result"]:
            body["result"] = body["result"][:-1] if surplus < 0 else [*body["result"], body["result"][0]]
        return Response(answer.status, answer.headers, orjson.dumps(body))

    async def main() -> None:
        async with connected(quick_platform(), script) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert_each_once(outcomes, items)
        unsure = [outcome for outcome in outcomes if not outcome.ok]
        assert [(one.index, one.state) for one in unsure] == [(99, UNCONFIRMED)] * (surplus < 0)
        assert all(f"{100 + surplus} records for 100 items" in str(one.error) for one in unsure)
        assert all(outcome.job_id for outcome in outcomes)

    run(main())


# Calls that may have been done ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble",
    [
        GATEWAY,
        reply(500, b""),
        reply(503, b"<html>Service Unavailable</html>"),
        reply(504, b'{"not": "the platform\'s"}'),
        reply(302, b"", Location="https://elsewhere.example/"),
        reply(200, b'{"items": [{"resource": {"id": '),
        NoAnswerError("connection reset"),
    ],
    ids=["502 html", "500 empty", "503 gateway", "504", "redirect", "truncated", "reset"],
)
def test_what_may_have_been_done_is_not_sent_again_at_once(trouble: Response | Exception) -> None:
    items = imports(300)

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, first(1, trouble)) as (client, transport):
            outcomes = await outcomes_of(client, items)
        assert_each_once(outcomes, items)
        assert states(outcomes) == {"COMPLETED": 300}
        assert len(platform.created("imports")) == 300
        creates = transport.sent("/imports/create")
        assert len(creates) == 4
        assert creates[3] > 120

    run(main())


def test_a_create_without_an_answer_is_looked_up_after_its_timeout() -> None:
    async def silent(request: Request, send: Send) -> Response:
        answer = await send(request)
        if is_create(request):
            await asyncio.sleep(1e6)
        return answer

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, silent, timeout=45.0) as (client, _):
            outcomes = await outcomes_of(client, imports(100))
            assert 45 < asyncio.get_running_loop().time() < 60
        assert states(outcomes) == {"COMPLETED": 100}
        assert len(platform.created("imports")) == 100

    run(main())


# Calls that surely were not done ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble",
    [NotSentError("connection refused"), MAINTENANCE, reply(503, b'{"code": 7000, "message": "later"}')],
    ids=["refused", "maintenance", "503 of the platform"],
)
def test_what_surely_was_not_done_is_sent_again(trouble: Response | Exception) -> None:
    items = [*imports(250), *drs(100)]

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, first(9, trouble)) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert_each_once(outcomes, items)
        assert states(outcomes) == {"COMPLETED": 350}
        assert len(platform.created("imports")) == 250
        assert sum(count for _, count in platform.drs_log) == 100

    run(main())


def test_an_outage_is_probed_by_reads_alone_at_growing_intervals() -> None:
    """No create is spent on finding out whether the platform is back."""

    async def away(request: Request, send: Send) -> Response:
        if asyncio.get_running_loop().time() < 1000:
            raise NotSentError("connection refused")
        return await send(request)

    async def main() -> None:
        async with connected(quick_platform(), away, latency=0) as (client, transport):
            outcomes = await outcomes_of(client, imports(500))
        assert states(outcomes) == {"COMPLETED": 500}
        early = [request.url.rpartition("/v2")[2] for when, request in transport.requests if when < 1000]
        # The first call asks for the limits, and finds that nobody is there.
        probes = [when for when, request in transport.requests if request.url.endswith("/rate_limit")]
        assert set(early) == {"/rate_limit"}
        waits = [after - before for before, after in pairwise(probes)]
        assert all(0.5 * min(2**n, 60) <= wait <= 60 for n, wait in enumerate(waits[:-1]))
        assert 15 <= len(probes) <= 40

    run(main())


def test_an_outage_that_lasts_ends_the_run_with_one_bare_exception() -> None:
    async def away(request: Request, send: Send) -> Response:
        raise NotSentError("no connection: name or service not known")

    async def main() -> None:
        async with connected(quick_platform(), away, give_up_after=600) as (client, _):
            with pytest.raises(OutageError, match=r"could not be reached for .* name or service") as caught:
                await outcomes_of(client, [*imports(500), *drs(200)])
            assert not isinstance(caught.value, BaseExceptionGroup)
            assert 600 <= asyncio.get_running_loop().time() <= 670

    run(main())


@pytest.mark.parametrize("headers", [{}, {"X_RateLimit_Reset": "1700000030"}])
def test_a_429_is_waited_for_once_by_all_and_costs_no_attempt(headers: dict[str, str]) -> None:
    limited = reply(429, b'{"status": 429, "code": 1000, "message": "slow down"}', **headers)

    async def main() -> None:
        async with connected(quick_platform(), first(1, limited), latency=0) as (client, transport):
            outcomes = await outcomes_of(client, imports(300))
        assert states(outcomes) == {"COMPLETED": 300}
        assert {outcome.attempts for outcome in outcomes} == {1}
        # Without a `Date` beside it a reset cannot be trusted: one period is surely enough.
        assert max(transport.sent("/imports/create")) == 300

    run(main())


def test_a_429_with_reset_and_date_is_waited_for_in_server_time() -> None:
    # The server's clock is two minutes off, and its reset comes in milliseconds.
    limited = reply(
        429,
        b'{"code": 1000, "message": "slow down"}',
        X_RateLimit_Reset="1700000137000",
        Date="Tue, 14 Nov 2023 22:15:20 GMT",
    )

    async def main() -> None:
        async with connected(quick_platform(), first(1, limited), latency=0) as (client, transport):
            outcomes = await outcomes_of(client, imports(100))
        assert states(outcomes) == {"COMPLETED": 100}
        assert transport.sent("/imports/create") == [0, 18]

    run(main())


# Whole-call refusals ----------------------------------------------------------------------------------------


def refusing(bad: Callable[[dict[str, Any]], bool], status: int = 400) -> Any:
    """Refuse every create that holds a bad item, as a whole."""

    async def script(request: Request, send: Send) -> Response:
        if is_create(request) and any(map(bad, orjson.loads(request.body or b"")["items"])):
            return reply(status, b'{"status": 400, "code": 1, "message": "Bad item somewhere."}')
        return await send(request)

    return script


def test_a_refused_call_is_halved_until_its_bad_items_are_found() -> None:
    items = imports(300)
    bad = {"runs/42.fastq.gz", "runs/142.fastq.gz", "runs/143.fastq.gz"}

    async def main() -> None:
        platform = quick_platform()
        script = refusing(lambda item: item["source"]["location"] in bad)
        async with connected(platform, script) as (client, transport):
            outcomes = await outcomes_of(client, items)
        assert_each_once(outcomes, items)
        failed = {outcome.index: outcome for outcome in outcomes if outcome.state is FAILED}
        assert set(failed) == {42, 142, 143}
        assert failed[42].error is not None
        assert failed[42].error.message == "Bad item somewhere."
        assert failed[42].attempts == 8
        assert states(outcomes) == {"FAILED": 3, "COMPLETED": 297}
        assert len(platform.created("imports")) == 297
        assert len(transport.sent("/imports/create")) < 50

    run(main())


def test_files_of_refused_drs_calls_are_free_again() -> None:
    async def main() -> None:
        script = refusing(lambda item: item["name"] == "drs-3")
        async with connected(quick_platform(), script, latency=0) as (client, _):
            outcomes = await outcomes_of(client, drs(400))
            assert states(outcomes) == {"COMPLETED": 399, "FAILED": 1}
            # 500 would be exceeded had the refused parts been counted; all was sent within the first moments.
            assert asyncio.get_running_loop().time() < 60

    run(main())


def test_a_chunk_that_is_refused_alike_everywhere_fails_together() -> None:
    async def main() -> None:
        async with connected(quick_platform(), refusing(lambda _: True, 403)) as (client, transport):
            outcomes = await outcomes_of(client, imports(100))
        assert states(outcomes) == {"FAILED": 100}
        assert len(transport.sent("/imports/create")) == 5

    run(main())


def test_ten_wholly_refused_chunks_in_a_row_stop_the_run() -> None:
    async def main() -> None:
        async with connected(quick_platform(), refusing(lambda _: True, 403)) as (client, _):
            transfer = client.transfer(imports(100_000))
            outcomes = []
            with pytest.raises(
                ConsecutiveFailuresError, match=r"chunks in a row .* Bad item somewhere"
            ) as caught:
                async for outcome in transfer:
                    outcomes.append(outcome)
            assert caught.value.status == 403
            assert transfer.summary.adds_up
            assert len(outcomes) == transfer.summary.failed
            assert 1000 <= len(outcomes) <= 1000 + 32 * 100

    run(main())


def test_a_success_between_lets_the_run_go_on() -> None:
    items = imports(3000)

    async def main() -> None:
        # Every second chunk is wholly bad.
        script = refusing(lambda item: int(item["source"]["location"][5:-9]) // 100 % 2 == 0)
        async with connected(quick_platform(), script) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert states(outcomes) == {"FAILED": 1500, "COMPLETED": 1500}

    run(main())


# The token --------------------------------------------------------------------------------------------------


def test_a_refused_token_ends_the_run() -> None:
    async def main() -> None:
        async with connected(quick_platform(), token="f" * 32) as (client, _):
            with pytest.raises(UnauthorizedError):
                await outcomes_of(client, [*imports(500), *drs(500)])

    run(main())


def test_a_token_that_is_revoked_half_way_is_asked_for_again() -> None:
    async def main() -> None:
        platform = quick_platform(100.0)
        asked = []

        async def token() -> str:
            asked.append(asyncio.get_running_loop().time())
            return platform.token

        async with connected(platform, token=token) as (client, _):
            asyncio.get_running_loop().call_later(30, setattr, platform, "token", "e" * 32)
            outcomes = await outcomes_of(client, [*imports(500), *drs(200)])
        assert states(outcomes) == {"COMPLETED": 700}
        assert len(asked) == 2

    run(main())


# Polls ------------------------------------------------------------------------------------------------------


def test_a_failing_poll_never_ends_an_item() -> None:
    async def script(request: Request, send: Send) -> Response:
        if not is_create(request) and asyncio.get_running_loop().time() < 600:
            return GATEWAY
        return await send(request)

    async def main() -> None:
        async with connected(quick_platform(), script) as (client, _):
            outcomes = await outcomes_of(client, [*imports(150), *drs(50)])
        assert states(outcomes) == {"COMPLETED": 200}

    run(main())


def test_a_job_that_the_platform_forgot_ends_unconfirmed_in_the_end() -> None:
    items = imports(20)

    async def main() -> None:
        platform = quick_platform(1e5)

        def forget() -> None:
            del platform.jobs[next(iter(platform.jobs))]

        async with connected(platform) as (client, _):
            asyncio.get_running_loop().call_later(1, forget)
            outcomes = await outcomes_of(client, items)
        assert states(outcomes) == {"COMPLETED": 19, "UNCONFIRMED": 1}
        (lost,) = (outcome for outcome in outcomes if not outcome.ok)
        assert lost.index == 0
        assert lost.job_id is not None
        assert lost.error is not None
        assert lost.error.status == 404

    run(main())


def test_a_job_that_is_unreadable_now_and_then_is_followed_to_its_end() -> None:
    looks = 0

    async def script(request: Request, send: Send) -> Response:
        nonlocal looks
        answer = await send(request)
        if not request.url.endswith("/imports/get"):
            return answer
        looks += 1
        if looks % 3 == 0:
            return answer
        gone = {"error": {"status": 404, "code": 9004, "message": "no such job"}}
        return Response(200, answer.headers, orjson.dumps({"items": [gone]}))

    async def main() -> None:
        async with connected(quick_platform(1e5), script) as (client, _):
            outcomes = await outcomes_of(client, imports(1))
        assert looks > 12
        assert states(outcomes) == {"COMPLETED": 1}

    run(main())


def test_a_job_that_outlives_its_timeout_ends_unconfirmed_with_its_id() -> None:
    async def main() -> None:
        async with connected(quick_platform(1e6)) as (client, _):
            outcomes = await outcomes_of(client, [*imports(3), *drs(2)], job_timeout=3600)
            assert 3600 <= asyncio.get_running_loop().time() <= 3610
        assert states(outcomes) == {"UNCONFIRMED": 5}
        assert all(outcome.job_id for outcome in outcomes)
        assert {outcome.error.code for outcome in outcomes if outcome.error} == {"job_timeout"}

    run(main())
