"""However a run is left, nothing of it stays: no task, no call, no token, no open source."""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from sbtransfer import (
    Client,
    CountError,
    Item,
    Limits,
    Outcome,
    Polling,
    SBTransferError,
    UsageError,
    WorkListError,
)
from sbtransfer.http.transport import Request, Response
from sbtransfer.simulator import Platform
from sbtransfer.simulator.clock import run
from tests.flows.simulated import (
    Send,
    assert_each_once,
    connected,
    drs,
    exports,
    honest,
    imports,
    is_create,
    outcomes_of,
    quick_platform,
)


class MineError(Exception):
    """The user's own."""


def mixed() -> list[Item]:
    return [*imports(250), *exports(120), *drs(130)]


async def nothing_left(client: Client, tasks: set["asyncio.Task[object]"]) -> None:
    """Right after a run: no task of it, and a period later every token is free again."""
    assert {task for task in asyncio.all_tasks() if not task.done()} == tasks
    await asyncio.sleep(300.5)
    caller = client._api.caller
    assert caller.requests.left == 1000
    assert caller.files.left == 500


def test_break_leaves_nothing() -> None:
    async def main() -> None:
        async with connected(Platform()) as (client, transport):
            tasks = asyncio.all_tasks()
            async with client.transfer(mixed()) as transfer:
                async for _ in transfer:
                    break
            assert transport.open == 0
            assert transfer.summary.adds_up
            assert transfer.summary.unfinished > 0
            await nothing_left(client, tasks)

    run(main())


def test_an_exception_in_the_loop_is_the_users_own_and_leaves_nothing() -> None:
    async def main() -> None:
        async with connected(Platform()) as (client, transport):
            tasks = asyncio.all_tasks()
            with pytest.raises(MineError) as caught:
                async with client.transfer(mixed()) as transfer:
                    async for _ in transfer:
                        raise MineError
            assert caught.value.__context__ is None
            assert transport.open == 0
            await nothing_left(client, tasks)

    run(main())


def test_the_users_exception_is_never_masked_by_a_failed_run() -> None:
    async def unauthorized(request: Request, send: Send) -> Response:
        answer = await send(request)
        return answer if not request.url.endswith("/get") else Response(401, {}, b'{"code": 1}')

    async def main() -> None:
        async with connected(quick_platform(), unauthorized) as (client, _):
            with pytest.raises(MineError):
                async with client.transfer(imports(3)):
                    await asyncio.sleep(1000)
                    raise MineError

    run(main())


def test_a_failed_run_says_so_at_a_clean_exit_and_only_once() -> None:
    async def unauthorized(request: Request, send: Send) -> Response:
        return Response(401, {}, b'{"code": 1, "message": "no"}')

    async def main() -> None:
        async with connected(quick_platform(), unauthorized) as (client, _):
            with pytest.raises(SBTransferError, match="no"):
                async with client.transfer(imports(3)):
                    await asyncio.sleep(10)
            async with client.transfer(imports(3)) as transfer:
                with pytest.raises(SBTransferError, match="no"):
                    async for _ in transfer:
                        pass

    run(main())


@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_exception_of_the_source_comes_after_all_outcomes(asynchronous: bool) -> None:
    closed = []

    def plain() -> Iterator[Item]:
        try:
            yield from imports(250)
            raise MineError("row 250")
        finally:
            closed.append(True)

    async def awaited() -> AsyncIterator[Item]:
        for item in plain():
            yield item

    async def main() -> None:
        async with connected(Platform()) as (client, _):
            outcomes: list[Outcome] = []
            with pytest.raises(MineError, match="row 250") as caught:
                async with client.transfer(awaited() if asynchronous else plain()) as transfer:
                    async for outcome in transfer:
                        outcomes.append(outcome)
            assert not isinstance(caught.value, BaseExceptionGroup)
            assert_each_once(outcomes, [outcome.item for outcome in sorted(outcomes, key=lambda o: o.index)])
            assert len(outcomes) == 250
            assert transfer.summary.adds_up
            assert transfer.summary.completed == 250

    run(main())
    assert closed == [True]


