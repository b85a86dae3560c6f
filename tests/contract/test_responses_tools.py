"""What OpenAI's own agents send that other providers lack, in front of every target, with the official client:
free-text tools, namespaces, tools in the conversation, and thoughts whose signature must come back."""

from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI

from openclaw.sim import Script, SimServer, ToolUse
from tests.contract.conftest import CALLER_KEY, CONFIG, DIALECTS, UPSTREAM_KEY, RunningGateway

PATCH: Any = {"type": "custom", "name": "apply_patch", "description": "Edit files."}
READ: Any = {"type": "function", "name": "read", "parameters": {"type": "object", "properties": {}}, "strict": False}
FILES: Any = {"type": "namespace", "name": "files", "description": "The disk.", "tools": [PATCH, READ]}
EDIT = '*** Begin Patch\n+a "quoted" line with ü\n*** End Patch'

# A provider that speaks Responses knows the tools as the caller does, every other one as functions.
SCRIPTS = {
    "patches": [Script(call=(ToolUse("apply_patch", {"input": EDIT}),)), Script(say="patched")],
    "patches-itself": [Script(call=(ToolUse("apply_patch", EDIT),)), Script(say="patched")],
    "reads": [
        Script(call=(ToolUse("files__apply_patch", {"input": EDIT}), ToolUse("files__read", {"path": "a"}))),
        Script(say="read"),
    ],
    "thinks": [Script(think="It takes a look.", say="Looking.", call=(ToolUse("read", {}),)), Script(say="seen")],
}
TRANSLATED = tuple(dialect for dialect in DIALECTS if dialect != "responses")


@pytest.fixture(scope="module")
def sim() -> Iterator[SimServer]:
    with SimServer(key=UPSTREAM_KEY, scripts=SCRIPTS) as running:
        yield running


@pytest.fixture(scope="module")
def client(sim: SimServer) -> Iterator[OpenAI]:
    config = CONFIG.format(sim=sim.url, key=UPSTREAM_KEY, tls=sim.url)
    with (
        RunningGateway(config) as gateway,
        OpenAI(base_url=f"{gateway.url}/v1", api_key=CALLER_KEY, max_retries=0) as client,
    ):
        yield client


def ask(client: OpenAI, *, stream: bool, **fields: Any) -> Any:
    if not stream:
        return client.responses.create(**fields)
    with client.responses.stream(**fields) as events:
        return events.get_final_response()


def asked(sim: SimServer) -> str:
    return str(sim.app.requests[-1].body)


both_ways = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])


@both_ways
@pytest.mark.parametrize("target", [*TRANSLATED, "openai", "responses"])
def test_a_free_text_tool_is_called_with_its_text(client: OpenAI, sim: SimServer, target: str, stream: bool) -> None:
    model = f"{target}/patches" if target in TRANSLATED else f"{target}/patches-itself"
    say: Any = [{"role": "user", "content": "Edit the file."}]
    first = ask(client, stream=stream, model=model, input=say, tools=[PATCH], store=False)
    (call,) = [item for item in first.output if item.type == "custom_tool_call"]
    assert (call.name, call.input) == ("apply_patch", EDIT)
    result = {"type": "custom_tool_call_output", "call_id": call.call_id, "output": "done"}
    history = [*say, *(item.to_dict() for item in first.output), result]
    second = ask(client, stream=stream, model=model, input=history, tools=[PATCH], store=False)
    assert second.output_text == "patched"
    assert "with ü" in asked(sim)


