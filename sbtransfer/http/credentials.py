"""The token of a client: a string, or an async callable that is asked again after a 401."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from attrs import define, field

from sbtransfer.settings import TokenSource, checked_token


class SecretHeaders(dict[str, str]):
    """Headers that hold a token: a traceback that shows local variables must not show it."""

    def __repr__(self) -> str:
        return f"<headers: {', '.join(self)}>"


@define(eq=False)
class Credentials:
    """Turns the token into a header; no `repr` shows it."""

    _source: TokenSource = field(repr=False)
    _token: str | None = field(init=False, repr=False, default=None)
    _asking: asyncio.Lock = field(init=False, repr=False, factory=asyncio.Lock)

    async def headers(self) -> SecretHeaders:
        """Return the header that authorises a request."""
        if self._token is None:
            await self._ask(None)
        return _header(self._token or "")

    async def renew(self, refused: Mapping[str, str]) -> bool:
        """Ask for another token after `refused` was; return whether there is a new one to try."""
        if isinstance(self._source, str):
            return False
        if _header(self._token or "") == refused:
            await self._ask(self._token)
        return _header(self._token or "") != refused

    async def _ask(self, stale: str | None) -> None:
        async with self._asking:
            if self._token == stale:
                self._token = checked_token(
                    self._source if isinstance(self._source, str) else await self._source()
                )


def _header(token: str) -> SecretHeaders:
    name = "Authorization" if token.startswith("Bearer ") else "X-SBG-Auth-Token"
    return SecretHeaders({name: token})
