"""Bedrock Converse: what other dialects' calls become, cache points, streams, and the classes of errors."""

import json
from typing import Any, get_args

import msgspec
import pytest
from botocore.eventstream import EventStream
from botocore.exceptions import EventStreamError
from botocore.model import ServiceModel
from botocore.parsers import EventStreamJSONParser, create_parser

from openclaw.calls import (
    Audio,
    CacheMark,
    Call,
    ChoiceFinished,
    CustomTool,
    Document,
    Failure,
    FailureKind,
    FunctionTool,
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
    Video,
)
from openclaw.dialects.codec import InvalidRequest, MalformedReply
from openclaw.dialects.converse import Converse
from openclaw.dialects.eventstream import encode_frame, event_frame, exception_frame
from openclaw.streams import collect
from tests.golden.wire import SHARED

CODEC = Converse()
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
USER = Message("user", "hi")


def chat(*messages: Message, **fields: Any) -> Call:
    """A call that came in through the Chat Completions door."""
    return Call(**{"dialect": "chat", "model": CLAUDE, "messages": messages or (USER,), **fields})


def encoded(*messages: Message, **fields: Any) -> dict[str, Any]:
    return CODEC.encode_request(chat(*messages, **fields)).body


def lost(*messages: Message, **fields: Any) -> tuple[str, ...]:
    return CODEC.encode_request(chat(*messages, **fields)).degraded


def test_the_path_quotes_the_model() -> None:
    assert CODEC.path("us.anthropic.claude-v1:0", stream=False) == "/model/us.anthropic.claude-v1%3A0/converse"
    assert CODEC.path("arn:aws:bedrock:x/y", stream=True) == "/model/arn%3Aaws%3Abedrock%3Ax%2Fy/converse-stream"


# --- requests ------------------------------------------------------------------------------------------------


def test_a_conversation_with_tools() -> None:
    body = encoded(
        Message("system", "be kind"),
        USER,
        Message("assistant", (Text("sure"), ToolCall("a", "f", '{"x":1}'))),
        Message("tool", (ToolResult("a", "1", is_error=True),)),
        Message("user", "and?"),
        tools=(FunctionTool("f", description="", parameters={"properties": {}}),),
        tool_choice=ToolChoice("required"),
        max_output_tokens=9,
        temperature=0.5,
        stop=("END",),
    )
    assert body == {
        "system": [{"text": "be kind"}],
        "messages": [
            {"role": "user", "content": [{"text": "hi"}]},
            {
                "role": "assistant",
                "content": [{"text": "sure"}, {"toolUse": {"toolUseId": "a", "name": "f", "input": {"x": 1}}}],
            },
            {
                "role": "user",
                "content": [
                    {"toolResult": {"toolUseId": "a", "content": [{"text": "1"}], "status": "error"}},
                    {"text": "and?"},
                ],
            },
        ],
        "toolConfig": {
            "tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object", "properties": {}}}}}],
            "toolChoice": {"any": {}},
        },
        "inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "stopSequences": ["END"]},
    }


def test_cache_points_follow_what_they_mark_both_ways() -> None:
    point = {"cachePoint": {"type": "default", "ttl": "1h"}}
    spec = {"toolSpec": {"name": "f", "inputSchema": {"json": {}}}}
    body = {
        "system": [{"text": "s"}, point],
        "messages": [{"role": "user", "content": [point, {"text": "a"}, point, point]}],
        "toolConfig": {"tools": [spec, point]},
    }
    call = CODEC.decode_request(body, model="m")
    content = call.messages[0].content
    assert isinstance(content, tuple)
    assert isinstance(call.instructions, tuple)
    assert [getattr(part, "cache", None) for part in content] == [None, CacheMark("1h"), None]
    assert isinstance(content[0], Opaque)  # it marks nothing
    assert call.instructions[0] == Text("s", cache=CacheMark("1h"))
    assert getattr(call.tools[0], "cache", None) == CacheMark("1h")
    assert CODEC.encode_request(call).body == body
    marked = encoded(Message("user", (Text("a", cache=CacheMark(extra={"x": 1})),)))
    assert marked["messages"][0]["content"] == [{"text": "a"}, {"cachePoint": {"type": "default"}}]


