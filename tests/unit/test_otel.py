"""Spans and metrics as OpenTelemetry's own SDK takes them, kept in memory."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attrs import Factory, define
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from sbtransfer import Client, Item, Limits, UnauthorizedError, blocking
from sbtransfer.http.transport import Request, Response
from sbtransfer.otel import Telemetry
from sbtransfer.simulator import Durations, Faults, Platform
from sbtransfer.simulator.clock import run
from sbtransfer.testing import SimulatedTransport
from tests.flows.simulated import Send, connected, drs, imports, is_create, outcomes_of, quick_platform


@define
class Collected:
    """What OpenTelemetry was told."""

    spans: InMemorySpanExporter = Factory(InMemorySpanExporter)
    reader: InMemoryMetricReader = Factory(InMemoryMetricReader)
    tracers: TracerProvider = Factory(TracerProvider)
    meters: MeterProvider = Factory(lambda self: MeterProvider([self.reader]), takes_self=True)
    telemetry: Telemetry = Factory(lambda self: self._telemetry(), takes_self=True)

    def _telemetry(self) -> Telemetry:
        self.tracers.add_span_processor(SimpleSpanProcessor(self.spans))
        return Telemetry(self.tracers, self.meters)

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans.get_finished_spans() if span.name == name]

    def metrics(self) -> dict[str, Any]:
        """Collect, and return each number by its metric's name and the values of its attributes."""
        data = self.reader.get_metrics_data()
        return {
            ".".join((metric.name, *map(str, (point.attributes or {}).values()))): point.value  # type: ignore[union-attr]
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
        }


@pytest.fixture
def collected() -> Iterator[Collected]:
    collected = Collected()
    yield collected
    collected.tracers.shutdown()
    collected.meters.shutdown()


# Spans ---------------------------------------------------------------------------------------------------


def test_a_run_and_its_calls_are_spans_below_the_users_own(collected: Collected) -> None:
    async def main() -> None:
        tracer = collected.tracers.get_tracer("mine")
        async with connected(quick_platform(), telemetry=collected.telemetry) as (client, transport):
            with tracer.start_as_current_span("mine"):
                await outcomes_of(client, imports(250), total=250)
            assert len(collected.named("sbtransfer.run")) == 1
            assert len(collected.spans.get_finished_spans()) == len(transport.requests) + 2
        assert not trace.get_current_span().get_span_context().is_valid

    run(main())
    (mine,), (whole,) = collected.named("mine"), collected.named("sbtransfer.run")
    assert (whole.parent, whole.status.status_code) == (mine.context, StatusCode.UNSET)
    assert (
        dict(whole.attributes or {}).items()
        >= {
            "sbtransfer.total": 250,
            "sbtransfer.read": 250,
            "sbtransfer.completed": 250,
            "sbtransfer.unfinished": 0,
            "sbtransfer.endpoint": "http://127.0.0.1:8900/v2",
        }.items()
    )
    creates = collected.named("POST /bulk/storage/imports/create")
    assert len(creates) == 3
    for span in creates:
        attributes = dict(span.attributes or {})
        assert (span.parent, span.kind) == (whole.context, SpanKind.CLIENT)
        assert attributes.pop("sbtransfer.call")
        (request_id,) = attributes.pop("http.response.header.x-request-id")  # type: ignore[misc]
        assert len(str(request_id)) == 32
        assert attributes == {
            "http.request.method": "POST",
            "http.response.status_code": 200,
            "server.address": "127.0.0.1",
            "server.port": 8900,
            "url.full": "http://127.0.0.1:8900/v2/bulk/storage/imports/create",
            "url.template": "/bulk/storage/imports/create",
        }


def test_a_call_outside_of_any_run_is_a_span_of_its_own(collected: Collected) -> None:
    async def main() -> None:
        async with connected(Platform(), telemetry=collected.telemetry) as (client, _):
            await client.user()

    run(main())
    (span,) = collected.spans.get_finished_spans()
    assert (span.name, span.parent) == ("GET /user", None)


def test_what_goes_wrong_is_told_with_the_spans(collected: Collected) -> None:
    platform = Platform(
        durations=Durations(median=15, p99=60), faults=Faults({"all": 0.25}, 5, revoked_after=60)
    )

    async def main() -> None:
        async with connected(platform, telemetry=collected.telemetry, timeout=60.0) as (client, _):
            with pytest.raises(UnauthorizedError):
                await outcomes_of(client, [*imports(700), *drs(300)])

    run(main())
    (whole,) = collected.named("sbtransfer.run")
    assert whole.status.status_code is StatusCode.ERROR
    assert "HTTP 401" in str(whole.status.description)
    told = {event.name for event in whole.events}
    assert told >= {"sbtransfer.doubt.found", "sbtransfer.platform.away", "sbtransfer.limit.reached"}
    assert not any(name.startswith("sbtransfer.call.sent") for name in told)
    spans = collected.spans.get_finished_spans()
    kinds = {dict(span.attributes or {}).get("error.type") for span in spans}
    assert kinds >= {None, "no_answer", "401", "429", "503"}
    assert platform.token not in "".join(span.to_json() for span in spans)


