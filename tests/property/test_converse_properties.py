"""Laws of the Converse codec on generated input: round trips, cuts, hostile bytes, framing, and the event grammar."""

import json
import random
import zlib
from typing import Any

import msgspec
from botocore.eventstream import EventStreamBuffer
from hypothesis import given, settings
from hypothesis import strategies as st

from openclaw.calls import Call, Reply, StreamFailed
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.converse import Converse
from openclaw.dialects.eventstream import FrameDecoder, encode_frame, event_frame
from openclaw.streams import collect, unfold
from tests.property.test_messages_properties import (
    assert_event_grammar,
    damage,
    decoded,
    hostile_values,
    interleaved,
    objects,
    replies_of,
    said,
    shaped,
    values,
    words,
)

CODEC = Converse()
CALL = Call(dialect="converse", model="m", messages=())

# --- generated requests --------------------------------------------------------------------------------------

base64_text = st.just("aGk=")
location = shaped({"s3Location": shaped({"uri": st.just("s3://b/k")}, {"bucketOwner": words})})
medium_source = shaped({"bytes": base64_text}) | location
text_piece = shaped({"text": words})
enabled = shaped({"enabled": st.booleans()})
media = st.one_of(
    shaped({"image": shaped({"format": st.sampled_from(["png", "jpeg", "bmp"]), "source": medium_source})}),
    shaped({"video": shaped({"format": st.sampled_from(["mp4", "three_gp"]), "source": medium_source})}),
    shaped({"audio": shaped({"format": st.sampled_from(["mp3", "x-aac"]), "source": medium_source})}),
)
document = shaped(
    {
        "document": shaped(
            {"source": medium_source | text_piece | shaped({"content": st.lists(text_piece, max_size=2)})},
            {"format": st.sampled_from(["pdf", "txt"]), "name": words, "context": words, "citations": enabled},
        )
    }
)  # fmt: skip
search_result = shaped(
    {
        "searchResult": shaped(
            {"source": words, "title": words, "content": st.lists(text_piece, max_size=2)}, {"citations": enabled}
        )
    }
)
citation = shaped({}, {"title": words, "sourceContent": st.lists(text_piece, max_size=2), "location": objects})
cited = shaped(
    {
        "citationsContent": shaped(
            {}, {"content": st.lists(text_piece, max_size=2), "citations": st.lists(citation, max_size=2), "x": values}
        )
    }
)
guarded = shaped(
    {"guardContent": shaped({"text": shaped({"text": words}, {"qualifiers": st.lists(words, max_size=1)})})}
)
reasoning = shaped(
    {
        "reasoningContent": shaped(
            {"reasoningText": shaped({"text": words}, {"signature": words | st.none(), "x": values})}
        )
        | shaped({"redactedContent": base64_text})
    }
)
tool_use = shaped(
    {"toolUse": shaped({"toolUseId": words, "name": words, "input": values}, {"type": st.just("tool_use")})}
)
server_use = shaped({"toolUse": shaped({"toolUseId": words, "name": words, "type": st.just("server_tool_use")})})
result_piece = text_piece | shaped({"json": values}) | media | document | search_result
tool_result = shaped(
    {
        "toolResult": shaped(
            {"toolUseId": words, "content": st.lists(result_piece, max_size=2)},
            {"status": st.sampled_from(["success", "error", "new"])},
        )
    }
)
cache_point = shaped({"cachePoint": shaped({"type": st.just("default")}, {"ttl": st.sampled_from(["5m", "1h"])})})
text_block = shaped({"text": words}, {"type": st.just("text")})
blocks = st.one_of(
    text_block, media, document, search_result, cited, guarded, reasoning, tool_use, server_use, tool_result,
    cache_point, shaped({"somethingNew": values}),
)  # fmt: skip
tool = st.one_of(
    shaped(
        {
            "toolSpec": shaped(
                {"name": words, "inputSchema": shaped({"json": objects})},
                {"description": words | st.none(), "strict": st.booleans()},
            )
        }
    ),
    shaped({"systemTool": shaped({"name": words})}),
    cache_point,
)
tool_choice = st.one_of(
    shaped({"auto": st.just({})}),
    shaped({"any": objects.filter(lambda o: "name" not in o)}),
    shaped({"tool": shaped({"name": words})}),
    objects,
)
json_schema = shaped(
    {"schema": objects.map(lambda o: json.dumps(o, indent=1)) | words},
    {"name": words, "description": words, "x": values},
)
text_format = shaped(
    {"type": st.just("json_schema"), "structure": shaped({"jsonSchema": json_schema})}, {"x": st.just(1)}
)
thinking = st.one_of(
    shaped({"type": st.just("enabled"), "budget_tokens": st.integers(1024, 9000)}),
    shaped({"type": st.just("adaptive")}, {"display": st.just("summarized")}),
    objects,
)
requests = shaped(
    {
        "messages": st.lists(
            shaped({"role": st.sampled_from(["user", "assistant"]), "content": st.lists(blocks, max_size=4)}),
            max_size=3,
        )
    },
    {
        "system": st.lists(text_piece | guarded | cache_point, max_size=3) | st.none(),
        "inferenceConfig": shaped(
            {},
            {
                "maxTokens": st.integers(1, 10**6) | st.none(),
                "temperature": st.floats(0, 1),
                "topP": st.floats(0, 1),
                "stopSequences": st.lists(words, max_size=2) | st.none(),
                "x": values,
            },
        )
        | st.none(),
        "toolConfig": shaped(
            {}, {"tools": st.lists(tool, max_size=3) | st.none(), "toolChoice": tool_choice | st.none(), "x": values}
        )
        | st.none(),
        "additionalModelRequestFields": shaped(
            {},
            {
                "thinking": thinking,
                "top_k": st.integers(0, 9) | st.none(),
                "reasoning_effort": words,
                "output_config": shaped({}, {"effort": words, "x": values}),
                "anthropic_beta": values,
            },
        )
        | values,
        "outputConfig": shaped({}, {"textFormat": text_format | st.none(), "effort": words, "x": values}) | st.none(),
        "serviceTier": shaped({"type": words}) | objects,
        "guardrailConfig": objects,
        "requestMetadata": objects,
    },
)


