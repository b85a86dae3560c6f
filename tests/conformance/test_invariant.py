"""The ledger against a model of it: any order of borrowing, booking, correcting, dying and waiting."""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from openclaw.budget.ledger import Ask, Entry
from openclaw.budget.limits import Account
from openclaw.budget.slices import slice_of
from openclaw.budget.windows import Window, bucket, since
from openclaw.store.flow import Flow, Query, Transactions
from tests.conformance.world import NOW_S, World, account, entry

T = TypeVar("T")

NODES = ("a", "b", "c")
ACCOUNTS = (
    account("life", amount=100),
    account("rolling", amount=60, window=Window(rolling_s=120)),
    account("minute", amount=40, window=Window(unit="minute")),
    account("one", amount=3, metric="concurrency"),
)
LEASE_S = 100.0

an_account = st.sampled_from(ACCOUNTS)
a_node = st.sampled_from(NODES)
an_amount = st.integers(0, 30)
amounts = st.dictionaries(st.sampled_from(range(len(ACCOUNTS))), an_amount, min_size=1, max_size=3)


class Model:
    """What the port promises, in the plainest way: every sum is taken anew."""

    def __init__(self) -> None:
        self.now_s = NOW_S
        self.until_s: dict[str, float] = {}
        self.lent: dict[tuple[str, str], int] = defaultdict(int)
        self.extensions: dict[str, int] = defaultdict(int)
        self.entries: dict[str, Entry] = {}
        self.wanted: set[tuple[str, str]] = set()

    def spent(self, of: Account) -> int:
        window = of.limit.window
        return sum(
            draw.amount
            for each in self.entries.values()
            for draw in each.draws
            if draw.account_id == of.id and bucket(window, each.time_unix_ms / 1000) >= since(window, self.now_s)
        )

    def lent_in_all(self, of: Account) -> int:
        return sum(amount for (account_id, _), amount in self.lent.items() if account_id == of.id)

    def left(self, of: Account) -> int:
        return of.amount + self.extensions[of.id] - self.spent(of) - self.lent_in_all(of)

    def take(self, node: str, of_id: str, amount: int) -> None:
        self.lent[of_id, node] = max(0, self.lent[of_id, node] - amount)

    def forget(self, node: str) -> None:
        for key in [key for key in self.lent if key[1] == node]:
            del self.lent[key]
        self.wanted = {(of_id, holder) for of_id, holder in self.wanted if holder != node}


