"""One list that is transferred in many lives of a child, and what became of it."""

from __future__ import annotations

import asyncio
import math
import os
import shutil
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from time import monotonic

from attrs import Factory, define, field, frozen

from benchmarks.crash.child import LATEST, Scale, mixed
from benchmarks.crash.life import Life, WatchedPlatform, moments
from benchmarks.crash.verdict import Verdict, judge
from sbtransfer import JournalError, JournalReader
from sbtransfer.simulator import Durations, Faults
from sbtransfer.simulator.server import Server

ROOT = Path(__file__).parents[2]
HANGS = 300.0
"""Seconds after which a child that nobody killed is taken to make no progress."""


@frozen
class Settings:
    """What is run; `in_flight` bounds what is under way at once, so that creates are spread over a run."""

    kills: int = 200
    items: int = 5000
    seed: int = 1
    faults: float = 0.08
    in_flight: int = 500
    uvloop: bool = False
    scale: Scale = Factory(Scale)


@define
class Run:
    """A list, a platform and a journal, and as many lives as it takes.

    `kills` counts lives by the moments that ended them, `met` by what the journal held then. `trouble` tells
    of a child that ended in any other way, and of a journal that cannot be read.
    """

    settings: Settings
    seed: int
    folder: Path
    kills: Counter[str] = field(init=False, factory=Counter)
    met: Counter[str] = field(init=False, factory=Counter)
    trouble: str | None = field(init=False, default=None)
    seconds: float = field(init=False, default=0.0)
    verdict: Verdict = field(init=False, factory=Verdict)
    platform: WatchedPlatform = field(init=False)
    _random: Random = field(init=False)
    _moments: Iterator[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._random = Random(self.seed)
        self._moments = moments(self._random)
        self.platform = WatchedPlatform(
            speed=self.settings.scale.speed,
            seed=self.seed,
            durations=Durations(cap=300, seed=self.seed),
            faults=Faults({"all": self.settings.faults}, self.seed, latest=LATEST),
        )

    @property
    def ok(self) -> bool:
        """Whether the last child came through, and nothing is to be complained of."""
        return self.trouble is None and not self.verdict.complaints

    @property
    def journal(self) -> Path:
        """The one journal of all lives."""
        return self.folder / "journal.sqlite"

    async def to_the_end(self, kills: int) -> None:
        """Live and die until a child is through; after so many kills the next one may live on."""
        began = monotonic()
        async with Server(self.platform) as server:
            while await self._killed(server.url, mortal=self.kills.total() < kills):
                self.met[await asyncio.to_thread(self._state)] += 1
        self.seconds = monotonic() - began
        # What is late has its time, too.
        self.platform.catch_up(math.inf)
        self._judge()

    async def _killed(self, url: str, *, mortal: bool) -> bool:
        child = await self._start(url)
        moment = next(self._moments) if mortal else None
        life = Life(child, self.platform, self.settings.items, self._random)
        try:
            killed = await life.end(moment, HANGS)
        except TimeoutError:
            self.trouble = f"the child was not through within {HANGS:.0f} s"
            return False
        if killed and moment:
            self.kills[moment] += 1
            return True
        if child.returncode:
            self.trouble = f"the child ended with {child.returncode}: {self._last_words()}"
        return False

    async def _start(self, url: str) -> Process:
        settings = self.settings
        arguments = ["-m", "benchmarks.crash.child", str(self.journal), "--items", str(settings.items)]
        arguments += ["--in-flight", str(settings.in_flight), "--speed", str(settings.scale.speed)]
        arguments += ["--uvloop"] if settings.uvloop else []
        environment = os.environ | {"SB_API_ENDPOINT": url, "SB_AUTH_TOKEN": self.platform.token}
        with self._errors.open("ab") as errors:
            return await asyncio.create_subprocess_exec(
                sys.executable, *arguments, cwd=ROOT, env=environment, stdout=PIPE, stderr=errors
            )

    @property
    def _errors(self) -> Path:
        return self.folder / "errors.txt"

    def _last_words(self) -> str:
        lines = self._errors.read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else "without a word"

    def _state(self) -> str:
        """Say what the child left in its journal; of a copy, so that the next one finds it as it is."""
        copy = self.folder / "copy.sqlite"
        for ending in ("", "-wal"):
            with suppress(FileNotFoundError):
                shutil.copyfile(f"{self.journal}{ending}", f"{copy}{ending}")
        try:
            with JournalReader(copy) as reader:
                counts = reader.counts()
        except JournalError:
            return "no journal yet"
        finally:
            for part in self.folder.glob("copy.sqlite*"):
                part.unlink()
        if counts.in_doubt:
            return "creates in doubt"
        if counts.under_way or counts.waiting:
            return "jobs under way"
        return "nothing open" if counts.recorded else "nothing recorded"

    def _judge(self) -> None:
        try:
            with JournalReader(self.journal) as reader:
                outcomes = list(reader.outcomes())
        except JournalError as error:
            self.trouble = self.trouble or f"the journal cannot be read: {error}"
            outcomes = []
        self.verdict = judge(mixed(self.settings.items), outcomes, self.platform)
