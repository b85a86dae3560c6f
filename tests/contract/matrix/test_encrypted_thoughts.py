"""Encrypted reasoning of a provider of Responses goes back to it, whole items as they came.

The provider here is written by hand from OpenAI's documentation, with none of the codecs that are under test:
https://platform.openai.com/docs/guides/reasoning#encrypted-reasoning-items.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from openclaw.server.asgi import Receive, Scope, Send
from openclaw.sim.running import ServerThread
from tests.contract.conftest import CALLER_KEY, RunningGateway
from tests.contract.matrix.doors import DOORS, Function, Wants

REASONING = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "Weather needs a tool."}],
    "encrypted_content": "gAAAAABopaque+/==",
}
CALL = {
    "id": "fc_1",
    "type": "function_call",
    "status": "completed",
    "call_id": "call_1",
    "name": "get_weather",
    "arguments": '{"place":"Lisbon"}',
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Sunny.", "annotations": [], "logprobs": []}],
}
USAGE = {
    "input_tokens": 9,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 4},
    "total_tokens": 16,
}
WANTS = Wants(
    tools=(Function("get_weather", {"type": "object", "properties": {"place": {"type": "string"}}}),), think=True
)


def response(output: list[Any], status: str = "completed") -> dict[str, Any]:
    usage = USAGE if status == "completed" else None
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_790_000_000,
        "status": status,
        "model": "gpt-5",
        "output": output,
        "usage": usage,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "temperature": 1.0,
        "top_p": 1.0,
    }


def events(output: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield {"type": "response.created", "response": response([], "in_progress")}
    yield {"type": "response.in_progress", "response": response([], "in_progress")}
    for index, item in enumerate(output):
        place = {"item_id": item["id"], "output_index": index}
        yield {"type": "response.output_item.added", "output_index": index, "item": _blank(item)}
        if item["type"] == "reasoning":
            part, text = {**place, "summary_index": 0}, item["summary"][0]["text"]
            empty = {"type": "summary_text", "text": ""}
            yield {"type": "response.reasoning_summary_part.added", **part, "part": empty}
            yield {"type": "response.reasoning_summary_text.delta", **part, "delta": text}
            yield {"type": "response.reasoning_summary_text.done", **part, "text": text}
            yield {"type": "response.reasoning_summary_part.done", **part, "part": item["summary"][0]}
        elif item["type"] == "function_call":
            arguments = item["arguments"]
            yield {"type": "response.function_call_arguments.delta", **place, "delta": arguments}
            yield {
                "type": "response.function_call_arguments.done",
                **place,
                "arguments": arguments,
                "name": item["name"],
            }
        else:
            part, text = {**place, "content_index": 0}, item["content"][0]["text"]
            yield {"type": "response.content_part.added", **part, "part": {**item["content"][0], "text": ""}}
            yield {"type": "response.output_text.delta", **part, "delta": text, "logprobs": []}
            yield {"type": "response.output_text.done", **part, "text": text, "logprobs": []}
            yield {"type": "response.content_part.done", **part, "part": item["content"][0]}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": "response.completed", "response": response(output)}


def _blank(item: dict[str, Any]) -> dict[str, Any]:
    empty = {"summary": [], "content": [], "arguments": ""}
    blank = {key: empty.get(key, value) for key, value in item.items() if key != "encrypted_content"}
    return {**blank, "status": "in_progress"} if "status" in blank else blank


class Provider:
    """Calls the tool, and answers once a result is there. `asked` are the bodies it got."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw, more = b"", True
        while more:
            message = await receive()
            raw, more = raw + message.get("body", b""), message.get("more_body", False)
        body = json.loads(raw)
        self.asked.append(body)
        output: list[Any] = [MESSAGE] if "function_call_output" in str(body["input"]) else [REASONING, CALL]
        stream = body.get("stream") is True
        data = _sse(output) if stream else json.dumps(response(output))
        kind = b"text/event-stream" if stream else b"application/json"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": data.encode()})


def _sse(output: list[dict[str, Any]]) -> str:
    numbered = ({**event, "sequence_number": number} for number, event in enumerate(events(output)))
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in numbered)


@pytest.fixture(scope="module")
def provider() -> Iterator[tuple[Provider, str]]:
    made = Provider()
    running = ServerThread(made)
    running.start()
    config = f"""
discover: []
providers:
  responses: {{type: openai-compatible, api: responses, base_url: "{running.url}/v1", api_key: k}}
  openai: {{type: openai, base_url: "{running.url}/v1", api_key: k}}
keys: [{{name: tests, key: {CALLER_KEY}}}]
"""
    with RunningGateway(config) as gateway:
        yield made, gateway.url
    running.stop()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", DOORS)
def test_the_tool_loop_ends_and_the_same_door_returns_the_items(
    provider: tuple[Provider, str], name: str, *, stream: bool
) -> None:
    upstream, url = provider
    door = DOORS[name]
    client = door.client(url, CALLER_KEY)
    history = door.user("What is the weather in Lisbon?")
    first = door.ask(client, "responses/gpt-5", history, WANTS, stream=stream)
    assert first.thought == "Weather needs a tool."
    assert [(call.name, call.arguments) for call in first.calls] == [("get_weather", {"place": "Lisbon"})]
    history += [*first.turn, *door.results(first.calls, ["sunny"])]
    assert door.ask(client, "responses/gpt-5", history, WANTS, stream=stream).text == "Sunny."
    sent = upstream.asked[-1]["input"]
    assert [item.get("type") for item in sent][-2:] == ["function_call", "function_call_output"]
    if name == "responses":
        assert sent[1:3] == [REASONING, CALL]
    door.close(client)


@pytest.mark.parametrize("stream", [False, True])
def test_a_kept_response_returns_the_items_too(provider: tuple[Provider, str], *, stream: bool) -> None:
    upstream, url = provider
    client = DOORS["responses"].client(url, CALLER_KEY)
    asked: Any = {"model": "openai/gpt-5", "stream": stream, "tools": [], "reasoning": {"effort": "low"}}
    first = client.responses.create(input="What is the weather in Lisbon?", **asked)
    made = list(first)[-1].response if stream else first
    result = {"type": "function_call_output", "call_id": "call_1", "output": "sunny"}
    second = client.responses.create(input=[result], previous_response_id=made.id, **asked)
    ended = list(second)[-1].response if stream else second
    assert ended.output_text == "Sunny."
    assert "reasoning.encrypted_content" in upstream.asked[-2]["include"]
    kept = {item["type"]: item for item in upstream.asked[-1]["input"]}
    assert kept["reasoning"]["encrypted_content"] == REASONING["encrypted_content"]
    assert kept["function_call"]["call_id"] == "call_1"
    client.close()
