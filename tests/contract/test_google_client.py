"""The official `google-genai` client against the running gateway, in front of a target of every dialect."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from openclaw.sim import SimServer
from tests.contract.conftest import CALLER_KEY, DIALECTS, RunningGateway

WEATHER = types.FunctionDeclaration(
    name="get_weather",
    description="Weather of a place",
    parameters_json_schema={"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
)
NO_LOOP = types.AutomaticFunctionCallingConfig(disable=True)


def client_for(gateway: RunningGateway, key: str = CALLER_KEY, version: str | None = None) -> genai.Client:
    options = types.HttpOptions(base_url=gateway.url, timeout=20_000, api_version=version)
    return genai.Client(api_key=key, vertexai=False, http_options=options)


@pytest.fixture
def client(gateway: RunningGateway) -> Iterator[genai.Client]:
    with client_for(gateway) as made:
        yield made


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("version", [None, "v1beta"])
def test_plain(gateway: RunningGateway, dialect: str, version: str | None) -> None:
    with client_for(gateway, version=version) as client:
        reply = client.models.generate_content(model=f"models/{dialect}/sim-text", contents="Say hello")
    assert (reply.text or "").startswith("Simulated answer")
    assert reply.candidates[0].finish_reason == types.FinishReason.STOP
    assert reply.usage_metadata.prompt_token_count


@pytest.mark.parametrize("dialect", DIALECTS)
def test_streamed(client: genai.Client, dialect: str) -> None:
    plain = client.models.generate_content(model=f"models/{dialect}/sim-text", contents="Say hello")
    chunks = list(client.models.generate_content_stream(model=f"models/{dialect}/sim-text", contents="Say hello"))
    assert "".join(chunk.text or "" for chunk in chunks) == plain.text
    assert len(chunks) > 1
    assert chunks[-1].usage_metadata.candidates_token_count == plain.usage_metadata.candidates_token_count


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_tool_round_trip(client: genai.Client, dialect: str) -> None:
    contents: list[Any] = [types.Content(role="user", parts=[types.Part(text="Say hello")])]
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[WEATHER])], automatic_function_calling=NO_LOOP
    )
    reply = client.models.generate_content(model=f"models/{dialect}/sim-agent", contents=contents, config=config)
    (call,) = reply.function_calls or []
    assert call.name == "get_weather"
    assert call.args == {"place": "example"}
    contents.append(reply.candidates[0].content)
    part = types.Part.from_function_response(name="get_weather", response={"result": "sunny"})
    contents.append(types.Content(role="user", parts=[part]))
    reply = client.models.generate_content(model=f"models/{dialect}/sim-agent", contents=contents, config=config)
    assert "sunny" in (reply.text or "")


def test_the_bytes_pass_between_the_same_dialect(client: genai.Client, sim: SimServer) -> None:
    config = types.GenerateContentConfig(safety_settings=[], temperature=0.5, seed=7)
    client.models.generate_content(model="models/gemini/sim-text", contents="Say hello", config=config)
    seen = sim.app.requests[-1]
    assert seen.path.endswith("/models/sim-text:generateContent")
    assert seen.body["generationConfig"] == {"temperature": 0.5, "seed": 7}
    assert CALLER_KEY not in json.dumps(seen.headers)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_errors_raise_the_right_class(client: genai.Client, dialect: str, status: int) -> None:
    with pytest.raises(errors.APIError) as caught:
        client.models.generate_content(model=f"models/{dialect}/sim-error-{status}", contents="x")
    assert isinstance(caught.value, errors.ServerError if status >= 500 else errors.ClientError)
    assert caught.value.status


def test_our_own_refusals_have_googles_form(gateway: RunningGateway, client: genai.Client) -> None:
    with pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(model="models/no-such-model-at-all", contents="x")
    assert caught.value.code == 404
    assert caught.value.status == "NOT_FOUND"
    with client_for(gateway, key="wrong") as stranger, pytest.raises(errors.ClientError) as caught:
        stranger.models.generate_content(model="models/fast", contents="x")
    assert caught.value.code == 401


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("fault", ["cut-3", "fail-3"])
def test_a_stream_that_breaks_does_not_look_complete(client: genai.Client, dialect: str, fault: str) -> None:
    stream = client.models.generate_content_stream(model=f"models/{dialect}/sim-{fault}", contents="x")
    finished = []
    with pytest.raises(errors.APIError):
        for chunk in stream:
            finished += [c.finish_reason for c in chunk.candidates or () if c.finish_reason]
    assert not finished


def test_the_key_may_stand_in_the_query(gateway: RunningGateway) -> None:
    body = json.dumps({"contents": [{"role": "user", "parts": [{"text": "x"}]}]}).encode()
    url = f"{gateway.url}/v1beta/models/fast:generateContent?key={CALLER_KEY}"
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=20) as answer:  # noqa: S310 - loopback
        assert json.load(answer)["candidates"]
