"""The official `openai` client against the running gateway, in front of a target of every dialect."""

import asyncio
import base64
import json
import struct
import threading
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from openclaw.sim import SimServer
from tests.contract.conftest import CALLER_KEY, DIALECTS, UPSTREAM_KEY, RunningGateway

HELLO: Any = [{"role": "user", "content": "Say hello"}]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a place",
        "parameters": {
            "type": "object",
            "properties": {"place": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
            "required": ["place", "days"],
        },
    },
}
CLOCK: Any = {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}}
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5Er"
    "kJggg=="
)


@pytest.fixture
def client(gateway: RunningGateway) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{gateway.url}/v1", api_key=CALLER_KEY, max_retries=0, timeout=20) as made:
        yield made


@pytest.fixture
def async_client(gateway: RunningGateway) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=CALLER_KEY, max_retries=0, timeout=20)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_plain_answer_has_text_usage_and_says_who_gave_it(client: OpenAI, dialect: str) -> None:
    raw = client.chat.completions.with_raw_response.create(model=f"{dialect}/sim-text", messages=HELLO)
    reply = raw.parse()
    assert reply.choices[0].message.content.startswith("Simulated answer:")
    assert reply.choices[0].finish_reason == "stop"
    assert reply.object == "chat.completion"
    assert reply.model == "sim-text"
    assert reply.usage.prompt_tokens > 0
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert raw.headers["x-openclaw-provider"] == dialect
    assert raw.headers["x-openclaw-model"] == "sim-text"
    assert raw.headers["x-openclaw-attempts"] == "1"
    assert raw.headers["x-openclaw-call"] == reply._request_id


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_stream_says_what_the_plain_answer_says(client: OpenAI, dialect: str) -> None:
    plain = client.chat.completions.create(model=f"{dialect}/sim-text", messages=HELLO)
    chunks = list(
        client.chat.completions.create(
            model=f"{dialect}/sim-text", messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == plain.choices[0].message.content
    assert [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason] == ["stop"]
    assert len({c.id for c in chunks}) == 1
    assert chunks[-1].choices == []
    assert chunks[-1].usage.prompt_tokens == plain.usage.prompt_tokens
    assert chunks[0].choices[0].delta.role == "assistant"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_provider_that_does_not_stream_is_streamed_for(client: OpenAI, dialect: str) -> None:
    chunks = list(client.chat.completions.create(model=f"{dialect}/sim-plain", messages=HELLO, stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices).startswith("Simulated answer")
    assert chunks[-1].choices[0].finish_reason == "stop"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_usage_is_counted_but_hidden_when_not_asked_for(client: OpenAI, gateway: RunningGateway, dialect: str) -> None:
    chunks = list(client.chat.completions.create(model=f"{dialect}/sim-text", messages=HELLO, stream=True))
    assert all(c.usage is None for c in chunks)
    assert all(c.choices for c in chunks)
    record = gateway.records[-1]
    assert record.usage is not None
    assert record.usage.input_tokens


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_round_trip(client: OpenAI, dialect: str, *, stream: bool) -> None:
    messages: list[Any] = [*HELLO]
    for _ in range(3):
        message: Any
        if stream:
            with client.chat.completions.stream(
                model=f"{dialect}/sim-agent", messages=messages, tools=[WEATHER]
            ) as events:
                message = events.get_final_completion().choices[0].message
        else:
            message = (
                client.chat.completions.create(model=f"{dialect}/sim-agent", messages=messages, tools=[WEATHER])
                .choices[0]
                .message
            )
        messages.append(message.model_dump(exclude_none=True, exclude={"parsed"}))
        if not message.tool_calls:
            break
        for call in message.tool_calls:
            assert call.id
            assert call.function.name == "get_weather"
            assert json.loads(call.function.arguments) == {"place": "example", "days": 1}
            messages.append({"role": "tool", "tool_call_id": call.id, "content": "sunny"})
    assert message.content == "The tool says: sunny"
    assert [m["role"] for m in messages] == ["user", "assistant", "tool", "assistant"]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("stream", [False, True])
def test_parallel_tool_calls_keep_their_order_and_arguments(client: OpenAI, dialect: str, *, stream: bool) -> None:
    asked: Any = {"model": f"{dialect}/sim-tools", "messages": HELLO, "tools": [WEATHER, CLOCK]}
    if stream:
        with client.chat.completions.stream(**asked) as events:
            choice: Any = events.get_final_completion().choices[0]
    else:
        choice = client.chat.completions.create(**asked).choices[0]
    assert choice.finish_reason == "tool_calls"
    assert [c.function.name for c in choice.message.tool_calls] == ["get_weather", "get_time"]
    assert [json.loads(c.function.arguments) for c in choice.message.tool_calls] == [
        {"place": "example", "days": 1},
        {},
    ]
    assert len({c.id for c in choice.message.tool_calls}) == 2


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_forced_tool_is_called(client: OpenAI, dialect: str) -> None:
    reply = client.chat.completions.create(
        model=f"{dialect}/sim-tool",
        messages=HELLO,
        tools=[WEATHER, CLOCK],
        tool_choice={"type": "function", "function": {"name": "get_time"}},
    )
    calls: Any = reply.choices[0].message.tool_calls
    if dialect == "ollama":  # Ollama's API has no tool_choice: the loss is told in a header, tested below
        assert calls
        return
    assert [c.function.name for c in calls] == ["get_time"]


class Place(BaseModel):
    name: str
    population: int
    tags: list[str]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_schema_comes_back_parsed(client: OpenAI, dialect: str) -> None:
    reply = client.chat.completions.parse(model=f"{dialect}/sim-text", messages=HELLO, response_format=Place)
    place = reply.choices[0].message.parsed
    assert isinstance(place, Place)
    assert place.population == 1


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_image_reaches_the_provider(client: OpenAI, sim: SimServer, dialect: str) -> None:
    content: Any = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": PIXEL}},
    ]
    client.chat.completions.create(model=f"{dialect}/sim-text", messages=[{"role": "user", "content": content}])
    sent = json.dumps(sim.app.requests[-1].body)
    assert PIXEL.partition(",")[2] in sent
    assert "What is this?" in sent


@pytest.mark.parametrize("dialect", ["chat", "messages", "gemini", "ollama", "converse"])
@pytest.mark.parametrize("stream", [False, True])
def test_thoughts_arrive_as_reasoning_content(client: OpenAI, dialect: str, *, stream: bool) -> None:
    asked: Any = {"model": f"{dialect}/sim-think", "messages": HELLO, "reasoning_effort": "low"}
    if stream:
        chunks = client.chat.completions.create(**asked, stream=True)
        deltas = [c.choices[0].delta.model_dump() for c in chunks if c.choices]
        thought = "".join(d.get("reasoning_content") or "" for d in deltas)
        text = "".join(d.get("content") or "" for d in deltas)
    else:
        message = client.chat.completions.create(**asked).choices[0].message
        thought, text = message.model_dump()["reasoning_content"], message.content
    assert thought == "The question is simple, so a short answer will do."
    assert text.startswith("Simulated answer:")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_cut_answer_says_length(client: OpenAI, dialect: str) -> None:
    reply = client.chat.completions.create(model=f"{dialect}/sim-length", messages=HELLO)
    assert reply.choices[0].finish_reason == "length"


def test_unknown_fields_and_headers_travel_to_a_provider_of_the_same_dialect(client: OpenAI, sim: SimServer) -> None:
    client.chat.completions.create(
        model="chat/sim-text",
        messages=HELLO,
        extra_body={"a_field_of_tomorrow": {"x": [1, 2.5, None]}},
        extra_headers={"x-tomorrow": "yes", "x-openclaw-run": "r1", "cookie": "secret=1"},
    )
    seen = sim.app.requests[-1]
    assert seen.body["a_field_of_tomorrow"] == {"x": [1, 2.5, None]}
    assert seen.body["model"] == "sim-text"
    assert seen.headers["x-tomorrow"] == "yes"
    assert seen.headers["authorization"] == f"Bearer {UPSTREAM_KEY}"
    assert "x-openclaw-run" not in seen.headers
    assert "cookie" not in seen.headers
    assert CALLER_KEY not in json.dumps(seen.headers)


def test_what_a_dialect_cannot_carry_is_told(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="messages/sim-text", messages=HELLO, seed=7, logprobs=True, extra_body={"a_field_of_tomorrow": 1}
    )
    degraded = raw.headers["x-openclaw-degraded"]
    for lost in ("seed", "logprobs", "extra.a_field_of_tomorrow"):
        assert lost in degraded


# --- names, plans, fallbacks


def test_an_alias_is_a_model_name(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="fast", messages=HELLO)
    assert raw.headers["x-openclaw-provider"] == "chat"
    assert raw.headers["x-openclaw-model"] == "sim-text"


@pytest.mark.parametrize("stream", [False, True])
def test_the_next_target_answers_when_one_fails(client: OpenAI, gateway: RunningGateway, *, stream: bool) -> None:
    raw = client.chat.completions.with_raw_response.create(model="careful", messages=HELLO, stream=stream)
    assert raw.headers["x-openclaw-provider"] == "messages"
    assert raw.headers["x-openclaw-attempts"] == "3"
    raw.parse() if not stream else list(raw.parse())
    record = gateway.records[-1]
    assert [a.error_type for a in record.attempts] == ["server", "network", None]
    assert record.status == 200


def test_openrouters_models_are_fallbacks(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="chat/sim-error-503", messages=HELLO, extra_body={"models": ["messages/sim-text"]}
    )
    assert raw.headers["x-openclaw-provider"] == "messages"


def test_openrouters_provider_fields_act(client: OpenAI, sim: SimServer) -> None:
    models = {"models": ["chat/sim-text", "messages/sim-text"]}

    def served_by(**provider: Any) -> str:
        raw = client.chat.completions.with_raw_response.create(
            model="chat/sim-text", messages=HELLO, extra_body={**models, "provider": provider}
        )
        assert "provider" not in sim.app.requests[-1].body
        assert "models" not in sim.app.requests[-1].body
        return raw.headers["x-openclaw-provider"]

    assert served_by(order=["messages"]) == "messages"
    assert served_by(only=["messages"]) == "messages"
    assert served_by(ignore=["chat"]) == "messages"
    assert served_by(data_collection="allow") == "chat"


def test_a_routing_instruction_that_nobody_can_honour_is_refused(client: OpenAI, sim: SimServer) -> None:
    before = len(sim.app.requests)
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="chat/sim-text", messages=HELLO, extra_body={"provider": {"zdr": True}})
    assert caught.value.param == "provider.zdr"
    assert len(sim.app.requests) == before
    client.chat.completions.create(model="openrouter/sim-text", messages=HELLO, extra_body={"provider": {"zdr": True}})
    assert sim.app.requests[-1].body["provider"] == {"zdr": True}


def test_a_fallback_that_is_not_allowed_is_not_made(client: OpenAI) -> None:
    extra = {"models": ["messages/sim-text"], "provider": {"allow_fallbacks": False}}
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="chat/sim-error-500", messages=HELLO, extra_body=extra)


