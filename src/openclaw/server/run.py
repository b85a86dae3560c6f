"""A gateway process: build, listen, reload on SIGHUP, end in order."""

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence

import uvicorn

from openclaw.config.errors import ConfigError
from openclaw.gateway.pipeline import Gateway
from openclaw.gateway.record import Recorder
from openclaw.gateway.snapshot import Snapshot
from openclaw.server.app import App
from openclaw.server.doors import doors
from openclaw.server.ids import call_id_maker
from openclaw.server.protocol import bounded_protocol

log = logging.getLogger("openclaw")

# Streams in hand get this long to end when the process is told to stop.
SHUTDOWN_GRACE_S = 30


class Process:
    """One listening gateway. `build` makes a snapshot from the configuration as it is now; it may block and may raise
    `ConfigError`."""

    def __init__(self, build: Callable[[], Snapshot], host: str, port: int, recorders: Sequence[Recorder]) -> None:
        self._build = build
        self.gateway = Gateway(build(), _to_all(recorders), call_id_maker())
        limits = self.gateway.snapshot.limits
        config = uvicorn.Config(
            App(self.gateway, doors()),
            host=host,
            port=port,
            loop="uvloop",
            http=bounded_protocol(limits.header_bytes_max),
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=SHUTDOWN_GRACE_S,
            backlog=4096,
        )
        self.server = uvicorn.Server(config)

    async def serve(self) -> None:
        """Run until SIGINT or SIGTERM."""
        loop = asyncio.get_running_loop()
        reloads: set[asyncio.Task[None]] = set()

        def reload() -> None:
            task = loop.create_task(self.reload())
            reloads.add(task)
            task.add_done_callback(reloads.discard)

        loop.add_signal_handler(signal.SIGHUP, reload)
        try:
            await self.server.serve()
        finally:
            await self.gateway.snapshot.transport.close()

    async def reload(self) -> None:
        """Swap to the configuration as it is now, whole; a faulty one changes nothing."""
        try:
            snapshot = await asyncio.to_thread(self._build)
        except ConfigError as error:
            log.error("reload refused, the old configuration stays:\n%s", error)
            return
        old = self.gateway.snapshot
        self.gateway.swap(snapshot)
        log.info("configuration reloaded: %d providers", len(list(snapshot.directory.providers)))
        # Calls in hand still read from the old transport; it goes when they have had their longest time.
        await asyncio.sleep(old.timeouts.total_s)
        await old.transport.close()


def _to_all(recorders: Sequence[Recorder]) -> Recorder:
    if len(recorders) == 1:
        return recorders[0]

    def record(call: object) -> None:
        for recorder in recorders:
            recorder(call)  # type: ignore[arg-type]

    return record
