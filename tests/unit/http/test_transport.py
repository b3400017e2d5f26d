import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest
from attrs import define, field
from yarl import URL

from sbtransfer.errors import NetworkError, NoAnswerError, NotSentError, SBTransferError
from sbtransfer.http.transport import AiohttpTransport, Request, Response
from tests.support import given_away, mocked_http, reply

TOKEN = "0123456789abcdef0123456789abcdef"
API = "https://api.example.org/v2"
HEADERS = {"X-SBG-Auth-Token": TOKEN, "Content-Type": "application/json"}
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


# Against mocked answers ----------------------------------------------------------------------------------


@pytest.fixture
async def transport() -> AsyncIterator[AiohttpTransport]:
    transport = AiohttpTransport(API)
    yield transport
    await transport.aclose()


@pytest.mark.parametrize("status", [200, 201, 400, 401, 404, 429, 500, 503, 504])
async def test_every_status_is_an_answer(transport: AiohttpTransport, status: int) -> None:
    with mocked_http() as http:
        http.get(f"{API}/user", status=status, body=b'{"a": 1}', headers={"X-RateLimit-Remaining": "7"})
        answer = await transport.send(Request("GET", f"{API}/user", HEADERS))
    assert (answer.status, answer.body) == (status, b'{"a": 1}')
    assert answer.headers["x-ratelimit-remaining"] == "7"


async def test_a_request_goes_out_as_it_is(transport: AiohttpTransport) -> None:
    url = f"{API}/bulk/storage/exports/create"
    with mocked_http() as http:
        http.post(f"{url}?copy_only=true", body=b"")
        await transport.send(Request("POST", url, HEADERS, (("copy_only", "true"),), b'{"items": []}'))
        (call,) = http.requests["POST", URL(f"{url}?copy_only=true")]
    assert call.kwargs["headers"] == HEADERS
    assert call.kwargs["data"] == b'{"items": []}'


async def test_a_parameter_may_be_repeated(transport: AiohttpTransport) -> None:
    with mocked_http() as http:
        http.get(f"{API}/storage/imports?state=PENDING&state=RUNNING&limit=100")
        query = (("state", "PENDING"), ("state", "RUNNING"), ("limit", "100"))
        assert (await transport.send(Request("GET", f"{API}/storage/imports", query=query))).status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(transport: AiohttpTransport, status: int) -> None:
    with mocked_http() as http:
        http.get(f"{API}/user", status=status, headers={"Location": "https://thief.example.org/v2/user"})
        http.get("https://thief.example.org/v2/user", status=200)
        answer = await transport.send(Request("GET", f"{API}/user", HEADERS))
        assert len(http.requests) == 1
    assert (answer.status, answer.headers["Location"]) == (status, "https://thief.example.org/v2/user")


def failures() -> list[tuple[Exception, type[NetworkError]]]:
    key: Any = Mock(host="api.example.org", port=443, ssl=True)
    info: Any = Mock(real_url=API, headers=HEADERS)
    refused, reset = ConnectionRefusedError(111, "refused"), ConnectionResetError(104, "reset")
    return [
        (aiohttp.ClientConnectorError(key, refused), NotSentError),
        (aiohttp.ClientConnectorDNSError(key, OSError("no such host")), NotSentError),
        (aiohttp.ClientProxyConnectionError(key, refused), NotSentError),
        (aiohttp.ClientConnectorCertificateError(key, ssl.CertificateError("expired")), NotSentError),
        (aiohttp.ConnectionTimeoutError("connect"), NotSentError),
        (aiohttp.ServerDisconnectedError(), NoAnswerError),
        (aiohttp.ServerTimeoutError("read"), NoAnswerError),
        (aiohttp.SocketTimeoutError("read"), NoAnswerError),
        (aiohttp.ClientOSError(104, "reset"), NoAnswerError),
        (aiohttp.ClientPayloadError("half"), NoAnswerError),
        (aiohttp.ClientResponseError(info, (), status=400, message="bad", headers=None), NoAnswerError),
        (aiohttp.ClientHttpProxyError(info, (), status=407, message="who?", headers=None), NoAnswerError),
        (reset, NoAnswerError),
        (BrokenPipeError(32, "pipe"), NoAnswerError),
    ]


@pytest.mark.parametrize(("failure", "family"), failures(), ids=lambda value: type(value).__name__)
async def test_failures_say_whether_something_may_have_left(
    transport: AiohttpTransport, failure: Exception, family: type[NetworkError]
) -> None:
    with mocked_http() as http:
        http.get(f"{API}/user", exception=failure)
        with pytest.raises(family) as caught:
            await transport.send(Request("GET", f"{API}/user", HEADERS))
    assert type(failure).__name__ in str(caught.value)
    assert TOKEN not in given_away(caught.value)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