def test_a_call_that_nobody_waits_for_any_more_has_an_end(collected: Collected) -> None:
    async def slow(request: Request, send: Send) -> Response:
        if is_create(request):
            await asyncio.sleep(1e6)
        return await send(request)

    async def main() -> None:
        async with connected(quick_platform(), slow, telemetry=collected.telemetry) as (client, _):
            async with client.transfer(imports(3), grace=5):
                await asyncio.sleep(10)

    run(main())
    (create,) = collected.named("POST /bulk/storage/imports/create")
    assert (create.attributes or {})["sbtransfer.abandoned"] is True
    (whole,) = collected.named("sbtransfer.run")
    assert "closed before its end" in str(whole.status.description)


# Metrics -------------------------------------------------------------------------------------------------


def test_metrics_are_what_the_progress_says(collected: Collected) -> None:
    async def main() -> None:
        async with connected(
            quick_platform(100.0), telemetry=collected.telemetry, limits=Limits(requests=60)
        ) as (client, _):
            async with client.transfer(imports(350)) as transfer:
                await asyncio.sleep(20)
                told, progress = collected.metrics(), transfer.progress
                assert told["sbtransfer.items.read"] == progress.read == 350
                assert told["sbtransfer.items.in_flight.under_way"] == progress.under_way == 350
                assert told["sbtransfer.limit.left.127.0.0.1.requests"] == progress.requests_left < 60
                assert told["sbtransfer.limit.left.127.0.0.1.files"] == 500
                assert (told["sbtransfer.runs.active"], told["sbtransfer.runs.waiting"]) == (1, 0)
                await transfer.wait()
            await outcomes_of(client, drs(30))
            told = collected.metrics()
        assert told["sbtransfer.items.read"] == 380
        assert told["sbtransfer.items.ended.completed"] == 380
        assert told["sbtransfer.items.ended.failed"] == 0
        assert told["sbtransfer.items.in_flight.under_way"] == 0
        assert told["sbtransfer.runs.active"] == 0
        assert not any(name.startswith("sbtransfer.limit") for name in told)

    run(main())


def test_runs_that_wait_are_counted(collected: Collected) -> None:
    async def main() -> None:
        limits = Limits(drs_files=50)
        async with connected(quick_platform(), telemetry=collected.telemetry, limits=limits) as (client, _):
            async with client.transfer(drs(200)):
                await asyncio.sleep(5)
                assert collected.metrics()["sbtransfer.runs.waiting"] == 1

    run(main())


def elsewhere(work: Callable[[], Any]) -> Any:
    """Do some work in a thread, as readers do that export now and then."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results[0]


def test_another_thread_may_collect_and_a_busy_loop_counts_as_it_stood(
    collected: Collected, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = Platform(durations=Durations(median=1e6, p99=1e6))
    monkeypatch.setattr("sbtransfer.otel._PATIENCE", 0.01)
    held, holding = threading.Event(), threading.Event()

    def items() -> Iterator[Item]:
        yield from imports(200)
        holding.set()
        held.wait(30)

    with blocking.transfer(
        items(),
        endpoint=platform.base_url,
        token=platform.token,
        transport=SimulatedTransport(platform),
        telemetry=collected.telemetry,
    ) as transfer:
        holding.wait(30)
        assert elsewhere(collected.metrics)["sbtransfer.items.read"] == 0
        held.set()
        monkeypatch.setattr("sbtransfer.otel._PATIENCE", 30)
        while transfer.progress.under_way < 200:
            pass
        told = elsewhere(collected.metrics)
        assert told["sbtransfer.items.in_flight.under_way"] == 200
    told = collected.metrics()
    assert (told["sbtransfer.items.read"], told["sbtransfer.runs.active"]) == (200, 0)
    assert len(collected.named("sbtransfer.run")) == 1


def test_a_loop_that_is_gone_counts_as_it_stood(collected: Collected) -> None:
    loop = asyncio.new_event_loop()

    async def main() -> None:
        platform = Platform(durations=Durations(median=1e6, p99=1e6))
        client = Client(
            platform.base_url,
            platform.token,
            transport=SimulatedTransport(platform),
            telemetry=collected.telemetry,
        )
        transfer = client.transfer(imports(200))
        await transfer.__aenter__()
        while transfer.progress.under_way < 200:
            await asyncio.sleep(0)
        collected.metrics()
        tasks.append(asyncio.all_tasks() - {asyncio.current_task()})

    tasks: list[Any] = []
    loop.run_until_complete(main())
    for task in tasks[0]:
        task.cancel()
    loop.run_until_complete(asyncio.wait(tasks[0]))
    loop.close()
    assert collected.metrics()["sbtransfer.items.read"] == 200


# Without it ----------------------------------------------------------------------------------------------


def test_nobody_needs_it_who_does_not_use_it() -> None:
    program = (
        "import sys, sbtransfer.client, sbtransfer.blocking\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]\n"
        "sys.modules['opentelemetry'] = None\n"
        "try:\n"
        "    import sbtransfer.otel\n"
        "except ModuleNotFoundError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "OpenTelemetry is not installed: pip install 'sbtransfer[otel]'\n"
