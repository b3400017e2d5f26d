"""Workers killed with -9 at random moments, and the database restarted: nothing lost, nothing done twice."""

from __future__ import annotations

import asyncio
import bisect
import math
from collections.abc import Iterable
from pathlib import Path
from random import Random
from time import monotonic

from attrs import Factory, define, field, frozen

from benchmarks.cluster.hosts import Hosts
from benchmarks.crash.child import LATEST, Scale, brought, imported
from benchmarks.crash.life import WatchedPlatform
from benchmarks.crash.verdict import Verdict, judge
from sbtransfer import Client, Item, Outcome
from sbtransfer.cluster import Cluster, RunStatus
from sbtransfer.simulator import Durations, Faults
from sbtransfer.simulator.server import Server
from tests.postgres import Server as Postgres

HANGS = 600.0
"""Seconds after which workers that nobody kills are taken to make no progress."""

TTL = 4.0
"""Seconds after which a worker that was not heard of is dead; these do not get faster with the platform."""


@frozen
class Settings:
    """What is run. `requests` is a limit so low that it binds; the limit of DRS files is the platform's."""

    imports: int = 20_000
    drs: int = 2_000
    workers: int = 3
    kills: int = 10
    restarts: int = 1
    seed: int = 1
    faults: float = 0.05
    requests: int = 30
    scale: Scale = Factory(Scale)

    @property
    def period(self) -> float:
        """Seconds of the limits' windows."""
        return 300 / self.scale.speed

    @property
    def what_goes_wrong(self) -> Faults | None:
        """The faults of the platform."""
        return Faults({"all": self.faults}, self.seed, latest=LATEST) if self.faults else None

    @property
    def of_a_worker(self) -> list[str]:
        """The options of a worker."""
        scale = self.scale
        values = {
            "requests": self.requests,
            "period": self.period,
            "timeout": scale.timeout,
            "settle": scale.settle,
            "ttl": TTL,
            "every": 0.2,
        }
        return [word for name, value in values.items() for word in (f"--{name}", str(value))]


def listed(settings: Settings) -> list[Item]:
    """Make the list: imports and DRS files in no order; one in 49 names what does not exist."""
    kinds = [*[imported] * settings.imports, *[brought] * settings.drs]
    items = [kind(n, "missing" if n % 49 == 0 else "there") for n, kind in enumerate(kinds)]
    Random(settings.seed).shuffle(items)
    return items


