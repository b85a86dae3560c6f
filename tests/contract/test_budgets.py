"""Limits in front of a running gateway, with the official clients: what is refused, how, and what is booked."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from openai import OpenAI

from openclaw.budget.ledger import Entry
from openclaw.sim import Script, SimServer, ToolUse
from tests.contract.conftest import RunningGateway

# gpt-5-mini: $0.25 a million input tokens and $2 output, so a call of 500 output tokens reserves a little over $0.001.
CONFIG = """
discover: []
providers:
  openai: {{type: openai, base_url: "{sim}/v1", api_key: up-secret}}
  anthropic: {{type: anthropic, base_url: "{sim}", api_key: up-secret}}
keys:
  - {{name: small, key: sk-small, team: research, organization: acme, user: ada, tags: [ci]}}
  - {{name: fast, key: sk-fast}}
  - {{name: cheap, key: sk-cheap}}
  - {{name: free, key: sk-free}}
  - {{name: free/er, key: sk-freer}}
aliases:
  either: [openai/gpt-5-pro, openai/gpt-5-mini]
  gpt-5-mini-slow: openai/sim-slow-200
budgets:
  - {{name: total, scope: team, only: [research], cost_usd: 0.01}}
  - {{name: pace, scope: key, only: [fast], window: hour, requests: 3}}
  - {{name: at-once, scope: key, only: [fast], concurrency: 2}}
  - {{name: small, scope: key, only: [cheap], cost_usd: 0.02, on_exhausted: degrade}}
  - {{name: task, scope: run, requests: 40, depth: 1, tool_calls: 6}}