@given(requests)
@settings(max_examples=300, deadline=None)
def test_a_request_comes_back_as_the_same_document(body: dict[str, Any]) -> None:
    call = CODEC.decode_request(body, model="m")
    encoded = CODEC.encode_request(call)
    assert encoded.degraded == ()
    assert encoded.body == body
    assert CODEC.decode_request(encoded.body, model="m") == call


@given(requests, hostile_values, st.integers(0, 2**32))
@settings(max_examples=400, deadline=None)
def test_hostile_requests_raise_nothing_but_invalid_request(body: dict[str, Any], hostile: Any, seed: int) -> None:
    damaged = damage(body, random.Random(seed), hostile)
    if not isinstance(damaged, dict):
        damaged = {"messages": damaged}
    try:
        call = CODEC.decode_request(damaged)
    except InvalidRequest:
        return
    CODEC.encode_request(call)


# --- generated answers ---------------------------------------------------------------------------------------

server_call = shaped(
    {"toolUse": shaped({"toolUseId": words, "name": words, "type": st.just("server_tool_use"), "input": objects})}
)
replies = replies_of("converse", server_call)


def written(reply: Reply, piece: int = 0, rng: random.Random | None = None) -> bytes:
    events = unfold(reply, piece_chars=piece)
    encoder = CODEC.stream_encoder(CALL)
    return b"".join(encoder.encode(event) for event in (events if rng is None else interleaved(events, rng)))


def assert_blocks_never_overlap(data: bytes) -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    names = []
    number, is_open = -1, False
    for frame in buffer:
        name, event = frame.headers[":event-type"], json.loads(frame.payload)
        names.append(name)
        if not name.startswith("contentBlock"):
            continue
        if not is_open:
            number, is_open = number + 1, True
        assert event["contentBlockIndex"] == number
        is_open = name != "contentBlockStop"
    assert not is_open
    assert names[0] == "messageStart"
    assert names[-2:] == ["messageStop", "metadata"]


