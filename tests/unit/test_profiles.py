import configparser
import stat
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, strategies as st

from sbtransfer.errors import SettingsError
from sbtransfer.profiles import (
    Profile,
    checked_name,
    profile_names,
    read_profile,
    with_profile,
    write_profile,
)
from tests.support import given_away

OLD, NEW = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
CGC, EU = "https://cgc-api.sbgenomics.com/v2", "https://eu-api.sbgenomics.com/v2"
PROFILE = Profile(CGC, NEW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".sevenbridges" / "credentials"


@pytest.fixture
def file(path: Path) -> Path:
    """A file with one profile, for its owner alone."""
    path.parent.mkdir(mode=0o700)
    path.write_text(f"[eu]\napi_endpoint = {EU}\nauth_token = {OLD}\n")
    path.chmod(0o600)
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# The text ------------------------------------------------------------------------------------------------

NEW_LINES = f"api_endpoint = {CGC}\nauth_token = {NEW}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"[cgc]\n{NEW_LINES}"),
        ("# mine\n[eu]\na = 1\n\n\n", f"# mine\n[eu]\na = 1\n\n[cgc]\n{NEW_LINES}"),
        ("[eu]\na = 1", f"[eu]\na = 1\n\n[cgc]\n{NEW_LINES}"),
        ("[cgc]", f"[cgc]\n{NEW_LINES}"),
        ("[cgc]\n[eu]\na = 1\n", f"[cgc]\n{NEW_LINES}[eu]\na = 1\n"),
        (
            "[cgc]\n# why\nauth_token: old\n\nadvance_access = true\napi_endpoint=x\n; end\n",
            f"[cgc]\n# why\nauth_token = {NEW}\n\nadvance_access = true\napi_endpoint = {CGC}\n; end\n",
        ),
        ("[cgc]\nAUTH_Token = old\n", f"[cgc]\n{NEW_LINES}"),
        (
            "[cgc]\nauth_token =\n  old\n\tolder\nother =\n  1\n[eu]\n",
            f"[cgc]\napi_endpoint = {CGC}\nauth_token = {NEW}\nother =\n  1\n[eu]\n",
        ),
        ("[eu]\n# [cgc]\n# auth_token = x\n", f"[eu]\n# [cgc]\n# auth_token = x\n\n[cgc]\n{NEW_LINES}"),
    ],
)
def test_a_profile_is_edited_in_its_place(before: str, after: str) -> None:
    assert with_profile(before, "cgc", PROFILE) == after


def test_the_line_ends_of_the_file_are_kept() -> None:
    before = "[eu]\r\na = 1\r\n[cgc]\r\nb = 2\r\n"
    after = f"[eu]\r\na = 1\r\n[cgc]\r\napi_endpoint = {CGC}\r\nauth_token = {NEW}\r\nb = 2\r\n"
    assert with_profile(before, "cgc", PROFILE) == after


LINES = st.sampled_from(
    [
        "[cgc]",
        "[eu]",
        "[DEFAULT]",
        "auth_token = x",
        "api_endpoint: y",
        "  more",
        "# c",
        "; c",
        "",
        "k=1",
        "=",
        " [cgc]",
    ]
)


