"""Laws of Gemini's codec on generated requests, replies and streams."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from openclaw.calls import (
    ArgumentsDelta,
    Choice,
    ChoiceFinished,
    CitationDelta,
    Event,
    Image,
    Opaque,
    PartEnded,
    PartStarted,
    Reasoning,
    Reply,
    ReplyEnded,
    ReplyStarted,
    SignatureDelta,
    Source,
    StreamFailed,
    Text,
    TextDelta,
    ToolCall,
    Usage,
    UsageReported,
)
from openclaw.dialects.codec import InvalidRequest, MalformedReply
from openclaw.dialects.gemini import Gemini
from openclaw.streams import collect, unfold
from tests.golden.suite import stream_events

CODEC = Gemini()
DOOR = CODEC.decode_request({"contents": []}, model="m")

words = st.text(max_size=12)
names = st.sampled_from(["get_weather", "search", "f"])
scalars = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | words
)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=8
)
json_objects = st.dictionaries(words, json_values, max_size=4)

# --- requests -----------------------------------------------------------------------------------------------


def either(camel: str, snake: str) -> st.SearchStrategy[str]:
    return st.sampled_from([camel, snake])


@st.composite
def parts(draw: st.DrawFn) -> dict[str, Any]:
    mime, signature = draw(either("mimeType", "mime_type")), draw(either("thoughtSignature", "thought_signature"))
    media_type = draw(st.sampled_from(["image/png", "audio/wav", "video/mp4", "application/pdf", "text/plain"]))
    call = {"name": draw(names), **draw(st.fixed_dictionaries({}, optional={"args": json_objects, "id": words}))}
    extra = {"id": words, "response": json_objects | st.fixed_dictionaries({"output": words})}
    result = {"name": draw(names), **draw(st.fixed_dictionaries({}, optional=extra))}
    part: dict[str, Any] = draw(
        st.sampled_from(
            [
                {"text": draw(words)},
                {"text": draw(words), "thought": draw(st.booleans())},
                {draw(either("inlineData", "inline_data")): {mime: media_type, "data": "aGk="}},
                {draw(either("fileData", "file_data")): {mime: media_type, "fileUri": "gs://bucket/file"}},
                {"fileData": {"file_uri": "https://youtu.be/x"}},
                {draw(either("functionCall", "function_call")): call},
                {draw(either("functionResponse", "function_response")): result},
                {"executableCode": {"language": "PYTHON", "code": draw(words)}},
                {},
            ]
        )
    )
    return part | draw(st.sampled_from([{}, {signature: "c2ln"}, {"videoMetadata": {"fps": 1}}, {"unknown": None}]))


contents = st.fixed_dictionaries(
    {"parts": st.lists(parts(), max_size=3)}, optional={"role": st.sampled_from(["user", "model", "function"])}
)
schemas = st.sampled_from(
    [
        {"type": "OBJECT", "properties": {"a": {"type": "STRING", "nullable": True}}, "propertyOrdering": ["a"]},
        {"type": "object", "properties": {"a": {"type": "string"}}},
        {"type": "ARRAY", "minItems": "1", "items": {"anyOf": [{"type": "NUMBER"}, {"type": "STRING"}]}},
        {},
    ]
)
declarations = st.fixed_dictionaries(
    {"name": names},
    optional={
        "description": words | st.none(),
        "parameters": schemas,
        "parametersJsonSchema": schemas,
        "response": schemas,
        "behavior": st.just("BLOCKING"),
    },
)
tools = st.fixed_dictionaries(
    {},
    optional={
        "functionDeclarations": st.lists(declarations, max_size=2),
        "function_declarations": st.lists(declarations, max_size=2),
        "googleSearch": st.just({}),
        "codeExecution": st.just({}),
    },
)
modes = st.sampled_from(["AUTO", "ANY", "NONE", "VALIDATED", "any", "MODE_UNSPECIFIED", "LATER"])
tool_configs = st.fixed_dictionaries(
    {},
    optional={
        "functionCallingConfig": st.fixed_dictionaries(
            {}, optional={"mode": modes, "allowedFunctionNames": st.lists(names, max_size=3)}
        ),
        "retrievalConfig": json_objects,
    },
)
thinking = st.fixed_dictionaries(
    {},
    optional={
        "includeThoughts": st.booleans(),
        "thinking_budget": st.sampled_from([-1, 0, 1024]),
        "thinkingLevel": st.sampled_from(["LOW", "high", "THINKING_LEVEL_UNSPECIFIED"]),
    },
)
numbers = st.integers(0, 100)
generation_configs = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.floats(0, 2) | st.none(),
        "topP": st.floats(0, 1),
        "topK": numbers,
        "max_output_tokens": numbers,
        "stopSequences": st.lists(words, max_size=2),
        "candidateCount": numbers,
        "seed": numbers,
        "responseLogprobs": st.booleans(),
        "logprobs": numbers,
        "responseMimeType": st.sampled_from(["application/json", "text/plain", "text/x.enum"]) | st.none(),
        "responseSchema": schemas,
        "response_json_schema": schemas,
        "responseModalities": st.lists(st.sampled_from(["TEXT", "IMAGE", "text"]), max_size=2),
        "thinkingConfig": thinking | st.none(),
        "speechConfig": json_objects,
    },
)
requests = st.fixed_dictionaries(
    {"contents": st.lists(contents, max_size=4)},
    optional={
        "systemInstruction": contents,
        "tools": st.lists(tools, max_size=3) | tools,
        "toolConfig": tool_configs,
        "tool_config": tool_configs,
        "generationConfig": generation_configs | st.none(),
        "safetySettings": st.lists(json_objects, max_size=2),
        "cachedContent": words,
        "labels": json_objects,
        "store": st.booleans(),
        "serviceTier": st.just("flex"),
        "unknown": json_values,
    },
)


@given(requests)
def test_a_valid_request_comes_back_as_the_same_document(body: dict[str, Any]) -> None:
    call = CODEC.decode_request(body, model="m")
    encoded = CODEC.encode_request(call)
    assert encoded.body == body
    assert encoded.degraded == ()
    assert CODEC.decode_request(encoded.body, model="m") == call


KEYS = """contents parts role text functionCall function_response name args response inlineData mimeType data tools
functionDeclarations parameters toolConfig functionCallingConfig mode allowedFunctionNames generationConfig thought
thinkingConfig thinkingLevel responseSchema stopSequences responseModalities systemInstruction model thoughtSignature
id fileData fileUri"""
keys = st.sampled_from(KEYS.split())
hostile = st.recursive(
    scalars | st.sampled_from(["user", "model", "application/json", "ANY"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=25,
)


@given(st.dictionaries(keys, hostile, max_size=6))
def test_a_hostile_request_is_refused_and_nothing_else(body: dict[str, Any]) -> None:
    try:
        call = CODEC.decode_request(body)
    except InvalidRequest:
        return
    assert CODEC.encode_request(call).body == body


def deep(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"properties": {"a": value}}
    return value


@pytest.mark.parametrize("place", ["parameters", "args", "response"])
def test_a_request_nested_beyond_the_interpreter_is_refused(place: str) -> None:
    part: dict[str, Any] = {"functionCall": {"name": "f", "args": deep(5000)}}
    if place == "response":
        part = {"functionResponse": {"name": "f", "response": deep(5000)}}
    body: dict[str, Any] = {"contents": [{"parts": [part]}]}
    if place == "parameters":
        body = {"contents": [], "tools": [{"functionDeclarations": [{"name": "f", "parameters": deep(5000)}]}]}
    with pytest.raises(InvalidRequest):
        CODEC.decode_request(body)


# --- replies and streams ------------------------------------------------------------------------------------

texts = st.text(min_size=1, max_size=20)
signatures = st.none() | st.text("abc", min_size=1, max_size=5)


@st.composite
def calls(draw: st.DrawFn) -> ToolCall:
    arguments = msgspec.json.encode(draw(json_objects)).decode()
    name = draw(st.text(min_size=1, max_size=5))
    return ToolCall(id=draw(st.text("abc", min_size=1)), name=name, arguments=arguments, signature=draw(signatures))


reply_parts = st.one_of(
    st.builds(lambda t, s: Text(t, signature=s), texts, signatures),
    st.builds(lambda t, s: Reasoning(t, signature=s, dialect="gemini"), texts, signatures),
    calls(),
    st.just(Image(Source(data="aGk=", media_type="image/png"))),
    st.just(Opaque("gemini", {"executableCode": {"code": "1"}}, "executableCode")),
)


def is_separate(content: list[Any]) -> bool:
    """Google's chunks do not say where one text ends and the next begins, unless a signature seals it."""
    return all(
        not (type(a) is type(b) and isinstance(a, Text | Reasoning) and a.signature is None)
        for a, b in pairwise(content)
    )


