"""The ledger, on every database: lending, booking, and what comes back."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openclaw.budget.ledger import Ask, Draw, Entry
from openclaw.budget.windows import ROLLING_BUCKETS, Window, bucket, since
from openclaw.store.flow import Transactions
from openclaw.store.ledger import counts_until_s
from openclaw.store.rows import AMOUNT_MAX
from tests.conformance.conftest import Connect
from tests.conformance.world import NOW_S, World, account, entry

CAP = account()

# --- lending


async def test_slices_shrink_and_the_last_of_it_goes_by_need(world: World) -> None:
    await world.join("a", "b")
    granted = []
    while (grant := await world.lease("a", CAP, 10)).amount:
        granted.append(grant.amount)
    assert granted[:3] == [125, 109, 95], "an eighth of what is left"
    assert granted[-1] == 10
    assert sum(granted) == 1000 - grant.left
    assert grant.left < 10
    assert (await world.lease("b", CAP, grant.left)).amount == grant.left, "exact at the end"
    assert (await world.balance(CAP)).left == 0


async def test_a_refusal_says_what_is_left_and_what_others_hold(world: World) -> None:
    await world.join("a", "b")
    await world.lease("a", CAP, 700)
    await world.lease("b", CAP, 100)
    refused = await world.lease("b", CAP, 201)
    assert (refused.amount, refused.left, refused.lent_to_others) == (0, 200, 700)


async def test_each_account_is_lent_by_itself_and_answered_in_the_order_of_the_asks(world: World) -> None:
    await world.join("a")
    small = account("a-team", 5)
    grants = await world.ledger.lease("a", [Ask(CAP, 10), Ask(small, 6), Ask(CAP, 500)], NOW_S)
    assert [(g.account_id, g.amount) for g in grants] == [(CAP.id, 125), (small.id, 0), (CAP.id, 500)]


async def test_who_is_not_known_or_whose_time_is_over_gets_nothing(world: World) -> None:
    assert (await world.lease("stranger", CAP, 10)).amount == 0
    await world.join("a", until_s=NOW_S + 30)
    assert (await world.lease("a", CAP, 10, NOW_S + 30)).amount == 0
    assert (await world.balance(CAP)).lent == 0


async def test_a_callers_own_tighter_bound_holds_for_the_same_account(world: World) -> None:
    await world.join("a")
    await world.lease("a", CAP, 300)
    tighter = account(amount=1000)
    assert (await world.lease("a", type(CAP)(tighter.limit, CAP.scope_id, 300), 1)).amount == 0
    assert (await world.lease("a", CAP, 1)).amount


# --- booking


async def test_what_is_settled_moves_from_lent_to_spent(world: World) -> None:
    await world.join("a")
    grant = await world.lease("a", CAP, 100)
    await world.settle("a", entry("c1/1", (CAP, 60)), entry("c2/1", (CAP, 5)))
    balance = await world.balance(CAP)
    assert (balance.spent, balance.lent) == (65, grant.amount - 65)


async def test_reporting_again_changes_nothing(world: World) -> None:
    await world.join("a", "b")
    await world.lease("a", CAP, 100)
    await world.settle("a", entry("c1/1", (CAP, 60)), entry("c1/1", (CAP, 60)))
    before = await world.balance(CAP)
    await world.settle("a", entry("c1/1", (CAP, 60)))
    await world.settle("b", entry("c1/1", (CAP, 10)))
    assert await world.balance(CAP) == before
    assert (await world.stored("c1/1")).draws[0].amount == 60


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("told", [40, 90])
async def test_an_estimate_is_corrected_once(world: World, told: int, at_once: bool) -> None:
    await world.join("a")
    lent = (await world.lease("a", CAP, 100)).amount
    guess = entry("c1/1", (CAP, 60), state="estimated", output_tokens=600)
    truth = entry("c1/1", (CAP, told), output_tokens=told, time_s=NOW_S + 999)
    if at_once:
        await world.settle("a", guess, truth)
    else:
        await world.settle("a", guess)
        await world.settle("a", truth)
    await world.settle("a", entry("c1/1", (CAP, 1)))
    balance = await world.balance(CAP)
    assert balance.spent == told
    assert balance.lent == lent - 60, "the slice is the node's, which knows nothing of the correction"
    stored = await world.stored("c1/1")
    assert (stored.state, stored.output_tokens, stored.cost_nanousd) == ("settled", told, told)
    assert stored.time_unix_ms == NOW_S * 1000, "it was spent then"


async def test_a_correction_counts_in_the_window_of_the_estimate(world: World) -> None:
    daily = account("daily", window=Window(unit="day"))
    await world.settle("a", entry("c1/1", (daily, 60), state="estimated"))
    tomorrow_s = NOW_S + 86_400
    await world.settle("a", entry("c1/1", (daily, 80), time_s=tomorrow_s))
    assert (await world.balance(daily)).spent == 80
    assert (await world.balance(daily, tomorrow_s)).spent == 0


@pytest.mark.parametrize("first", ["voided", "settled"])
@pytest.mark.parametrize("then", ["settled", "estimated", "voided"])
async def test_what_is_final_stays(world: World, first: Any, then: Any) -> None:
    spent = 0 if first == "voided" else 7
    await world.settle("a", entry("c1/1", (CAP, spent), state=first))
    await world.settle("a", entry("c1/1", (CAP, 50), state=then))
    assert (await world.balance(CAP)).spent == spent
    assert (await world.stored("c1/1")).state == first


async def test_more_than_the_slice_is_booked_whole(world: World) -> None:
    await world.join("a")
    lent = (await world.lease("a", CAP, 100)).amount
    await world.settle("a", entry("c1/1", (CAP, lent + 2000)))
    balance = await world.balance(CAP)
    assert (balance.spent, balance.lent) == (lent + 2000, 0)
    refused = await world.lease("a", CAP, 1)
    assert (refused.amount, refused.left) == (0, 0), "what is left is never told below nothing"


async def test_one_attempt_draws_on_all_its_accounts(world: World) -> None:
    daily = account("daily", window=Window(unit="day"))
    hourly = account("hourly", window=Window(rolling_s=3600))
    await world.settle("a", entry("c1/1", (CAP, 5), (daily, 5), (hourly, 5), (CAP, 0)))
    assert [(await world.balance(each)).spent for each in (CAP, daily, hourly)] == [5, 5, 5]


async def test_numbers_beyond_reason_do_not_keep_others_out(world: World) -> None:
    absurd = entry("c1/1", (CAP, 10**30), input_tokens=10**40, output_tokens=-5)
    await world.settle("a", absurd, entry("c2/1", (CAP, 1)))
    assert (await world.stored("c1/1")).input_tokens == AMOUNT_MAX
    assert (await world.stored("c1/1")).output_tokens == 0
    assert (await world.balance(CAP)).spent == AMOUNT_MAX + 1


async def test_an_entry_that_no_column_takes_is_left_out_alone(world: World, caplog: pytest.LogCaptureFixture) -> None:
    half = entry("c1/1", (CAP, 5), step="\ud800")
    await world.settle("a", entry("c0/1", (CAP, 1)), half, entry("c2/1", (CAP, 1)))
    assert (await world.balance(CAP)).spent == 2
    assert "an entry cannot be booked" in caplog.text
    assert "c1/1" in caplog.text


async def test_any_text_of_a_caller_is_kept_as_far_as_the_database_can(world: World) -> None:
    odd = account("a\0b")
    await world.join("a")
    assert (await world.lease("a", odd, 5)).amount
    await world.settle("a", entry("c1/1", (odd, 5), run="k/\0", tags=("\0", "ü")))
    assert (await world.balance(odd)).spent == 5
    assert (await world.stored("c1/1")).run in ("k/\0", "k/\ufffd")


_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
_COUNT = st.integers(0, 10**12)
_WINDOW = st.builds(
    Window,
    rolling_s=st.integers(0, 10**6),
    unit=st.none() | st.sampled_from(["minute", "hour", "day", "week", "month"]),
    timezone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/New_York"]),
)
_ENTRY = st.builds(
    Entry,
    id=st.just("c1/1"),
    call_id=st.just("c1"),
    state=st.sampled_from(["settled", "estimated", "voided"]),
    time_unix_ms=st.integers(10**12, 2 * 10**12),
    operation=_TEXT,
    tags=st.lists(_TEXT, max_size=3).map(tuple),
    duration_ms=st.floats(0, 1e9),
    tool_calls=_COUNT,
    reserved_nanousd=_COUNT,
    draws=st.lists(st.builds(Draw, _TEXT, _COUNT, _WINDOW), max_size=3).map(tuple),
    **dict.fromkeys(["step", "key", "organization", "team", "user", "run", "parent_run"], st.none() | _TEXT),
    **dict.fromkeys(["response_model", "error_type"], st.none() | _TEXT),
    **dict.fromkeys(["request_model", "provider_name"], _TEXT),
    **dict.fromkeys(["input_tokens", "output_tokens", "cost_nanousd"], st.none() | _COUNT),
    **dict.fromkeys(["cache_read_input_tokens", "cache_write_input_tokens"], st.none() | _COUNT),
    reasoning_output_tokens=st.none() | _COUNT,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=_ENTRY)
def test_an_entry_comes_back_as_it_was(database: Transactions, written: Entry) -> None:
    async def there_and_back() -> Entry:
        world = World(database)
        await world.books.prune(10**10)
        await world.settle("a", written)
        return await world.stored("c1/1")

    with asyncio.Runner() as runner:
        assert runner.run(there_and_back()) == written


# --- windows


async def test_what_was_spent_leaves_a_rolling_window(world: World) -> None:
    await world.join("a")
    hourly = account("hourly", amount=100, window=Window(rolling_s=3600))
    await world.settle("a", entry("c1/1", (hourly, 70)), entry("c2/1", (hourly, 30), time_s=NOW_S + 1800))
    width_s = 3600 / ROLLING_BUCKETS
    assert (await world.lease("a", hourly, 1, NOW_S + 3600)).amount == 0
    assert (await world.balance(hourly, NOW_S + 3600 + 2 * width_s)).spent == 30
    assert (await world.lease("a", hourly, 70, NOW_S + 3600 + 2 * width_s)).amount == 70
    assert (await world.balance(hourly, NOW_S + 10_000)).spent == 0


async def test_a_calendar_day_is_one_of_its_time_zone(world: World) -> None:
    daily = account("daily", window=Window(unit="day", timezone="Europe/Berlin"))  # where it is 23:13:20
    await world.settle("a", entry("c1/1", (daily, 70)))
    assert (await world.balance(daily, NOW_S + 46 * 60)).spent == 70
    assert (await world.balance(daily, NOW_S + 47 * 60)).spent == 0


@given(window=_WINDOW, time_s=st.integers(10**9, 2 * 10**9))
def test_a_bucket_that_is_past_its_time_counts_no_more(window: Window, time_s: int) -> None:
    booked_s = bucket(window, time_s)
    until_s = counts_until_s(window, booked_s)
    if until_s is None:
        assert since(window, 10**12) == booked_s
    else:
        assert since(window, until_s) > booked_s


# --- nodes


async def test_what_is_given_back_can_be_lent_again(world: World) -> None:
    await world.join("a", "b")
    await world.lease("a", CAP, 1000)
    await world.ledger.give_back("a", [(CAP.id, 300), (CAP.id, 100), ("nothing#of.it", 5)])
    assert (await world.lease("b", CAP, 400)).amount == 400
    await world.ledger.give_back("b", [(CAP.id, 5000)])
    balance = await world.balance(CAP)
    assert balance.lent == 600, "nobody gives back what it does not hold"


async def test_every_other_holder_hears_once_what_is_wanted(world: World) -> None:
    await world.join("a", "b", "c")
    await world.lease("a", CAP, 500)
    await world.lease("b", CAP, 500)
    assert await world.ledger.renew("a", NOW_S, NOW_S + 30) == []
    assert (await world.lease("c", CAP, 10)).amount == 0
    assert await world.ledger.renew("a", NOW_S, NOW_S + 30) == [CAP.id]
    assert await world.ledger.renew("a", NOW_S, NOW_S + 30) == []
    assert await world.ledger.renew("b", NOW_S, NOW_S + 30) == [CAP.id]
    assert await world.ledger.renew("c", NOW_S, NOW_S + 30) == []


async def test_a_node_that_was_silent_loses_its_slices_and_is_told(world: World) -> None:
    await world.join("a", until_s=NOW_S + 30)
    await world.join("b")
    await world.lease("a", CAP, 1000)
    assert await world.ledger.expire(NOW_S + 29) == []
    assert await world.ledger.expire(NOW_S + 30) == ["a"]
    assert await world.ledger.expire(NOW_S + 30) == []
    assert (await world.lease("b", CAP, 1000)).amount == 1000
    assert await world.ledger.renew("a", NOW_S + 31, NOW_S + 61) is None
    assert (await world.lease("a", CAP, 1, NOW_S + 31)).amount == 0


async def test_renewing_keeps_the_slices(world: World) -> None:
    await world.join("a", until_s=NOW_S + 30)
    await world.lease("a", CAP, 1000)
    assert await world.ledger.renew("a", NOW_S + 29, NOW_S + 59) == []
    assert await world.ledger.expire(NOW_S + 30) == []
    assert (await world.balance(CAP)).lent == 1000


async def test_a_node_that_joins_again_begins_without_slices(world: World) -> None:
    await world.join("a")
    await world.lease("a", CAP, 1000)
    await world.join("a")
    assert (await world.balance(CAP)).lent == 0


async def test_a_node_that_leaves_gives_all_back(world: World) -> None:
    await world.join("a")
    await world.lease("a", CAP, 1000)
    await world.settle("a", entry("c1/1", (CAP, 10)))
    await world.ledger.leave("a")
    await world.ledger.leave("a")
    balance = await world.balance(CAP)
    assert (balance.spent, balance.lent) == (10, 0)
    assert await world.ledger.renew("a", NOW_S, NOW_S + 1) is None


async def test_what_a_dead_node_spent_is_booked_after_it(world: World) -> None:
    await world.join("a", until_s=NOW_S + 30)
    await world.lease("a", CAP, 100)
    await world.ledger.expire(NOW_S + 30)
    await world.settle("a", entry("c1/1", (CAP, 60), state="estimated"))
    balance = await world.balance(CAP)
    assert (balance.spent, balance.lent) == (60, 0)


# --- several at once


@pytest.mark.parametrize("nodes", [4])
async def test_nodes_at_once_spend_all_of_a_limit_and_no_more(connect: Connect, nodes: int) -> None:
    """Each on its own connection; calls of 3, over three accounts, of which one is shared by all."""
    shared = account("shared", amount=900)
    worlds = [World(connect()) for _ in range(nodes)]

    async def spend(number: int, world: World) -> int:
        node, calls = f"n{number}", 0
        own = account(f"own-{number}", amount=10**6)
        hourly = account("hourly", amount=10**6, window=Window(rolling_s=3600))
        accounts = [shared, own, hourly] if number % 2 else [hourly, own, shared]
        await world.join(node)
        held = dict.fromkeys([of.id for of in accounts], 0)
        while True:
            lacking = [Ask(of, 3 - held[of.id]) for of in accounts if held[of.id] < 3]
            for grant in await world.ledger.lease(node, lacking, NOW_S) if lacking else ():
                held[grant.account_id] += grant.amount
            if min(held.values()) < 3:
                await world.ledger.leave(node)
                return calls
            calls += 1
            await world.settle(node, entry(f"c{number}-{calls}/1", *((of, 3) for of in accounts)))
            for of in accounts:
                held[of.id] -= 3

    calls = await asyncio.gather(*(spend(number, world) for number, world in enumerate(worlds)))
    balance = await worlds[0].balance(shared)
    assert balance.lent == 0
    assert balance.spent == 3 * sum(calls)
    assert 900 - 3 * nodes < balance.spent <= 900


async def test_the_same_report_on_two_connections_is_booked_once(connect: Connect) -> None:
    first, second = World(connect()), World(connect())
    entries = [entry(f"c{number}/1", (CAP, 1)) for number in range(100)]
    await asyncio.gather(
        first.settle("a", *entries), second.settle("a", *reversed(entries)), first.settle("b", *entries)
    )
    assert (await first.balance(CAP)).spent == 100


async def test_two_corrections_at_once_are_one(connect: Connect) -> None:
    first, second = World(connect()), World(connect())
    entries = [entry(f"c{number}/1", (CAP, 5), state="estimated") for number in range(50)]
    await first.settle("a", *entries)
    told = [entry(each.id, (CAP, 1)) for each in entries]
    await asyncio.gather(first.settle("a", *told), second.settle("b", *told))
    assert (await first.balance(CAP)).spent == 50


async def test_nothing_is_lent_to_a_node_that_is_just_taken_for_dead(connect: Connect) -> None:
    first, second = World(connect()), World(connect())
    for _ in range(50):
        await first.join("a", until_s=NOW_S + 30)
        await asyncio.gather(first.lease("a", CAP, 10), second.ledger.expire(NOW_S + 30))
        await first.ledger.expire(NOW_S + 30)
        assert (await first.balance(CAP)).lent == 0
