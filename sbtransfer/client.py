"""The client: settings, budgets and connections that its transfers share."""

from __future__ import annotations

import warnings
from types import TracebackType
from typing import Any, Self

import aiohttp

from sbtransfer.engine import Engine, Options
from sbtransfer.errors import SettingsError, UsageError
from sbtransfer.http.api import API
from sbtransfer.http.caller import Caller
from sbtransfer.http.credentials import Credentials
from sbtransfer.http.transport import AiohttpTransport, Transport
from sbtransfer.limits import Limits
from sbtransfer.polling import Polling
from sbtransfer.reader import Source
from sbtransfer.run import TransferRun
from sbtransfer.settings import Settings, TokenSource
from sbtransfer.wire import RateLimit, User


class Client:
    """A connection to one platform as one user.

    `endpoint` is the platform's base URL (`https://cgc-api.sbgenomics.com/v2`; plain http on a loopback
    address only). `token` is a string (`Bearer …` for an OAuth token) or an async callable that returns one
    and is asked again after a 401; what is not given is looked for as in `from_environment`. `limits` are
    shared by all transfers of this client. `polling` is a `Polling`, or the lag in seconds that is aimed at
    (27 by default, and less in proportion where the limits have a shorter period). `timeout` is in seconds
    for one request. During an outage calls wait, for `give_up_after` seconds at most. A `session` of one's
    own is used and left open; `transport` replaces the network altogether.

    Use it as an async context manager, or call `aclose`. Raises `SettingsError` for settings that cannot
    work.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        token: TokenSource | None = None,
        *,
        limits: Limits | None = None,
        polling: Polling | float | None = None,
        timeout: float = 120.0,
        give_up_after: float = 3600.0,
        session: aiohttp.ClientSession | None = None,
        transport: Transport | None = None,
        profile: str | None = None,
    ) -> None:
        if not timeout > 0:
            raise SettingsError(f"timeout must be over 0 seconds, not {timeout!r}")
        settings = Settings.load(endpoint, token, profile)
        self.endpoint = settings.endpoint
        limits = limits or Limits()
        # How much lag a request is worth follows from how often requests may be made.
        self._polling = Polling.of(polling, Polling.balanced.lag * limits.requests_period / 300)
        self._transport = transport or AiohttpTransport(settings.endpoint, session=session)
        self._api = API(
            Caller(
                settings.endpoint,
                self._transport,
                Credentials(settings.token),
                limits,
                timeout,
                give_up_after,
            )
        )
        self._runs: set[TransferRun] = set()
        self._closed = False

    @classmethod
    def from_environment(cls, profile: str | None = None, **options: Any) -> Self:
        """Make a client from `SB_API_ENDPOINT` and `SB_AUTH_TOKEN`, or from `~/.sevenbridges/credentials`.

        A `profile` is a section of that file and goes before the environment; without one, `[default]` is
        used where the environment has neither. `options` are those of `Client`.
        """
        return cls(profile=profile, **options)

    def __repr__(self) -> str:
        return f"<Client {self.endpoint}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every transfer that is still open, then every connection."""
        self._closed = True
        try:
            for run in tuple(self._runs):
                if run.started and not run.managed:
                    warnings.warn(
                        f"{run!r} was left by a break or an exception; use 'async with client.transfer(...)'",
                        ResourceWarning,
                        stacklevel=2,
                    )
                await run.aclose()
        finally:
            await self._transport.aclose()

    def transfer(
        self,
        items: Source,
        *,
        max_in_flight: int = 10_000,
        linger: float = 1.0,
        total: int | None = None,
        grace: float = 10.0,
        job_timeout: float | None = None,
        max_consecutive_failures: int = 10,
    ) -> TransferRun:
        """Transfer a list of any length; each item's outcome comes out of the run as soon as it is known.

        `items` is an iterable or async iterable of `VolumeImport`, `VolumeExport` and `DRSImport`, kinds
        mixed as one likes; it is read lazily, no more than `max_in_flight` items ahead of the outcomes that
        were taken. A chunk that is not full is sent `linger` seconds after its first item. `total` is the
        length of the list where it is known, for estimates. Leaving the run waits up to `grace` seconds for
        the answers to calls that are on their way. A job that outlives `job_timeout` seconds (never, by
        default) ends UNCONFIRMED. After `max_consecutive_failures` chunks in a row that were wholly refused,
        nothing more is sent and the run ends with a `ConsecutiveFailuresError`.

        A failed item is an outcome. Exceptions are for what stops the whole run: `UnauthorizedError`,
        `OutageError`, `ConsecutiveFailuresError`, and whatever `items` itself raises.
        """
        if self._closed:
            raise UsageError("the client is closed")
        options = Options(
            max_in_flight=max_in_flight,
            linger=linger,
            total=total,
            grace=grace,
            job_timeout=float("inf") if job_timeout is None else job_timeout,
            max_consecutive_failures=max_consecutive_failures,
            polling=self._polling,
        )
        run = TransferRun(Engine(items, self._api, options), self._runs.discard)
        self._runs.add(run)
        return run

    async def user(self) -> User:
        """Return the owner of the token."""
        return await self._api.user()

    async def rate_limit(self) -> RateLimit:
        """Return what the platform counts of its request window; this call is not counted."""
        return await self._api.rate_limit()
