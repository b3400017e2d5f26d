"""How much CPU time new processes take until they are ready."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from attrs import frozen

ROUNDS = 7
EMPTY = "python -c pass"
IMPORT = "import sbtransfer"
HELP = "sbtransfer --help"
CLIENT = "import sbtransfer, make a Client"
MAKE_A_CLIENT = "import sbtransfer; sbtransfer.Client('http://127.0.0.1:8900/v2', '0' * 32)"


@frozen
class Start:
    """CPU seconds of a new process, user and system together: the median, and without an empty Python's."""

    name: str
    cpu: float
    beyond_empty: float


def commands() -> Mapping[str, Sequence[str]]:
    """Return what is started."""
    script = shutil.which("sbtransfer", path=str(Path(sys.executable).parent))
    return {
        EMPTY: [sys.executable, "-c", "pass"],
        IMPORT: [sys.executable, "-c", "import sbtransfer"],
        HELP: [*([script] if script else [sys.executable, "-m", "sbtransfer"]), "--help"],
        CLIENT: [sys.executable, "-c", MAKE_A_CLIENT],
    }


def measure(rounds: int = ROUNDS) -> list[Start]:
    """Start everything in turn, once for the files that Python writes and then so many times."""
    taken: dict[str, list[float]] = {name: [] for name in commands()}
    for number in range(rounds + 1):
        for name, command in commands().items():
            seconds = cpu_of(command)
            if number:
                taken[name].append(seconds)
    medians = {name: median(seconds) for name, seconds in taken.items()}
    return [Start(name, cpu, cpu - medians[EMPTY]) for name, cpu in medians.items()]


def cpu_of(command: Sequence[str]) -> float:
    """Run a command; return the CPU seconds that it took."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command}: exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime
