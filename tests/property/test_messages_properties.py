"""Laws of the Anthropic Messages codec on generated input: round trips, cuts, hostile bytes, and both grammars."""

import random
from collections.abc import Iterable
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from openclaw.calls import (
    ArgumentsDelta,
    Call,
    Choice,
    ChoiceFinished,
    Citation,
    CitationDelta,
    DialectName,
    Event,
    LogprobsDelta,
    Opaque,
    OpaqueEvent,
    Part,
    PartEnded,
    PartStarted,
    Reasoning,
    Refusal,
    Reply,
    ReplyEnded,
    ReplyStarted,
    SignatureDelta,
    StreamFailed,
    Text,
    TextDelta,
    ToolCall,
    Usage,
    UsageReported,
)
from openclaw.dialects.codec import Codec, InvalidRequest
from openclaw.dialects.messages import Messages
from openclaw.dialects.turns import clean_call_id
from openclaw.streams import collect, unfold

CODEC = Messages()
CALL = Call(dialect="messages", model="m", messages=())

# --- generated JSON ------------------------------------------------------------------------------------------

words = st.text(max_size=12)
numbers = st.integers(-5, 2**40) | st.floats(allow_nan=False, allow_infinity=False, width=32)
values = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(words, values, max_size=3)


def shaped(required: dict[str, Any], optional: dict[str, Any] | None = None) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional or {})


cache_control = shaped({"type": st.just("ephemeral")}, {"ttl": st.sampled_from(["5m", "1h"])})
common = {"cache_control": cache_control | st.none(), "unknown_field": values}
text_block = shaped({"type": st.just("text"), "text": words}, common)
source = st.one_of(
    shaped({"type": st.just("base64"), "media_type": st.just("image/png"), "data": st.just("aGk=")}),
    shaped({"type": st.just("url"), "url": st.just("https://example.com/x.png")}),
    shaped({"type": st.just("file"), "file_id": words}),
)
document_source = source | shaped({"type": st.just("text"), "media_type": st.just("text/plain"), "data": words})
image_block = shaped({"type": st.just("image"), "source": source}, common)
document_block = shaped(
    {"type": st.just("document"), "source": document_source},
    {**common, "title": words | st.none(), "context": words, "citations": shaped({"enabled": st.booleans()})},
)
search_block = shaped(
    {"type": st.just("search_result"), "source": words, "title": words, "content": st.lists(text_block, max_size=2)},
    common,
)
result_content = words | st.lists(text_block | image_block | document_block | search_block, max_size=2)
result_block = shaped(
    {"type": st.just("tool_result"), "tool_use_id": words},
    {**common, "content": result_content | st.none(), "is_error": st.booleans() | st.none()},
)
call_block = shaped({"type": st.just("tool_use"), "id": words, "name": words, "input": objects}, common)
# What Anthropic would accept: a signature that is not empty.
thinking_block = shaped({"type": st.just("thinking"), "thinking": words, "signature": st.text(min_size=1, max_size=5)})
hidden_block = shaped({"type": st.just("redacted_thinking"), "data": words})
server_block = shaped({"type": st.just("server_tool_use"), "id": words, "name": words, "input": objects}, common)
blocks = st.one_of(
    text_block, image_block, document_block, search_block, result_block, call_block, thinking_block, hidden_block,
    server_block,
)  # fmt: skip
messages = shaped({"role": st.sampled_from(["user", "assistant"]), "content": words | st.lists(blocks, max_size=4)})
tools = st.one_of(
    shaped(
        {"name": words, "input_schema": objects},
        {"description": words, "strict": st.booleans(), "type": st.just("custom"), **common},
    ),
    shaped({"type": st.just("web_search_20250305"), "name": st.just("web_search")}, common),
)
parallel = {"disable_parallel_tool_use": st.booleans() | st.none()}
tool_choice = st.one_of(
    shaped({"type": st.sampled_from(["auto", "any"])}, parallel),
    shaped({"type": st.just("tool"), "name": words}, parallel),
    shaped({"type": st.just("none")}),
    shaped({"type": st.just("something_new")}, {"x": values}),
)
thinking = st.one_of(
    shaped({"type": st.just("enabled"), "budget_tokens": st.integers(1024, 9000)}, {"display": st.just("omitted")}),
    shaped({"type": st.just("adaptive")}, {"display": st.sampled_from(["summarized", "omitted", "new"])}),
    shaped({"type": st.just("disabled")}),
)
schema_format = shaped({"type": st.just("json_schema"), "schema": objects})
output_config = shaped({}, {"effort": words | st.none(), "format": schema_format | st.none(), "task_budget": objects})
requests = shaped(
    {"model": words, "max_tokens": st.integers(1, 10**6), "messages": st.lists(messages, max_size=4)},
    {
        "system": words | st.lists(text_block, max_size=2) | st.none(),
        "tools": st.lists(tools, max_size=3) | st.none(),
        "tool_choice": tool_choice | st.none(),
        "thinking": thinking | st.none(),
        "output_config": output_config | st.none(),
        "output_format": schema_format,
        "stop_sequences": st.lists(words, max_size=2) | st.none(),
        "metadata": shaped({}, {"user_id": words | st.none(), "x": values}) | st.none(),
        "temperature": st.floats(0, 1) | st.none(),
        "top_k": st.integers(0, 100),
        "service_tier": words,
        "stream": st.booleans() | st.none(),
        "cache_control": cache_control,
        "container": values,
        "mcp_servers": values,
    },
)


