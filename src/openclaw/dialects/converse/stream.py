"""Converse's event stream, read: frames in, events out.

Only tool blocks announce themselves; text and reasoning start with their first delta. `messageStop` completes the
answer and `metadata` follows it with the usage, so the reply ends there, or with the connection when none comes.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from openclaw.calls import (
    ArgumentsDelta,
    ChoiceFinished,
    CitationDelta,
    Event,
    JsonObject,
    Opaque,
    OpaqueEvent,
    Part,
    PartEnded,
    PartStarted,
    Reasoning,
    ReplyEnded,
    ReplyStarted,
    SignatureDelta,
    Text,
    TextDelta,
    ToolCall,
    UsageReported,
)
from openclaw.dialects.converse.content import DIALECT, decode_block, decode_citation
from openclaw.dialects.converse.errors import decode_exception
from openclaw.dialects.converse.reply import END_FIELDS, decode_usage, finish_of_stop
from openclaw.dialects.eventstream import Frame, FrameDecoder
from openclaw.dialects.failures import shown
from openclaw.dialects.json_stream import Broken, DocumentReader
from openclaw.dialects.jsontext import NotJson, parse
from openclaw.dialects.sse import SseEvent


class _Block:
    """A content block that is open; `index` is its part's. Blocks opaque to us are held until they are whole."""

    __slots__ = ("index", "json", "native", "part_type")

    def __init__(self, part_type: type, native: JsonObject | None = None) -> None:
        self.index = -1
        self.part_type = part_type
        self.native = native
        self.json: list[str] = []


