import io
import stat
from pathlib import Path

import click
import pytest

from sbtransfer.cli.output import OutputError, PartFile, Plain, standard_output
from sbtransfer.errors import SettingsError


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_a_file_is_there_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    (tmp_path / "list.csv.part").write_text("of a command that was killed")
    with PartFile(path, force=False) as file:
        file.write("a,b\r\n")
        assert names(tmp_path) == ["list.csv.part"]
        assert stat.S_IMODE((tmp_path / "list.csv.part").stat().st_mode) == 0o600
    assert names(tmp_path) == ["list.csv"]
    assert path.read_bytes() == b"a,b\r\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("error", [LookupError, KeyboardInterrupt])
def test_half_a_file_leaves_nothing_behind(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), PartFile(tmp_path / "list.csv", force=False) as file:
        file.write("a,b\n")
        raise error
    assert names(tmp_path) == []


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("precious")
    with pytest.raises(SettingsError, match="exists: give another --output, or --force"):
        PartFile(path, force=False).__enter__()
    with pytest.raises(LookupError), PartFile(path, force=True):
        raise LookupError
    assert path.read_text() == "precious"
    with PartFile(path, force=True) as file:
        file.write("new")
    assert path.read_text() == "new"
    assert names(tmp_path) == ["list.csv"]


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "list.csv").symlink_to(tmp_path / "there" / "real.csv")
    with PartFile(tmp_path / "list.csv", force=False) as file:
        file.write("x")
    assert (tmp_path / "list.csv").is_symlink()
    assert names(tmp_path / "there") == ["real.csv"]


def test_a_file_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gone/list.csv' cannot be written: No such file"):
        PartFile(tmp_path / "gone" / "list.csv", force=False).__enter__()


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written: Is a directory"):
        with PartFile(tmp_path / "list.csv", force=True):
            (tmp_path / "list.csv").mkdir()
    assert names(tmp_path) == ["list.csv"]


def test_standard_output_is_utf_8_and_leaves_line_ends_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(buffer, encoding="ascii", newline="\r\n"))
    with standard_output() as file:
        file.write("µ\n")
    assert buffer.getvalue() == "µ\n".encode()


def test_standard_output_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    with (
        pytest.raises(click.UsageError, match="closed: give --output FILE"),
        standard_output("--output FILE"),
    ):
        pass
    with pytest.raises(click.UsageError, match=r"closed$"), standard_output():
        pass


def test_words_of_others_cannot_steer_a_terminal() -> None:
    terminal = io.StringIO()
    Plain(terminal).write("a\x1b[2J\tb\r\nc\x9b1m\n")
    assert terminal.getvalue() == "a [2J b\nc 1m\n"
