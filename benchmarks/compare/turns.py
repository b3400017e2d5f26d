"""The contenders take turns, each in a process of its own; the server is in another one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

# Nothing heavy is imported here: a child's peak of memory may begin with its parent's.
from benchmarks.compare.contenders import CONTENDERS
from benchmarks.compare.cost import Cost, Costs

ROOT = Path(__file__).parents[2]


@frozen
class Setting:
    """So many items from a server of such a latency, with such jobs, looked at so often; times in seconds."""

    items: int
    latency: float
    shortest: float
    longest: float
    look: float
    in_flight: int | None = None

    @classmethod
    def of(
        cls, items: int, latency: float, look: float | None = None, in_flight: int | None = None
    ) -> Setting:
        """Choose the jobs, and how often they are looked at, by the latency."""
        shortest, longest, usual = (0.5, 3.0, 1.0) if latency else (0.0, 0.0, 0.01)
        return cls(items, latency, shortest, longest, usual if look is None else look, in_flight)

    def __str__(self) -> str:
        jobs = f"jobs of {self.shortest:g} to {self.longest:g} s" if self.longest else "jobs that end at once"
        most = "10,000" if self.in_flight is None else f"{self.in_flight:,}"
        return (
            f"{self.items:,} imports, {self.latency * 1000:g} ms of latency, {jobs}; "
            f"{self.look:g} s between looks (sbtransfer: polling={self.look / 2:g}), at most {most} under way"
        )


@contextmanager
def served(setting: Setting) -> Iterator[str]:
    """Run a server; its endpoint."""
    pace = {name: getattr(setting, name) for name in ("latency", "shortest", "longest")}
    options = [word for name, seconds in pace.items() for word in (f"--{name}", str(seconds))]
    command = [sys.executable, "-m", "benchmarks.compare.server", *options]
    with subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None  # noqa: S101
        assert server.stdout is not None  # noqa: S101
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()


def turn(name: str, setting: Setting, endpoint: str) -> Cost:
    """Let one contender do it all once."""
    options = [] if setting.in_flight is None else ["--in-flight", str(setting.in_flight)]
    task = [name, endpoint, str(setting.items), str(setting.look)]
    command = [sys.executable, "-m", "benchmarks.compare.client", *task, *options]
    told = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    cost = Cost(**json.loads(told.stdout))
    if cost.completed != setting.items or cost.left:
        raise SystemExit(
            f"{name}: {cost.completed:,} of {setting.items:,} completed, {cost.left:,} jobs left"
        )
    return cost


def compare(setting: Setting, rounds: int, names: Sequence[str] = tuple(CONTENDERS)) -> dict[str, Costs]:
    """Let all contenders take turns; every round begins with another one."""
    runs: dict[str, list[Cost]] = {name: [] for name in names}
    with served(setting) as endpoint:
        for number in range(rounds):
            first = number % len(names)
            for name in (*names[first:], *names[:first]):
                runs[name].append(turn(name, setting, endpoint))
    return {name: Costs(name, setting.items, costs) for name, costs in runs.items()}
