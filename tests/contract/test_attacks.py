"""What hostile callers and providers did to the doors beside Chat, and what they could not do."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import openai
import pytest
from openai import OpenAI

from openclaw.sim import SimServer
from tests.contract.conftest import CALLER_KEY, UPSTREAM_KEY, RunningGateway
from tests.contract.test_broken import RawProvider, ask, chunk, response, sse, until

CONFIG = """
discover: []
providers:
  chat: {{type: openai-compatible, base_url: "{raw}/v1", api_key: {key}}}
  responses: {{type: openai-compatible, api: responses, base_url: "{raw}/v1", api_key: {key}}}
  gemini: {{type: google, base_url: "{raw}/v1beta", api_key: {key}}}
  ollama: {{type: ollama-native, base_url: "{raw}", api_key: {key}}}
  sim: {{type: openai-compatible, base_url: "{sim}/v1", api_key: {key}}}
aliases:
  after-gemini: [gemini/m, sim/sim-text]
  after-ollama: [ollama/m, sim/sim-text]
  after-chat: [chat/m, sim/sim-text]
keys: [{{name: tests, key: sk-caller}}]
timeouts: {{connect_s: 2, idle_s: 2, total_s: 10}}
"""

READ_ITEM: Any = {"type": "message", "role": "assistant", "status": "completed"}


@contextmanager
def gateway_to(raw: RawProvider, sim: SimServer) -> Iterator[RunningGateway]:
    try:
        with RunningGateway(CONFIG.format(raw=raw.url, sim=sim.url, key=UPSTREAM_KEY)) as running:
            yield running
    finally:
        raw.close()


@pytest.fixture
def client(gateway: RunningGateway) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{gateway.url}/v1", api_key=CALLER_KEY, max_retries=0) as client:
        yield client


def a_client(gateway: RunningGateway) -> OpenAI:
    return OpenAI(base_url=f"{gateway.url}/v1", api_key=CALLER_KEY, max_retries=0)


def plain(body: Any) -> RawProvider:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return RawProvider(response(data, "application/json"))


def completion(**more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], **more}


def a_response(identity: str, text: str = "hello") -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    item = {**READ_ITEM, "id": f"msg_{identity}", "content": content}
    return {
        "id": identity,
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "m",
        "output": [item],
    }


GENERATE: Any = {"contents": [{"role": "user", "parts": [{"text": "x"}]}]}


# --- providers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["gemini", "ollama"])
def test_an_answer_that_is_no_object_leaves_the_call_to_the_next_target(sim: SimServer, target: str) -> None:
    with gateway_to(plain([]), sim) as gateway, a_client(gateway) as client:
        reply = client.responses.with_raw_response.create(model=f"after-{target}", input="x")
        assert reply.headers["x-openclaw-provider"] == "sim"


def test_a_time_that_is_none_is_no_fault_of_the_gateway(sim: SimServer) -> None:
    with gateway_to(plain(json.dumps(completion(created=10**39)).encode()), sim) as gateway:
        path = "/v1beta/models/chat/m:generateContent"
        assert ask(gateway, json.dumps(GENERATE).encode(), path=path)[0] in (200, 502)


def test_an_answer_that_cannot_be_read_does_not_lose_the_others(sim: SimServer) -> None:
    broken = json.dumps(a_response("resp_broken")).encode().replace(b"hello", b"he\xffllo")
    with gateway_to(plain(broken), sim) as gateway, a_client(gateway) as client:
        bad, good = (json.dumps({"model": model, "input": "x"}).encode() for model in ("responses/m", "sim/sim-text"))
        ask(gateway, bad, path="/v1/responses")
        answered = json.loads(ask(gateway, good, path="/v1/responses")[2])
        assert client.responses.retrieve(answered["id"]).status == "completed"


def test_a_background_stream_that_is_too_long_does_not_look_whole(sim: SimServer) -> None:
    pieces = [chunk("q" * 1_000_000) for _ in range(18)]
    answer = response(sse(*pieces, chunk("", finish="stop"), "[DONE]"))
    with gateway_to(RawProvider(answer), sim) as gateway, a_client(gateway) as client:
        events = client.responses.create(model="chat/m", input="x", stream=True, background=True)
        assert ends_aloud(lambda: [event.type for event in events][-1])


def ends_aloud(last: Callable[[], str]) -> bool:
    """Whether a client can tell how a stream ended."""
    try:
        return last() in ("response.completed", "response.failed", "response.incomplete", "error")
    except openai.APIError:
        return True


def test_a_tool_call_has_no_field_that_anthropic_does_not_know(sim: SimServer) -> None:
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    body = completion(choices=[{"index": 0, "message": message, "finish_reason": "tool_calls"}])
    with gateway_to(plain(body), sim) as gateway:
        content = json.loads(messages(gateway, "chat/m"))["content"]
    assert content[0].keys() == {"type", "id", "name", "input"}


def test_two_tool_calls_of_an_answer_have_two_ids(sim: SimServer) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "tool_calls": [call, call]}
    body = completion(choices=[{"index": 0, "message": message, "finish_reason": "tool_calls"}])
    with gateway_to(plain(body), sim) as gateway:
        content = json.loads(messages(gateway, "chat/m"))["content"]
    assert len({block["id"] for block in content}) == 2


def messages(gateway: RunningGateway, model: str) -> bytes:
    body = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    return ask(gateway, json.dumps(body).encode(), path="/v1/messages")[2]


# --- responses that are kept -----------------------------------------------------------------------------------


def test_a_small_request_cannot_become_a_large_one(client: OpenAI) -> None:
    """The bound on bodies is 200,000 bytes in this gateway."""
    kept = client.responses.create(model="chat/sim-echo", input="y" * 20_000)
    again: Any = {"type": "item_reference", "id": kept.output[0].id}
    with pytest.raises(openai.APIStatusError) as refused:
        client.responses.create(model="chat/sim-text", input=[again] * 500)
    assert refused.value.status_code == 413


def test_an_item_that_a_caller_does_not_own_is_not_asked_of_the_provider(client: OpenAI) -> None:
    other: Any = {"type": "item_reference", "id": "msg_of_somebody_else"}
    with pytest.raises(openai.BadRequestError, match="not found"):
        client.responses.create(model="responses/sim-text", input=[other])


def test_who_listens_to_a_cancelled_response_is_told(client: OpenAI) -> None:
    events = client.responses.create(model="chat/sim-pace-50", input="x", stream=True, background=True)
    first: Any = next(iter(events))
    client.responses.cancel(first.response.id)
    assert ends_aloud(lambda: [event.type for event in events][-1])


@pytest.mark.parametrize("background", [False, True])
def test_a_thinking_model_of_the_same_dialect_streams_what_is_not_passed(client: OpenAI, *, background: bool) -> None:
    first = client.responses.create(model="responses/sim-text", input="x")
    events = client.responses.create(
        model="responses/sim-think", input="x", previous_response_id=first.id, stream=True, background=background
    )
    assert [event.type for event in events][-1] == "response.completed"


@pytest.mark.parametrize("previous", [[None], {"a": 1}, 7])
def test_a_previous_response_has_to_be_named_by_a_text_also_for_counting(
    gateway: RunningGateway, previous: Any
) -> None:
    body = {"model": "chat/sim-text", "input": "x", "previous_response_id": previous}
    status, _, answer = ask(gateway, json.dumps(body).encode(), path="/v1/responses/input_tokens")
    assert status == 400
    assert json.loads(answer)["error"]["param"] == "previous_response_id"


def test_a_response_that_is_not_there_is_not_a_model(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        client.responses.retrieve("resp_none")
    assert missing.value.code != "model_not_found"


# --- tools -----------------------------------------------------------------------------------------------------


def function(name: str) -> Any:
    return {"type": "function", "name": name, "parameters": {"type": "object", "properties": {}}}


def namespace(name: str, *tools: Any) -> Any:
    return {"type": "namespace", "name": name, "tools": list(tools)}


def test_a_forced_tool_is_that_tool(client: OpenAI, sim: SimServer) -> None:
    tools = [function("read"), namespace("files", function("read"))]
    client.responses.create(
        model="chat/sim-tool", input="x", tools=tools, tool_choice={"type": "function", "name": "read"}
    )
    assert asked(sim)["tool_choice"]["function"]["name"] == "read"


@pytest.mark.parametrize(
    "tools",
    [
        [namespace("a__b", function("c")), namespace("a", function("b__c"))],
        [namespace("a.b", function("c")), namespace("a_b", function("c"))],
        [namespace("files", function("read")), function("files__read")],
        [function("files__read"), namespace("files", function("read"))],
    ],
)
def test_no_tool_takes_the_place_of_another(client: OpenAI, sim: SimServer, tools: Any) -> None:
    reply = client.responses.create(model="chat/sim-tools", input="x", tools=tools)
    assert len({tool["function"]["name"] for tool in asked(sim)["tools"]}) == 2
    called = {(getattr(item, "namespace", None), item.name) for item in reply.output if item.type == "function_call"}
    meant = {(t["name"], t["tools"][0]["name"]) if "tools" in t else (None, t["name"]) for t in tools}
    assert called == meant


def asked(sim: SimServer) -> Any:
    body = sim.app.requests[-1].body
    return json.loads(body) if isinstance(body, str | bytes) else body


# --- addresses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["gemini/../../v1/secret", "gemini/./x", "gemini/x/../../y", "converse/.."])
def test_a_model_is_not_a_way_to_another_address(gateway: RunningGateway, model: str) -> None:
    """Servers and proxies take the dots out, and then the path is one that the caller chose."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "x"}]}).encode()
    assert ask(gateway, body)[0] in (400, 404)


