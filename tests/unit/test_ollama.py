"""Ollama's codec, case by case."""

from typing import Any

import msgspec
import pytest

from openclaw.calls import (
    Audio,
    CacheMark,
    Call,
    Choice,
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
    Reasoning,
    ReasoningControl,
    Refusal,
    Reply,
    ReplyEnded,
    Source,
    StreamFailed,
    Text,
    ToolCall,
    ToolChoice,
    ToolResult,
    Usage,
)
from openclaw.dialects.codec import InvalidRequest, MalformedReply
from openclaw.dialects.ollama import Ollama
from openclaw.streams import collect
from tests.golden.suite import stream_events

CODEC = Ollama()


def foreign(*messages: Message, **fields: Any) -> Call:
    fields.setdefault("dialect", "chat")
    return Call(model="m", messages=messages or (Message("user", "hi"),), **fields)


def body_of(call: Call) -> Any:
    return CODEC.encode_request(call).body


def losses_of(call: Call) -> tuple[str, ...]:
    return CODEC.encode_request(call).degraded


# --- requests -----------------------------------------------------------------------------------------------


def test_a_stream_is_asked_for_or_refused_in_words_since_ollama_streams_by_itself() -> None:
    assert body_of(foreign())["stream"] is False
    assert body_of(foreign(stream=True))["stream"] is True
    own = CODEC.decode_request({"model": "m", "messages": []})
    assert own.stream is True
    assert "stream" not in body_of(own)
    assert body_of(msgspec.structs.replace(own, stream=False))["stream"] is False


def test_a_conversation_of_another_dialect() -> None:
    image = Image(Source(data="aGk=", media_type="image/png"))
    call = foreign(
        Message("developer", "be brief"),
        Message("user", (Text("what"), image, Text("is this?"))),
        Message("assistant", (Reasoning("hm", dialect="chat"), Text("wait"), ToolCall("c1", "look", '{"at":"it"}'))),
        Message("user", (ToolResult("c1", (Text("a cat"), image)), Text("so?"))),
        Message("assistant", (Refusal("no"),)),
        instructions="you are kind",
    )
    assert body_of(call)["messages"] == [
        {"role": "system", "content": "you are kind"},
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "what\nis this?", "images": ["aGk="]},
        {
            "role": "assistant",
            "content": "wait",
            "thinking": "hm",
            "tool_calls": [{"id": "c1", "function": {"name": "look", "arguments": {"at": "it"}}}],
        },
        {"role": "tool", "content": "a cat", "images": ["aGk="], "tool_name": "look", "tool_call_id": "c1"},
        {"role": "user", "content": "so?"},
        {"role": "assistant", "content": "no"},
    ]
    assert losses_of(call) == ()


def test_settings_stand_in_options() -> None:
    schema = {"type": "object"}
    call = foreign(
        temperature=0.1,
        top_p=0.2,
        top_k=3,
        seed=4,
        presence_penalty=0.5,
        frequency_penalty=0.6,
        max_output_tokens=7,
        stop=("x",),
        n=1,
        output_format=OutputFormat("schema", schema=schema, name="n"),
        logprobs=True,
        top_logprobs=2,
        tools=(FunctionTool("f", parameters=schema),),
        tool_choice=ToolChoice("auto"),
    )
    body = body_of(call)
    assert body["options"] == {
        "temperature": 0.1,
        "top_p": 0.2,
        "top_k": 3,
        "seed": 4,
        "presence_penalty": 0.5,
        "frequency_penalty": 0.6,
        "num_predict": 7,
        "stop": ["x"],
    }
    assert body["format"] == schema
    assert (body["logprobs"], body["top_logprobs"]) == (True, 2)
    assert body["tools"] == [{"type": "function", "function": {"name": "f", "parameters": schema}}]
    assert losses_of(call) == ()


@pytest.mark.parametrize(
    ("control", "think", "lost"),
    [
        (ReasoningControl(effort="high"), "high", False),
        (ReasoningControl(effort="none"), False, False),
        (ReasoningControl(enabled=False), False, False),
        (ReasoningControl(enabled=True), True, False),
        (ReasoningControl(adaptive=True), None, False),
        (ReasoningControl(adaptive=True, effort="high"), None, True),
        (ReasoningControl(effort="xhigh"), "high", True),
        (ReasoningControl(budget_tokens=10240), "medium", True),
        (ReasoningControl(effort="odd"), True, True),
        (ReasoningControl(), None, False),
    ],
)
def test_thinking_is_a_switch_or_a_level(control: ReasoningControl, think: Any, lost: bool) -> None:
    call = foreign(reasoning=control)
    assert body_of(call).get("think") == think
    assert bool(losses_of(call)) == lost