# --- other doors


def test_models_are_listed_and_found(client: OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert "fast" in names
    assert any(name.startswith("gemini/gemini-") for name in names)
    model = client.models.retrieve("openai/gpt-4o-mini")
    assert model.owned_by == "openai"
    assert model.model_dump()["pricing"]["prompt"] == "0.00000015"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("openai/no-such-model/x")


@pytest.mark.parametrize("provider", ["chat", "gemini", "ollama", "cohere"])
def test_embeddings_come_back_in_order(client: OpenAI, provider: str) -> None:
    reply = client.embeddings.create(model=f"{provider}/sim-embed", input=["one", "two", "three"])
    assert [item.index for item in reply.data] == [0, 1, 2]
    again = client.embeddings.create(model=f"{provider}/sim-embed", input=["two"], encoding_format="float")
    assert reply.data[1].embedding == pytest.approx(again.data[0].embedding, abs=1e-6)
    assert len(reply.data[0].embedding) == 8


def test_embeddings_as_base64_are_little_endian_float32(client: OpenAI) -> None:
    reply = client.embeddings.with_raw_response.create(model="gemini/sim-embed", input="one", encoding_format="base64")
    vector = json.loads(reply.text)["data"][0]["embedding"]
    floats = client.embeddings.create(model="gemini/sim-embed", input="one", encoding_format="float")
    assert list(struct.unpack("<8f", base64.b64decode(vector))) == pytest.approx(floats.data[0].embedding)


@pytest.mark.parametrize("model", ["chat/sim-text", "messages/sim-text"])
def test_completions_complete(client: OpenAI, model: str) -> None:
    reply = client.completions.create(model=model, prompt="Once upon a time", max_tokens=50)
    assert reply.choices[0].text.startswith("Simulated answer")
    assert reply.object == "text_completion"
    chunks = list(client.completions.create(model=model, prompt="Once upon a time", stream=True))
    assert "".join(c.choices[0].text for c in chunks if c.choices) == reply.choices[0].text


def test_completions_refuse_what_a_chat_model_cannot_do(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model="messages/sim-text", prompt="x", suffix="y")
    assert caught.value.param == "suffix"


def test_a_target_that_cannot_be_asked_is_passed_over(client: OpenAI) -> None:
    """`echo` means nothing to a model that chats: the second target serves completions itself."""
    raw = client.completions.with_raw_response.create(
        model="messages/sim-text", prompt="x", echo=True, extra_body={"models": ["chat/sim-text"]}
    )
    assert raw.headers["x-openclaw-provider"] == "chat"
    assert raw.headers["x-openclaw-attempts"] == "1"


def test_a_record_tells_how_each_attempt_ended(client: OpenAI, gateway: RunningGateway) -> None:
    with pytest.raises(openai.APIError):
        list(client.chat.completions.create(model="chat/sim-cut-3", messages=HELLO, stream=True))
    record = gateway.records[-1]
    assert [attempt.error_type for attempt in record.attempts] == [record.error_type]
    assert record.error_type in ("truncated", "network")
    assert record.response_model == "sim-cut-3"


@pytest.mark.parametrize(("upstream", "status"), [(402, 429), (529, 503), (422, 400), (501, 502)])
def test_a_providers_odd_status_becomes_one_that_clients_know(client: OpenAI, upstream: int, status: int) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model=f"chat/sim-error-{upstream}", messages=HELLO)
    assert caught.value.status_code == status


