"""Anthropic Messages: what other dialects' calls become, what is listed as lost, and the classes of errors."""

from typing import Any, get_args

import anthropic
import httpx2
import msgspec
import pytest

from openclaw.calls import (
    ArgumentsDelta,
    Audio,
    CacheMark,
    Call,
    ChoiceFinished,
    Citation,
    CustomTool,
    Document,
    Failure,
    FailureKind,
    FunctionTool,
    HostedTool,
    Image,
    Message,
    Opaque,
    OutputFormat,
    PartEnded,
    PartStarted,
    Reasoning,
    ReasoningControl,
    ReplyEnded,
    ReplyStarted,
    Source,
    StreamFailed,
    Text,
    TextDelta,
    ToolCall,
    ToolChoice,
    ToolResult,
    Usage,
    UsageReported,
)
from openclaw.dialects.codec import InvalidRequest, MalformedReply
from openclaw.dialects.messages import Messages, bedrock_messages, vertex_messages

CODEC = Messages()
USER = Message("user", "hi")
OLD, NEW = "claude-sonnet-4-5", "claude-opus-4-7"


def chat(*messages: Message, **fields: Any) -> Call:
    """A call that came in through the Chat Completions door."""
    return Call(
        **{"dialect": "chat", "model": OLD, "messages": messages or (USER,), "max_output_tokens": 8000, **fields}
    )


def encoded(*messages: Message, **fields: Any) -> dict[str, Any]:
    return CODEC.encode_request(chat(*messages, **fields)).body


def lost(*messages: Message, **fields: Any) -> tuple[str, ...]:
    return CODEC.encode_request(chat(*messages, **fields)).degraded


# --- conversation --------------------------------------------------------------------------------------------


def test_system_messages_are_hoisted_and_a_late_one_is_listed() -> None:
    early = (Message("system", "be kind"), USER)
    assert encoded(*early)["system"] == "be kind"
    assert lost(*early) == ()
    late = (*early, Message("developer", "be brief"))
    assert encoded(*late)["system"] == [{"type": "text", "text": "be kind"}, {"type": "text", "text": "be brief"}]
    assert lost(*late) == ("messages[].role: a later developer message moved to the system prompt",)


def test_tool_results_open_the_next_user_turn_whatever_came_between() -> None:
    calls = Message("assistant", (ToolCall("a", "f", "{}"), ToolCall("b", "g", '{"x":1}')))
    body = encoded(
        USER,
        calls,
        Message("user", "well?"),
        Message("tool", (ToolResult("a", "1"),)),
        Message("tool", (ToolResult("b", None),)),
    )
    assert [m["role"] for m in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][1]["content"][1] == {"type": "tool_use", "id": "b", "name": "g", "input": {"x": 1}}
    assert body["messages"][2]["content"] == [
        {"type": "tool_result", "tool_use_id": "a", "content": "1"},
        {"type": "tool_result", "tool_use_id": "b"},
        {"type": "text", "text": "well?"},
    ]


def test_a_conversation_that_starts_with_the_assistant_gets_a_first_user_turn() -> None:
    opening = Message("assistant", "Hello, I am Bob.")
    assert [m["role"] for m in encoded(opening, USER)["messages"]] == ["user", "assistant", "user"]
    assert lost(opening, USER) == ("messages: a first user turn was added",)


def test_empty_texts_are_left_out_because_anthropic_refuses_them() -> None:
    body = encoded(USER, Message("assistant", (Text(""), ToolCall("a", "f", ""))), Message("user", ""))
    assert [len(m["content"]) for m in body["messages"]] == [1, 1]


def test_ids_that_anthropic_refuses_are_replaced_alike_in_call_and_result() -> None:
    body = encoded(
        USER,
        Message("assistant", (ToolCall("functions.f:0", "f", "{}"),)),
        Message("tool", (ToolResult("functions.f:0", "1"),)),
    )
    call, result = body["messages"][1]["content"][0], body["messages"][2]["content"][0]
    assert call["id"] == result["tool_use_id"]
    assert call["id"].replace("_", "").isalnum()


