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
# These stand inside a part of their item, the others in the item itself.
_IN_A_PART = ("response.output_text", "response.refusal", "response.reasoning_summary_text", "response.reasoning_text")
_PARTS = ("response.content_part", "response.reasoning_summary_part")
_TERMINAL = ("response.completed", "response.incomplete", "response.failed")


def wire_events(data: bytes) -> list[dict[str, Any]]:
    lines = (line.removeprefix(b"data:").strip() for line in data.split(b"\n") if line.startswith(b"data:"))
    return [msgspec.json.decode(line) for line in lines if line != b"[DONE]"]


def assert_grammar(data: bytes) -> None:
    """Sequence numbers without a gap, names that equal types, every `added` with its `done`, deltas inside their part
    and item that add up, and a final response that holds the items that were done. A failed stream may leave things
    open."""
    frames = [frame.split(b"\n") for frame in data.split(b"\n\n") if frame]
    events = wire_events(data)
    assert [frame[0] for frame in frames] == [f"event: {event['type']}".encode() for event in events]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert [event["type"] for event in events[:2]] == ["response.created", "response.in_progress"]
    assert [event["type"] for event in events if event["type"] in _TERMINAL] == [events[-1]["type"]]
    assert len({event["response"]["id"] for event in events if "response" in event}) == 1
    _Items().read(events)


class _Items:
    """What is open while the events of one stream are read."""

    def __init__(self) -> None:
        self._items: dict[int, dict[str, Any]] = {}
        self._open: dict[int, str] = {}
        self._parts: set[tuple[Any, ...]] = set()
        self._texts: dict[tuple[Any, ...], str] = {}
        self._said: dict[tuple[Any, ...], str] = {}

    def read(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            self._read(event)
        if events[-1]["type"] != "response.failed":
            assert not self._open
            assert not self._parts
            assert not self._texts
            assert events[-1]["response"]["output"] == [self._items[index] for index in sorted(self._items)]

    def _read(self, event: dict[str, Any]) -> None:
        name, _, step = event["type"].rpartition(".")
        if name == "response.output_item":
            self._item(event, step)
            return
        if name in _PARTS or name in _DELTAS or "item_id" in event:  # OpenAI's shell events have none
            assert event["item_id"] == self._open.get(event["output_index"]), f"{event} is outside of its item"
        if name in _PARTS:
            self._part(event, step)
        elif name in _DELTAS:
            self._text(name, event, step)

    def _item(self, event: dict[str, Any], step: str) -> None:
        index, item = event["output_index"], event["item"]
        if step == "added":
            assert index == len(self._items)
            self._items[index] = {}
            self._open[index] = item.get("id")
            return
        assert self._open.pop(index) == item.get("id")
        assert not [part for part in self._parts if part[0] == index]
        assert not [text for text in self._texts if text[1] == index]
        self._items[index] = item

    def _part(self, event: dict[str, Any], step: str) -> None:
        place = _place(event)
        if step == "added":
            assert place not in self._parts
            self._parts.add(place)
            return
        self._parts.remove(place)
        said, part = self._said.get(place), event["part"]
        if said is not None:
            assert part.get("text", part.get("refusal")) == said

    def _text(self, name: str, event: dict[str, Any], step: str) -> None:
        place = _place(event)
        if name in _IN_A_PART:
            assert place in self._parts, f"{event} is outside of its part"
        if step == "delta":
            self._texts[name, *place] = self._texts.get((name, *place), "") + event["delta"]
        elif step == "done":
            self._said[place] = event[_DELTAS[name]]
            assert self._texts.pop((name, *place), "") == self._said[place]


def _place(event: dict[str, Any]) -> tuple[Any, ...]:
    return (event.get("output_index"), event.get("content_index"), event.get("summary_index"))
