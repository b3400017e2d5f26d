import hashlib
import os
import re
import stat
from pathlib import Path

import pytest

from sbtransfer.cli.state import digest_of, journal_beside, journal_of_stream, keep, state_folder
from sbtransfer.errors import SettingsError


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "sbtransfer"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_journal_of_a_file_has_its_whole_name() -> None:
    assert journal_beside("lists/a.csv.gz") == Path("lists/a.csv.gz.sbtransfer")


@pytest.mark.parametrize("given", ["", "relative/folder"])
def test_the_folder_is_in_the_home_unless_told_otherwise(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_folder({"XDG_STATE_HOME": given}) == tmp_path / ".local/state/sbtransfer"


def test_the_folder_is_for_its_owner_alone(state: Path) -> None:
    assert state_folder() == state
    assert mode(state) == 0o700
    assert state_folder() == state  # it may be there already


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"file: Not a directory: .*--journal PATH, or --no-journal"):
        state_folder({"XDG_STATE_HOME": str(tmp_path / "file")})


def test_a_stream_has_a_journal_that_was_not_there_before(state: Path) -> None:
    name = journal_of_stream("drs-import").name
    assert re.fullmatch(rf"drs-import-\d{{8}}T\d{{6}}Z-{os.getpid()}\.sbtransfer", name)


@pytest.fixture
def spooled(tmp_path: Path) -> Path:
    path = tmp_path / "spooled"
    path.write_bytes(b"volume,location\n")
    return path


def test_the_digest_is_that_of_the_bytes(spooled: Path) -> None:
    assert digest_of(spooled) == hashlib.sha256(b"volume,location\n").hexdigest()


def test_a_kept_list_is_found_by_what_it_holds(spooled: Path, state: Path) -> None:
    kept = keep(spooled, "import", None)
    name = f"import-{digest_of(spooled)[:16]}"
    assert (kept.work_list, kept.journal) == (state / f"{name}.list", state / f"{name}.sbtransfer")
    assert kept.work_list.read_bytes() == spooled.read_bytes()
    assert mode(kept.work_list) == 0o600
    assert keep(spooled, "import", None) == kept
    assert keep(spooled, "export", None) != kept
    assert all(path.suffix == ".list" for path in state.iterdir())


def test_a_list_with_a_journal_of_its_own_lies_beside_that(
    spooled: Path, state: Path, tmp_path: Path
) -> None:
    kept = keep(spooled, "import", tmp_path / "j")
    assert kept.journal == tmp_path / "j"
    assert kept.work_list == tmp_path / f"j.{kept.digest[:16]}.list"
    assert not state.exists()


def test_a_list_that_cannot_be_kept(spooled: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file or directory: standard input is kept there"):
        keep(spooled, "import", tmp_path / "nowhere" / "j")