@pytest.mark.parametrize(
    ("call", "wrapped"),
    [
        (ToolCall("a", "f", '{"x": '), {"INVALID_JSON": '{"x": '}),
        (ToolCall("a", "f", "[1]"), {"INVALID_JSON": "[1]"}),
        (ToolCall("a", "f", "print(1)", kind="custom"), {"input": "print(1)"}),
    ],
)
def test_arguments_that_are_not_an_object_are_wrapped_and_listed(call: ToolCall, wrapped: dict[str, str]) -> None:
    history = (USER, Message("assistant", (call,)))
    assert encoded(*history)["messages"][1]["content"][0]["input"] == wrapped
    assert lost(*history) == (f"tool_call.arguments: not a JSON object and so wrapped as '{next(iter(wrapped))}'",)


@pytest.mark.parametrize(
    ("part", "loss"),
    [
        (Audio(Source(data="aGk=")), "content[audio]"),
        (Image(Source(file_id="file-1")), "content[image]"),
        (Document(Source(data="aGk=", media_type="application/msword")), "content[document]"),
        (Opaque("responses", {}, "web_search_call"), "content[web_search_call]"),
        (Reasoning("hm", signature="s", dialect="gemini"), "content[reasoning]"),
        (Reasoning("hm"), "content[reasoning]"),
    ],
)
def test_parts_that_anthropic_cannot_carry_are_left_out_and_listed(part: Any, loss: str) -> None:
    body, losses = encoded(Message("user", (Text("hi"), part))), lost(Message("user", (Text("hi"), part)))
    assert body["messages"][0]["content"] == [{"type": "text", "text": "hi"}]
    assert losses == (loss,)