class ConverseStreamDecoder(DocumentReader[JsonObject]):
    """One answer; what follows its end is ignored."""

    def __init__(self) -> None:
        super().__init__()
        self._frames = FrameDecoder()
        self._blocks: dict[int, _Block] = {}  # by Bedrock's index
        self._ended: set[int] = set()
        self._total = 0
        self._started = self._stopped = False

    def feed(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        if self._over:
            return events
        frames, bad = self._frames.feed(data)
        for frame in frames:
            self._message(frame, events)
        if bad is not None and not self._over:
            self._fail(events, "malformed", f"The provider sent bytes that are not an event stream ({bad}).")
        return events

    def end(self) -> list[Event]:
        events: list[Event] = []
        if self._over:
            return events
        if self._stopped and not self._frames.in_a_frame:
            self._over = True
            events.append(ReplyEnded())
        else:
            self._cut(events)
        return events

    def _message(self, frame: Frame, events: list[Event]) -> None:
        if self._over:
            return
        headers = frame.headers
        match headers.get(":message-type"):
            case "exception":
                self._failed(events, decode_exception(headers.get(":exception-type"), frame.payload))
            case "error":  # of the transport, outside the API model
                message = shown(headers.get(":error-message"))
                failure = decode_exception(headers.get(":error-code"), frame.payload)
                self._failed(events, msgspec.structs.replace(failure, message=message or failure.message))
            case _:
                self._frame(SseEvent(frame.payload, headers.get(":event-type")), events)

    def _read(self, event: JsonObject, frame: SseEvent, events: list[Event]) -> None:
        handle = _HANDLERS.get(frame.event) if isinstance(frame.event, str) else None
        if handle is None:
            events.append(OpaqueEvent(DIALECT, {str(frame.event): event}))
        else:
            handle(self, event, events)

    # --- the message

    def _message_start(self, event: JsonObject, events: list[Event]) -> None:
        if self._started:
            raise Broken("a second messageStart")
        self._started = True
        events.append(ReplyStarted(id="", model="", dialect=DIALECT))

    def _message_stop(self, event: JsonObject, events: list[Event]) -> None:
        if not self._started or self._stopped:
            raise Broken("messageStop without a message")
        self._stopped = True
        for key in list(self._blocks):
            self._close(key, events)
        finish, native = finish_of_stop(event.get("stopReason"))
        extra = {key: event[key] for key in END_FIELDS if key in event}
        events.append(ChoiceFinished(0, finish, native, extra=extra))

    def _metadata(self, event: JsonObject, events: list[Event]) -> None:
        usage = event.get("usage")
        if isinstance(usage, dict):
            events.append(UsageReported(decode_usage(usage)))
        rest = {key: value for key, value in event.items() if key not in ("usage", "p")}
        if rest:
            events.append(OpaqueEvent(DIALECT, {"metadata": rest}))
        if self._stopped:
            self._over = True
            events.append(ReplyEnded())

    # --- blocks

    def _open(self, key: object, part: Part, events: list[Event], *, held: JsonObject | None = None) -> _Block:
        if not self._started or self._stopped:
            raise Broken("a content block outside the message")
        if type(key) is not int or key in self._blocks or key in self._ended:
            raise Broken("a content block without a new index")
        block = self._blocks[key] = _Block(type(part), held)
        if held is None:
            self._start(block, part, events)
        return block

    def _start(self, block: _Block, part: Part, events: list[Event]) -> None:
        block.index = self._total
        self._total += 1
        events.append(PartStarted(0, block.index, part))

    def _block_start(self, event: JsonObject, events: list[Event]) -> None:
        start = event.get("start")
        if not isinstance(start, dict):
            raise Broken("contentBlockStart without start")
        tool = start.get("toolUse")
        if isinstance(tool, dict) and tool.get("type") != "server_tool_use":
            part = decode_block({"toolUse": {**tool, "input": {}}}, "start")
            if not isinstance(part, ToolCall):
                raise Broken("a toolUse without name")
            self._open(event.get("contentBlockIndex"), msgspec.structs.replace(part, arguments=""), events)
            return
        if not start:
            return  # recorded for text by no one, but the shape allows it; the first delta opens the block
        native = {kind: dict(value) if isinstance(value, dict) else {} for kind, value in start.items()}
        self._open(event.get("contentBlockIndex"), Opaque(DIALECT, native), events, held=native)

    def _block_delta(self, event: JsonObject, events: list[Event]) -> None:
        key, delta = event.get("contentBlockIndex"), event.get("delta")
        if type(key) is not int or not isinstance(delta, dict):
            raise Broken("contentBlockDelta without index and delta")
        block = self._blocks.get(key)
        if block is not None and block.native is not None:
            _held_delta(block, block.native, delta)
            return
        for kind, value in delta.items():
            known = _DELTAS.get(kind)
            if known is None:
                events.append(OpaqueEvent(DIALECT, {"contentBlockDelta": event}))
                continue
            empty, read = known
            if block is None and empty is None:
                raise Broken("toolUse input without a started toolUse")
            block = block or self._open(key, empty, events)  # type: ignore[arg-type]  # checked by the line before
            if block.part_type is not (ToolCall if empty is None else type(empty)):
                raise Broken("a delta of another kind than its block")
            read(block.index, value, events)

    def _block_stop(self, event: JsonObject, events: list[Event]) -> None:
        key = event.get("contentBlockIndex")
        if type(key) is not int:
            raise Broken("contentBlockStop without an index")
        if key not in self._blocks:
            if not self._started or self._stopped or key in self._ended:
                raise Broken("contentBlockStop without an open block")
            self._open(key, Text(""), events)  # a text block that stayed empty
        self._close(key, events)

    def _close(self, key: int, events: list[Event]) -> None:
        block = self._blocks.pop(key)
        self._ended.add(key)
        if block.native is not None:
            native = _whole(block, block.native)
            self._start(block, Opaque(DIALECT, native, next(iter(native), "")), events)
        events.append(PartEnded(0, block.index))


def _held_delta(block: _Block, native: JsonObject, delta: JsonObject) -> None:
    """Add a delta to a held block: tool input as JSON text, lists (results) as more items, objects (images) merged."""
    for kind, value in delta.items():
        inner = native.setdefault(kind, {})
        if kind == "toolUse" and isinstance(value, dict) and isinstance(value.get("input"), str):
            block.json.append(value["input"])
        elif isinstance(value, list) and isinstance(inner, dict):
            inner["content"] = [*inner.get("content", ()), *value]
        elif isinstance(value, dict) and isinstance(inner, dict):
            inner |= value


def _whole(block: _Block, native: JsonObject) -> JsonObject:
    if not block.json:
        return native
    try:
        return {**native, "toolUse": {**native["toolUse"], "input": parse("".join(block.json).encode())}}
    except NotJson as error:
        raise Broken("the input of a provider-run tool is not JSON") from error


# --- deltas: the part that the first one opens (none for tool calls), and how one is read ---------------------


def _text(index: int, value: Any, events: list[Event]) -> None:
    if type(value) is not str:
        raise Broken("a text delta without text")
    events.append(TextDelta(0, index, value))


def _arguments(index: int, value: Any, events: list[Event]) -> None:
    text = value.get("input") if isinstance(value, dict) else None
    if type(text) is not str:
        raise Broken("a toolUse delta without input")
    events.append(ArgumentsDelta(0, index, text))


def _reasoning(index: int, value: Any, events: list[Event]) -> None:
    if not isinstance(value, dict):
        raise Broken("a reasoning delta that is not an object")
    text, signature, redacted = value.get("text"), value.get("signature"), value.get("redactedContent")
    if isinstance(text, str):
        events.append(TextDelta(0, index, text))
    if isinstance(signature, str):
        events.append(SignatureDelta(0, index, signature))
    if isinstance(redacted, str):
        events.append(SignatureDelta(0, index, redacted, encrypted=True))


def _citation(index: int, value: Any, events: list[Event]) -> None:
    events.append(CitationDelta(0, index, decode_citation(value, "delta.citation")))


_DELTAS: dict[str, tuple[Part | None, Callable[[int, Any, list[Event]], None]]] = {
    "text": (Text(""), _text),
    "citation": (Text(""), _citation),
    "reasoningContent": (Reasoning(dialect=DIALECT), _reasoning),
    "toolUse": (None, _arguments),
}

_HANDLERS: dict[str, Callable[[ConverseStreamDecoder, JsonObject, list[Event]], None]] = {
    "messageStart": ConverseStreamDecoder._message_start,
    "contentBlockStart": ConverseStreamDecoder._block_start,
    "contentBlockDelta": ConverseStreamDecoder._block_delta,
    "contentBlockStop": ConverseStreamDecoder._block_stop,
    "messageStop": ConverseStreamDecoder._message_stop,
    "metadata": ConverseStreamDecoder._metadata,
}
