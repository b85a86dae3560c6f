"""Recorded /api/chat traffic of Ollama keeps the four laws."""

from typing import Any

import msgspec

from openclaw.dialects.ollama import Ollama
from openclaw.streams import collect
from tests.golden import suite
from tests.golden.suite import Facts, Recordings
from tests.golden.wire import Exchange, exchanges, needs_recordings

pytestmark = needs_recordings

CODEC = Ollama()

_OTHER_DIALECT = "the recording answers /api/chat with a chat.completion object, which is Ollama's other dialect"

EXCEPTIONS: dict[tuple[str, str], str] = {
    ("reply", "cadaf7cbb24d0d9e"): _OTHER_DIALECT,
    ("reply", "27d08ad69c95932c"): _OTHER_DIALECT,
}

RECORDINGS = Recordings(CODEC, exchanges("ollama.ollama_chat"), EXCEPTIONS)


def _facts(documents: list[Any]) -> Facts:
    messages = [document["message"] for document in documents]
    functions = [call["function"] for message in messages for call in message.get("tool_calls", ())]
    last = documents[-1]
    return Facts(
        text="".join(message.get("content", "") for message in messages),
        reasoning="".join(message.get("thinking", "") for message in messages),
        tool_calls=tuple((function["name"], function["arguments"]) for function in functions),
        native_finish_reason=last.get("done_reason"),
        input_tokens=last.get("prompt_eval_count"),
        output_tokens=last.get("eval_count"),
    )


def _reply_facts(body: Any) -> Facts:
    return _facts([body])


def _stream_facts(data: bytes) -> Facts:
    return _facts([msgspec.json.decode(line) for line in data.splitlines() if line.strip()])


def test_requests_come_back_as_the_same_document() -> None:
    def keeps(exchange: Exchange) -> None:
        suite.request_comes_back_as_the_same_document(CODEC, exchange)

    assert RECORDINGS.check("request", RECORDINGS.requests(), keeps) == {"ollama": 5}


def test_replies_come_back_as_the_same_document() -> None:
    def keeps(exchange: Exchange) -> None:
        suite.reply_comes_back_as_the_same_document(CODEC, exchange, _reply_facts)

    RECORDINGS.check("reply", (e for e in RECORDINGS.plain_replies() if not e.stream), keeps)


def test_streams_keep_their_facts() -> None:
    def keeps(exchange: Exchange) -> None:
        events = suite.stream_keeps_its_facts(CODEC, exchange, _stream_facts)
        encoder = CODEC.stream_encoder(CODEC.decode_request({"model": "m", "messages": []}))
        again = suite.stream_events(CODEC, b"".join(map(encoder.encode, events)))
        first, second = collect(events, "ollama"), collect(again, "ollama")
        assert suite.facts_of_reply(second) == suite.facts_of_reply(first)

    # A stream of JSON lines begins like a plain answer: the recordings say which is which.
    streams = [e for e in RECORDINGS.exchanges if e.stream and e.status < 400]
    assert RECORDINGS.check("stream", streams, keeps) == {"ollama": 8}


def test_errors_are_classified_and_come_back_in_the_same_class() -> None:
    def keeps(exchange: Exchange) -> None:
        failure = CODEC.decode_error(exchange.status, exchange.response_header_texts, exchange.response_bytes)
        assert failure.kind == "not_found"
        assert failure.message == msgspec.json.decode(exchange.response_bytes)["error"]
        assert CODEC.encode_error(failure) == (exchange.status, msgspec.json.decode(exchange.response_bytes))

    RECORDINGS.check("error", RECORDINGS.errors(), keeps)
