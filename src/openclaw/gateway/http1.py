"""The transport on the event loop itself: HTTP/1.1 by httptools (llhttp), TLS by the standard library.

Why not a client library stands in docs/decisions/0004-transport.md with the measurements: a caller who leaves must
stop the provider's work at once, a chunk must not cross threads, and an open stream must cost kilobytes.

A connection belongs to one exchange at a time and returns to its pool when the answer is whole. An answer that is
not read to its end takes its connection with it, which is how a provider learns that nobody listens any more.
"""

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httptools

from openclaw.calls import Failure
from openclaw.gateway.transport import BODY_BYTES_MAX, Timeouts, TransportFailed, UpstreamRequest

# Providers close idle connections after a minute or more; closing first avoids a request that meets the closing.
IDLE_CONNECTION_S = 45.0
# Bytes of an answer that wait for a slow caller before the connection stops being read.
PENDING_BYTES_MAX = 64 * 1024
HEADER_BYTES_MAX = 256 * 1024
# How long a provider may leave an answer open that has said all. The framing's end is mostly there at once.
REST_S = 1.0

Origin = tuple[str, str, int]


class Http1Transport:
    """The port `openclaw.gateway.transport.Transport`. Makes its connections in the running event loop."""

    def __init__(self, timeouts: Timeouts, tls: ssl.SSLContext | None = None) -> None:
        self._timeouts = timeouts
        self._tls = tls or ssl.create_default_context()
        # Insertion-ordered: the connection used last is taken first, so that the rest may grow old and go.
        self._idle: dict[Origin, dict[Connection, None]] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._retired = False
        self._split: dict[str, tuple[SplitResult, Origin]] = {}
        self._looking_up: dict[str, asyncio.Future[list[str]]] = {}
        self._connections: set[Connection] = set()

    def post(self, request: UpstreamRequest) -> "Exchange":
        return Exchange(self, request, self._timeouts)

    def retire(self) -> None:
        self._retired = True
        if self._sweep is not None:
            self._sweep.cancel()
        for idle in self._idle.values():
            for connection in list(idle):
                connection.abort()

    async def close(self) -> None:
        self.retire()
        for connection in list(self._connections):
            connection.abort()

    async def take(self, origin: Origin) -> "Connection":
        """An idle connection to the origin, or a new one. Raises `TransportFailed`."""
        idle = self._idle.get(origin)
        while idle:
            connection, _ = idle.popitem()
            if connection.usable():
                return connection
        return await self._connect(origin)

    def give_back(self, connection: "Connection") -> None:
        if self._retired:
            connection.abort()
            return
        self._idle.setdefault(connection.origin, {})[connection] = None
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(IDLE_CONNECTION_S, self._close_old)

    def idle_count(self) -> int:
        """How many connections wait for their next exchange."""
        return sum(len(idle) for idle in self._idle.values())

    def forget(self, connection: "Connection") -> None:
        self._connections.discard(connection)
        self._idle.get(connection.origin, {}).pop(connection, None)

    def _close_old(self) -> None:
        self._sweep = None
        for idle in self._idle.values():
            for connection in [connection for connection in idle if not connection.usable()]:
                idle.pop(connection, None)
        if any(self._idle.values()):
            self._sweep = asyncio.get_running_loop().call_later(IDLE_CONNECTION_S, self._close_old)

    async def _connect(self, origin: Origin) -> "Connection":
        scheme, host, port = origin
        loop = asyncio.get_running_loop()
        tls = (self._tls, host) if scheme == "https" else (None, None)
        try:
            async with asyncio.timeout(self._timeouts.connect_s):
                addresses = await self._look_up(host, port)
                connection = await _first_reached(addresses, port, lambda: Connection(loop, origin, self.forget), *tls)
        except TimeoutError as error:
            raise _failed("network", "The provider could not be reached in time.") from error
        except (OSError, ssl.SSLError, UnicodeError) as error:
            # The address, the resolver's words and the certificate's names stay in the log.
            raise _failed("network", "The provider could not be reached (address, TLS or connection).") from error
        self._connections.add(connection)
        return connection

    async def _look_up(self, host: str, port: int) -> list[str]:
        """The addresses of a host. One look-up for all who wait for it: it cannot be cancelled and only a few run at
        once, so those for a name that does not resolve would keep every other provider from being found."""
        looking = self._looking_up.get(host)
        if looking is None:
            looking = self._looking_up[host] = asyncio.ensure_future(_addresses(host, port))
            looking.add_done_callback(lambda _: self._looking_up.pop(host, None))
        return await asyncio.shield(looking)

    def origin_of(self, url: str) -> tuple[str, Origin]:
        """The request target (path and query) and the origin of a URL of the configuration."""
        base, slash, rest = url.partition("://")
        authority, _, path = rest.partition("/")
        key = base + slash + authority
        known = self._split.get(key)
        if known is None:
            parts = urlsplit(key)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            known = self._split[key] = (parts, (parts.scheme, parts.hostname or "", port))
        return "/" + path, known[1]


