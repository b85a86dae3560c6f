"""The ledger's port in dictionaries: what the stores must do, short enough to be read and believed."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence

from openclaw.budget.ledger import Ask, Entry, Grant, LedgerUnavailable
from openclaw.budget.slices import slice_of
from openclaw.budget.windows import bucket, since


class ModelLedger:
    """`faults` may delay, lose or repeat what it is asked: a request that is lost is done or not done. `late` is what
    was reported of slices that had gone back, by account."""

    def __init__(self, faults: "Faults | None" = None) -> None:
        self.entries: dict[str, Entry] = {}
        self.spent: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        self.leases: dict[str, dict[str, int]] = defaultdict(dict)
        self.nodes: dict[str, float] = {}
        self.wanted: dict[str, set[str]] = defaultdict(set)
        self.late: dict[str, int] = defaultdict(int)
        self._faults = faults or Faults(random.Random(0), 0.0, 0.0)

    async def join(self, node: str, now_s: float, until_s: float) -> None:
        await self._faults.before()
        self.nodes[node] = until_s
        for held in self.leases.values():
            held.pop(node, None)
        await self._faults.after()

    async def lease(self, node: str, asks: Sequence[Ask], now_s: float) -> Sequence[Grant]:
        await self._faults.before()
        grants = [self._lend(node, ask, now_s) for ask in asks]
        await self._faults.after()
        return grants

    def _lend(self, node: str, ask: Ask, now_s: float) -> Grant:
        account = ask.account
        first = since(account.limit.window, now_s)
        spent = sum(amount for start, amount in self.spent[account.id].items() if start >= first)
        left = account.amount - spent - sum(self.leases[account.id].values())
        lent = slice_of(left, ask.amount) if self.nodes.get(node, 0) > now_s else 0
        held = self.leases[account.id]
        if lent:
            held[node] = held.get(node, 0) + lent
        else:
            self.wanted[account.id].add(node)
        others = sum(amount for other, amount in held.items() if other != node)
        oldest_s = min((start for start in self.spent[account.id] if start >= first), default=None)
        return Grant(account.id, lent, left - lent, others, oldest_s)

    async def settle(self, node: str, entries: Sequence[Entry], now_s: float) -> None:
        await self._faults.before()
        for entry in entries:
            known = self.entries.get(entry.id)
            if known is not None and not (known.state == "estimated" and entry.state == "settled"):
                continue
            self.entries[entry.id] = entry
            for sign, draws in ((-1, known.draws if known is not None else ()), (1, entry.draws)):
                for draw in draws:
                    start = bucket(draw.window, entry.time_unix_ms / 1000)
                    self.spent[draw.account_id][start] += sign * draw.amount
                    held = self.leases[draw.account_id]
                    self.late[draw.account_id] += max(0, sign * draw.amount - held.get(node, 0))
                    held[node] = max(0, held.get(node, 0) - sign * draw.amount)
        await self._faults.after()

    async def give_back(self, node: str, amounts: Sequence[tuple[str, int]]) -> None:
        await self._faults.before()
        for account_id, amount in amounts:
            held = self.leases[account_id]
            held[node] = max(0, held.get(node, 0) - amount)
        await self._faults.after()

    async def renew(self, node: str, now_s: float, until_s: float) -> Sequence[str] | None:
        await self._faults.before()
        if node not in self.nodes:
            return None
        self.nodes[node] = until_s
        wanted = [account_id for account_id, by in self.wanted.items() if by - {node}]
        for account_id in wanted:
            self.wanted[account_id] &= {node}
        await self._faults.after()
        return wanted

    async def leave(self, node: str) -> None:
        await self._faults.before()
        self.nodes.pop(node, None)
        for held in self.leases.values():
            held.pop(node, None)

    async def expire(self, now_s: float) -> Sequence[str]:
        lapsed = [node for node, until_s in self.nodes.items() if until_s <= now_s]
        for node in lapsed:
            del self.nodes[node]
            for held in self.leases.values():
                held.pop(node, None)
        return lapsed

    def committed(self, account_id: str, first: int = 0) -> int:
        """Settled and lent of an account."""
        spent = sum(amount for start, amount in self.spent[account_id].items() if start >= first)
        return spent + sum(self.leases[account_id].values())


class Faults:
    """The store on a bad day: `slow_s` at most for each step, and so often it fails before or after the work."""

    def __init__(self, rng: random.Random, slow_s: float, often: float) -> None:
        self._rng = rng
        self._slow_s = slow_s
        self._often = often
        self.gone = False

    async def before(self) -> None:
        await asyncio.sleep(self._rng.random() * self._slow_s)
        if self.gone or self._rng.random() < self._often:
            raise LedgerUnavailable("before")

    async def after(self) -> None:
        await asyncio.sleep(self._rng.random() * self._slow_s)
        if self.gone or self._rng.random() < self._often:
            raise LedgerUnavailable("after")
