"""Reading the ledger, on every database."""

from typing import Any

import pytest

from openclaw.budget.books import SpendRow
from openclaw.budget.ledger import Entry
from openclaw.budget.limits import ScopeKind
from openclaw.budget.windows import Window
from openclaw.store.database import Database
from tests.conformance.world import NOW_S, World, account, entry, ids, rows

HOUR_S, DAY_S = 3600, 86_400
CAP = account()


def call(number: int, cost: int | None, time_s: float = NOW_S, **fields: Any) -> Entry:
    return entry(f"c{number}/1", time_s=time_s, cost_nanousd=cost, input_tokens=10, output_tokens=2, **fields)


async def fill(world: World) -> None:
    """Two keys of one team; three calls, of which one took two attempts and one has no price."""
    mine: dict[str, Any] = {
        "key": "ada",
        "team": "research",
        "user": "ada",
        "organization": "acme",
        "tags": ("ci", "nightly"),
    }
    target: dict[str, Any] = {"request_model": "fast", "provider_name": "openai", "response_model": "gpt"}
    await world.settle(
        "n",
        entry("c1/1", state="voided", cost_nanousd=None, error_type="overloaded", **mine, **target),
        entry("c1/2", cost_nanousd=5, input_tokens=10, output_tokens=1, cache_read_input_tokens=8, **mine, **target),
        entry(
            "c2/1",
            state="estimated",
            cost_nanousd=20,
            input_tokens=1,
            time_s=NOW_S + HOUR_S,
            key="bob",
            team="research",
        ),
        entry("c3/1", cost_nanousd=None, cache_write_input_tokens=4, time_s=NOW_S + DAY_S, key="ada", tags=("ci",)),
    )


def brief(row: SpendRow) -> tuple[str | None, int, int]:
    return row.scope_id, row.requests, row.cost_nanousd


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("gateway", [(None, 3, 25)]),
        ("key", [("bob", 1, 20), ("ada", 2, 5)]),
        ("team", [("research", 2, 25), (None, 1, 0)]),
        ("user", [(None, 2, 20), ("ada", 1, 5)]),
        ("organization", [(None, 2, 20), ("acme", 1, 5)]),
        ("tag", [(None, 1, 20), ("ci", 2, 5), ("nightly", 1, 5)]),
        ("route", [("", 2, 20), ("fast", 1, 5)]),
        ("model", [(None, 2, 20), ("gpt", 1, 5)]),
        ("provider", [("", 2, 20), ("openai", 1, 5)]),
        ("run", [(None, 3, 25)]),
    ],
)
async def test_spending_by_any_scope_is_largest_first(
    world: World, by: ScopeKind, expected: list[tuple[str | None, int, int]]
) -> None:
    await fill(world)
    assert [brief(row) for row in await world.books.spend(by, NOW_S, NOW_S + 2 * DAY_S)] == expected


async def test_a_row_of_spending_counts_all_of_it(world: World) -> None:
    await fill(world)
    (row,) = await world.books.spend("gateway", NOW_S, NOW_S + 2 * DAY_S)
    assert row == SpendRow(
        scope_id=None,
        period_s=None,
        requests=3,
        input_tokens=11,
        output_tokens=1,
        cache_read_input_tokens=8,
        cache_write_input_tokens=4,
        cost_nanousd=25,
        unpriced=1,
        estimated=1,
    )


async def test_spending_can_be_narrowed_to_a_time_and_to_scopes(world: World) -> None:
    await fill(world)
    books = world.books
    assert [brief(row) for row in await books.spend("key", NOW_S, NOW_S + HOUR_S)] == [("ada", 1, 5)]
    until_s = NOW_S + 2 * DAY_S
    only: dict[ScopeKind, str] = {"tag": "ci", "key": "ada", "gateway": ""}
    assert [brief(row) for row in await books.spend("key", NOW_S, until_s, only=only)] == [("ada", 2, 5)]
    assert await books.spend("key", NOW_S, until_s, only={"tag": "nobody's"}) == []
    assert await books.spend("key", NOW_S + 10 * DAY_S, NOW_S + 11 * DAY_S) == []


async def test_periods_are_whole_hours_and_days_of_utc(world: World) -> None:
    await fill(world)
    until_s = NOW_S + 2 * DAY_S
    days = await world.books.spend("gateway", NOW_S, until_s, "day")
    assert [(row.period_s, row.cost_nanousd) for row in days] == [(1_699_920_000, 25), (1_700_006_400, 0)]
    hours = await world.books.spend("key", NOW_S, until_s, "hour", {"team": "research"})
    assert [(row.period_s, row.scope_id) for row in hours] == [(1_699_999_200, "ada"), (1_700_002_800, "bob")]