@given(replies, st.integers(0, 4), st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_a_written_stream_says_the_same(reply: Reply, piece: int, seed: int) -> None:
    rng = random.Random(seed)
    data = written(reply, piece, rng)
    assert_blocks_never_overlap(data)
    events = decoded(CODEC, data)
    assert_event_grammar(events)
    assert decoded(CODEC, data, [rng.randrange(len(data)) for _ in range(12)]) == events
    assert said(collect(events, "converse"), "converse") == said(reply, "converse")


@given(replies)
@settings(max_examples=200, deadline=None)
def test_a_written_reply_says_the_same_as_a_written_stream(reply: Reply) -> None:
    plain = CODEC.decode_reply(CODEC.encode_reply(reply, CALL))
    streamed = collect(decoded(CODEC, written(reply)), "converse")
    assert said(plain, "converse") == said(streamed, "converse")
    assert plain.choices[0].finish_reason == streamed.choices[0].finish_reason
    assert plain.usage == streamed.usage


@given(replies, st.integers(0, 10**6))
@settings(max_examples=150, deadline=None)
def test_a_stream_cut_before_its_end_is_truncated(reply: Reply, where: int) -> None:
    data = written(reply, 3)
    # The usage may be missing after messageStop, but not half of its frame.
    metadata = data.rindex(b"\x0b:event-type\x07\x00\x08metadata") - 12
    cut = where % (len(data) - 1)
    events = decoded(CODEC, data[:cut])
    assert_event_grammar(events)
    if cut == metadata:
        assert not isinstance(events[-1], StreamFailed)
    else:
        assert isinstance(events[-1], StreamFailed)
        assert events[-1].failure.kind == "truncated"


event_names = st.sampled_from(
    ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata", "other"]
)
starts = st.one_of(
    shaped({"toolUse": shaped({"toolUseId": words, "name": words}, {"type": words, "input": values})}),
    shaped({"toolResult": objects}),
    objects,
)
deltas = shaped(
    {},
    {
        "text": words | values,
        "toolUse": shaped({"input": words}) | values,
        "toolResult": st.lists(objects, max_size=2) | values,
        "reasoningContent": shaped({}, {"text": words, "signature": words, "redactedContent": words}) | values,
        "citation": objects | values,
        "new": values,
    },
)
loose_payloads = shaped(
    {},
    {
        "contentBlockIndex": st.integers(0, 2) | values,
        "start": starts | values,
        "delta": deltas | values,
        "stopReason": words | values,
        "usage": objects | values,
    },
)


@given(
    st.lists(st.tuples(event_names, loose_payloads | values), max_size=8), st.binary(max_size=30), st.integers(0, 2**32)
)
@settings(max_examples=400, deadline=None)
def test_no_stream_makes_the_decoder_raise_or_break_the_grammar(
    events: list[tuple[str, Any]], noise: bytes, seed: int
) -> None:
    rng = random.Random(seed)
    if rng.random() < 0.8:
        events = [("messageStart", {"role": "assistant"}), *events]
    data = b"".join(event_frame(name, msgspec.json.encode(payload)) for name, payload in events)
    if rng.random() < 0.4:
        cut = rng.randrange(len(data) + 1)
        data = data[:cut] + noise + data[cut:]
    whole = decoded(CODEC, data)
    assert_event_grammar(whole)
    assert decoded(CODEC, data, [rng.randrange(len(data) + 1) for _ in range(5)]) == whole


# --- framing -------------------------------------------------------------------------------------------------

header_names = st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=1, max_size=12)


@given(st.dictionaries(header_names, words, max_size=4), st.binary(max_size=200), st.integers(0, 10**6))
def test_botocore_reads_the_frames_that_we_write(headers: dict[str, str], payload: bytes, where: int) -> None:
    frame = encode_frame(headers, payload)
    decoder = FrameDecoder()
    cut = where % (len(frame) + 1)
    first, bad = decoder.feed(frame[:cut])
    second, worse = decoder.feed(frame[cut:])
    assert bad is None
    assert worse is None
    (read,) = first + second
    assert (dict(read.headers), read.payload) == (headers, payload)
    assert not decoder.in_a_frame


@given(st.binary(max_size=300))
@settings(max_examples=300)
def test_no_bytes_make_the_frame_decoder_raise(data: bytes) -> None:
    FrameDecoder().feed(data)


@given(st.binary(max_size=60), st.binary(max_size=20))
@settings(max_examples=300)
def test_frames_with_right_sums_and_wrong_headers_do_not_raise(head: bytes, payload: bytes) -> None:
    """Headers that pass both checksums but lie about their lengths, types or text."""
    honest = encode_frame({}, head + payload)
    lengths = len(honest).to_bytes(4) + len(head).to_bytes(4)
    frame = lengths + _crc(lengths) + head + payload
    _, bad = FrameDecoder().feed(frame + _crc(frame))
    decoded(CODEC, frame + _crc(frame))
    assert bad is None or str(bad)


def _crc(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4)


@given(st.integers(100, 599), st.dictionaries(st.sampled_from(["x-amzn-errortype", "retry-after"]), words), objects)
@settings(max_examples=200, deadline=None)
def test_no_error_answer_makes_the_decoder_raise(status: int, headers: dict[str, str], body: dict[str, Any]) -> None:
    failure = CODEC.decode_error(status, headers, msgspec.json.encode(body))
    assert failure.status == status
    assert failure.message
    assert CODEC.encode_error(failure)[0] >= 100