def test_media_are_written_in_anthropics_sources() -> None:
    parts = (
        Image(Source(data="iVBORw0KGgoAAA")),
        Image(Source(data="aGk=", media_type="image/jpg")),
        Image(Source(url="https://example.com/x.png")),
        Document(Source(data="JVBE", media_type="application/pdf"), title="A"),
        Document(Source(data="aGk=", media_type="text/markdown")),
    )
    sources = [block["source"] for block in encoded(Message("user", parts))["messages"][0]["content"]]
    assert sources == [
        {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgoAAA"},
        {"type": "base64", "media_type": "image/jpeg", "data": "aGk="},
        {"type": "url", "url": "https://example.com/x.png"},
        {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
        {"type": "text", "media_type": "text/plain", "data": "hi"},
    ]


def test_cache_marks_of_other_dialects_become_cache_control() -> None:
    body = encoded(
        Message("system", (Text("long", cache=CacheMark("1h")),)),
        Message("user", (Text("hi", cache=CacheMark(extra={"other": 1})),)),
        tools=(FunctionTool("f", cache=CacheMark()),),
    )
    assert body["system"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    assert body["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral"}
    assert body["tools"][0]["cache_control"] == {"type": "ephemeral"}


def test_citations_that_were_made_for_a_caller_are_not_sent_to_anthropic() -> None:
    native = {"type": "web_search_result_location", "url": "u", "encrypted_index": ""}
    call = CODEC.decode_request(
        {
            "model": OLD,
            "max_tokens": 9,
            "messages": [{"role": "assistant", "content": [{"type": "text", "text": "x", "citations": [native]}]}],
        }
    )
    result = CODEC.encode_request(call)
    assert result.body["messages"][0]["content"] == [{"type": "text", "text": "x"}]
    assert result.degraded == ("text.citations",)


# --- tools and format ----------------------------------------------------------------------------------------


def test_a_function_without_parameters_gets_an_object_schema() -> None:
    body = encoded(tools=(FunctionTool("f", parameters={"properties": {}, "required": []}), FunctionTool("g")))
    assert [tool["input_schema"]["type"] for tool in body["tools"]] == ["object", "object"]


def test_tools_that_anthropic_does_not_have_are_listed_and_a_lost_choice_too() -> None:
    tools = (HostedTool("responses", "web_search", {}), CustomTool("patch"))
    assert lost(tools=tools, tool_choice=ToolChoice("required")) == ("tools[web_search]", "tools[patch]", "tool_choice")


@pytest.mark.parametrize(
    ("choice", "parallel", "expected"),
    [
        (ToolChoice("auto"), msgspec.UNSET, {"type": "auto"}),
        (ToolChoice("none"), False, {"type": "none"}),
        (ToolChoice("required"), False, {"type": "any", "disable_parallel_tool_use": True}),
        (ToolChoice("named", name="f"), True, {"type": "tool", "name": "f"}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (None, True, None),
    ],
)
def test_tool_choices(choice: ToolChoice | None, parallel: Any, expected: Any) -> None:
    body = encoded(tools=(FunctionTool("f"),), tool_choice=choice, parallel_tool_calls=parallel)
    assert body.get("tool_choice") == expected


def test_allowed_tools_are_kept_by_leaving_out_the_others() -> None:
    choice = ToolChoice("allowed", names=("f",), required=True)
    body = encoded(tools=(FunctionTool("f"), FunctionTool("g")), tool_choice=choice)
    assert [tool["name"] for tool in body["tools"]] == ["f"]
    assert body["tool_choice"] == {"type": "any"}


def test_a_schema_is_carried_and_json_mode_is_listed() -> None:
    schema = {"type": "object"}
    output = OutputFormat("schema", schema=schema, name="n", strict=True)
    assert encoded(output_format=output)["output_config"] == {"format": {"type": "json_schema", "schema": schema}}
    assert lost(output_format=output) == ()
    assert lost(output_format=OutputFormat("json")) == ("output_format: there is no JSON mode without a schema",)


def test_what_no_anthropic_request_can_hold_is_listed() -> None:
    fields = {"seed": 1, "n": 2, "logprobs": True, "frequency_penalty": 0.5, "presence_penalty": 0.1, "store": True}
    extra = {"verbosity": "low", "stream_options": {"include_usage": True}}
    assert set(lost(**fields, extra=extra)) == {*fields, "extra.verbosity"}
    assert lost(n=1, logprobs=False, store=False, seed=None) == ()


def test_numbers_are_brought_into_anthropics_range() -> None:
    body = encoded(temperature=1.7, stop=("END", "\n"), service_tier="default", user="u1")
    assert (body["temperature"], body["stop_sequences"]) == (1.0, ["END"])
    assert (body["service_tier"], body["metadata"]) == ("standard_only", {"user_id": "u1"})
    assert lost(temperature=1.7, stop=("\n",), service_tier="flex") == (
        "temperature: sent as 1.0",
        "stop: sequences of white space were left out",
        "service_tier",
    )


def test_a_missing_output_bound_is_assumed_and_listed() -> None:
    codec = Messages(max_tokens_default=1000)
    result = codec.encode_request(chat(max_output_tokens=msgspec.UNSET))
    assert result.body["max_tokens"] == 1000
    assert result.degraded == ("max_output_tokens: 1000 assumed",)


# --- thinking ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "control", "bound", "thinking", "max_tokens"),
    [
        (OLD, ReasoningControl(effort="low"), 20000, {"type": "enabled", "budget_tokens": 4096}, 20000),
        (OLD, ReasoningControl(effort="high"), 6000, {"type": "enabled", "budget_tokens": 4976}, 6000),
        (OLD, ReasoningControl(effort="high"), 1500, {"type": "enabled", "budget_tokens": 1024}, 1500),
        (OLD, ReasoningControl(effort="high"), 1024, None, 1024),
        (OLD, ReasoningControl(effort="low"), msgspec.UNSET, {"type": "enabled", "budget_tokens": 4096}, 8192),
        (OLD, ReasoningControl(budget_tokens=100), 9000, {"type": "enabled", "budget_tokens": 1024}, 9000),
        (OLD, ReasoningControl(effort="none"), 9000, {"type": "disabled"}, 9000),
        (OLD, ReasoningControl(enabled=False), 9000, {"type": "disabled"}, 9000),
        (OLD, ReasoningControl(summary="auto"), 9000, None, 9000),
        (NEW, ReasoningControl(adaptive=True, include=False), 9, {"type": "adaptive", "display": "omitted"}, 9),
        (NEW, ReasoningControl(effort="high", summary="auto"), 9, {"type": "adaptive", "display": "summarized"}, 9),
    ],
)
def test_reasoning_controls(model: str, control: Any, bound: Any, thinking: Any, max_tokens: int) -> None:
    body = encoded(model=model, reasoning=control, max_output_tokens=bound)
    assert body.get("thinking") == thinking
    assert body["max_tokens"] == max_tokens


def test_newer_models_get_the_effort_word() -> None:
    assert encoded(model=NEW, reasoning=ReasoningControl(effort="medium"))["output_config"] == {"effort": "medium"}
    budget = ReasoningControl(budget_tokens=2000)
    assert encoded(model=NEW, reasoning=budget)["output_config"] == {"effort": "low"}
    assert lost(model=NEW, reasoning=budget) == ("reasoning.budget_tokens: sent as effort low",)


def test_thinking_gives_way_to_a_forced_tool_and_to_an_unsigned_tool_loop() -> None:
    control = ReasoningControl(effort="low")
    forced = {"tools": (FunctionTool("f"),), "tool_choice": ToolChoice("required"), "reasoning": control}
    assert "thinking" not in encoded(**forced)
    assert lost(**forced) == ("reasoning: off because the tool choice forces a tool",)
    loop = (USER, Message("assistant", (ToolCall("a", "f", "{}"),)), Message("tool", (ToolResult("a", "1"),)))
    assert "thinking" not in encoded(*loop, reasoning=control)
    assert lost(*loop, reasoning=control) == ("reasoning: off because the tool loop carries no signed thinking",)


def test_sampling_gives_way_to_thinking() -> None:
    assert lost(reasoning=ReasoningControl(effort="low"), temperature=0.2) == ("temperature: not with thinking",)


def test_thinking_that_we_gave_a_caller_unsigned_does_not_go_to_anthropic() -> None:
    body = {
        "model": OLD,
        "max_tokens": 9000,
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "messages": [
            {"role": "user", "content": "hi"},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "hm", "signature": ""},
                    {"type": "tool_use", "id": "a", "name": "f", "input": {}},
                ],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "1"}]},
        ],
    }
    result = CODEC.encode_request(CODEC.decode_request(body))
    assert result.body["messages"][1]["content"] == body["messages"][1]["content"][1:]
    assert "thinking" not in result.body
    assert result.degraded == ("content[reasoning]", "reasoning: off because the tool loop carries no signed thinking")


