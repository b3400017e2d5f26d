import io
import logging
import os
import subprocess
import sys

import pytest
from rich.console import Console

from sbtransfer.cli.console import logs, plain, say, standard_error

log = logging.getLogger("sbtransfer.some.room")


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_control_characters_are_taken_out() -> None:
    assert plain("a\x1b[31mb\x07\x9bc\u202e µ") == "a [31mb  c  µ"


def test_a_pipe_gets_lines_as_they_are() -> None:
    console = Console(file=io.StringIO(), width=20)
    say(console, f"{'word ' * 20}\n[bold]second[/bold] :smile: 17")
    assert written(console) == f"{'word ' * 20}\n[bold]second[/bold] :smile: 17\n"


def test_a_terminal_gets_lines_wrapped_between_words() -> None:
    console = Console(file=io.StringIO(), width=20, force_terminal=True, color_system=None)
    say(console, "word " * 8)
    assert [line.strip() for line in written(console).splitlines()] == ["word word word word"] * 2


def test_the_debug_log_is_shown_to_who_asks_for_it() -> None:
    console = Console(file=io.StringIO())
    with logs(console, verbose=True):
        log.debug("call %d", 7)
    log.debug("call 8")
    assert written(console).endswith("sbtransfer.some.room: call 7\n")


def test_nothing_that_is_logged_is_shown_otherwise(capfd: pytest.CaptureFixture[str]) -> None:
    console = Console(file=io.StringIO())
    with logs(console, verbose=False):
        log.debug("call 7")
        log.error("odd")
    assert written(console) == ""
    assert capfd.readouterr().err == ""


def test_the_level_is_put_back() -> None:
    before = logging.getLogger("sbtransfer").level
    with logs(Console(file=io.StringIO()), verbose=True):
        pass
    assert logging.getLogger("sbtransfer").level == before


SPEAK = """
from sbtransfer.cli.console import say, standard_error
for _ in range(3):
    say(standard_error(), "hello")
print("done")
"""


def test_a_listener_who_goes_away_changes_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SPEAK], stdout=subprocess.PIPE, stderr=writing, check=True
    )
    os.close(writing)
    assert done.stdout == b"done\n"


def test_standard_error_may_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    say(standard_error(), "hello")


def test_standard_error_is_where_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    say(standard_error(), "hello")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "hello\n")
