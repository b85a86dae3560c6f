"""Streamed Responses: server-sent events to our events.

A final object (`...done`, `output_item.done`, `response.completed`) is compared with what its deltas gave; what they
left out is sent on, so that a provider which skips deltas, or whole kinds of events, loses nothing.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from openclaw.calls import (
    ArgumentsDelta,
    ChoiceFinished,
    CitationDelta,
    Event,
    Failure,
    JsonObject,
    LogprobsDelta,
    Opaque,
    OpaqueEvent,
    Part,
    PartEnded,
    PartStarted,
    Reasoning,
    Refusal,
    ReplyEnded,
    ReplyStarted,
    SignatureDelta,
    Text,
    TextDelta,
    ToolCall,
    Usage,
    UsageReported,
)
from openclaw.dialects.fields import Fields
from openclaw.dialects.json_stream import Broken, JsonStreamDecoder
from openclaw.dialects.openai_errors import failure_of_openai_error
from openclaw.dialects.responses.errors import failure_of_event
from openclaw.dialects.responses.items import (
    SUMMARY_SEPARATOR,
    decode_content_part,
    item_notes,
    mark_item,
)
from openclaw.dialects.responses.notes import ITEM, prefixed
from openclaw.dialects.responses.parts import NAME, decode_citation
from openclaw.dialects.responses.reply import decode_finish, decode_output_item, take_head
from openclaw.dialects.sse import SseEvent


class _Wire(msgspec.Struct):
    """The fields that the grammar's events have between them; the rest of an event is not decoded."""

    type: str = ""
    output_index: int | None = None
    content_index: int | None = None
    summary_index: int | None = None
    item_id: Any = None
    delta: Any = None
    text: Any = None
    refusal: Any = None
    arguments: Any = None
    input: Any = None
    logprobs: Any = None
    annotation: Any = None
    item: Any = None
    part: Any = None
    response: Any = None
    error: Any = None


_decode_json = msgspec.json.Decoder().decode


class _Open:
    """A part that has an index: how much of it was sent, and whether it has started and ended."""

    __slots__ = ("citations", "ended", "index", "part", "seen", "summary_index")

    def __init__(self, index: int) -> None:
        self.index = index
        self.part: Part | None = None
        self.seen = 0
        self.citations = 0
        self.summary_index = 0
        self.ended = False


class _Slot:
    """One output item. `parts` is by content index; items other than messages have one, at 0."""

    __slots__ = ("ended", "item", "kind", "parts")

    def __init__(self, kind: str, item: JsonObject) -> None:
        self.kind = kind
        self.item = item
        self.parts: dict[int, _Open] = {}
        self.ended = False


_OPAQUE = ""
"""The kind of a slot whose item this version does not read; its part is given whole when the item is done."""


