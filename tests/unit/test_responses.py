"""The Responses codec: what it makes of items, of other dialects' calls, and of broken streams."""

import base64
from typing import Any

import msgspec
import pytest

from openclaw.calls import (
    Audio,
    CacheMark,
    Call,
    Choice,
    ChoiceFinished,
    CustomTool,
    Document,
    Event,
    Failure,
    FunctionTool,
    HostedTool,
    Image,
    LogprobsDelta,
    Message,
    Opaque,
    OpaqueEvent,
    OutputFormat,
    Part,
    PartEnded,
    PartStarted,
    Reasoning,
    ReasoningControl,
    Refusal,
    Reply,
    ReplyEnded,
    ReplyStarted,
    Source,
    StreamFailed,
    Text,
    TextDelta,
    ToolCall,
    ToolChoice,
    ToolResult,
    Video,
)
from openclaw.dialects.codec import InvalidRequest, MalformedReply
from openclaw.dialects.responses import Responses
from openclaw.streams import collect
from tests.golden.suite import stream_events
from tests.responses_grammar import assert_grammar, wire_events

CODEC = Responses()


def decode(items: Any, **fields: Any) -> Call:
    return CODEC.decode_request({"model": "m", "input": items, **fields})


def foreign(*messages: Message, **fields: Any) -> Call:
    return Call(dialect="messages", model="m", messages=messages, **fields)


def written(call: Call) -> dict[str, Any]:
    return CODEC.encode_request(call).body


def lost(call: Call) -> tuple[str, ...]:
    return CODEC.encode_request(call).degraded


# --- items and turns ----------------------------------------------------------------------------------------

CALL_ITEM = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "look", "arguments": "{}"}


def test_the_models_items_are_one_turn_and_results_are_messages_of_their_own() -> None:
    call = decode(
        [
            {"role": "user", "content": "hi"},
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "think"}]},
            {"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": "a"}]},
            CALL_ITEM,
            {**CALL_ITEM, "call_id": "c2"},
            {"type": "function_call_output", "call_id": "c1", "output": "one"},
            {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "two"}]},
        ]
    )
    assert [message.role for message in call.messages] == ["user", "assistant", "tool", "tool"]
    turn = call.messages[1].content
    assert isinstance(turn, tuple)
    assert [type(part) for part in turn] == [Reasoning, Text, ToolCall, ToolCall]
    assert call.messages[3].content == (ToolResult("c2", (Text("two"),)),)


def test_two_assistant_items_in_a_row_stay_two_items() -> None:
    items = [
        {"role": "assistant", "content": "one"},
        {"type": "message", "id": "msg_2", "role": "assistant", "content": [{"type": "output_text", "text": "two"}]},
    ]
    call = decode(items)
    assert len(call.messages) == 1
    assert written(call)["input"] == items


@pytest.mark.parametrize(
    ("item", "role"),
    [
        ({"type": "web_search_call", "id": "ws_1"}, "assistant"),
        ({"type": "item_reference", "id": "msg_1"}, "assistant"),
        ({"id": "msg_1"}, "assistant"),
        ({"type": "computer_call_output", "call_id": "c"}, "tool"),
        ({"type": "mcp_approval_response", "approve": True}, "tool"),
        ({"type": "additional_tools", "role": "developer", "tools": []}, "developer"),
        ({"type": "message", "role": "assistant", "content": []}, "assistant"),
    ],
)
def test_an_item_that_is_not_modelled_stands_on_the_side_it_came_from(item: dict[str, Any], role: str) -> None:
    call = decode([item])
    assert call.messages[0].role == role
    content = call.messages[0].content
    assert isinstance(content, tuple)
    assert isinstance(content[0], Opaque)
    assert content[0].native == item
    assert written(call)["input"] == [item]


def test_the_parts_of_a_reasoning_item_are_cut_where_they_were() -> None:
    item = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "one\n\nstill one"}, {"type": "summary_text", "text": "two"}],
        "encrypted_content": "sealed",
    }
    call = decode([item])
    part = call.messages[0].content[0]
    assert isinstance(part, Reasoning)
    assert (part.text, part.encrypted, part.dialect) == ("one\n\nstill one\n\ntwo", "sealed", "responses")
    assert written(call)["input"] == [item]


