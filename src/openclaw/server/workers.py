"""Several gateway processes on one address: started, started again when they die, told of signals, ended in order."""

import asyncio
import logging
import signal
import socket
from collections.abc import Sequence

log = logging.getLogger("openclaw")

# A worker that dies sooner than this is not started again at once: a broken machine should not be kept busy by it.
_LIVED_S = 5.0
_WAIT_S = 1.0


class Workers:
    """`command` starts one worker, which inherits `listeners` under the numbers that they have here."""

    def __init__(self, command: Sequence[str], listeners: Sequence[socket.socket], count: int) -> None:
        self._command = command
        self._inherited = [listener.fileno() for listener in listeners]
        self._count = count
        self._live: set[asyncio.subprocess.Process] = set()
        self._ending = asyncio.Event()

    async def run(self) -> None:
        """Run until SIGINT or SIGTERM, and until the workers have ended their calls."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._end)
        loop.add_signal_handler(signal.SIGHUP, self._tell, signal.SIGHUP)
        await asyncio.gather(*(self._keep_alive() for _ in range(self._count)))

    def _end(self) -> None:
        self._ending.set()
        self._tell(signal.SIGTERM)

    def _tell(self, number: signal.Signals) -> None:
        for worker in self._live:
            worker.send_signal(number)

    async def _keep_alive(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._ending.is_set():
            started_s = loop.time()
            worker = await asyncio.create_subprocess_exec(*self._command, pass_fds=self._inherited)
            self._live.add(worker)
            if self._ending.is_set():  # the signal came while it was starting
                worker.send_signal(signal.SIGTERM)
            status = await worker.wait()
            self._live.discard(worker)
            if self._ending.is_set():
                return
            log.error("worker %d ended with %d and is started again", worker.pid, status)
            if loop.time() - started_s < _LIVED_S:
                await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(_WAIT_S):
                await self._ending.wait()
        except TimeoutError:
            return
