"""Laws of the Responses codec on generated requests, replies and garbage."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from openclaw.calls import (
    ArgumentsDelta,
    Call,
    Choice,
    ChoiceFinished,
    Event,
    Message,
    OpaqueEvent,
    Part,
    PartEnded,
    PartStarted,
    Reasoning,
    Refusal,
    Reply,
    ReplyEnded,
    ReplyStarted,
    StreamFailed,
    Text,
    TextDelta,
    ToolCall,
    Usage,
)
from openclaw.dialects.codec import InvalidRequest, MalformedReply
from openclaw.dialects.responses import Responses
from openclaw.streams import collect, unfold
from tests.golden.suite import stream_events
from tests.responses_grammar import assert_grammar

CODEC = Responses()
CALL = Call(dialect="responses", model="m", messages=(Message("user", "hi"),))

words = st.text(max_size=12)
names = st.text("abcdefghij_-", min_size=1, max_size=10)
extras = st.dictionaries(st.sampled_from(["x_one", "x_two"]), st.none() | st.integers() | words, max_size=2)


def objects(required: dict[str, Any], optional: dict[str, Any] | None = None) -> st.SearchStrategy[dict[str, Any]]:
    known = st.fixed_dictionaries(required, optional=optional or {})
    return st.tuples(known, extras).map(lambda pair: {**pair[1], **pair[0]})


# --- valid requests -----------------------------------------------------------------------------------------

IMAGE_URLS = ["https://a/b.png", "data:image/png;base64,AA=="]

breakpoints = {"prompt_cache_breakpoint": st.just({"mode": "explicit"})}
text_parts = objects({"type": st.just("input_text"), "text": words}, breakpoints)
image_parts = st.one_of(
    objects(
        {
            "type": st.just("input_image"),
            "image_url": st.sampled_from(IMAGE_URLS),
        },
        {"detail": st.sampled_from(["low", "auto", None]), "file_id": st.none()},
    ),
    objects({"type": st.just("input_image"), "file_id": names}),
)
file_parts = objects(
    {"type": st.just("input_file")},
    {"filename": st.none() | words},
).flatmap(
    lambda part: st.sampled_from(
        [
            {**part, "file_data": "data:application/pdf;base64,AAAA"},
            {**part, "file_data": "AAAA"},
            {**part, "file_url": "https://a/b.pdf"},
            {**part, "file_id": "file-1"},
        ]
    )
)
audio_parts = objects(
    {
        "type": st.just("input_audio"),
        "input_audio": objects({"data": st.just("AAAA"), "format": st.sampled_from(["wav", "mp3"])}),
    }
)
unknown_parts = objects({"type": st.just("input_hologram"), "data": words})
input_parts = st.one_of(text_parts, image_parts, file_parts, audio_parts, unknown_parts)

annotations = objects(
    {"type": st.just("url_citation"), "url": words, "title": words}, {"start_index": st.integers(0, 9)}
)
output_parts = st.one_of(
    objects(
        {"type": st.just("output_text"), "text": words},
        {"annotations": st.lists(annotations, max_size=2), "logprobs": st.just([])},
    ),
    objects({"type": st.just("refusal"), "refusal": words}),
    unknown_parts,
)
marks = {"id": st.none() | names, "status": st.sampled_from(["completed", "incomplete", None])}
typed = {"type": st.just("message"), **marks}
items = st.one_of(
    objects(
        {
            "role": st.sampled_from(["user", "system", "developer"]),
            "content": words | st.lists(input_parts, max_size=3),
        },
        typed,
    ),
    objects(
        {"role": st.just("assistant"), "content": words | st.lists(output_parts, max_size=3)},
        {**typed, "phase": st.sampled_from(["commentary", "final_answer"])},
    ),
    objects({"type": st.just("function_call"), "call_id": names, "name": names, "arguments": words}, marks),
    objects({"type": st.just("custom_tool_call"), "call_id": names, "name": names, "input": words}, marks),
    objects(
        {
            "type": st.sampled_from(["function_call_output", "custom_tool_call_output"]),
            "call_id": names,
            "output": st.none() | words | st.lists(input_parts, max_size=2),
        },
        marks,
    ),
    objects(
        {"type": st.just("reasoning")},
        {
            "summary": st.lists(objects({"type": st.just("summary_text"), "text": words}), max_size=3),
            "content": st.none() | st.lists(objects({"type": st.just("reasoning_text"), "text": words}), max_size=2),
            "encrypted_content": st.none() | words,
            **marks,
        },
    ),
    objects({"type": st.just("item_reference"), "id": names}),
    objects({"type": st.just("web_search_call"), "id": names}),
    objects({"type": st.just("mcp_approval_response"), "approve": st.booleans()}),
    objects({"id": names}),
)
tools = st.one_of(
    objects(
        {"type": st.just("function"), "name": names},
        {
            "description": st.none() | words,
            "parameters": st.none() | st.just({"type": "object"}),
            "strict": st.none() | st.booleans(),
        },
    ),
    objects({"type": st.just("custom"), "name": names}, {"format": st.just({"type": "text"})}),
    objects({"type": st.sampled_from(["web_search", "namespace", "mcp", "invented"])}),
)
choices = st.one_of(
    st.sampled_from(["auto", "none", "required", "later", None]),
    objects({"type": st.sampled_from(["function", "custom"]), "name": names}),
    objects({"type": st.just("web_search")}),
    objects(
        {
            "type": st.just("allowed_tools"),
            "mode": st.sampled_from(["auto", "required"]),
            "tools": st.lists(st.sampled_from([{"type": "function", "name": "a"}, {"type": "mcp"}]), max_size=2),
        }
    ),
)
formats = st.one_of(
    st.none(),
    objects({"type": st.sampled_from(["text", "json_object", "grammar"])}),
    objects(
        {"type": st.just("json_schema"), "name": names},
        {"schema": st.just({"type": "object"}), "strict": st.none() | st.booleans(), "description": st.none() | words},
    ),
)
requests = objects(
    {"model": names},
    {
        "input": st.none() | words | st.lists(items, max_size=6),
        "instructions": st.none() | words,
        "tools": st.none() | st.lists(tools, max_size=3),
        "tool_choice": choices,
        "text": st.none() | objects({}, {"format": formats, "verbosity": st.sampled_from(["low", None])}),
        "reasoning": st.none()
        | objects({}, {"effort": st.none() | st.just("low"), "summary": st.none() | st.just("auto")}),
        "temperature": st.none() | st.floats(0, 2),
        "max_output_tokens": st.none() | st.integers(1, 999),
        "store": st.none() | st.booleans(),
        "stream": st.none() | st.booleans(),
        "metadata": st.none() | st.dictionaries(names, words, max_size=2),
        "include": st.none() | st.just(["message.output_text.logprobs"]),
        "previous_response_id": st.none() | names,
        "truncation": st.sampled_from(["auto", "disabled"]),
        "n": st.integers(1, 3),
    },
)


@given(requests)
def test_a_request_comes_back_as_the_same_document(body: dict[str, Any]) -> None:
    call = CODEC.decode_request(body)
    encoded = CODEC.encode_request(call)
    assert encoded.body == body
    assert encoded.degraded == ()
    assert CODEC.decode_request(encoded.body) == call


@given(requests)
def test_a_request_of_another_dialect_is_written_and_can_be_read(body: dict[str, Any]) -> None:
    """The same inner form, as if another dialect had decoded it: no note and no extra field of it is believed."""
    call = msgspec.structs.replace(CODEC.decode_request(body), dialect="messages")
    encoded = CODEC.encode_request(call).body
    again = CODEC.decode_request(encoded)
    assert not {"x_one", "x_two"} & encoded.keys()
    assert again.model == call.model


# --- garbage ------------------------------------------------------------------------------------------------

HOSTILE_KEYS = [
    *("type", "role", "content", "id", "text", "output", "summary", "call_id", "name", "arguments", "format", "tools"),
    *("input_audio", "image_url", "annotations", "status", "encrypted_content", "usage", "model"),
]
HOSTILE_FIELDS = [
    *("model", "input", "instructions", "tools", "tool_choice", "text", "reasoning", "include", "stream", "metadata"),
    *("temperature", "prompt", "max_output_tokens"),
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(HOSTILE_KEYS),
            inner
            | st.sampled_from(["message", "function_call", "reasoning", "output_text", "input_image", "assistant"]),
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(HOSTILE_FIELDS),
        json_values,
    )
)
def test_a_hostile_request_is_refused_by_its_field_or_read(body: dict[str, Any]) -> None:
    try:
        call = CODEC.decode_request({"model": "m", "input": "x", **body})
    except InvalidRequest as refusal:
        refused = refusal
    else:
        CODEC.encode_request(call)
        CODEC.encode_request(msgspec.structs.replace(call, dialect="chat"))
        return
    assert refused.param
    assert refused.message


REPLY_FIELDS = ["id", "model", "output", "usage", "status", "incomplete_details", "service_tier", "created_at", "error"]


@given(st.dictionaries(st.sampled_from(REPLY_FIELDS), json_values))
def test_a_hostile_reply_is_malformed_or_read(body: dict[str, Any]) -> None:
    body = {"id": "r", "model": "m", "output": [], **body}
    try:
        reply = CODEC.decode_reply(body)
    except MalformedReply:
        return
    assert CODEC.encode_reply(reply, CALL) == body


EVENT_TYPES = [
    "response.created",
    "response.output_item.added",
    "response.output_item.done",
    "response.content_part.added",
    "response.content_part.done",
    "response.output_text.delta",
    "response.output_text.done",
    "response.output_text.annotation.added",
    "response.refusal.delta",
    "response.reasoning_summary_text.delta",
    "response.reasoning_text.delta",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.custom_tool_call_input.delta",
    "response.web_search_call.searching",
    "response.completed",
    "response.failed",
    "error",
]
hostile_items = json_values | st.sampled_from(
    [
        {"type": "message", "id": "a", "role": "assistant", "content": []},
        {"type": "message", "content": [{"type": "output_text", "text": "whole"}]},
        {"type": "function_call", "call_id": "c", "name": "n", "arguments": "{}"},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "s"}]},
        {"type": "web_search_call", "id": "w"},
    ]
)
hostile_events = st.fixed_dictionaries(
    {"type": st.sampled_from(EVENT_TYPES)},
    optional={
        "output_index": st.integers(0, 2) | st.none(),
        "content_index": st.integers(0, 1),
        "summary_index": st.integers(0, 1),
        "delta": words | json_values,
        "text": words | json_values,
        "arguments": words,
        "logprobs": json_values,
        "annotation": json_values,
        "item": hostile_items,
        "part": json_values
        | st.sampled_from([{"type": "output_text", "text": ""}, {"type": "refusal", "refusal": ""}]),
        "response": st.fixed_dictionaries({}, optional={"output": st.lists(hostile_items, max_size=2)}) | json_values,
        "error": json_values,
    },
)


def assert_our_grammar(events: list[Event]) -> None:
    """The one at the head of the events in `openclaw.calls`: started once, parts started before their deltas and
    ended once, nothing after the end or a failure."""
    if isinstance(events[0], StreamFailed):
        assert len(events) == 1
        return
    assert isinstance(events[0], ReplyStarted)
    assert sum(isinstance(event, ReplyStarted) for event in events) == 1
    started: set[int] = set()
    ended: set[int] = set()
    for event in events:
        if isinstance(event, PartStarted):
            assert event.index not in started
            started.add(event.index)
        elif isinstance(event, PartEnded):
            assert event.index in started
            assert event.index not in ended
            ended.add(event.index)
        elif hasattr(event, "index"):
            assert event.index in started
            assert event.index not in ended
    assert [type(e) for e in events if isinstance(e, ReplyEnded | StreamFailed)] == [type(events[-1])]
    if isinstance(events[-1], ReplyEnded):
        assert started == ended
        assert sum(isinstance(event, ChoiceFinished) for event in events) == 1


@given(st.lists(hostile_events, max_size=8))
def test_a_hostile_stream_keeps_our_grammar_and_can_be_written(wire: list[dict[str, Any]]) -> None:
    data = b"".join(b"data: " + msgspec.json.encode(event) + b"\n\n" for event in wire)
    events = stream_events(CODEC, data)
    assert_our_grammar(events)
    encoder = CODEC.stream_encoder(CALL)
    again = b"".join(encoder.encode(event) for event in events)
    # Events of tools that this version does not read pass as they came, whatever they say.
    if isinstance(events[-1], ReplyEnded) and not any(isinstance(event, OpaqueEvent) for event in events):
        assert_grammar(again)


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=4))
def test_bytes_that_are_no_stream_give_a_failure_and_no_exception(data: bytes, cuts: list[int]) -> None:
    events = stream_events(CODEC, data, [cut for cut in cuts if cut <= len(data)])
    assert isinstance(events[-1], StreamFailed)
    assert events == stream_events(CODEC, data)


@given(st.binary(max_size=60))
def test_any_body_of_an_error_is_classed(body: bytes) -> None:
    failure = CODEC.decode_error(500, {}, body)
    assert failure.message
    CODEC.encode_error(failure)


# --- replies of other dialects ------------------------------------------------------------------------------

parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, text=words),
    st.builds(Refusal, text=words),
    st.builds(Reasoning, text=words, signature=st.none() | words, dialect=st.just("messages")),
    st.builds(ToolCall, id=names, name=names, arguments=words, kind=st.sampled_from(["function", "custom"])),
)
replies = st.builds(
    lambda content, finish, usage: Reply(
        dialect="messages", id="msg_1", model="claude", choices=(Choice(0, tuple(content), finish),), usage=usage
    ),
    st.lists(parts, max_size=6),
    st.sampled_from(["stop", "length", "tool_calls", "content_filter", "refusal", "pause", "unknown"]),
    st.none() | st.builds(Usage, input_tokens=st.integers(0, 9), output_tokens=st.integers(0, 9)),
)


def said(reply: Reply) -> list[tuple[str, ...]]:
    """What the parts of a reply say: hidden thoughts say nothing, an empty function call is an empty object."""
    out: list[tuple[str, ...]] = []
    for part in reply.choices[0].content:
        match part:
            case ToolCall():
                arguments = part.arguments or ("{}" if part.kind == "function" else "")
                out.append(("call", part.kind, part.id, part.name, arguments))
            case Reasoning() if part.text:
                out.append(("thought", part.text))
            case Text() | Refusal():
                out.append((type(part).__name__, part.text))
    return out


@given(replies, st.integers(0, 3))
def test_a_reply_streamed_to_a_caller_is_the_same_reply(reply: Reply, piece_chars: int) -> None:
    encoder = CODEC.stream_encoder(CALL)
    data = b"".join(encoder.encode(event) for event in unfold(reply, piece_chars=piece_chars))
    assert_grammar(data)
    collected = collect(stream_events(CODEC, data), "responses")
    plain = CODEC.decode_reply(msgspec.json.decode(msgspec.json.encode(CODEC.encode_reply(reply, CALL))))
    assert said(collected) == said(reply) == said(plain)
    assert collected.choices[0].finish_reason == plain.choices[0].finish_reason
    assert collected.id == plain.id
    if reply.usage is not None:
        assert collected.usage is not None
        assert collected.usage.input_tokens == reply.usage.input_tokens
        assert collected.usage.output_tokens == reply.usage.output_tokens


@given(replies, st.lists(st.integers(0, 6000), max_size=6))
def test_any_split_of_a_stream_gives_the_same_events(reply: Reply, cuts: list[int]) -> None:
    encoder = CODEC.stream_encoder(CALL)
    data = b"".join(encoder.encode(event) for event in unfold(reply, piece_chars=2))
    assert stream_events(CODEC, data, [cut for cut in cuts if cut <= len(data)]) == stream_events(CODEC, data)


@given(replies, st.data())
def test_a_stream_cut_anywhere_before_its_end_is_truncated(reply: Reply, data: st.DataObject) -> None:
    encoder = CODEC.stream_encoder(CALL)
    frames = [encoder.encode(event) for event in unfold(reply)]
    events = stream_events(CODEC, b"".join(frames[: data.draw(st.integers(0, len(frames) - 1))]))
    last = events[-1]
    assert isinstance(last, StreamFailed)
    assert last.failure.kind == "truncated"
    assert not any(isinstance(event, ReplyEnded) for event in events)


@given(st.lists(st.tuples(st.integers(0, 2), words), max_size=12))
def test_parts_that_overlap_are_kept_apart(pieces: list[tuple[int, str]]) -> None:
    """Parallel tool calls and text that arrive mixed, as Chat's chunks may."""
    kinds: list[Part] = [Text(""), ToolCall("a", "f", "", "custom"), Refusal("")]
    events: list[Event] = [ReplyStarted("r", "m"), *(PartStarted(0, i, part) for i, part in enumerate(kinds))]
    for index, text in pieces:
        events.append(ArgumentsDelta(0, index, text) if index == 1 else TextDelta(0, index, text))
    events += [*(PartEnded(0, i) for i in range(3)), ChoiceFinished(0, "stop"), ReplyEnded()]
    encoder = CODEC.stream_encoder(CALL)
    data = b"".join(encoder.encode(event) for event in events)
    assert_grammar(data)
    assert said(collect(stream_events(CODEC, data), "responses")) == said(collect(events, "chat"))
