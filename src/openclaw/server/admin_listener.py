"""The admin API's listener, beside the gateway's in the same process and event loop."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from openclaw.server.protocol import bounded_protocol

_BACKLOG = 128
_GRACE_S = 5


class AdminListener:
    """Serves an application on a socket that listens already, perhaps shared with other processes."""

    def __init__(self, app: Any, listener: socket.socket, header_bytes_max: int) -> None:
        self._listener = listener
        self._task: asyncio.Task[None] | None = None
        self._server = _QuietServer(
            uvicorn.Config(
                app,
                loop="uvloop",
                http=bounded_protocol(header_bytes_max),
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=_GRACE_S,
                backlog=_BACKLOG,
            )
        )

    @property
    def address(self) -> tuple[str, int]:
        host, port, *_ = self._listener.getsockname()
        return host, port

    def start(self) -> None:
        self._task = asyncio.create_task(self._server.serve([self._listener]))

    async def stop(self) -> None:
        if self._task is not None:
            self._server.should_exit = True
            await self._task


class _QuietServer(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the gateway's."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=_BACKLOG)
