"""The rules of budgets: windows, accounts, bounds, runs, loops, and a node's book."""

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw.budget.book import Book
from openclaw.budget.bounds import Bound, Policy, bound_of, cost_bound_nanousd, estimated
from openclaw.budget.ledger import Draw
from openclaw.budget.limits import Limit, Limits
from openclaw.budget.loops import repetitions, results_brought
from openclaw.budget.run_tree import RunTree
from openclaw.budget.runs import BadRunHeader, identify_run
from openclaw.budget.slices import slice_of
from openclaw.budget.windows import LIFETIME, Window, bucket, resets_s, since
from openclaw.calls import Call, HostedTool, Image, Message, Source, Text, ToolCall, ToolResult, Usage
from openclaw.catalog.profile import ModelProfile, Price, Rate, Tier, cost_nanousd
from openclaw.gateway.spending import is_believable, only_believable

# --- windows


BERLIN = Window(unit="day", timezone="Europe/Berlin")
KATHMANDU = Window(unit="day", timezone="Asia/Kathmandu")


def at(text: str, zone: str = "+00:00") -> float:
    return datetime.datetime.fromisoformat(text + zone).timestamp()


@pytest.mark.parametrize(
    ("window", "now", "start", "end"),
    [
        (Window(unit="minute"), "2026-11-25T10:20:30", "2026-11-25T10:20:00", "2026-11-25T10:21:00"),
        (Window(unit="hour"), "2026-11-25T10:20:30", "2026-11-25T10:00:00", "2026-11-25T11:00:00"),
        (Window(unit="day"), "2026-11-25T10:20:30", "2026-11-25T00:00:00", "2026-11-26T00:00:00"),
        (Window(unit="week"), "2026-11-25T10:20:30", "2026-11-23T00:00:00", "2026-11-30T00:00:00"),
        (Window(unit="month"), "2026-12-31T23:59:59", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
        (Window(unit="month"), "2028-02-29T12:00:00", "2028-02-01T00:00:00", "2028-03-01T00:00:00"),
        # Clocks in Berlin went forward on 29 March 2026: that day began at 23:00 UTC and had 23 hours.
        (
            Window(unit="day", timezone="Europe/Berlin"),
            "2026-03-29T12:00:00",
            "2026-03-28T23:00:00",
            "2026-03-29T22:00:00",
        ),
        (
            Window(unit="day", timezone="Asia/Kathmandu"),
            "2026-11-25T10:20:30",
            "2026-11-24T18:15:00",
            "2026-11-25T18:15:00",
        ),
    ],
)
def test_a_calendar_window_is_its_unit_where_it_is_counted(window: Window, now: str, start: str, end: str) -> None:
    now_s = at(now)
    assert bucket(window, now_s) == since(window, now_s) == at(start)
    assert resets_s(window, now_s) == at(end) - now_s


@given(st.integers(1, 10**7), st.integers(0, 10**9), st.integers(0, 10**8))
def test_a_rolling_window_counts_all_that_is_in_it_and_little_more(width_s: int, then_s: int, later_s: int) -> None:
    window = Window(rolling_s=width_s)
    counts = bucket(window, then_s) >= since(window, then_s + later_s)
    if later_s <= width_s:
        assert counts
    if later_s > width_s + 2 * max(1, width_s // 60):
        assert not counts


def test_a_lifetime_never_resets() -> None:
    assert (bucket(LIFETIME, 1e9), since(LIFETIME, 2e9), resets_s(LIFETIME, 1e9)) == (0, 0, None)


# --- accounts


def limit(**fields: Any) -> Limit:
    return Limit(**{"name": "l", "scope": "key", "metric": "requests", "amount": 10, **fields})


def test_accounts_are_of_the_scopes_that_a_limit_is_for() -> None:
    limits = Limits([limit(name="each"), limit(name="one", only=frozenset({"a"})), limit(name="tag", scope="tag")])
    found = [account.id for account in limits.accounts({"key": ("b",), "tag": ("x", "y"), "run": ("r",)})]
    assert found == ["key:b#each.requests", "tag:x#tag.requests", "tag:y#tag.requests"]
    assert [account.id for account in limits.accounts({"key": ("a",)})] == ["key:a#each.requests", "key:a#one.requests"]


def test_an_account_has_its_allowance_on_top() -> None:
    (account,) = Limits([limit(allowance=3)]).accounts({"key": ("a",)})
    assert account.amount == 13


@given(st.integers(-10, 10**9), st.integers(0, 10**9))
def test_a_slice_is_what_is_needed_at_least_and_never_more_than_is_left(left: int, asked: int) -> None:
    lent = slice_of(left, asked)
    assert lent == 0 if asked > left else asked <= lent <= left


# --- the book


def draw(account_id: str, amount: int) -> Draw:
    return Draw(account_id, amount, LIFETIME)


def test_all_accounts_are_reserved_or_none() -> None:
    book = Book()
    book.grant("a", 10)
    book.grant("b", 5)
    assert not book.reserve("1", [draw("a", 6), draw("b", 6)])
    assert (book.idle("a"), book.idle("b")) == (10, 5)
    assert book.lacking([draw("a", 6), draw("b", 6)]) == [draw("b", 1)]
    assert book.reserve("1", [draw("a", 6), draw("b", 5)])
    assert book.reserve("1", [draw("a", 6), draw("b", 5)]), "the same again is the same"
    assert (book.idle("a"), book.idle("b")) == (4, 0)


def test_what_is_not_spent_comes_back_and_once_only() -> None:
    book = Book()
    book.grant("a", 10)
    book.reserve("1", [draw("a", 8)])
    assert book.settle("1", [draw("a", 3)])
    assert not book.settle("1", [draw("a", 3)])
    assert (book.idle("a"), book.reserved("a"), book.under_way) == (7, 0, 0)


def test_what_is_reserved_is_not_given_back() -> None:
    book = Book()
    book.grant("a", 10)
    book.reserve("1", [draw("a", 8)])
    assert book.take_idle(["a", "b"]) == [("a", 2)]
    assert book.take_idle(["a"]) == []
    book.settle("1", [])
    assert book.take_idle(["a"]) == [("a", 8)]
    assert book.held() == []


def test_a_slice_that_is_lost_is_not_spent_again_by_what_was_under_way() -> None:
    book = Book()
    book.grant("a", 10)
    book.reserve("1", [draw("a", 8)])
    book.lose_all()
    book.grant("a", 5)
    assert book.settle("1", [draw("a", 4)])
    assert book.idle("a") == 1, "the ledger took it out of the new slice too"


# --- bounds

PRICE = Price(
    Rate(input=1000, output=10_000, cache_read=100, cache_write=1250, cache_write_1h=2000),
    (Tier(200_000, Rate(input=2000, output=15_000, cache_read=200)),),
)
PROFILE = ModelProfile(provider="p", id="m", context_tokens_max=100_000, output_tokens_max=8_000, price=PRICE)


def call(*messages: Message, **fields: Any) -> Call:
    return Call(dialect="chat", model="m", messages=messages, **fields)


def test_a_byte_is_a_token_at_most_and_the_answer_is_as_long_as_it_may_be() -> None:
    asked = call(Message("user", "x" * 500), max_output_tokens=300, n=2)
    assert bound_of(asked, 600, PROFILE, Policy()) == Bound(2_000 + 600, 600)
    assert bound_of(asked, 600, PROFILE, Policy(tokens_per_byte=0.5)) == Bound(2_000 + 300, 600)


def test_without_a_bound_the_model_sets_it_and_the_operator_may_lower_it() -> None:
    assert bound_of(call(), 0, PROFILE, Policy()).output_tokens == 8_000
    assert bound_of(call(), 0, PROFILE, Policy(output_tokens_max=1_000)).output_tokens == 1_000
    assert bound_of(call(), 0, None, Policy()).output_tokens == 128_000


def test_no_call_has_more_input_than_the_context() -> None:
    assert bound_of(call(), 10**7, PROFILE, Policy()).input_tokens == 100_000
    hosted = call(tools=(HostedTool("chat", "web_search", {}),))
    assert bound_of(hosted, 10, PROFILE, Policy()).input_tokens == 100_000
    assert bound_of(call(extra={"previous_response_id": "r"}), 10, PROFILE, Policy()).input_tokens == 100_000


def test_a_picture_counts_as_one_and_not_as_its_bytes() -> None:
    data = "A" * 2_000_000
    profile = ModelProfile(provider="p", id="m", context_tokens_max=10**7)
    inline = call(Message("user", (Image(Source(data=data, media_type="image/png")), Text("what?"))))
    assert bound_of(inline, len(data) + 100, profile, Policy()).input_tokens == 2_000 + 48_169 + 100
    linked = call(Message("user", (Image(Source(url="https://x/y.png")),)))
    assert bound_of(linked, 100, profile, Policy()).input_tokens == 2_000 + 48_169 + 100


usages = st.builds(
    lambda parts, output: Usage(
        input_tokens=sum(parts),
        output_tokens=output,
        cache_read_input_tokens=parts[1],
        cache_write_input_tokens=parts[2] + parts[3],
        cache_write_1h_input_tokens=parts[3],
    ),
    st.tuples(*[st.integers(0, 100_000)] * 4),
    st.integers(0, 100_000),
)


@given(usages, st.integers(0, 10_000), st.integers(0, 10_000))
def test_no_usage_within_the_bound_costs_more_than_is_reserved(usage: Usage, more_in: int, more_out: int) -> None:
    assert isinstance(usage.input_tokens, int)
    assert isinstance(usage.output_tokens, int)
    cost = cost_nanousd(usage, PRICE)
    bound = Bound(usage.input_tokens + more_in, usage.output_tokens + more_out)
    assert cost is not None
    assert cost <= cost_bound_nanousd(bound, PRICE)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**8), st.integers(0, 10**8), st.floats(0, 10**4))
