"""What the tests of the command line share: real processes, and a platform that says what reached it."""

import csv
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from sbtransfer.simulator import Durations, Platform
from sbtransfer.testing import ServedPlatform

TOKEN = "5ec2e7" * 5 + "00"
PROJECT = "rfranklin/my-project"
COMMAND = (sys.executable, "-W", "error", "-m", "sbtransfer")
PATIENCE = 60.0  # seconds after which a test gives up
AT_ONCE = Durations(median=0.01, p99=0.01, pending=0)
NEVER = Durations(median=1e9, p99=1e9, pending=0)
CREATES = re.compile(r"/bulk/.*/create")

Done: TypeAlias = "subprocess.CompletedProcess[str]"
Serve: TypeAlias = Callable[..., "Served"]


class Served(ServedPlatform):
    """A platform behind a socket, in a thread of this process, so that tests see what reached it."""

    def creates(self) -> int:
        """How many creates have reached the platform."""
        return sum(bool(CREATES.fullmatch(path)) for _, _, path, _ in self.platform.requests_log)


@pytest.fixture
def serve() -> Iterator[Serve]:
    started: list[Served] = []

    def start(**options: Any) -> Served:
        given: dict[str, Any] = {"token": TOKEN, "durations": AT_ONCE} | options
        served = Served(Platform(**given))
        started.append(served.__enter__())
        return served

    yield start
    for served in started:
        served.__exit__(None, None, None)


@pytest.fixture
def served(serve: Serve) -> Served:
    """A platform whose jobs take no time."""
    return serve()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands run: a folder of their own, which is also their home."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def environment(served: Served | None, **more: str) -> dict[str, str]:
    given = {"SB_API_ENDPOINT": served.url, "SB_AUTH_TOKEN": TOKEN} if served else {}
    return {"PATH": os.environ["PATH"], "HOME": str(Path.cwd()), **given, **more}


def heard() -> None:
    """Let a child hear of Ctrl-C, even where the tests themselves run in the background of a shell."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def sbtransfer(
    *args: str,
    served: Served | None = None,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
    before: Callable[[], None] | None = None,
    patience: float = PATIENCE,
) -> Done:
    """Run a command to its end, and see that it does not give the token away."""
    done = subprocess.run(
        (*COMMAND, *args),
        env=environment(served, **(env or {})),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=patience,
        preexec_fn=before,
    )
    assert TOKEN not in done.stdout + done.stderr
    assert TOKEN.encode() not in all_that_is_kept()
    return done


def all_that_is_kept() -> bytes:
    """Return the bytes of all files that commands have written, and of the lists that they were given."""
    files = (path for path in Path.cwd().rglob("*") if path.is_file() and path.name != "credentials")
    return b"".join(path.read_bytes() for path in files)


def start(*args: str, served: Served, **options: Any) -> "subprocess.Popen[str]":
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.Popen((*COMMAND, *args), env=environment(served), text=True, preexec_fn=heard, **pipes)


def drawn(
    *args: str, served: Served, stream: str, width: int = 100, env: Mapping[str, str]
) -> tuple[int, str]:
    """Run a command with a terminal as `stdout` or `stderr`; return its exit code and what was drawn."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, stream: theirs}
    with subprocess.Popen(
        (*COMMAND, *args), env=environment(served, TERM="xterm-256color", **env), **pipes
    ) as process:
        os.close(theirs)
        written = b""
        try:
            while chunk := os.read(ours, 65536):
                written += chunk
        except OSError:
            pass  # the terminal is closed at its other end
        os.close(ours)
    assert TOKEN not in written.decode()
    return process.returncode, written.decode()


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def written(name: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    with Path(name).open("w", newline="") as file:
        csv.writer(file).writerows((header, *rows))
    return name


def imports(*volumes: str, name: str = "list.csv") -> str:
    rows = [(volume, f"runs/{n}.gz", PROJECT) for n, volume in enumerate(volumes)]
    return written(name, ("volume", "location", "project"), rows)


def table(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def lines(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


class Slow(Platform):
    """A platform that answers a create once it is told to, so that it can be left in the middle of one."""

    def __init__(self) -> None:
        super().__init__(token=TOKEN, durations=NEVER)
        self.go_on = threading.Event()

    def handle(self, request: Any, now: float) -> Any:
        if CREATES.fullmatch(request.path):
            assert self.go_on.wait(PATIENCE)
        return super().handle(request, now)


def until(words: str, stream: Any) -> None:
    for line in stream:
        if words in line:
            return
    pytest.fail(f"{words!r} was never said")