# Against sockets -----------------------------------------------------------------------------------------


@define
class Heard:
    """What came over one server's connections."""

    port: int = 0
    requests: list[bytes] = field(factory=list)
    connections: int = 0

    def url(self, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}/v2"


Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[Heard]:
    """A server that does as it is told with each request, until it closes the connection."""
    heard = Heard()
    conversations: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        conversations.add(task)
        heard.connections += 1
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")),
                    b":0",
                )
                heard.requests.append(head + await reader.readexactly(int(length.partition(b":")[2])))
                await answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(converse, "127.0.0.1", 0)
    heard.port = listening.sockets[0].getsockname()[1]
    try:
        yield heard
    finally:
        listening.close()
        for task in conversations:
            task.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)


@asynccontextmanager
async def transport_to(endpoint: str) -> AsyncIterator[AiohttpTransport]:
    transport = AiohttpTransport(endpoint)
    try:
        yield transport
    finally:
        await transport.aclose()


def writes(data: bytes, *, hang_up: bool = False) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        if hang_up:
            writer.close()

    return answer


async def send(endpoint: str, method: Any = "POST") -> Response:
    async with transport_to(endpoint) as transport:
        body = b'{"items": []}' if method == "POST" else None
        return await transport.send(Request(method, f"{endpoint}/bulk", HEADERS, (("a", "b c"),), body))


async def test_what_goes_over_the_wire() -> None:
    async with server(writes(OK)) as heard:
        answer = await send(heard.url())
    assert (answer.status, answer.body) == (200, b"{}")
    (request,) = heard.requests
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] in (b"POST /v2/bulk?a=b+c HTTP/1.1", b"POST /v2/bulk?a=b%20c HTTP/1.1")
    assert f"X-SBG-Auth-Token: {TOKEN}".encode() in lines
    assert b"Content-Type: application/json" in lines
    assert body == b'{"items": []}'


async def test_a_quoted_segment_arrives_quoted() -> None:
    async with server(writes(OK)) as heard, transport_to(heard.url()) as transport:
        await transport.send(Request("GET", f"{heard.url()}/bulk/drs/imports/a%2Fb%3Fc"))
    assert heard.requests[0].startswith(b"GET /v2/bulk/drs/imports/a%2Fb%3Fc HTTP/1.1\r\n")


async def test_nobody_listens() -> None:
    async with server(writes(OK)) as heard:
        pass
    with pytest.raises(NotSentError, match=r"^no connection: ClientConnectorError") as caught:
        await send(heard.url())
    assert TOKEN not in given_away(caught.value)