def test_something_that_is_no_item_is_named_with_its_place() -> None:
    async def main() -> None:
        async with connected(Platform()) as (client, _):
            with pytest.raises(WorkListError, match="item 2 is of type dict"):
                await outcomes_of(client, [*imports(2), {"volume": "a/b"}])

    run(main())


def test_a_source_that_is_cancelled_from_within_does_not_hang_the_run() -> None:
    async def doomed() -> AsyncIterator[Item]:
        yield imports(1)[0]
        raise asyncio.CancelledError

    async def main() -> None:
        async with connected(quick_platform()) as (client, _):
            with pytest.raises(WorkListError, match="cancelled from within"):
                await outcomes_of(client, doomed())

    run(main())


@pytest.mark.parametrize("asynchronous", [False, True])
def test_leaving_closes_the_source(asynchronous: bool) -> None:
    closed = []

    def plain() -> Iterator[Item]:
        try:
            yield from imports(100_000)
        finally:
            closed.append(True)

    async def awaited() -> AsyncIterator[Item]:
        try:
            for item in imports(150):
                yield item
            await asyncio.sleep(1e6)
        finally:
            await asyncio.sleep(0)  # a source may need the loop to let go of what it holds
            closed.append(True)

    async def main() -> None:
        async with connected(Platform()) as (client, _):
            async with client.transfer(awaited() if asynchronous else plain(), max_in_flight=200) as transfer:
                async for _ in transfer:
                    break
            assert closed == [True]

    run(main())


def test_a_source_that_waits_for_room_is_closed_at_once() -> None:
    closed = []

    async def waiting() -> AsyncIterator[Item]:
        try:
            for item in imports(1000):
                yield item
        finally:
            closed.append(asyncio.get_running_loop().time())

    async def main() -> None:
        async with connected(quick_platform(1e6)) as (client, _):
            async with client.transfer(waiting(), max_in_flight=200):
                await asyncio.sleep(100)
            assert closed == [100]

    run(main())


def test_a_bare_loop_starts_lazily_and_cleans_up_at_its_end() -> None:
    async def main() -> None:
        async with connected(quick_platform()) as (client, transport):
            tasks = asyncio.all_tasks()
            transfer = client.transfer(imports(150))
            await asyncio.sleep(10)
            assert transport.requests == []
            count = 0
            async for _ in transfer:
                count += 1
            assert count == 150
            assert asyncio.all_tasks() == tasks

    run(main())


def test_a_bare_loop_that_is_left_is_closed_by_the_client_with_a_warning() -> None:
    async def main() -> None:
        platform = quick_platform()
        with pytest.warns(ResourceWarning, match="async with"):
            async with connected(platform) as (client, transport):
                async for _ in client.transfer(mixed()):
                    break
        assert transport.open == 0

    run(main())


def test_a_bare_loop_cleans_up_when_the_run_fails() -> None:
    async def unauthorized(request: Request, send: Send) -> Response:
        return Response(401, {}, b"{}")

    async def main() -> None:
        async with connected(quick_platform(), unauthorized) as (client, _):
            tasks = asyncio.all_tasks()
            with pytest.raises(SBTransferError):
                async for _ in client.transfer(imports(3)):
                    pass
            assert asyncio.all_tasks() == tasks

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(main())


def test_a_bare_loop_whose_source_fails_is_not_said_to_have_been_left() -> None:
    def broken() -> Iterator[Item]:
        yield from imports(3)
        raise MineError

    async def main() -> None:
        async with connected(quick_platform()) as (client, _):
            with pytest.raises(MineError):
                async for _ in client.transfer(broken()):
                    pass

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(main())


def test_a_run_cannot_start_after_its_client_was_closed() -> None:
    async def main() -> None:
        async with connected(quick_platform()) as (client, transport):
            transfer = client.transfer(imports(3))
        with pytest.raises(UsageError, match="closed before it started"):
            await anext(transfer)
        assert transport.requests == []

    run(main())


def test_a_run_is_iterated_once_and_entered_once() -> None:
    async def main() -> None:
        async with connected(quick_platform()) as (client, _):
            async with client.transfer(imports(3)) as transfer:
                async for _ in transfer:
                    pass
                with pytest.raises(UsageError, match="iterated once"):
                    async for _ in transfer:
                        pass
                with pytest.raises(UsageError, match="started already"):
                    await transfer.__aenter__()

    run(main())


