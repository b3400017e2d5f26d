import asyncio
import io
import re
from contextlib import nullcontext
from datetime import datetime
from math import inf
from typing import Any

from attrs import define, field
from rich.console import Console

from sbtransfer.cli.progress import (
    Bar,
    Hidden,
    Lines,
    View,
    as_bar,
    as_line,
    counts,
    left,
    showing,
    span,
    view_for,
    waits,
    when,
)
from sbtransfer.client import Client
from sbtransfer.models import Summary
from sbtransfer.progress import Progress
from sbtransfer.simulator import Durations, Platform
from sbtransfer.simulator.clock import run as run_virtually
from sbtransfer.testing import SimulatedTransport
from tests.support import an_import

MIDWAY = Progress(
    read=3000,
    waiting=200,
    under_way=1800,
    completed=990,
    failed=10,
    total=5000,
    requests_left=980,
    files_left=12,
    elapsed=61.4,
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_terminal(**environ: str) -> Console:
    return Console(file=Terminal(), width=100, _environ={"TERM": "xterm-256color"} | environ)


def drawn(progress: Progress, **environ: str) -> str:
    console = on_terminal(**environ)
    with console.capture() as captured:
        console.print(as_bar(progress, "import"))
    return captured.get()


def test_a_line_tells_how_far_it_is() -> None:
    line, end = as_line(MIDWAY, "import").rsplit(", until ", 1)
    assert line == (
        "import: 1,000 of 5,000; 990 completed, 10 failed, 0 unconfirmed, 1,800 under way; "
        "980 requests left; 0:01:01, about 0:04:06 left"
    )
    assert re.fullmatch(r"\d\d:\d\d|\w+ \d\d \w+, \d\d:\d\d", end)


def test_an_end_on_another_day_says_which() -> None:
    assert when(datetime(2031, 5, 6, 7, 8)) == "Tue 06 May, 07:08"
    assert len(when(datetime.now())) == len("07:08")


def test_a_line_of_a_list_whose_length_nobody_knows() -> None:
    progress = Progress(read=30, completed=10, under_way=20, requests_left=inf, files_left=inf, elapsed=5)
    assert as_line(progress, "drs") == (
        "drs-import: 10 of 30 read so far; 10 completed, 0 failed, 0 unconfirmed, 20 under way; 0:00:05"
    )


def test_a_line_says_what_is_waited_for_on_one_line() -> None:
    progress = Progress(read=1, waiting=1, waiting_for="maintenance\n(HTTP 503, code 0)")
    assert as_line(progress, "export").endswith("; waiting: maintenance (HTTP 503, code 0)")


def test_files_are_left_for_drs_alone() -> None:
    assert left(MIDWAY, "drs") == "980 requests left; 12 files left"
    assert left(MIDWAY, "export") == "980 requests left"


def test_budgets_say_when_they_hold_more() -> None:
    progress = Progress(requests_left=0, requests_more_in=129.6, files_left=3, files_more_in=4)
    assert left(progress, "drs") == "0 requests left, more in 2:10; 3 files left, more in 0:04"


def test_what_is_waited_for_says_when_it_may_end() -> None:
    progress = Progress(waiting_for="maintenance", waiting_seconds=40)
    assert waits(progress) == "waiting: maintenance, again in 0:40"
    assert waits(Progress(waiting_for="reconciling 3 calls")) == "waiting: reconciling 3 calls"


def test_doubts_are_counted_where_there_are_any() -> None:
    progress = Progress(read=30, completed=10, under_way=15, in_doubt=5)
    assert counts(progress).endswith("15 under way, 5 in doubt")
    assert "doubt" not in counts(MIDWAY)


def test_mixed_kinds_have_a_name_and_both_budgets() -> None:
    assert as_line(MIDWAY, None).startswith("transfer: 1,000 of 5,000; ")
    assert left(MIDWAY, None) == left(MIDWAY, "drs")


def test_spans() -> None:
    assert [span(0.4), span(59.6), span(90_061)] == ["0:00:00", "0:01:00", "1 day, 1:01:01"]


def test_a_bar_fits_its_terminal() -> None:
    lines = drawn(MIDWAY, NO_COLOR="1").splitlines()
    assert "━━" in lines[0]
    assert lines[0].endswith("1,000 of 5,000")
    assert "990 completed, 10 failed" in lines[1]
    assert "980 requests left" in lines[2]
    assert "0:01:01, about 0:04:06 left, until " in lines[3]
    assert len(lines) == 4


def test_a_bar_has_no_colours_where_none_are_wanted() -> None:
    assert "\x1b[38" in drawn(MIDWAY)
    assert "\x1b[38" not in drawn(MIDWAY, NO_COLOR="1")


def test_a_bar_keeps_a_long_reason_on_one_line() -> None:
    lines = drawn(Progress(waiting_for="x" * 500), NO_COLOR="1").splitlines()
    assert len(lines) == 5
    assert "waiting: xxx" in lines[1]
    assert "…" in lines[1]


def test_a_terminal_gets_a_bar() -> None:
    assert isinstance(view_for(on_terminal(), "import"), Bar)


def test_what_cannot_draw_gets_lines_ten_seconds_apart() -> None:
    for console in (Console(file=io.StringIO()), on_terminal(TERM="dumb")):
        view = view_for(console, "import")
        assert isinstance(view, Lines)
        assert view.every == 10


def test_a_bar_is_not_drawn_into_a_log_that_takes_colours() -> None:
    console = Console(file=io.StringIO(), _environ={"FORCE_COLOR": "1"})
    assert isinstance(view_for(console, "import"), Lines)


def test_who_wants_quiet_gets_nothing() -> None:
    console = on_terminal()
    view = view_for(console, "import", quiet=True)
    assert isinstance(view, Hidden)
    with view.shown():
        view.connecting("http://127.0.0.1/v2")
        view.update(MIDWAY)
    assert isinstance(console.file, Terminal)
    assert console.file.getvalue() == ""


def test_lines_are_lines() -> None:
    console = Console(file=io.StringIO(), width=20)
    view = view_for(console, "import")
    with view.shown():
        view.connecting("http://127.0.0.1/v2")
        view.update(MIDWAY)
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == f"{as_line(MIDWAY, 'import')}\n"


def test_a_bar_goes_when_the_run_has_ended() -> None:
    console = on_terminal()
    view = view_for(console, "import")
    with view.shown():
        view.connecting("http://127.0.0.1/v2")
        view.update(MIDWAY)
        console.print("above the bar")
    assert isinstance(console.file, Terminal)
    text = console.file.getvalue()
    assert "connecting to http://127.0.0.1/v2" in text
    assert "above the bar" in text
    assert text.endswith(("\x1b[2K", "\x1b[?25h"))  # erased, and the cursor is back


@define
class Noting:
    every: float = 10.0
    seen: list[tuple[float, int]] = field(factory=list)

    def shown(self) -> Any:
        return nullcontext()

    def connecting(self, endpoint: str) -> None:
        pass

    def update(self, progress: Progress) -> None:
        self.seen.append((asyncio.get_running_loop().time(), progress.completed))


async def transferred(view: View) -> Summary:
    """Transfer three items whose jobs take 25 seconds, and wait a while after that."""
    platform = Platform(durations=Durations(median=25, p99=25, pending=0))
    items = [an_import(f"runs/{n}", volume="rfranklin/input", project="rfranklin/archive") for n in range(3)]
    transport = SimulatedTransport(platform)
    async with Client(platform.base_url, platform.token, transport=transport) as client:
        async with client.transfer(items) as run, showing(run, view):
            summary = await run.wait()
        await asyncio.sleep(100)
    return summary


def test_the_view_is_updated_as_often_as_it_says_and_no_longer_than_the_run() -> None:
    view = Noting()
    assert run_virtually(transferred(view)).completed == 3
    times = [when for when, _ in view.seen]
    assert times == [10.0 * n for n in range(1, len(times) + 1)]
    assert times[-1] < 50
    assert [completed for _, completed in view.seen[:2]] == [0, 0]


def test_a_view_that_fails_does_not_stop_the_transfer() -> None:
    @define
    class Failing(Noting):
        def update(self, progress: Progress) -> None:
            raise RuntimeError("odd")

    assert run_virtually(transferred(Failing())).completed == 3