def test_a_choice_of_no_tool_shows_none() -> None:
    call = foreign(tools=(FunctionTool("f"),), tool_choice=ToolChoice("none"))
    assert "tools" not in body_of(call)
    assert losses_of(call) == ()


@pytest.mark.parametrize(
    ("choice", "shown"),
    [
        (ToolChoice("named", name="g"), ["g"]),
        (ToolChoice("named", name="unknown"), ["f", "g", "h"]),
        (ToolChoice("allowed", names=("f", "h")), ["f", "h"]),
        (ToolChoice("required"), ["f", "g", "h"]),
    ],
)
def test_a_choice_among_tools_shows_those_alone(choice: ToolChoice, shown: list[str]) -> None:
    call = foreign(tools=(FunctionTool("f"), FunctionTool("g"), FunctionTool("h")), tool_choice=choice)
    assert [tool["function"]["name"] for tool in body_of(call)["tools"]] == shown
    assert losses_of(call) == ("tool_choice",)


def test_what_ollama_cannot_carry_is_listed() -> None:
    call = foreign(
        Message(
            "user",
            (
                Image(Source(url="https://a.example/x.png")),
                Image(Source(file_id="f")),
                Audio(Source(data="aGk=")),
                Document(Source(data="aGk=")),
                Opaque("messages", {}, "server_tool_use"),
                Text("x", cache=CacheMark(), extra={"odd": 1}),
            ),
            name="bob",
        ),
        Message(
            "assistant", (Reasoning("t", signature="s", dialect="messages"), ToolCall("c", "f", "{", signature="s"))
        ),
        Message("tool", (ToolResult("c", "boom", is_error=True),)),
        tools=(
            FunctionTool("f", strict=True),
            CustomTool("g"),
            HostedTool("responses", "web_search", {}),
        ),
        tool_choice=ToolChoice("required"),
        n=2,
        logit_bias={"5": 1},
        user="u",
        metadata={"a": "b"},
        parallel_tool_calls=False,
        service_tier="flex",
        store=True,
        modalities=("text", "audio"),
        prompt_cache_key="k",
        extra={"verbosity": "low", "stream_options": {}},
    )
    assert set(losses_of(call)) == {
        "content[image]: only data is taken",
        "content[audio]",
        "content[document]",
        "content[server_tool_use]",
        "cache",
        "extra.odd",
        "messages[].name",
        "reasoning.signature",
        "tool_call.signature",
        "tool_call.arguments: not a JSON object and so wrapped as 'INVALID_JSON'",
        "tool_result.is_error",
        "tools[f].strict",
        "tools[g]",
        "tools[web_search]",
        "tool_choice",
        "n",
        "logit_bias",
        "user",
        "metadata",
        "parallel_tool_calls",
        "service_tier",
        "store",
        "modalities",
        "prompt_cache_key",
        "extra.verbosity",
    }


def test_results_without_ids_find_their_calls() -> None:
    calls: list[Any] = [{"function": {"name": name, "arguments": {}}} for name in ("f", "g", "f")]
    body = {
        "model": "m",
        "messages": [
            {"role": "assistant", "content": "", "tool_calls": calls},
            {"role": "tool", "content": "1", "tool_name": "g"},
            {"role": "tool", "content": "2"},
            {"role": "tool", "content": "3", "tool_name": "f"},
        ],
    }
    call = CODEC.decode_request(body)
    made: list[Any] = list(call.messages[0].content or ())
    results: list[Any] = [message.content for message in call.messages[1:]]
    found = [result.call_id for content in results for result in content]
    assert found == [made[1].id, made[0].id, made[2].id]


def test_an_unbounded_answer_is_no_number_of_tokens() -> None:
    body = {"model": "m", "messages": [], "options": {"num_predict": -1}}
    call = CODEC.decode_request(body)
    assert not isinstance(call.max_output_tokens, int)
    assert body_of(call) == body