@asynccontextmanager
async def no_tls(answer: bytes) -> AsyncIterator[Heard]:
    """A server that does not know what to do with a handshake."""
    heard = Heard()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.requests.append(await reader.read(100_000))
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as listening:
        heard.port = listening.sockets[0].getsockname()[1]
        yield heard


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
async def test_a_handshake_that_fails_has_sent_nothing(answer: bytes) -> None:
    async with no_tls(answer) as heard:
        with pytest.raises(NotSentError) as caught:
            await send(heard.url("https"))
    assert all(TOKEN.encode() not in request for request in heard.requests)
    assert TOKEN not in given_away(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Encoding: gzip\r\n\r\nnope",
    ],
    ids=["silence", "half a head", "half a body", "half a chunk", "another protocol", "no gzip"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_whole_answer(data: bytes, method: str) -> None:
    async with server(writes(data, hang_up=True)) as heard:
        with pytest.raises(NoAnswerError, match=r"^no whole answer: ") as caught:
            await send(heard.url(), method)
    assert len(heard.requests) == 1
    assert TOKEN not in given_away(caught.value)
    assert caught.value.__context__ is None


async def test_a_create_is_not_sent_twice_over_a_connection_that_dies() -> None:
    turns = iter([writes(OK), writes(b"", hang_up=True), writes(OK)])

    async def answer(writer: asyncio.StreamWriter) -> None:
        await next(turns)(writer)

    async with server(answer) as heard, transport_to(heard.url()) as transport:
        create = Request("POST", f"{heard.url()}/bulk", HEADERS, body=b"{}")
        await transport.send(create)
        with pytest.raises(NoAnswerError):
            await transport.send(create)
        assert (len(heard.requests), heard.connections) == (2, 1)


async def test_connections_are_used_again() -> None:
    async with server(writes(OK)) as heard, transport_to(heard.url()) as transport:
        for _ in range(5):
            await transport.send(Request("GET", f"{heard.url()}/user"))
        assert (len(heard.requests), heard.connections) == (5, 1)


async def test_a_real_redirect_is_not_followed() -> None:
    async with server(writes(OK)) as thief:
        moved = f"HTTP/1.1 307 Moved\r\nLocation: {thief.url()}\r\nContent-Length: 0\r\n\r\n".encode()
        async with server(writes(moved)) as heard:
            answer = await send(heard.url())
    assert answer.status == 307
    assert thief.connections == 0


async def test_cookies_are_not_kept() -> None:
    biscuit = b"HTTP/1.1 200 OK\r\nSet-Cookie: session=1\r\nContent-Length: 0\r\n\r\n"
    async with server(writes(biscuit)) as heard, transport_to(heard.url()) as transport:
        for _ in range(2):
            await transport.send(Request("GET", f"{heard.url()}/user"))
    assert b"cookie" not in heard.requests[1].lower()


async def test_a_cancelled_call_closes_its_connection() -> None:
    silence = asyncio.Event()

    async def keep_silent(writer: asyncio.StreamWriter) -> None:
        silence.set()

    async with server(keep_silent) as heard, transport_to(heard.url()) as transport:
        call = asyncio.create_task(transport.send(Request("GET", f"{heard.url()}/user")))
        await silence.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        silence.clear()
        # The next one has a connection of its own: on the old one the late answer would be taken for its own.
        other = asyncio.create_task(transport.send(Request("GET", f"{heard.url()}/user")))
        async with asyncio.timeout(5):
            await silence.wait()
        assert heard.connections == 2
        other.cancel()
        await asyncio.gather(other, return_exceptions=True)


# Proxies and certificates --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_plain_http_ignores_the_proxies_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    async with server(writes(OK)) as proxy, server(writes(OK)) as heard:
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        await send(heard.url())
    assert (proxy.connections, heard.connections) == (0, 1)


async def test_https_honours_the_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with server(writes(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", hang_up=True)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with pytest.raises(NetworkError) as caught:
            await send("https://api.example.org/v2")
    (request,) = proxy.requests
    assert request.startswith(b"CONNECT api.example.org:443 HTTP/1.1\r\n")
    assert TOKEN.encode() not in request
    assert TOKEN not in given_away(caught.value)


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_certificates_of_the_environment_are_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    trusted: list[str | None] = []

    def context(cafile: str | None = None) -> ssl.SSLContext:
        trusted.append(cafile)
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    monkeypatch.setattr(ssl, "create_default_context", context)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv(name, str(tmp_path / "ours.pem"))
    async with no_tls(b"HTTP/1.1 400 Bad Request\r\n\r\n") as heard:
        with pytest.raises(NotSentError):
            await send(heard.url("https"))
    assert trusted == [str(tmp_path / "ours.pem")]


async def test_a_bundle_that_is_not_there_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ours.pem")
    with pytest.raises(SBTransferError):
        await send("https://127.0.0.1:9/v2")


# Sessions ------------------------------------------------------------------------------------------------


async def test_a_session_of_ones_own_is_used_and_left_open() -> None:
    async with server(writes(OK)) as heard, aiohttp.ClientSession(headers={"User-Agent": "mine"}) as session:
        transport = AiohttpTransport(heard.url(), session=session)
        await transport.send(Request("GET", f"{heard.url()}/user"))
        await transport.aclose()
        assert not session.closed
        await transport.send(Request("GET", f"{heard.url()}/user"))
    assert all(b"User-Agent: mine\r\n" in request for request in heard.requests)


async def test_a_session_of_its_own_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[aiohttp.ClientSession] = []

    make = aiohttp.ClientSession

    def session(**options: Any) -> aiohttp.ClientSession:
        opened.append(make(**options))
        return opened[-1]

    monkeypatch.setattr(aiohttp, "ClientSession", session)
    async with server(writes(OK)) as heard:
        transport = AiohttpTransport(heard.url())
        assert opened == []
        for _ in range(2):
            await transport.send(Request("GET", f"{heard.url()}/user"))
        assert [one.closed for one in opened] == [False]
        await transport.aclose()
        await transport.aclose()
    assert [one.closed for one in opened] == [True]


async def test_a_transport_that_sent_nothing_can_be_closed() -> None:
    transport = AiohttpTransport(API)
    await transport.aclose()
    assert "ClientSession" not in repr(transport)


# What is shown -------------------------------------------------------------------------------------------


def test_no_repr_shows_the_token() -> None:
    request = Request("POST", f"{API}/bulk", HEADERS, (), b"a secret sample")
    answer = reply(200, {"secret": "sample"}, X_Secret="sample")
    assert TOKEN not in repr(request)
    assert "sample" not in repr(request) + repr(answer)
    assert f"{API}/bulk" in repr(request)