def test_a_closed_client_takes_no_transfer() -> None:
    async def main() -> None:
        async with connected(quick_platform()) as (client, _):
            pass
        with pytest.raises(UsageError, match="closed"):
            client.transfer(imports(1))

    run(main())


def test_two_consumers_are_refused() -> None:
    async def main() -> None:
        async with connected(quick_platform()) as (client, _), client.transfer(imports(3)) as transfer:
            first = asyncio.create_task(anext(transfer))
            await asyncio.sleep(0)
            with pytest.raises(UsageError, match="one consumer"):
                await anext(transfer)
            assert (await first).ok

    run(main())


def test_another_task_may_close_and_the_consumer_is_told() -> None:
    async def main() -> None:
        async with connected(Platform()) as (client, _), client.transfer(imports(3)) as transfer:
            closing = asyncio.get_running_loop().call_later(
                1, lambda: closers.append(asyncio.create_task(transfer.aclose()))
            )
            closers: list[asyncio.Task[None]] = []
            with pytest.raises(UsageError, match="closed before its end"):
                async for _ in transfer:
                    pass
            assert closing.when() == 1
            await asyncio.gather(*closers)

    run(main())


def test_wait_counts_without_a_loop() -> None:
    async def main() -> None:
        async with connected(Platform()) as (client, _):
            summary = await client.transfer(imports(120)).wait()
            assert summary.ok
            assert summary.read == 120

    run(main())


def test_stop_follows_what_is_under_way_and_submits_nothing_more() -> None:
    items = imports(1000)

    async def main() -> None:
        platform = quick_platform(100.0)
        async with connected(platform, limits=Limits(requests=4)) as (client, _):
            tasks = asyncio.all_tasks()
            async with client.transfer(items) as transfer:
                await asyncio.sleep(50)
                transfer.stop()
                outcomes = [outcome async for outcome in transfer]
            # Four requests in a period: of the ten chunks these had been sent.
            assert len(outcomes) == len(platform.created("imports")) == 400
            assert transfer.summary.unfinished == 600
            assert transfer.summary.adds_up
            assert asyncio.all_tasks() == tasks

    run(main())


@pytest.mark.parametrize("turns", range(6))
def test_stop_right_after_the_start_sends_nothing_and_ends(turns: int) -> None:
    async def main() -> None:
        async with connected(quick_platform(), latency=1.0) as (client, transport):
            async with client.transfer(imports(1000)) as transfer:
                for _ in range(turns):
                    await asyncio.sleep(0)
                transfer.stop()
                assert [outcome async for outcome in transfer] == []
            assert transport.sent("/imports/create") == []
            assert transfer.summary.adds_up

    run(main())


@pytest.mark.parametrize("gate_shut", [False, True])
def test_stop_does_not_wait_for_calls_that_were_not_sent(gate_shut: bool) -> None:
    async def away(request: Request, send: Send) -> Response:
        if gate_shut:
            return Response(503, {}, b'{"code": 0, "message": "maintenance"}')
        return await send(request)

    async def main() -> None:
        async with connected(quick_platform(), away, limits=Limits(drs_files=100)) as (client, _):
            async with client.transfer(drs(400)) as transfer:
                await asyncio.sleep(5)
                transfer.stop()
                outcomes = [outcome async for outcome in transfer]
            assert asyncio.get_running_loop().time() < 100
            assert len(outcomes) == (0 if gate_shut else 100)
            assert transfer.summary.unfinished == 400 - len(outcomes)

    run(main())


def test_stop_sends_no_further_halves_of_a_refused_chunk() -> None:
    async def refusing(request: Request, send: Send) -> Response:
        if not is_create(request):
            return await send(request)
        await asyncio.sleep(10)
        return Response(400, {}, b'{"code": 1, "message": "bad"}')

    async def main() -> None:
        async with connected(quick_platform(), refusing) as (client, transport):
            async with client.transfer(imports(100)) as transfer:
                await asyncio.sleep(15)
                transfer.stop()
                assert [outcome async for outcome in transfer] == []
            # The whole and the first half were on their way by then.
            assert len(transport.sent("/imports/create")) == 2
            assert transfer.summary.unfinished == 100

    run(main())