choices = st.lists(reply_parts, max_size=4).filter(is_separate)
usages = st.builds(
    lambda i, o, r: Usage(input_tokens=i, output_tokens=o + r, reasoning_output_tokens=r or None),
    st.integers(0, 1000),
    st.integers(0, 1000),
    st.integers(0, 1000),
)


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    contents = draw(st.lists(choices, min_size=1, max_size=2))
    made = []
    for index, content in enumerate(contents):
        has_calls = any(isinstance(part, ToolCall) for part in content)
        reason: Any = "tool_calls" if has_calls else draw(st.sampled_from(["stop", "length", "content_filter"]))
        made.append(Choice(index, tuple(content), reason))
    return Reply(dialect="chat", id="r1", model="m", choices=tuple(made), usage=draw(usages), created=1700000000)


def encoded_stream(reply: Reply, piece_chars: int = 0) -> bytes:
    encoder = CODEC.stream_encoder(DOOR)
    return b"".join(map(encoder.encode, unfold(reply, piece_chars=piece_chars)))


def essence(reply: Reply) -> Any:
    """What both must say: finish words and native objects are the dialect's own."""
    usage = reply.usage or Usage()
    counts = (usage.input_tokens, usage.output_tokens, usage.reasoning_output_tokens)
    content = [
        [
            msgspec.structs.replace(p, arguments=msgspec.json.decode(p.arguments)) if isinstance(p, ToolCall) else p
            for p in choice.content
        ]
        for choice in reply.choices
    ]
    return reply.id, reply.model, content, [choice.finish_reason for choice in reply.choices], counts, reply.created