def test_connections_that_say_nothing_do_not_hold_up_the_others(gateway: RunningGateway, client: OpenAI) -> None:
    address = ("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    silent = [socket.create_connection(address, timeout=5) for _ in range(100)]
    try:
        assert client.responses.create(model="fast", input="x").status == "completed"
    finally:
        for connection in silent:
            connection.close()


@pytest.mark.parametrize("seal", ["", "!!!!", "WyJldmlsIiwic2lnIixudWxsXQ==", "WzEsMiwzXQ==", "A"])
@pytest.mark.parametrize("target", ["messages", "gemini", "chat", "responses"])
def test_a_forged_seal_is_a_thought_without_state(client: OpenAI, sim: SimServer, seal: str, target: str) -> None:
    thought: Any = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": f"openclaw-1.{seal}"}
    user: Any = {"role": "user", "content": "x"}
    assert client.responses.create(model=f"{target}/sim-text", input=[thought, user]).status == "completed"
    assert "openclaw-1." not in json.dumps(asked(sim))


def test_cancelling_again_and_again_changes_nothing(client: OpenAI) -> None:
    begun = client.responses.create(model="chat/sim-slow-5000", input="x", background=True)
    assert {client.responses.cancel(begun.id).status for _ in range(3)} == {"cancelled"}
    assert until(lambda: client.responses.retrieve(begun.id).status == "cancelled")
