"""One process's part in the ledger: it borrows, reserves, settles and reports.

    reserve   in the book, all accounts at once; what it lacks it borrows, and waits for that as long as it must
    settle    in the book and the journal, without waiting
    report    what was settled, in batches, to the ledger; until it has them the journal does
    renew     its slices, and give back what others want or nobody here needs

A store that is slow or gone stops the borrowing, not the calls whose slices are here.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from msgspec import Struct

from openclaw.budget.book import Book
from openclaw.budget.journal import Journal
from openclaw.budget.ledger import Ask, Draw, Entry, Grant, Ledger, LedgerUnavailable
from openclaw.budget.limits import Account
from openclaw.budget.windows import resets_s

log = logging.getLogger("openclaw")


class Pace(Struct, frozen=True):
    """Seconds.

    `lease_s`: slices are the node's own so long after it last renewed them. `renew_s`: how often it renews, and hears
    what others want. `report_s`: how long a settled entry waits for others to be reported with. `store_s`: how long
    the store may take to answer a call that waits for it. `wait_s`: how long a call waits for what other calls have
    reserved and may give back, here or on other nodes. `idle_s`: how long a slice that nobody here uses is kept.

    `grace_s`: how long after its time a silent node's slices are held; an attempt that it had begun may still be under
    way, so this is longer than any attempt lasts. What it spent after its last report is then the one thing that a
    limit can be passed by: where the journal of a dead node is at hand, it is read first, and there is nothing.
    """

    lease_s: float = 30.0
    renew_s: float = 1.0
    report_s: float = 0.25
    store_s: float = 5.0
    wait_s: float = 30.0
    idle_s: float = 10.0
    grace_s: float = 2000.0


_RETRY_S = 0.1  # between two looks at what other nodes have given back
# What is reserved of these is spent, but for an attempt that fails: nobody waits for it.
_NEVER_BACK = frozenset({"requests", "tool_calls"})
_BATCH_MAX = 1000
_SAFE = 0.9  # the part of its time in which a node trusts its slices: clocks of two machines do not run alike


class Exhausted(Exception):
    """An account has less left than a call needs. `left` is what it has; `resets_s` when some of it comes back by its
    window; `for_now` says that it would be enough if calls under way gave back what they have reserved."""

    def __init__(
        self, account: Account, asked: int, left: int, resets_in_s: float | None, *, for_now: bool = False
    ) -> None:
        super().__init__(f"{account.id}: {asked} asked, {left} left")
        self.account = account
        self.asked = asked
        self.left = left
        self.resets_s = resets_in_s
        self.for_now = for_now


class Node:
    """Runs on one event loop. `unix_s` is the wall clock that windows are measured by; waiting is on the loop's own
    clock, which no step of the wall clock moves."""

    def __init__(
        self, name: str, ledger: Ledger, journal: Journal, unix_s: Callable[[], float], pace: Pace | None = None
    ) -> None:
        self.name = name
        self.book = Book()
        self._ledger = ledger
        self._journal = journal
        self._unix_s = unix_s
        self._pace = pace or Pace()
        self._unreported: list[Entry] = []
        self._reporting = asyncio.Event()
        self._borrowing = asyncio.Lock()  # of those who wait
        self._asking = asyncio.Lock()  # of what the ledger is asked, which nobody may wait for any more
        self._one_report = asyncio.Lock()
        self._joined = False
        self._ours_until_s = 0.0  # on the loop's clock
        self._used: set[str] = set()
        self._refusals: dict[str, tuple[float, Grant]] = {}
        self._asked: set[asyncio.Task[Sequence[Grant]]] = set()
        self._settled = asyncio.Event()
        self._unsure = False  # the ledger may have lent what it could not tell us
        self._tasks: list[asyncio.Task[None]] = []

    # --- a call

    async def reserve(self, entry: Entry, accounts: Sequence[Account]) -> None:
        """Reserve `entry.draws` (of these accounts, in the same order) for the attempt that it is the estimate of.

        Raises `Exhausted`, with nothing reserved, or `LedgerUnavailable` when what it lacks cannot be borrowed.
        """
        if not self._holds(entry):
            await self._borrow(entry, accounts)
        self._used.update(draw.account_id for draw in entry.draws)
        try:
            self._journal.reserved(entry)
        except OSError as error:
            self.book.settle(entry.id, ())
            raise LedgerUnavailable(f"the journal cannot be written: {error}") from error

    def settle(self, entry: Entry) -> None:
        """End the attempt so. Its `draws` are what was spent; settling it again changes nothing."""
        if not self.book.settle(entry.id, entry.draws):
            return
        self._settled.set()
        self._settled = asyncio.Event()
        try:
            self._journal.settled(entry)
        except OSError:
            log.exception("the journal cannot be written: %s is booked, unless this process dies now", entry.id)
        self._unreported.append(entry)
        self._reporting.set()

    async def durable(self) -> None:
        """Return when what was settled so far would outlast a loss of power."""
        await self._journal.durable()

    def _holds(self, entry: Entry) -> bool:
        ours = not entry.draws or asyncio.get_running_loop().time() < self._ours_until_s
        return ours and self.book.reserve(entry.id, entry.draws)

    async def _borrow(self, entry: Entry, accounts: Sequence[Account]) -> None:
        loop = asyncio.get_running_loop()
        give_up_s = loop.time() + self._pace.wait_s
        by_id = {account.id: account for account in accounts}
        while True:
            async with self._borrowing:
                settled = self._settled
                if self._holds(entry):
                    return
                grants = await self._lease(entry.draws, by_id)
                if self._holds(entry):
                    return
            for grant in grants:
                if not grant.amount:
                    self._check_worth_waiting(by_id[grant.account_id], entry, grant, over=loop.time() >= give_up_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(_RETRY_S):
                    await settled.wait()

    def _check_worth_waiting(self, account: Account, entry: Entry, grant: Grant, *, over: bool) -> None:
        """Raises `Exhausted` where an account will not have enough whatever comes back, or the time is over."""
        asked = next(draw.amount for draw in entry.draws if draw.account_id == account.id)
        left = grant.left + max(0, self.book.idle(account.id))
        back = 0 if account.limit.metric in _NEVER_BACK else self.book.reserved(account.id)
        enough = asked <= left + back + grant.lent_to_others
        if over or not enough:
            resets_in_s = resets_s(account.limit.window, self._unix_s(), grant.oldest_s)
            raise Exhausted(account, asked, left, resets_in_s, for_now=enough)

    async def _lease(self, draws: Sequence[Draw], accounts: Mapping[str, Account]) -> Sequence[Grant]:
        """Borrow what the draws lack. Raises `LedgerUnavailable`, also when the store takes too long.

        What is lent goes into the book also where nobody waits for it any more: its caller may have left.
        """
        borrowing = asyncio.create_task(self._borrowed(draws, accounts))
        try:
            async with asyncio.timeout(self._pace.store_s):
                return await asyncio.shield(borrowing)
        except TimeoutError as error:
            raise LedgerUnavailable("the store did not answer in time") from error
        finally:
            self._asked.add(borrowing)
            borrowing.add_done_callback(self._heard)

    def _heard(self, borrowing: "asyncio.Task[Sequence[Grant]]") -> None:
        self._asked.discard(borrowing)
        if borrowing.cancelled() or borrowing.exception() is not None:
            self._unsure = True

    async def _borrowed(self, draws: Sequence[Draw], accounts: Mapping[str, Account]) -> Sequence[Grant]:
        async with self._asking:
            await self._be_known()
            lacking = self.book.lacking(draws)
            known = [grant for draw in lacking if (grant := self._refused_just_now(draw)) is not None]
            if known:
                return known
            asks = [Ask(accounts[draw.account_id], draw.amount) for draw in lacking]
            grants = await self._ledger.lease(self.name, asks, self._unix_s()) if asks else ()
            for grant in grants:
                self.book.grant(grant.account_id, grant.amount, grant.left)
                self._refusals[grant.account_id] = (asyncio.get_running_loop().time(), grant)
            return grants

    def _refused_just_now(self, draw: Draw) -> Grant | None:
        """What the ledger said of an account, where it will say the same again: it has too little, and nobody else has
        any. Many may wait for a call here to end; they need not ask it one by one."""
        at_s, grant = self._refusals.get(draw.account_id, (0.0, None))
        if grant is None or grant.amount or grant.lent_to_others or draw.amount <= grant.left:
            return None
        return grant if asyncio.get_running_loop().time() - at_s < self._pace.renew_s else None

    async def _be_known(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() < self._ours_until_s:
            return
        if self._joined:
            await self.renew()
        if not self._joined:
            await self._join()

    async def _join(self) -> None:
        self.book.lose_all()  # at once: nothing may be reserved of what the ledger takes back while it is asked
        self._ours_until_s = 0.0
        await self.report()  # before: it would be taken out of slices that are yet to be borrowed
        began_s, now_s = asyncio.get_running_loop().time(), self._unix_s()
        await self._ledger.join(self.name, now_s, now_s + self._pace.lease_s)
        self._known_since(began_s)

    def _known_since(self, began_s: float) -> None:
        self._joined = True
        self._ours_until_s = began_s + self._pace.lease_s * _SAFE  # others may take them back at the full time

    # --- in the background

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._report_always()), asyncio.create_task(self._renew_always())]

    async def stop(self) -> None:
        """Report what is left and give everything back; without the store, the journal keeps it."""
        tasks = (*self._tasks, *self._asked)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(LedgerUnavailable, TimeoutError):
            async with asyncio.timeout(self._pace.store_s):
                await self.report()
                if self._joined and not self.book.under_way:
                    await self._ledger.leave(self.name)
                    self._joined = False

    async def _report_always(self) -> None:
        while True:
            await self._reporting.wait()
            await asyncio.sleep(self._pace.report_s)
            try:
                await self.report()
            except LedgerUnavailable:
                log.warning("the ledger cannot be reached; %d entries wait in the journal", len(self._unreported))
                await asyncio.sleep(self._pace.renew_s)

    async def report(self) -> None:
        """Give the ledger what was settled. Raises `LedgerUnavailable`, and may then be repeated: nothing is lost."""
        async with self._one_report:
            while self._unreported:
                batch = self._unreported[:_BATCH_MAX]
                await self._ledger.settle(self.name, batch, self._unix_s())
                del self._unreported[: len(batch)]
                self._journal.forget(batch)
            self._reporting.clear()

    async def _renew_always(self) -> None:
        loop = asyncio.get_running_loop()
        swept_s = loop.time()
        while True:
            await asyncio.sleep(self._pace.renew_s)
            if not self._joined:
                continue
            with suppress(LedgerUnavailable):
                await self.renew()
                await self._clear_up()
                if loop.time() - swept_s >= self._pace.idle_s:
                    swept_s = loop.time()
                    await self._give_back(self._unused())
                    await self._ledger.expire(self._unix_s() - self._pace.grace_s)

    async def renew(self) -> None:
        """Keep the slices, and give back what others want. Raises `LedgerUnavailable`."""
        began_s, now_s = asyncio.get_running_loop().time(), self._unix_s()
        wanted = await self._ledger.renew(self.name, now_s, now_s + self._pace.lease_s)
        if wanted is None:
            log.warning("node %s was silent for too long: its slices went back to the ledger", self.name)
            self._joined = False
            self.book.lose_all()
            return
        self._known_since(began_s)
        await self._give_back(wanted)

    async def _clear_up(self) -> None:
        """Begin anew, once nothing is under way, where the ledger may count slices as lent that are not in the book."""
        if not self._unsure:
            return
        async with self._borrowing, self._asking:
            if self._joined and not self.book.under_way and not self._unreported:
                await self._join()
                self._unsure = False

    def _unused(self) -> list[str]:
        self._refusals.clear()
        unused = [account_id for account_id in self.book.held() if account_id not in self._used]
        self._used.clear()
        return unused

    async def _give_back(self, account_ids: Sequence[str]) -> None:
        taken = self.book.take_idle(account_ids)
        if not taken:
            return
        try:
            await self._ledger.give_back(self.name, taken)
        except LedgerUnavailable:
            self._unsure = True
            raise