def test_changed_reasoning_is_written_as_one_summary() -> None:
    part = Reasoning("new words", dialect="responses", spelling=("summary:3,4",))
    call = Call(dialect="responses", model="m", messages=(Message("assistant", (part,)),))
    assert written(call)["input"][0]["summary"] == [{"type": "summary_text", "text": "new words"}]


def test_media_and_cache_marks_are_read() -> None:
    call = decode(
        [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "t", "prompt_cache_breakpoint": {"mode": "explicit"}},
                    {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "low"},
                    {"type": "input_image", "file_id": "file-1"},
                    {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,BB=="},
                    {"type": "input_audio", "input_audio": {"data": "CC==", "format": "wav"}},
                ],
            }
        ]
    )
    assert call.messages[0].content == (
        Text("t", cache=CacheMark(extra={"mode": "explicit"})),
        Image(Source(data="AA==", media_type="image/png"), "low"),
        Image(Source(file_id="file-1")),
        Document(Source(data="BB==", media_type="application/pdf"), "a.pdf"),
        Audio(Source(data="CC==", media_type="audio/wav"), "wav"),
    )


def test_controls_are_read_in_the_inner_forms_words() -> None:
    call = decode(
        "hi",
        instructions="be brief",
        tools=[
            {"type": "function", "name": "f", "parameters": {}, "strict": None},
            {"type": "custom", "name": "c", "format": {"type": "text"}},
            {"type": "namespace", "name": "n", "tools": []},
        ],
        tool_choice={"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]},
        text={"format": {"type": "json_schema", "name": "a", "schema": {}}, "verbosity": "low"},
        reasoning={"effort": "low", "summary": "auto", "context": "auto"},
        include=["message.output_text.logprobs"],
        previous_response_id="resp_1",
        stream=True,
    )
    assert (call.instructions, call.logprobs, call.include_usage) == ("be brief", True, True)
    assert [type(tool) for tool in call.tools] == [FunctionTool, CustomTool, HostedTool]
    assert call.tool_choice is not None
    assert (call.tool_choice.mode, call.tool_choice.names, call.tool_choice.required) == ("allowed", ("f",), True)
    assert call.output_format == OutputFormat("schema", {}, "a")
    assert call.reasoning == ReasoningControl(effort="low", summary="auto", extra={"context": "auto"})
    assert call.extra == {
        "include": ["message.output_text.logprobs"],
        "previous_response_id": "resp_1",
        "text": {"verbosity": "low"},
    }


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": "x"}, "model"),
        ({"model": 1, "input": "x"}, "model"),
        ({"model": "m", "input": 7}, "input"),
        ({"model": "m", "input": [1]}, "input[0]"),
        ({"model": "m", "input": [{}]}, "input[0].type"),
        ({"model": "m", "input": [{"role": "critic", "content": "x"}]}, "input[0].role"),
        ({"model": "m", "input": [{"role": "user"}]}, "input[0].content"),
        ({"model": "m", "input": [{"role": "user", "content": [{"text": "x"}]}]}, "input[0].content[0].type"),
        ({"model": "m", "input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input[0].content[0]"),
        ({"model": "m", "input": [{"type": "function_call", "name": "f", "arguments": ""}]}, "input[0].call_id"),
        (
            {"model": "m", "input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": {}}]},
            "input[0].arguments",
        ),
        ({"model": "m", "input": [{"type": "function_call_output", "call_id": "c"}]}, "input[0].output"),
        ({"model": "m", "tools": [{"type": "function", "function": {"name": "f"}}]}, "tools[0].name"),
        ({"model": "m", "tool_choice": 1}, "tool_choice"),
        ({"model": "m", "text": {"format": {"type": "json_schema"}}}, "text.format.name"),
        ({"model": "m", "reasoning": {"effort": 1}}, "reasoning.effort"),
    ],
)
def test_a_bad_request_names_its_field(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        CODEC.decode_request(body)
    assert refused.value.param == param


# --- calls of other dialects --------------------------------------------------------------------------------


def test_a_call_of_another_dialect_is_written_in_plain_items() -> None:
    call = foreign(
        Message("system", "late rule"),
        Message("user", (Text("look"), Image(Source(url="https://a/b.png")))),
        Message("assistant", (Text("ok"), ToolCall("c1", "look", ""), ToolCall("c2", "run", "x", "custom"))),
        Message("user", (ToolResult("c1", "one"), ToolResult("c2", (Text("two"),)), Text("go on"))),
        Message("tool", (ToolResult("c3", None),)),
        instructions=(Text("a"), Text("b")),
    )
    encoded = CODEC.encode_request(call)
    assert encoded.degraded == ()
    assert encoded.body["instructions"] == "a\n\nb"
    assert encoded.body["store"] is False
    assert encoded.body["input"] == [
        {"type": "message", "role": "system", "content": "late rule"},
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "look"},
                {"type": "input_image", "image_url": "https://a/b.png", "detail": "auto"},
            ],
        },
        {"type": "message", "role": "assistant", "content": "ok"},
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "run", "input": "x"},
        {"type": "function_call_output", "call_id": "c1", "output": "one"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "two"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "go on"}]},
        {"type": "function_call_output", "call_id": "c3", "output": ""},
    ]


