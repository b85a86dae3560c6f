"""Recorded generateContent traffic of the Gemini API and Vertex AI keeps the four laws."""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from openclaw.calls import StreamFailed
from openclaw.dialects.gemini import Gemini
from openclaw.streams import collect, unfold
from tests.golden import suite
from tests.golden.suite import Facts, Recordings
from tests.golden.wire import Exchange, exchanges, needs_recordings

pytestmark = needs_recordings

CODEC = Gemini()

EXCEPTIONS: dict[tuple[str, str], str] = {}

RECORDINGS = Recordings(
    CODEC,
    tuple(e for file in ("google.generate_content", "vertex.generate_content") for e in exchanges(file)),
    EXCEPTIONS,
)


# --- what a recording says, read without the codec ----------------------------------------------------------


def _reply_facts(body: Any) -> Facts:
    return _facts([body])


def _stream_facts(data: bytes) -> Facts:
    return _facts(_documents(data))


def _documents(data: bytes) -> list[Any]:
    if data.lstrip().startswith(b"["):
        whole: list[Any] = msgspec.json.decode(data)
        return whole
    return [msgspec.json.decode(line[5:]) for line in data.splitlines() if line.startswith(b"data:")]


def _facts(documents: list[Any]) -> Facts:
    text, reasoning, finish = "", "", None
    calls: list[tuple[str, Any]] = []
    usage: dict[str, Any] = {}
    for document in documents:
        for candidate in (document.get("candidates") or [])[:1]:
            finish = candidate.get("finishReason", finish)
            for part in (candidate.get("content") or {}).get("parts") or []:
                if part.get("thought"):
                    reasoning += part["text"]
                else:
                    text += part.get("text", "")
                _add_call(calls, part.get("functionCall"))
        if "blockReason" in document.get("promptFeedback", {}):
            finish = document["promptFeedback"]["blockReason"]
        if len(document.get("usageMetadata", {})) > 1:
            usage = document["usageMetadata"]
    answer, thoughts = usage.get("candidatesTokenCount"), usage.get("thoughtsTokenCount")
    counted = "totalTokenCount" in usage or answer is not None or thoughts is not None
    prompt = usage.get("promptTokenCount")
    return Facts(
        text=text,
        reasoning=reasoning,
        tool_calls=tuple(calls),
        native_finish_reason="STOP" if finish == 1 else finish,
        input_tokens=None if prompt is None else prompt + usage.get("toolUsePromptTokenCount", 0),
        output_tokens=(answer or 0) + (thoughts or 0) if counted else None,
    )


def _add_call(calls: list[tuple[str, Any]], call: Any) -> None:
    if call is None:
        return
    if "name" in call:
        calls.append((call["name"], dict(call.get("args") or {})))
    for piece in call.get("partialArgs", ()):
        # Every recorded value is a string, and every list grows by one.
        way = [int(s) if s.isdigit() else s for s in re.findall(r"[^.$\[\]]+", piece["jsonPath"])]
        place = calls[-1][1]
        for step, following in pairwise(way):
            place = _room(place, step, [] if isinstance(following, int) else {})
        before = _room(place, way[-1], "")
        place[way[-1]] = before + piece["stringValue"]


def _room(place: Any, step: Any, new: Any) -> Any:
    if isinstance(place, dict):
        return place.setdefault(step, new)
    if step == len(place):
        place.append(new)
    return place[step]


# --- the laws -----------------------------------------------------------------------------------------------


def test_requests_come_back_as_the_same_document() -> None:
    def keeps(exchange: Exchange) -> None:
        suite.request_comes_back_as_the_same_document(CODEC, exchange, model=exchange.model)

    print(RECORDINGS.check("request", RECORDINGS.requests(), keeps))  # noqa: T201


def test_replies_come_back_as_the_same_document() -> None:
    def keeps(exchange: Exchange) -> None:
        suite.reply_comes_back_as_the_same_document(CODEC, exchange, _reply_facts)

    print(RECORDINGS.check("reply", RECORDINGS.plain_replies(), keeps))  # noqa: T201


def test_streams_keep_their_facts() -> None:
    def keeps(exchange: Exchange) -> None:
        events = suite.stream_keeps_its_facts(CODEC, exchange, _stream_facts)
        encoder = CODEC.stream_encoder(CODEC.decode_request({"contents": []}))
        again = suite.stream_events(CODEC, b"".join(map(encoder.encode, events)))
        assert not [event for event in again if isinstance(event, StreamFailed)]
        first, second = collect(events, "gemini"), collect(again, "gemini")
        assert suite.facts_of_reply(second) == suite.facts_of_reply(first)
        assert [c.content for c in second.choices] == [c.content for c in first.choices]
        assert second.usage == first.usage

    print(RECORDINGS.check("stream", RECORDINGS.streams(), keeps))  # noqa: T201


def test_plain_replies_streamed_say_the_same() -> None:
    def keeps(exchange: Exchange) -> None:
        body = msgspec.json.decode(exchange.response_bytes)
        encoder = CODEC.stream_encoder(CODEC.decode_request({"contents": []}))
        data = b"".join(map(encoder.encode, unfold(CODEC.decode_reply(body), piece_chars=40)))
        facts = suite.facts_of_reply(collect(suite.stream_events(CODEC, data), "gemini"))
        assert facts == _reply_facts(body)

    RECORDINGS.check("unfold", RECORDINGS.plain_replies(), keeps)


_KINDS = {400: "bad_request", 404: "not_found", 429: "rate_limit"}


def test_errors_are_classified_and_come_back_in_the_same_class() -> None:
    def keeps(exchange: Exchange) -> None:
        failure = CODEC.decode_error(exchange.status, exchange.response_header_texts, exchange.response_bytes)
        invalid_key = "API_KEY_INVALID" in (exchange.response_body_text or "")
        assert failure.kind == ("authentication" if invalid_key else _KINDS[exchange.status])
        assert failure.type
        assert failure.message
        if exchange.status == 429:
            assert failure.retry_after_s == pytest.approx(48, abs=1)
        status, body = CODEC.encode_error(failure)
        again = CODEC.decode_error(status, {}, msgspec.json.encode(body))
        assert (again.kind, again.message, again.param) == (failure.kind, failure.message, failure.param)

    print(RECORDINGS.check("error", RECORDINGS.errors(), keeps))  # noqa: T201


def test_every_recording_is_looked_at() -> None:
    def ids(cases: Iterable[Exchange]) -> set[str]:
        return {exchange.id for exchange in cases}

    answered = ids(RECORDINGS.plain_replies()) | ids(RECORDINGS.streams()) | ids(RECORDINGS.errors())
    assert answered == ids(RECORDINGS.exchanges)
