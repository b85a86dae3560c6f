"""HTTP/1.1 below the application: uvicorn's httptools protocol with a bound on headers.

The parser itself would take headers without end; an application sees them only when they are complete. So the
bound has to stand here.
"""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from openclaw.dialects.jsontext import encode

# How long a refused caller may go on sending before the connection closes.
LINGER_S = 1.0


def bounded_protocol(header_bytes_max: int) -> type[HttpToolsProtocol]:
    """The protocol class with the operator's limit; uvicorn wants a class, so the limit is bound to one."""

    class BoundedProtocol(HttpToolsProtocol):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._header_bytes = 0
            self._in_headers = False
            self._ended = False

        def on_message_begin(self) -> None:
            self._in_headers, self._header_bytes = True, 0
            super().on_message_begin()

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
            self.transport.write(head.encode() + body)
            if self.transport.can_write_eof():
                self.transport.write_eof()
            self.loop.call_later(LINGER_S, self.transport.close)

    return BoundedProtocol