def test_what_an_assistant_said_in_pieces_is_one_string() -> None:
    parts = (Text("one "), Text(""), Text("two"), Refusal("no"), Text("three"))
    assert written(foreign(Message("assistant", parts)))["input"] == [
        {"type": "message", "role": "assistant", "content": "one two"},
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
        {"type": "message", "role": "assistant", "content": "three"},
    ]


def test_malformed_arguments_of_a_history_are_passed_as_the_model_wrote_them() -> None:
    body = written(foreign(Message("assistant", (ToolCall("c", "f", '{"half'),))))
    assert body["input"][0]["arguments"] == '{"half'


@pytest.mark.parametrize(
    ("part", "item", "degraded"),
    [
        (
            Reasoning("seen", signature="s", dialect="messages"),
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "seen"}]},
            ("reasoning.signature",),
        ),
        (Reasoning("", signature="s", dialect="messages"), None, ("reasoning.signature",)),
        (
            Reasoning("own", encrypted="e", id="rs_1", dialect="responses"),
            {
                "type": "reasoning",
                "summary": [{"type": "summary_text", "text": "own"}],
                "id": "rs_1",
                "encrypted_content": "e",
            },
            (),
        ),
    ],
)
def test_sealed_thoughts_go_only_to_those_who_sealed_them(
    part: Part, item: dict[str, Any] | None, degraded: tuple[str, ...]
) -> None:
    encoded = CODEC.encode_request(foreign(Message("assistant", (part,))))
    assert encoded.body["input"] == ([] if item is None else [item])
    assert encoded.degraded == degraded


@pytest.mark.parametrize(
    ("control", "expected", "degraded"),
    [
        (ReasoningControl(effort="high"), {"effort": "high"}, ()),
        (ReasoningControl(enabled=False), {"effort": "none"}, ()),
        (ReasoningControl(enabled=True), {"effort": "medium"}, ()),
        (ReasoningControl(enabled=True, adaptive=True), None, ()),
        (ReasoningControl(budget_tokens=4000), {"effort": "low"}, ("reasoning.budget_tokens: sent as effort low",)),
        (
            ReasoningControl(enabled=True, budget_tokens=10000, include=True),
            {"effort": "medium", "summary": "auto"},
            ("reasoning.budget_tokens: sent as effort medium",),
        ),
        (ReasoningControl(budget_tokens=0), {"effort": "none"}, ()),
        (ReasoningControl(budget_tokens=-1), None, ()),
        (ReasoningControl(effort=None), None, ()),
    ],
)
def test_thinking_is_asked_for_by_effort(
    control: ReasoningControl, expected: dict[str, Any] | None, degraded: tuple[str, ...]
) -> None:
    encoded = CODEC.encode_request(foreign(Message("user", "x"), reasoning=control))
    assert encoded.body.get("reasoning") == expected
    assert encoded.degraded == degraded
    thinks = expected is not None and expected["effort"] != "none"
    assert encoded.body.get("include") == (["reasoning.encrypted_content"] if thinks else None)


