"""Where the platform is and with which token: from arguments, the environment or a profile."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from attrs import field, frozen

from sbtransfer.errors import SettingsError
from sbtransfer.profiles import CREDENTIALS_FILE, read_profile

TokenSource: TypeAlias = str | Callable[[], Awaitable[str]]

PLATFORMS: Mapping[str, str] = {
    "cgc": "https://cgc-api.sbgenomics.com/v2",
    "cavatica": "https://cavatica-api.sbgenomics.com/v2",
    "bdc": "https://api.sb.biodatacatalyst.nhlbi.nih.gov/v2",
    "sb": "https://api.sbgenomics.com/v2",
    "sb-eu": "https://eu-api.sbgenomics.com/v2",
}
"""The endpoints by short names: the Cancer Genomics Cloud, CAVATICA, BioData Catalyst, and Seven Bridges in
the US and in the EU. Source: the public API documentation."""

PLATFORM_TITLES: Mapping[str, str] = {
    "cgc": "Cancer Genomics Cloud",
    "cavatica": "CAVATICA",
    "bdc": "NHLBI BioData Catalyst",
    "sb": "Seven Bridges Platform, US",
    "sb-eu": "Seven Bridges Platform, EU",
}
"""What people call them."""

_OTHER_WAYS = f"write a profile to {CREDENTIALS_FILE} ('sbtransfer configure' does), or give one"


@frozen
class Settings:
    """An endpoint that was checked, and its token, which no `repr` shows."""

    endpoint: str
    token: TokenSource = field(repr=False)

    @classmethod
    def load(
        cls,
        endpoint: str | None = None,
        token: TokenSource | None = None,
        profile: str | None = None,
        *,
        environ: Mapping[str, str] = os.environ,
        credentials: Path = CREDENTIALS_FILE,
    ) -> Settings:
        """Find what is not given: in the named profile; else the environment; else the default profile.

        Raises `SettingsError` that says what is missing, or which profile is not there.
        """
        if endpoint is None or token is None:
            found = _found(profile, environ, credentials.expanduser())
            endpoint = endpoint or found.get("api_endpoint")
            token = token or found.get("auth_token")
        if not endpoint:
            raise SettingsError(f"no endpoint: set SB_API_ENDPOINT, {_OTHER_WAYS}")
        if not token:
            raise SettingsError(f"no token: set SB_AUTH_TOKEN, {_OTHER_WAYS}")
        return cls(checked_endpoint(endpoint), token if callable(token) else checked_token(token))


def _found(profile: str | None, environ: Mapping[str, str], credentials: Path) -> Mapping[str, str]:
    if profile is not None:
        return read_profile(credentials, profile)
    found = {"api_endpoint": environ.get("SB_API_ENDPOINT"), "auth_token": environ.get("SB_AUTH_TOKEN")}
    given = {name: value for name, value in found.items() if value}
    if len(given) == len(found) or not credentials.is_file():
        return given
    # A token belongs to its endpoint: half of one source is never completed from another unasked.
    return given or read_profile(credentials, "default", missing_is_fine=True)


def checked_endpoint(endpoint: str) -> str:
    """Return the endpoint without a trailing slash; https, or plain http on loopback only.

    Raises `SettingsError` for anything that the token must not be sent to.
    """
    endpoint = endpoint.strip().rstrip("/")
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or "?" in endpoint or "#" in endpoint or "@" in parts.netloc:
        # Not shown: it may be the token, given in the wrong place, or hold a password.
        raise SettingsError("not an endpoint; it looks like 'https://cgc-api.sbgenomics.com/v2'")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise SettingsError(
            f"{parts.scheme}://{host} is refused: the token goes over https only (http on a loopback address)"
        )
    return endpoint


def is_loopback(host: str) -> bool:
    """Whether a host name or address stays on this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_token(token: str) -> str:
    """Return the token if it can be sent as a header; the error never shows it."""
    token = token.strip()
    if token and token.isascii() and token.isprintable():
        return token
    problem = "the token holds characters that no header can carry; was it pasted whole?"
    if not token:
        problem = "the token is empty"
    del token  # A traceback that shows local variables must not show it.
    raise SettingsError(problem)