class Machine(RuleBasedStateMachine):
    def __init__(self, database: Transactions, clear: Any) -> None:
        super().__init__()
        self.clear = clear
        self.runner = asyncio.Runner()
        self.world = World(database)
        self.model = Model()
        self.calls = 0

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        try:
            for each in ACCOUNTS:
                balance = self.do(self.world.balance(each, self.model.now_s))
                assert balance.spent == self.model.spent(each)
                assert balance.lent == self.model.lent_in_all(each)
        finally:
            self.runner.close()

    @initialize()
    def begin(self) -> None:
        self.clear()
        for node in NODES[:2]:
            self.join(node)

    @rule(node=a_node)
    def join(self, node: str) -> None:
        until_s = self.model.now_s + LEASE_S
        self.do(self.world.ledger.join(node, self.model.now_s, until_s))
        self.model.until_s[node] = until_s
        self.model.forget(node)

    @rule(node=a_node, asked=amounts)
    def lease(self, node: str, asked: dict[int, int]) -> None:
        model = self.model
        asks = [Ask(ACCOUNTS[number], amount) for number, amount in asked.items() if amount]
        grants = self.do(self.world.ledger.lease(node, asks, model.now_s))
        assert len(grants) == len(asks)
        for ask, grant in zip(asks, grants, strict=True):
            of, left = ask.account, model.left(ask.account)
            alive = model.until_s.get(node, 0) > model.now_s
            assert grant.amount == (slice_of(left, ask.amount) if alive else 0)
            assert grant.left == max(0, left - grant.amount)
            assert grant.lent_to_others == model.lent_in_all(of) - model.lent[of.id, node]
            model.lent[of.id, node] += grant.amount
            if grant.amount:
                assert model.spent(of) + model.lent_in_all(of) <= of.amount + model.extensions[of.id]
            elif alive:
                model.wanted |= {(of.id, n) for (i, n), held in model.lent.items() if i == of.id and n != node and held}

    @rule(node=a_node, spent=amounts, state=st.sampled_from(["settled", "estimated", "voided"]))
    def settle(self, node: str, spent: dict[int, int], state: Any) -> None:
        self.calls += 1
        draws = () if state == "voided" else tuple((ACCOUNTS[number], amount) for number, amount in spent.items())
        booked = entry(f"c{self.calls}/1", *draws, state=state, time_s=self.model.now_s)
        self.do(self.world.settle(node, booked))
        self.model.entries[booked.id] = booked
        for draw in booked.draws:
            self.model.take(node, draw.account_id, draw.amount)

    @precondition(lambda self: self.calls)
    @rule(node=a_node, which=st.integers(0, 100), told=amounts)
    def tell_again(self, node: str, which: int, told: dict[int, int]) -> None:
        """A repeated report, or the provider's late word; only an estimate listens to it."""
        before = list(self.model.entries.values())[which % len(self.model.entries)]
        draws = tuple((ACCOUNTS[number], amount) for number, amount in told.items())
        self.do(self.world.settle(node, before, entry(before.id, *draws, time_s=self.model.now_s)))
        if before.state == "estimated":
            then = entry(before.id, *draws, time_s=before.time_unix_ms / 1000)
            self.model.entries[before.id] = then

    @rule(node=a_node, returned=amounts)
    def give_back(self, node: str, returned: dict[int, int]) -> None:
        parts = [(ACCOUNTS[number].id, amount) for number, amount in returned.items()]
        self.do(self.world.ledger.give_back(node, parts))
        for of_id, amount in parts:
            self.model.take(node, of_id, amount)

    @rule(node=a_node)
    def renew(self, node: str) -> None:
        model = self.model
        until_s = model.now_s + LEASE_S
        wanted = self.do(self.world.ledger.renew(node, model.now_s, until_s))
        if node not in model.until_s:
            assert wanted is None
            return
        model.until_s[node] = until_s
        assert wanted == sorted(of_id for of_id, holder in model.wanted if holder == node)
        model.wanted = {(of_id, holder) for of_id, holder in model.wanted if holder != node}

    @rule(node=a_node)
    def leave(self, node: str) -> None:
        self.do(self.world.ledger.leave(node))
        self.model.until_s.pop(node, None)
        self.model.forget(node)

    @rule()
    def expire(self) -> None:
        model = self.model
        dead = sorted(node for node, until_s in model.until_s.items() if until_s <= model.now_s)
        assert self.do(self.world.ledger.expire(model.now_s)) == dead
        for node in dead:
            del model.until_s[node]
            model.forget(node)

    @rule(of=an_account, amount=st.integers(-20, 40))
    def extend(self, of: Account, amount: int) -> None:
        self.do(self.world.books.extend(of.id, amount))
        self.model.extensions[of.id] += amount

    @rule(seconds=st.sampled_from([1, 7, 61, 130, -30]))
    def wait(self, seconds: int) -> None:
        """A clock may also be set back."""
        self.model.now_s += seconds


def test_any_order_of_events_keeps_every_account(database: Transactions) -> None:
    def clear() -> None:
        tables = ("entries", "runs", "spent", "leases", "nodes", "extensions", "wanted")
        database.submit(_clear(tables)).result()

    class OnThis(Machine):
        def __init__(self) -> None:
            super().__init__(database, clear)

    run_state_machine_as_test(OnThis, settings=settings(max_examples=150, stateful_step_count=40))


def _clear(tables: tuple[str, ...]) -> Flow[None]:
    for table in tables:
        yield Query(f"DELETE FROM {table}")  # noqa: S608
