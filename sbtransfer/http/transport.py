"""How a request reaches the platform: a protocol, and its one way over the network (aiohttp)."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from typing import Literal, Protocol, TypeAlias
from urllib.parse import urlsplit

import aiohttp
from attrs import Factory, define, field, frozen
from yarl import URL

from sbtransfer.errors import NoAnswerError, NotSentError, SettingsError

Method: TypeAlias = Literal["GET", "POST"]


@frozen
class Request:
    """One HTTP request. `headers` carry the token, so no `repr` shows them."""

    method: Method
    url: str
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = field(default=None, repr=False)


@frozen
class Response:
    """One HTTP answer, read to its end. `headers` are looked up without regard to case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Transport(Protocol):
    """Sends one request and reads one answer, whatever its status.

    Raises `NotSentError` if nothing left this machine, `NoAnswerError` if something may have.
    """

    async def send(self, request: Request) -> Response:
        """Send a request; redirects are not followed, so that the token stays with the endpoint."""

    async def aclose(self) -> None:
        """Close every connection."""


# Longer than any handshake takes; what is slower has not sent anything yet.
_CONNECT_SECONDS = 30.0
# Shorter than the idle time after which load balancers hang up: a create that is written to a connection
# that the other side is about to close could not be told from one that was done.
_IDLE_SECONDS = 10.0


@define(eq=False)
class AiohttpTransport:
    """The network. Uses the caller's session if one is given, and then leaves it open."""

    endpoint: str
    connections: int = 64
    _session: aiohttp.ClientSession | None = field(default=None, kw_only=True)
    _owned: bool = field(init=False, default=Factory(lambda self: self._session is None, takes_self=True))

    async def send(self, request: Request) -> Response:
        """Send a request; redirects are not followed, so that the token stays with the endpoint."""
        session = self._opened()
        try:
            async with session.request(
                request.method,
                URL(request.url).update_query(request.query),
                headers=request.headers,
                data=request.body,
                allow_redirects=False,
            ) as answer:
                return Response(answer.status, answer.headers, await answer.read())
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            failure: NotSentError | NoAnswerError = NotSentError(f"no connection: {_words(error)}")
        except (aiohttp.ClientError, OSError) as error:
            failure = NoAnswerError(f"no whole answer: {_words(error)}")
        # Raised outside of the handler: the client's exceptions hold the request with the token in it, and a
        # chained one would take it along.
        raise failure

    async def aclose(self) -> None:
        """Close every connection, unless the session is the caller's."""
        if self._session is not None and self._owned:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Plain http is for loopback alone: a proxy of the environment must not see its token.
            secure = urlsplit(self.endpoint).scheme == "https"
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self.connections,
                    keepalive_timeout=_IDLE_SECONDS,
                    ssl=_ssl_context() if secure else True,
                ),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
                trust_env=secure,
                cookie_jar=aiohttp.DummyCookieJar(),
                raise_for_status=False,
            )
            # The client would repeat a GET by itself after a lost connection, and nobody would count it.
            self._session._retry_connection = False
        return self._session


def _ssl_context() -> ssl.SSLContext:
    # OpenSSL reads SSL_CERT_FILE by itself; the other two are what users of the official client have set.
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    try:
        return ssl.create_default_context(cafile=bundle or None)
    except OSError as error:
        raise SettingsError(f"cannot load the certificates of {bundle or 'this machine'}: {error}") from None


def _words(error: BaseException) -> str:
    # Some of the client's exceptions have no text, and some would print the request with its headers.
    text = "" if isinstance(error, aiohttp.ClientResponseError) else str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
