"""What processes do beside their calls, on either database."""

import time

import pytest

from openclaw.budget.ledger import LedgerUnavailable
from openclaw.budget.run_tree import RunTree
from openclaw.server.upkeep import PRUNE_EVERY_S, Upkeep
from openclaw.store.books import StoredBooks
from tests.conformance.conftest import Connect
from tests.conformance.world import NOW_S, World, entry

DAY_S = 86_400


async def test_a_run_that_is_stopped_elsewhere_is_stopped_here(world: World) -> None:
    runs = RunTree()
    upkeep = Upkeep(world.books, runs, None)
    await world.settle("n", entry("c1/1", run="ada/top"), entry("c2/1", run="ada/part", parent_run="ada/top"))
    await upkeep.look()
    assert not runs.is_stopped(("ada/part", "ada/top"))
    await world.books.stop_run("ada/top", stopped=True)
    await upkeep.look()
    assert runs.is_stopped(("ada/new", "ada/top"))
    assert runs.is_stopped(("ada/part",)), "the ledger knows what it is a part of, also after a restart"
    await world.books.stop_run("ada/top", stopped=False)
    await upkeep.look()
    assert not runs.is_stopped(("ada/new", "ada/top"))


async def test_a_stopped_run_stays_stopped_while_the_store_is_gone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(books: StoredBooks) -> None:
        raise LedgerUnavailable

    runs = RunTree()
    upkeep = Upkeep(world.books, runs, None)
    await world.settle("n", entry("c1/1", run="ada/top"))
    await world.books.stop_run("ada/top", stopped=True)
    await upkeep.start()
    monkeypatch.setattr(StoredBooks, "stopped_runs", fail)
    with pytest.raises(LedgerUnavailable):
        await upkeep.look()
    assert runs.is_stopped(("ada/top",))
    await upkeep.stop()


async def test_one_of_all_processes_prunes_once_a_day(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = World(connect()), World(connect())
    now_s = NOW_S

    async def prune_everywhere() -> None:
        monkeypatch.setattr(time, "time", lambda: now_s)
        for world in (first, second):
            await Upkeep(world.books, RunTree(), 30).prune(30)

    await first.settle("n", entry("c1/1", time_s=NOW_S - 31 * DAY_S), entry("c2/1", time_s=NOW_S - 29.5 * DAY_S))
    await prune_everywhere()
    assert (len(await first.books.call("c1")), len(await first.books.call("c2"))) == (0, 1)
    now_s += PRUNE_EVERY_S - 1
    await prune_everywhere()
    assert len(await first.books.call("c2")) == 1, "a day has not passed"
    now_s += 1
    await prune_everywhere()
    assert await first.books.call("c2") == []


async def test_a_chore_falls_to_one(connect: Connect) -> None:
    first, second = World(connect()), World(connect())
    claims = [await world.books.claim("x", NOW_S + 10 * n, 30) for n in range(8) for world in (first, second)]
    assert [n for n, mine in enumerate(claims) if mine] == [0, 6, 12]
