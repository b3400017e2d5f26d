import traceback
from pathlib import Path

import pytest

from sbtransfer.errors import SettingsError
from sbtransfer.settings import Settings, checked_endpoint, checked_token, is_loopback
from tests.support import given_away

TOKEN = "0123456789abcdef0123456789abcdef"
CGC = "https://cgc-api.sbgenomics.com/v2"
EU = "https://eu-api.sbgenomics.com/v2"
CREDENTIALS = f"""
[default]
api_endpoint = {CGC}
auth_token = token-of-default

[eu]
api_endpoint = {EU}
auth_token = token-of-eu
advance_access = true

[half]
api_endpoint = {EU}
"""


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    path = tmp_path / "credentials"
    path.write_text(CREDENTIALS)
    return path


ENVIRONMENT = {"SB_API_ENDPOINT": "https://env.example/v2", "SB_AUTH_TOKEN": "token-of-env"}


def loaded(settings: Settings) -> tuple[str, object]:
    return settings.endpoint, settings.token


# Precedence ----------------------------------------------------------------------------------------------


def test_arguments_come_first(credentials: Path) -> None:
    settings = Settings.load(CGC, TOKEN, "eu", environ=ENVIRONMENT, credentials=credentials)
    assert loaded(settings) == (CGC, TOKEN)


def test_arguments_need_no_file(tmp_path: Path) -> None:
    settings = Settings.load(CGC, TOKEN, "eu", environ={}, credentials=tmp_path / "nothing")
    assert loaded(settings) == (CGC, TOKEN)


def test_a_named_profile_comes_before_the_environment(credentials: Path) -> None:
    settings = Settings.load(profile="eu", environ=ENVIRONMENT, credentials=credentials)
    assert loaded(settings) == (EU, "token-of-eu")


def test_the_environment_comes_before_the_default_profile(credentials: Path) -> None:
    settings = Settings.load(environ=ENVIRONMENT, credentials=credentials)
    assert loaded(settings) == ("https://env.example/v2", "token-of-env")


def test_the_default_profile_comes_last(credentials: Path) -> None:
    assert loaded(Settings.load(environ={}, credentials=credentials)) == (CGC, "token-of-default")


def test_empty_variables_are_no_settings(credentials: Path) -> None:
    environ = {"SB_API_ENDPOINT": "", "SB_AUTH_TOKEN": ""}
    assert loaded(Settings.load(environ=environ, credentials=credentials)) == (CGC, "token-of-default")


def test_an_argument_is_completed_from_the_first_source(credentials: Path) -> None:
    of_profile = Settings.load(token=TOKEN, profile="eu", environ=ENVIRONMENT, credentials=credentials)
    of_environment = Settings.load(EU, environ=ENVIRONMENT, credentials=credentials)
    assert loaded(of_profile) == (EU, TOKEN)
    assert loaded(of_environment) == (EU, "token-of-env")


@pytest.mark.parametrize(("missing", "left"), [("endpoint", "SB_AUTH_TOKEN"), ("token", "SB_API_ENDPOINT")])
def test_half_an_environment_is_not_completed_from_a_profile(
    credentials: Path, missing: str, left: str
) -> None:
    with pytest.raises(SettingsError, match=f"^no {missing}: set SB_"):
        Settings.load(environ={left: ENVIRONMENT[left]}, credentials=credentials)


def test_a_profile_is_not_completed_from_the_environment(credentials: Path) -> None:
    with pytest.raises(SettingsError, match=r"^no token"):
        Settings.load(profile="half", environ=ENVIRONMENT, credentials=credentials)


def test_nothing_found_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"^no endpoint: set SB_API_ENDPOINT, .*\.sevenbridges/credentials"
    ):
        Settings.load(environ={}, credentials=tmp_path / "nothing")


def test_a_file_without_a_default_profile_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    path.write_text("[eu]\n")
    with pytest.raises(SettingsError, match=r"^no endpoint"):
        Settings.load(environ={}, credentials=path)


def test_the_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".sevenbridges").mkdir()
    (tmp_path / ".sevenbridges" / "credentials").write_text(CREDENTIALS)
    assert loaded(Settings.load(profile="eu", environ={})) == (EU, "token-of-eu")


async def new_token() -> str:
    return TOKEN


def test_a_token_may_be_a_callable(credentials: Path) -> None:
    settings = Settings.load(EU, new_token, environ=ENVIRONMENT, credentials=credentials)
    assert settings.token is new_token


# The credentials file ------------------------------------------------------------------------------------


def test_an_unknown_profile_names_the_known_ones(credentials: Path) -> None:
    with pytest.raises(SettingsError, match=r"no profile \[cgc\]; it has: default, eu, half"):
        Settings.load(profile="cgc", environ=ENVIRONMENT, credentials=credentials)


