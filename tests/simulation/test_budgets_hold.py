"""Any interleaving of calls, nodes, failures, crashes and slow stores: no limit is passed, nothing is lost or double.

Every run is told by its seed alone: time is virtual, and the only chance is a seeded generator.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec.structs import replace

from openclaw.budget.ledger import Draw, Entry, LedgerUnavailable
from openclaw.budget.limits import Account, Limit
from openclaw.budget.node import Exhausted, Node, Pace
from openclaw.budget.windows import Window
from tests.simulation.model_ledger import Faults, ModelLedger
from tests.simulation.virtual_time import run

START_S = 1_760_000_000.0
ACCOUNTS = tuple(
    Account(Limit(name=name, scope="key", metric=metric, amount=amount, window=window), scope, amount)  # type: ignore[arg-type]
    for name, scope, metric, amount, window in (
        ("all", "", "cost_nanousd", 100_000, Window()),
        ("rolling", "a", "cost_nanousd", 40_000, Window(rolling_s=600)),
        ("minute", "a", "tokens", 9_000, Window(unit="minute")),
        ("at-once", "b", "concurrency", 5, Window()),
        ("small", "b", "cost_nanousd", 7_000, Window()),
    )
)


class MemoryJournal:
    """What a process leaves behind when it is killed."""

    def __init__(self) -> None:
        self.open: dict[str, Entry] = {}
        self.ended: dict[str, Entry] = {}

    def reserved(self, entry: Entry) -> None:
        self.open[entry.id] = entry

    def settled(self, entry: Entry) -> None:
        self.open.pop(entry.id)
        self.ended[entry.id] = entry

    def forget(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self.ended.pop(entry.id, None)

    async def durable(self) -> None:
        return

    def recovered(self) -> list[Entry]:
        return [*self.ended.values(), *self.open.values()]


class Link:
    """A node's way to the ledger, which may be cut."""

    def __init__(self, ledger: ModelLedger) -> None:
        self._ledger = ledger
        self.until_s = 0.0

    def __getattr__(self, name: str) -> Any:
        if asyncio.get_running_loop().time() < self.until_s:
            raise LedgerUnavailable("cut off")
        return getattr(self._ledger, name)


@dataclass
class World:
    """Some nodes before one ledger, and everything that was ever begun."""

    seed: int
    cuts: bool = False
    ledger: ModelLedger = field(init=False)
    begun: set[str] = field(default_factory=set)
    served: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.faults = Faults(random.Random(self.seed + 1), 0.3, 0.05)
        self.ledger = ModelLedger(self.faults)
        self.live: dict[str, tuple[Node, MemoryJournal, list[asyncio.Task[None]]]] = {}
        self.links: dict[str, Link] = {}
        self._born = 0

    def unix_s(self) -> float:
        return START_S + asyncio.get_running_loop().time()

    def start_node(self) -> None:
        self._born += 1
        journal = MemoryJournal()
        pace = Pace(lease_s=20.0, renew_s=1.0, store_s=2.0, wait_s=2.0, idle_s=4.0, grace_s=10.0)
        link = Link(self.ledger)
        node = Node(f"node-{self._born}", link, journal, self.unix_s, pace)
        node.start()
        self.live[node.name] = (node, journal, [])
        self.links[node.name] = link

    async def kill_node(self, name: str) -> None:
        """kill -9: its tasks stop where they are; somebody else finds its journal."""
        node, journal, calls = self.live.pop(name)
        for task in (*calls, *node._tasks):
            task.cancel()
        await asyncio.gather(*calls, *node._tasks, return_exceptions=True)
        while True:
            try:
                await self.ledger.settle(name, journal.recovered(), self.unix_s())
                await self.ledger.leave(name)
                return
            except LedgerUnavailable:
                await asyncio.sleep(0.1)

    async def call(self, node: Node, number: int) -> None:
        accounts = self.rng.sample(ACCOUNTS, self.rng.randint(0, len(ACCOUNTS)))
        most = self.rng.randint(1, 3_000)
        entry = _entry(f"{node.name}-{number}/1", accounts, most, self.unix_s())
        try:
            await node.reserve(entry, accounts)
        except (Exhausted, LedgerUnavailable):
            self.refused += 1
            return
        self.begun.add(entry.id)
        try:
            await asyncio.sleep(self.rng.random() * 8)
        except asyncio.CancelledError:
            if node.name in self.live:  # its caller has left; a node that was killed books nothing itself
                node.settle(replace(entry, time_unix_ms=int(self.unix_s() * 1000)))
            raise
        end = self.rng.random()
        now_ms = int(self.unix_s() * 1000)
        if end < 0.1:
            node.settle(replace(entry, state="voided", draws=(), time_unix_ms=now_ms))
        else:
            state = "settled" if end < 0.8 else "estimated"
            spent = self.rng.randint(0, most)
            node.settle(replace(_entry(entry.id, accounts, spent, self.unix_s(), ended=True), state=state))
        self.served += 1

    def check(self) -> None:
        for account in ACCOUNTS:
            spent = self.ledger.committed(account.id, _first(account, self.unix_s())) - self.ledger.late[account.id]
            assert spent <= account.amount, f"seed {self.seed}: {account.id} has {spent} of {account.amount}"


