"""HTTP/1.1 below the application: uvicorn's httptools protocol with a bound on headers and one write an answer.

The parser itself would take headers without end; an application sees them only when they are complete. So the
bound has to stand here.
"""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from openclaw.dialects.jsontext import encode

# How long a refused caller may go on sending before the connection closes.
LINGER_S = 1.0


class OneWrite:
    """A transport that holds back the head of an answer whose length is known until its body comes.

    ASGI gives the two apart, and uvicorn writes each at once: two system calls and two packets for every plain answer,
    of which the second is about a tenth of what a request costs. A head without a length belongs to a stream and goes
    at once.
    """

    __slots__ = ("_head", "_transport")

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._head = b""

    def write(self, data: bytes) -> None:
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(b"HTTP/1.1 ") and b"\r\ncontent-length: " in data and not data.startswith(b"HTTP/1.1 1"):
            self._head = data
            return
        self._transport.write(data)

    def close(self) -> None:
        if self._head:
            self.write(b"")
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def bounded_protocol(header_bytes_max: int) -> type[HttpToolsProtocol]:
    """The protocol class with the operator's limit; uvicorn wants a class, so the limit is bound to one."""

    class BoundedProtocol(HttpToolsProtocol):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._header_bytes = 0
            self._in_headers = False
            self._ended = False

        def connection_made(self, transport: Any) -> None:
            super().connection_made(OneWrite(transport))  # type: ignore[arg-type]

        def on_message_begin(self) -> None:
            self._in_headers, self._header_bytes = True, 0
            super().on_message_begin()
            # For `AsgiCaller.try_send`, which needs the transport and whether it keeps up.
            self.scope["extensions"] = {"openclaw": self}  # type: ignore[dict-item]

        def on_headers_complete(self) -> None:
            self._in_headers = False
            super().on_headers_complete()

        def data_received(self, data: bytes) -> None:
            if self._ended:
                return
            if self._in_headers:
                self._header_bytes += len(data)
            super().data_received(data)
            if self._in_headers and self._header_bytes > header_bytes_max and not self._ended:
                message = f"The headers are larger than {header_bytes_max} bytes."
                self._end(431, "Request Header Fields Too Large", message)

        def send_400_response(self, msg: str) -> None:
            self._end(400, "Bad Request", msg)

        def _end(self, status: int, reason: str, message: str) -> None:
            """Answer and stop listening. Closing at once would reset the connection under a caller who still sends,
            and the reset would overtake the answer; so what still comes is thrown away for a moment."""
            self._ended = True
            error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
            body = encode({"error": error})
            head = (
                f"HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode())
            self.transport.write(body)
            if self.transport.can_write_eof():
                self.transport.write_eof()
            self.loop.call_later(LINGER_S, self.transport.close)

    return BoundedProtocol