def test_what_responses_cannot_say_is_listed() -> None:
    call = foreign(
        Message("user", (Video(Source(url="v")), Document(Source(text="t"), context="c"), Text("x"))),
        Message("tool", (ToolResult("c", "boom", is_error=True),)),
        Message("assistant", (Text("hi"), Opaque("messages", {}, "server_tool_use")), name="Ann"),
        tools=(HostedTool("messages", "web_search", {}), FunctionTool("f", cache=CacheMark())),
        top_k=5,
        stop=("END",),
        n=2,
        seed=7,
        frequency_penalty=0.5,
        logit_bias={"1": 2},
        modalities=("text", "audio"),
        service_tier="standard_only",
        metadata={"deep": {}},
        extra={"stream_options": {"include_usage": True}, "context_management": {"edits": []}, "odd": []},
    )
    encoded = CODEC.encode_request(call)
    assert encoded.degraded == (
        "content[video]",
        "document.context",
        "tool_result.is_error",
        "messages[].name",
        "content[server_tool_use]",
        "tools[web_search]",
        "cache",
        "service_tier",
        "metadata",
        "top_k",
        "frequency_penalty",
        "seed",
        "stop",
        "logit_bias",
        "n",
        "modalities",
        "extra.context_management",
    )
    assert encoded.body["tools"] == [
        {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}, "strict": False}
    ]
    file = encoded.body["input"][0]["content"][0]
    assert file["file_data"] == "data:text/plain;base64," + base64.b64encode(b"t").decode()
    assert file["filename"] == "document.txt"


def test_what_asks_for_nothing_is_not_listed() -> None:
    call = foreign(Message("user", "x"), n=1, stop=(), modalities=("text",), logit_bias={}, seed=None, top_p=None)
    assert lost(call) == ()


def test_a_choice_among_no_tools_is_left_out() -> None:
    call = foreign(
        Message("user", "x"), tools=(HostedTool("messages", "bash", {}),), tool_choice=ToolChoice("required")
    )
    encoded = CODEC.encode_request(call)
    assert "tools" not in encoded.body
    assert "tool_choice" not in encoded.body
    assert encoded.degraded == ("tools[bash]", "tool_choice")


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (ToolChoice("none"), "none"),
        (ToolChoice("named", "f"), {"type": "function", "name": "f"}),
        (ToolChoice("named", "c"), {"type": "custom", "name": "c"}),
        (
            ToolChoice("allowed", names=("f", "c"), required=True),
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "c"}],
            },
        ),
    ],
)
def test_a_choice_of_another_dialect_is_written(choice: ToolChoice, expected: Any) -> None:
    call = foreign(Message("user", "x"), tools=(FunctionTool("f"), CustomTool("c")), tool_choice=choice)
    assert written(call)["tool_choice"] == expected


def test_a_schema_of_another_dialect_has_a_name() -> None:
    call = foreign(Message("user", "x"), output_format=OutputFormat("schema", {"type": "object"}))
    assert written(call)["text"] == {"format": {"type": "json_schema", "name": "answer", "schema": {"type": "object"}}}


def test_log_probabilities_are_asked_for_by_include() -> None:
    body = written(foreign(Message("user", "x"), logprobs=True, top_logprobs=3))
    assert (body["include"], body["top_logprobs"]) == (["message.output_text.logprobs"], 3)


# --- replies ------------------------------------------------------------------------------------------------


def response(*output: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"id": "resp_1", "object": "response", "model": "m", "status": "completed", "output": list(output), **fields}


@pytest.mark.parametrize(
    ("body", "reason", "native"),
    [
        (response(), "stop", "completed"),
        (response(CALL_ITEM), "tool_calls", "completed"),
        (
            response(status="incomplete", incomplete_details={"reason": "max_output_tokens"}),
            "length",
            "max_output_tokens",
        ),
        (
            response(status="incomplete", incomplete_details={"reason": "content_filter"}),
            "content_filter",
            "content_filter",
        ),
        (response(status="incomplete", incomplete_details={"reason": "new"}), "unknown", "new"),
        (response(status="failed", error={"code": "server_error", "message": "m"}), "error", "failed"),
        (response(status="queued"), None, "queued"),
        (response(status="shiny"), "unknown", "shiny"),
    ],
)
def test_the_finish_reason_comes_from_status_and_details(body: dict[str, Any], reason: str | None, native: str) -> None:
    reply = CODEC.decode_reply(body)
    assert (reply.choices[0].finish_reason, reply.choices[0].native_finish_reason) == (reason, native)
    assert CODEC.encode_reply(reply) == body


@pytest.mark.parametrize("body", [{}, {"id": "r", "model": "m"}, {"id": "r", "model": "m", "output": [1]}])
def test_a_reply_that_is_not_a_response_is_malformed(body: dict[str, Any]) -> None:
    with pytest.raises(MalformedReply):
        CODEC.decode_reply(body)


