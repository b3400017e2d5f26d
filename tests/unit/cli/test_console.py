import io
import os
import subprocess
import sys

import pytest
from rich.console import Console

from sbtransfer.cli.console import plain, say, standard_error


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_control_characters_are_taken_out() -> None:
    assert plain("a\x1b[31mb\x07\x9bc\u202e µ") == "a [31mb  c  µ"


def test_a_pipe_gets_lines_as_they_are() -> None:
    console = Console(file=io.StringIO(), width=20)
    say(console, f"{'word ' * 20}end\n[bold]second[/bold] :smile: 17")
    assert written(console) == f"{'word ' * 20}end\n[bold]second[/bold] :smile: 17\n"


def test_a_terminal_gets_lines_wrapped_between_words() -> None:
    console = Console(file=io.StringIO(), width=20, force_terminal=True, color_system=None)
    say(console, "word " * 8)
    assert [line.strip() for line in written(console).splitlines()] == ["word word word word"] * 2


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
