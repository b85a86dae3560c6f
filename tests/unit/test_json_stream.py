"""What every stream decoder does with an end, a cut, nonsense and an event that breaks the grammar."""

import pytest

from openclaw.calls import Call, PartEnded, PartStarted, ReplyEnded, ReplyStarted, StreamFailed, Text, TextDelta
from openclaw.dialects.chat import Chat
from openclaw.dialects.codec import Codec
from openclaw.dialects.completions import Completions
from openclaw.dialects.converse import Converse
from openclaw.dialects.eventstream import event_frame
from openclaw.dialects.gemini import Gemini
from openclaw.dialects.json_stream import Lines
from openclaw.dialects.jsontext import encode
from openclaw.dialects.messages import Messages
from openclaw.dialects.ollama import Ollama
from openclaw.dialects.responses import Responses
from openclaw.dialects.sse import EVENT_BYTES_MAX, SseOverflow
from openclaw.streams import unfold

TEXTUAL: list[Codec] = [Chat(), Completions(), Messages(), Responses(), Gemini(), Ollama()]
each_codec = pytest.mark.parametrize("codec", [*TEXTUAL, Converse()], ids=lambda codec: codec.name)
each_textual = pytest.mark.parametrize("codec", TEXTUAL, ids=lambda codec: codec.name)


def answer(codec: Codec) -> bytes:
    encoder = codec.stream_encoder(Call(dialect=codec.name, model="m", messages=()))
    reply = Chat().decode_reply(
        {"id": "r", "model": "m", "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "hello"}}]}
    )
    return b"".join(encoder.encode(event) for event in unfold(reply))


@each_codec
def test_after_the_end_nothing_comes_out(codec: Codec) -> None:
    decoder = codec.stream_decoder()
    events = decoder.feed(answer(codec)) + decoder.end()
    assert isinstance(events[-1], ReplyEnded)
    assert decoder.feed(answer(codec)) == decoder.end() == []


@each_codec
def test_a_stream_that_is_cut_is_truncated_wherever_the_cut_is(codec: Codec) -> None:
    whole = answer(codec)
    text = whole.index(b"hello")
    for cut in range(text + 1):
        decoder = codec.stream_decoder()
        *_, last = decoder.feed(whole[:cut]) + decoder.end()
        assert isinstance(last, StreamFailed), cut
        assert last.failure.kind == "truncated", (cut, whole[:cut])
        assert decoder.feed(whole) == decoder.end() == []


@each_textual
@pytest.mark.parametrize("nonsense", [b"{", b"[1]", b'"text"', b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_malformed(codec: Codec, nonsense: bytes) -> None:
    decoder = codec.stream_decoder()
    line = nonsense + b"\n" if codec.name == "ollama" else b"data: " + nonsense + b"\n\n"
    (failed,) = decoder.feed(line)
    assert isinstance(failed, StreamFailed)
    assert failed.failure.kind == "malformed"
    assert failed.failure.message == "The provider sent an event that is not a JSON object."


BROKEN: list[tuple[Codec, bytes]] = [
    (Messages(), b'data: {"type":"message_start","message":{"content":[{"type":"text"}]}}\n\n'),
    (Responses(), b'data: {"type":"response.function_call_arguments.delta","output_index":3,"delta":"x"}\n\n'),
    (Gemini(), b'data: {"candidates":[{"content":{"parts":[1]}}]}\n\n'),
    (Ollama(), b'{"model":"m","message":{"content":1}}\n'),
    (Converse(), event_frame("messageStop", encode({"stopReason": "end_turn"}))),
]


@pytest.mark.parametrize(("codec", "event"), BROKEN, ids=lambda value: getattr(value, "name", ""))
def test_an_event_that_breaks_the_grammar_gives_nothing_but_the_failure(codec: Codec, event: bytes) -> None:
    decoder = codec.stream_decoder()
    (failed,) = decoder.feed(event)
    assert isinstance(failed, StreamFailed)
    assert failed.failure.kind == "malformed"
    assert failed.failure.message.startswith("The provider sent a broken event: ")
    assert decoder.end() == []


@pytest.mark.parametrize("codec", [Messages(), Converse()], ids=lambda codec: codec.name)
def test_a_block_that_is_held_until_it_is_whole_counts_when_it_is_given_out(codec: Codec) -> None:
    """Another block may begin in between; the parts are numbered as they start."""
    if codec.name == "messages":
        held = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
        events = [
            {"type": "message_start", "message": {}},
            {"type": "content_block_start", "index": 0, "content_block": held},
            {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_stop", "index": 0},
            {"type": "content_block_stop", "index": 1},
        ]
        data = b"".join(b"data: " + encode(event) + b"\n\n" for event in events)
    else:
        image = {"start": {"image": {"format": "png"}}, "contentBlockIndex": 0}
        data = (
            event_frame("messageStart", encode({"role": "assistant"}))
            + event_frame("contentBlockStart", encode(image))
            + event_frame("contentBlockDelta", encode({"contentBlockIndex": 1, "delta": {"text": "x"}}))
            + event_frame("contentBlockStop", encode({"contentBlockIndex": 0}))
            + event_frame("contentBlockStop", encode({"contentBlockIndex": 1}))
        )
    started, text, *rest = (e for e in codec.stream_decoder().feed(data) if not isinstance(e, TextDelta))
    assert isinstance(started, ReplyStarted)
    assert text == PartStarted(0, 0, Text(""))
    assert [(type(event), getattr(event, "index", None)) for event in rest] == [
        (PartStarted, 1),
        (PartEnded, 1),
        (PartEnded, 0),
    ]


# --- lines


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_lines_are_the_same_however_they_are_cut(size: int) -> None:
    data = b'{"a":1}\n\n  \n{"b":"\\n"}\r\n{"c":3}'
    lines = Lines()
    found = [frame.data for start in range(0, len(data), size) for frame in lines.feed(data[start : start + size])]
    found += [frame.data for frame in lines.end()]
    assert [line.strip() for line in found] == [b'{"a":1}', b'{"b":"\\n"}', b'{"c":3}']


def test_a_line_that_does_not_end_is_too_large_at_some_point() -> None:
    lines = Lines()
    piece = b"x" * (EVENT_BYTES_MAX // 4)
    for _ in range(4):
        assert lines.feed(piece) == []
    with pytest.raises(SseOverflow):
        lines.feed(piece)