def test_media_are_named_by_bedrocks_format_words() -> None:
    parts = (
        Image(Source(data="/9j/4AA", media_type="image/jpg")),
        Image(Source(data="iVBORw0KGgoAAA")),
        Document(Source(data="JVBE", media_type="application/pdf"), title="a_b.pdf"),
        Document(Source(text="t", media_type="text/markdown")),
        Video(Source(url="s3://b/v.mp4", media_type="video/mp4")),
        Audio(Source(data="aGk="), format="wav"),
    )
    assert encoded(Message("user", parts))["messages"][0]["content"] == [
        {"image": {"format": "jpeg", "source": {"bytes": "/9j/4AA"}}},
        {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgoAAA"}}},
        {"document": {"format": "pdf", "name": "a b pdf", "source": {"bytes": "JVBE"}}},
        {"document": {"format": "md", "name": "document (2)", "source": {"text": "t"}}},
        {"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://b/v.mp4"}}}},
        {"audio": {"format": "wav", "source": {"bytes": "aGk="}}},
    ]


@pytest.mark.parametrize(
    ("part", "loss"),
    [
        (Image(Source(url="https://example.com/x.png")), "content[image]"),
        (Document(Source(file_id="f")), "content[document]"),
        (Opaque("messages", {}, "server_tool_use"), "content[server_tool_use]"),
        (Reasoning("hm", signature="s", dialect="messages"), "content[reasoning]"),
    ],
)
def test_parts_that_bedrock_cannot_carry_are_left_out_and_listed(part: Any, loss: str) -> None:
    message = Message("user", (Text("hi"), part))
    assert encoded(message)["messages"][0]["content"] == [{"text": "hi"}]
    assert lost(message) == (loss,)


def test_tools_of_the_history_are_declared_where_the_call_has_none() -> None:
    history = (USER, Message("assistant", (ToolCall("a", "f", "{}"),)), Message("tool", (ToolResult("a", ""),)))
    body = encoded(*history)
    assert [tool["toolSpec"]["name"] for tool in body["toolConfig"]["tools"]] == ["f"]
    assert body["messages"][2]["content"][0]["toolResult"]["content"] == [{"text": "(no output)"}]
    assert lost(*history) == ("tools: the tools of the history were declared",)


def test_what_no_converse_request_can_hold_is_listed() -> None:
    tools = (FunctionTool("f"), CustomTool("patch"))
    assert lost(
        tools=tools,
        tool_choice=ToolChoice("none"),
        parallel_tool_calls=False,
        user="u",
        seed=1,
        service_tier="scale",
        output_format=OutputFormat("json"),
        extra={"verbosity": "low", "safety_identifier": "s"},
    ) == (
        "tools[patch]",
        "tool_choice: the tools are offered all the same",
        "parallel_tool_calls",
        "service_tier",
        "output_format: there is no JSON mode without a schema",
        "seed",
        "user",
        "extra.verbosity",
    )


def test_a_schema_is_carried_as_json_text() -> None:
    body = encoded(output_format=OutputFormat("schema", schema={"type": "object"}, name="n"))
    definition = {"schema": '{"type":"object"}', "name": "n"}
    assert body["outputConfig"] == {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": definition}}}


@pytest.mark.parametrize(
    ("model", "control", "expected"),
    [
        (CLAUDE, ReasoningControl(effort="low"), {"thinking": {"type": "enabled", "budget_tokens": 4096}}),
        (
            "eu.anthropic.claude-opus-4-7",
            ReasoningControl(effort="low"),
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
        ),
        (
            "us.amazon.nova-2-lite-v1:0",
            ReasoningControl(budget_tokens=9000),
            {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}},
        ),
        ("openai.gpt-oss-120b-1:0", ReasoningControl(effort="xhigh"), {"reasoning_effort": "high"}),
        ("openai.gpt-oss-120b-1:0", ReasoningControl(effort="none"), None),
    ],
)
def test_reasoning_controls_by_vendor(model: str, control: ReasoningControl, expected: Any) -> None:
    body = encoded(model=model, reasoning=control, max_output_tokens=20000)
    assert body.get("additionalModelRequestFields") == expected


