"""The way of an item, wired: read → submit → poll → stream. Each station says in its file what it does."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import Any

from attrs import define, field, frozen

from sbtransfer import events
from sbtransfer.chunks import Chunker
from sbtransfer.errors import CountError, SBTransferError, SettingsError, UsageError, bare
from sbtransfer.events import Event
from sbtransfer.grace import Grace
from sbtransfer.http.api import API
from sbtransfer.items import Kind
from sbtransfer.logbook import Logbook
from sbtransfer.models import Outcome, OutcomeState, Summary
from sbtransfer.operations import operations, searches
from sbtransfer.operations.operation import Doubt, Pending, doubted
from sbtransfer.poll import Poller
from sbtransfer.polling import Polling
from sbtransfer.progress import Progress
from sbtransfer.reader import Reader
from sbtransfer.reconcile import Reconciler
from sbtransfer.sources import Remainder, Source
from sbtransfer.stream import Stream
from sbtransfer.submit import Submitter

_numbers = count(1)


@frozen(kw_only=True)
class Options:
    """How one list is transferred; `Client.transfer` says what each means."""

    max_in_flight: int = 10_000
    linger: float = 1.0
    total: int | None = None
    grace: float = 10.0
    settle: float = 120.0
    job_timeout: float = float("inf")
    max_consecutive_failures: int = 10
    deliver_known: bool = True
    verify_drs: bool = True
    resend_ambiguous: bool = False
    polling: Polling = Polling.balanced

    def __attrs_post_init__(self) -> None:
        for name, least in (
            ("max_in_flight", 1),
            ("linger", 0),
            ("grace", 0),
            ("settle", 0),
            ("max_consecutive_failures", 1),
        ):
            if not getattr(self, name) >= least:
                raise SettingsError(f"{name} must be at least {least}, not {getattr(self, name)!r}")


@define(eq=False)
class Engine:
    """Wires the stations of one run and counts what passes between them."""

    source: Source | Remainder
    api: API
    options: Options
    logbook: Logbook
    started: float | None = field(init=False, default=None)
    ended: dict[OutcomeState, int] = field(init=False, factory=Counter)
    known: int = field(init=False, default=0)
    stream: Stream = field(init=False)
    grace: Grace = field(init=False)
    reader: Reader = field(init=False)
    submitter: Submitter = field(init=False)
    reconciler: Reconciler = field(init=False)
    poller: Poller = field(init=False)
    _reading: asyncio.Task[None] | None = field(init=False, default=None)
    _stopping: bool = field(init=False, default=False)
    _halted: SBTransferError | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        options, caller, journal = self.options, self.api.caller, self.logbook.journal
        kinds = operations(self.api, verify_drs=options.verify_drs)
        self.stream = Stream(options.max_in_flight)
        self.grace = Grace(options.grace)
        self.poller = Poller(
            kinds.values(), caller, journal, options.polling, self._deliver, self._spare, options.job_timeout
        )
        self.submitter = Submitter(
            kinds,
            caller,
            journal,
            self.grace,
            self.poller.track,
            self._deliver,
            self._doubt,
            self._halt,
            options.max_consecutive_failures,
        )
        self.reconciler = Reconciler(
            searches(self.api, resend_drs=options.resend_ambiguous),
            journal,
            # A server may be at work for as long as a call may wait for it.
            max(options.settle, caller.timeout),
            self.poller.track_again,
            self._deliver,
            self.submitter.again,
            self.submitter.settled,
            self.submitter.sending,
            caller.listener,
        )
        chunker = Chunker(options.linger)
        self.reader = Reader(self.source, self.stream, chunker, journal, self.submitter.put, self._known)

    async def run(self) -> None:
        """Run all stations to their end; tell the stream how it ended. Raises nothing but a cancellation."""
        self.started = asyncio.get_running_loop().time()
        self._tell_of_the_start()
        error: BaseException | None = UsageError("the run was closed before its end")
        try:
            async with self.logbook.opened(self.source, self.api):
                await self._take_up()
                await self._run_stations()
            error = self._halted or self.reader.error or self._miscount()
        except Exception as failure:  # noqa: BLE001 - raised to the user by the stream
            error = bare(failure)
        finally:
            self.stream.end(error)
            self._tell_of_the_end(error)

    async def _run_stations(self) -> None:
        async with asyncio.TaskGroup() as stations:
            self._reading = stations.create_task(self._read())
            stations.create_task(self._submit())
            stations.create_task(self._reconcile())
            stations.create_task(self.poller.run())

    async def _take_up(self) -> None:
        """Take what an earlier run left under way and in doubt."""
        journal = self.logbook.journal
        unfinished = await journal.unfinished()
        for left in unfinished:
            kind, sent = left.sent.kind, left.sent
            pending = [
                Pending(job_id, entries, sent, ended=left.ended) for job_id, entries in left.jobs.items()
            ]
            carried = [entry for one in pending for entry in one.open]
            self.reader.took_up([entry.index for entry in (*carried, *left.doubtful)])
            self.poller.track_again(kind, pending)
            self.submitter.expect(kind, len(left.doubtful))
            self.reconciler.put(kind, doubted(left.doubtful, sent, "the run ended before the answer came"))
        if unfinished or journal.past.length:
            self._tell(
                events.RUN_RESUMED,
                known=journal.past.length,
                under_way=self.poller.holding,
                in_doubt=self.reconciler.holding,
            )

    async def _read(self) -> None:
        if not self._stopping:
            await self.reader.run()
            self._tell(events.LIST_ENDED, items=self.reader.read, error=events.words(self.reader.error))
        self.submitter.no_more()

    async def _submit(self) -> None:
        await self.reader.compared.wait()
        await self.submitter.run()
        self.reconciler.no_more()

    async def _reconcile(self) -> None:
        await self.reconciler.run()
        self.poller.no_more()

    def stop(self) -> None:
        """Submit nothing more; what is under way is followed to its end."""
        if not self._stopping:
            self._tell(events.RUN_STOPPED, error=events.words(self._halted))
        self._stopping = True
        if self._reading is not None:
            self._reading.cancel()
        self.submitter.stop()
        self.submitter.no_more()
        self.reader.compared.set()

    def _halt(self, error: SBTransferError) -> None:
        self._halted = self._halted or error
        self.stop()

    def _tell(self, event: Event, **values: Any) -> None:
        event.tell(self.api.caller.listener, **values)

    def _tell_of_the_start(self) -> None:
        events.current_run.set(next(_numbers))
        events.follow(self.api.caller.listener, lambda: self.progress)
        self._tell(
            events.RUN_STARTED,
            endpoint=self.api.caller.endpoint,
            journal=self.logbook.journal.name if self.logbook.is_kept else None,
            total=self.options.total,
        )

    def _tell_of_the_end(self, error: BaseException | None) -> None:
        summary = self.summary
        self._tell(
            events.RUN_ENDED,
            read=summary.read,
            completed=summary.completed,
            failed=summary.failed,
            unconfirmed=summary.unconfirmed,
            unfinished=summary.unfinished,
            seconds=asyncio.get_running_loop().time() - (self.started or 0.0),
            error=events.words(error),
        )

    def _deliver(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            self.ended[outcome.state] += 1
        self.stream.put(outcomes)

    def _known(self, outcome: Outcome) -> None:
        """Take an outcome from the journal."""
        self.known += 1
        self.ended[outcome.state] += 1
        if self.options.deliver_known:
            self.stream.enter()
            self.stream.put([outcome])

    def _doubt(self, kind: Kind, doubts: Sequence[Doubt]) -> None:
        self.reconciler.put(kind, doubts)

    def _spare(self) -> float:
        """What looks may spend on less lag: nothing while chunks wait for requests; DRS waits for files."""
        return 0.0 if self.submitter.waiting_for - {"drs"} else self.api.caller.requests.spare

    def _miscount(self) -> CountError | None:
        summary = self.summary
        return None if summary.adds_up else CountError(f"the run does not add up: {summary}")

    @property
    def summary(self) -> Summary:
        """The count of the items as it stands. What the stations still hold is unfinished."""
        return Summary(
            read=self.reader.read,
            completed=self._completed,
            failed=self.ended[OutcomeState.FAILED],
            unconfirmed=self.ended[OutcomeState.UNCONFIRMED],
            unfinished=self._holding,
        )

    @property
    def _completed(self) -> int:
        return self.ended[OutcomeState.COMPLETED] + self.reader.pruned

    @property
    def _holding(self) -> int:
        """How many items were read and have no outcome."""
        stations = (self.reader, self.submitter, self.reconciler, self.poller)
        return sum(station.holding for station in stations)

    @property
    def progress(self) -> Progress:
        """The run as it stands now."""
        caller, now = self.api.caller, asyncio.get_running_loop().time()
        waiting_for, waiting_seconds = self._waiting(now)
        return Progress(
            read=self.reader.read,
            waiting=self.reader.holding + self.submitter.holding,
            under_way=self.poller.holding,
            in_doubt=self.reconciler.holding,
            known=self.known + self.reader.pruned,
            completed=self._completed,
            failed=self.ended[OutcomeState.FAILED],
            unconfirmed=self.ended[OutcomeState.UNCONFIRMED],
            undelivered=self.stream.undelivered,
            total=self.options.total,
            requests_left=caller.requests.left,
            files_left=caller.files.left,
            requests_more_in=caller.requests.more_in,
            files_more_in=caller.files.more_in,
            elapsed=0.0 if self.started is None else now - self.started,
            waiting_for=waiting_for,
            waiting_seconds=waiting_seconds,
        )

    def _waiting(self, now: float) -> tuple[str | None, float | None]:
        """Say what keeps anything from being sent, and for how many seconds yet."""
        caller, waiting = self.api.caller, self.submitter.waiting_for
        if caller.gate.reason is not None:
            return caller.gate.reason, max(caller.gate.resumes_at - now, 0.0)
        if waiting and not caller.requests.left:
            return "the limit of requests", caller.requests.more_in
        if "drs" in waiting and not caller.files.left:
            return "the limit of DRS files", caller.files.more_in
        return self._reconciling(), None

    def _reconciling(self) -> str | None:
        """Say so where nothing but doubts is left to be settled."""
        calls = self.reconciler.calls
        if not calls or self._holding > self.reconciler.holding:
            return None
        return f"reconciling {calls:,} call{'s' * (calls != 1)}"
