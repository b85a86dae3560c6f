"""Anthropic's event stream, read: bytes in, events out."""

from collections.abc import Callable

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
from openclaw.dialects.json_stream import Broken, JsonStreamDecoder
from openclaw.dialects.jsontext import NotJson, parse
from openclaw.dialects.messages.content import DIALECT, decode_block, decode_citation
from openclaw.dialects.messages.errors import decode_error_event
from openclaw.dialects.messages.reply import END_FIELDS, decode_usage, finish_of_stop
from openclaw.dialects.sse import SseEvent

_MESSAGE_FIELDS = frozenset(
    {"id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage", *END_FIELDS}
)


class _Block:
    """A content block that is open; `index` is its part's. Opaque blocks are held until they are whole."""

    __slots__ = ("deltas", "index", "input", "json", "native")

    def __init__(self, part: Part, native: JsonObject) -> None:
        self.index = -1
        self.deltas = _DELTAS_OF_PART.get(type(part), {})
        self.native = native if isinstance(part, Opaque) else None
        self.input = part.arguments if isinstance(part, ToolCall) and part.arguments != "{}" else ""
        """Arguments that came with the block's start; they count only when no delta follows."""
        self.json: list[str] = []


class MessagesStreamDecoder(JsonStreamDecoder[JsonObject]):
    """One answer: from `message_start` to the first `message_stop` or `error`; what follows is ignored."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks: dict[int, _Block] = {}  # by Anthropic's index
        self._total = 0
        self._usage: JsonObject = {}
        self._stop: JsonObject = {}
        self._started = self._finished = False

    def _read(self, event: JsonObject, frame: SseEvent, events: list[Event]) -> None:
        kind = event.get("type")
        handle = _HANDLERS.get(kind) if isinstance(kind, str) else None
        if handle is None:
            events.append(OpaqueEvent(DIALECT, event))
            return
        if not self._started and kind not in ("message_start", "error"):
            raise Broken(f"{kind} before message_start")
        handle(self, event, events)

    # --- the message

    def _message_start(self, event: JsonObject, events: list[Event]) -> None:
        message = event.get("message")
        if self._started or not isinstance(message, dict):
            raise Broken("a second or empty message_start")
        self._started = True
        usage, stop, content = message.get("usage"), message.get("stop_reason"), message.get("content")
        tier = usage.get("service_tier") if isinstance(usage, dict) else None
        events.append(
            ReplyStarted(
                id=_text(message.get("id")),
                model=_text(message.get("model")),
                service_tier=tier if isinstance(tier, str) else None,
                extra={key: value for key, value in message.items() if key not in _MESSAGE_FIELDS},
                dialect=DIALECT,
            )
        )
        self._take_usage(usage, events)
        self._stop = {key: message[key] for key in END_FIELDS if message.get(key) is not None}
        if stop is not None:
            self._stop |= {"stop_reason": stop, "stop_sequence": message.get("stop_sequence")}
        if isinstance(content, list):
            for i, block in enumerate(content):  # a message that is whole at its start
                part = decode_block(block, f"content[{i}]")
                events += (PartStarted(0, self._total, part), PartEnded(0, self._total))
                self._total += 1

    def _message_delta(self, event: JsonObject, events: list[Event]) -> None:
        delta = event.get("delta")
        if isinstance(delta, dict):
            self._stop |= delta
        for key in END_FIELDS:
            if key in event:
                self._stop[key] = event[key]
        if self._stop.get("stop_reason") is not None:
            self._finish(events)
        self._take_usage(event.get("usage"), events)

    def _message_stop(self, event: JsonObject, events: list[Event]) -> None:
        self._finish(events)
        events.append(ReplyEnded())
        self._over = True

    def _finish(self, events: list[Event]) -> None:
        if self._finished:
            return
        self._finished = True
        for key in list(self._blocks):  # some compatible servers leave out content_block_stop
            self._close(key, events)
        finish, native = finish_of_stop(self._stop.pop("stop_reason", None))
        sequence = self._stop.pop("stop_sequence", None)
        events.append(
            ChoiceFinished(0, finish, native, sequence if isinstance(sequence, str) else None, dict(self._stop))
        )

    def _take_usage(self, usage: object, events: list[Event]) -> None:
        """Counts are cumulative; a null says nothing and does not replace a count."""
        if isinstance(usage, dict):
            self._usage = {**self._usage, **{k: v for k, v in usage.items() if v is not None or k not in self._usage}}
            events.append(UsageReported(decode_usage(self._usage)))

    def _error(self, event: JsonObject, events: list[Event]) -> None:
        self._failed(events, decode_error_event(event))

    # --- blocks

    def _block_start(self, event: JsonObject, events: list[Event]) -> None:
        key, native = event.get("index"), event.get("content_block")
        if type(key) is not int or key in self._blocks or self._finished or not isinstance(native, dict):
            raise Broken("content_block_start without a new index and a block")
        part = decode_block(native, "content_block")
        block = self._blocks[key] = _Block(part, native)
        if block.native is None:
            self._start(block, _as_started(part), events)

    def _start(self, block: _Block, part: Part, events: list[Event]) -> None:
        block.index = self._total
        self._total += 1
        events.append(PartStarted(0, block.index, part))

    def _block_delta(self, event: JsonObject, events: list[Event]) -> None:
        key, delta = event.get("index"), event.get("delta")
        block = self._blocks.get(key) if type(key) is int else None
        if block is None or not isinstance(delta, dict):
            raise Broken("content_block_delta without an open block and a delta")
        kind = delta.get("type")
        if block.native is not None:
            self._opaque_delta(block, kind, delta)
            return
        read = block.deltas.get(kind) if isinstance(kind, str) else None
        if read is None:
            events.append(OpaqueEvent(DIALECT, event))
            return
        events.append(read(block, delta))

    def _opaque_delta(self, block: _Block, kind: object, delta: JsonObject) -> None:
        """Input of a provider-run tool in pieces; any other delta's fields replace the block's (compaction)."""
        if kind == "input_json_delta":
            block.json.append(_required_text(delta, "partial_json"))
        else:
            block.native = {**(block.native or {}), **{k: v for k, v in delta.items() if k != "type"}}

    def _block_stop(self, event: JsonObject, events: list[Event]) -> None:
        key = event.get("index")
        if type(key) is not int or key not in self._blocks:
            raise Broken("content_block_stop without an open block")
        self._close(key, events)

    def _close(self, key: int, events: list[Event]) -> None:
        block = self._blocks.pop(key)
        if block.native is not None:
            self._start(block, decode_block(_with_input(block), "content_block"), events)
        elif block.input:
            events.append(ArgumentsDelta(0, block.index, block.input))
        events.append(PartEnded(0, block.index))


def _as_started(part: Part) -> Part:
    """A tool call's arguments and a thought's signature start empty; their deltas fill them."""
    if isinstance(part, ToolCall):
        return msgspec.structs.replace(part, arguments="")
    if isinstance(part, Reasoning) and not part.signature:
        return msgspec.structs.replace(part, signature=None)
    return part


def _with_input(block: _Block) -> JsonObject:
    native = block.native or {}
    text = "".join(block.json)
    if not text:
        return native
    try:
        return {**native, "input": parse(text.encode())}
    except NotJson as error:
        raise Broken("the input of a provider-run tool is not JSON") from error


# --- deltas --------------------------------------------------------------------------------------------------


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _required_text(delta: JsonObject, key: str) -> str:
    value = delta.get(key)
    if type(value) is not str:
        raise Broken(f"a delta without {key}")
    return value


def _text_delta(block: _Block, delta: JsonObject) -> Event:
    return TextDelta(0, block.index, _required_text(delta, "text"))


def _thinking_delta(block: _Block, delta: JsonObject) -> Event:
    return TextDelta(0, block.index, _required_text(delta, "thinking"))


def _signature_delta(block: _Block, delta: JsonObject) -> Event:
    return SignatureDelta(0, block.index, _required_text(delta, "signature"))


def _json_delta(block: _Block, delta: JsonObject) -> Event:
    text = _required_text(delta, "partial_json")
    if text:
        block.input = ""
    return ArgumentsDelta(0, block.index, text)


def _citations_delta(block: _Block, delta: JsonObject) -> Event:
    return CitationDelta(0, block.index, decode_citation(delta.get("citation"), "delta.citation"))


_DELTAS_OF_PART: dict[type, dict[str, Callable[[_Block, JsonObject], Event]]] = {
    Text: {"text_delta": _text_delta, "citations_delta": _citations_delta},
    Reasoning: {"thinking_delta": _thinking_delta, "signature_delta": _signature_delta},
    ToolCall: {"input_json_delta": _json_delta},
}

_HANDLERS: dict[str, Callable[[MessagesStreamDecoder, JsonObject, list[Event]], None]] = {
    "message_start": MessagesStreamDecoder._message_start,
    "message_delta": MessagesStreamDecoder._message_delta,
    "message_stop": MessagesStreamDecoder._message_stop,
    "content_block_start": MessagesStreamDecoder._block_start,
    "content_block_delta": MessagesStreamDecoder._block_delta,
    "content_block_stop": MessagesStreamDecoder._block_stop,
    "error": MessagesStreamDecoder._error,
}