def test_an_item_that_breaks_its_own_shape_is_kept_whole() -> None:
    body = response({"type": "function_call", "name": "no call id"})
    reply = CODEC.decode_reply(body)
    assert isinstance(reply.choices[0].content[0], Opaque)
    assert CODEC.encode_reply(reply) == body


def test_log_probabilities_are_in_chats_shape() -> None:
    tokens = [{"token": "a", "logprob": -1.0, "bytes": [97], "top_logprobs": []}]
    text = {"type": "output_text", "text": "a", "annotations": [], "logprobs": tokens}
    body = response({"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [text]})
    reply = CODEC.decode_reply(body)
    assert reply.choices[0].logprobs == {"content": tokens}
    assert CODEC.encode_reply(reply) == body


CALLER = decode("hi")


def test_ids_of_a_foreign_reply_follow_from_its_id_alone() -> None:
    content = (Reasoning("t"), Text("a"), ToolCall("c", "f", "{}"))
    reply = Reply(dialect="gemini", id="abc", model="g", choices=(Choice(0, content, "tool_calls"),))
    first, second = CODEC.encode_reply(reply, CALLER), CODEC.encode_reply(reply, CALLER)
    ids = [first["id"], *(item["id"] for item in first["output"])]
    assert [identity.split("_")[0] for identity in ids] == ["resp", "rs", "msg", "fc"]
    assert len(set(ids)) == 4
    assert all(len(identity) <= 64 for identity in ids)
    assert first == second
    other = CODEC.encode_reply(msgspec.structs.replace(reply, id="abd"), CALLER)
    assert other["id"] != first["id"]


def test_an_image_of_a_model_is_shown_as_the_image_tool_shows_it() -> None:
    image = Image(Source(data="AA==", media_type="image/png"))
    reply = Reply(dialect="gemini", id="abc", model="g", choices=(Choice(0, (image,), "stop"),))
    item = CODEC.encode_reply(reply, CALLER)["output"][0]
    assert (item["type"], item["result"]) == ("image_generation_call", "AA==")


# --- streams ------------------------------------------------------------------------------------------------


def sse(*events: dict[str, Any]) -> bytes:
    return b"".join(
        f"event: {event['type']}\n".encode() + b"data: " + msgspec.json.encode(event) + b"\n\n" for event in events
    )


CREATED = {"type": "response.created", "response": {"id": "resp_1", "model": "m", "status": "in_progress"}}
COMPLETED = {"type": "response.completed", "response": response(usage={"input_tokens": 1, "output_tokens": 2})}


NOTES_OF_MESSAGE = ("item", 'item.type="message"', 'item.id="msg_1"')


def test_sequence_numbers_and_done_marks_are_not_needed() -> None:
    """llama.cpp numbers nothing; some servers add `[DONE]`."""
    data = sse(
        CREATED,
        {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "id": "msg_1"}},
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Hi"},
        COMPLETED,
    )
    events = stream_events(CODEC, data + b"data: [DONE]\n\n")
    assert isinstance(events[-1], ReplyEnded)
    assert collect(events, "responses").choices[0].content[0] == Text("Hi", spelling=NOTES_OF_MESSAGE)


def test_a_provider_that_sends_only_the_whole_answer_loses_nothing() -> None:
    output: list[dict[str, Any]] = [
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "t"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "a"}]},
        CALL_ITEM,
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
    ]
    events = stream_events(CODEC, sse({"type": "response.completed", "response": response(*output)}))
    content = collect(events, "responses").choices[0].content
    assert [type(part) for part in content] == [Reasoning, Text, ToolCall, Opaque]
    assert isinstance(content[2], ToolCall)
    assert content[2].arguments == "{}"


