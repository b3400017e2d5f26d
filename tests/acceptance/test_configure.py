"""Setting up: a profile is written once the platform has taken its token, and then used."""

import configparser
import fcntl
import os
import pty
import socket
import stat
import subprocess
import termios
from collections.abc import Sequence
from pathlib import Path

import pytest

from sbtransfer.cli.exits import Exit
from tests.acceptance.commands import (
    COMMAND,
    PATIENCE,
    TOKEN,
    Served,
    environment,
    imports,
    sbtransfer,
)

pytestmark = pytest.mark.usefixtures("folder")

FILE = Path(".sevenbridges/credentials")
OTHERS = "# mine\n[eu]\napi_endpoint = https://eu.example/v2\nauth_token = another\n"


def configure(*args: str, stdin: str = f"{TOKEN}\n") -> "subprocess.CompletedProcess[str]":
    return sbtransfer("configure", "--token-stdin", *args, stdin=stdin)


def profile(name: str = "default") -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(FILE)
    return dict(parser[name])


def modes() -> tuple[int, int]:
    return stat.S_IMODE(FILE.parent.stat().st_mode), stat.S_IMODE(FILE.stat().st_mode)


def existing(text: str = OTHERS, folder: int = 0o700, file: int = 0o600) -> None:
    FILE.parent.mkdir()
    FILE.write_text(text)
    FILE.chmod(file)
    FILE.parent.chmod(folder)


# From a script -------------------------------------------------------------------------------------------


def test_a_profile_is_written_and_the_next_command_uses_it(served: Served) -> None:
    done = configure("--endpoint", served.url)
    assert done.returncode == Exit.COMPLETED, done.stderr
    assert done.stdout == ""
    told, next_command = done.stderr.splitlines()
    assert told == f"Wrote the profile [default] to {FILE.absolute()}: {served.url}, as rfranklin."
    assert next_command.startswith("Try it: sbtransfer import files.csv --volume rfranklin/VOLUME")
    assert profile() == {"api_endpoint": served.url, "auth_token": TOKEN}
    assert modes() == (0o700, 0o600)
    assert sbtransfer("import", imports("rfranklin/input")).returncode == Exit.COMPLETED
    assert served.creates() == 1


def test_another_profile_leaves_the_rest_alone(served: Served) -> None:
    existing(folder=0o755, file=0o644)
    done = configure("--endpoint", served.url, "--profile", "cgc")
    assert done.returncode == Exit.COMPLETED, done.stderr
    assert FILE.read_text().startswith(OTHERS)
    assert profile("cgc")["auth_token"] == TOKEN
    assert modes() == (0o700, 0o600)
    assert f"{FILE.parent.absolute()} was open to others, and is now yours alone." in done.stderr
    assert f"{FILE.absolute()} was open to others, and is now yours alone." in done.stderr
    assert "--profile cgc" in done.stderr


def test_a_profile_that_is_there_is_replaced_by_force_only(served: Served) -> None:
    existing()
    args = ("--endpoint", served.url, "--profile", "eu")
    done = configure(*args)
    assert done.returncode == Exit.USAGE
    assert f"Error: {FILE.absolute()} has a profile [eu]: give another --profile, or --force" in done.stderr
    assert FILE.read_text() == OTHERS
    assert served.platform.requests_log == []
    assert configure(*args, "--force").returncode == Exit.COMPLETED
    assert profile("eu") == {"api_endpoint": served.url, "auth_token": TOKEN}


def test_a_token_that_is_refused_is_not_written(served: Served) -> None:
    done = configure("--endpoint", served.url, stdin="abc" * 9)
    assert done.returncode == Exit.REFUSED
    assert done.stderr.startswith(f"Error: {served.url} refuses this token")
    assert done.stderr.splitlines()[1:] == ["Nothing was written."]
    assert "abcabc" not in done.stderr
    assert not FILE.exists()


def test_a_platform_that_is_not_reached(served: Served) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}/v2"
        done = configure("--endpoint", endpoint, "--connect-timeout", "1")
        assert done.returncode == Exit.UNREACHABLE
        assert done.stderr.splitlines()[1:] == ["Nothing was written."]
        assert not FILE.exists()
        unchecked = configure("--endpoint", endpoint, "--no-check")
    assert unchecked.returncode == Exit.COMPLETED
    assert profile() == {"api_endpoint": endpoint, "auth_token": TOKEN}


def test_a_platform_by_its_name() -> None:
    assert configure("--platform", "cavatica", "--no-check").returncode == Exit.COMPLETED
    assert profile()["api_endpoint"] == "https://cavatica-api.sbgenomics.com/v2"


