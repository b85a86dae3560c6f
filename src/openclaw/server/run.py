"""A gateway process: build, listen, reload on SIGHUP, end in order."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from uvicorn.server import HANDLED_SIGNALS

from openclaw.config.errors import ConfigError
from openclaw.config.open_store import Store
from openclaw.gateway.pipeline import Gateway
from openclaw.gateway.ports import SystemClock
from openclaw.gateway.record import Recorder
from openclaw.gateway.snapshot import Snapshot
from openclaw.server.admin.app import AdminApp
from openclaw.server.admin.asked import Admin
from openclaw.server.admin_listener import AdminListener
from openclaw.server.app import App
from openclaw.server.doors import Doors
from openclaw.server.ids import call_id_maker
from openclaw.server.own_keys import OwnKeys
from openclaw.server.own_node import OwnNode
from openclaw.server.protocol import bounded_protocol
from openclaw.server.upkeep import Upkeep

log = logging.getLogger("openclaw")

# Streams in hand get this long to end when the process is told to stop.
SHUTDOWN_GRACE_S = 30

Announce = Callable[[str, int], None]
"""Told the address and port once the process listens."""


def ignore_hangup() -> None:
    """Until `Process.serve` takes SIGHUP over, it must not end a process that is still starting."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


class Process:
    """One listening gateway. `build` makes a snapshot from the configuration as it is now; it may block and may raise
    `ConfigError`. `listener` is a socket that listens already, shared with other processes; `admin_listener` is the
    same for the admin API, None where it is off."""

    def __init__(
        self,
        build: Callable[[], Snapshot],
        host: str,
        port: int,
        recorders: Sequence[Recorder],
        store: Store,
        listener: socket.socket | None = None,
        admin_listener: socket.socket | None = None,
    ) -> None:
        self._build = build
        self._reloading = asyncio.Lock()
        self._listener = listener
        snapshot = build()
        self._own = OwnNode(store.ledger, store.journal_folder, snapshot.timeouts.total_s, snapshot.spending.wait_s)
        self._keys = OwnKeys(store.keys)
        self.gateway = Gateway(
            snapshot,
            _to_all(recorders),
            call_id_maker(),
            responses=store.responses,
            answers=store.answers,
            node=self._own.node,
            keys=self._keys.ring,
            books=store.books,
        )
        self._upkeep = Upkeep(store.books, self.gateway.spending.runs, store.ledger_days)
        limits = self.gateway.snapshot.limits
        self.admin: AdminListener | None = None
        if admin_listener is not None:
            admin = Admin(self.gateway, self._keys, store.books, self._upkeep.look, SystemClock())
            self.admin = AdminListener(AdminApp(admin), admin_listener, limits.header_bytes_max)
        config = uvicorn.Config(
            App(self.gateway, Doors().find),
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
        self.server = _Server(config)

    async def serve(self, announce: Announce) -> None:
        """Run until SIGINT or SIGTERM."""
        loop = asyncio.get_running_loop()
        reloads: set[asyncio.Task[None]] = set()

        def ended(task: asyncio.Task[None]) -> None:
            reloads.discard(task)
            if not task.cancelled() and task.exception() is not None:
                log.error("reload failed, the old configuration stays", exc_info=task.exception())

        def reload() -> None:
            task = loop.create_task(self.reload())
            reloads.add(task)
            task.add_done_callback(ended)

        self.server.announce = announce
        loop.add_signal_handler(signal.SIGHUP, reload)
        await self._keys.start()
        await self._own.start()
        await self._upkeep.start()
        if self.admin is not None:
            self.admin.start()
        try:
            await self.server.serve(None if self._listener is None else [self._listener])
        finally:
            loop.remove_signal_handler(signal.SIGHUP)
            ignore_hangup()
            await _cancelled(reloads)
            await self.gateway.detached.stop()
            if self.gateway.once is not None:
                await self.gateway.once.stop()
            if self.admin is not None:
                await self.admin.stop()
            await self._upkeep.stop()
            await self._keys.stop()
            await self._own.stop()
            await self.gateway.snapshot.transport.close()

    async def reload(self) -> None:
        """Swap to the configuration as it is now, whole; a faulty one changes nothing.

        Safe to call again while one is under way: they run one after the other, so the last one asked for wins.
        """
        async with self._reloading:
            try:
                snapshot = await asyncio.to_thread(self._build)
            except ConfigError as error:
                log.error("reload refused, the old configuration stays:\n%s", error)
                return
            old = self.gateway.snapshot
            self.gateway.swap(snapshot)
        if snapshot.limits.header_bytes_max != old.limits.header_bytes_max:
            log.warning("limits.header_bytes_max is read at start only: the old limit stays")
        log.info("configuration reloaded: %d providers", len(list(snapshot.directory.providers)))
        # Calls in hand still read from the old transport. Nothing else holds the old snapshot: it goes with the last.
        old.transport.retire()


async def _cancelled(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _Server(uvicorn.Server):
    """A server that says where it listens once it does."""

    announce: Announce

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The base class raises the signal again once it has served, which ends the process before its logs are out."""
        loop = asyncio.get_running_loop()
        for number in HANDLED_SIGNALS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in HANDLED_SIGNALS:
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self.servers:
            host, port, *_ = self.servers[0].sockets[0].getsockname()
            self.announce(host, port)


def _to_all(recorders: Sequence[Recorder]) -> Recorder:
    if len(recorders) == 1:
        return recorders[0]

    def record(call: object) -> None:
        for recorder in recorders:
            recorder(call)  # type: ignore[arg-type]

    return record
