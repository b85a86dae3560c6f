"""Laws of Ollama's codec on generated requests, replies and streams."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from openclaw.calls import (
    Choice,
    ChoiceFinished,
    Event,
    PartEnded,
    PartStarted,
    Reasoning,
    Reply,
    ReplyEnded,
    ReplyStarted,
    StreamFailed,
    Text,
    ToolCall,
    Usage,
)
from openclaw.dialects.codec import InvalidRequest, MalformedReply
from openclaw.dialects.ollama import Ollama
from openclaw.streams import collect, unfold
from tests.golden.suite import stream_events

CODEC = Ollama()
DOOR = CODEC.decode_request({"model": "m", "messages": []})

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

tool_calls = st.fixed_dictionaries(
    {"function": st.fixed_dictionaries({"name": names}, optional={"arguments": json_objects, "index": st.just(0)})},
    optional={"id": words, "type": st.just("function")},
)
images = st.lists(st.sampled_from(["/9j/AA==", "aGk="]), max_size=2)
said = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant"])},
    optional={
        "content": words | st.none(),
        "thinking": words,
        "images": images | st.none(),
        "tool_calls": st.lists(tool_calls, max_size=2),
        "unknown": json_values,
    },
)
answered = st.fixed_dictionaries(
    {"role": st.just("tool")},
    optional={"content": words, "tool_name": names, "tool_call_id": st.text("abc", min_size=1), "images": images},
)
tools = st.fixed_dictionaries(
    {
        "function": st.fixed_dictionaries(
            {"name": names}, optional={"description": words | st.none(), "parameters": json_objects, "more": scalars}
        )
    },
    optional={"type": st.just("function"), "items": json_values},
) | st.fixed_dictionaries({"type": st.just("later")})
options = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.floats(0, 2) | st.none(),
        "top_k": st.integers(0, 100),
        "seed": st.integers(0, 100),
        "num_predict": st.integers(-2, 100),
        "num_ctx": st.integers(0, 9999),
        "stop": st.lists(words, max_size=2) | words,
    },
)
requests = st.fixed_dictionaries(
    {"model": words, "messages": st.lists(said | answered, max_size=4)},
    optional={
        "tools": st.lists(tools, max_size=2),
        "options": options | st.none(),
        "stream": st.booleans() | st.none(),
        "format": st.sampled_from(["", "json"]) | json_objects,
        "think": st.booleans() | st.sampled_from(["low", "high"]) | st.none(),
        "keep_alive": scalars,
        "logprobs": st.booleans(),
        "top_logprobs": st.integers(0, 5),
        "unknown": json_values,
    },
)


@given(requests)
def test_a_valid_request_comes_back_as_the_same_document(body: dict[str, Any]) -> None:
    call = CODEC.decode_request(body)
    encoded = CODEC.encode_request(call)
    assert encoded.body == body
    assert encoded.degraded == ()
    assert CODEC.decode_request(encoded.body) == call


KEYS = """model messages role content images tool_calls function name arguments id thinking tool_name tools type
parameters options stop num_predict format think stream index description"""
keys = st.sampled_from(KEYS.split())
hostile = st.recursive(
    scalars | st.sampled_from(["user", "assistant", "tool", "function"]),
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


def test_arguments_nested_beyond_the_interpreter_are_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"a": deep}
    call = {"function": {"name": "f", "arguments": deep}}
    with pytest.raises(InvalidRequest):
        CODEC.decode_request({"model": "m", "messages": [{"role": "assistant", "tool_calls": [call]}]})


# --- replies and streams ------------------------------------------------------------------------------------

texts = st.text(min_size=1, max_size=20)


@st.composite
def calls(draw: st.DrawFn) -> ToolCall:
    arguments = msgspec.json.encode(draw(json_objects)).decode()
    return ToolCall(id=draw(st.text("abc", min_size=1)), name=draw(names), arguments=arguments)


reply_parts = st.one_of(st.builds(Text, texts), st.builds(lambda t: Reasoning(t, dialect="ollama"), texts), calls())


def alternates(content: list[Any]) -> bool:
    """Ollama's lines do not say where one text ends and the next begins."""
    return all(type(a) is not type(b) or isinstance(a, ToolCall) for a, b in pairwise(content))


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    content = tuple(draw(st.lists(reply_parts, max_size=5).filter(alternates)))
    has_calls = any(isinstance(part, ToolCall) for part in content)
    reason: Any = "tool_calls" if has_calls else draw(st.sampled_from(["stop", "length"]))
    usage = draw(st.builds(Usage, input_tokens=st.integers(0, 99), output_tokens=st.integers(0, 99)) | st.none())
    return Reply(
        dialect="chat", id="r", model="m", choices=(Choice(0, content, reason),), usage=usage, created=1700000000
    )