# --- reading requests ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": []}, "model"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": {}}, "messages"),
        ({"model": "m", "messages": [{"role": "tool", "content": ""}]}, "messages[0].role"),
        ({"model": "m", "messages": [{"role": "user"}]}, "messages[0].content"),
        ({"model": "m", "messages": [{"role": "user", "content": [{}]}]}, "messages[0].content[0].type"),
        (
            {"model": "m", "messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "url"}}]}]},
            "messages[0].content[0].source.url",
        ),
        ({"model": "m", "messages": [], "tools": [{"input_schema": {}}]}, "tools[0].name"),
        ({"model": "m", "messages": [], "thinking": {"type": "sometimes"}}, "thinking.type"),
        ({"model": "m", "messages": [], "stop_sequences": ["a", 1]}, "stop_sequences[1]"),
        ({"model": "m", "messages": [], "metadata": {"user_id": 1}}, "metadata.user_id"),
        ({"model": "m", "messages": [], "max_tokens": "9"}, "max_tokens"),
    ],
)
def test_a_wrong_request_names_its_field(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        CODEC.decode_request(body)
    assert raised.value.param == param


def test_a_search_result_is_a_document_to_every_other_dialect() -> None:
    block = {
        "type": "search_result",
        "source": "https://x",
        "title": "T",
        "content": [{"type": "text", "text": "found"}],
    }
    call = CODEC.decode_request({"model": "m", "messages": [{"role": "user", "content": [block]}]})
    part = (call.messages[0].content or ("",))[0]
    assert isinstance(part, Document)
    assert (part.source.text, part.title, part.context) == ("found", "T", "https://x")


# --- replies and streams -------------------------------------------------------------------------------------


def test_usage_totals_include_the_cache_and_come_back_apart() -> None:
    native = {
        "input_tokens": 10,
        "cache_creation_input_tokens": 200,
        "cache_read_input_tokens": 3000,
        "cache_creation": {"ephemeral_5m_input_tokens": 150, "ephemeral_1h_input_tokens": 50},
        "output_tokens": 7,
        "output_tokens_details": {"thinking_tokens": 5},
    }
    reply = CODEC.decode_reply({"content": [], "usage": native})
    assert reply.usage == Usage(
        input_tokens=3210,
        output_tokens=7,
        cache_read_input_tokens=3000,
        cache_write_input_tokens=200,
        cache_write_1h_input_tokens=50,
        reasoning_output_tokens=5,
        native=native,
    )
    foreign = msgspec.structs.replace(reply, dialect="chat")
    assert CODEC.encode_reply(foreign, chat())["usage"] == native


def test_a_reply_that_is_not_one_is_malformed() -> None:
    for body in ({}, {"content": "x"}, {"content": [{"type": "text"}]}):
        with pytest.raises(MalformedReply):
            CODEC.decode_reply(body)


def stream(*events: Any) -> list[dict[str, Any]]:
    encoder = CODEC.stream_encoder(chat())
    data = b"".join(encoder.encode(event) for event in events).decode()
    return [msgspec.json.decode(frame.split("data: ", 1)[1]) for frame in data.split("\n\n")[:-1]]


def test_parallel_calls_that_arrive_in_turns_are_written_one_after_another() -> None:
    events = stream(
        ReplyStarted("r", "m"),
        PartStarted(0, 0, ToolCall("a", "f", "")),
        PartStarted(0, 1, ToolCall("b", "g", "")),
        ArgumentsDelta(0, 1, '{"y":'),
        ArgumentsDelta(0, 0, '{"x":1}'),
        ArgumentsDelta(0, 1, "2}"),
        PartEnded(0, 1),
        PartEnded(0, 0),
        ChoiceFinished(0, "stop"),
        UsageReported(Usage(input_tokens=5, output_tokens=6)),
        ReplyEnded(),
    )
    assert [(e["type"], e.get("index")) for e in events] == [
        ("message_start", None),
        ("content_block_start", 0),
        ("content_block_delta", 0),
        ("content_block_stop", 0),
        ("content_block_start", 1),
        ("content_block_delta", 1),
        ("content_block_delta", 1),
        ("content_block_stop", 1),
        ("message_delta", None),
        ("message_stop", None),
    ]
    assert events[-2]["delta"]["stop_reason"] == "tool_use"
    assert (events[-2]["usage"]["input_tokens"], events[-2]["usage"]["output_tokens"]) == (5, 6)


def test_a_held_part_is_written_as_soon_as_the_open_one_ends() -> None:
    encoder = CODEC.stream_encoder(chat())
    for event in (
        ReplyStarted("r", "m"),
        PartStarted(0, 0, Text("")),
        PartStarted(0, 1, ToolCall("b", "g", "")),
    ):
        encoder.encode(event)
    assert encoder.encode(TextDelta(0, 0, "a"))
    assert encoder.encode(ArgumentsDelta(0, 1, "{}")) == b""
    released = encoder.encode(PartEnded(0, 0))
    assert released.count(b"content_block_start") == 2  # the name of the event and its type
    assert b'"partial_json":"{}"' in released
    assert b"input_json_delta" in encoder.encode(ArgumentsDelta(0, 1, " "))


@pytest.mark.parametrize(
    "second",
    [
        b'{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
        b'{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"x"}}',
        b'{"type":"content_block_stop","index":1}',
        b'{"type":"message_start","message":{}}',
        b"[1]",
        b"{",
        b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\xff"}}',
    ],
)
def test_a_stream_that_breaks_the_grammar_is_malformed_and_over(second: bytes) -> None:
    first = (
        b'data: {"type":"message_start","message":{"id":"m"}}\n\n'
        b'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n'
    )
    decoder = CODEC.stream_decoder()
    events = decoder.feed(first + b"data: " + second + b"\n\n" + first)
    assert [type(event).__name__ for event in events] == ["ReplyStarted", "PartStarted", "StreamFailed"]
    assert isinstance(events[-1], StreamFailed)
    assert events[-1].failure.kind == "malformed"
    assert decoder.feed(first) == []
    assert decoder.end() == []


def test_a_foreign_thought_is_shown_without_its_makers_signature() -> None:
    events = stream(
        ReplyStarted("r", "m"),
        PartStarted(0, 0, Reasoning(dialect="gemini")),
        TextDelta(0, 0, "hm"),
        PartEnded(0, 0),
        PartStarted(0, 1, Reasoning(encrypted="opaque", dialect="responses")),
        PartEnded(0, 1),
        ChoiceFinished(0, "stop"),
        ReplyEnded(),
    )
    blocks = [e for e in events if e["type"].startswith("content_block")]
    assert blocks[0]["content_block"] == {"type": "thinking", "thinking": "", "signature": ""}
    assert len(blocks) == 3


def test_a_failed_stream_ends_with_an_error_event_and_no_finish() -> None:
    encoder = CODEC.stream_encoder(chat())
    encoder.encode(ReplyStarted("r", "m"))
    encoder.encode(PartStarted(0, 0, Text("")))
    last = encoder.encode(StreamFailed(Failure(kind="overloaded", message="busy")))
    assert last == b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}\n\n'
    assert encoder.encode(ReplyEnded()) == b""