def test_a_reasoning_control_for_an_unknown_vendor_is_listed() -> None:
    arn = "arn:aws:bedrock:eu-west-1:000000000000:application-inference-profile/x"
    assert lost(model=arn, reasoning=ReasoningControl(effort="high")) == ("reasoning",)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": "x"}, "messages"),
        ({"messages": [{"role": "tool", "content": []}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": "hi"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"text": 1}]}]}, "messages[0].content[0].text"),
        (
            {"messages": [{"role": "user", "content": [{"toolUse": {"name": "f"}}]}]},
            "messages[0].content[0].toolUse.toolUseId",
        ),
        ({"messages": [], "inferenceConfig": {"maxTokens": "1"}}, "inferenceConfig.maxTokens"),
        ({"messages": [], "toolConfig": {"tools": [{"toolSpec": {}}]}}, "toolConfig.tools[0].toolSpec.name"),
        ({"messages": [], "system": {}}, "system"),
    ],
)
def test_a_wrong_request_names_its_field(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        CODEC.decode_request(body, model="m")
    assert raised.value.param == param


# --- replies and streams -------------------------------------------------------------------------------------


def test_usage_totals_include_the_cache_and_come_back_apart() -> None:
    native = {
        "inputTokens": 10,
        "outputTokens": 7,
        "totalTokens": 3217,
        "cacheReadInputTokens": 3000,
        "cacheWriteInputTokens": 200,
        "cacheDetails": [{"ttl": "5m", "inputTokens": 150}, {"ttl": "1h", "inputTokens": 50}],
    }
    reply = CODEC.decode_reply({"output": {"message": {"content": []}}, "stopReason": "end_turn", "usage": native})
    assert reply.usage == Usage(
        input_tokens=3210,
        output_tokens=7,
        cache_read_input_tokens=3000,
        cache_write_input_tokens=200,
        cache_write_1h_input_tokens=50,
        total_tokens=3217,
        native=native,
    )
    assert CODEC.encode_reply(msgspec.structs.replace(reply, dialect="chat"), chat())["usage"] == native


def test_free_text_input_is_wrapped_even_where_it_reads_as_json() -> None:
    reply = CODEC.decode_reply({"output": {"message": {"content": []}}})
    choice = msgspec.structs.replace(reply.choices[0], content=(ToolCall("a", "f", "0", kind="custom"),))
    body = CODEC.encode_reply(msgspec.structs.replace(reply, dialect="responses", choices=(choice,)), chat())
    assert body["output"]["message"]["content"][0]["toolUse"]["input"] == {"input": "0"}


def test_a_reply_that_is_not_one_is_malformed() -> None:
    bodies: tuple[dict[str, Any], ...] = ({}, {"output": []}, {"output": {"message": {"content": "x"}}})
    for body in bodies:
        with pytest.raises(MalformedReply):
            CODEC.decode_reply(body)


def frames(*events: tuple[str, Any]) -> bytes:
    return b"".join(event_frame(name, json.dumps(payload).encode()) for name, payload in events)


HELLO = (
    ("messageStart", {"role": "assistant"}),
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hello"}, "p": "abcd"}),
    ("contentBlockStop", {"contentBlockIndex": 0}),
    ("messageStop", {"stopReason": "end_turn"}),
)


def test_a_stream_is_complete_with_message_stop_even_without_metadata() -> None:
    decoder = CODEC.stream_decoder()
    events = decoder.feed(frames(*HELLO))
    assert events == [
        ReplyStarted("", "", dialect="converse"),
        PartStarted(0, 0, Text("")),
        TextDelta(0, 0, "Hello"),
        PartEnded(0, 0),
        ChoiceFinished(0, "stop", "end_turn"),
    ]
    assert decoder.end() == [ReplyEnded()]


def test_a_stream_without_message_stop_is_truncated() -> None:
    decoder = CODEC.stream_decoder()
    decoder.feed(frames(*HELLO[:3]))
    (event,) = decoder.end()
    assert isinstance(event, StreamFailed)
    assert event.failure.kind == "truncated"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("throttlingException", "rate_limit"),
        ("serviceUnavailableException", "overloaded"),
        ("modelStreamErrorException", "server"),
        ("internalServerException", "server"),
        ("validationException", "bad_request"),
        ("somethingNewException", "server"),
    ],
)
def test_an_exception_frame_fails_the_stream_with_its_class(name: str, kind: str) -> None:
    decoder = CODEC.stream_decoder()
    events = decoder.feed(frames(*HELLO[:2]) + exception_frame(name, b'{"message":"why"}') + frames(*HELLO[2:]))
    assert isinstance(events[-1], StreamFailed)
    assert (events[-1].failure.kind, events[-1].failure.message) == (kind, "why")
    assert decoder.end() == []