def _first(account: Account, now_s: float) -> int:
    """The buckets that are surely in the window now, whatever was lent in the one before."""
    window = account.limit.window
    if window.unit is not None:
        return int(now_s) // 60 * 60
    return int(now_s) - window.rolling_s if window.rolling_s else 0


def _entry(identity: str, accounts: Sequence[Account], amount: int, now_s: float, *, ended: bool = False) -> Entry:
    def of(account: Account) -> int:
        return int(not ended) if account.limit.metric == "concurrency" else amount

    draws = tuple(Draw(account.id, of(account), account.limit.window) for account in accounts)
    now_ms = int(now_s * 1000)
    return Entry(id=identity, call_id=identity, state="estimated", time_unix_ms=now_ms, operation="chat", draws=draws)


async def _live(world: World, seconds: int) -> None:
    number = 0
    for _ in range(3):
        world.start_node()
    for second in range(seconds):
        for node, _, calls in list(world.live.values()):
            for _ in range(world.rng.randint(0, 4)):
                number += 1
                calls.append(asyncio.create_task(world.call(node, number)))
        await asyncio.sleep(1.0)
        for _, _, calls in world.live.values():
            for leaving in world.rng.sample(calls, min(len(calls), 1)):
                leaving.cancel()
        world.check()
        if second % 17 == 16:
            await world.kill_node(world.rng.choice(sorted(world.live)))
            world.check()
            world.start_node()
        if world.cuts and second % 53 == 20:  # one node is cut off for longer than its slices are its own
            cut = world.links[world.rng.choice(sorted(world.live))]
            cut.until_s = asyncio.get_running_loop().time() + world.rng.random() * 60
        if second % 41 == 40:
            world.faults.gone = True
            await asyncio.sleep(world.rng.random() * 6)
            world.faults.gone = False
    for name in sorted(world.live):
        await world.kill_node(name)


def lived(seed: int, *, cuts: bool) -> World:
    async def live() -> World:
        world = World(seed, cuts)
        await _live(world, 180)
        world.check()
        return world

    return run(live())


@pytest.mark.parametrize("seed", range(20))
def test_no_limit_is_passed_and_every_attempt_is_booked_once(seed: int) -> None:
    world = lived(seed, cuts=False)
    assert not any(world.ledger.late.values())
    _check_books(world)


@pytest.mark.parametrize("seed", range(20))
def test_a_node_that_was_cut_off_passes_a_limit_by_no_more_than_it_could_not_report(seed: int) -> None:
    _check_books(lived(seed, cuts=True))


def _check_books(world: World) -> None:
    assert world.begun == set(world.ledger.entries), "every attempt has its one entry"
    assert not any(any(held.values()) for held in world.ledger.leases.values()), "nobody holds anything any more"
    booked = sum(draw.amount for entry in world.ledger.entries.values() for draw in entry.draws)
    assert booked == sum(sum(buckets.values()) for buckets in world.ledger.spent.values())
    assert world.served > 100
    assert world.refused > 20