def test_an_estimate_is_never_more_than_was_reserved(i: int, o: int, body: int, received: int, waited: float) -> None:
    guess = estimated(Bound(i, o), body, received, waited)
    assert guess.input_tokens <= i
    assert guess.output_tokens <= o


# --- runs


def run_of(request: Any = None, **headers: str) -> tuple[str, str]:
    found = identify_run({k.replace("_", "-").encode(): v.encode() for k, v in headers.items()}, request or call())
    return found.run, found.source


CLAUDE = "user_abc_account__session_0a1b2c3d-0000-1111-2222-333344445555"


@pytest.mark.parametrize(
    ("request_fields", "headers", "expected"),
    [
        ({"extra": {"session_id": "s"}}, {"x_openclaw_run": "mine"}, ("mine", "x-openclaw-run")),
        ({"extra": {"session_id": "s"}}, {"x_session_id": "h"}, ("s", "session_id")),
        ({"metadata": {"run_id": "m"}}, {"x_session_id": "h"}, ("h", "x-session-id")),
        ({"metadata": {"thread_id": "m"}, "prompt_cache_key": "k"}, {}, ("m", "metadata.thread_id")),
        ({"user": CLAUDE}, {}, ("0a1b2c3d-0000-1111-2222-333344445555", "metadata.user_id")),
        ({"user": '{"device_id":"d","session_id":"sess"}'}, {}, ("sess", "metadata.user_id")),
        ({"user": '{"session_id":1}', "prompt_cache_key": "k"}, {}, ("k", "prompt_cache_key")),
        ({}, {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}, ("a" * 32, "traceparent")),
    ],
)
def test_the_first_that_names_a_run_tells_it(request_fields: Any, headers: Any, expected: tuple[str, str]) -> None:
    assert run_of(call(**request_fields), **headers) == expected


