"""What an answer at a door must be, by the published API descriptions and the grammar of its streams.

These check bytes and documents, wherever they come from: the running gateway, or recorded answers said at a door.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests import messages_grammar, responses_grammar
from tests.specifications import assert_valid, event_schemas

ANSWERS: Mapping[str, Mapping[str, str]] = {
    "responses": {"openai": "Response", "open-responses": "ResponseResource"},
    "messages": {"anthropic": "Message"},
    "gemini": {"google": "GenerateContentResponse"},
}
"""Door to the schemas that a plain answer must keep: the name in each vendor's description."""


def assert_answer(door: str, document: Any) -> None:
    """A plain answer keeps the descriptions of its door."""
    for vendor, schema in ANSWERS[door].items():
        assert_valid(vendor, schema, document)


def assert_stream(door: str, data: bytes) -> None:
    """A whole streamed body keeps the grammar of its door, each event its description."""
    _STREAM_CHECKS[door](data)


def _check_responses(data: bytes) -> None:
    responses_grammar.assert_grammar(data)
    for event in responses_grammar.wire_events(data):
        for vendor in ("openai", "open-responses"):
            assert_valid(vendor, event_schemas(vendor)[event["type"]], event)


def _check_messages(data: bytes) -> None:
    messages_grammar.assert_grammar(data)
    for event in messages_grammar.wire_events(data):
        if event["type"] == "error":
            assert_valid("anthropic", "ErrorResponse", event)
        elif event["type"] != "ping":  # has no schema
            assert_valid("anthropic", event_schemas("anthropic")[event["type"]], event)


def _check_gemini(data: bytes) -> None:
    """Chunks of one answer; the reason is in the last, as are the counts. One that failed ends with an error."""
    frames = [frame for frame in data.decode().split("\n\n") if frame.strip()]
    chunks = [json.loads(frame.removeprefix("data:")) for frame in frames]
    failed = "error" in chunks[-1]
    if failed:
        assert_google_error(chunks.pop())
    for chunk in chunks:
        assert_valid("google", "GenerateContentResponse", chunk)
    candidates = [candidate for chunk in chunks for candidate in chunk.get("candidates", ())]
    ended = [c.get("index", 0) for c in candidates if "finishReason" in c]
    assert sorted(ended) == ([] if failed else sorted({c.get("index", 0) for c in candidates}))
    assert failed or "finishReason" in candidates[-1]
    assert len([chunk for chunk in chunks if "usageMetadata" in chunk]) <= 1 or "usageMetadata" in chunks[-1]
    assert len({chunk.get("responseId") for chunk in chunks}) <= 1


def assert_google_error(document: dict[str, Any]) -> None:
    """A `google.rpc.Status` as Google's HTTP APIs write it, with the word for the code beside it, which the schema
    does not have: https://cloud.google.com/apis/design/errors#http_mapping."""
    assert document.keys() == {"error"}
    error = dict(document["error"])
    assert error.pop("status").isupper()
    assert_valid("google", "Status", error)
    assert error["message"]


_STREAM_CHECKS: Mapping[str, Callable[[bytes], None]] = {
    "responses": _check_responses,
    "messages": _check_messages,
    "gemini": _check_gemini,
}