async def test_the_attempts_of_a_call_come_in_order(world: World) -> None:
    entries = [entry(f"c1/{number}") for number in range(1, 13)]
    await world.settle("n", *reversed(entries), entry("c10/1"), entry("c/1"), entry("C1/1"))
    assert await world.books.call("c1") == entries
    assert await world.books.call("c2") == []


async def test_a_run_adds_up_its_steps(world: World) -> None:
    run: dict[str, Any] = {"run": "ada/r1", "key": "ada", "parent_run": "ada/r0"}
    await world.settle("n", call(1, 5, tool_calls=2, **run), call(2, None, NOW_S + 60, **run))
    await world.settle("n", entry("c2/2", time_s=NOW_S + 61, state="voided", cost_nanousd=None, **run))
    await world.settle("n", call(3, 100, run="bob/r1", key="bob", time_s=NOW_S + 10))
    found = await world.books.run("ada/r1")
    assert found is not None
    assert (found.parent_run, found.key, found.started_s, found.last_s) == ("ada/r0", "ada", NOW_S, NOW_S + 61)
    assert (found.steps, found.tool_calls, found.input_tokens, found.output_tokens) == (2, 2, 20, 4)
    assert (found.cost_nanousd, found.unpriced_steps, found.stopped) == (5, 1, False)
    assert await world.books.run("ada/r2") is None


async def test_runs_come_newest_first(world: World) -> None:
    await world.settle("n", *(call(n, 1, NOW_S + n, run=f"k{n % 2}/r{n}", key=f"k{n % 2}") for n in range(6)))
    assert [row.run for row in await world.books.runs(NOW_S + 3)] == ["k1/r5", "k0/r4", "k1/r3"]
    assert [row.run for row in await world.books.runs(NOW_S, key="k1", limit=2)] == ["k1/r5", "k1/r3"]


async def test_a_run_is_stopped_and_let_go_on(world: World) -> None:
    await world.settle("n", call(1, 5, run="ada/r1"))
    assert await world.books.stop_run("ada/r1", stopped=True)
    assert (await world.books.run("ada/r1")).stopped
    await world.settle("n", call(2, 5, run="ada/r1"))
    assert (await world.books.runs(NOW_S))[0].stopped, "another step does not undo it"
    assert await world.books.stop_run("ada/r1", stopped=False)
    assert not (await world.books.run("ada/r1")).stopped
    assert not await world.books.stop_run("ada/r2", stopped=True)


async def test_an_extension_is_what_may_be_spent_more(world: World) -> None:
    await world.join("a")
    await world.lease("a", CAP, 1000)
    assert (await world.lease("a", CAP, 50)).amount == 0
    await world.books.extend(CAP.id, 60)
    await world.books.extend(CAP.id, -10)
    assert (await world.lease("a", CAP, 50)).amount == 50
    balance = await world.balance(CAP)
    assert (balance.amount, balance.lent, balance.left) == (1050, 1050, 0)


async def test_an_export_has_every_entry_of_a_time_oldest_first(world: World) -> None:
    """More than a page, and more of one instant than a page."""
    entries = [entry(f"c{number:04}/1", time_s=NOW_S + number // 1500) for number in range(3200)]
    await world.settle("n", *entries)
    exported = [each async for each in world.books.export(NOW_S, NOW_S + 2)]
    assert ids(exported) == ids(entries[:3000])
    assert [each.id async for each in world.books.export(NOW_S + 0.5, NOW_S + 1.5)] == ids(entries[1500:3000])


async def test_pruning_keeps_what_windows_still_count(world: World) -> None:
    daily, monthly = account("d", window=Window(unit="day")), account("m", window=Window(unit="month"))
    task = account("ada/old", scope="run")
    await world.settle("n", entry("c1/1", (CAP, 1), (daily, 1), (monthly, 1), (task, 1), run="ada/old"))
    later_s = NOW_S + 3 * DAY_S
    await world.settle("n", entry("c2/1", (CAP, 1), time_s=later_s, run="ada/new"))
    assert await world.books.prune(later_s) == 1
    assert await world.books.call("c1") == []
    assert [row.run for row in await world.books.runs(0)] == ["ada/new"]
    assert [(await world.balance(each)).spent for each in (CAP, monthly, daily, task)] == [2, 1, 0, 0]
    assert await world.books.prune(later_s) == 0


async def test_pruning_gives_the_space_back(database: object, world: World) -> None:
    if not isinstance(database, Database):
        pytest.skip("PostgreSQL's autovacuum keeps its files, for rows to come")
    await world.settle("n", *(entry(f"c{number}/1", error_type="x" * 2000) for number in range(1000)))
    (before,) = (await database.read(rows("PRAGMA page_count")))[0]
    assert await world.books.prune(NOW_S + 1) == 1000
    (after,) = (await database.read(rows("PRAGMA page_count")))[0]
    assert after < before / 4
