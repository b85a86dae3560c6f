"""The checkers of streams find what they are there to find: a good stream passes, and each way to break it does not."""

import json
from typing import Any

import pytest

from tests import messages_grammar, responses_grammar


def sse(events: list[dict[str, Any]]) -> bytes:
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()


def _message(**more: Any) -> dict[str, Any]:
    return {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "stop_reason": None, **more}


def _delta(index: int, kind: str, **more: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **more}}


MESSAGES: list[dict[str, Any]] = [
    {"type": "message_start", "message": _message()},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}},
    _delta(0, "thinking_delta", thinking="hm"),
    _delta(0, "signature_delta", signature="s"),
    {"type": "content_block_stop", "index": 0},
    {"type": "ping"},
    {
        "type": "content_block_start",
        "index": 1,
        "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": {}},
    },
    _delta(1, "input_json_delta", partial_json='{"a"'),
    _delta(1, "input_json_delta", partial_json=":1}"),
    {"type": "content_block_stop", "index": 1},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 1}},
    {"type": "message_stop"},
]


def test_a_good_stream_of_messages_passes() -> None:
    messages_grammar.assert_grammar(sse(MESSAGES))
    failed = {"type": "error", "error": {"type": "api_error", "message": "x"}}
    for end in (1, 3, 5, 8):
        messages_grammar.assert_grammar(sse([*MESSAGES[:end], failed]))
    cut = [*MESSAGES[:8], MESSAGES[9], {**MESSAGES[10], "delta": {"stop_reason": "max_tokens"}}, MESSAGES[11]]
    messages_grammar.assert_grammar(sse(cut))


@pytest.mark.parametrize("missing", [0, 1, 4, 6, 7, 8, 9, 10, 11])
def test_a_stream_of_messages_without_one_event_does_not(missing: int) -> None:
    broken = [event for place, event in enumerate(MESSAGES) if place != missing]
    with pytest.raises((AssertionError, ValueError, KeyError)):
        messages_grammar.assert_grammar(sse(broken))


@pytest.mark.parametrize(("first", "second"), [(0, 1), (1, 2), (2, 3), (3, 4), (4, 6), (8, 9), (9, 10), (10, 11)])
def test_a_stream_of_messages_in_another_order_does_not(first: int, second: int) -> None:
    broken = list(MESSAGES)
    broken[first], broken[second] = broken[second], broken[first]
    with pytest.raises((AssertionError, ValueError, KeyError)):
        messages_grammar.assert_grammar(sse(broken))


ITEM = {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant"}
PART = {"type": "output_text", "text": "hello", "annotations": []}
PLACE = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
WHOLE = {**ITEM, "content": [PART]}
RESPONSES: list[dict[str, Any]] = [
    {"type": "response.created", "response": {"id": "resp_1", "output": []}},
    {"type": "response.in_progress", "response": {"id": "resp_1", "output": []}},
    {"type": "response.output_item.added", "output_index": 0, "item": {**ITEM, "content": []}},
    {"type": "response.content_part.added", **PLACE, "part": {**PART, "text": ""}},
    {"type": "response.output_text.delta", **PLACE, "delta": "hel"},
    {"type": "response.output_text.delta", **PLACE, "delta": "lo"},
    {"type": "response.output_text.done", **PLACE, "text": "hello"},
    {"type": "response.content_part.done", **PLACE, "part": PART},
    {"type": "response.output_item.done", "output_index": 0, "item": WHOLE},
    {"type": "response.completed", "response": {"id": "resp_1", "output": [WHOLE]}},
]


def numbered(events: list[dict[str, Any]]) -> bytes:
    return sse([{**event, "sequence_number": number} for number, event in enumerate(events)])


def test_a_good_stream_of_responses_passes() -> None:
    responses_grammar.assert_grammar(numbered(RESPONSES))
    failed = {"type": "response.failed", "response": {"id": "resp_1", "output": []}}
    for end in range(2, 9):
        responses_grammar.assert_grammar(numbered([*RESPONSES[:end], failed]))


@pytest.mark.parametrize("missing", range(len(RESPONSES)))
def test_a_stream_of_responses_without_one_event_does_not(missing: int) -> None:
    broken = [event for place, event in enumerate(RESPONSES) if place != missing]
    with pytest.raises((AssertionError, KeyError)):
        responses_grammar.assert_grammar(numbered(broken))


@pytest.mark.parametrize("first", range(len(RESPONSES) - 1))
def test_a_stream_of_responses_in_another_order_does_not(first: int) -> None:
    broken = list(RESPONSES)
    broken[first], broken[first + 1] = broken[first + 1], broken[first]
    with pytest.raises((AssertionError, KeyError)):
        responses_grammar.assert_grammar(numbered(broken))


def test_a_gap_in_the_numbers_is_found() -> None:
    events = [{**event, "sequence_number": number + (number > 3)} for number, event in enumerate(RESPONSES)]
    with pytest.raises(AssertionError):
        responses_grammar.assert_grammar(sse(events))


def test_another_items_id_is_found() -> None:
    broken = [{**event, "item_id": "msg_2"} if event["type"].endswith("text.delta") else event for event in RESPONSES]
    with pytest.raises(AssertionError):
        responses_grammar.assert_grammar(numbered(broken))