def lagging(seconds: float) -> Callable[[Request, Send], Awaitable[Response]]:
    """Answer creates late: the work is done at once, the answer takes its time."""

    async def script(request: Request, send: Send) -> Response:
        answer = await send(request)
        if is_create(request):
            await asyncio.sleep(seconds)
        return answer

    return script


def test_a_create_on_its_way_is_waited_for_when_the_run_is_left() -> None:
    async def main() -> None:
        async with connected(quick_platform(), lagging(7)) as (client, transport):
            loop = asyncio.get_running_loop()
            async with client.transfer(imports(100), grace=10):
                await asyncio.sleep(1)
                assert transport.open == 0
            assert loop.time() == pytest.approx(7.2)

    run(main())


def test_grace_has_an_end_and_a_second_cancellation_ends_it_at_once() -> None:
    async def main() -> None:
        async with connected(quick_platform(), lagging(60)) as (client, _):
            loop = asyncio.get_running_loop()
            async with client.transfer(imports(100), grace=10):
                await asyncio.sleep(1)
            assert loop.time() == 11

            async def impatient() -> None:
                async with client.transfer(imports(100, start=100), grace=10):
                    await asyncio.sleep(1e6)

            task = asyncio.create_task(impatient())
            await asyncio.sleep(5)
            task.cancel()
            await asyncio.sleep(2)
            assert not task.done()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert loop.time() == 18

    run(main())


def cancelled_after(steps: int) -> bool:
    """Cancel the user's task after so many turns of the loop; return whether it was still running then."""
    platform = quick_platform(3.0)
    was_running = False

    async def user(client: Client) -> None:
        async with client.transfer([*imports(120), *drs(30)], linger=0.2, grace=1.0) as transfer:
            async for outcome in transfer:
                await asyncio.sleep(0.01 if outcome.index % 10 == 0 else 0)

    async def main() -> None:
        nonlocal was_running
        async with connected(platform, honest, polling=Polling(1.0)) as (client, transport):
            tasks = asyncio.all_tasks()
            task = asyncio.create_task(user(client))
            for _ in range(steps):
                if task.done():
                    break
                await turn()
            was_running = not task.done()
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled() or task.exception() is None
            assert transport.open == 0
            await nothing_left(client, tasks)

    run(main())
    created = platform.created("imports")
    assert len(created) == len(set(created))
    return was_running


async def turn() -> None:
    """Let every other task take one step: as far as the loop gets before it looks at its timers again."""
    loop = asyncio.get_running_loop()
    if len(loop._ready) > 0:  # type: ignore[attr-defined]
        await asyncio.sleep(0)
    else:
        scheduled = [handle.when() for handle in loop._scheduled if not handle.cancelled()]  # type: ignore[attr-defined]
        await asyncio.sleep(max(min(scheduled, default=loop.time()) - loop.time(), 0))


def test_cancellation_at_every_step() -> None:
    steps = 0
    while cancelled_after(steps):
        steps += 1
        assert steps < 3000
    assert steps > 100


def test_no_exception_is_left_unlooked_at() -> None:
    complaints: list[object] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))

        async def unauthorized(request: Request, send: Send) -> Response:
            return Response(401, {}, b"{}")

        async with connected(quick_platform(), unauthorized) as (client, _):
            async with client.transfer(imports(500)):
                pass
            with pytest.raises(SBTransferError):
                await client.transfer(imports(500)).wait()
        gc.collect()
        await asyncio.sleep(0)

    run(main())
    assert complaints == []


def test_a_miscount_is_said_aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    from sbtransfer.operations.bulk import Bulk
    from sbtransfer.operations.operation import Made

    create = Bulk.create

    async def forgetful(self: Bulk, *args: object) -> Made:
        made = await create(self, *args)  # type: ignore[arg-type]
        made.pending.pop()
        return made

    monkeypatch.setattr(Bulk, "create", forgetful)

    async def main() -> None:
        async with connected(quick_platform()) as (client, _):
            with pytest.raises(CountError, match="100 items were sent, 99 are accounted for"):
                await outcomes_of(client, imports(100))

    run(main())