class ResponsesStreamDecoder(JsonStreamDecoder[_Wire]):
    """`response.completed`, `.incomplete` or `.failed` ends the stream; the `[DONE]` of some servers is ignored."""

    _decode = msgspec.json.Decoder(_Wire).decode

    def __init__(self) -> None:
        super().__init__()
        self._slots: dict[int, _Slot] = {}
        self._next = 0
        self._extra: JsonObject | None = None
        self._tier: str | None = None
        self._called = False
        # Of the event that is being read: its bytes, and where what it says goes.
        self._data = b""
        self._events: list[Event] = []

    def _read_other(self, data: bytes, events: list[Event]) -> None:
        if data != b"[DONE]":
            super()._read_other(data, events)

    def _read(self, wire: _Wire, frame: SseEvent, events: list[Event]) -> None:
        self._data, self._events = frame.data, events
        kind = wire.type or frame.event or ""
        handler = _HANDLERS.get(kind)
        if handler is not None:
            handler(self, wire)
        elif kind == "error" or wire.error:
            self._error(frame.data)
        elif kind in _ENDS:
            self._completed(wire, kind)
        elif kind in _FAILURES:
            self._broken_off(wire, kind)
        else:
            self._opaque_event(frame.data)

    def _error(self, data: bytes) -> None:
        self._failed(self._events, failure_of_event(_decode_json(data)))

    def _opaque_event(self, data: bytes) -> None:
        native = _decode_json(data)
        if not isinstance(native, dict):
            raise Broken("it is not an object")
        self._start(None)
        self._events.append(OpaqueEvent(NAME, native))

    # --- the response

    def _created(self, wire: _Wire) -> None:
        self._start(wire.response)

    def _start(self, response: Any) -> None:
        if self._extra is not None:
            return
        if not isinstance(response, dict):
            self._extra = {}
            self._events.append(ReplyStarted("", "", dialect=NAME))
            return
        fields = Fields(response)
        identity, model = fields.take("id"), fields.take("model")
        fields.take("output")
        created, tier, _ = take_head(fields)
        self._tier = tier
        self._extra = fields.rest()
        self._events.append(
            ReplyStarted(
                identity if isinstance(identity, str) else "",
                model if isinstance(model, str) else "",
                created,
                tier,
                self._extra,
                NAME,
            )
        )

    def _completed(self, wire: _Wire, kind: str) -> None:
        response: JsonObject = wire.response if isinstance(wire.response, dict) else {}
        self._start(response)
        self._rest_of_output(response.get("output"))
        response = {"status": _ENDS[kind], **response}
        reason, native = decode_finish(response, calls_tools=self._called)
        extra, usage = self._learned_at_end(response)
        if usage is not None:
            self._events.append(UsageReported(usage))
        self._events.append(ChoiceFinished(0, reason or "unknown", native, extra=extra))
        self._events.append(ReplyEnded())
        self._over = True

    def _broken_off(self, wire: _Wire, kind: str) -> None:
        """Open parts stay open: half a tool call must not look whole."""
        response: JsonObject = wire.response if isinstance(wire.response, dict) else {}
        self._start(response)
        _, usage = self._learned_at_end(response)
        if usage is not None:
            self._events.append(UsageReported(usage))
        if kind == "response.cancelled":
            failure = Failure(kind="cancelled", message="The response was cancelled.")
        else:
            error = response.get("error")
            failure = failure_of_openai_error(error if isinstance(error, dict) else {})
        self._failed(self._events, failure)

    def _rest_of_output(self, output: Any) -> None:
        """Compare the whole answer with what was streamed, and end what is open."""
        for position, item in enumerate(output if isinstance(output, list) else ()):
            if not isinstance(item, dict):
                raise Broken("an output item is not an object")
            index = self._known(position, item)
            if index is None:
                index = max(self._slots, default=-1) + 1
            if index not in self._slots or not self._slots[index].ended:
                self._item_done(_Wire(output_index=index, item=item))
        for slot in self._slots.values():
            self._end_slot(slot)

    def _learned_at_end(self, response: JsonObject) -> tuple[JsonObject, Usage | None]:
        """The fields of the final response that differ from the first, and its usage."""
        fields = Fields(response)
        for key in ("id", "model", "output"):
            fields.take(key)
        _, tier, usage = take_head(fields)
        begun = self._extra or {}
        extra = {key: value for key, value in fields.rest().items() if begun.get(key, UNSET) != value}
        if tier is not None and tier != self._tier:  # "auto" at the start, the tier that served it at the end
            extra["service_tier"] = tier
        return extra, usage

    def _known(self, position: int, item: JsonObject) -> int | None:
        """The index under which a final item was streamed: by its id, else (servers that make new ids) by its
        place and type; None when it never was."""
        identity = item.get("id")
        for index, slot in self._slots.items():
            if identity is not None and slot.item.get("id") == identity:
                return index
        there = self._slots.get(position)
        if there is not None and there.item.get("type", item.get("type")) == item.get("type"):
            return position
        return None

    # --- items

    def _slot(self, wire: _Wire, kind: str) -> _Slot | None:
        """The item that an event belongs to; one that was never added begins here. None when the item is one that
        this version does not read: then the event travels as it is."""
        index = self._index_of(wire)
        slot = self._slots.get(index)
        if slot is None:
            self._start(None)
            item = {"id": wire.item_id} if isinstance(wire.item_id, str) else {}
            slot = self._slots[index] = _Slot(kind, item)
        elif slot.kind == _OPAQUE:
            self._opaque_event(self._data)
            return None
        elif slot.kind != kind:
            raise Broken(f"it is for a {kind}, but its item is of another type")
        return slot

    def _index_of(self, wire: _Wire) -> int:
        if wire.output_index is not None:
            return wire.output_index
        identity = wire.item_id if wire.item is None else wire.item.get("id") if isinstance(wire.item, dict) else None
        for index, slot in self._slots.items():
            if identity is not None and slot.item.get("id") == identity:
                return index
        return max(self._slots, default=-1) + (1 if wire.item is not None or not self._slots else 0)

    def _item_added(self, wire: _Wire) -> None:
        self._start(None)
        item = wire.item
        if not isinstance(item, dict):
            raise Broken("its item is not an object")
        kind = item.get("type")
        index = self._index_of(wire)
        if not isinstance(kind, str) or index in self._slots:
            raise Broken("its item has no type or was added before")
        slot = self._slots[index] = _Slot(kind, item)
        if kind == "message":
            return  # its content parts start by themselves
        opened = self._new_part(slot, 0)
        if kind == "reasoning":
            return  # starts with its first words, which tell a summary from the thought itself; its place is kept
        part = decode_output_item(_as_started(item, kind) if kind in _BLANK_ITEMS else item, "item")[0]
        if isinstance(part, ToolCall):
            self._begin(opened, part)
        else:
            slot.kind = _OPAQUE
            self._opaque_event(self._data)

    def _item_done(self, wire: _Wire) -> None:
        if not isinstance(wire.item, dict):
            raise Broken("its item is not an object")
        self._start(None)
        parts = decode_output_item(wire.item, "item")
        index = self._index_of(wire)
        slot = self._slots.get(index)
        if slot is None:
            slot = self._slots[index] = _Slot(_OPAQUE, wire.item)
        if slot.ended:
            return
        if isinstance(parts[0], Opaque) and slot.parts and slot.kind:
            # What was streamed as text ends as something that this version cannot read: keep what was said.
            self._end_slot(slot)
            return
        # By order, because vLLM (seen at Bedrock) counts a message's content from 1.
        streamed = [opened for _, opened in sorted(slot.parts.items())]
        for position, part in enumerate(parts):
            if position < len(streamed):
                opened = streamed[position]
            else:
                opened = self._new_part(slot, max(slot.parts, default=-1) + 1)
            if not opened.ended:
                final = part if position else _with_status(part, wire.item)
                self._finish(opened, final)
                self._end_part(opened, final)
        self._end_slot(slot)

    def _end_slot(self, slot: _Slot) -> None:
        slot.ended = True
        for opened in slot.parts.values():
            if opened.part is not None and not opened.ended:
                self._end_part(opened, opened.part)

    # --- parts

    def _new_part(self, slot: _Slot, position: int) -> _Open:
        opened = slot.parts[position] = _Open(self._next)
        self._next += 1
        return opened

    def _begin(self, opened: _Open, part: Part) -> None:
        """Start a part with nothing of its text; what it holds already is sent when it is compared."""
        if isinstance(part, ToolCall):
            self._called = True
            part = replace(part, arguments="")
        elif isinstance(part, Text):
            part = replace(part, text="", citations=())
        elif isinstance(part, Refusal):
            part = replace(part, text="")
        elif isinstance(part, Reasoning):
            part = replace(part, text="", encrypted=None)
        opened.part = part
        self._events.append(PartStarted(0, opened.index, part))

    def _finish(self, opened: _Open, final: Part) -> None:
        """Send what the whole part has beyond its deltas."""
        if opened.part is None:
            self._begin(opened, final)
        match final:
            case ToolCall():
                if rest := final.arguments[opened.seen :]:
                    self._events.append(ArgumentsDelta(0, opened.index, rest))
                    opened.seen += len(rest)
            case Text() | Refusal():
                self._rest_of_text(opened, final.text)
            case Reasoning() if _source(final) == _source(opened.part) or not opened.seen:
                self._rest_of_text(opened, final.text)
        if isinstance(final, Text):
            for citation in final.citations[opened.citations :]:
                self._events.append(CitationDelta(0, opened.index, citation))
            opened.citations = max(opened.citations, len(final.citations))
        if isinstance(final, Reasoning) and final.encrypted is not None:
            self._events.append(SignatureDelta(0, opened.index, final.encrypted, encrypted=True))

    def _rest_of_text(self, opened: _Open, text: str) -> None:
        if rest := text[opened.seen :]:
            self._events.append(TextDelta(0, opened.index, rest))
            opened.seen += len(rest)

    def _end_part(self, opened: _Open, final: Part) -> None:
        opened.ended = True
        extra: JsonObject = {}
        if not isinstance(final, Opaque) and opened.part is not None and not isinstance(opened.part, Opaque):
            known = opened.part.extra
            extra = {key: value for key, value in final.extra.items() if known.get(key, UNSET) != value}
        self._events.append(PartEnded(0, opened.index, extra))

    def _content_added(self, wire: _Wire) -> None:
        slot = self._slots.get(self._index_of(wire))
        if slot is not None and slot.kind == "reasoning":
            return  # its deltas tell as well
        slot = self._slot(wire, "message")
        if slot is not None and _part_type(wire.part) is not None:
            self._begin_content(slot, wire.content_index or 0, wire.part)

    def _begin_content(self, slot: _Slot, position: int, native: JsonObject) -> _Open:
        if position in slot.parts:
            raise Broken("its part was added before")
        for opened in slot.parts.values():
            if not opened.ended and opened.part is not None:
                self._end_part(opened, opened.part)
        part = decode_content_part({**native, **_BLANK_PARTS[native["type"]]}, "part")
        if not slot.parts:
            fields = Fields(_as_started(slot.item, "message"))
            notes = (ITEM, *prefixed(item_notes(fields, ""), "item."))
            fields.take("role")
            fields.take("content")
            part = mark_item(part, notes, fields.rest())
        opened = self._new_part(slot, position)
        self._begin(opened, part)
        return opened

    def _content(self, wire: _Wire, kind: str) -> _Open | None:
        """The content part that an event belongs to; one that was never added begins here. None as for `_slot`."""
        slot = self._slot(wire, "message")
        if slot is None:
            return None
        position = wire.content_index or 0
        opened = slot.parts.get(position)
        if opened is None:
            return self._begin_content(slot, position, {"type": kind})
        if opened.ended:
            raise Broken("its part has ended")
        return opened

    def _text_delta(self, wire: _Wire) -> None:
        self._add_content(wire, "output_text")
        if wire.logprobs and isinstance(wire.logprobs, list):
            self._events.append(LogprobsDelta(0, {"content": wire.logprobs}))

    def _refusal_delta(self, wire: _Wire) -> None:
        self._add_content(wire, "refusal")

    def _add_content(self, wire: _Wire, kind: str) -> None:
        opened = self._content(wire, kind)
        if opened is not None:
            self._add_text(opened, wire.delta)

    def _add_text(self, opened: _Open, text: Any) -> None:
        if not isinstance(text, str):
            raise Broken("its text is not a string")
        if text:
            opened.seen += len(text)
            self._events.append(TextDelta(0, opened.index, text))

    def _text_done(self, wire: _Wire) -> None:
        self._content_whole(wire, "output_text", wire.text)

    def _refusal_done(self, wire: _Wire) -> None:
        self._content_whole(wire, "refusal", wire.refusal)

    def _content_whole(self, wire: _Wire, kind: str, text: Any) -> None:
        opened = self._content(wire, kind)
        if opened is not None and isinstance(text, str):
            self._rest_of_text(opened, text)

    def _annotation(self, wire: _Wire) -> None:
        opened = self._content(wire, "output_text")
        if opened is not None and isinstance(wire.annotation, dict):
            opened.citations += 1
            self._events.append(CitationDelta(0, opened.index, decode_citation(wire.annotation)))

    def _content_done(self, wire: _Wire) -> None:
        slot, kind = self._slots.get(self._index_of(wire)), _part_type(wire.part)
        if slot is None or slot.kind != "message" or kind is None:
            return
        opened = self._content(wire, kind)
        if opened is not None:
            self._finish(opened, decode_content_part(wire.part, "part"))

    def _summary_delta(self, wire: _Wire) -> None:
        self._reasoning_delta(wire, "summary:", wire.summary_index)

    def _thought_delta(self, wire: _Wire) -> None:
        self._reasoning_delta(wire, "content:", wire.content_index)

    def _reasoning_delta(self, wire: _Wire, source: str, position: int | None) -> None:
        slot = self._slot(wire, "reasoning")
        if slot is None:
            return
        opened = slot.parts.get(0) or self._new_part(slot, 0)
        if opened.part is None:
            part = decode_output_item(_as_started(slot.item, "reasoning"), "item")[0]
            if not isinstance(part, Reasoning):
                raise Broken("its item is not readable")
            self._begin(opened, replace(part, spelling=(source, *part.spelling)))
        if opened.ended:
            raise Broken("its item has ended")
        if not isinstance(opened.part, Reasoning) or source not in opened.part.spelling:
            return  # both a summary and the thought itself: the first that came is read, the final item has both
        if position is not None and position > opened.summary_index and opened.seen:
            self._add_text(opened, SUMMARY_SEPARATOR)
        opened.summary_index = max(opened.summary_index, position or 0)
        self._add_text(opened, wire.delta)

    def _arguments_delta(self, wire: _Wire) -> None:
        self._add_arguments(wire, "function_call", wire.delta, whole=False)

    def _arguments_done(self, wire: _Wire) -> None:
        self._add_arguments(wire, "function_call", wire.arguments, whole=True)

    def _input_delta(self, wire: _Wire) -> None:
        self._add_arguments(wire, "custom_tool_call", wire.delta, whole=False)

    def _input_done(self, wire: _Wire) -> None:
        self._add_arguments(wire, "custom_tool_call", wire.input, whole=True)

    def _add_arguments(self, wire: _Wire, kind: str, text: Any, *, whole: bool) -> None:
        slot = self._slots.get(self._index_of(wire))
        if slot is None:
            raise Broken("it is for a tool call that was not added")
        if slot.kind != kind:  # xAI's own tools use these events too
            self._opaque_event(self._data)
            return
        opened = slot.parts[0]
        if opened.ended:
            raise Broken("its item has ended")
        if not isinstance(text, str):
            raise Broken("its text is not a string")
        rest = text[opened.seen :] if whole else text
        if rest:
            opened.seen += len(rest)
            self._events.append(ArgumentsDelta(0, opened.index, rest))

    def _repeats(self, wire: _Wire) -> None:
        """The event says nothing that its deltas and its item's end do not say."""


