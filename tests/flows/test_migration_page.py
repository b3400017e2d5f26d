"""Coming from sevenbridges-python: the page's two programs, and what it says goes wrong in the first."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sevenbridges.errors import SbgError

from sbtransfer import client
from sbtransfer.simulator import Answer, Durations, Platform, Request
from sbtransfer.simulator.clock import run
from sbtransfer.testing import ServedPlatform, SimulatedTransport
from tests.flows.pages import blocks

PAGE = (Path(__file__).parents[2] / "docs" / "migration.md").read_text(encoding="utf-8")
PROGRAMS = {block.name: block.text for block in blocks(PAGE) if block.language == "python"}
MISSING = ('f"runs/{n}.fastq.gz"', """f"{'missing' if n % 40 == 7 else 'runs'}/{n}.fastq.gz\"""")
UNKNOWN = (
    '"volume": "rfranklin/input"',
    '"volume": "rfranklin/nothing" if n % 50 == 3 else "rfranklin/input"',
)
LOST = Answer(504, {"Content-Type": "text/html"}, b"<html>504 Gateway Time-out</html>")
TOO_MANY = Answer(
    429,
    {"Content-Type": "application/json"},
    b'{"status": 429, "code": 1000, "message": "Too many requests."}',
)


class Breaking(Platform):
    """A platform whose answer to the second create is another one; the work is done, or not."""

    def __init__(self, instead: Answer | None = None, *, works: bool = True) -> None:
        super().__init__(durations=Durations(median=0.01, p99=0.01, pending=0))
        self.instead = instead
        self.works = works
        self.creates = 0

    def handle(self, request: Request, now: float) -> Answer:
        self.creates += request.path.endswith("/create")
        if self.creates != 2 or self.instead is None or not request.path.endswith("/create"):
            return super().handle(request, now)
        if self.works:
            super().handle(request, now)
        return self.instead

    def arrived(self) -> int:
        return sum(
            len(list(self.world.paths(f"rfranklin/{project}"))) for project in ("my-project", "archive")
        )

    def started(self) -> Counter[tuple[str, ...]]:
        return Counter(self.created("imports"))


Program = Callable[..., tuple[list[str], int]]
"""Runs on a platform, perhaps with other text; returns what it prints, and how many files it knows of."""


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.02)))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def execute(platform: Platform, exchange: tuple[str, str] = ("", "")) -> tuple[list[str], int]:
        names: dict[str, Any] = {}
        with ServedPlatform(platform) as served:
            monkeypatch.setenv("SB_API_ENDPOINT", served.url)
            monkeypatch.setenv("SB_AUTH_TOKEN", platform.token)
            ended = []
            try:
                exec(PROGRAMS["by_hand.py"].replace(*exchange), names)
            except (SbgError, TypeError) as error:
                ended = [f"ended by {type(error).__name__}"]
            names["api"].session.close()  # it has no way to be closed
        return capsys.readouterr().out.splitlines() + ended, len(names["arrived"])

    return execute


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(asyncio, "run", run)

    def execute(platform: Platform, exchange: tuple[str, str] = ("", "")) -> tuple[list[str], int]:
        monkeypatch.setenv("SB_API_ENDPOINT", platform.base_url)
        monkeypatch.setenv("SB_AUTH_TOKEN", platform.token)
        monkeypatch.setattr(client, "AiohttpTransport", lambda *_, **__: SimulatedTransport(platform))
        exec(PROGRAMS["move.py"].replace(*exchange), {})
        lines = capsys.readouterr().out.splitlines()
        return lines, int(lines[-1].split()[0])

    return execute


def said(what: str) -> list[tuple[int, int]]:
    """Return the numbers that the page's table has on something: by hand, and with sbtransfer."""
    lines = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line] for line in lines]
    found = [(int(row[2]), int(row[3])) for row in rows if row[1:2] == [what]]
    assert found, what
    return found


def failures(lines: list[str]) -> int:
    return sum("fastq.gz" in line for line in lines)


def test_on_a_good_day_both_bring_all(by_hand: Program, ours: Program) -> None:
    assert by_hand(Breaking()) == (["250 files arrived"], 250)
    assert ours(Breaking()) == (["250 of 250 files arrived"], 250)


def test_an_answer_is_lost_and_the_program_is_run_again(by_hand: Program, ours: Program) -> None:
    platforms = theirs, its_own = Breaking(LOST), Breaking(LOST)
    (words, known), (_, known_here) = by_hand(theirs), ours(its_own)
    assert re.match("ended by ", words[-1])
    arrived = said("files that arrived")
    assert arrived[0] == (theirs.arrived(), its_own.arrived())
    assert said("of these, files that the program knows of") == [(known, known_here)]
    by_hand(theirs)
    ours(its_own)
    begun = [platform.started() for platform in platforms]
    assert said("imports that were started, in all") == [tuple(one.total() for one in begun)]
    twice = tuple(sum(count > 1 for count in one.values()) for one in begun)
    assert said("objects that were imported twice") == [twice]


def test_objects_are_missing_and_volumes_unknown(by_hand: Program, ours: Program) -> None:
    platforms = theirs, its_own = Breaking(), Breaking()
    told = (failures(by_hand(theirs, MISSING)[0]), failures(ours(its_own, MISSING)[0]))
    assert said("files that arrived")[1] == tuple(platform.arrived() for platform in platforms)
    unknown = (failures(by_hand(Breaking(), UNKNOWN)[0]), len(ours_anew(ours, UNKNOWN)) - 1)
    assert said("failures that are told") == [told, unknown]


def ours_anew(ours: Program, exchange: tuple[str, str]) -> list[str]:
    Path("move.sqlite").unlink()
    lines, _ = ours(Breaking(), exchange)
    return lines


def test_a_429_has_no_reset(by_hand: Program, ours: Program) -> None:
    theirs, its_own = Breaking(TOO_MANY, works=False), Breaking(TOO_MANY, works=False)
    words, _ = by_hand(theirs)
    ours(its_own)
    assert words == ["ended by TypeError"]
    assert said("files that arrived")[2] == (theirs.arrived(), its_own.arrived())