# --- errors


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (422, openai.APIStatusError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_providers_error_raises_the_right_class(
    client: OpenAI, status: int, error: type[openai.APIStatusError], dialect: str, *, stream: bool
) -> None:
    with pytest.raises(error) as caught:
        client.chat.completions.create(model=f"{dialect}/sim-error-{status}", messages=HELLO, stream=stream)
    body = caught.value.body
    assert isinstance(body, dict)
    assert body.keys() >= {"message", "type", "param", "code"}
    assert UPSTREAM_KEY not in json.dumps(body)
    assert "127.0.0.1" not in json.dumps(body)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_retry_after_reaches_the_caller(client: OpenAI, dialect: str) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model=f"{dialect}/sim-retry-7", messages=HELLO)
    assert caught.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize("provider", ["nowhere", "nodns", "notls"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_provider_that_cannot_be_reached_is_a_502_without_addresses(
    client: OpenAI, provider: str, *, stream: bool
) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model=f"{provider}/x", messages=HELLO, stream=stream)
    assert caught.value.status_code == 502
    assert "127.0.0.1" not in str(caught.value)
    assert "invalid" not in str(caught.value).replace("invalid_request", "")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_provider_that_falls_silent_is_a_504(client: OpenAI, dialect: str) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model=f"{dialect}/sim-silent", messages=HELLO, stream=True)
    assert caught.value.status_code == 504


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("fault", ["cut-3", "malformed-3", "fail-3", "stall-3", "unended"])
def test_a_stream_that_breaks_never_looks_complete(client: OpenAI, dialect: str, fault: str) -> None:
    if (dialect, fault) == ("converse", "malformed-3"):
        fault = "cut-3"  # its framing is binary: bytes that are no frame are a cut
    stream = client.chat.completions.create(model=f"{dialect}/sim-{fault}", messages=HELLO, stream=True)
    seen: list[Any] = []
    with pytest.raises(openai.APIError):
        for chunk in stream:
            seen += chunk.choices
    assert not [choice for choice in seen if choice.finish_reason]


