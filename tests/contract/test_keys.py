"""Caller keys that are made while the gateway runs, by the admin API, and used by official clients."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI

from openclaw.sim import Script, SimServer
from tests.contract.conftest import RunningGateway
from tests.specifications import assert_valid, needs_specifications

TOKEN = "an-admin-token-of-tests"
CONFIG = """
discover: []
admin: {{token: an-admin-token-of-tests}}
providers:
  openai: {{type: openai, base_url: "{sim}/v1", api_key: up-secret}}
aliases: {{fast: openai/gpt-5-mini}}
budgets:
  - {{name: pace, scope: key, window: hour, requests: 50}}
  - {{name: month, scope: team, window: month, cost_usd: 100.0}}
"""
DEADLINE_S = 20.0


@pytest.fixture(scope="module")
def sim() -> Iterator[SimServer]:
    with SimServer(key="up-secret", scripts={"gpt-5-mini": [Script(say="A short answer.")]}) as running:
        yield running


@pytest.fixture
def gateway(sim: SimServer) -> Iterator[RunningGateway]:
    with RunningGateway(CONFIG.format(sim=sim.url)) as running:
        yield running


class AdminClient:
    def __init__(self, gateway: RunningGateway, token: str = TOKEN) -> None:
        self._url = gateway.admin_url
        self._headers = {"authorization": f"Bearer {token}"}

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200, **query: Any) -> Any:
        more: dict[str, Any] = {"params": query} if query else {}  # empty ones would take those of the path away
        url = f"{self._url}{path}"
        response = httpx2.request(method, url, json=body, headers=self._headers, timeout=DEADLINE_S, **more)
        assert response.status_code == status, response.text
        return response.json()

    def key(self, name: str = "ci", **fields: Any) -> Any:
        return self("POST", "/keys", {"name": name, **fields}, 201)


@pytest.fixture
def admin(gateway: RunningGateway) -> AdminClient:
    return AdminClient(gateway)


def client_of(gateway: RunningGateway, key: str) -> OpenAI:
    return OpenAI(base_url=f"{gateway.url}/v1", api_key=key, max_retries=0, timeout=DEADLINE_S)


def ask(gateway: RunningGateway, key: str, model: str = "openai/gpt-5-mini", **more: Any) -> Any:
    messages: Any = [{"role": "user", "content": "hi"}]
    client = client_of(gateway, key)
    return client.chat.completions.with_raw_response.create(
        model=model, messages=messages, max_completion_tokens=100, **more
    )


def get(gateway: RunningGateway, key: str | None, path: str, **query: str) -> Any:
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    return httpx2.get(f"{gateway.url}{path}", params=query, headers=headers, timeout=DEADLINE_S)


def until_known(gateway: RunningGateway, key: str | None, call_id: str) -> Any:
    """The page of a call, once it is in the ledger."""
    give_up_s = time.monotonic() + DEADLINE_S
    while (response := get(gateway, key, "/v1/generation", id=call_id)).status_code == 404:
        assert time.monotonic() < give_up_s
    assert response.status_code == 200, response.text
    return response.json()


# --- keys


def test_with_the_first_key_everybody_needs_one(gateway: RunningGateway, admin: AdminClient) -> None:
    assert ask(gateway, "whatever").parse().choices
    made = admin.key()
    assert ask(gateway, made["key"]).parse().choices
    for key, code in (("whatever", "invalid_api_key"), (f"{made['key']}x", "invalid_api_key")):
        with pytest.raises(openai.AuthenticationError) as refused:
            ask(gateway, key)
        assert refused.value.code == code
    assert get(gateway, None, "/v1/models").json()["error"]["code"] == "missing_api_key"


def test_the_end_of_the_last_key_opens_nothing(gateway: RunningGateway, admin: AdminClient) -> None:
    made = admin.key()
    assert admin("DELETE", f"/keys/{made['id']}")["state"] == "revoked"
    for key in (made["key"], "whatever"):
        with pytest.raises(openai.AuthenticationError):
            ask(gateway, key)


def test_an_expired_key_says_so(gateway: RunningGateway, admin: AdminClient) -> None:
    made = admin.key(expires_at=int(time.time()) + 2)
    assert ask(gateway, made["key"]).parse().choices
    give_up_s = time.monotonic() + DEADLINE_S
    while (answer := get(gateway, made["key"], "/v1/models")).status_code == 200:
        assert time.monotonic() < give_up_s
    assert answer.json()["error"]["code"] == "expired_api_key"
    with pytest.raises(openai.AuthenticationError):
        ask(gateway, made["key"])
    assert admin("GET", f"/keys/{made['id']}")["state"] == "expired"


def test_both_texts_are_taken_while_a_key_is_rotated(gateway: RunningGateway, admin: AdminClient) -> None:
    made = admin.key()
    rotated = admin("POST", f"/keys/{made['id']}/rotate", {"grace_s": 600})
    assert rotated["id"] == made["id"]
    assert rotated["key"] != made["key"]
    for text in (made["key"], rotated["key"]):
        assert ask(gateway, text).parse().choices
    last = admin("POST", f"/keys/{made['id']}/rotate", {"grace_s": 0})
    assert ask(gateway, last["key"]).parse().choices
    with pytest.raises(openai.AuthenticationError):
        ask(gateway, rotated["key"])


def test_a_key_may_ask_for_its_models_only(gateway: RunningGateway, admin: AdminClient) -> None:
    key = admin.key(models=["fast"])["key"]
    assert ask(gateway, key, "fast").parse().choices
    with pytest.raises(openai.PermissionDeniedError, match="The key 'ci' may not use model"):
        ask(gateway, key)
    assert [model.id for model in client_of(gateway, key).models.list()] == ["fast"]


def test_a_keys_own_budget_holds_beside_those_of_the_configuration(gateway: RunningGateway, admin: AdminClient) -> None:
    key = admin.key(team="research", budgets=[{"name": "pace", "window": "hour", "requests": 2}])["key"]
    other = admin.key("other")["key"]
    for _ in range(2):
        ask(gateway, key)
    with pytest.raises(openai.RateLimitError, match="The limit 'own:pace' of key 'ci' allows 2 requests"):
        ask(gateway, key)
    assert ask(gateway, other).parse().choices
    ids = {account["account"]: account["left"] for account in admin("GET", "/accounts", scope="key")["data"]}
    assert {"key:ci#own:pace.requests", "key:ci#pace.requests", "key:other#pace.requests"} <= ids.keys()
    more = {"account": "key:ci#own:pace.requests", "amount": 1}
    assert admin("POST", "/accounts/extend", more)["amount"] == 3
    give_up_s = time.monotonic() + DEADLINE_S
    while True:  # a process may go on refusing for a second
        try:
            assert ask(gateway, key).parse().choices
            break
        except openai.RateLimitError:
            assert time.monotonic() < give_up_s


def test_revoking_while_calls_run_ends_new_ones_and_lets_those_under_way_end(
    gateway: RunningGateway, admin: AdminClient
) -> None:
    made = admin.key(budgets=[{"name": "all", "requests": 10_000}])
    script = json.dumps({"say": "one two three four five six", "token_ms": 40})
    body = {"model": "openai/gpt-5-mini", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    headers = {"authorization": f"Bearer {made['key']}", "x-sim": script}
    with (
        ThreadPoolExecutor(8) as pool,
        httpx2.stream("POST", f"{gateway.url}/v1/chat/completions", json=body, headers=headers, timeout=20) as stream,
    ):
        chunks = stream.iter_bytes()
        first = next(chunks)
        revoked_s: list[float] = []

        def call(_: int) -> tuple[float, int]:
            began_s = time.monotonic()
            try:
                ask(gateway, made["key"])
            except openai.APIStatusError as error:
                return began_s, error.status_code
            return began_s, 200

        calls = [pool.submit(call, number) for number in range(60)]
        calls[5].result()
        admin("POST", f"/keys/{made['id']}/revoke")
        revoked_s.append(time.monotonic())
        outcomes = [each.result() for each in calls]
        rest = b"".join(chunks)
    assert (first + rest).rstrip().endswith(b"data: [DONE]"), "an answer that had begun ends whole"
    assert {status for _, status in outcomes} <= {200, 401, 429}
    assert {status for began_s, status in outcomes if began_s > revoked_s[0]} <= {401}
    assert any(status == 401 for _, status in outcomes)
    assert any(status == 200 for _, status in outcomes)


def test_when_a_key_was_used_is_written_down(sim: SimServer) -> None:
    with RunningGateway(CONFIG.format(sim=sim.url)) as gateway:
        admin = AdminClient(gateway)
        made = admin.key()
        assert made["last_used_at"] is None
        ask(gateway, made["key"])
        assert gateway.gateway.keys.used_s.keys() == {made["id"]}, "it waits for others to be written down with"


# --- /v1/key and /v1/generation


@needs_specifications
def test_a_caller_sees_its_key_as_openrouter_shows_it(gateway: RunningGateway, admin: AdminClient) -> None:
    expires = int(time.time()) + 86_400
    budgets = [{"name": "daily", "window": "day", "cost_usd": 5.0}, {"name": "ever", "cost_usd": 50.0}]
    made = admin.key(team="research", user="ada", budgets=budgets, expires_at=expires)
    call = ask(gateway, made["key"])
    cost = float(call.headers["x-openclaw-cost-usd"])
    until_known(gateway, made["key"], call.headers["x-openclaw-call"])
    document = get(gateway, made["key"], "/v1/key").json()
    assert_valid("openrouter", "key", document)
    data = document["data"]
    assert data["label"] == "ci"
    assert data["usage"] == data["usage_daily"] == data["usage_weekly"] == data["usage_monthly"] == cost
    assert (data["limit"], data["limit_reset"]) == (5.0, "daily")
    assert data["limit_remaining"] == pytest.approx(5.0 - cost)
    assert data["rate_limit"]["requests"] == 50
    assert data["rate_limit"]["interval"] == "hour"
    assert data["creator_user_id"] == "ada"
    assert data["expires_at"].startswith(time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(expires)))


@needs_specifications
def test_a_key_without_limits_and_a_gateway_without_keys(gateway: RunningGateway) -> None:
    document = get(gateway, None, "/v1/key").json()
    assert_valid("openrouter", "key", document)
    assert (document["data"]["label"], document["data"]["limit"]) == ("", None)
    call_id = ask(gateway, "none").headers["x-openclaw-call"]
    assert_valid("openrouter", "GenerationResponse", until_known(gateway, None, call_id))


@needs_specifications
def test_a_caller_sees_its_own_calls_and_no_others(gateway: RunningGateway, admin: AdminClient) -> None:
    mine, other = admin.key("mine")["key"], admin.key("other")["key"]
    call = ask(gateway, mine, extra_headers={"x-openclaw-run": "r/1"})
    call_id, usage = call.headers["x-openclaw-call"], call.parse().usage
    document = until_known(gateway, mine, call_id)
    assert_valid("openrouter", "GenerationResponse", document)
    data = document["data"]
    assert (data["id"], data["model"], data["provider_name"]) == (call_id, "gpt-5-mini", "openai")
    assert (data["tokens_prompt"], data["tokens_completion"]) == (usage.prompt_tokens, usage.completion_tokens)
    assert data["total_cost"] == data["usage"] == float(call.headers["x-openclaw-cost-usd"])
    assert data["session_id"] == "r/1"
    assert data["cancelled"] is False
    for identity in (call_id, "call_0-1", "%", "'", "x" * 5000, "\0"):
        refused = get(gateway, other, "/v1/generation", id=identity)
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "generation_not_found")
    assert get(gateway, mine, "/v1/generation").json()["error"]["param"] == "id"


def test_a_cost_that_is_not_known_is_null(gateway: RunningGateway) -> None:
    call_id = ask(gateway, "none", "openai/nobody-knows").headers["x-openclaw-call"]
    data = until_known(gateway, None, call_id)["data"]
    assert (data["total_cost"], data["usage"]) == (None, None)


def test_sums_are_told_again_for_a_moment(gateway: RunningGateway, admin: AdminClient) -> None:
    """Asking often must not read the ledger as often."""
    key = admin.key()["key"]
    first = get(gateway, key, "/v1/key").json()
    until_known(gateway, key, ask(gateway, key).headers["x-openclaw-call"])
    give_up_s = time.monotonic() + DEADLINE_S
    while get(gateway, key, "/v1/key").json() == first:
        assert time.monotonic() < give_up_s
