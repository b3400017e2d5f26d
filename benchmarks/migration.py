"""One whole migration against the simulated platform on a virtual clock, and what was seen of it."""

from __future__ import annotations

import asyncio
import bisect
import math
from collections import Counter
from collections.abc import Sequence

from attrs import Factory, define, field

from sbtransfer import Client, DRSImport, Item, Limits, Outcome, Polling, VolumeImport
from sbtransfer.http.transport import Request, Response
from sbtransfer.simulator import Durations, Platform
from sbtransfer.testing import EPOCH, SimulatedTransport

PROJECT, VOLUME = "rfranklin/my-project", "rfranklin/input"
LATENCY = 0.1
PERIOD = 300.0
CALL_SIZE = 100


@define(eq=False)
class Recorder(SimulatedTransport):
    """The way to the platform, and a note of when each counted request was sent and answered."""

    calls: list[tuple[float, float, str, int]] = Factory(list)

    async def send(self, request: Request) -> Response:
        """Let the platform answer, and note it."""
        loop, sent = asyncio.get_running_loop(), asyncio.get_running_loop().time()
        answer = await super().send(request)
        if not request.url.endswith("/rate_limit"):
            self.calls.append((sent, loop.time(), request.url, answer.status))
        return answer


@define
class Migration:
    """One run and what was seen of it."""

    name: str
    items: Sequence[Item]
    durations: Durations
    limits: Limits = field(factory=Limits)
    polling: Polling = Polling.balanced
    max_in_flight: int = 1_000_000
    foreign_requests: float = 0.0
    """What a second program with the same token sends, in requests a second."""
    outcomes: list[tuple[float, Outcome]] = field(init=False, factory=list)
    calls: list[tuple[float, float, str, int]] = field(init=False, factory=list)
    platform: Platform = field(init=False)
    finished: float = field(init=False, default=0.0)

    async def run(self) -> None:
        """Transfer the items and keep what was seen."""
        loop = asyncio.get_running_loop()
        unlimited = self.limits.requests == math.inf
        self.platform = Platform(
            durations=self.durations, start=EPOCH, requests_limit=10**9 if unlimited else 1000
        )
        transport = Recorder(self.platform, LATENCY)
        other = asyncio.create_task(self._other_program(transport))
        client = Client(
            self.platform.base_url,
            self.platform.token,
            transport=transport,
            limits=self.limits,
            polling=self.polling,
        )
        async with client, client.transfer(self.items, max_in_flight=self.max_in_flight) as transfer:
            async for outcome in transfer:
                self.outcomes.append((loop.time(), outcome))
        other.cancel()
        self.finished, self.calls = loop.time(), transport.calls
        if not transfer.summary.ok:
            raise SystemExit(f"{self.name}: {transfer.summary}")

    async def _other_program(self, transport: Recorder) -> None:
        token = {"X-SBG-Auth-Token": self.platform.token}
        request = Request("GET", f"{self.platform.base_url}/user", token)
        while self.foreign_requests:
            await asyncio.sleep(1 / self.foreign_requests)
            transport.answer(request, EPOCH + asyncio.get_running_loop().time())

    # What it came to -------------------------------------------------------------------------------------

    @property
    def requests_per_thousand(self) -> float:
        """Requests for each 1,000 items, submits included."""
        return 1000 * len(self.calls) / len(self.items)

    @property
    def lags(self) -> list[float]:
        """Seconds from each job's end to its outcome."""
        return [
            when + EPOCH - outcome.finished_on.timestamp()
            for when, outcome in self.outcomes
            if outcome.finished_on is not None
        ]

    @property
    def worst_window(self) -> int:
        """The most requests of ours that reached the platform in any window of a period."""
        return busiest(Counter(sent + LATENCY / 2 for sent, *_ in self.calls))

    @property
    def worst_files(self) -> int:
        """The most DRS files that reached the platform in any window of a period."""
        files = Counter[float]()
        for when, count in self.platform.drs_log:
            files[when] += count
        return busiest(files)

    @property
    def refused(self) -> int:
        """Requests of ours that the platform answered with 429."""
        return sum(status == 429 for _, _, _, status in self.calls)

    def use(self) -> float:
        """The share of the time for which the tokens of the scarcest budget were at work while work waited.

        A token comes back a period after the answer to the call that spent it; from then until it is spent
        again it is idle. Counted until the last create is sent: until then work waits.
        """
        if self.foreign_requests or self.max_in_flight < len(self.items):
            return math.nan  # Others, or the room for items, decide: work does not wait for tokens alone.
        spends = self._file_spends() if self.platform.drs_log else self._request_spends()
        capacity = int(self.limits.drs_files if self.platform.drs_log else self.limits.requests)
        idle = [
            later - (answered + PERIOD)
            for (_, answered), (later, _) in zip(spends, spends[capacity:], strict=False)
        ]
        return 1 - sum(idle) / (PERIOD * len(idle)) if idle else math.nan

    def _request_spends(self) -> list[tuple[float, float]]:
        last = max(sent for sent, _, url, _ in self.calls if url.endswith("create"))
        return [(sent, answered) for sent, answered, *_ in self.calls if sent <= last]

    def _file_spends(self) -> list[tuple[float, float]]:
        creates = [(sent, answered) for sent, answered, url, _ in self.calls if url.endswith("create")]
        counts = [count for _, count in self.platform.drs_log]
        return [call for call, count in zip(creates, counts, strict=True) for _ in range(count)]

    def _foreign_in_a_window(self) -> float:
        """What the second program takes of the limit, unless we leave it that much anyway."""
        left_to_it = self.limits.requests * (1 - self.limits.requests_share)
        return max(self.foreign_requests * PERIOD - left_to_it, 0.0)

    def lower_bound(self) -> float:
        """The soonest end that the limits and these very job times allow, with no delays of any other kind.

        Each chunk is created as soon as the limits let it be, and the last job is seen the moment it ends;
        each job needs a look, a hundred to a call.
        """
        chunks = math.ceil(len(self.items) / CALL_SIZE)
        share = self.limits.requests * self.limits.requests_share - self._foreign_in_a_window()
        if self.platform.drs_log:
            jobs = sorted(self.platform.jobs.values(), key=lambda job: job.accepted)
            per_window = self.limits.drs_files / CALL_SIZE
            return max(
                number // per_window * PERIOD + job.finished - job.accepted for number, job in enumerate(jobs)
            )
        longest = [0.0] * chunks
        for number, job in enumerate(self.platform.jobs.values()):
            chunk = number // CALL_SIZE
            longest[chunk] = max(longest[chunk], job.finished - job.accepted)
        ends = (number // share * PERIOD + seconds for number, seconds in enumerate(longest))
        return max((2 * chunks - 1) // share * PERIOD, *ends)


def busiest(events: Counter[float]) -> int:
    """Return the most that any window of a period holds; windows are open at their end."""
    times = sorted(events)
    totals = [0]
    for when in times:
        totals.append(totals[-1] + events[when])
    return max(
        totals[bisect.bisect_left(times, when + PERIOD - 1e-6)] - totals[place]
        for place, when in enumerate(times)
    )


def imports(count: int) -> list[Item]:
    """Make a list of imports."""
    return [VolumeImport(volume=VOLUME, location=f"runs/{n}.fastq.gz", project=PROJECT) for n in range(count)]


def drs(count: int) -> list[Item]:
    """Make a list of DRS files."""
    return [DRSImport(drs_uri=f"drs://data.example/{n}", project=PROJECT, name=f"f{n}") for n in range(count)]


def log_normal(cap: float = math.inf) -> Durations:
    """Job times of 90 s in the median and 20 min for one in a hundred."""
    return Durations(median=90, p99=1200, cap=cap, pending=0)