def test_images_get_the_type_that_their_first_bytes_tell() -> None:
    call = CODEC.decode_request({"model": "m", "messages": [{"role": "user", "content": "x", "images": ["/9j/AA=="]}]})
    image = (call.messages[0].content or ())[1]
    assert isinstance(image, Image)
    assert image.source.media_type == "image/jpeg"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": []}, "model"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": [{"role": "bot"}]}, "messages[0].role"),
        ({"model": "m", "messages": [{"role": "user", "content": []}]}, "messages[0].content"),
        ({"model": "m", "messages": [{"role": "user", "images": [1]}]}, "messages[0].images[0]"),
        ({"model": "m", "messages": [{"role": "user", "tool_calls": [{}]}]}, "messages[0].tool_calls[0].function"),
        ({"model": "m", "messages": [], "options": {"top_k": "x"}}, "options.top_k"),
        ({"model": "m", "messages": [], "options": {"stop": [1]}}, "options.stop[0]"),
        ({"model": "m", "messages": [], "format": "yaml"}, "format"),
        ({"model": "m", "messages": [], "think": 1}, "think"),
        ({"model": "m", "messages": [], "tools": [{"function": {}}]}, "tools[0].function.name"),
    ],
)
def test_a_bad_request_names_the_field(body: Any, param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        CODEC.decode_request(body)
    assert refused.value.param == param


# --- answers ------------------------------------------------------------------------------------------------


def test_a_reply_of_another_dialect_is_whole_in_ollamas_words() -> None:
    reply = Reply(
        dialect="messages",
        id="msg",
        model="claude",
        created=1700000000,
        choices=(Choice(0, (Reasoning("hm"), Text("hi"), ToolCall("c", "f", '{"a":1}')), "tool_calls", "tool_use"),),
        usage=Usage(input_tokens=3, output_tokens=4),
        extra={"container": 1},
    )
    assert CODEC.encode_reply(reply, foreign()) == {
        "model": "claude",
        "created_at": "2023-11-14T22:13:20Z",
        "message": {
            "role": "assistant",
            "content": "hi",
            "thinking": "hm",
            "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": {"a": 1}}}],
        },
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 3,
        "eval_count": 4,
    }


def test_an_answer_without_a_message_is_malformed() -> None:
    with pytest.raises(MalformedReply):
        CODEC.decode_reply({"id": "chatcmpl-1", "choices": []})


def line(**fields: Any) -> bytes:
    return msgspec.json.encode({"model": "m", "created_at": "2025-01-01T00:00:00.123456789Z", **fields}) + b"\n"


@pytest.mark.parametrize("stream", [True, False])
def test_calls_of_two_answers_without_ids_and_times_have_two_ids(stream: bool) -> None:
    """A conversation with one id twice is refused, or merged by clients."""
    ids = set()
    for place in ("Oslo", "Rome"):
        call = {"function": {"name": "look", "arguments": {"place": place}}}
        body = {"message": {"role": "assistant", "content": "", "tool_calls": [call, call]}, "done": True}
        events = stream_events(CODEC, msgspec.json.encode(body) + b"\n")
        reply = collect(events, "ollama") if stream else CODEC.decode_reply(body)
        ids |= {part.id for part in reply.choices[0].content if isinstance(part, ToolCall)}
        assert reply.id == ""
    assert len(ids) == 4


def test_a_stream_without_its_last_newline_is_whole() -> None:
    said = line(message={"role": "assistant", "content": "hi"}, done=False)
    stream = said + line(message={"role": "assistant", "content": ""}, done=True)
    events = stream_events(CODEC, stream.rstrip(b"\n"))
    assert isinstance(events[-1], ReplyEnded)
    reply = collect(events, "ollama")
    assert reply.choices[0].content == (Text("hi"),)
    assert (reply.choices[0].finish_reason, reply.choices[0].native_finish_reason) == ("stop", None)
    assert reply.created == 1735689600


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        (b"", "truncated"),
        (line(message={"content": "hi"}, done=False), "truncated"),
        (line(message={"content": "hi"}, done=False)[:-5], "truncated"),
        (line(error="runner stopped"), "server"),
        (line(error="no", StatusCode=401), "authentication"),
        (b"{\n", "malformed"),
        (b"[]\n", "malformed"),
        (line(message=1), "malformed"),
        (line(message={"content": 1}), "malformed"),
        (line(message={"tool_calls": [{"function": {}}]}), "malformed"),
    ],
)
def test_a_stream_that_is_not_whole_fails(stream: bytes, kind: FailureKind) -> None:
    last = stream_events(CODEC, stream)[-1]
    assert isinstance(last, StreamFailed)
    assert last.failure.kind == kind


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (404, b'{"error":"model not found"}', "not_found", "model not found"),
        (400, b'{"error":{"message":"bad"}}', "bad_request", "bad"),
        (503, b"busy", "overloaded", "Ollama failed without saying why"),
        (500, b"[]", "server", "Ollama failed without saying why"),
    ],
)
def test_errors_have_the_class_of_their_status(status: int, body: bytes, kind: FailureKind, message: str) -> None:
    failure = CODEC.decode_error(status, {}, body)
    assert (failure.kind, failure.message) == (kind, message)


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (Failure(kind="rate_limit", message="m"), 429),
        (Failure(kind="server", message="m", status=500), 500),
        (Failure(kind="authentication", message="m", status=400), 401),
    ],
)
def test_errors_are_told_by_status_and_text(failure: Failure, status: int) -> None:
    assert CODEC.encode_error(failure) == (status, {"error": "m"})
