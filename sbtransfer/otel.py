"""OpenTelemetry: a span for each run and for each call to the platform, and metrics of how runs stand.

    from sbtransfer.otel import Telemetry

    async with Client.from_environment(telemetry=Telemetry()) as client: ...

The API alone is needed, which `pip install 'sbtransfer[otel]'` brings; where the data go is for the program.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from contextvars import ContextVar, Token
from logging import INFO
from typing import Any
from urllib.parse import urlsplit

from attrs import define, field, frozen

from sbtransfer import __version__, events
from sbtransfer.events import Event
from sbtransfer.progress import Progress

try:
    from opentelemetry import context, metrics, trace
    from opentelemetry.context import Context
    from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
    from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider
except ModuleNotFoundError as error:
    missing = "OpenTelemetry is not installed: pip install 'sbtransfer[otel]'"
    raise ModuleNotFoundError(missing, name=error.name) from error

_PATIENCE = 1.0
"""Seconds for which a busy loop is waited for; then it counts how its run stood before."""

_ENDED = ("completed", "failed", "unconfirmed")
_COUNTS = ("read", *_ENDED)
_STATIONS = ("waiting", "under_way", "in_doubt", "undelivered")


@define(eq=False)
class _Followed:
    """A run that goes on in a loop, of which any thread may ask how it stands."""

    loop: asyncio.AbstractEventLoop
    progress: Callable[[], Progress]
    server: str = ""
    last: Progress = field(factory=Progress)

    def now(self) -> Progress:
        """Return how it stands, or how it stood last where there is no answer in time."""
        with suppress(RuntimeError, TimeoutError):  # closed, or too busy
            self.last = self.progress() if self._here else self._asked()
        return self.last

    @property
    def _here(self) -> bool:
        return asyncio._get_running_loop() is self.loop

    def _asked(self) -> Progress:
        answer: Future[Progress] = Future()
        self.loop.call_soon_threadsafe(lambda: answer.set_result(self.progress()))
        return answer.result(_PATIENCE)


@frozen(eq=False)
class _Open:
    """A span that is current in its task; `around` is the one that was before."""

    span: Span
    attached: Token[Context]
    around: _Open | None
    run: _Followed | None = None


class Telemetry:
    """Hears of a client's runs and calls, and tells OpenTelemetry of them. One is enough for many clients.

    Without providers, those that the program has set are used. What is measured is `run.progress`, asked at
    each collection; a run that has ended counts on in what was read and what has ended.
    """

    def __init__(
        self, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        self._tracer = trace.get_tracer("sbtransfer", __version__, tracer_provider)
        self._lock = threading.Lock()
        self._runs: list[_Followed] = []
        self._past = dict.fromkeys(_COUNTS, 0)
        self._current: ContextVar[_Open | None] = ContextVar("sbtransfer_span", default=None)
        self._starting: ContextVar[_Followed | None] = ContextVar("sbtransfer_starting", default=None)
        self._pairs: Mapping[Event, Callable[[Mapping[str, Any]], None]] = {
            events.RUN_STARTED: self._run_started,
            events.RUN_ENDED: self._run_ended,
            events.CALL_SENT: self._call_sent,
            events.CALL_ANSWERED: self._call_answered,
            events.CALL_FAILED: self._call_failed,
            events.CALL_ABANDONED: self._call_abandoned,
        }
        self._measure(metrics.get_meter("sbtransfer", __version__, meter_provider))

    # What is heard -----------------------------------------------------------------------------------------

    def follow(self, progress: Callable[[], Progress]) -> None:
        """Know a run that starts in this task."""
        followed = _Followed(asyncio.get_running_loop(), progress)
        self._starting.set(followed)
        with self._lock:
            self._runs.append(followed)

    def heard(self, event: Event, fields: Mapping[str, Any]) -> None:
        """Begin or end a span; what else happens within one, and matters, becomes an event of it."""
        pair = self._pairs.get(event)
        if pair is not None:
            pair(fields)
            return
        current = self._current.get()
        if current is not None and event.level >= INFO:
            current.span.add_event(event.name, _attributes(fields))

    def _run_started(self, fields: Mapping[str, Any]) -> None:
        run = self._starting.get()
        if run is not None:
            run.server = urlsplit(fields["endpoint"]).hostname or ""
        told = {name: fields[name] for name in ("run", "endpoint", "total")}
        self._begin(self._tracer.start_span("sbtransfer.run", attributes=_attributes(told)), run)

    def _run_ended(self, fields: Mapping[str, Any]) -> None:
        current = self._current.get()
        if current is None:
            return
        current.span.set_attributes(_attributes({name: fields[name] for name in (*_COUNTS, "unfinished")}))
        if fields["error"] is not None:
            current.span.set_status(Status(StatusCode.ERROR, fields["error"]))
        self._end(current)
        if current.run is not None:
            self._forget(current.run)

    def _call_sent(self, fields: Mapping[str, Any]) -> None:
        where = urlsplit(fields["url"])
        attributes = {
            "http.request.method": fields["method"],
            "url.full": fields["url"],
            "url.template": fields["route"],
            "server.address": where.hostname or "",
            "server.port": where.port or (443 if where.scheme == "https" else 80),
            "sbtransfer.call": fields["call"],
        }
        name = f"{fields['method']} {fields['route']}"
        self._begin(self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes))

    def _call_answered(self, fields: Mapping[str, Any]) -> None:
        current = self._current.get()
        if current is None:
            return
        current.span.set_attribute("http.response.status_code", fields["status"])
        if fields["request_id"] is not None:
            current.span.set_attribute("http.response.header.x-request-id", [fields["request_id"]])
        if fields["status"] >= 400:
            current.span.set_attribute("error.type", str(fields["status"]))
            current.span.set_status(StatusCode.ERROR)
        self._end(current)

    def _call_failed(self, fields: Mapping[str, Any]) -> None:
        current = self._current.get()
        if current is not None:
            current.span.set_attribute("error.type", "no_answer")
            current.span.set_status(Status(StatusCode.ERROR, fields["error"]))
            self._end(current)

    def _call_abandoned(self, _: Mapping[str, Any]) -> None:
        current = self._current.get()
        if current is not None:
            current.span.set_attribute("sbtransfer.abandoned", True)
            self._end(current)

    def _begin(self, span: Span, run: _Followed | None = None) -> None:
        attached = context.attach(trace.set_span_in_context(span))
        self._current.set(_Open(span, attached, self._current.get(), run))

    def _end(self, current: _Open) -> None:
        current.span.end()
        context.detach(current.attached)
        self._current.set(current.around)

    def _forget(self, run: _Followed) -> None:
        last = run.now()
        with self._lock:
            self._runs.remove(run)
            for name in self._past:
                self._past[name] += getattr(last, name)

    # What is measured --------------------------------------------------------------------------------------

    def _measure(self, meter: metrics.Meter) -> None:
        meter.create_observable_counter(
            "sbtransfer.items.read", [self._read], "{item}", "Items that were read of work lists"
        )
        meter.create_observable_counter(
            "sbtransfer.items.ended", [self._ended], "{item}", "Items that have an outcome, by outcome"
        )
        meter.create_observable_up_down_counter(
            "sbtransfer.items.in_flight", [self._in_flight], "{item}", "Items between list and consumer"
        )
        meter.create_observable_up_down_counter(
            "sbtransfer.runs.active", [self._active], "{run}", "Runs that go on"
        )
        meter.create_observable_up_down_counter(
            "sbtransfer.runs.waiting",
            [self._waiting],
            "{run}",
            "Runs of which something keeps all from being sent",
        )
        meter.create_observable_gauge(
            "sbtransfer.limit.left", [self._left], "{token}", "What the limits of the platform leave"
        )

    def _now(self) -> tuple[Mapping[str, int], list[tuple[_Followed, Progress]]]:
        """Return what the runs that have ended counted, and how all others stand."""
        with self._lock:
            past, runs = dict(self._past), list(self._runs)
        return past, [(run, run.now()) for run in runs]

    def _total(self, *names: str) -> Mapping[str, int]:
        past, runs = self._now()
        return {
            name: past.get(name, 0) + sum(getattr(progress, name) for _, progress in runs) for name in names
        }

    def _read(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(self._total("read")["read"])]

    def _ended(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(n, {"sbtransfer.outcome": name}) for name, n in self._total(*_ENDED).items()]

    def _in_flight(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(n, {"sbtransfer.station": name}) for name, n in self._total(*_STATIONS).items()]

    def _active(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(len(self._runs))]

    def _waiting(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(sum(progress.waiting_for is not None for _, progress in self._now()[1]))]

    def _left(self, _: CallbackOptions) -> Iterable[Observation]:
        """Runs of one client share their limits: what the poorest of a server's has is what is left."""
        left: dict[tuple[str, str], float] = {}
        for run, progress in self._now()[1]:
            for limit, number in (("requests", progress.requests_left), ("files", progress.files_left)):
                left[run.server, limit] = min(number, left.get((run.server, limit), float("inf")))
        return [
            Observation(number, {"server.address": server, "sbtransfer.limit": limit})
            for (server, limit), number in left.items()
            if number < float("inf")
        ]


def _attributes(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {f"sbtransfer.{name}": value for name, value in fields.items() if value is not None}
