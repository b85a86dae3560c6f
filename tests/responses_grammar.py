"""The grammar of OpenAI's streamed Responses, as a check that knows nothing of the codec under test."""

from typing import Any

import msgspec

# Delta event, and the field of its `done` event that all its deltas must add up to.
_DELTAS = {
    "response.output_text": "text",
    "response.refusal": "refusal",
    "response.reasoning_summary_text": "text",
    "response.reasoning_text": "text",
    "response.function_call_arguments": "arguments",
    "response.custom_tool_call_input": "input",
}
_TERMINAL = ("response.completed", "response.incomplete", "response.failed")


def wire_events(data: bytes) -> list[dict[str, Any]]:
    lines = (line.removeprefix(b"data:").strip() for line in data.split(b"\n") if line.startswith(b"data:"))
    return [msgspec.json.decode(line) for line in lines if line != b"[DONE]"]


def assert_grammar(data: bytes) -> None:
    """Sequence numbers without a gap, names that equal types, every `added` with its `done`, deltas that add up, and
    a final response that holds the items that were done. A failed stream may leave things open."""
    frames = [frame.split(b"\n") for frame in data.split(b"\n\n") if frame]
    events = wire_events(data)
    assert [frame[0] for frame in frames] == [f"event: {event['type']}".encode() for event in events]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert [event["type"] for event in events[:2]] == ["response.created", "response.in_progress"]
    assert [event["type"] for event in events if event["type"] in _TERMINAL] == [events[-1]["type"]]
    texts: dict[tuple[Any, ...], str] = {}
    opened: set[tuple[Any, ...]] = set()
    items: dict[int, dict[str, Any]] = {}
    for event in events:
        kind, place = event["type"], _place(event)
        name, _, step = kind.rpartition(".")
        if step == "delta" and name in _DELTAS:
            assert (*place[:1], "item") in opened
            texts[name, *place] = texts.get((name, *place), "") + event["delta"]
        elif step == "done" and name in _DELTAS:
            assert texts.pop((name, *place), "") == event[_DELTAS[name]]
        elif kind in ("response.content_part.added", "response.reasoning_summary_part.added"):
            assert (*place, "part") not in opened
            opened.add((*place, "part"))
        elif kind in ("response.content_part.done", "response.reasoning_summary_part.done"):
            opened.remove((*place, "part"))
        elif kind == "response.output_item.added":
            assert event["output_index"] == len(items)
            items[event["output_index"]] = {}
            opened.add((event["output_index"], "item"))
        elif kind == "response.output_item.done":
            items[event["output_index"]] = event["item"]
            opened.remove((event["output_index"], "item"))
    if events[-1]["type"] != "response.failed":
        assert not opened
        assert not texts
        assert events[-1]["response"]["output"] == [items[index] for index in sorted(items)]


def _place(event: dict[str, Any]) -> tuple[Any, ...]:
    return (event.get("output_index"), event.get("content_index"), event.get("summary_index"))