async def _addresses(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(where[0]) for *_, where in found]


async def _first_reached(
    addresses: list[str], port: int, make: Callable[[], "Connection"], tls: ssl.SSLContext | None, name: str | None
) -> "Connection":
    """A connection to the first of the addresses that takes one. Raises what the last one failed with."""
    loop = asyncio.get_running_loop()
    for address in addresses[:-1]:
        try:
            return (await loop.create_connection(make, address, port, ssl=tls, server_hostname=name))[1]
        except OSError:
            continue
    return (await loop.create_connection(make, addresses[-1], port, ssl=tls, server_hostname=name))[1]


class Exchange:
    """One request and its answer; the reply is the object itself once it is entered."""

    __slots__ = ("_connection", "_request", "_timeouts", "_transport", "headers", "status")

    def __init__(self, transport: Http1Transport, request: UpstreamRequest, timeouts: Timeouts) -> None:
        self._transport = transport
        self._request: UpstreamRequest | None = request
        self._timeouts = timeouts
        self._connection: Connection | None = None
        self.status = 0
        self.headers: Mapping[str, str] = {}

    async def __aenter__(self) -> "Exchange":
        request = self._request
        assert request is not None, "an exchange is entered once"
        path, origin = self._transport.origin_of(request.url)
        head = _head(path, origin, request)
        connection = self._connection = await self._transport.take(origin)
        # A plain answer may send nothing until it is whole; only the total bounds it then.
        idle_s = self._timeouts.idle_s if request.stream else self._timeouts.total_s
        try:
            await connection.send(head, request.body, idle_s, self._timeouts.total_s)
        except BaseException:
            connection.abort()
            raise
        self.status, self.headers = connection.status, connection.headers
        if self.headers.get("content-encoding", "identity").lower() != "identity":
            connection.abort()
            raise _failed("malformed", "The provider compressed its answer although it was asked not to.")
        self._request = None  # a stream may be open for minutes; the prompt need not stay with it
        return self

    async def __aexit__(self, *exc: object) -> None:
        connection = self._connection
        if connection is None:
            return
        if connection.finish():
            self._transport.give_back(connection)
        else:
            connection.abort()

    async def body(self, bytes_max: int = BODY_BYTES_MAX) -> bytes:
        parts: list[bytes] = []
        size = 0
        while (data := await self.chunk()) is not None:
            size += len(data)
            if size > bytes_max:
                raise _failed("malformed", "The provider's answer is too large.")
            parts.append(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def chunk(self) -> bytes | None:
        assert self._connection is not None, "the exchange is read before it is entered"
        return await self._connection.read()

    async def pipe(self, take: Callable[[bytes], bool]) -> bool:
        assert self._connection is not None, "the exchange is read before it is entered"
        return await self._connection.pipe(take)

    async def rest(self) -> None:
        try:
            async with asyncio.timeout(REST_S):
                while await self.chunk() is not None:
                    pass
        except (TimeoutError, TransportFailed):
            return  # `finish` sees that the connection is of no more use


def _head(path: str, origin: Origin, request: UpstreamRequest) -> bytes:
    scheme, host, port = origin
    if ":" in host:
        host = f"[{host}]"
    default = 443 if scheme == "https" else 80
    authority = host if port == default else f"{host}:{port}"
    lines = [f"POST {path} HTTP/1.1\r\nhost: {authority}\r\ncontent-length: {len(request.body)}\r\n"]
    lines += [f"{name}: {value}\r\n" for name, value in request.headers]
    # Answers come as they are: what is relayed is read on the way, so compressing it would only cost twice.
    lines.append("accept-encoding: identity\r\n\r\n")
    head = "".join(lines)
    try:
        data = head.encode("latin-1")
    except UnicodeEncodeError as error:
        raise _failed("bad_request", "A request header holds characters that HTTP does not allow.") from error
    # A line break inside a name or value would start a header, or a request, of somebody else's making.
    if head.count("\n") != len(request.headers) + 5 or head.count("\r") != head.count("\n") or " " in path:
        raise _failed("bad_request", "A request header holds characters that HTTP does not allow.")
    return data


def _failed(kind: Any, message: str) -> TransportFailed:
    return TransportFailed(Failure(kind=kind, message=message))


_BROKEN = "The connection to the provider broke."
_SILENT = "The provider did not answer in time."


class Connection(asyncio.Protocol):
    """One connection. Between `send` and `finish` it carries one exchange; `read` gives the body as it comes."""

    __slots__ = (
        "_body",
        "_closed",
        "_complete",
        "_deadline_s",
        "_error",
        "_head_bytes",
        "_headers_done",
        "_idle_s",
        "_keep_alive",
        "_last_s",
        "_loop",
        "_on_lost",
        "_parser",
        "_paused",
        "_pending_bytes",
        "_surplus",
        "_take",
        "_timer",
        "_took_badly",
        "_transport",
        "_waiter",
        "headers",
        "origin",
        "status",
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, origin: Origin, on_lost: Callable[["Connection"], None]
    ) -> None:
        self.origin = origin
        self.status = 0
        self.headers: dict[str, str] = {}
        self._loop = loop
        self._on_lost = on_lost
        self._transport: Any = None
        self._parser: Any = httptools.HttpResponseParser(self)
        self._body: deque[bytes] = deque()
        self._pending_bytes = 0
        self._head_bytes = 0
        self._headers_done = False
        self._complete = True
        self._closed = False
        self._surplus = False
        self._keep_alive = True
        self._paused = False
        self._error: TransportFailed | None = None
        self._take: Callable[[bytes], bool] | None = None
        self._took_badly: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._idle_s = 0.0
        self._last_s = loop.time()
        self._deadline_s = 0.0

    # --- the exchange's side

    def usable(self) -> bool:
        """Whether an idle connection can carry another exchange."""
        if self._closed or self._transport.is_closing():
            return False
        if self._loop.time() - self._last_s > IDLE_CONNECTION_S:
            self.abort()
            return False
        return True

    async def send(self, head: bytes, body: bytes, idle_s: float, total_s: float) -> None:
        """Write a request and wait for the answer's headers. Raises `TransportFailed`."""
        now = self._loop.time()
        self.status, self.headers = 0, {}
        self._headers_done = self._complete = False
        self._head_bytes = 0
        self._idle_s, self._last_s, self._deadline_s = idle_s, now, now + total_s
        self._timer = self._loop.call_at(min(now + idle_s, self._deadline_s), self._check_time)
        if len(body) <= PENDING_BYTES_MAX:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)
        while not self._headers_done:
            await self._wait()

    async def read(self) -> bytes | None:
        """All bytes that have come since the last call, waiting for some; None at the end of the answer."""
        while (data := self._next()) is None:
            if self._complete:
                return None
            await self._wait()
        return data

    async def pipe(self, take: Callable[[bytes], bool]) -> bool:
        """See `UpstreamReply.pipe`."""
        while (data := self._next()) is not None:
            if not take(data):
                return False
        self._take = take
        try:
            while self._take is not None and not self._complete:
                await self._wait()
        finally:
            stopped, self._take = self._take is None, None
        if self._took_badly is not None:
            raise self._took_badly
        return not stopped

    def _next(self) -> bytes | None:
        """What has come so far, in one piece; None when there is nothing."""
        if not self._body:
            return None
        data = self._body.popleft() if len(self._body) == 1 else b"".join(self._body)
        self._body.clear()
        self._pending_bytes = 0
        if self._paused:
            self._paused = False
            self._last_s = self._loop.time()  # the silence was ours
            self._transport.resume_reading()
        return data

    def _hand_on(self, take: Callable[[bytes], bool]) -> None:
        data = self._next()
        if data is None:
            return
        try:
            if not take(data):
                self._take = None
        except Exception as error:  # noqa: BLE001
            # It is raised where `pipe` is awaited: an event loop's callback has nobody to tell.
            self._took_badly, self._take = error, None

    def finish(self) -> bool:
        """The exchange is over; whether the connection can carry another."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._body.clear()
        self._last_s = self._loop.time()
        fit = self._complete and self._keep_alive and not self._surplus
        fit = fit and not self._closed and self._error is None and not self._paused
        # An answer may come before the request is read; what is left of it would stand before the next one.
        return fit and self._transport.get_write_buffer_size() == 0

    def abort(self) -> None:
        """Close at once; the provider sees that its answer is not wanted."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.abort()

    async def _wait(self) -> None:
        if self._error is not None:
            raise self._error
        if self._closed:
            raise _failed("network", _BROKEN)
        waiter = self._waiter = self._loop.create_future()
        try:
            await waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _fail(self, error: TransportFailed) -> None:
        if self._error is None:
            self._error = error
        self._wake()
        self.abort()

    def _check_time(self) -> None:
        """One timer for both limits; it looks when the nearer one could have passed, so a chunk costs no timer."""
        now = self._loop.time()
        due = min(self._last_s + self._idle_s, self._deadline_s)
        if self._paused and now < self._deadline_s:
            due = min(now + self._idle_s, self._deadline_s)  # the caller is slow, not the provider
        if now >= due:
            self._timer = None
            self._fail(_failed("timeout", _SILENT))
        else:
            self._timer = self._loop.call_at(due, self._check_time)

    # --- the event loop's side

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._last_s = self._loop.time()
        if self._complete:
            self.abort()  # bytes that nobody asked for: the connection cannot be trusted any more
            return
        if not self._headers_done:
            self._head_bytes += len(data)
            if self._head_bytes > HEADER_BYTES_MAX and not self._body:
                self._fail(_failed("malformed", "The provider's headers are too large."))
                return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(_failed("malformed", "The provider's answer is not HTTP."))
            return
        take = self._take
        if take is not None and self._error is None:
            self._hand_on(take)
            if self._take is not None and not self._complete:
                return
        if self._pending_bytes > PENDING_BYTES_MAX and not self._paused and not self._complete:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = True
        if not self._complete and self._headers_done and self._ends_with_connection():
            self._complete = True
        self._on_lost(self)
        self._wake()

    def _ends_with_connection(self) -> bool:
        """An answer without a length ends when the connection does (RFC 9112, section 6.3)."""
        return "content-length" not in self.headers and "transfer-encoding" not in self.headers

    # --- the parser's side

    def on_message_begin(self) -> None:
        # A second answer in the same read: nobody asked for it, so neither it nor the connection is used.
        self._surplus = self._complete

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._surplus:
            return
        self.headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))

    def on_headers_complete(self) -> None:
        if self._surplus:
            return
        status: int = self._parser.get_status_code()
        if status < 200:  # an interim answer; the real one follows
            self.headers = {}
            return
        self.status = status
        self._headers_done = True
        self._keep_alive = self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        if self._surplus:
            return
        self._body.append(body)
        self._pending_bytes += len(body)

    def on_message_complete(self) -> None:
        if self._headers_done:
            self._complete = True