def test_an_error_event_inside_a_stream_has_its_class() -> None:
    decoder = CODEC.stream_decoder()
    (event,) = decoder.feed(
        b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"m"}}\n\n'
    )
    assert isinstance(event, StreamFailed)
    assert (event.failure.kind, event.failure.message) == ("overloaded", "m")
    assert decoder.end() == []


def test_a_url_citation_of_another_provider_becomes_a_web_result() -> None:
    text = Text("x", citations=(Citation("responses", {}, url="https://e", title="E"), Citation("chat", {})))
    reply = CODEC.decode_reply({"content": []})
    choice = msgspec.structs.replace(reply.choices[0], content=(text,))
    body = CODEC.encode_reply(msgspec.structs.replace(reply, dialect="chat", choices=(choice,)), chat())
    (citation,) = body["content"][0]["citations"]
    assert (citation["type"], citation["url"]) == ("web_search_result_location", "https://e")


# --- errors --------------------------------------------------------------------------------------------------


def test_every_kind_of_failure_has_an_answer() -> None:
    for kind in get_args(FailureKind):
        status, body = CODEC.encode_error(Failure(kind=kind, message="m"))
        assert 400 <= status < 600
        assert body["error"]["message"] == "m"


@pytest.mark.parametrize(
    ("kind", "raised"),
    [
        ("bad_request", anthropic.BadRequestError),
        ("context_length", anthropic.BadRequestError),
        ("authentication", anthropic.AuthenticationError),
        ("permission", anthropic.PermissionDeniedError),
        ("not_found", anthropic.NotFoundError),
        ("rate_limit", anthropic.RateLimitError),
        ("server", anthropic.InternalServerError),
        ("overloaded", anthropic.InternalServerError),
        ("truncated", anthropic.InternalServerError),
    ],
)
def test_the_official_client_raises_the_right_exception(kind: FailureKind, raised: type[Exception]) -> None:
    status, body = CODEC.encode_error(Failure(kind=kind, message="the reason"))
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, json=body))
    with httpx2.Client(transport=transport) as http:
        client = anthropic.Anthropic(api_key="k", base_url="http://gateway", http_client=http, max_retries=0)
        with pytest.raises(raised, match="the reason"):
            client.messages.create(model="m", max_tokens=1, messages=[{"role": "user", "content": "hi"}])


