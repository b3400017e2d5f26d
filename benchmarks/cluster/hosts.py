"""Workers in processes of their own, started and killed."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from attrs import define, field

ROOT = Path(__file__).parents[2]


@define(eq=False)
class Hosts:
    """As many workers as were started; what they say goes to a file in `folder`."""

    database: str
    endpoint: str
    token: str
    folder: Path
    options: Sequence[str] = ()
    workers: list[Process] = field(init=False, factory=list)

    @property
    def alive(self) -> list[Process]:
        """Those that run."""
        return [worker for worker in self.workers if worker.returncode is None]

    @property
    def failed(self) -> list[int]:
        """How those ended that nobody killed and that did not come through."""
        codes = [worker.returncode for worker in self.workers]
        return [code for code in codes if code not in (None, 0, -9)]

    async def start(self) -> Process:
        """Start one."""
        command = [sys.executable, "-m", "benchmarks.cluster.worker", self.database, *self.options]
        environment = os.environ | {"SB_API_ENDPOINT": self.endpoint, "SB_AUTH_TOKEN": self.token}
        with self.words.open("ab") as words:
            worker = await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, env=environment, stdout=words, stderr=words
            )
        self.workers.append(worker)
        return worker

    def kill(self, worker: Process) -> bool:
        """Kill one with SIGKILL; return whether it was alive."""
        if worker.returncode is not None:
            return False
        with suppress(ProcessLookupError):
            os.kill(worker.pid, 9)
        return True

    async def ended(self) -> None:
        """Wait until all have ended by themselves."""
        for worker in self.workers:
            await worker.wait()

    async def close(self) -> None:
        """End all that run."""
        for worker in self.alive:
            self.kill(worker)
        await self.ended()

    @property
    def words(self) -> Path:
        """Where they write what they have to say."""
        return self.folder / "workers.txt"

    def last_words(self, lines: int = 10) -> str:
        """Return what they said last."""
        said = self.words.read_text(encoding="utf-8", errors="replace") if self.words.exists() else ""
        return "\n".join(said.splitlines()[-lines:])