@both_ways
@pytest.mark.parametrize("where", ["tools", "additional_tools"])
@pytest.mark.parametrize("target", TRANSLATED)
def test_tools_in_a_namespace_are_called_by_it(
    client: OpenAI, sim: SimServer, target: str, where: str, stream: bool
) -> None:
    given = {"type": "additional_tools", "role": "developer", "tools": [FILES]}
    say: Any = [{"role": "user", "content": "Read."}, *([given] if where == "additional_tools" else [])]
    fields: Any = {"model": f"{target}/reads", "store": False} | ({"tools": [FILES]} if where == "tools" else {})
    first = ask(client, stream=stream, input=say, **fields)
    calls = [item for item in first.output if item.type in ("custom_tool_call", "function_call")]
    assert [(call.type, call.namespace, call.name) for call in calls] == [
        ("custom_tool_call", "files", "apply_patch"),
        ("function_call", "files", "read"),
    ]
    assert (calls[0].input, calls[1].arguments) == (EDIT, '{"path":"a"}')
    results = [{"type": f"{call.type}_output", "call_id": call.call_id, "output": "done"} for call in calls]
    history = [*say, *(item.to_dict() for item in first.output), *results]
    assert ask(client, stream=stream, input=history, **fields).output_text == "read"
    assert "files__apply_patch" in asked(sim)


@both_ways
@pytest.mark.parametrize("kept", [False, True], ids=["sent back", "kept"])
def test_a_thought_comes_back_to_claude_with_its_signature(
    client: OpenAI, sim: SimServer, kept: bool, stream: bool
) -> None:
    fields: Any = {"model": "messages/thinks", "tools": [READ], "reasoning": {"effort": "low"}, "store": kept}
    say: Any = [{"role": "user", "content": "Read."}]
    first = ask(client, stream=stream, input=say, **fields)
    thought, call = first.output[0], first.output[-1]
    assert (thought.type, thought.summary[0].text) == ("reasoning", "It takes a look.")
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "a cat"}
    if kept:
        second = ask(client, stream=stream, input=[result], previous_response_id=first.id, **fields)
    else:
        history = [*say, *(item.to_dict() for item in first.output), result]
        second = ask(client, stream=stream, input=history, **fields)
    assert second.output_text == "seen"
    turn = sim.app.requests[-1].body["messages"][1]["content"]
    assert turn[0]["type"] == "thinking"
    assert turn[0]["thinking"] == "It takes a look."
    assert turn[0]["signature"].startswith("sig-")
    assert sim.app.requests[-1].body["thinking"]["type"] != "disabled"


@both_ways
def test_another_providers_signature_never_reaches_openai(client: OpenAI, sim: SimServer, stream: bool) -> None:
    fields: Any = {"tools": [READ], "reasoning": {"effort": "low"}, "store": False}
    say: Any = [{"role": "user", "content": "Read."}]
    first = ask(client, stream=stream, model="messages/thinks", input=say, **fields)
    result = {"type": "function_call_output", "call_id": first.output[-1].call_id, "output": "a cat"}
    history = [*say, *(item.to_dict() for item in first.output), result]
    assert ask(client, stream=stream, model="openai/thinks", input=history, **fields).output_text == "seen"
    kinds = [item.get("type", "message") for item in sim.app.requests[-1].body["input"]]
    assert kinds == ["message", "message", "function_call", "function_call_output"]
    assert "openclaw-1." not in asked(sim)


@both_ways
def test_a_chat_caller_brings_claudes_signature_back_too(client: OpenAI, sim: SimServer, stream: bool) -> None:
    tool: Any = {"type": "function", "function": {"name": "read", "parameters": READ["parameters"]}}
    fields: Any = {"model": "messages/thinks", "tools": [tool], "reasoning_effort": "low"}
    say: Any = [{"role": "user", "content": "Read."}]
    if stream:
        with client.chat.completions.stream(messages=say, **fields) as events:
            message = events.get_final_completion().choices[0].message
    else:
        message = client.chat.completions.create(messages=say, **fields).choices[0].message
    assert message.tool_calls
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "a cat"}
    history: Any = [*say, message.to_dict(), result]
    second = client.chat.completions.create(messages=history, **fields)
    assert second.choices[0].message.content == "seen"
    turn = sim.app.requests[-1].body["messages"][1]["content"]
    assert (turn[0]["type"], turn[0]["thinking"]) == ("thinking", "It takes a look.")
    assert turn[0]["signature"].startswith("sig-")