def test_the_official_client_reads_our_stream() -> None:
    encoder = CODEC.stream_encoder(chat())
    events = (
        ReplyStarted("r", "served-model"),
        PartStarted(0, 0, Reasoning(dialect="chat")),
        TextDelta(0, 0, "hm"),
        PartStarted(0, 1, Text("")),
        TextDelta(0, 1, "Let me "),
        PartEnded(0, 0),
        TextDelta(0, 1, "look."),
        PartEnded(0, 1),
        PartStarted(0, 2, ToolCall("a", "f", "")),
        ArgumentsDelta(0, 2, '{"x":1}'),
        PartEnded(0, 2),
        ChoiceFinished(0, "tool_calls"),
        UsageReported(Usage(input_tokens=50, output_tokens=6, cache_read_input_tokens=40)),
        ReplyEnded(),
    )
    data = b"".join(encoder.encode(event) for event in events)
    answer = httpx2.Response(200, content=data, headers={"content-type": "text/event-stream"})
    with httpx2.Client(transport=httpx2.MockTransport(lambda _: answer)) as http:
        client = anthropic.Anthropic(api_key="k", base_url="http://gateway", http_client=http)
        with client.messages.stream(model="m", max_tokens=1, messages=[{"role": "user", "content": "hi"}]) as stream:
            message = stream.get_final_message()
    assert [block.type for block in message.content] == ["thinking", "text", "tool_use"]
    assert message.content[1].text == "Let me look."
    assert message.content[2].input == {"x": 1}
    assert (message.stop_reason, message.model, message.id) == ("tool_use", "served-model", "msg_r")
    assert (message.usage.input_tokens, message.usage.cache_read_input_tokens, message.usage.output_tokens) == (
        10,
        40,
        6,
    )


