"""Signed state on its way through a caller of another dialect and back to its maker: kept by it, and by nobody else."""

from typing import Any

import pytest

from openclaw.calls import Call, Event, JsonObject, Reply
from openclaw.dialects.chat import Chat
from openclaw.dialects.codec import Codec
from openclaw.dialects.converse import Converse
from openclaw.dialects.gemini import Gemini
from openclaw.dialects.jsontext import encode, parse
from openclaw.dialects.messages import Messages
from openclaw.dialects.responses import Responses
from openclaw.streams import collect, unfold

CHAT, MESSAGES, GEMINI, CONVERSE = Chat(), Messages(), Gemini(), Converse()
ASKED = Call(dialect="chat", model="m", messages=(), include_usage=True)
CLAUDE, NOVA = "anthropic.claude-sonnet-4-5-v1:0", "amazon.nova-2-lite-v1:0"


def plainly(reply: Reply) -> JsonObject:
    """The assistant message that a Chat caller gets."""
    message: JsonObject = parse(encode(CHAT.encode_reply(reply, ASKED)))["choices"][0]["message"]
    return message


def streamed(reply: Reply) -> JsonObject:
    """The same, put together from the chunks as a client does it that knows no more than their shape."""
    encoder = CHAT.stream_encoder(ASKED)
    data = b"".join(encoder.encode(event) for event in unfold(reply))
    message: JsonObject = {}
    for line in data.splitlines():
        if line.startswith(b"data: {"):
            for choice in parse(line[6:])["choices"]:
                _accumulate(message, choice["delta"])
    return message


def _accumulate(message: JsonObject, delta: JsonObject) -> None:
    for key, value in delta.items():
        if key == "tool_calls":
            calls = message.setdefault(key, [])
            for call in value:
                index = call.pop("index")
                calls += [{}] * (index + 1 - len(calls))
                inner = calls[index].get("function", {})
                more = call.pop("function", {})
                arguments = inner.get("arguments", "") + more.get("arguments", "")
                calls[index] = {**calls[index], **call, "function": {**inner, **more, "arguments": arguments}}
        elif isinstance(value, list):
            message[key] = [*message.get(key, ()), *value]
        elif isinstance(value, str) and key != "role":
            message[key] = (message.get(key) or "") + value
        else:
            message.setdefault(key, value)


both_ways = pytest.mark.parametrize("answer", [plainly, streamed])


def back(codec: Codec, message: JsonObject, model: str = "m", **fields: Any) -> tuple[Any, tuple[str, ...]]:
    """The Chat caller's history, with the tool's answer, written for a provider."""
    tools = [
        {"role": "tool", "tool_call_id": call["id"], "content": "sunny"} for call in message.get("tool_calls") or ()
    ]
    messages = [{"role": "user", "content": "hi"}, message, *(tools or [{"role": "user", "content": "go on"}])]
    body = {"model": model, "messages": messages, "max_tokens": 16384, **fields}
    encoded = codec.encode_request(CHAT.decode_request(body))
    return parse(encode(encoded.body)), encoded.degraded


# --- Anthropic

