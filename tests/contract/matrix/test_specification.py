"""What the doors say, held against the published API descriptions and the grammar of their streams.

Bodies are written here by hand, and answers read as they come: no client and no codec stands between.
"""

from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import pytest
from msgspec import Struct

from tests.contract.conftest import CALLER_KEY, RunningGateway
from tests.door_answers import assert_answer, assert_google_error, assert_stream
from tests.specifications import ANTHROPIC_ERROR_WITHOUT_SCHEMA, assert_valid, needs_specifications

pytestmark = needs_specifications

PARAMETERS = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
NAMES = ("get_weather", "get_time")


class Spoken(Struct, frozen=True):
    """One door: its path and body for a model, and the schemas of its errors by the vendor whose description they are
    in."""

    path: str
    body: Callable[[str, bool], dict[str, Any]]
    errors: Mapping[str, str]


def _responses(model: str, stream: bool) -> dict[str, Any]:
    tools = [{"type": "function", "name": name, "parameters": PARAMETERS} for name in NAMES]
    reasoning = {"effort": "low", "summary": "auto"}
    return {"model": model, "input": "Say hello", "tools": tools, "stream": stream, "reasoning": reasoning}


def _messages(model: str, stream: bool) -> dict[str, Any]:
    tools = [{"name": name, "input_schema": PARAMETERS} for name in NAMES]
    turns = [{"role": "user", "content": "Say hello"}]
    thinking = {"type": "enabled", "budget_tokens": 1024}
    return {
        "model": model,
        "messages": turns,
        "tools": tools,
        "stream": stream,
        "max_tokens": 4000,
        "thinking": thinking,
    }


def _gemini(model: str, stream: bool) -> dict[str, Any]:
    functions = [{"name": name, "parametersJsonSchema": PARAMETERS} for name in NAMES]
    return {
        "contents": [{"role": "user", "parts": [{"text": "Say hello"}]}],
        "tools": [{"functionDeclarations": functions}],
        "generationConfig": {"thinkingConfig": {"includeThoughts": True}},
    }


DOORS = {
    "responses": Spoken(
        "/v1/responses",
        _responses,
        {"openai": "ErrorResponse"},
    ),
    "messages": Spoken("/v1/messages", _messages, {"anthropic": "ErrorResponse"}),
    "gemini": Spoken("/v1beta/models/{model}:{verb}", _gemini, {}),
}
WHOLE = ("text", "tools", "think", "length", "refuse", "filter", "plain")
MODELS = (*(f"sim-{word}" for word in WHOLE), "anthropic.claude-ponder", "narrator")
BROKEN = ("fail-3", "cut-3", "fail-0", "malformed-3", "unended")


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def http() -> Any:
    with httpx2.Client(timeout=20, headers={"authorization": f"Bearer {CALLER_KEY}"}) as client:
        yield client


def ask(http: httpx2.Client, gateway: RunningGateway, door: str, model: str, *, stream: bool) -> httpx2.Response:
    return http.post(url_of(gateway, door, model, stream=stream), json=DOORS[door].body(model, stream))


def url_of(gateway: RunningGateway, door: str, model: str, *, stream: bool = False) -> str:
    verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return gateway.url + DOORS[door].path.format(model=model, verb=verb)


@pytest.mark.parametrize("model", MODELS)
def test_a_plain_answer_keeps_the_description(
    http: httpx2.Client, gateway: RunningGateway, door: str, target: str, model: str
) -> None:
    reply = ask(http, gateway, door, f"{target}/{model}", stream=False)
    assert reply.status_code == 200, reply.text
    assert_answer(door, reply.json())


@pytest.mark.parametrize("model", [*MODELS, *(f"sim-{fault}" for fault in BROKEN)])
def test_a_streamed_answer_keeps_the_description_and_the_grammar(
    http: httpx2.Client, gateway: RunningGateway, door: str, target: str, model: str
) -> None:
    reply = ask(http, gateway, door, f"{target}/{model}", stream=True)
    if reply.status_code != 200:
        assert model == "sim-fail-0", "nothing had reached the caller"
        check_error(door, reply)
        return
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert_stream(door, reply.content)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 429, 500, 503])
def test_an_error_keeps_the_description(
    http: httpx2.Client, gateway: RunningGateway, door: str, target: str, status: int
) -> None:
    check_error(door, ask(http, gateway, door, f"{target}/sim-error-{status}", stream=False))


def test_a_refusal_of_the_gateway_keeps_the_description(
    http: httpx2.Client, gateway: RunningGateway, door: str
) -> None:
    check_error(door, ask(http, gateway, door, "no-such-model-at-all", stream=False))
    check_error(door, http.post(url_of(gateway, door, "fast"), content=b"{"))
    check_error(door, httpx2.post(url_of(gateway, door, "fast"), json={}))


def check_error(door: str, reply: httpx2.Response) -> None:
    assert reply.status_code >= 400
    for vendor, schema in DOORS[door].errors.items():
        if reply.json()["error"]["type"] != ANTHROPIC_ERROR_WITHOUT_SCHEMA:
            assert_valid(vendor, schema, reply.json())
    if door == "gemini":
        assert_google_error(reply.json())
        assert reply.json()["error"]["code"] == reply.status_code