def _part_type(part: Any) -> str | None:
    """The type of a content part that this version reads, or None."""
    kind = part.get("type") if isinstance(part, dict) else None
    return kind if isinstance(kind, str) and kind in _BLANK_PARTS else None


def _source(part: Part | None) -> str:
    """Whether a reasoning part holds a summary or the thought itself; "" when it is empty."""
    notes = part.spelling if isinstance(part, Reasoning) else ()
    return next((entry.partition(":")[0] for entry in notes if entry.startswith(_SOURCES)), "")


_SOURCES = ("summary:", "content:")


def _as_started(item: JsonObject, kind: str) -> JsonObject:
    """An item as it was added, with nothing of its text and, where it has a status, that of a whole item: a
    different one is learned at its end."""
    blank = {**item, **_BLANK_ITEMS[kind], "type": kind}
    if "status" in blank:
        blank["status"] = "completed"
    if isinstance(blank.get("encrypted_content"), str):  # OpenAI sends a first one that the last one replaces
        del blank["encrypted_content"]
    return blank


def _with_status(part: Part, item: JsonObject) -> Part:
    """Where an item ended in another way than completed, its status is a field learned at the end."""
    status = item.get("status")
    if not isinstance(status, str) or status == "completed":
        return part
    match part:
        case ToolCall() | Reasoning():
            return replace(part, extra={**part.extra, "status": status})
        case Text() | Refusal():
            message = {**part.extra.get("message", {}), "status": status}
            return replace(part, extra={**part.extra, "message": message})
    return part