CLAUDE_REPLY: JsonObject = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [
        {"type": "thinking", "thinking": "first", "signature": "s1"},
        {"type": "redacted_thinking", "data": "sealed"},
        {"type": "thinking", "thinking": "second", "signature": "s2"},
        {"type": "text", "text": "let me look"},
        {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": "sky"}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}


@both_ways
def test_claudes_thoughts_come_back_to_claude_as_it_signed_them(answer: Any) -> None:
    message = answer(MESSAGES.decode_reply(CLAUDE_REPLY))
    body, degraded = back(MESSAGES, message, reasoning_effort="low")
    assert body["messages"][1]["content"] == CLAUDE_REPLY["content"]
    assert body["thinking"]["type"] == "enabled"
    assert degraded == ()


@both_ways
@pytest.mark.parametrize("codec", [GEMINI, CONVERSE, Responses(), Chat(signatures=False)])
def test_claudes_signatures_go_to_nobody_else(answer: Any, codec: Codec) -> None:
    message = answer(MESSAGES.decode_reply(CLAUDE_REPLY))
    body, degraded = back(codec, message, model=CLAUDE)
    assert not [word for word in ("s1", "s2", "sealed") if f'"{word}"'.encode() in encode(body)]
    assert {"reasoning.signature", "content[reasoning]"} & set(degraded)


def test_the_one_thought_of_a_caller_who_kept_text_and_signature_apart_is_put_together() -> None:
    detail = {"type": "reasoning.text", "text": "", "signature": "s1", "format": "anthropic-claude-v1", "index": 0}
    message = {"role": "assistant", "content": "yes", "reasoning_content": "first", "reasoning_details": [detail]}
    body, degraded = back(MESSAGES, message)
    assert body["messages"][1]["content"][0] == {"type": "thinking", "thinking": "first", "signature": "s1"}
    assert degraded == ()


def test_an_openrouter_caller_brings_claudes_thought() -> None:
    detail = {"type": "reasoning.text", "text": "hm", "signature": "s", "format": "anthropic-claude-v1", "index": 0}
    message = {"role": "assistant", "content": "yes", "reasoning": "hm", "reasoning_details": [detail]}
    body, degraded = back(MESSAGES, message)
    assert body["messages"][1]["content"][0] == {"type": "thinking", "thinking": "hm", "signature": "s"}
    assert degraded == ()


@pytest.mark.parametrize("name", ["unknown", "openai-responses-v1", "google-gemini-v1", None])
def test_a_thought_that_another_maker_signed_does_not_go_to_claude(name: str | None) -> None:
    details = [{"type": "reasoning.text", "text": "hm", "signature": "s", "format": name}]
    body, degraded = back(MESSAGES, {"role": "assistant", "content": "yes", "reasoning_details": details})
    assert body["messages"][1]["content"] == [{"type": "text", "text": "yes"}]
    assert degraded == ("content[reasoning]",)


# --- Gemini

GEMINI_REPLY: JsonObject = {
    "candidates": [
        {
            "content": {
                "role": "model",
                "parts": [
                    {"text": "hm", "thought": True},
                    {"functionCall": {"id": "c1", "name": "look", "args": {"at": "sky"}}, "thoughtSignature": "g1"},
                    {"functionCall": {"id": "c2", "name": "look", "args": {"at": "sea"}}},
                ],
            },
            "finishReason": "STOP",
            "index": 0,
        }
    ],
    "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
    "modelVersion": "gemini-3-pro",
    "responseId": "r1",
}


@both_ways
def test_geminis_signatures_come_back_to_gemini(answer: Any) -> None:
    message = answer(GEMINI.decode_reply(GEMINI_REPLY))
    assert message["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "g1"}}
    body, degraded = back(GEMINI, message, model="gemini-3-pro")
    assert body["contents"][1]["parts"] == GEMINI_REPLY["candidates"][0]["content"]["parts"]
    assert degraded == ()


@both_ways
@pytest.mark.parametrize("codec", [MESSAGES, CONVERSE, Responses(), Chat(signatures=False)])
def test_geminis_signatures_go_to_nobody_else(answer: Any, codec: Codec) -> None:
    body, degraded = back(codec, answer(GEMINI.decode_reply(GEMINI_REPLY)), model=CLAUDE)
    assert b'"g1"' not in encode(body)
    assert "tool_call.signature" in degraded


def test_a_call_that_another_model_made_is_marked_so_for_gemini() -> None:
    body, _ = back(GEMINI, plainly(MESSAGES.decode_reply(CLAUDE_REPLY)), model="gemini-3-pro")
    (called,) = [part for part in body["contents"][1]["parts"] if "functionCall" in part]
    assert called["thoughtSignature"] == "skip_thought_signature_validator"


# --- Bedrock

CONVERSE_REPLY: JsonObject = {
    "output": {
        "message": {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "b1"}}},
                {"toolUse": {"toolUseId": "t1", "name": "look", "input": {}}},
            ],
        }
    },
    "stopReason": "tool_use",
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
}


@both_ways
def test_the_thought_of_claude_on_bedrock_comes_back_there(answer: Any) -> None:
    message = answer(CONVERSE.decode_reply(CONVERSE_REPLY))
    body, degraded = back(CONVERSE, message, model=CLAUDE)
    assert body["messages"][1]["content"] == CONVERSE_REPLY["output"]["message"]["content"]
    assert "content[reasoning]" not in degraded


@both_ways
@pytest.mark.parametrize(("codec", "model"), [(CONVERSE, NOVA), (MESSAGES, "claude-sonnet-4-5"), (GEMINI, "gemini-3")])
def test_and_to_no_other_model_there_or_elsewhere(answer: Any, codec: Codec, model: str) -> None:
    body, degraded = back(codec, answer(CONVERSE.decode_reply(CONVERSE_REPLY)), model=model)
    assert b'"b1"' not in encode(body)
    assert {"content[reasoning]", "reasoning.signature"} & set(degraded)


# --- OpenRouter, whose stream carries both


def test_a_streamed_thought_keeps_its_maker_and_is_told_once() -> None:
    def chunk(delta: JsonObject, reason: str | None = None) -> bytes:
        return b"data: " + encode({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}) + b"\n\n"

    def detail(text: str, **more: str) -> list[JsonObject]:
        return [{"type": "reasoning.text", "text": text, "format": "anthropic-claude-v1", "index": 0, **more}]

    decoder = CHAT.stream_decoder()
    events: list[Event] = []
    for data in (
        chunk({"role": "assistant", "reasoning": "h", "reasoning_details": detail("h")}),
        chunk({"reasoning": "m", "reasoning_details": detail("m")}),
        chunk({"reasoning_details": detail("hm", signature="s")}),
        chunk({"content": "yes"}),
        chunk({}, "stop"),
        b"data: [DONE]\n\n",
    ):
        events += decoder.feed(data)
    reply = collect(events, "chat")
    thought = reply.choices[0].content[0]
    assert (thought.text, thought.signature, thought.dialect) == ("hm", "s", "messages")


def test_googles_word_for_no_signature_stays_and_is_no_loss_elsewhere() -> None:
    part = {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "skip_thought_signature_validator"}
    text = {"text": "so", "thought": True, "thoughtSignature": "skip_thought_signature_validator"}
    body: Any = {"contents": [{"role": "user", "parts": [{"text": "go"}]}, {"role": "model", "parts": [text, part]}]}
    call = GEMINI.decode_request(body, model="gemini-2.5-pro", stream=False)
    assert GEMINI.encode_request(call).body["contents"] == body["contents"]
    for codec in (CHAT, MESSAGES, Responses(), CONVERSE):
        assert [word for word in codec.encode_request(call).degraded if "signature" in word] == []
