"""A PostgreSQL server that dies, comes back, or stands still."""

import asyncio

import pytest

from openclaw.budget.ledger import Entry, LedgerUnavailable
from openclaw.gateway.kept import StoreUnavailable
from openclaw.store.postgres import Postgres
from openclaw.store.responses import StoredResponses
from tests.conformance.conftest import Connect, Server
from tests.conformance.world import NOW_S, World, account, entry

CAP = account(amount=10**6)

pytestmark = pytest.mark.parametrize("connect", ["postgres"], indirect=True)


async def test_nothing_is_lost_or_doubled_when_the_server_dies_again_and_again(
    connect: Connect, server: Server
) -> None:
    """A node reports until it is heard, as its journal makes it. The server dies at any moment of that."""
    world = World(connect())
    await world.join("a")
    await world.lease("a", CAP, 1000)
    unheard = 0
    dying: asyncio.Task[None] | None = None
    for number in range(300):
        if number % 70 == 30:
            dying = asyncio.create_task(asyncio.to_thread(_die_and_come_back, server))
        batch = [entry(f"c{number}-{part}/1", (CAP, 1)) for part in range(10)]
        while not await _is_heard(world, batch):
            unheard += 1
    assert dying is not None
    await dying
    assert unheard, "it never died under a report: does this test still do what it says?"
    assert (await world.balance(CAP)).spent == 3000


def _die_and_come_back(server: Server) -> None:
    server.crash()
    server.start()


async def _is_heard(world: World, batch: list[Entry]) -> bool:
    try:
        await world.settle("a", *batch)
    except LedgerUnavailable:
        await asyncio.sleep(0.01)
        return False
    return True


async def test_what_was_lent_is_still_lent_after_a_restart(connect: Connect, server: Server) -> None:
    world = World(connect())
    await world.join("a")
    lent = (await world.lease("a", CAP, 1000)).amount
    await asyncio.to_thread(server.crash)
    with pytest.raises(LedgerUnavailable):
        await world.lease("a", CAP, 1000)
    await asyncio.to_thread(server.start)
    assert (await world.balance(CAP)).lent == lent
    assert await world.ledger.renew("a", NOW_S, NOW_S + 30) == []


async def test_a_server_that_stands_still_holds_nobody_up(connect: Connect, server: Server) -> None:
    connect()
    database = Postgres(server.url(), timeout_s=0.3)
    world = World(database)
    await world.join("a")
    resume = server.pause()
    try:
        async with asyncio.timeout(3):
            for _ in range(2):
                with pytest.raises(LedgerUnavailable):
                    await world.lease("a", CAP, 10)
            with pytest.raises(StoreUnavailable):
                await StoredResponses(database, days=1).find("me", "resp")
    finally:
        resume()
    async with asyncio.timeout(10):
        while not await _is_heard(world, [entry("c1/1", (CAP, 1))]):
            pass
    database.close()


async def test_a_call_that_is_given_up_leaves_no_lock_behind(connect: Connect) -> None:
    first, second = World(connect()), World(connect())
    await first.join("a", "b")
    for _ in range(20):
        giving_up = asyncio.create_task(first.lease("a", CAP, 10))
        await asyncio.sleep(0)
        giving_up.cancel()
        await asyncio.gather(giving_up, return_exceptions=True)
    assert (await second.lease("b", CAP, 10)).amount
