"""HTTP/1.1 below the application: uvicorn's httptools protocol with a bound on headers and one write an answer.

The parser itself would take headers without end; an application sees them only when they are complete. So the
bound has to stand here. So have the other things that an application never hears of: trailers, offers to speak another
protocol, requests that wait behind the one in hand.
"""

from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from openclaw.dialects.jsontext import encode

# How long a refused caller may go on sending before the connection closes.
LINGER_S = 1.0
# Requests that may wait behind the one in hand before the connection stops being read.
PIPELINED_MAX = 16


class OneWrite:
    """A transport that holds back the head of an answer whose length is known until its body comes.

    ASGI gives the two apart, and uvicorn writes each at once: two system calls and two packets for every plain answer,
    of which the second is about a tenth of what a request costs. A head without a length belongs to a stream and goes
    at once.
    """

    __slots__ = ("_head", "_over", "_transport")

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._head = b""
        self._over = False

    def write(self, data: bytes) -> None:
        if self._over:
            return
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(b"HTTP/1.1 ") and b"\r\ncontent-length: " in data and not data.startswith(b"HTTP/1.1 1"):
            self._head = data
            return
        self._transport.write(data)

    def end_with(self, data: bytes) -> None:
        """The last bytes of the connection; what is written after them is dropped."""
        if not self._transport.is_closing():
            self._transport.write(self._head + data)
            if self._transport.can_write_eof():
                self._transport.write_eof()
        self._over = True

    def is_closing(self) -> bool:
        return self._over or self._transport.is_closing()

    def close(self) -> None:
        if self._head:
            self.write(b"")
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


SILENT_S = 60.0
"""How long a connection may say nothing in the middle of a request, or before its first: what nginx allows
(https://nginx.org/en/docs/http/ngx_http_core_module.html#client_header_timeout)."""


def bounded_protocol(header_bytes_max: int, silent_s: float = SILENT_S) -> type[HttpToolsProtocol]:
    """The protocol class with the operator's limit; uvicorn wants a class, so the limit is bound to one."""

    class BoundedProtocol(HttpToolsProtocol):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            # Bytes of a request since its last piece of body: headers, trailers, or the framing of chunks.
            self._bare_bytes = 0
            self._in_request = False
            self._in_headers = False
            self._ended = False
            self._answering: Any = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(OneWrite(transport))  # type: ignore[arg-type]
            self._heard_s = self.loop.time()
            self._silence = self.loop.call_later(silent_s, self._check_silence)

        def _check_silence(self) -> None:
            """One timer for a connection, which looks now and then: none for each request."""
            left_s = self._heard_s + silent_s - self.loop.time()
            if left_s <= 0 and self._in_request:
                self._end(408, "Request Timeout", "The request was not complete in time.")
            elif left_s <= 0 and self._answering is None:
                self.transport.close()
            else:
                self._silence = self.loop.call_later(max(left_s, silent_s / 4), self._check_silence)

        def connection_lost(self, exc: Exception | None) -> None:
            self._silence.cancel()
            self._leave()
            super().connection_lost(exc)

        def _leave(self) -> None:
            """Tell the request in hand. The base class tells the one read last, which may wait behind it."""
            cycle = self._answering
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()

        def on_message_begin(self) -> None:
            self._in_request = self._in_headers = True
            self._bare_bytes = 0
            super().on_message_begin()
            # For `AsgiCaller.try_send`, which needs the transport and whether it keeps up.
            self.scope["extensions"] = {"openclaw": self}  # type: ignore[dict-item]

        def on_header(self, name: bytes, value: bytes) -> None:
            # A trailer must not join the headers: those have been checked, and travel.
            if self._in_headers:
                super().on_header(name, value)

        def on_headers_complete(self) -> None:
            self._in_headers = False
            if self._offers_another_protocol():
                return
            super().on_headers_complete()
            if 0 < len(self.pipeline) < PIPELINED_MAX:
                # The base class stops reading, and then nobody would see the caller leave.
                self.flow.resume_reading()

        def on_body(self, body: bytes) -> None:
            self._bare_bytes = 0
            super().on_body(body)

        def on_message_complete(self) -> None:
            if self._offers_another_protocol():
                return
            self._in_request = False
            super().on_message_complete()

        def _start_asgi_task(self, cycle: Any, app: Any) -> None:
            self._answering = cycle
            super()._start_asgi_task(cycle, app)

        def data_received(self, data: bytes) -> None:
            if self._ended:
                return
            self._heard_s = self.loop.time()
            if self._in_request:
                self._bare_bytes += len(data)
            self._unset_keepalive_if_required()
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserError:
                self._end(400, "Bad Request", "Invalid HTTP request received.")
            except httptools.HttpParserUpgrade as upgrade:
                if self._offers_another_protocol():
                    self._stay_with_http1(data[upgrade.args[0] :])
                else:
                    self._end(400, "Bad Request", "This is not a proxy.")
            if self._in_request and self._bare_bytes > header_bytes_max and not self._ended:
                message = f"The headers are larger than {header_bytes_max} bytes."
                self._end(431, "Request Header Fields Too Large", message)

        def _offers_another_protocol(self) -> bool:
            return bool(self.parser.should_upgrade()) and self.parser.get_method() != b"CONNECT"

        def _stay_with_http1(self, rest: bytes) -> None:
            """Read the request as if it had not offered to upgrade, which a server may (RFC 9110, section 7.8). Java's
            own client makes the offer with every request. The parser takes what follows for the other protocol, so a
            new one gets the request without the offer."""
            kept = [(name, value) for name, value in self.headers if name not in (b"upgrade", b"http2-settings")]
            head = [b"%b %b HTTP/1.1\r\n" % (self.parser.get_method(), self.url)]
            head += [b"%b: %b\r\n" % (name, _without_offer(name, value)) for name, value in kept]
            self.parser = httptools.HttpRequestParser(self)
            self.data_received(b"".join((*head, b"\r\n", rest)))

        def _end(self, status: int, reason: str, message: str) -> None:
            """Answer, unless an answer has begun, and stop listening. Closing at once would reset the connection under
            a caller who still sends, and the reset would overtake the answer; so what still comes is thrown away for a
            moment."""
            self._ended = True
            self._leave()
            cycle = self._answering
            next_request = self._in_headers or not self._in_request
            if cycle is not None and cycle.response_started and not (cycle.response_complete and next_request):
                self.transport.close()
                return
            error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
            body = encode({"error": error})
            head = (
                f"HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.end_with(head.encode() + body)  # type: ignore[attr-defined]
            self.loop.call_later(LINGER_S, self.transport.close)

    return BoundedProtocol


def _without_offer(name: bytes, value: bytes) -> bytes:
    """A `connection` header without the words of an upgrade; `close` and `keep-alive` stay."""
    if name != b"connection":
        return value
    words = [word for word in value.split(b",") if word.strip().lower() not in (b"upgrade", b"http2-settings")]
    return b",".join(words)
