"""Every quirk of every Chat provider: what a caller sends, what arrives, what is listed, and that all else passes.

Each test sends to every provider the field that one quirk is about. `QUIRKS` names the quirks that are covered, so
that a new one needs its test.
"""

import re
from typing import Any

import msgspec
import pytest

from openclaw.calls import CacheMark, Call, JsonObject, Message, Reasoning, Text, ToolCall
from openclaw.dialects.chat import Chat
from openclaw.dialects.chat.passthrough import ChatPassthrough
from openclaw.dialects.chat.quirks import Quirks
from openclaw.dialects.jsontext import encode, parse
from openclaw.providers.registry import installed_kinds

QUIRKS = {
    *("max_tokens_field", "developer_role", "reasoning", "reasoning_field", "signatures", "cache_control"),
    *("json_schema", "stream_usage", "renames", "unsupported", "endpoint", "custom_tools"),
}
PROVIDERS = {kind.name: kind.codec for kind in installed_kinds() if isinstance(kind.codec, Chat)}
each_provider = pytest.mark.parametrize("codec", [Chat(), *PROVIDERS.values()], ids=["Chat()", *PROVIDERS])

TOOL_CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
MARK = {"type": "ephemeral"}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}, "strict": True}}


def request(*history: JsonObject, **fields: Any) -> JsonObject:
    return {"model": "any/m", "messages": [{"role": "user", "content": "hi"}, *history], **fields}


class Sent(msgspec.Struct):
    body: JsonObject
    degraded: tuple[str, ...]
    passed: bool


def send(codec: Chat, body: JsonObject) -> Sent:
    """What reaches the provider; a request that passes is the caller's document but for the model."""
    call = Chat().decode_request(body)
    passthrough = ChatPassthrough()
    if passthrough.suits(codec, call):
        raw = passthrough.rewrite(encode(body), call, codec, "m", ())
        if call.stream is not True:
            assert raw == encode({**body, "model": "m"})
        return Sent(parse(raw), (), passed=True)
    before = encode(body)
    encoded = codec.encode_request(msgspec.structs.replace(call, model="m", include_usage=call.stream is True))
    assert encode(body) == before, "the caller's document is needed for the next target"
    return Sent(encoded.body, encoded.degraded, passed=False)


def test_every_quirk_is_tested_here() -> None:
    assert set(Quirks.__struct_fields__) == QUIRKS


@each_provider
def test_a_chat_callers_custom_tool_passes_and_only_openai_is_offered_one_of_another_dialect(codec: Chat) -> None:
    tool = {"type": "custom", "custom": {"name": "apply_patch", "description": "Edit."}}
    assert send(codec, request(tools=[tool])).body["tools"] == [tool]
    assert codec.takes_custom_tools == (codec in (PROVIDERS["openai"], PROVIDERS["azure"]))