@given(requests)
@settings(max_examples=300, deadline=None)
def test_a_request_comes_back_as_the_same_document(body: dict[str, Any]) -> None:
    encoded = CODEC.encode_request(CODEC.decode_request(body))
    assert encoded.degraded == ()
    assert encoded.body == body
    assert CODEC.decode_request(encoded.body) == CODEC.decode_request(body)


def damage(body: Any, rng: random.Random, hostile: Any) -> Any:
    """The document with one value somewhere replaced by another."""
    if isinstance(body, dict) and body and rng.random() < 0.85:
        key = rng.choice(sorted(body))
        return {**body, key: damage(body[key], rng, hostile)}
    if isinstance(body, list) and body and rng.random() < 0.85:
        i = rng.randrange(len(body))
        return [*body[:i], damage(body[i], rng, hostile), *body[i + 1 :]]
    return hostile


def deep(levels: int) -> Any:
    """Nested like blocks in blocks. A tree, as a parser gives: no value is shared, or its text would be endless."""
    value: Any = "x"
    for level in range(levels):
        if level % 2:
            value = [value]
        else:
            key = "input" if level % 4 else "content"
            value = {
                "type": "tool_use" if level % 4 else "tool_result",
                "tool_use_id": "t",
                "id": "i",
                "name": "n",
                key: value,
            }
    return value


hostile_values = values | st.sampled_from(
    [10**30, 1e300, deep(300), deep(20), [[]], [{}], {"type": None}, {"type": []}]
)


@given(requests, hostile_values, st.integers(0, 2**32))
@settings(max_examples=400, deadline=None)
def test_hostile_requests_raise_nothing_but_invalid_request(body: dict[str, Any], hostile: Any, seed: int) -> None:
    damaged = damage(body, random.Random(seed), hostile)
    try:
        call = CODEC.decode_request(damaged)
    except InvalidRequest:
        return
    CODEC.encode_request(call)


# --- the grammar of events -----------------------------------------------------------------------------------