def test_a_conversation_is_one_run_while_it_grows_and_another_begins_another() -> None:
    first = Message("user", "build it")
    begun = run_of(call(Message("system", "be brief"), first))
    grown = run_of(call(Message("system", "be brief"), first, Message("assistant", "ok"), Message("user", "more")))
    assert begun == grown
    assert run_of(call(Message("system", "be brief"), Message("user", "build another"))) != begun
    assert run_of(call(first)) != begun


@pytest.mark.parametrize("name", ["", " ", "x" * 129, "a b", "ü", "a\nb"])
def test_a_run_that_cannot_be_a_name_is_refused_where_it_is_ours_and_digested_elsewhere(name: str) -> None:
    with pytest.raises(BadRunHeader):
        identify_run({b"x-openclaw-run": name.encode("latin-1")}, call())
    if name.strip():
        assert run_of(call(extra={"session_id": name}))[0].startswith("auto-")


def test_a_runs_parents_are_a_line_whatever_callers_say() -> None:
    tree = RunTree()
    tree.join("a", None, 1.0)
    tree.join("b", "a", 2.0)
    tree.join("c", "b", 3.0)
    assert tree.path("c") == ("c", "b", "a")
    tree.join("a", "c", 4.0)
    assert tree.path("a") == ("a",), "a run is not under itself"
    tree.join("c", "z", 5.0)
    assert tree.path("c") == ("c", "b", "a"), "a run does not move"
    assert tree.join("c", None, 6.0).started_s == 3.0