def test_a_percent_sign_is_nothing_special(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    path.write_text(f"[default]\napi_endpoint = {CGC}\nauth_token = 100%(sure)s\n")
    assert Settings.load(environ={}, credentials=path).token == "100%(sure)s"


BROKEN = {
    "no section": f"auth_token = {TOKEN}\n".encode(),
    "no option": f"[default]\n{TOKEN}\n".encode(),
    "twice": f"[default]\nauth_token = {TOKEN}\nauth_token = {TOKEN}\n".encode(),
    "two sections": f"[default]\nauth_token = {TOKEN}\n[default]\n".encode(),
    "not text": b"[default]\nauth_token = \xff\xfe" + TOKEN.encode(),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_does_not_leak_what_is_in_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "credentials"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="credentials") as caught:
        Settings.load(profile="default", environ={}, credentials=path)
    assert str(path) in str(caught.value)
    printed = "".join(traceback.format_exception(caught.value))
    assert TOKEN not in printed + repr(caught.value) + str(caught.value)


def test_a_traceback_with_locals_does_not_show_what_is_in_a_broken_file(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    path.write_bytes(BROKEN["no option"])
    with pytest.raises(SettingsError) as caught:
        Settings.load(profile="default", environ={}, credentials=path)
    assert TOKEN not in given_away(caught.value)


def test_a_file_that_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot read the credentials file .*: Is a directory"):
        Settings.load(profile="default", environ={}, credentials=tmp_path)


def test_a_file_that_may_not_be_read(credentials: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(SettingsError, match=r"cannot read the credentials file .*: Permission denied"):
        Settings.load(environ={}, credentials=credentials)


def test_a_named_profile_needs_the_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no credentials file .*nothing: run 'sbtransfer configure'"):
        Settings.load(profile="eu", environ=ENVIRONMENT, credentials=tmp_path / "nothing")


# Where the token may go ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "used"),
    [
        (CGC, CGC),
        (CGC + "/", CGC),
        ("https://example.org", "https://example.org"),
        ("HTTPS://example.org/v2", "HTTPS://example.org/v2"),
        ("http://127.0.0.1:8080/v2", "http://127.0.0.1:8080/v2"),
        ("http://127.255.0.9/v2", "http://127.255.0.9/v2"),
        ("http://[::1]:8080/v2/", "http://[::1]:8080/v2"),
        ("http://localhost/v2", "http://localhost/v2"),
        ("http://LOCALHOST/v2", "http://LOCALHOST/v2"),
    ],
)
def test_endpoints_that_are_safe(given: str, used: str) -> None:
    assert checked_endpoint(given) == used


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://cgc-api.sbgenomics.com/v2",
        "http://10.0.0.1/v2",
        "http://128.0.0.1/v2",
        "http://0.0.0.0/v2",
        "http://[::2]/v2",
        "http://[::]/v2",
        "http://localhost.example.org/v2",
        "http://127.0.0.1.example.org/v2",
        "http://notlocalhost/v2",
        "ftp://127.0.0.1/v2",
        "ws://localhost/v2",
        "//cgc-api.sbgenomics.com/v2",
    ],
)
def test_the_token_goes_over_https_only(endpoint: str) -> None:
    with pytest.raises(SettingsError, match="https only"):
        checked_endpoint(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "cgc-api.sbgenomics.com/v2",
        "https://",
        "https:///v2",
        "https://[::1",
        "https://example.org:port/v2",
        "https://example.org:99999/v2",
        "https://example.org/v2?x=1",
        "https://example.org/v2#x",
    ],
)
def test_what_is_no_endpoint(endpoint: str) -> None:
    with pytest.raises(SettingsError, match="not an endpoint"):
        checked_endpoint(endpoint)


@pytest.mark.parametrize("endpoint", ["https://example.org/v2?", "https://example.org/v2#", f" {CGC}\n"])
def test_a_path_can_be_appended_to_an_endpoint(endpoint: str) -> None:
    try:
        used = checked_endpoint(endpoint)
    except SettingsError:
        return
    assert used == endpoint.strip().rstrip("?#/")


@pytest.mark.parametrize(
    "endpoint",
    [
        f"https://rosa:{TOKEN}@example.org/v2",
        f"https://{TOKEN}@example.org/v2",
        f"https://:{TOKEN}@example.org/v2",
        f"http://localhost:{TOKEN}@example.org/v2",
        f"https://rosa:{TOKEN}@example.org:port/v2",
    ],
)
def test_user_names_and_passwords_are_refused_and_not_shown(endpoint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        checked_endpoint(endpoint)
    assert TOKEN not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize("endpoint", [TOKEN, f"https://example.org/v2?auth_token={TOKEN}"])
def test_a_token_in_the_endpoints_place_is_not_shown(endpoint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        checked_endpoint(endpoint)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "stays"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True)]
    + [
        (host, False) for host in ("126.0.0.1", "::2", "example.org", "", "localhost.", "127.1", "2130706433")
    ],
)
def test_loopback(host: str, stays: bool) -> None:
    assert is_loopback(host) is stays


# The token -----------------------------------------------------------------------------------------------


def test_a_token_is_stripped() -> None:
    assert checked_token(f" {TOKEN}\n") == TOKEN
    assert checked_token("Bearer abc") == "Bearer abc"


@pytest.mark.parametrize(
    "token", ["", "  ", f"{TOKEN}\n{TOKEN}", f"{TOKEN}\x00{TOKEN}", f"{TOKEN}é", f"\u200b{TOKEN}"]
)
def test_a_token_that_cannot_be_sent_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(SettingsError, match="token") as caught:
        checked_token(token)
    assert TOKEN not in str(caught.value) + repr(caught.value)


def test_a_token_of_the_file_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    path.write_text(f"[default]\napi_endpoint = {CGC}\nauth_token = {TOKEN}é\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="no header can carry") as caught:
        Settings.load(environ={}, credentials=path)
    assert TOKEN not in str(caught.value)


def test_settings_do_not_show_the_token() -> None:
    settings = Settings.load(CGC, TOKEN, environ={})
    assert settings.token == TOKEN
    assert TOKEN not in repr(settings) + str(settings) + f"{settings}"
    assert CGC in repr(settings)
