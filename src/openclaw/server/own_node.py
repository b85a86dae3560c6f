"""This process's node of the ledger: with its journal, and with what dead nodes of this machine left behind."""

import asyncio
import logging
import os
import secrets
import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from openclaw.budget.journal import Journal, Unwritten
from openclaw.budget.ledger import Ledger, LedgerUnavailable
from openclaw.budget.node import Node, Pace
from openclaw.store.journal import FileJournal, recover

log = logging.getLogger("openclaw")

RECOVER_EVERY_S = 5.0
_BATCH = 1000
_BEYOND_ATTEMPTS_S = 60.0


class OwnNode:
    """`attempt_s` is the longest that an attempt lasts, `wait_s` as in `Pace`. Raises `OSError` when the journal cannot
    be written."""

    def __init__(self, ledger: Ledger, journal_folder: Path | None, attempt_s: float, wait_s: float) -> None:
        name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._ledger = ledger
        self._folder = journal_folder
        self._file = None if journal_folder is None else FileJournal(journal_folder, name)
        journal: Journal = self._file or Unwritten()
        self.node = Node(name, ledger, journal, time.time, Pace(wait_s=wait_s, grace_s=attempt_s + _BEYOND_ATTEMPTS_S))
        self._recovering: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Book what was left by those that died, as far as the ledger can be reached; go on with that from now on."""
        with suppress(LedgerUnavailable):
            await self._recover()
        self.node.start()
        self._recovering = asyncio.create_task(self._recover_always())

    async def stop(self) -> None:
        """Report everything, or leave it in the journal."""
        if self._recovering is not None:
            self._recovering.cancel()
            await asyncio.gather(self._recovering, return_exceptions=True)
        await self.node.stop()
        if self._file is not None:
            self._file.close()

    async def _recover_always(self) -> None:
        while True:
            await asyncio.sleep(RECOVER_EVERY_S)
            try:
                await self._recover()
            except LedgerUnavailable:
                continue
            except Exception:
                # The boundary of a background task: a journal that cannot be read must not end the reading of others.
                log.exception("what a dead process left could not be booked")

    async def _recover(self) -> None:
        if self._folder is None:
            return
        with ExitStack() as stack:
            for remains in await asyncio.to_thread(recover, self._folder):
                stack.enter_context(remains)
                for start in range(0, len(remains.entries), _BATCH):
                    await self._ledger.settle(remains.node, remains.entries[start : start + _BATCH], time.time())
                await self._ledger.leave(remains.node)
                remains.delete()
                log.warning(
                    "booked %d attempts of '%s', which did not end in order", len(remains.entries), remains.node
                )