@given(replies(), st.integers(0, 4))
def test_a_reply_streamed_and_read_again_is_the_same_reply(reply: Reply, piece_chars: int) -> None:
    events = stream_events(CODEC, encoded_stream(reply, piece_chars))
    assert essence(collect(events, "gemini")) == essence(reply)


def plain(reply: Reply) -> Reply:
    """Without what only Gemini's own replies carry: signatures are written for them alone."""

    def unsigned(part: Any) -> Any:
        return msgspec.structs.replace(part, signature=None) if isinstance(part, Text | ToolCall) else part

    choices = tuple(
        msgspec.structs.replace(choice, content=tuple(map(unsigned, choice.content))) for choice in reply.choices
    )
    return msgspec.structs.replace(reply, choices=choices)


@given(replies())
def test_a_reply_written_and_read_again_is_the_same_reply(reply: Reply) -> None:
    reply = plain(reply)
    assert essence(CODEC.decode_reply(CODEC.encode_reply(reply, DOOR))) == essence(reply)


@given(replies(), st.integers(0, 4), st.data())
def test_any_split_of_a_stream_gives_the_same_events(reply: Reply, piece_chars: int, data: st.DataObject) -> None:
    stream = encoded_stream(reply, piece_chars)
    if data.draw(st.booleans(), label="as an array"):
        documents = [line.removeprefix(b"data: ") for line in stream.split(b"\n\n") if line]
        stream = b"[" + b"\n,\r\n".join(documents) + b"\n]\n"
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    whole = stream_events(CODEC, stream)
    assert stream_events(CODEC, stream, cuts) == whole
    assert stream_events(CODEC, stream, range(len(stream))) == whole
    assert_grammar(whole)
    assert isinstance(whole[-1], ReplyEnded)


