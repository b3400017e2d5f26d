"""The way of an item, wired: read → submit → poll → stream. Each station says in its file what it does."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from attrs import define, field, frozen

from sbtransfer.chunks import Chunker
from sbtransfer.errors import CountError, SBTransferError, SettingsError, UsageError
from sbtransfer.grace import Grace
from sbtransfer.http.api import API
from sbtransfer.models import Outcome, OutcomeState, Summary
from sbtransfer.operations import operations
from sbtransfer.poll import Poller
from sbtransfer.polling import Polling
from sbtransfer.progress import Progress
from sbtransfer.reader import Reader, Source
from sbtransfer.stream import Stream
from sbtransfer.submit import Submitter


@frozen(kw_only=True)
class Options:
    """How one list is transferred; `Client.transfer` says what each means."""

    max_in_flight: int = 10_000
    linger: float = 1.0
    total: int | None = None
    grace: float = 10.0
    job_timeout: float = float("inf")
    max_consecutive_failures: int = 10
    polling: Polling = Polling.balanced

    def __attrs_post_init__(self) -> None:
        for name, least in (
            ("max_in_flight", 1),
            ("linger", 0),
            ("grace", 0),
            ("max_consecutive_failures", 1),
        ):
            if not getattr(self, name) >= least:
                raise SettingsError(f"{name} must be at least {least}, not {getattr(self, name)!r}")


@define(eq=False)
class Engine:
    """Wires the stations of one run and counts what passes between them."""

    source: Source
    api: API
    options: Options
    started: float | None = field(init=False, default=None)
    ended: dict[OutcomeState, int] = field(init=False, factory=Counter)
    stream: Stream = field(init=False)
    grace: Grace = field(init=False)
    reader: Reader = field(init=False)
    submitter: Submitter = field(init=False)
    poller: Poller = field(init=False)
    _reading: asyncio.Task[None] | None = field(init=False, default=None)
    _stopping: bool = field(init=False, default=False)
    _halted: SBTransferError | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        options, kinds = self.options, operations(self.api)
        self.stream = Stream(options.max_in_flight)
        self.grace = Grace(options.grace)
        self.poller = Poller(
            kinds.values(), self.api.caller, options.polling, self._deliver, self._spare, options.job_timeout
        )
        self.submitter = Submitter(
            kinds,
            self.api.caller,
            self.grace,
            self.poller.track,
            self._deliver,
            self._halt,
            options.max_consecutive_failures,
        )
        self.reader = Reader(self.source, self.stream, Chunker(options.linger), self.submitter.put)

    async def run(self) -> None:
        """Run all stations to their end; tell the stream how it ended. Raises nothing but a cancellation."""
        self.started = asyncio.get_running_loop().time()
        error: BaseException | None = UsageError("the run was closed before its end")
        try:
            async with asyncio.TaskGroup() as stations:
                self._reading = stations.create_task(self._read())
                stations.create_task(self._submit())
                stations.create_task(self.poller.run())
            error = self._halted or self.reader.error or self._miscount()
        except BaseExceptionGroup as group:
            error = _bare(group)
        finally:
            self.stream.end(error)

    async def _read(self) -> None:
        if not self._stopping:
            await self.reader.run()
        self.submitter.no_more()

    async def _submit(self) -> None:
        await self.submitter.run()
        self.poller.no_more()

    def stop(self) -> None:
        """Submit nothing more; what is under way is followed to its end."""
        self._stopping = True
        if self._reading is not None:
            self._reading.cancel()
        self.submitter.stop()
        self.submitter.no_more()

    def _halt(self, error: SBTransferError) -> None:
        self._halted = self._halted or error
        self.stop()

    def _deliver(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            self.ended[outcome.state] += 1
        self.stream.put(outcomes)

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
            completed=self.ended[OutcomeState.COMPLETED],
            failed=self.ended[OutcomeState.FAILED],
            unconfirmed=self.ended[OutcomeState.UNCONFIRMED],
            unfinished=self.reader.holding + self.submitter.holding + self.poller.holding,
        )

    @property
    def progress(self) -> Progress:
        """The run as it stands now."""
        caller, now = self.api.caller, asyncio.get_running_loop().time()
        return Progress(
            read=self.reader.read,
            waiting=self.reader.holding + self.submitter.holding,
            under_way=self.poller.holding,
            completed=self.ended[OutcomeState.COMPLETED],
            failed=self.ended[OutcomeState.FAILED],
            unconfirmed=self.ended[OutcomeState.UNCONFIRMED],
            undelivered=self.stream.undelivered,
            total=self.options.total,
            requests_left=caller.requests.left,
            files_left=caller.files.left,
            elapsed=0.0 if self.started is None else now - self.started,
            waiting_for=caller.gate.reason or self._limit_reached(),
        )

    def _limit_reached(self) -> str | None:
        """Say which budget has nothing left while chunks wait for it."""
        caller, waiting = self.api.caller, self.submitter.waiting_for
        if waiting and not caller.requests.left:
            return "the limit of requests"
        return "the limit of DRS files" if "drs" in waiting and not caller.files.left else None


def _bare(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first failure itself: users catch errors, not groups of them."""
    first = group.exceptions[0]
    return _bare(first) if isinstance(first, BaseExceptionGroup) else first