def encoded_stream(reply: Reply, piece_chars: int = 0) -> bytes:
    encoder = CODEC.stream_encoder(DOOR)
    return b"".join(map(encoder.encode, unfold(reply, piece_chars=piece_chars)))


def essence(reply: Reply) -> Any:
    """What both must say: the id is made anew, finish words are the dialect's own."""
    usage = reply.usage and (reply.usage.input_tokens, reply.usage.output_tokens)
    (choice,) = reply.choices
    content = [
        msgspec.structs.replace(p, arguments=msgspec.json.decode(p.arguments)) if isinstance(p, ToolCall) else p
        for p in choice.content
    ]
    return reply.model, content, choice.finish_reason, usage, reply.created


@given(replies(), st.integers(0, 4))
def test_a_reply_streamed_and_read_again_is_the_same_reply(reply: Reply, piece_chars: int) -> None:
    events = stream_events(CODEC, encoded_stream(reply, piece_chars))
    assert essence(collect(events, "ollama")) == essence(reply)


@given(replies())
def test_a_plain_reply_keeps_its_text_and_calls(reply: Reply) -> None:
    again = CODEC.decode_reply(CODEC.encode_reply(reply, DOOR))

    def told(content: tuple[Any, ...]) -> Any:
        text = "".join(part.text for part in content if isinstance(part, Text))
        thoughts = "".join(part.text for part in content if isinstance(part, Reasoning))
        calls = [(c.id, c.name, msgspec.json.decode(c.arguments)) for c in content if isinstance(c, ToolCall)]
        return text, thoughts, calls

    assert told(again.choices[0].content) == told(reply.choices[0].content)
    assert again.choices[0].finish_reason == reply.choices[0].finish_reason


@given(replies(), st.integers(0, 4), st.data())
def test_any_split_of_a_stream_gives_the_same_events(reply: Reply, piece_chars: int, data: st.DataObject) -> None:
    stream = encoded_stream(reply, piece_chars)
    if data.draw(st.booleans(), label="without the last newline"):
        stream = stream[:-1]
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    whole = stream_events(CODEC, stream)
    assert stream_events(CODEC, stream, cuts) == whole
    assert stream_events(CODEC, stream, range(len(stream))) == whole
    assert_grammar(whole)
    assert isinstance(whole[-1], ReplyEnded)


def assert_grammar(events: list[Event]) -> None:
    """The grammar written down in openclaw.calls."""
    open_part: int | None = None
    finished = False
    for position, event in enumerate(events):
        assert isinstance(event, ReplyStarted) == (position == 0)
        if isinstance(event, ReplyEnded):
            assert position == len(events) - 1
            assert open_part is None
            assert finished
        elif isinstance(event, PartStarted):
            assert open_part is None
            assert not finished
            open_part = event.index
        elif isinstance(event, PartEnded):
            assert open_part == event.index
            open_part = None
        elif isinstance(event, ChoiceFinished):
            finished = True
        elif hasattr(event, "index"):
            assert event.index == open_part


@given(replies(), st.data())
def test_a_cut_stream_never_looks_complete(reply: Reply, data: st.DataObject) -> None:
    stream = encoded_stream(reply, 3)
    # The last byte is a newline, which may be missing.
    events = stream_events(CODEC, stream[: data.draw(st.integers(0, len(stream) - 2))])
    assert isinstance(events[-1], StreamFailed)
    assert events[-1].failure.kind == "truncated"


line_like = st.fixed_dictionaries(
    {},
    optional={
        "model": scalars,
        "created_at": scalars,
        "message": hostile
        | st.fixed_dictionaries({}, optional={"content": scalars, "tool_calls": st.lists(tool_calls)}),
        "done": scalars,
        "done_reason": scalars,
        "error": hostile,
        "logprobs": hostile,
        "eval_count": scalars,
    },
)


@given(st.lists(st.binary(max_size=30) | line_like.map(lambda c: msgspec.json.encode(c) + b"\n")))
@example([b"[" * 3000 + b"\n"])
@example([b"\xff\n"])
def test_no_bytes_make_the_stream_decoder_raise(chunks: list[bytes]) -> None:
    decoder = CODEC.stream_decoder()
    events = [event for chunk in chunks for event in decoder.feed(chunk)] + decoder.end()
    assert isinstance(events[-1], StreamFailed | ReplyEnded)
    assert_grammar([event for event in events if not isinstance(event, StreamFailed)])
    assert decoder.feed(b"{}\n") == []
    assert decoder.end() == []


@given(st.dictionaries(st.sampled_from(["message", "model", "created_at", "done", "done_reason", "logprobs"]), hostile))
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