@define
class Kills:
    """One list on many workers, and what became of it."""

    settings: Settings
    folder: Path
    platform: WatchedPlatform = field(init=False)
    killed: int = field(init=False, default=0)
    restarted: int = field(init=False, default=0)
    verdict: Verdict = field(init=False, factory=Verdict)
    status: RunStatus | None = field(init=False, default=None)
    seconds: float = field(init=False, default=0.0)
    trouble: str | None = field(init=False, default=None)
    _random: Random = field(init=False)
    _creates: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        settings = self.settings
        self._random = Random(settings.seed)
        self.platform = WatchedPlatform(
            speed=settings.scale.speed,
            seed=settings.seed,
            requests_limit=10**9,  # The workers have to keep the limit by themselves.
            durations=Durations(cap=300, seed=settings.seed),
            faults=settings.what_goes_wrong,
        )

    async def to_the_end(self, postgres: Postgres, url: str) -> None:
        """Submit, kill, and wait until workers that nobody kills any more are through."""
        await Cluster.init(url)
        items, began = listed(self.settings), monotonic()
        async with Server(self.platform) as server, Cluster(url) as cluster:
            async with Client(server.url, self.platform.token) as client:
                run = await cluster.submit(items, client)
            hosts = Hosts(url, server.url, self.platform.token, self.folder, self.settings.of_a_worker)
            try:
                async with asyncio.timeout(HANGS):
                    for _ in range(self.settings.workers):
                        await hosts.start()
                    await self._havoc(hosts, postgres)
                    await hosts.ended()
            except TimeoutError:
                self.trouble = f"the workers were not through within {HANGS:.0f} s: {hosts.last_words()}"
            finally:
                self.platform.on_create = None
                await hosts.close()
            if hosts.failed:
                self.trouble = f"workers ended with {hosts.failed}: {hosts.last_words()}"
            self.seconds, self.status = monotonic() - began, await cluster.status(run)
            outcomes = [outcome async for outcome in cluster.results(run)]
        self._judge(items, outcomes)

    async def _havoc(self, hosts: Hosts, postgres: Postgres) -> None:
        """Kill workers, most of them at a create, the others later; restart the database once."""
        moments = self._moments()
        struck = asyncio.Queue[None]()

        def on_create() -> None:
            self._creates += 1
            if moments and self._creates >= moments[0]:
                del moments[0]
                struck.put_nowait(None)

        self.platform.on_create = on_create
        for number in range(self.settings.kills):
            if number < self.settings.kills * 2 // 3:
                await struck.get()
            else:
                await asyncio.sleep(self._random.uniform(0, 2 * TTL))
            if number == self.settings.kills // 2 and self.settings.restarts:
                await asyncio.to_thread(postgres.restart, "immediate")
                self.restarted += 1
            victim = self._random.choice(hosts.alive or hosts.workers)
            self.killed += hosts.kill(victim)
            await victim.wait()
            await hosts.start()

    def _moments(self) -> list[int]:
        """Choose at which creates a worker dies."""
        creates = (self.settings.imports + self.settings.drs) // 100
        number = self.settings.kills * 2 // 3
        return sorted(self._random.sample(range(2, max(creates * 3 // 4, number + 2)), number))

    def _judge(self, items: list[Item], outcomes: list[Outcome]) -> None:
        # What is late has its time, too.
        self.platform.catch_up(math.inf)
        self.verdict = judge(items, outcomes, self.platform)

    @property
    def busiest_requests(self) -> int:
        """The most requests that any window of the period held, as the platform counted them."""
        return busiest(
            (when for when, _, path, _ in self.platform.requests_log if path != "/rate_limit"),
            self.settings.period,
        )

    @property
    def busiest_files(self) -> int:
        """The most DRS files that were submitted in any window of the period."""
        return busiest(
            (when for when, count in self.platform.drs_log for _ in range(count)), self.settings.period
        )

    @property
    def complaints(self) -> list[str]:
        """All that went wrong, in words."""
        settings, found = self.settings, [*filter(None, [self.trouble]), *self.verdict.complaints]
        if self.status is None or not (self.status.adds_up and self.status.is_finished):
            found.append(f"the run does not add up: {self.status}")
        if self.busiest_requests > settings.requests:
            found.append(f"{self.busiest_requests} requests in one window of {settings.requests}")
        if self.busiest_files > 500:
            found.append(f"{self.busiest_files} DRS files in one window of 500")
        return found

    def __str__(self) -> str:
        verdict, settings = self.verdict, self.settings
        return (
            f"{settings.imports:,} imports and {settings.drs:,} DRS files on {settings.workers} workers, "
            f"{self.killed} killed, database restarted {self.restarted} times, {settings.faults:.0%} faults: "
            f"{verdict.lost} lost, {verdict.twice} twice, {verdict.wrong} wrong, {verdict.unconfirmed} "
            f"unconfirmed, {verdict.failed} failed; busiest window {self.busiest_requests} of "
            f"{settings.requests} requests and {self.busiest_files} of 500 files; {self.seconds:.0f} s"
        )


def busiest(moments: Iterable[float], period: float) -> int:
    """Return the most events that any window of the period holds, aligned or not."""
    times = sorted(moments)
    counts = (bisect.bisect_left(times, when + period - 1e-6) - place for place, when in enumerate(times))
    return max(counts, default=0)
