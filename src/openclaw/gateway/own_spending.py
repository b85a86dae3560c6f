"""What callers may know of their own spending: how much it was, what their limits have left, and each call."""

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from openclaw.budget.accounts import Standing
from openclaw.budget.books import Books, SpendRow
from openclaw.budget.ledger import Entry
from openclaw.budget.limits import Limits, Scopes
from openclaw.budget.windows import Calendar, Window, since
from openclaw.gateway.payer import Owner
from openclaw.gateway.ports import Clock

# Callers may ask as often as they like, and a sum reads all their entries: it is told again for at least so long, and
# for so many times as long as it took to make, so that the asking never keeps the ledger busy.
_HELD_S = 2.0
_HELD_TIMES = 20.0
_HELD_MAX = 10_000
_DAY_S = 86_400


class Spent(Struct, frozen=True):
    """Nano-dollars of all time, as far as the ledger goes back, and of the present UTC day, week (from Monday) and
    month. Calls without a known price are in no sum."""

    total: int
    day: int
    week: int
    month: int


class OwnSpending:
    """Raises `LedgerUnavailable`. Without books nothing is known to have been spent."""

    def __init__(self, books: Books | None, clock: Clock) -> None:
        self._books = books
        self._clock = clock
        self._held: dict[str | None, tuple[float, Spent]] = {}
        self._one_sum = asyncio.Lock()

    async def spent(self, key: str | None) -> Spent:
        """By one key; by everybody, where nobody has one."""
        if self._books is None:
            return Spent(0, 0, 0, 0)
        async with self._one_sum:
            until_s, spent = self._held.get(key, (0.0, None))
            began_s = self._clock.monotonic_s()
            if spent is not None and began_s < until_s:
                return spent
            now_s = self._clock.unix_s()
            rows = await self._books.spend("gateway", 0, now_s + _DAY_S, "day", {} if key is None else {"key": key})
            spent = _sums(rows, now_s)
            ended_s = self._clock.monotonic_s()
            self._hold(key, ended_s + max(_HELD_S, _HELD_TIMES * (ended_s - began_s)), spent)
            return spent

    def _hold(self, key: str | None, until_s: float, spent: Spent) -> None:
        self._held.pop(key, None)
        self._held[key] = (until_s, spent)
        if len(self._held) > _HELD_MAX:
            del self._held[next(iter(self._held))]

    async def standings(self, owner: Owner, rules: Limits) -> Sequence[Standing]:
        """The caller's own limits, and those that the rules set for its key, with what they have."""
        if self._books is None or owner.key is None:
            return ()
        scopes: Scopes = {"key": (owner.key,)}
        accounts = [*rules.accounts(scopes), *owner.limits.accounts(scopes)]
        balances = await self._books.balances(accounts, self._clock.unix_s()) if accounts else ()
        return [Standing(account, balance) for account, balance in zip(accounts, balances, strict=True)]

    async def call(self, key: str | None, call_id: str) -> Sequence[Entry]:
        """The attempts of a call of this key; empty where it is another's, or is not known."""
        entries = await self._books.call(call_id) if self._books is not None else ()
        return [entry for entry in entries if entry.key == key]


def _sums(rows: Sequence[SpendRow], now_s: float) -> Spent:
    def from_start_of(unit: Calendar) -> int:
        start_s = since(Window(unit=unit), now_s)
        return sum(row.cost_nanousd for row in rows if row.period_s is not None and row.period_s >= start_s)

    total = sum(row.cost_nanousd for row in rows)
    return Spent(total, from_start_of("day"), from_start_of("week"), from_start_of("month"))
