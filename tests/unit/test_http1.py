"""The transport against raw servers: what real ones do right, wrong and late."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trustme

from openclaw.gateway.http1 import PENDING_BYTES_MAX, Connection, Http1Transport
from openclaw.gateway.transport import Timeouts, TransportFailed, UpstreamRequest

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
QUICK = Timeouts(connect_s=0.2, idle_s=0.2, total_s=2.0)


class Server:
    """A raw server on loopback; `requests` are the heads and bodies it has read, `closed` counts callers' closings."""

    def __init__(self) -> None:
        self.requests: list[tuple[bytes, bytes]] = []
        self.connections = 0
        self.closed = asyncio.Event()
        self.url = ""

    async def read_request(self, reader: asyncio.StreamReader) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        self.requests.append((head, await reader.readexactly(length)))


@asynccontextmanager
async def serving(
    answer: Callable[[Server, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Server]:
    server = Server()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        try:
            await answer(server, reader, writer)
            await reader.read()
            server.closed.set()
        except (asyncio.IncompleteReadError, ConnectionError):
            server.closed.set()
        finally:
            writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    scheme = "https" if tls else "http"
    server.url = f"{scheme}://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()


def always(data: bytes) -> Any:
    """A server that gives every request of a connection the same bytes."""

    async def answer(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await server.read_request(reader)
            writer.write(data)
            await writer.drain()

    return answer


def once(*pieces: bytes, then_close: bool = False) -> Any:
    """A server that answers one request in pieces, each in its own packet."""

    async def answer(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        if then_close:
            writer.close()

    return answer


def request(url: str, *, body: bytes = b"{}", stream: bool = False, headers: Any = ()) -> UpstreamRequest:
    return UpstreamRequest(url + "/v1/x?y=1", list(headers), body, stream)


async def fetch(transport: Http1Transport, sent: UpstreamRequest) -> tuple[int, bytes]:
    async with transport.post(sent) as reply:
        return reply.status, await reply.body()


@pytest.fixture
async def transport() -> AsyncIterator[Http1Transport]:
    made = Http1Transport(QUICK)
    yield made
    await made.close()
    await asyncio.sleep(0)


async def _until(condition: Callable[[], bool]) -> None:
    """Give the loop turns until something that arrives on its own is there; the bound only ends a failing test."""
    for _ in range(100_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("the condition did not come true")


OK = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"


async def test_a_request_is_written_as_the_provider_expects_it(transport: Http1Transport) -> None:
    async with serving(always(OK)) as server:
        sent = request(server.url, body=b'{"a":1}', headers=[("authorization", "Bearer k"), ("content-type", "json")])
        assert await fetch(transport, sent) == (200, b"hello")
        head, body = server.requests[0]
        assert head.startswith(b"POST /v1/x?y=1 HTTP/1.1\r\nhost: 127.0.0.1:")
        assert b"\r\nauthorization: Bearer k\r\n" in head
        assert body == b'{"a":1}'


async def test_connections_are_used_again_one_exchange_at_a_time(transport: Http1Transport) -> None:
    async with serving(always(OK)) as server:
        for _ in range(5):
            await fetch(transport, request(server.url))
        assert server.connections == 1
        await asyncio.gather(*(fetch(transport, request(server.url)) for _ in range(7)))
        assert server.connections == 7
        assert len(server.requests) == 12


@pytest.mark.parametrize(
    ("pieces", "close", "expected"),
    [
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel", b"lo\r\n", b"0\r\n\r\n"], False, b"hello"),
        ([b"HTTP/1.1 200 OK\r\n\r\nhel", b"lo"], True, b"hello"),
        ([b"HTTP/1.0 200 OK\r\n\r\nhello"], True, b"hello"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n", OK], False, b"hello"),
        ([b"HTTP/1.1 204 No Content\r\n\r\n"], False, b""),
        ([bytes([byte]) for byte in OK], False, b"hello"),
    ],
)
async def test_every_framing_of_an_answer_is_read(
    transport: Http1Transport, pieces: list[bytes], expected: bytes, *, close: bool
) -> None:
    async with serving(once(*pieces, then_close=close)) as server:
        status, body = await fetch(transport, request(server.url))
        assert status in (200, 204)
        assert body == expected


@pytest.mark.parametrize(
    ("pieces", "kind"),
    [
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf"], "network"),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"], "network"),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"], "malformed"),
        ([b""], "network"),
        ([b"HTTP/1.1 200"], "network"),
        ([b"SSH-2.0-OpenSSH\r\n"], "malformed"),
        ([b"HTTP/1.1 200 OK\r\nx: " + b"y" * 300_000], "malformed"),
    ],
)
async def test_a_broken_answer_is_a_failure_and_never_a_short_answer(
    transport: Http1Transport, pieces: list[bytes], kind: str
) -> None:
    async with serving(once(*pieces, then_close=True)) as server:
        with pytest.raises(TransportFailed) as caught:
            await fetch(transport, request(server.url))
        assert caught.value.failure.kind == kind


async def test_a_connection_that_broke_is_not_used_again(transport: Http1Transport) -> None:
    async def answer(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        writer.write(OK)
        await writer.drain()
        writer.close()

    async with serving(answer) as server:
        for expected in (1, 2, 3):
            assert await fetch(transport, request(server.url)) == (200, b"hello")
            await _until(lambda: transport.idle_count() == 0)
            assert server.connections == expected


async def test_bytes_after_the_answer_end_the_connection(transport: Http1Transport) -> None:
    async with serving(once(OK + b"HTTP/1.1 200 OK\r\n\r\nsmuggled")) as server:
        for _ in range(2):
            assert await fetch(transport, request(server.url)) == (200, b"hello")
        assert server.connections == 2


async def test_silence_is_a_timeout_also_in_the_middle_of_a_stream(transport: Http1Transport) -> None:
    async with serving(once()) as server:
        with pytest.raises(TransportFailed) as caught:
            await fetch(transport, request(server.url, stream=True))
        assert caught.value.failure.kind == "timeout"
        await asyncio.wait_for(server.closed.wait(), 5)
    async with serving(once(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n")) as server:
        async with transport.post(request(server.url, stream=True)) as reply:
            assert await reply.chunk() == b"a"
            with pytest.raises(TransportFailed) as caught:
                await reply.chunk()
        assert caught.value.failure.kind == "timeout"
        await asyncio.wait_for(server.closed.wait(), 5)


async def test_the_total_limit_holds_for_a_plain_answer() -> None:
    transport = Http1Transport(Timeouts(connect_s=1, idle_s=0.01, total_s=0.15))
    async with serving(once()) as server:
        began = asyncio.get_running_loop().time()
        with pytest.raises(TransportFailed) as caught:
            await fetch(transport, request(server.url))
        assert caught.value.failure.kind == "timeout"
        assert asyncio.get_running_loop().time() - began >= 0.14  # silence alone does not end a plain answer


@pytest.mark.parametrize("stream", [False, True])
async def test_leaving_before_the_headers_closes_the_connection(transport: Http1Transport, *, stream: bool) -> None:
    async with serving(once()) as server:
        call = asyncio.create_task(fetch(Http1Transport(Timeouts()), request(server.url, stream=stream)))
        await _until(lambda: bool(server.requests))
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.wait_for(server.closed.wait(), 5)


async def test_leaving_in_the_middle_closes_the_connection(transport: Http1Transport) -> None:
    async with serving(once(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf")) as server:
        async with transport.post(request(server.url, stream=True)) as reply:
            assert await reply.chunk() == b"half"
        await asyncio.wait_for(server.closed.wait(), 5)


async def test_a_slow_reader_holds_back_the_provider(transport: Http1Transport) -> None:
    written = 0
    total = 64 * 1024 * 1024

    async def answer(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await server.read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % total)
        piece = b"x" * 65536
        while written < total:
            writer.write(piece)
            written += len(piece)
            await writer.drain()

    async with serving(answer) as server, Http1Transport(Timeouts()).post(request(server.url, stream=True)) as reply:
        first = await reply.chunk()
        assert first is not None
        for _ in range(5000):  # the caller does not read
            await asyncio.sleep(0)
        assert written < total / 2, "the provider was not held back"
        received, largest = len(first), 0
        while (data := await reply.chunk()) is not None:
            received += len(data)
            largest = max(largest, len(data))
        assert received == total
        assert largest <= PENDING_BYTES_MAX + 512 * 1024


class FakeLoop:
    """Time that moves when told, for the one timer of a connection."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timer: tuple[float, Callable[[], None]] | None = None

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], None]) -> "FakeLoop":
        self.timer = (when, callback)
        return self

    def cancel(self) -> None:
        self.timer = None

    def create_future(self) -> Any:
        return asyncio.get_running_loop().create_future()

    def move_to(self, now: float) -> None:
        self.now = now
        while self.timer is not None and self.timer[0] <= now:
            _, callback = self.timer
            self.timer = None
            callback()


class FakeSocket:
    def __init__(self) -> None:
        self.aborted = False

    def write(self, data: bytes) -> None: ...

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


async def _streaming(loop: FakeLoop) -> tuple[Connection, FakeSocket]:
    connection = Connection(loop, ("http", "h", 80), lambda _: None)  # type: ignore[arg-type]
    socket = FakeSocket()
    connection.connection_made(socket)
    sending = asyncio.create_task(connection.send(b"", b"", idle_s=10, total_s=100))
    await asyncio.sleep(0)
    connection.data_received(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    await sending
    return connection, socket


async def test_a_slow_caller_is_not_the_providers_silence() -> None:
    loop = FakeLoop()
    connection, socket = await _streaming(loop)
    connection.data_received(b"30000\r\n" + b"x" * 0x30000 + b"\r\n")  # enough to stop reading
    loop.move_to(50)
    assert not socket.aborted
    assert await connection.read()
    loop.move_to(59)
    assert not socket.aborted, "the silence is counted from the caller's reading"
    loop.move_to(61)
    assert socket.aborted


async def test_silence_is_counted_from_the_last_byte_and_the_total_from_the_start() -> None:
    loop = FakeLoop()
    connection, socket = await _streaming(loop)
    for now in range(9, 99, 9):
        loop.move_to(now)
        connection.data_received(b"1\r\nx\r\n")
        assert await connection.read() == b"x"
    assert not socket.aborted
    loop.move_to(101)
    assert socket.aborted


async def test_a_refused_connection_and_an_unknown_host_are_network_failures(transport: Http1Transport) -> None:
    for url in ("http://127.0.0.1:9", "http://no-such-host.invalid", "https://127.0.0.1:9"):
        with pytest.raises(TransportFailed) as caught:
            await fetch(transport, request(url))
        assert caught.value.failure.kind == "network"
        assert "127.0.0.1" not in caught.value.failure.message


@pytest.mark.parametrize(
    "header",
    [("x", "a\r\nx-injected: 1"), ("x\r\ny", "1"), ("x", "a\nb"), ("x", "a\rb"), ("x", "\u4e16")],
)
async def test_a_header_cannot_carry_another(transport: Http1Transport, header: tuple[str, str]) -> None:
    async with serving(always(OK)) as server:
        with pytest.raises(TransportFailed) as caught:
            await fetch(transport, request(server.url, headers=[header]))
        assert caught.value.failure.kind == "bad_request"
        assert not server.requests


async def test_an_answer_that_is_too_large_is_refused(transport: Http1Transport) -> None:
    async with serving(always(OK)) as server, transport.post(request(server.url)) as reply:
        with pytest.raises(TransportFailed):
            await reply.body(bytes_max=4)


async def test_tls_is_spoken_and_certificates_are_checked() -> None:
    authority = trustme.CA()
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server_side)
    async with serving(always(OK), server_side) as server:
        trust = ssl.create_default_context()
        authority.configure_trust(trust)
        trusting = Http1Transport(QUICK, trust)
        assert await fetch(trusting, request(server.url)) == (200, b"hello")
        await trusting.close()
        doubting = Http1Transport(QUICK)
        with pytest.raises(TransportFailed) as caught:
            await fetch(doubting, request(server.url))
        assert caught.value.failure.kind == "network"
        assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