spending: {{loop_repeats_max: 3, tokens_per_byte: 1.0}}
"""
LOOK: Any = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}


@pytest.fixture(scope="module")
def sim() -> Iterator[SimServer]:
    scripts = {"gpt-5-mini": [Script(say="A short answer.")], "loop": [Script(call=(ToolUse("look", {}),))]}
    with SimServer(key="up-secret", scripts=scripts) as running:
        yield running


@pytest.fixture
def gateway(sim: SimServer) -> Iterator[RunningGateway]:
    with RunningGateway(CONFIG.format(sim=sim.url)) as running:
        yield running


def client_of(gateway: RunningGateway, key: str, **headers: str) -> OpenAI:
    return OpenAI(base_url=f"{gateway.url}/v1", api_key=key, max_retries=0, default_headers=headers)


def ask(client: OpenAI, model: str = "openai/gpt-5-mini", tokens: int = 500, **more: Any) -> Any:
    messages: Any = more.pop("messages", [{"role": "user", "content": "hi"}])
    return client.chat.completions.create(model=model, messages=messages, max_completion_tokens=tokens, **more)


def entries_of(gateway: RunningGateway, call_id: str) -> list[Entry]:
    """What the ledger says of a call, once it has been reported."""

    async def read() -> list[Entry]:
        found: list[Entry] = []
        while not found:
            await asyncio.sleep(0.01)
            found = list(await gateway.books.call(call_id))
        return found

    return asyncio.run(asyncio.wait_for(read(), 10))


def status_of(client: OpenAI, run: int) -> tuple[int, str | None]:
    try:
        ask(client, extra_headers={"x-openclaw-run": f"run-{run}"})
    except openai.APIStatusError as error:
        return error.status_code, error.code
    return 200, None


def test_money_runs_out_exactly_under_parallel_calls(gateway: RunningGateway) -> None:
    """Twenty at once, each of which reserves a seventh of the whole and spends far less: they wait for one another."""
    client = client_of(gateway, "sk-small")
    with ThreadPoolExecutor(20) as pool:
        said = list(pool.map(lambda number: status_of(client, number), range(1500)))
    spent = sum(record.cost_nanousd or 0 for record in gateway.records if record.status == 200)
    assert set(said) == {(200, None), (402, "budget_exceeded")}
    assert spent <= 10_000_000
    # The last call needs its own bound, $0.0015, and no call was refused before there was less than that.
    assert spent > 10_000_000 - 1_600_000


def test_a_refusal_says_which_limit_how_much_is_left_and_is_not_repeated_by_the_client(gateway: RunningGateway) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        ask(client_of(gateway, "sk-small"), tokens=100_000)
    assert refused.value.status_code == 402
    assert "The limit 'total' of team 'research' allows 0.01 US dollars (lifetime); 0.01 is left" in str(refused.value)
    with pytest.raises(anthropic.APIStatusError) as said:
        anthropic.Anthropic(base_url=gateway.url, api_key="sk-small", max_retries=0, timeout=60).messages.create(
            model="openai/gpt-5-mini", max_tokens=100_000, messages=[{"role": "user", "content": "hi"}]
        )
    assert said.value.status_code == 402
    body: Any = said.value.body
    assert body["error"]["type"] == "billing_error"


def test_a_rate_is_refused_with_429_and_when_to_come_back(gateway: RunningGateway) -> None:
    client = client_of(gateway, "sk-fast")
    for _ in range(3):
        ask(client)
    with pytest.raises(openai.RateLimitError) as refused:
        ask(client)
    assert 0 < int(refused.value.response.headers["retry-after"]) <= 3600
    assert refused.value.code == "rate_limit_exceeded"


def test_calls_at_the_same_time_are_bounded(gateway: RunningGateway, sim: SimServer) -> None:
    client = client_of(gateway, "sk-fast", **{"x-openclaw-budget-usd": "1000"})
    with client.chat.completions.create(
        model="openai/gpt-5-mini", messages=[{"role": "user", "content": "hi"}], stream=True
    ) as stream:
        first = next(iter(stream))
        assert first.id
    assert ask(client).choices


def test_degrade_goes_on_with_what_is_cheap_enough(gateway: RunningGateway) -> None:
    reply = ask(client_of(gateway, "sk-cheap"), model="either", tokens=2_000)
    assert reply.model == "gpt-5-mini"


def test_a_caller_may_bound_its_own_run(gateway: RunningGateway) -> None:
    client = client_of(gateway, "sk-free", **{"x-openclaw-run": "tight", "x-openclaw-budget-usd": "0.001"})
    with pytest.raises(openai.APIStatusError, match="The limit 'caller' of run 'free/tight'"):
        ask(client)
    assert ask(client, tokens=100).choices
    with pytest.raises(openai.BadRequestError, match="x-openclaw-budget-usd"):
        ask(client_of(gateway, "sk-free", **{"x-openclaw-budget-usd": "much"}))


def test_a_child_run_draws_on_its_parent_and_may_not_be_too_deep(gateway: RunningGateway) -> None:
    child = client_of(gateway, "sk-free", **{"x-openclaw-run": "child", "x-openclaw-parent-run": "top"})
    for _ in range(20):
        ask(child, tokens=10)
    top = client_of(gateway, "sk-free", **{"x-openclaw-run": "top"})
    for _ in range(20):
        ask(top, tokens=10)
    with pytest.raises(openai.APIStatusError, match="The limit 'task' of run 'free/top' allows 40 requests"):
        ask(top, tokens=10)
    deep = client_of(gateway, "sk-free", **{"x-openclaw-run": "deep", "x-openclaw-parent-run": "child"})
    with pytest.raises(openai.APIStatusError) as refused:
        ask(deep)
    assert (refused.value.status_code, refused.value.code) == (402, "run_too_deep")


def test_a_run_is_its_keys_own_whatever_the_key_is_called(gateway: RunningGateway) -> None:
    calls = []
    for key, run in (("sk-free", "er/x"), ("sk-freer", "x")):
        client = client_of(gateway, key, **{"x-openclaw-run": run})
        raw = client.chat.completions.with_raw_response.create(
            model="openai/gpt-5-mini", messages=[{"role": "user", "content": "hi"}], max_completion_tokens=10
        )
        calls += entries_of(gateway, raw.headers["x-openclaw-call"])
    assert [entry.run for entry in calls] == ["free/er/x", "free%2Fer/x"]


def conversation(rounds: int) -> list[Any]:
    messages: list[Any] = [{"role": "user", "content": "look until it is there"}]
    for number in range(rounds):
        call = {"id": f"c{number}", "type": "function", "function": {"name": "look", "arguments": "{}"}}
        messages += [{"role": "assistant", "content": None, "tool_calls": [call]}]
        messages += [{"role": "tool", "tool_call_id": f"c{number}", "content": "nothing there"}]
    return messages


def test_an_agent_that_goes_in_circles_is_stopped(gateway: RunningGateway) -> None:
    client = client_of(gateway, "sk-free")
    assert ask(client, messages=conversation(2), tools=[LOOK]).choices
    with pytest.raises(openai.APIStatusError) as refused:
        ask(client, messages=conversation(3), tools=[LOOK])
    assert (refused.value.status_code, refused.value.code) == (402, "loop_detected")


def test_a_call_is_booked_with_who_paid_for_what(gateway: RunningGateway) -> None:
    client = client_of(gateway, "sk-small", **{"x-openclaw-run": "r1", "x-openclaw-step": "plan"})
    raw = client.chat.completions.with_raw_response.create(
        model="openai/gpt-5-mini", messages=[{"role": "user", "content": "hi"}], max_completion_tokens=500
    )
    usage = raw.parse().usage
    assert usage is not None
    (entry,) = entries_of(gateway, raw.headers["x-openclaw-call"])
    assert (entry.key, entry.team, entry.organization, entry.user, entry.tags) == (
        "small",
        "research",
        "acme",
        "ada",
        ("ci",),
    )
    assert (entry.run, entry.step, entry.state) == ("small/r1", "plan", "settled")
    assert (entry.input_tokens, entry.output_tokens) == (usage.prompt_tokens, usage.completion_tokens)
    assert entry.cost_nanousd == usage.prompt_tokens * 250 + usage.completion_tokens * 2000
    assert raw.headers["x-openclaw-cost-usd"] == f"{entry.cost_nanousd / 1e9:.9f}".rstrip("0")
    left = float(raw.headers["x-openclaw-budget-left-usd"])
    assert left == pytest.approx(0.01 - entry.cost_nanousd / 1e9)


def test_a_stream_that_its_caller_leaves_is_booked_at_an_estimate(gateway: RunningGateway) -> None:
    body = {
        "model": "openai/gpt-5-mini",
        "stream": True,
        "max_completion_tokens": 500,
        "messages": [{"role": "user", "content": "hi"}],
    }
    script = '{"say": "one two three four five six seven eight nine ten", "token_ms": 50}'
    headers = {"authorization": "Bearer sk-small", "x-sim": script}
    with httpx2.stream("POST", f"{gateway.url}/v1/chat/completions", json=body, headers=headers) as response:
        call_id = response.headers["x-openclaw-call"]
        next(response.iter_bytes())
    (entry,) = entries_of(gateway, call_id)
    assert entry.state == "estimated"
    assert entry.error_type == "cancelled"
    assert 0 < (entry.cost_nanousd or 0) < entry.reserved_nanousd


def test_an_attempt_that_was_refused_costs_nothing(gateway: RunningGateway) -> None:
    with pytest.raises(openai.APIStatusError) as failed:
        ask(client_of(gateway, "sk-free"), model="openai/sim-error-400")
    (entry,) = entries_of(gateway, failed.value.response.headers["x-openclaw-call"])
    assert (entry.state, entry.cost_nanousd, entry.error_type) == ("voided", 0, "bad_request")


def test_a_price_that_is_not_known_is_refused_under_a_limit_in_dollars_and_null_without(
    gateway: RunningGateway,
) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        ask(client_of(gateway, "sk-small"), model="openai/nobody-knows")
    assert (refused.value.status_code, refused.value.code) == (402, "unknown_price")
    client = client_of(gateway, "sk-free")
    raw = client.chat.completions.with_raw_response.create(
        model="openai/nobody-knows", messages=[{"role": "user", "content": "hi"}]
    )
    assert "x-openclaw-cost-usd" not in raw.headers
    (entry,) = entries_of(gateway, raw.headers["x-openclaw-call"])
    assert entry.cost_nanousd is None
    assert entry.state == "settled"


@pytest.mark.parametrize("model", ["openai/gpt-5-mini", "anthropic/claude-sonnet-4-5"])
def test_who_asks_as_at_openrouter_finds_the_cost_in_the_usage(gateway: RunningGateway, model: str) -> None:
    client = client_of(gateway, "sk-free")
    asks: Any = {"usage": {"include": True}}
    usage = ask(client, model=model, extra_body=asks).usage
    (record,) = [record for record in gateway.records if record.cost_nanousd is not None][-1:]
    assert usage.cost == pytest.approx((record.cost_nanousd or 0) / 1e9)
    details = usage.cost_details
    parts = details["upstream_inference_prompt_cost"] + details["upstream_inference_completions_cost"]
    assert parts == pytest.approx(usage.cost)
    *_, last = ask(client, model=model, extra_body=asks, stream=True)
    assert last.usage.cost == pytest.approx(usage.cost)
    assert "usage" not in str(getattr(ask(client, model=model).usage, "cost", ""))