def assert_event_grammar(events: Iterable[Event]) -> None:
    """The grammar in `openclaw.calls`, for one choice or several."""
    started = ended = False
    open_parts: dict[tuple[int, int], Part] = {}
    seen: dict[int, int] = {}
    finished: set[int] = set()
    for event in events:
        assert not ended, f"{event} after the end"
        match event:
            case OpaqueEvent() | UsageReported():
                pass
            case StreamFailed():
                ended = True
            case ReplyStarted():
                assert not started
                started = True
            case ReplyEnded():
                assert started
                assert finished
                assert not open_parts
                ended = True
            case PartStarted():
                assert started
                assert event.choice not in finished
                assert event.index == seen.get(event.choice, 0)
                seen[event.choice] = event.index + 1
                open_parts[event.choice, event.index] = event.part
            case PartEnded():
                del open_parts[event.choice, event.index]
            case TextDelta():
                assert isinstance(open_parts[event.choice, event.index], Text | Reasoning | Refusal)
            case ArgumentsDelta():
                assert isinstance(open_parts[event.choice, event.index], ToolCall)
            case SignatureDelta():
                assert isinstance(open_parts[event.choice, event.index], Text | Reasoning | ToolCall)
            case CitationDelta():
                assert isinstance(open_parts[event.choice, event.index], Text)
            case LogprobsDelta():
                assert started
            case ChoiceFinished():
                assert started
                assert event.choice not in finished
                assert not [key for key in open_parts if key[0] == event.choice]
                finished.add(event.choice)


def decoded(codec: Codec, data: bytes, cuts: Iterable[int] = ()) -> list[Event]:
    decoder = codec.stream_decoder()
    events: list[Event] = []
    start = 0
    for cut in sorted(set(cuts)):
        events += decoder.feed(data[start:cut])
        start = cut
    events += decoder.feed(data[start:])
    events += decoder.end()
    assert decoder.feed(data) == []
    assert decoder.end() == []
    return events


# --- generated answers ---------------------------------------------------------------------------------------

signatures = st.none() | st.text(min_size=1, max_size=6)


def parts_of(dialect: DialectName, opaque: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Part]:
    citation = st.builds(
        Citation,
        dialect=st.just("chat"),
        native=st.just({}),
        url=st.none() | st.just("https://example.com"),
        title=st.none() | words,
        cited_text=st.none() | words,
    )
    natives = st.dictionaries(words, words, min_size=1, max_size=2)
    return st.one_of(
        st.builds(Text, text=words, citations=st.lists(citation, max_size=2).map(tuple), signature=signatures),
        st.builds(
            Reasoning, text=words, signature=signatures, dialect=st.sampled_from([dialect, "gemini", ""]),
        ),
        st.builds(Reasoning, encrypted=st.text(min_size=1, max_size=6), dialect=st.sampled_from([dialect, "gemini"])),
        st.builds(
            ToolCall,
            id=words,
            name=words,
            arguments=objects.map(lambda o: msgspec.json.encode(o).decode()) | st.just(""),
            signature=signatures,
        ),
        st.builds(ToolCall, id=words, name=words, arguments=words, kind=st.just("custom")),
        st.builds(Refusal, text=words),
        st.builds(Opaque, dialect=st.just("gemini"), native=natives, kind=st.just("other")),
        st.builds(Opaque, dialect=st.just(dialect), native=opaque, kind=st.just("server_tool_use")),
    )  # fmt: skip


def replies_of(dialect: DialectName, opaque: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Reply]:
    counts = st.none() | st.integers(0, 10**6)
    return st.builds(
        Reply,
        dialect=st.sampled_from([dialect, "chat"]),
        id=words,
        model=words,
        choices=st.lists(
            st.builds(
                Choice,
                index=st.just(0),
                content=st.lists(parts_of(dialect, opaque), max_size=5).map(tuple),
                finish_reason=st.sampled_from(["stop", "length", "tool_calls", "refusal", "unknown", "error"]),
            ),
            min_size=1,
            max_size=1,
        ).map(tuple),
        usage=st.none() | st.builds(Usage, input_tokens=counts, output_tokens=counts, cache_read_input_tokens=counts),
    )


