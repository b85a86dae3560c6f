"""What a process does beside its calls: hear which runs were stopped, and see to it that one of all processes deletes,
once a day, what the ledger need not keep."""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress

from openclaw.budget.books import Books
from openclaw.budget.ledger import LedgerUnavailable
from openclaw.budget.run_tree import RunTree

log = logging.getLogger("openclaw")

LOOK_S = 0.5
"""Between two looks for stopped runs: with the time of one, a stop acts within a second."""
PRUNE_EVERY_S = 86_400.0
_ASK_S = 3600.0  # how often a process asks whether a day has passed
_PRUNE = "prune the ledger"
_DAY_S = 86_400


class Upkeep:
    """`ledger_days` is how long entries are kept; None for ever."""

    def __init__(self, books: Books, runs: RunTree, ledger_days: float | None) -> None:
        self._books = books
        self._runs = runs
        self._ledger_days = ledger_days
        self._tasks: Sequence[asyncio.Task[None]] = ()

    async def start(self) -> None:
        """When it returns, the runs that are stopped now are known, as far as the store can be reached."""
        with suppress(LedgerUnavailable):
            await self.look()
        self._tasks = [asyncio.create_task(self._look_always())]
        if self._ledger_days is not None:
            self._tasks = [*self._tasks, asyncio.create_task(self._prune_always(self._ledger_days))]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def look(self) -> None:
        """Raises `LedgerUnavailable`; what was known before then stays."""
        self._runs.stopped = frozenset(await self._books.stopped_runs())

    async def prune(self, ledger_days: float) -> None:
        """Raises `LedgerUnavailable`."""
        now_s = time.time()
        if await self._books.claim(_PRUNE, now_s, PRUNE_EVERY_S):
            pruned = await self._books.prune(now_s - ledger_days * _DAY_S)
            log.info("deleted %d attempts older than %g days from the ledger", pruned, ledger_days)

    async def _look_always(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            with suppress(LedgerUnavailable):
                await self.look()

    async def _prune_always(self, ledger_days: float) -> None:
        while True:
            try:
                await self.prune(ledger_days)
            except LedgerUnavailable as error:
                log.warning("old entries of the ledger could not be deleted: %s", error)
            await asyncio.sleep(_ASK_S)