@pytest.mark.parametrize(
    ("args", "stdin", "words"),
    [
        ((), TOKEN, "give --platform or --endpoint"),
        (("--platform", "cgc", "--endpoint", "https://a.example"), TOKEN, "not both"),
        (("--platform", "cgc"), "", "the token is empty"),
        (("--platform", "cgc"), f"{TOKEN}é\n", "no header can carry"),
        (("--endpoint", "http://a.example/v2"), TOKEN, "over https only"),
        (("--platform", "cgc", "--profile", "a]b"), TOKEN, "cannot be the name of a profile"),
        (("--platform", "cgc", TOKEN[:8]), TOKEN, "unexpected extra argument"),
    ],
)
def test_what_cannot_be_configured(args: Sequence[str], stdin: str, words: str) -> None:
    done = configure(*args, stdin=stdin)
    assert done.returncode == Exit.USAGE
    assert words in done.stderr
    assert not FILE.exists()


def test_a_token_is_no_option_and_not_taken_from_a_pipe_unasked() -> None:
    done = sbtransfer("configure", "--platform", "cgc", stdin=TOKEN)
    assert done.returncode == Exit.USAGE
    assert "give the token there, with --token-stdin" in done.stderr


def test_a_file_that_is_none_stays_as_it_is(served: Served) -> None:
    existing("just some words\n")
    done = configure("--endpoint", served.url)
    assert done.returncode == Exit.USAGE
    assert "is not a credentials file (line 1): mend it, or move it away" in done.stderr
    assert "words" not in done.stderr
    assert FILE.read_text() == "just some words\n"


# On a terminal -------------------------------------------------------------------------------------------


class Conversation:
    """A command with a terminal of its own, and what is typed there."""

    def __init__(self, *args: str) -> None:
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            (*COMMAND, "configure", *args),
            env=environment(None, TERM="xterm-256color", COLUMNS="200"),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # `getpass` opens /dev/tty
        )
        os.close(theirs)
        self.drawn = ""

    def answer(self, question: str, text: str) -> None:
        while question not in self.drawn:
            assert self._read(), self.drawn
        self.drawn = ""
        os.write(self._ours, f"{text}\r".encode())

    def end(self) -> tuple[int, str]:
        while self._read():
            pass
        os.close(self._ours)
        return self._process.wait(PATIENCE), self.drawn

    def _read(self) -> bytes:
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # the terminal is closed at its other end
            data = b""
        self.drawn += data.decode()
        assert TOKEN not in self.drawn
        return data


def test_a_person_is_asked(served: Served) -> None:
    talk = Conversation()
    talk.answer("Platform (a name, or the URL of another): ", "cgcc")
    talk.answer("not an endpoint", served.url)
    talk.answer("Token (not shown): ", TOKEN)
    code, drawn = talk.end()
    assert code == Exit.COMPLETED, drawn
    assert "as rfranklin." in drawn
    assert profile() == {"api_endpoint": served.url, "auth_token": TOKEN}


def test_the_platforms_are_shown() -> None:
    talk = Conversation("--no-check")
    talk.answer("BioData Catalyst", "bdc")
    talk.answer("Token (not shown): ", TOKEN)
    assert talk.end()[0] == Exit.COMPLETED
    assert profile()["api_endpoint"] == "https://api.sb.biodatacatalyst.nhlbi.nih.gov/v2"


@pytest.mark.parametrize("answer", ["y", "n"])
def test_a_person_is_asked_before_a_profile_is_replaced(served: Served, answer: str) -> None:
    existing()
    talk = Conversation("--profile", "eu", "--endpoint", served.url)
    talk.answer("has a profile [eu]. Replace it? [y/N]: ", answer)
    if answer == "y":
        talk.answer("Token (not shown): ", TOKEN)
    code, drawn = talk.end()
    assert (code, "Nothing was written." in drawn) == ((0, False) if answer == "y" else (2, True))
    assert (profile("eu")["auth_token"] == TOKEN) is (answer == "y")


def test_who_leaves_has_written_nothing() -> None:
    talk = Conversation("--platform", "cgc")
    talk.answer("Token (not shown): ", "\x03")
    code, drawn = talk.end()
    assert code == Exit.INTERRUPTED
    assert "Interrupted." in drawn
    assert "Traceback" not in drawn
    assert not FILE.exists()


def test_a_token_is_not_echoed_by_an_option_that_is_for_scripts() -> None:
    code, drawn = Conversation("--platform", "cgc", "--token-stdin").end()
    assert code == Exit.USAGE
    assert "standard input is a terminal" in drawn