def assert_grammar(events: list[Event]) -> None:
    """The grammar written down in openclaw.calls."""
    open_parts: set[tuple[int, int]] = set()
    finished: set[int] = set()
    for position, event in enumerate(events):
        assert isinstance(event, ReplyStarted) == (position == 0)
        if isinstance(event, ReplyEnded | StreamFailed):
            assert position == len(events) - 1
            if isinstance(event, ReplyEnded):
                assert not open_parts
        elif isinstance(event, PartStarted):
            assert event.choice not in finished
            open_parts.add((event.choice, event.index))
        elif isinstance(event, PartEnded):
            open_parts.remove((event.choice, event.index))
        elif isinstance(event, ChoiceFinished):
            assert event.choice not in finished
            finished.add(event.choice)
        elif isinstance(event, TextDelta | ArgumentsDelta | SignatureDelta | CitationDelta):
            assert (event.choice, event.index) in open_parts


@given(replies(), st.data())
def test_a_cut_stream_never_looks_complete(reply: Reply, data: st.DataObject) -> None:
    stream = encoded_stream(reply, 3)
    last = stream.rindex(b"data: ")
    events = stream_events(CODEC, stream[: data.draw(st.integers(0, last))])
    assert isinstance(events[-1], StreamFailed)
    assert events[-1].failure.kind in ("truncated", "malformed")


chunk_like = st.fixed_dictionaries(
    {},
    optional={
        "candidates": hostile
        | st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "content": hostile | st.fixed_dictionaries({"parts": hostile | st.lists(parts() | hostile)}),
                    "index": scalars,
                    "finishReason": scalars | st.just("STOP"),
                    "logprobsResult": hostile,
                    "groundingMetadata": hostile,
                },
            )
        ),
        "usageMetadata": hostile,
        "error": hostile,
        "promptFeedback": hostile,
        "responseId": scalars,
    },
)


@given(st.lists(st.binary(max_size=30) | chunk_like.map(lambda c: b"data: " + msgspec.json.encode(c) + b"\n\n")))
@example([b"[{]"])
@example([b"data: \xff\n\n"])
@example([b"data: " + b"[" * 3000 + b"\n\n"])
def test_no_bytes_make_the_stream_decoder_raise(chunks: list[bytes]) -> None:
    decoder = CODEC.stream_decoder()
    events = [event for chunk in chunks for event in decoder.feed(chunk)] + decoder.end()
    assert isinstance(events[-1], StreamFailed | ReplyEnded)
    assert_after_start(events)
    assert decoder.feed(b"data: {}\n\n") == []
    assert decoder.end() == []


def assert_after_start(events: list[Event]) -> None:
    kinds = [type(event) for event in events if not isinstance(event, StreamFailed)]
    if kinds:
        assert_grammar([event for event in events if not isinstance(event, StreamFailed)])


@given(st.dictionaries(st.sampled_from(["candidates", "usageMetadata", "promptFeedback", "responseId"]), hostile))
def test_a_reply_that_is_none_raises_malformed_and_nothing_else(body: dict[str, Any]) -> None:
    try:
        reply = CODEC.decode_reply(body)
    except MalformedReply:
        return
    assert CODEC.encode_reply(reply, DOOR) == body


@given(st.integers(100, 599), st.binary() | hostile.map(lambda v: msgspec.json.encode({"error": v})))
def test_no_error_body_makes_the_decoder_raise(status: int, body: bytes) -> None:
    failure = CODEC.decode_error(status, {}, body)
    assert failure.status == status
    assert failure.message


def test_the_usage_of_a_stream_is_reported() -> None:
    reply = Reply(dialect="chat", id="r", model="m", choices=(Choice(0, (Text("hi"),), "stop"),), usage=Usage(3, 4))
    events = stream_events(CODEC, encoded_stream(reply))
    reported = [event.usage for event in events if isinstance(event, UsageReported)]
    assert (reported[-1].input_tokens, reported[-1].output_tokens) == (3, 4)
