"""The official `anthropic` client against the running gateway, in front of a target of every dialect."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic

from openclaw.sim import SimServer
from tests.contract.conftest import CALLER_KEY, DIALECTS, RunningGateway

HELLO: Any = [{"role": "user", "content": "Say hello"}]
WEATHER: Any = {
    "name": "get_weather",
    "description": "Weather of a place",
    "input_schema": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
}
CLOCK: Any = {"name": "get_time", "input_schema": {"type": "object", "properties": {}}}


@pytest.fixture
def client(gateway: RunningGateway) -> Iterator[Anthropic]:
    with Anthropic(base_url=gateway.url, api_key=CALLER_KEY, max_retries=0, timeout=20) as made:
        yield made


@pytest.mark.parametrize("dialect", DIALECTS)
def test_plain(client: Anthropic, dialect: str) -> None:
    message = client.messages.create(model=f"{dialect}/sim-text", messages=HELLO, max_tokens=100, system="Be brief.")
    assert message.content[0].text.startswith("Simulated answer")
    assert message.stop_reason == "end_turn"
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens > 0
    assert message._request_id is not None
    assert message._request_id.startswith("call_")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_streamed(client: Anthropic, dialect: str) -> None:
    plain = client.messages.create(model=f"{dialect}/sim-text", messages=HELLO, max_tokens=100)
    with client.messages.stream(model=f"{dialect}/sim-text", messages=HELLO, max_tokens=100) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == plain.content[0].text
    assert final.stop_reason == "end_turn"
    assert final.usage.output_tokens == plain.usage.output_tokens


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_round_trip(client: Anthropic, dialect: str, *, stream: bool) -> None:
    messages: list[Any] = [*HELLO]
    asked: Any = {"model": f"{dialect}/sim-agent", "max_tokens": 200, "tools": [WEATHER]}
    for _ in range(3):
        if stream:
            with client.messages.stream(messages=messages, **asked) as events:
                message = events.get_final_message()
        else:
            message = client.messages.create(messages=messages, **asked)
        messages.append({"role": "assistant", "content": [block.model_dump() for block in message.content]})
        calls = [block for block in message.content if block.type == "tool_use"]
        if not calls:
            break
        assert message.stop_reason == "tool_use"
        assert calls[0].input == {"place": "example"}
        result = {"type": "tool_result", "tool_use_id": calls[0].id, "content": "sunny"}
        messages.append({"role": "user", "content": [result]})
    assert message.content[-1].text == "The tool says: sunny"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("stream", [False, True])
def test_parallel_tools(client: Anthropic, dialect: str, *, stream: bool) -> None:
    asked: Any = {
        "model": f"{dialect}/sim-tools",
        "max_tokens": 200,
        "tools": [WEATHER, CLOCK],
        "messages": HELLO,
    }
    if stream:
        with client.messages.stream(**asked) as events:
            message = events.get_final_message()
    else:
        message = client.messages.create(**asked)
    assert [block.name for block in message.content if block.type == "tool_use"] == ["get_weather", "get_time"]


@pytest.mark.parametrize("stream", [False, True])
def test_signed_thoughts_go_round(client: Anthropic, sim: SimServer, *, stream: bool) -> None:
    asked: Any = {
        "model": "messages/sim-think",
        "max_tokens": 4000,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    }
    if stream:
        with client.messages.stream(messages=HELLO, **asked) as events:
            message = events.get_final_message()
    else:
        message = client.messages.create(messages=HELLO, **asked)
    thought = message.content[0]
    assert thought.type == "thinking"
    assert thought.signature.startswith("sig-")
    history = [*HELLO, {"role": "assistant", "content": [block.model_dump() for block in message.content]}, *HELLO]
    client.messages.create(messages=history, **asked)
    sent = sim.app.requests[-1].body["messages"][1]["content"][0]
    assert sent["signature"] == thought.signature
    assert sent["thinking"] == thought.thinking


def test_unknown_fields_headers_and_bytes_travel(client: Anthropic, sim: SimServer) -> None:
    client.messages.create(
        model="messages/sim-text",
        messages=[{"role": "user", "content": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]}],
        max_tokens=10,
        extra_body={"a_field_of_tomorrow": {"x": [1, 2.5, None]}},
        extra_headers={"anthropic-beta": "one,two"},
    )
    seen = sim.app.requests[-1]
    assert seen.body["a_field_of_tomorrow"] == {"x": [1, 2.5, None]}
    assert seen.body["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral"}
    assert seen.headers["anthropic-beta"] == "one,two"
    assert seen.headers["anthropic-version"] == client.default_headers["anthropic-version"]
    assert CALLER_KEY not in json.dumps(seen.headers)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, anthropic.BadRequestError),
        (401, anthropic.AuthenticationError),
        (403, anthropic.PermissionDeniedError),
        (404, anthropic.NotFoundError),
        (429, anthropic.RateLimitError),
        (500, anthropic.InternalServerError),
    ],
)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_errors_raise_the_right_class(
    client: Anthropic, dialect: str, status: int, error: type[anthropic.APIStatusError]
) -> None:
    with pytest.raises(error) as caught:
        client.messages.create(model=f"{dialect}/sim-error-{status}", messages=HELLO, max_tokens=10)
    body: Any = caught.value.body
    assert body["type"] == "error"
    assert body["error"].keys() >= {"type", "message"}


def test_our_own_refusals_have_anthropics_form(gateway: RunningGateway, client: Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError):
        client.messages.create(model="no-such-model-at-all", messages=HELLO, max_tokens=10)
    with pytest.raises(anthropic.BadRequestError):
        client.messages.create(model="fast", messages="x", max_tokens=10)  # type: ignore[arg-type]
    stranger = Anthropic(base_url=gateway.url, api_key="wrong", max_retries=0)
    with stranger, pytest.raises(anthropic.AuthenticationError):
        stranger.messages.create(model="fast", messages=HELLO, max_tokens=10)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("fault", ["cut-3", "fail-3", "stall-3"])
def test_a_stream_that_breaks_raises(client: Anthropic, dialect: str, fault: str) -> None:
    streaming = client.messages.stream(model=f"{dialect}/sim-{fault}", messages=HELLO, max_tokens=100)
    with pytest.raises(anthropic.APIError), streaming as stream:
        stream.get_final_message()