def test_a_run_is_stopped_with_one_above_it() -> None:
    tree = RunTree()
    tree.join("b", "a", 1.0)
    assert not tree.is_stopped(tree.path("b"))
    tree.stopped = frozenset({"a"})
    assert tree.is_stopped(tree.path("b"))
    assert not tree.is_stopped(tree.path("c"))


# --- loops


def turn(number: int, arguments: str, result: str) -> tuple[Message, Message]:
    called = Message("assistant", (ToolCall(f"c{number}", "look", arguments),))
    return called, Message("tool", (ToolResult(f"c{number}", result),))


def test_a_repetition_is_the_same_call_with_the_same_result() -> None:
    alike = [message for n in range(3) for message in turn(n, "{}", "nothing")]
    assert repetitions(alike) == (3, "look")
    assert repetitions([*alike, *turn(3, "{}", "there it is")]) == (1, "look")
    assert repetitions([*alike, *turn(3, '{"x":1}', "nothing")]) == (1, "look")
    assert repetitions([*alike, Message("user", "go on")]) == (0, "")
    assert repetitions([]) == (0, "")


def test_results_that_a_call_brings_are_those_since_the_model_spoke() -> None:
    called = Message("assistant", (ToolCall("1", "a", "{}"), ToolCall("2", "b", "{}")))
    both = Message("user", (ToolResult("1", "x"), ToolResult("2", "y"), Text("and?")))
    assert results_brought([called, both]) == 2
    assert results_brought([called, both, Message("assistant", "done"), Message("user", "more")]) == 0


# --- what a provider says that it used


@pytest.mark.parametrize(
    ("usage", "believable"),
    [
        (Usage(input_tokens=1, output_tokens=0), True),
        (Usage(input_tokens=1), False),
        (Usage(input_tokens=-1, output_tokens=5), False),
        (Usage(input_tokens=1, output_tokens=10**40), False),
        (Usage(input_tokens=1, output_tokens=1, cache_read_input_tokens=-5), False),
    ],
)
def test_usage_that_no_answer_has_is_not_believed(usage: Usage, believable: bool) -> None:
    assert is_believable(usage) is believable
    kept = only_believable(usage)
    assert all(0 <= (getattr(kept, name) or 0) <= 10**12 for name in ("input_tokens", "output_tokens"))
    assert (kept.input_tokens == usage.input_tokens) is (0 <= (usage.input_tokens or 0) <= 10**12)