def interleaved(events: Iterable[Event], rng: random.Random) -> list[Event]:
    """The same answer with its parts overlapping: each part's own events stay in order."""
    head: list[Event] = []
    tail: list[Event] = []
    parts: dict[int, list[Event]] = {}
    for event in events:
        index = getattr(event, "index", None)
        if index is not None:
            parts.setdefault(index, []).append(event)
        else:
            (tail if parts or isinstance(event, ChoiceFinished) else head).append(event)
    order = [index for index, own in parts.items() for _ in own]
    rng.shuffle(order)
    body: list[Event] = []
    for index in order:
        for earlier in range(index + 1):  # parts start in the order of their numbers, as the grammar has it
            own = parts[earlier]
            if own and (earlier == index or isinstance(own[0], PartStarted)):
                body.append(own.pop(0))
    return head + body + [event for own in parts.values() for event in own] + tail


def said(reply: Reply, dialect: str) -> list[tuple[str, Any]]:
    """What a caller of the dialect must see of a reply: parts in order, without what belongs to other providers."""
    seen: list[tuple[str, Any]] = []
    for part in reply.choices[0].content:
        match part:
            case Text() | Refusal():
                if part.text or reply.dialect == dialect:  # an empty text of another dialect is not passed on
                    seen.append(("text", part.text))
            case Reasoning() if part.dialect == dialect or part.text:
                seen.append(("reasoning", (part.text, part.encrypted if part.dialect == dialect else None)))
            case ToolCall():
                text = part.arguments
                value: Any = {"input": text} if part.kind == "custom" else msgspec.json.decode(text or "{}")
                seen.append(("call", (part.id, part.name, value)))
            case Opaque() if part.dialect == dialect:
                seen.append(("opaque", part.native))
            case _:
                pass
    return seen


# --- Anthropic's own grammar ---------------------------------------------------------------------------------

_DELTAS_OF_BLOCK = {
    "text": {"text_delta", "citations_delta"},
    "thinking": {"thinking_delta", "signature_delta"},
    "tool_use": {"input_json_delta"},
    "server_tool_use": {"input_json_delta"},
}