def test_errors_of_the_clouds_that_resell_claude_are_classified_by_status() -> None:
    google = b'[{"error": {"code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED"}}]'
    failure = vertex_messages().decode_error(429, {"retry-after": "7"}, google)
    assert (failure.kind, failure.message, failure.code) == ("rate_limit", "quota", "RESOURCE_EXHAUSTED")
    assert failure.retry_after_s == 7
    assert CODEC.decode_error(529, {}, b"<html>").kind == "overloaded"


# --- variants by provider ------------------------------------------------------------------------------------


def test_paths_and_bodies_by_provider() -> None:
    assert CODEC.path("m", stream=True) == "/v1/messages"
    vertex, bedrock = vertex_messages(), bedrock_messages()
    assert vertex.path("claude-x@1", stream=True) == "/models/claude-x%401:streamRawPredict"
    assert bedrock.path("anthropic.claude:0", stream=False) == "/model/anthropic.claude%3A0/invoke"
    call = chat(stream=True)
    assert vertex.encode_request(call).body.keys() == {"anthropic_version", "messages", "max_tokens", "stream"}
    assert bedrock.encode_request(call).body.keys() == {"anthropic_version", "messages", "max_tokens"}
    body = {"anthropic_version": "vertex-2023-10-16", "messages": [], "max_tokens": 1}
    assert vertex.decode_request(body, model="m").model == "m"