def test_an_error_frame_of_the_transport_fails_the_stream() -> None:
    headers = {":message-type": "error", ":error-code": "InternalServerException", ":error-message": "why"}
    (event,) = CODEC.stream_decoder().feed(encode_frame(headers, b""))
    assert isinstance(event, StreamFailed)
    assert (event.failure.kind, event.failure.message) == ("server", "why")


@pytest.mark.parametrize(
    "second",
    [
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "again"}}),  # that block is closed
        ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": "{}"}}}),  # never started
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("messageStart", {"role": "assistant"}),
        ("messageStop", []),
    ],
)
def test_a_stream_that_breaks_the_grammar_is_malformed_and_over(second: tuple[str, Any]) -> None:
    decoder = CODEC.stream_decoder()
    events = decoder.feed(frames(*HELLO[:3], second, *HELLO[3:]))
    assert isinstance(events[-1], StreamFailed)
    assert events[-1].failure.kind == "malformed"
    assert not [event for event in events if isinstance(event, ChoiceFinished)]
    assert decoder.end() == []


def test_bytes_that_are_no_event_stream_are_malformed() -> None:
    (event,) = CODEC.stream_decoder().feed(b'{"message": "not an event stream at all"}')
    assert isinstance(event, StreamFailed)
    assert event.failure.kind == "malformed"


def test_frames_before_garbage_are_still_read() -> None:
    events = CODEC.stream_decoder().feed(frames(*HELLO[:2]) + b"garbage that is longer than a prelude")
    assert [type(event).__name__ for event in events] == ["ReplyStarted", "PartStarted", "TextDelta", "StreamFailed"]


def test_the_result_of_a_tool_that_bedrock_ran_is_held_until_it_is_whole() -> None:
    start = {"toolResult": {"toolUseId": "t", "type": "nova_grounding_result", "status": "success"}}
    events = CODEC.stream_decoder().feed(
        frames(
            HELLO[0],
            ("contentBlockStart", {"contentBlockIndex": 0, "start": start}),
            ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"toolResult": [{"text": "a"}]}}),
            ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"toolResult": [{"json": {"b": 1}}]}}),
            ("contentBlockStop", {"contentBlockIndex": 0}),
            *HELLO[3:],
            ("metadata", {"usage": {}, "metrics": {"latencyMs": 1}}),
        )
    )
    (part,) = collect(events, "converse").choices[0].content
    assert isinstance(part, Opaque)
    assert part.native == {"toolResult": {**start["toolResult"], "content": [{"text": "a"}, {"json": {"b": 1}}]}}


# --- AWS's own client code on what we write ------------------------------------------------------------------

needs_api_model = pytest.mark.skipif(not (SHARED / "specs").is_dir(), reason=f"no API model at {SHARED / 'specs'}")


class _Raw:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self) -> list[bytes]:
        return [self._data]


