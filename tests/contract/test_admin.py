"""The admin API of a running gateway: who gets in, what it tells, and that nothing sent to it breaks it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import hypothesis
import openai
import pytest
import schemathesis
import yaml
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from openclaw.server.admin.app import PAGES
from openclaw.sim import Script, SimServer
from tests.contract.conftest import RunningGateway
from tests.contract.test_hostile import exchange
from tests.contract.test_keys import CONFIG, DEADLINE_S, TOKEN, AdminClient, ask, client_of

OPENAPI = Path(__file__).parents[2] / "docs" / "reference" / "admin-openapi.yaml"
schema = schemathesis.openapi.from_path(OPENAPI)


@pytest.fixture(scope="module")
def gateway() -> Iterator[RunningGateway]:
    scripts = {"gpt-5-mini": [Script(say="A short answer.")]}
    with SimServer(key="up-secret", scripts=scripts) as sim, RunningGateway(CONFIG.format(sim=sim.url)) as running:
        yield running


@pytest.fixture(scope="module")
def admin(gateway: RunningGateway) -> AdminClient:
    return AdminClient(gateway)


@pytest.fixture(scope="module")
def key(admin: AdminClient) -> str:
    text: str = admin.key("worker", team="research", tags=["ci"])["key"]
    return text


def error_of(gateway: RunningGateway, method: str, path: str, token: str | None = TOKEN, **more: Any) -> Any:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    response = httpx2.request(method, f"{gateway.admin_url}{path}", headers=headers, timeout=DEADLINE_S, **more)
    assert response.headers["content-type"] == "application/json"
    error = response.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    return response.status_code, error["code"], error["param"]


# --- who gets in


@pytest.mark.parametrize("token", [None, "wrong", TOKEN[:-1], f"{TOKEN}x", TOKEN.upper(), "ünïcode"])
@pytest.mark.parametrize("path", ["/keys", "/nothing"])
def test_nobody_gets_in_without_the_token(gateway: RunningGateway, path: str, token: str | None) -> None:
    headers = {} if token is None else {b"authorization": f"Bearer {token}".encode()}
    response = httpx2.get(f"{gateway.admin_url}{path}", headers=headers, timeout=DEADLINE_S)
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "invalid_admin_token"


def test_a_callers_key_is_no_token_and_the_token_is_no_key(gateway: RunningGateway, key: str) -> None:
    assert error_of(gateway, "GET", "/keys", key)[:2] == (401, "invalid_admin_token")
    with pytest.raises(openai.AuthenticationError):
        client_of(gateway, TOKEN).models.list()


def test_a_token_in_the_address_is_not_read(gateway: RunningGateway) -> None:
    assert error_of(gateway, "GET", f"/keys?key={TOKEN}", None)[0] == 401


def test_the_gateway_itself_does_not_serve_the_admin_api(gateway: RunningGateway, key: str) -> None:
    for text in (TOKEN, key):
        headers = {"authorization": f"Bearer {text}"}
        response = httpx2.get(f"{gateway.url}/admin/v1/keys", headers=headers, timeout=DEADLINE_S)
        assert (response.status_code, response.json()["error"]["code"]) == (404, "unknown_url")


def test_without_a_token_in_the_configuration_nobody_gets_in() -> None:
    with RunningGateway("discover: []") as running:
        assert error_of(running, "GET", "/keys")[0] == 401


# --- keys


def test_keys_are_listed_in_pages_without_their_texts(gateway: RunningGateway, admin: AdminClient) -> None:
    made = [admin.key(f"page-{number}") for number in range(5)]
    seen: list[Any] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = admin("GET", "/keys", **query)
        seen += page["data"]
        if not page["has_more"]:
            break
        query["after"] = page["data"][-1]["id"]
    assert {each["id"] for each in made} <= {each["id"] for each in seen}
    assert len(seen) == len({each["id"] for each in seen})
    for each in made:
        assert each["key"].startswith(each["prefix"])
        assert each["key"] not in repr(seen)
        assert admin("GET", f"/keys/{each['name']}") == next(one for one in seen if one["id"] == each["id"])


def test_a_key_is_revoked_for_good(admin: AdminClient) -> None:
    made = admin.key("short-lived")
    revoked = admin("DELETE", f"/keys/{made['id']}")
    assert admin("POST", f"/keys/{made['id']}/revoke") == revoked
    assert made["id"] in {each["id"] for each in admin("GET", "/keys", state="revoked", limit=1000)["data"]}
    assert made["id"] not in {each["id"] for each in admin("GET", "/keys", state="active", limit=1000)["data"]}
    assert admin("POST", f"/keys/{made['id']}/rotate", {}, 409)["error"]["code"] == "key_revoked"
    assert admin("POST", "/keys", {"name": "short-lived"}, 409)["error"]["code"] == "key_exists"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, None),
        ({"name": ""}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": "a#b"}, "name"),
        ({"name": " a"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a" * 101}, "name"),
        ({"name": 7}, "name"),
        ({"name": "x", "team": ""}, "team"),
        ({"name": "x", "tags": ["a", "\x00"]}, "tags"),
        ({"name": "x", "models": "fast"}, "models"),
        ({"name": "x", "models": ["m"] * 201}, "models"),
        ({"name": "x", "expires_at": 5}, "expires_at"),
        ({"name": "x", "expires_at": 2**60}, "expires_at"),
        ({"name": "x", "id": "key_1"}, None),
        ({"name": "x", "budgets": [{"name": "b"}]}, "budgets[0]"),
        ({"name": "x", "budgets": [{"name": "b", "cost_usd": -1}]}, "budgets[0].cost_usd"),
        ({"name": "x", "budgets": [{"name": "b", "cost_usd": 1, "window": "moon"}]}, "budgets[0].window"),
        ({"name": "x", "budgets": [{"name": "b", "cost_usd": 1, "window": "day\n"}]}, "budgets[0].window"),
        ({"name": "x", "budgets": [{"name": "b", "cost_usd": 1, "timezone": "../etc"}]}, "budgets[0].timezone"),
        ({"name": "x", "budgets": [{"name": "b", "cost_usd": 1, "scope": "team"}]}, "budgets[0]"),
        ({"name": "x", "budgets": [{"name": "b", "requests": 1}, {"name": "b", "tokens": 1}]}, "budgets[1].name"),
        ([], None),
        (None, None),
    ],
)
def test_a_key_that_cannot_be_is_refused_with_the_field(
    gateway: RunningGateway, admin: AdminClient, body: Any, param: str | None
) -> None:
    assert error_of(gateway, "POST", "/keys", json=body) == (400, None, param)


# --- runs, spending, accounts, calls


def test_a_run_is_looked_at_stopped_and_let_go_on(gateway: RunningGateway, admin: AdminClient, key: str) -> None:
    call = ask(gateway, key, extra_headers={"x-openclaw-run": "task/1 of?2".replace(" ", "_")})
    run = _known(admin, "/runs/worker/task/1_of%3F2")
    assert (run["run"], run["key"], run["state"], run["steps"]) == ("worker/task/1_of?2", "worker", "running", 1)
    (attempt,) = run["attempts"]
    assert attempt["call_id"] == call.headers["x-openclaw-call"]
    assert run["run"] in {each["run"] for each in admin("GET", "/runs", key="worker", since="1h")["data"]}
    assert admin("POST", "/runs/worker/task/1_of%3F2/stop")["state"] == "stopped"
    with pytest.raises(openai.APIStatusError) as refused:  # at once in the process that was told
        ask(gateway, key, extra_headers={"x-openclaw-run": "task/1_of?2"})
    assert refused.value.code == "run_stopped"
    assert admin("POST", "/runs/worker/task/1_of%3F2/resume")["state"] == "running"
    assert ask(gateway, key, extra_headers={"x-openclaw-run": "task/1_of?2"}).parse().choices


def _known(admin: AdminClient, path: str) -> Any:
    """A document, once what it is of is in the ledger."""
    give_up_s = time.monotonic() + DEADLINE_S
    while True:
        try:
            return admin("GET", path)
        except AssertionError:
            if time.monotonic() > give_up_s:
                raise


def test_a_call_is_shown_with_its_attempts(gateway: RunningGateway, admin: AdminClient, key: str) -> None:
    call = ask(gateway, key)
    document = _known(admin, f"/calls/{call.headers['x-openclaw-call']}")
    (attempt,) = document["attempts"]
    assert (attempt["key"], attempt["team"], attempt["tags"], attempt["state"]) == (
        "worker",
        "research",
        ["ci"],
        "settled",
    )
    assert document["cost_nanousd"] == attempt["cost_nanousd"] > 0
    accounts = {draw["account"] for draw in attempt["draws"]}
    assert {"key:worker#pace.requests", "team:research#month.cost_nanousd"} == accounts


def test_spending_is_summed_by_any_scope_over_time(gateway: RunningGateway, admin: AdminClient, key: str) -> None:
    call = ask(gateway, key)
    _known(admin, f"/calls/{call.headers['x-openclaw-call']}")
    for by, scope_id in (("key", "worker"), ("team", "research"), ("tag", "ci"), ("provider", "openai")):
        page = admin("GET", "/spend", by=by, since="1d", only="key:worker")
        (row,) = page["data"]
        assert row["scope_id"] == scope_id
        assert row["cost_nanousd"] > 0
    (per_day,) = admin("GET", "/spend", by="gateway", per="day", since="1h", until=int(time.time()) + 60)["data"]
    assert per_day["period_at"] % 86_400 == 0
    assert admin("GET", "/spend", since="2020-01-01", until="2020-02-01T00:00:00Z")["data"] == []


def test_accounts_are_extended_and_never_below_what_they_were(admin: AdminClient, key: str) -> None:
    account = "team:research#month.cost_nanousd"
    before = admin("GET", "/accounts", account=account)["data"][0]
    assert (before["amount"], before["extended"], before["window"]) == (100_000_000_000, 0, "month")
    after = admin("POST", "/accounts/extend", {"account": account, "usd": 0.1})
    assert (after["amount"], after["extended"]) == (100_100_000_000, 100_000_000)
    assert admin("POST", "/accounts/extend", {"account": account, "usd": -0.1})["extended"] == 0
    for body, param in (
        ({"account": account, "usd": -0.1}, "usd"),
        ({"account": account, "amount": 5}, "usd"),
        ({"account": account}, "usd"),
        ({"account": "key:worker#pace.requests", "usd": 5}, "amount"),
    ):
        assert admin("POST", "/accounts/extend", body, 400)["error"]["param"] == param
    unknown = admin("POST", "/accounts/extend", {"account": "team:x#nothing.tokens", "amount": 1}, 404)
    assert unknown["error"]["code"] == "account_not_found"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/keys/key_0", "key_not_found"),
        ("/keys/%00", "key_not_found"),
        ("/runs/nobody/none", "run_not_found"),
        ("/calls/call_0-1", "call_not_found"),
        ("/accounts?account=team:x%23none.tokens", "account_not_found"),
        ("/nothing", "unknown_url"),
        ("/keys/", "unknown_url"),
    ],
)
def test_what_is_not_there_is_said(gateway: RunningGateway, path: str, code: str) -> None:
    assert error_of(gateway, "GET", path)[:2] == (404, code)


@pytest.mark.parametrize(
    ("path", "param"),
    [
        ("/keys?limit=0", "limit"),
        ("/keys?limit=x", "limit"),
        ("/keys?after=nothing", "after"),
        ("/keys?state=odd", "state"),
        ("/runs?since=yesterday", "since"),
        ("/spend?by=moon", "by"),
        ("/spend?only=team", "only"),
        ("/spend?only=team:a&only=team:b", "only"),
        ("/spend?since=9999-99-99", "since"),
    ],
)
def test_a_question_that_cannot_be_read_names_its_parameter(gateway: RunningGateway, path: str, param: str) -> None:
    assert error_of(gateway, "GET", path) == (400, None, param)


# --- hostile


def test_a_body_is_bounded(gateway: RunningGateway) -> None:
    assert error_of(gateway, "POST", "/keys", content=b" " * 70_000)[0] == 413
    assert error_of(gateway, "POST", "/keys", content=b"[" * 60_000)[0] == 400
    assert error_of(gateway, "POST", "/keys", content=b'{"name": ' + b'{"a":' * 10_000)[0] == 400
    assert error_of(gateway, "POST", "/keys", content=b'{"name": "\xff\xfe"}')[0] == 400
    assert error_of(gateway, "POST", "/keys", content=b'{"name": "\\ud800"}')[0] == 400


@hypothesis.settings(max_examples=200, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(
    method=st.sampled_from(["GET", "POST", "DELETE", "HEAD", "PUT", "OPTIONS", "PATCH"]),
    path=st.text(st.characters(max_codepoint=127, exclude_categories=["Cc", "Zs"]), max_size=30),
    body=st.binary(max_size=60),
)
def test_no_bytes_break_the_admin_api(gateway: RunningGateway, method: str, path: str, body: bytes) -> None:
    head = f"{method} /admin/v1/{path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\n"
    url = gateway.admin_url.removesuffix("/admin/v1")
    answer = exchange(url, f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    assert 200 <= int(answer.split(b" ", 2)[1]) < 500, answer
    assert b"Traceback" not in answer


def test_every_page_is_described_and_nothing_else() -> None:
    described = yaml.safe_load(OPENAPI.read_text("utf-8"))["paths"]
    operations = {
        (method.upper(), path) for path, item in described.items() for method in item if method != "parameters"
    }
    served = {
        (page.method, page.path.pattern.replace("(?P<id>[^/]+)", "{id}").replace("(?P<run>.+)", "{run}"))
        for page in PAGES
    }
    assert served == operations
    text = (OPENAPI.parent / "admin-api.md").read_text("utf-8")
    assert [f"{method} {path}" for method, path in served if f"`{method} {path}`" not in text] == []


@schema.parametrize()
@hypothesis.settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_the_published_description_holds(case: Any, gateway: RunningGateway) -> None:
    url = gateway.admin_url.removesuffix("/admin/v1")
    response = case.call(base_url=url, headers={"authorization": f"Bearer {TOKEN}"}, timeout=DEADLINE_S)
    checks = [schemathesis.checks.not_a_server_error, response_schema_conformance, content_type_conformance]
    case.validate_response(response, checks=checks)
