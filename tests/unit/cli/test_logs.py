import io
import logging
import re
import stat
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from sbtransfer import __version__
from sbtransfer.cli import options
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.logs import logs
from sbtransfer.errors import SettingsError

log = logging.getLogger("sbtransfer.some.room")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_debug_log_is_shown_to_who_asks_for_it(console: Console) -> None:
    with logs(console, verbose=True):
        log.debug("call %d", 7)
    log.debug("call 8")
    assert re.search(f"^{TIME} sbtransfer.some.room: call 7\n$", written(console), re.MULTILINE)
    assert "call 8" not in written(console)


def test_nothing_that_is_logged_is_shown_otherwise(
    console: Console, capfd: pytest.CaptureFixture[str]
) -> None:
    with logs(console, verbose=False):
        log.debug("call 7")
        log.error("odd")
    assert written(console) == ""
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("path", [None, Path("run.log")])
def test_the_level_is_put_back(
    console: Console, path: Path | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own, root = logging.getLogger("sbtransfer"), logging.getLogger()
    before = own.level, list(root.handlers)
    with logs(console, verbose=True, path=path):
        assert own.level == logging.DEBUG
    assert (own.level, root.handlers) == before


# The file ------------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.log"


def test_a_file_has_what_is_shown(console: Console, path: Path) -> None:
    with logs(console, verbose=True, path=path):
        log.debug("call %d", 7)
    assert path.read_text() == written(console)
    assert all(re.match(f"{TIME} sbtransfer", line) for line in path.read_text().splitlines())
    assert f"sbtransfer {__version__}, Python 3." in path.read_text()


def test_a_file_alone_shows_nothing(console: Console, path: Path) -> None:
    with logs(console, verbose=False, path=path):
        log.debug("call 7")
    assert written(console) == ""
    assert "call 7" in path.read_text()


def test_a_file_is_appended_to_and_for_its_owner_alone(console: Console, path: Path) -> None:
    for number in (7, 8):
        with logs(console, verbose=False, path=path):
            log.debug("call %d", number)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.chmod(0o644)
    assert re.findall(r"call \d", path.read_text()) == ["call 7", "call 8"]


def test_a_line_of_another_cannot_pass_for_one_of_the_log(console: Console, path: Path) -> None:
    with logs(console, verbose=False, path=path):
        log.debug("says %s", "no\n2026-01-01T00:00:00.000Z made up\x1b[2J")
    assert path.read_text().splitlines()[2] == "  2026-01-01T00:00:00.000Z made up [2J"


@pytest.mark.parametrize("name", ["nowhere/run.log", "."])
def test_a_file_that_cannot_be_opened(console: Console, tmp_path: Path, name: str) -> None:
    with pytest.raises(
        SettingsError, match=r"the log file '.*' cannot be written: .*; give another --log-file"
    ):
        with logs(console, verbose=False, path=tmp_path / name):
            pytest.fail("not reached")


def test_what_is_no_log_is_not_appended_to(console: Console, path: Path) -> None:
    path.write_text("volume,location,project\n")
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="is something else than a log of this program"):
        with logs(console, verbose=False, path=path):
            pytest.fail("not reached")
    assert path.read_text() == "volume,location,project\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_a_disk_that_is_full_ends_the_log_and_nothing_else(console: Console) -> None:
    with logs(console, verbose=False, path=Path("/dev/full")):
        log.debug("call 7")
        log.debug("call 8")
    assert written(console) == "The log ends here, its file cannot be written: No space left on device.\n"


# A verb --------------------------------------------------------------------------------------------------


def invoke(path: Path, how: BaseException | None) -> Result:
    @click.command("verb")
    @click.option("--secret")
    @options.guarded
    def verb(console: object, secret: str) -> Exit:
        if how is not None:
            raise how
        return Exit.INCOMPLETE

    return CliRunner().invoke(verb, ["--log-file", str(path), "--secret", "hush"])


@pytest.mark.parametrize(
    ("how", "last"),
    [
        (None, "sbtransfer.command: exit code 1"),
        (SettingsError("no token"), "sbtransfer.command: ended by SettingsError: no token"),
        (KeyboardInterrupt(), "sbtransfer.command: ended by KeyboardInterrupt: "),
    ],
)
def test_the_log_tells_what_began_and_how_it_ended(path: Path, how: BaseException | None, last: str) -> None:
    invoke(path, how)
    lines = path.read_text().split("\n")
    assert lines[0].partition(" ")[2].startswith("sbtransfer.command: verb, sbtransfer ")
    assert lines[-2].partition(" ")[2] == last
    assert "hush" not in path.read_text()


def test_a_verb_does_not_begin_without_its_log(tmp_path: Path) -> None:
    done = invoke(tmp_path / "nowhere" / "run.log", AssertionError("it began"))
    assert done.exit_code == Exit.USAGE
    assert done.output.startswith("Error: the log file ")
    assert len(done.output.splitlines()) == 1