def read_by_botocore(data: bytes) -> list[dict[str, Any]]:
    text = (SHARED / "specs" / "aws.bedrock-runtime.2023-09-30.service-2.json").read_text()
    shape = ServiceModel(json.loads(text), "bedrock-runtime").shape_for("ConverseStreamOutput")
    return list(EventStream(_Raw(data), shape, EventStreamJSONParser(), "ConverseStream"))


@needs_api_model
def test_botocore_reads_our_stream() -> None:
    encoder = CODEC.stream_encoder(chat())
    written = (
        ReplyStarted("r", "m"),
        PartStarted(0, 0, Text("")),
        TextDelta(0, 0, "Hello"),
        PartEnded(0, 0),
        PartStarted(0, 1, ToolCall("a", "f", '{"x":1}')),
        PartEnded(0, 1),
        ChoiceFinished(0, "tool_calls"),
        UsageReported(Usage(input_tokens=5, output_tokens=6)),
        ReplyEnded(),
    )
    assert read_by_botocore(b"".join(encoder.encode(event) for event in written)) == [
        {"messageStart": {"role": "assistant"}},
        {"contentBlockDelta": {"delta": {"text": "Hello"}, "contentBlockIndex": 0}},
        {"contentBlockStop": {"contentBlockIndex": 0}},
        {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "a", "name": "f"}}, "contentBlockIndex": 1}},
        {"contentBlockDelta": {"delta": {"toolUse": {"input": '{"x":1}'}}, "contentBlockIndex": 1}},
        {"contentBlockStop": {"contentBlockIndex": 1}},
        {"messageStop": {"stopReason": "tool_use"}},
        {"metadata": {"usage": {"inputTokens": 5, "outputTokens": 6, "totalTokens": 11}}},
    ]


@needs_api_model
def test_botocore_raises_on_our_failed_stream() -> None:
    encoder = CODEC.stream_encoder(chat())
    data = encoder.encode(ReplyStarted("r", "m"))
    data += encoder.encode(StreamFailed(Failure(kind="rate_limit", message="slow down")))
    with pytest.raises(EventStreamError, match=r"throttlingException.*slow down"):
        read_by_botocore(data)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("rate_limit", "ThrottlingException"),
        ("permission", "AccessDeniedException"),
        ("not_found", "ResourceNotFoundException"),
        ("overloaded", "ServiceUnavailableException"),
        ("bad_request", "ValidationException"),
    ],
)
@needs_api_model
def test_botocore_finds_the_class_of_our_errors(kind: FailureKind, code: str) -> None:
    status, body = CODEC.encode_error(Failure(kind=kind, message="why"))
    parser = create_parser("rest-json")
    parsed = parser.parse({"status_code": status, "headers": {}, "body": json.dumps(body).encode()}, None)
    assert parsed["Error"] == {"Message": "why", "Code": code}


def test_every_kind_of_failure_has_an_answer() -> None:
    for kind in get_args(FailureKind):
        status, body = CODEC.encode_error(Failure(kind=kind, message="m"))
        assert 400 <= status < 600
        assert body["message"] == "m"


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind"),
    [
        (429, {"x-amzn-errortype": "ThrottlingException:http://internal"}, b"{}", "rate_limit"),
        (400, {}, b'{"__type":"com.amazon#ServiceQuotaExceededException","message":"m"}', "quota"),
        (403, {"x-amzn-errortype": "ExpiredTokenException"}, b"", "authentication"),
        (403, {"x-amzn-errortype": "AccessDeniedException"}, b"", "permission"),
        (424, {"x-amzn-errortype": "ModelErrorException"}, b"", "server"),
        (429, {"x-amzn-errortype": "ModelNotReadyException"}, b"", "overloaded"),
        (503, {}, b"<html>", "overloaded"),
    ],
)
def test_errors_are_classified(status: int, headers: dict[str, str], body: bytes, kind: str) -> None:
    failure = CODEC.decode_error(status, headers, body)
    assert (failure.kind, failure.status) == (kind, status)
    assert failure.message
