"""What the tests of the ledger have in common: accounts, entries, and a ledger with its books."""

from collections.abc import Sequence
from typing import Any

from openclaw.budget.books import Balance
from openclaw.budget.ledger import Ask, Draw, Entry, Grant
from openclaw.budget.limits import Account, Limit
from openclaw.budget.windows import LIFETIME, Window
from openclaw.store.books import StoredBooks
from openclaw.store.flow import Flow, Query, Rows, Transactions
from openclaw.store.ledger import StoredLedger

NOW_S = 1_700_000_000.0  # Tuesday 2023-11-14 22:13:20 UTC


def account(scope_id: str = "team-a", amount: int = 1000, window: Window = LIFETIME, **limit: Any) -> Account:
    limit = {"name": "cap", "scope": "key", "metric": "cost_nanousd", **limit}
    return Account(Limit(amount=amount, window=window, **limit), scope_id, amount)


def entry(identity: str, *draws: tuple[Account, int], time_s: float = NOW_S, **fields: Any) -> Entry:
    fields = {"state": "settled", "operation": "chat", "cost_nanousd": sum(amount for _, amount in draws), **fields}
    return Entry(
        id=identity,
        call_id=identity.partition("/")[0],
        time_unix_ms=int(time_s * 1000),
        draws=tuple(Draw(of.id, amount, of.limit.window) for of, amount in draws),
        **fields,
    )


class World:
    """A ledger whose nodes live as long as a test."""

    def __init__(self, database: Transactions) -> None:
        self.database = database
        self.ledger = StoredLedger(database)
        self.books = StoredBooks(database)

    async def join(self, *nodes: str, until_s: float = NOW_S + 10**6) -> None:
        for node in nodes:
            await self.ledger.join(node, NOW_S, until_s)

    async def lease(self, node: str, of: Account, amount: int, now_s: float = NOW_S) -> Grant:
        (grant,) = await self.ledger.lease(node, [Ask(of, amount)], now_s)
        return grant

    async def settle(self, node: str, *entries: Entry) -> None:
        await self.ledger.settle(node, entries, NOW_S)

    async def balance(self, of: Account, now_s: float = NOW_S) -> Balance:
        return await self.books.balance(of, now_s)

    async def stored(self, identity: str) -> Entry:
        (found,) = [each for each in await self.books.call(identity.partition("/")[0]) if each.id == identity]
        return found


def rows(sql: str, *parameters: Any) -> Flow[Rows]:
    return (yield Query(sql, parameters))


def ids(entries: Sequence[Entry]) -> list[str]:
    return [each.id for each in entries]
