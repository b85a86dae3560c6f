"""The grammar of Anthropic's streamed Messages, as a check that knows nothing of the codec under test.

https://platform.claude.com/docs/en/build-with-claude/streaming#event-types
"""

import json
from typing import Any

# Which deltas a block takes, by its type; a block of any other type comes whole.
_DELTAS = {
    "text": {"text_delta", "citations_delta"},
    "thinking": {"thinking_delta", "signature_delta"},
    "tool_use": {"input_json_delta"},
    "server_tool_use": {"input_json_delta"},
    "mcp_tool_use": {"input_json_delta"},
}


def wire_events(data: bytes) -> list[dict[str, Any]]:
    """The events of a body, pings included. An event's name must be its type."""
    events = []
    for frame in data.decode().split("\n\n"):
        if not frame.strip():
            continue
        name, _, document = frame.partition("\n")
        event = json.loads(document.removeprefix("data:"))
        assert name.removeprefix("event:").strip() == event["type"]
        events.append(event)
    return events


def assert_grammar(data: bytes) -> None:
    """`message_start`, then blocks one after the other by index, each with its deltas and its end, then `message_delta`
    with the reason, then `message_stop`. Pings anywhere. A stream that fails ends with `error` and without the rest."""
    events = [event for event in wire_events(data) if event["type"] != "ping"]
    assert events[0]["type"] == "message_start"
    assert events[0]["message"]["content"] == []
    assert events[0]["message"]["stop_reason"] is None
    failed = events[-1]["type"] == "error"
    cut = any(event["type"] == "message_delta" and event["delta"]["stop_reason"] == "max_tokens" for event in events)
    rest = _after_blocks(events[1:-1] if failed else events[1:], failed=failed, cut=cut)
    kinds = [event["type"] for event in rest]
    if failed:
        assert kinds == []
        return
    assert kinds[-1] == "message_stop"
    assert kinds[:-1] == ["message_delta"] * (len(kinds) - 1) != []
    assert rest[-2]["delta"]["stop_reason"]


def _after_blocks(events: list[dict[str, Any]], *, failed: bool, cut: bool) -> list[dict[str, Any]]:
    """What follows the blocks, each of which must be whole. In a stream that fails the last may be open; in an answer
    that was cut its arguments may end anywhere."""
    position, index = 0, 0
    while position < len(events) and events[position]["type"] == "content_block_start":
        started, position = events[position], position + 1
        assert started["index"] == index
        first = position
        while position < len(events) and events[position]["type"] == "content_block_delta":
            assert events[position]["index"] == index
            position += 1
        deltas = [event["delta"] for event in events[first:position]]
        if failed and position == len(events):
            return []
        assert events[position] == {"type": "content_block_stop", "index": index}
        last = position + 1 == len(events) or events[position + 1]["type"] != "content_block_start"
        _check_block(started["content_block"], deltas, cut=cut and last)
        position, index = position + 1, index + 1
    return events[position:]


def _check_block(block: dict[str, Any], deltas: list[dict[str, Any]], *, cut: bool) -> None:
    kinds = [delta["type"] for delta in deltas]
    assert set(kinds) <= _DELTAS.get(block["type"], set())
    if "signature_delta" in kinds:
        assert kinds.index("signature_delta") == len(kinds) - 1, "the signature comes last, once"
    if block["type"] in ("tool_use", "server_tool_use", "mcp_tool_use"):
        written = "".join(delta["partial_json"] for delta in deltas)
        assert block["input"] == {} or not written
        assert cut or isinstance(json.loads(written or "{}"), dict)