def test_no_key_and_a_wrong_key_are_401(gateway: RunningGateway) -> None:
    stranger = OpenAI(base_url=f"{gateway.url}/v1", api_key="sk-wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError) as caught:
        stranger.chat.completions.create(model="fast", messages=HELLO)
    assert caught.value.code == "invalid_api_key"
    assert "sk-wrong" not in str(caught.value)
    with pytest.raises(openai.AuthenticationError) as caught:
        stranger.chat.completions.create(model="fast", messages=HELLO, extra_headers={"authorization": ""})
    assert caught.value.code == "missing_api_key"
    with pytest.raises(openai.AuthenticationError):
        stranger.models.list()


def test_a_key_may_be_limited_to_models(gateway: RunningGateway) -> None:
    limited = OpenAI(base_url=f"{gateway.url}/v1", api_key="sk-limited", max_retries=0)
    assert limited.chat.completions.create(model="fast", messages=HELLO).choices
    assert [model.id for model in limited.models.list()] == ["fast"]
    with pytest.raises(openai.NotFoundError):
        limited.models.retrieve("openai/gpt-4o-mini")
    with pytest.raises(openai.PermissionDeniedError):
        limited.chat.completions.create(model="chat/sim-text", messages=HELLO)
    with pytest.raises(openai.PermissionDeniedError):
        limited.chat.completions.create(model="fast", messages=HELLO, extra_body={"models": ["messages/sim-text"]})


def test_an_unknown_model_is_404_with_the_nearest_names(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="gpt-4o-mni", messages=HELLO)
    assert caught.value.code == "model_not_found"
    assert "gpt-4o-mini" in str(caught.value)


def test_a_wrong_type_names_its_field(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="fast", messages=[{"role": "user", "content": {"no": 1}}])  # type: ignore[list-item, misc]
    assert caught.value.param == "messages[0].content"


def test_a_body_that_is_too_large_is_413(client: OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="fast", messages=[{"role": "user", "content": "x" * 300_000}])
    assert caught.value.status_code == 413


def test_a_body_that_is_nested_too_deeply_is_400(client: OpenAI) -> None:
    deep: Any = []
    for _ in range(50):
        deep = [deep]
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="fast", messages=HELLO, extra_body={"deep": deep})