@given(text=st.lists(LINES, max_size=12).map("\n".join))
def test_nothing_else_changes_whatever_the_file(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("home") / "credentials"
    path.write_text(text)
    before = said(path)
    try:
        write_profile(path, "cgc", PROFILE)
    except SettingsError:
        assert path.read_text() == text
        return
    assert before is not None
    profile = {"api_endpoint": CGC, "auth_token": NEW}
    assert said(path) == before | {"cgc": before.get("cgc", before["DEFAULT"]) | profile}
    comments = [line for line in text.splitlines() if line.startswith(("#", ";"))]
    assert [line for line in path.read_text().splitlines() if line.startswith(("#", ";"))] == comments


def said(path: Path) -> dict[str, dict[str, str]] | None:
    """Return what a file says to who reads it, `None` for one that nobody can read."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(path)
    except configparser.Error:
        return None
    return {name: dict(section) for name, section in parser.items()}


# Names ---------------------------------------------------------------------------------------------------


def test_the_names_are_those_of_the_file(file: Path, tmp_path: Path) -> None:
    assert profile_names(file) == ["eu"]
    assert profile_names(tmp_path / "nothing") == []


@pytest.mark.parametrize("name", ["default", "cgc", "my project", "a.b@c-d_e"])
def test_a_name_that_can_be_used(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize("name", ["", " cgc", "c]gc", "[cgc", "a\nb", "DEFAULT", "\x1b[1m"])
def test_a_name_that_the_file_cannot_hold(path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="name"):
        write_profile(path, name, PROFILE)
    assert not path.exists()


# The file ------------------------------------------------------------------------------------------------


def test_a_new_file_is_for_its_owner_alone(path: Path) -> None:
    assert write_profile(path, "cgc", PROFILE).mended == ()
    assert (mode(path.parent), mode(path)) == (0o700, 0o600)
    assert read_profile(path, "cgc") == {"api_endpoint": CGC, "auth_token": NEW}
    assert list(path.parent.iterdir()) == [path]


def test_what_was_open_to_others_is_closed(file: Path) -> None:
    file.chmod(0o644)
    file.parent.chmod(0o755)
    assert write_profile(file, "cgc", PROFILE).mended == (file.parent, file)
    assert (mode(file.parent), mode(file)) == (0o700, 0o600)
    assert write_profile(file, "cgc", PROFILE).mended == ()


def test_a_profile_of_the_same_name_is_exchanged(file: Path) -> None:
    write_profile(file, "eu", PROFILE)
    assert read_profile(file, "eu") == {"api_endpoint": CGC, "auth_token": NEW}
    assert OLD not in file.read_text()


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    real = file.rename(tmp_path / "kept")
    file.symlink_to(real)
    write_profile(file, "cgc", PROFILE)
    assert file.is_symlink()
    assert profile_names(real) == ["eu", "cgc"]
    assert mode(real) == 0o600


def test_a_link_to_a_file_that_is_not_there_yet(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(tmp_path / "kept")
    write_profile(path, "cgc", PROFILE)
    assert profile_names(tmp_path / "kept") == ["cgc"]


def test_a_disk_that_is_full_leaves_the_file_as_it_was(file: Path) -> None:
    before = file.read_text()
    with (
        patch("os.fsync", side_effect=OSError(28, "No space left on device")),
        pytest.raises(SettingsError, match=r"cannot write .*credentials: No space left on device") as caught,
    ):
        write_profile(file, "cgc", PROFILE)
    assert file.read_text() == before
    assert list(file.parent.iterdir()) == [file]
    assert NEW not in given_away(caught.value)
    assert OLD not in given_away(caught.value)


ODD = {
    "no file of profiles": "[eu\n",
    "a text": f"{OLD}\n",
    "twice": f"[eu]\nauth_token = {OLD}\n[eu]\n",
    "a section that is indented": f"  [cgc]\n  auth_token = {OLD}\n",
    "a blank line within a value": f"[cgc]\nauth_token = {OLD}\n\n  {OLD}\n",
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_a_file_that_is_not_understood_stays_as_it_is(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"by hand|is not a credentials file") as caught:
        write_profile(file, "cgc", PROFILE)
    assert file.read_text() == text
    assert str(file) in str(caught.value)
    told = given_away(caught.value)
    assert OLD not in told
    assert NEW not in told


@pytest.mark.parametrize("use", [profile_names, lambda path: read_profile(path, "eu")], ids=["names", "read"])
def test_a_broken_file_says_what_to_do_and_not_what_is_in_it(
    file: Path, use: Callable[[Path], object]
) -> None:
    file.write_text(f"[eu]\n{OLD}\n")
    with pytest.raises(
        SettingsError, match=r"line 2.*mend it, or move it away and run 'sbtransfer conf"
    ) as caught:
        use(file)
    assert OLD not in given_away(caught.value)


def test_a_profile_does_not_show_its_token() -> None:
    assert NEW not in repr(PROFILE)