_BLANK_ITEMS: dict[str, JsonObject] = {
    "message": {},
    "reasoning": {"summary": []},
    "function_call": {"arguments": ""},
    "custom_tool_call": {"input": ""},
}

_BLANK_PARTS: dict[str, JsonObject] = {"output_text": {"text": ""}, "refusal": {"refusal": ""}}

_ENDS = {"response.completed": "completed", "response.incomplete": "incomplete"}
_FAILURES = frozenset({"response.failed", "response.cancelled"})

_HANDLERS: dict[str, Callable[[ResponsesStreamDecoder, _Wire], None]] = {
    "response.created": ResponsesStreamDecoder._created,
    "response.queued": ResponsesStreamDecoder._created,
    "response.in_progress": ResponsesStreamDecoder._created,
    "response.output_item.added": ResponsesStreamDecoder._item_added,
    "response.output_item.done": ResponsesStreamDecoder._item_done,
    "response.content_part.added": ResponsesStreamDecoder._content_added,
    "response.content_part.done": ResponsesStreamDecoder._content_done,
    "response.output_text.delta": ResponsesStreamDecoder._text_delta,
    "response.output_text.done": ResponsesStreamDecoder._text_done,
    "response.output_text.annotation.added": ResponsesStreamDecoder._annotation,
    "response.refusal.delta": ResponsesStreamDecoder._refusal_delta,
    "response.refusal.done": ResponsesStreamDecoder._refusal_done,
    "response.reasoning_summary_text.delta": ResponsesStreamDecoder._summary_delta,
    "response.reasoning_text.delta": ResponsesStreamDecoder._thought_delta,
    # Open Responses' name for the same event: open-responses.types.schema.json, ResponseReasoningDeltaStreamingEvent.
    "response.reasoning.delta": ResponsesStreamDecoder._thought_delta,
    "response.function_call_arguments.delta": ResponsesStreamDecoder._arguments_delta,
    "response.function_call_arguments.done": ResponsesStreamDecoder._arguments_done,
    "response.custom_tool_call_input.delta": ResponsesStreamDecoder._input_delta,
    "response.custom_tool_call_input.done": ResponsesStreamDecoder._input_done,
    # These repeat what other events say.
    "response.reasoning_summary_part.added": ResponsesStreamDecoder._repeats,
    "response.reasoning_summary_part.done": ResponsesStreamDecoder._repeats,
    "response.reasoning_summary_text.done": ResponsesStreamDecoder._repeats,
    "response.reasoning_text.done": ResponsesStreamDecoder._repeats,
    "response.reasoning.done": ResponsesStreamDecoder._repeats,
    "response.reasoning_part.added": ResponsesStreamDecoder._repeats,
    "response.reasoning_part.done": ResponsesStreamDecoder._repeats,
}