# --- leaving early, many at once


@pytest.mark.parametrize("dialect", DIALECTS)
def test_closing_the_stream_closes_the_providers(client: OpenAI, sim: SimServer, dialect: str) -> None:
    before = sim.app.aborted
    stream = client.chat.completions.create(model=f"{dialect}/sim-pace-200", messages=HELLO, stream=True)
    next(iter(stream))
    stream.close()
    _wait_until(lambda: sim.app.aborted == before + 1)


async def test_cancelling_a_plain_call_closes_the_providers(async_client: AsyncOpenAI, sim: SimServer) -> None:
    before = sim.app.aborted
    call = asyncio.create_task(async_client.chat.completions.create(model="chat/sim-slow-20000", messages=HELLO))
    seen = len(sim.app.requests)
    await asyncio.to_thread(_wait_until, lambda: len(sim.app.requests) > seen)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await asyncio.to_thread(_wait_until, lambda: sim.app.aborted == before + 1)
    await async_client.close()


async def test_fifty_streams_at_once_do_not_mix(async_client: AsyncOpenAI) -> None:
    async def one(number: int) -> str:
        dialect = DIALECTS[number % len(DIALECTS)]
        stream = await async_client.chat.completions.create(
            model=f"{dialect}/sim-echo", messages=[{"role": "user", "content": f"number {number}"}], stream=True
        )
        return "".join([c.choices[0].delta.content or "" async for c in stream if c.choices])

    texts = await asyncio.gather(*(one(number) for number in range(50)))
    assert texts == [f"number {number}" for number in range(50)]
    await async_client.close()


def _wait_until(condition: Any) -> None:
    """Wait for another thread's state; the deadline only bounds a failure."""
    ticker = threading.Event()
    for _ in range(500):
        if condition():
            return
        ticker.wait(0.01)
    raise AssertionError("the condition did not come true in 5 s")
