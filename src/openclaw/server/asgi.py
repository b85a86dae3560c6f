"""One HTTP request as the gateway sees it, on top of ASGI."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import parse_qs

from openclaw.calls import Failure
from openclaw.gateway.ports import RawHeaders, Refused
from openclaw.gateway.snapshot import Limits

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class CallerLeft(ConnectionError):
    """The caller closed the connection before the request was complete."""


class AsgiCaller:
    """The port `openclaw.gateway.pipeline.Caller` on ASGI.

    Once the body is read it watches the connection: when the caller leaves, the task that handles the request is
    cancelled, which closes the provider's connection as well. `gone` tells that this happened.
    """

    __slots__ = ("_connection", "_receive", "_send", "_watcher", "gone", "head_only", "headers")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.headers: RawHeaders = scope["headers"]
        if b"key=" in scope["query_string"]:  # Google's clients may send the key there
            keys = parse_qs(scope["query_string"]).get(b"key", [])
            self.headers = [*self.headers, *((b"x-goog-api-key", key) for key in keys)]
        self.head_only: bool = scope["method"] == "HEAD"
        self.gone = False
        # Beside ASGI, for the chunks of a stream: `send` costs a task step and a message for each.
        self._connection: Any = scope.get("extensions", {}).get("openclaw")
        self._receive = receive
        self._send = send
        self._watcher: asyncio.Task[None] | None = None

    async def body(self, bytes_max: int) -> bytes:
        for name, value in self.headers:
            if name == b"content-length" and value.isdigit() and int(value) > bytes_max:
                raise Refused(_too_large(bytes_max))
            if name == b"content-encoding" and value.lower() != b"identity":
                message = "Compressed request bodies are not supported; send the body as plain JSON."
                raise Refused(Failure(kind="bad_request", message=message, status=415))
        body = await self._read(bytes_max)
        task = asyncio.current_task()
        if task is not None:
            self._watcher = asyncio.create_task(self._watch(task))
        return body

    async def _read(self, bytes_max: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.gone = True
                raise CallerLeft
            part = message.get("body", b"")
            size += len(part)
            if size > bytes_max:
                raise Refused(_too_large(bytes_max))
            parts.append(part)
            if not message.get("more_body", False):
                return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _watch(self, task: "asyncio.Task[Any]") -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        task.cancel()

    async def start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def send(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    def try_send(self, data: bytes) -> bool:
        connection = self._connection
        if connection is None or connection.flow.write_paused or connection.transport.is_closing():
            return False
        # The framing that uvicorn gives a body without a length (RFC 9112, section 7.1).
        connection.transport.write(b"%x\r\n%b\r\n" % (len(data), data))
        return True

    async def end(self, data: bytes = b"") -> None:
        # The server reports the end of its own answer as a disconnect, which must not cancel what is still to record.
        self.close()
        await self._send({"type": "http.response.body", "body": data})

    def close(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None


def _too_large(bytes_max: int) -> Failure:
    return Failure(
        kind="too_large",
        message=f"The request body is larger than this gateway takes ({bytes_max} bytes).",
        code="request_too_large",
    )


def check_headers(headers: RawHeaders, limits: Limits) -> Failure | None:
    """Whether there are too many headers, or too large ones."""
    if len(headers) > limits.header_count_max:
        return Failure(kind="bad_request", message=f"More than {limits.header_count_max} headers.", status=431)
    if sum(len(name) + len(value) for name, value in headers) > limits.header_bytes_max:
        return Failure(
            kind="bad_request", message=f"The headers are larger than {limits.header_bytes_max} bytes.", status=431
        )
    return None
