"""A simulation that runs beside a test: its own thread, its own port, gone at the end of the block."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

import uvicorn

from openclaw.sim.server import Sim, SimProtocol
from openclaw.sim.turns import Scripts

START_TIMEOUT_S = 10.0


def server_for(app: Any, sockets_host: str, port: int, protocol: Any = "httptools") -> uvicorn.Server:
    """A quiet uvicorn server for an application of this package."""
    config = uvicorn.Config(
        app,
        host=sockets_host,
        port=port,
        loop="uvloop",
        http=protocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
        backlog=4096,
    )
    return uvicorn.Server(config)


class SimServer:
    """`with SimServer() as sim:` runs simulated providers at `sim.url` on a free port of loopback.

    `sim.app.requests` and `sim.app.aborted` tell what happened. Arguments are those of `Sim`.
    """

    def __init__(self, *, seed: int = 0, key: str | None = None, scripts: Scripts | None = None) -> None:
        self.app = Sim(seed=seed, key=key, scripts=scripts)
        self._running = ServerThread(self.app, SimProtocol)

    @property
    def url(self) -> str:
        return self._running.url

    def __enter__(self) -> "SimServer":
        self._running.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.stop()


class ServerThread:
    """Any ASGI application of this package on a free loopback port, in a thread; `at_start` and `at_end` run in its
    loop."""

    def __init__(
        self,
        app: Any,
        protocol: Any = "httptools",
        at_end: Callable[[], Awaitable[None]] | None = None,
        at_start: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._at_start = at_start
        self._at_end = at_end
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self._server = server_for(app, "127.0.0.1", 0, protocol)
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def start(self) -> None:
        self._thread.start()
        if not self._started.wait(START_TIMEOUT_S):
            raise TimeoutError("the server did not start")

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=self._server.config.get_loop_factory()) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        if self._at_start is not None:
            await self._at_start()
        asyncio.get_running_loop().call_soon(self._started.set)
        await self._server.serve(sockets=[self._socket])
        if self._at_end is not None:
            await self._at_end()