def frames(data: bytes) -> list[dict[str, Any]]:
    events = []
    for frame in data.decode().split("\n\n")[:-1]:
        name, body = frame.split("\n")
        event = msgspec.json.decode(body.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        events.append(event)
    return events


def assert_block_grammar(events: list[dict[str, Any]]) -> None:
    """message_start, then blocks numbered from 0 that never overlap, one message_delta, message_stop."""
    assert events[0]["type"] == "message_start"
    assert [e["type"] for e in events[-2:]] == ["message_delta", "message_stop"]
    assert isinstance(events[0]["message"]["usage"]["input_tokens"], int)
    assert isinstance(events[-2]["usage"]["output_tokens"], int)
    number, kind = -1, None
    for event in events[1:-2]:
        if event["type"] == "content_block_start":
            assert kind is None, "a block starts inside another"
            number, kind = number + 1, event["content_block"]["type"]
        elif event["type"] == "content_block_delta":
            assert kind is not None
            assert event["delta"]["type"] in _DELTAS_OF_BLOCK[kind]
        elif event["type"] == "content_block_stop":
            assert kind is not None
            kind = None
        else:
            assert event["type"] == "ping"
            continue
        assert event["index"] == number
    assert kind is None, "a block is left open"


server_call = shaped(
    {"type": st.just("server_tool_use"), "id": words, "name": words, "input": objects}, {"caller": objects}
)
replies = replies_of("messages", server_call)


@given(replies, st.integers(0, 4), st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_a_written_stream_keeps_anthropics_grammar_and_says_the_same(reply: Reply, piece: int, seed: int) -> None:
    rng = random.Random(seed)
    events = interleaved(unfold(reply, piece_chars=piece), rng)
    encoder = CODEC.stream_encoder(CALL)
    data = b"".join(encoder.encode(event) for event in events)
    assert_block_grammar(frames(data))
    read = decoded(CODEC, data)
    assert_event_grammar(read)
    assert decoded(CODEC, data, [rng.randrange(len(data)) for _ in range(12)]) == read
    again = collect(read, "messages")
    # Parts are numbered by their start, so overlapping them keeps their order.
    assert said(again, "messages") == said(with_ids_for_anthropic(reply), "messages")


def with_ids_for_anthropic(reply: Reply) -> Reply:
    """Calls come back to Anthropic, which takes few characters in an id, and one at least."""
    return replace(
        reply,
        choices=tuple(
            replace(
                choice,
                content=tuple(
                    replace(part, id=clean_call_id(part.id)) if isinstance(part, ToolCall) else part
                    for part in choice.content
                ),
            )
            for choice in reply.choices
        ),
    )


@given(replies)
@settings(max_examples=200, deadline=None)
def test_a_written_reply_says_the_same_as_a_written_stream(reply: Reply) -> None:
    plain = CODEC.decode_reply(CODEC.encode_reply(reply, CALL))
    encoder = CODEC.stream_encoder(CALL)
    data = b"".join(encoder.encode(event) for event in unfold(reply))
    streamed = collect(decoded(CODEC, data), "messages")
    assert said(plain, "messages") == said(streamed, "messages")
    assert plain.choices[0].finish_reason == streamed.choices[0].finish_reason
    assert plain.usage is not None
    assert streamed.usage is not None
    assert (plain.usage.input_tokens, plain.usage.output_tokens) == (
        streamed.usage.input_tokens,
        streamed.usage.output_tokens,
    )


@given(replies, st.integers(0, 10**6))
@settings(max_examples=150, deadline=None)
def test_a_cut_stream_ends_truncated_and_keeps_the_grammar(reply: Reply, where: int) -> None:
    encoder = CODEC.stream_encoder(CALL)
    data = b"".join(encoder.encode(event) for event in unfold(reply, piece_chars=3))
    events = decoded(CODEC, data[: where % (len(data) - len(b'{"type":"message_stop"}\n\n'))])
    assert_event_grammar(events)
    assert isinstance(events[-1], StreamFailed)
    assert events[-1].failure.kind in ("truncated", "malformed")  # a cut inside an event's JSON


event_names = st.sampled_from(
    ["message_start", "message_delta", "message_stop", "content_block_start", "content_block_delta",
     "content_block_stop", "ping", "error", "other"]
)  # fmt: skip
loose_events = shaped(
    {"type": event_names | values},
    {
        "message": shaped({"usage": objects | values, "content": st.lists(blocks, max_size=2) | values}) | values,
        "index": st.integers(0, 2) | values,
        "content_block": blocks | values,
        "delta": shaped({"type": words}, {"text": words, "stop_reason": words}) | values,
        "usage": objects | values,
        "error": objects | values,
    },
)


@given(st.lists(loose_events, max_size=8), st.binary(max_size=30), st.integers(0, 2**32))
@settings(max_examples=400, deadline=None)
def test_no_stream_makes_the_decoder_raise_or_break_the_grammar(
    events: list[dict[str, Any]], noise: bytes, seed: int
) -> None:
    rng = random.Random(seed)
    first = {"type": "message_start", "message": {"id": "msg_1", "content": [], "usage": {"input_tokens": 1}}}
    documents = [first, *events] if rng.random() < 0.7 else events
    data = b"".join(b"data: " + msgspec.json.encode(event) + b"\n\n" for event in documents)
    if rng.random() < 0.5:
        cut = rng.randrange(len(data) + 1)
        data = data[:cut] + noise + data[cut:]
    whole = decoded(CODEC, data)
    assert_event_grammar(whole)
    assert decoded(CODEC, data, [rng.randrange(len(data) + 1) for _ in range(5)]) == whole


@given(
    st.integers(100, 599), st.dictionaries(st.sampled_from(["retry-after"]), words), st.binary(max_size=40) | objects
)
@settings(max_examples=200, deadline=None)
def test_no_error_answer_makes_the_decoder_raise(status: int, headers: dict[str, str], body: Any) -> None:
    raw = body if isinstance(body, bytes) else msgspec.json.encode({"type": "error", "error": body})
    failure = CODEC.decode_error(status, headers, raw)
    assert failure.status == status
    assert failure.message
    assert CODEC.encode_error(failure)[0] >= 100