def test_deltas_that_stop_short_are_completed_from_the_whole() -> None:
    data = sse(
        CREATED,
        {"type": "response.output_item.added", "output_index": 0, "item": {**CALL_ITEM, "arguments": ""}},
        {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": "{"},
        {"type": "response.output_item.done", "output_index": 0, "item": CALL_ITEM},
        COMPLETED,
    )
    part = collect(stream_events(CODEC, data), "responses").choices[0].content[0]
    assert isinstance(part, ToolCall)
    assert part.arguments == "{}"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "truncated"),
        (sse(CREATED), "truncated"),
        (b"data: [DONE]\n\n", "truncated"),
        (b"data: {nope\n\n", "malformed"),
        (b"data: [1]\n\n", "malformed"),
        (sse(CREATED, {"type": "response.output_text.delta", "output_index": 0, "delta": 7}), "malformed"),
        (sse(CREATED, {"type": "response.output_item.added", "output_index": 0}), "malformed"),
        (sse({"type": "error", "code": "rate_limit_exceeded", "message": "m", "param": None}), "rate_limit"),
        (sse({"type": "error", "error": {"type": "insufficient_quota", "message": "m"}}), "quota"),
        (b'data: {"error": {"code": 502, "message": "m"}}\n\n', "server"),
        (b'event: error\ndata: {"code": "server_error", "message": "m"}\n\n', "server"),
        (
            sse(
                CREATED,
                {
                    "type": "response.failed",
                    "response": {"status": "failed", "error": {"code": "context_length_exceeded", "message": "m"}},
                },
            ),
            "context_length",
        ),
        (sse(CREATED, {"type": "response.cancelled", "response": {}}), "cancelled"),
    ],
)
def test_a_broken_stream_ends_with_one_failure_of_its_class(data: bytes, kind: str) -> None:
    decoder = CODEC.stream_decoder()
    events = decoder.feed(data) + decoder.end()
    assert [event.failure.kind for event in events if isinstance(event, StreamFailed)] == [kind]
    assert isinstance(events[-1], StreamFailed)
    assert decoder.feed(sse(COMPLETED)) == []
    assert decoder.end() == []


def test_half_a_tool_call_is_not_ended_by_a_failure() -> None:
    data = sse(
        CREATED,
        {"type": "response.output_item.added", "output_index": 0, "item": {**CALL_ITEM, "arguments": ""}},
        {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": '{"a'},
        {"type": "response.failed", "response": {"error": {"code": "server_error", "message": "m"}}},
    )
    assert not [event for event in stream_events(CODEC, data) if isinstance(event, PartEnded)]


def encode(*events: Event) -> bytes:
    encoder = CODEC.stream_encoder(CALLER)
    return b"".join(encoder.encode(event) for event in events)


def test_a_failure_before_the_first_event_is_an_error_event() -> None:
    data = encode(StreamFailed(Failure(kind="rate_limit", message="slow")), ReplyEnded())
    assert wire_events(data) == [
        {"type": "error", "sequence_number": 0, "code": "rate_limit_exceeded", "message": "slow", "param": None}
    ]


def test_a_failure_in_the_middle_ends_in_response_failed() -> None:
    data = encode(
        ReplyStarted("r", "m"),
        PartStarted(0, 0, Text("")),
        TextDelta(0, 0, "half"),
        StreamFailed(Failure(kind="truncated", message="cut")),
        PartEnded(0, 0),
    )
    assert_grammar(data)
    last = wire_events(data)[-1]
    assert last["type"] == "response.failed"
    assert last["response"]["status"] == "failed"
    assert last["response"]["error"]["message"] == "cut"
    assert last["response"]["output"] == []


def test_other_choices_and_other_dialects_events_are_not_shown() -> None:
    data = encode(
        ReplyStarted("r", "m"),
        OpaqueEvent("messages", {"type": "ping"}),
        PartStarted(1, 0, Text("")),
        TextDelta(1, 0, "second"),
        PartEnded(1, 0),
        PartStarted(0, 0, Opaque("messages", {}, "server_tool_use")),
        PartEnded(0, 0),
        ChoiceFinished(0, "stop"),
        ReplyEnded(),
    )
    assert_grammar(data)
    assert wire_events(data)[-1]["response"]["output"] == []


def test_log_probabilities_travel_beside_the_words() -> None:
    tokens = [{"token": "a", "logprob": -1.0, "bytes": [97], "top_logprobs": []}]
    data = encode(
        ReplyStarted("r", "m"),
        PartStarted(0, 0, Text("")),
        TextDelta(0, 0, "a"),
        LogprobsDelta(0, {"content": tokens}),
        PartEnded(0, 0),
        ChoiceFinished(0, "stop"),
        ReplyEnded(),
    )
    assert_grammar(data)
    assert wire_events(data)[-1]["response"]["output"][0]["content"][0]["logprobs"] == tokens
    assert collect(stream_events(CODEC, data), "responses").choices[0].logprobs == {"content": tokens}