@each_provider
def test_a_request_without_any_of_it_passes_byte_for_byte(codec: Chat) -> None:
    body = request(
        {"role": "assistant", "content": "let me see", "tool_calls": [TOOL_CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
        {"role": "user", "content": [{"type": "text", "text": "and?", "unheard_of": 1}]},
        tools=[{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}],
        temperature=0.1,
        stop="END",
        response_format={"type": "json_object"},
        unheard_of={"deep": [1, None]},
    )
    assert send(codec, body).passed


# --- fields of the request


@each_provider
@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_max_tokens_field(codec: Chat, field: str) -> None:
    sent = send(codec, request(**{field: 7}))
    wanted = codec.max_tokens_field or field
    assert sent.passed == (wanted == field)
    assert {key: value for key, value in sent.body.items() if "tokens" in key} == {wanted: 7}
    assert sent.degraded == ()


@each_provider
def test_developer_role(codec: Chat) -> None:
    sent = send(codec, request({"role": "developer", "content": "be kind"}))
    assert sent.passed == codec.developer_role
    assert sent.body["messages"][1]["role"] == ("developer" if codec.developer_role else "system")
    assert sent.degraded == ()


WAYS_TO_ASK: dict[str, Any] = {
    "reasoning_effort": "high",
    "reasoning": {"effort": "high"},
    "thinking": {"type": "enabled", "budget_tokens": 9000},
}


@each_provider
@pytest.mark.parametrize("way", WAYS_TO_ASK)
def test_reasoning(codec: Chat, way: str) -> None:
    sent = send(codec, request(**{way: WAYS_TO_ASK[way]}))
    form = codec.reasoning or way
    assert sent.passed == (form == way)
    assert WAYS_TO_ASK.keys() & sent.body.keys() == {form} - {"none"}
    if sent.passed:
        return
    amount = "reasoning.budget_tokens" if way == "thinking" else "reasoning.effort"
    match form:
        case "none":
            assert sent.degraded == ("reasoning",)
        case "thinking":
            assert (sent.body["thinking"], sent.degraded) == ({"type": "enabled"}, (amount,))
        case "reasoning":
            wanted = {"enabled": True, "max_tokens": 9000} if way == "thinking" else {"effort": "high"}
            assert (sent.body["reasoning"], sent.degraded) == (wanted, ())
        case _:
            assert sent.body["reasoning_effort"] == ("medium" if way == "thinking" else "high")
            assert sent.degraded == ((f"{amount}: sent as effort medium",) if way == "thinking" else ())


@each_provider
def test_json_schema(codec: Chat) -> None:
    sent = send(codec, request(response_format=SCHEMA))
    assert sent.passed == codec.json_schema
    if not codec.json_schema:
        assert sent.body["response_format"] == {"type": "json_object"}
        assert sent.degraded == ("output_format.schema: any JSON asked for",)


@each_provider
def test_stream_usage(codec: Chat) -> None:
    asked = send(codec, request(stream=True, stream_options={"include_usage": True}))
    unasked = send(codec, request(stream=True))
    assert asked.passed == codec.stream_usage
    wanted = {"include_usage": True} if codec.stream_usage else None
    assert asked.body.get("stream_options") == unasked.body.get("stream_options") == wanted
    assert asked.degraded == unasked.degraded == ()


VALUES: dict[str, Any] = {
    "frequency_penalty": 0.5,
    "logit_bias": {"5": 1},
    "logprobs": True,
    "metadata": {"a": "b"},
    "n": 2,
    "presence_penalty": 0.5,
    "service_tier": "flex",
    "store": True,
    "top_k": 5,
    "top_logprobs": 2,
    "user": "u",
}
NOTHING: dict[str, Any] = {**dict.fromkeys(VALUES), "n": 1, "store": False, "logprobs": False}


@each_provider
@pytest.mark.parametrize("field", VALUES)
def test_unsupported(codec: Chat, field: str) -> None:
    taken = field not in codec.unsupported
    sent = send(codec, request(**{field: VALUES[field]}))
    assert (sent.passed, field in sent.body) == (taken, taken)
    assert sent.degraded == (() if taken else (field,))
    assert send(codec, request(**{field: NOTHING[field]})).degraded == ()
    assert (field in send(codec, request(**{field: NOTHING[field]})).body) == taken


def test_every_unsupported_field_has_a_value_here() -> None:
    assert {field for codec in PROVIDERS.values() for field in codec.unsupported} <= VALUES.keys()


@each_provider
def test_renames(codec: Chat) -> None:
    sent = send(codec, request(seed=3))
    name = codec.renames.get("seed", "seed")
    assert sent.passed == (name == "seed")
    assert (sent.body.get(name), sent.degraded) == (3, ())
    assert set(codec.renames) <= {"seed"}


@each_provider
def test_endpoint(codec: Chat) -> None:
    assert codec.path("m", stream=True) == codec.endpoint


# --- what messages hold

FIELDS = ("reasoning_content", "reasoning")


@each_provider
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("beside", [{}, {"tool_calls": [TOOL_CALL]}])
def test_reasoning_field(codec: Chat, field: str, beside: JsonObject) -> None:
    sent = send(codec, request({"role": "assistant", "content": "yes", field: "hm", **beside}))
    message = sent.body["messages"][1]
    wanted = codec.reasoning_field or field
    assert sent.passed == (wanted == field)
    assert {key: message[key] for key in FIELDS if key in message} == ({wanted: "hm"} if wanted in FIELDS else {})
    assert (message["content"], message.get("tool_calls")) == ("yes", beside.get("tool_calls"))
    assert sent.degraded == (() if wanted in FIELDS else ("content[reasoning]",))


@each_provider
@pytest.mark.parametrize("field", FIELDS)
def test_a_thought_that_is_null_is_no_loss(codec: Chat, field: str) -> None:
    sent = send(codec, request({"role": "assistant", "content": "yes", field: None}))
    assert sent.degraded == ()
    assert (field in sent.body["messages"][1]) == (codec.reasoning_field in (None, field))


@each_provider
def test_thoughts_in_both_fields_are_sent_once(codec: Chat) -> None:
    both = dict.fromkeys(FIELDS, "hm")
    message = send(codec, request({"role": "assistant", "content": "yes", **both})).body["messages"][1]
    kept = FIELDS if codec.reasoning_field is None else {codec.reasoning_field} & set(FIELDS)
    assert {key: message[key] for key in FIELDS if key in message} == dict.fromkeys(kept, "hm")


@each_provider
def test_reasoning_as_parts(codec: Chat) -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    sent = send(codec, request({"role": "assistant", "content": [thinking, {"type": "text", "text": "yes"}]}))
    message = sent.body["messages"][1]
    assert sent.passed == (codec.reasoning_field in (None, "part"))
    if sent.passed:
        return
    assert message["content"] == [{"type": "text", "text": "yes"}]
    if codec.reasoning_field in FIELDS:
        assert (message[codec.reasoning_field], sent.degraded) == ("hm", ())
    else:
        assert sent.degraded == ("content[reasoning]",)


@each_provider
def test_signatures_of_thoughts(codec: Chat) -> None:
    details = [{"type": "reasoning.text", "text": "hm", "signature": "s", "format": "anthropic-claude-v1", "index": 0}]
    sent = send(codec, request({"role": "assistant", "content": "yes", "reasoning_details": details}))
    message = sent.body["messages"][1]
    assert sent.passed == (codec.signatures is not False)
    if sent.passed:
        return
    assert "reasoning_details" not in message
    lost = ("reasoning.signature",)
    if codec.reasoning_field in FIELDS:
        assert (message[codec.reasoning_field], sent.degraded) == ("hm", lost)
    else:
        assert sent.degraded == (*lost, "content[reasoning]")


@each_provider
def test_signatures_of_tool_calls(codec: Chat) -> None:
    signed = {**TOOL_CALL, "extra_content": {"google": {"thought_signature": "s"}}}
    sent = send(codec, request({"role": "assistant", "content": None, "tool_calls": [signed]}))
    assert sent.passed == (codec.signatures is not False)
    assert sent.body["messages"][1]["tool_calls"] == [signed if sent.passed else TOOL_CALL]
    assert sent.degraded == (() if sent.passed else ("tool_call.signature",))


MARKED: dict[str, JsonObject] = {
    "part": request({"role": "user", "content": [{"type": "text", "text": "long", "cache_control": MARK}]}),
    "image": request(
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x"}, "cache_control": MARK}]}
    ),
    "file": request({"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}, "cache_control": MARK}]}),
    "unknown part": request({"role": "user", "content": [{"type": "unheard_of", "cache_control": MARK}]}),
    "message": request({"role": "system", "content": "long", "cache_control": MARK}),
    "assistant": request({"role": "assistant", "content": [{"type": "text", "text": "long", "cache_control": MARK}]}),
    "tool result": request({"role": "tool", "tool_call_id": "c1", "content": "x", "cache_control": MARK}),
    "part of a result": request(
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "x", "cache_control": MARK}]}
    ),
    "tool": request(tools=[{"type": "function", "function": {"name": "f"}, "cache_control": MARK}]),
    "hosted tool": request(tools=[{"type": "web_search", "cache_control": MARK}]),
    "request": request(cache_control=MARK),
}


@each_provider
@pytest.mark.parametrize("place", MARKED)
def test_cache_control(codec: Chat, place: str) -> None:
    sent = send(codec, MARKED[place])
    assert sent.passed == (codec.cache_control is not False)
    assert (b"cache_control" in encode(sent.body)) == sent.passed
    assert sent.degraded == (() if sent.passed else ("cache",))
    if not sent.passed:
        unmarked = encode({**MARKED[place], "model": "m"}).replace(b',"cache_control":' + encode(MARK), b"")
        assert sent.body == parse(unmarked)


def test_a_parameter_called_like_a_mark_is_no_mark() -> None:
    schema = {"type": "object", "properties": {"cache_control": {"type": "string"}}}
    tools = [{"type": "function", "function": {"name": "f", "parameters": schema}}]
    assert send(Chat(cache_control=False), request(tools=tools)).passed


# --- callers of other dialects


@each_provider
def test_what_another_dialect_s_caller_sends_back_is_written_for_the_provider(codec: Chat) -> None:
    call = Call(
        dialect="messages",
        model="m",
        messages=(
            Message("user", (Text("hi", cache=CacheMark()),)),
            Message(
                "assistant",
                (
                    Reasoning("hm", signature="s", dialect="messages"),
                    Text("yes", cache=CacheMark("1h")),
                    ToolCall("c1", "look", "{}", signature="g"),
                ),
            ),
        ),
    )
    encoded = codec.encode_request(call)
    user, assistant = encoded.body["messages"]
    marks = codec.cache_control is True
    assert ("cache" in encoded.degraded) != marks
    assert (b"cache_control" in encode([user, assistant])) == marks
    assert "reasoning_details" not in assistant
    assert "reasoning.signature" in encoded.degraded
    field = codec.reasoning_field or "reasoning_content"
    assert assistant.get(field) == ("hm" if field in FIELDS else None)
    assert ("content[reasoning]" in encoded.degraded) == (field not in FIELDS)
    assert ("extra_content" in assistant["tool_calls"][0]) == (codec.signatures is not False)
    assert ("tool_call.signature" in encoded.degraded) == (codec.signatures is False)


@pytest.mark.parametrize(("user", "sent"), [("u" * 64, "u" * 64), ("u" * 65, None), ("\ud83d" * 65, None)])
def test_a_user_id_of_another_dialect_is_as_short_as_openai_takes_it(user: str, sent: str | None) -> None:
    """Claude Code's `metadata.user_id` is JSON of about 190 characters."""
    encoded = Chat().encode_request(Call(dialect="messages", model="m", messages=(Message("user", "hi"),), user=user))
    assert encoded.body["user"] == sent or re.fullmatch(r"[0-9a-f]{64}", encoded.body["user"])
    assert [name.partition(":")[0] for name in encoded.degraded] == ([] if sent else ["user"])


def test_a_user_id_is_left_out_where_the_provider_takes_none() -> None:
    codec = Chat(unsupported=frozenset({"user"}))
    encoded = codec.encode_request(
        Call(dialect="messages", model="m", messages=(Message("user", "hi"),), user="u" * 65)
    )
    assert "user" not in encoded.body
    assert encoded.degraded == ("user",)


def test_a_chat_callers_own_user_id_is_sent_as_it_is() -> None:
    sent = send(Chat(max_tokens_field="max_completion_tokens"), request(user="u" * 65, max_tokens=5))
    assert (sent.body["user"], sent.degraded) == ("u" * 65, ())
