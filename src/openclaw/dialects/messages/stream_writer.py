"""Anthropic's event stream, written: events in, bytes out. Blocks come strictly one after another."""

from collections.abc import Callable
from typing import Any

import msgspec

from openclaw.calls import (
    ArgumentsDelta,
    Call,
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
    Refusal,
    ReplyEnded,
    ReplyStarted,
    SignatureDelta,
    StreamFailed,
    Text,
    TextDelta,
    ToolCall,
    Usage,
    UsageReported,
)
from openclaw.dialects.messages.content import DIALECT
from openclaw.dialects.messages.errors import error_object
from openclaw.dialects.messages.reply import (
    END_FIELDS,
    block_for_caller,
    citation_for_caller,
    encode_usage,
    message_id,
    stop_of_finish,
)
from openclaw.dialects.sequence import Sequencer
from openclaw.dialects.sse import sse_frame

_ENCODE = msgspec.json.Encoder().encode

# What Anthropic itself streams in pieces inside blocks that are opaque to us: the field, the delta and its key.
_OPAQUE_DELTAS = {
    "server_tool_use": ("input", "input_json_delta", "partial_json"),
    "mcp_tool_use": ("input", "input_json_delta", "partial_json"),
    "compaction": ("content", "compaction_delta", "content"),
}


class _Block:
    """The block being written. `number` is None until its start is on the wire."""

    __slots__ = ("free_text", "number", "part", "signature")

    def __init__(self, part: Part) -> None:
        self.part = part
        self.number: int | None = None
        self.signature: list[str] = []  # clients take one signature_delta, the last
        self.free_text: list[str] = []  # a custom tool's input, which becomes JSON only when it is whole


class MessagesStreamEncoder:
    __slots__ = (
        "_block",
        "_finished",
        "_model",
        "_numbers",
        "_over",
        "_own",
        "_parts",
        "_sequencer",
        "_start",
        "_usage",
    )

    def __init__(self, call: Call | None = None) -> None:
        self._model = call.model if call is not None else ""
        self._sequencer = Sequencer()
        self._block: _Block | None = None
        self._numbers = 0
        self._start: ReplyStarted | None = None  # held until the next event, which may bring the input's usage
        self._usage: Usage | None = None
        self._finished: ChoiceFinished | None = None
        self._parts: set[type] = set()
        self._own = self._over = False

    def encode(self, event: Event) -> bytes:
        """Safe to call with every event of the grammar, in order. Only the first choice is written."""
        if self._over:
            return b""
        handle = _HANDLERS.get(type(event))
        if handle is not None:
            return handle(self, event)
        if getattr(event, "choice", 0) != 0 or type(event) not in _PARTS:
            return b""  # log probabilities and further choices
        written = self._held_start()
        for ready in self._sequencer.add(event):  # type: ignore[arg-type]  # _PARTS holds the part events
            written += _PARTS[type(ready)](self, ready)
        return written

    # --- the message

    def _reply_started(self, event: ReplyStarted) -> bytes:
        self._start = event
        self._own = event.dialect == DIALECT
        return b""

    def _held_start(self) -> bytes:
        start = self._start
        if start is None:
            return b""
        self._start = None
        own = self._own
        message: JsonObject = {
            "id": message_id(start.id, own=own),
            "type": "message",
            "role": "assistant",
            "model": start.model or self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": encode_usage(self._usage, own=own),
        }
        if own:
            message |= start.extra
        return _frame({"type": "message_start", "message": message})

    def _usage_reported(self, event: UsageReported) -> bytes:
        self._usage = event.usage
        return self._held_start()

    def _choice_finished(self, event: ChoiceFinished) -> bytes:
        if event.choice == 0:
            self._finished = event
        return self._held_start()

    def _reply_ended(self, event: ReplyEnded) -> bytes:
        """The end is written only now, because the usage may come after the finish."""
        written = self._held_start()
        for ready in self._sequencer.finish():
            written += _PARTS[type(ready)](self, ready)
        self._over = True
        return written + self._message_delta() + _frame({"type": "message_stop"})

    def _message_delta(self) -> bytes:
        finished = self._finished or ChoiceFinished(0, "unknown")
        own = self._own
        delta = {
            "stop_reason": stop_of_finish(finished.finish_reason, finished.native_finish_reason, self._parts, own=own),
            "stop_sequence": finished.stop_sequence,
        }
        event: JsonObject = {"type": "message_delta", "delta": delta, "usage": encode_usage(self._usage, own=own)}
        if own:
            extra = dict(finished.extra)
            if "context_management" in extra:  # the one that stands beside `delta`
                event["context_management"] = extra.pop("context_management")
            delta |= {key: extra[key] for key in END_FIELDS if key in extra}
        return _frame(event)

    def _failed(self, event: StreamFailed) -> bytes:
        self._over = True
        return _frame(error_object(event.failure))

    def _opaque_event(self, event: OpaqueEvent) -> bytes:
        if event.dialect != DIALECT:
            return b""
        if event.native.get("type") != "content_block_delta":
            return self._held_start() + _frame(event.native)
        block = self._block
        if block is None or block.number is None:
            return b""
        return _frame({**event.native, "index": block.number})

    # --- blocks

    def _part_started(self, event: PartStarted) -> bytes:
        part = event.part
        block = self._block = _Block(part)
        self._parts.add(type(part))
        match part:
            case Reasoning():
                # Whether it is a thought, a hidden one or nothing to show is known with the first delta.
                ready = bool(part.text or part.signature or part.encrypted) and part.dialect == DIALECT
                return self._start_block(block) if ready or part.text else b""
            case Text() | Refusal() if not self._own and not part.text:
                return b""  # see is_empty_text
            case ToolCall():
                return self._start_block(block) + self._arguments(block, part.arguments)
            case Opaque():
                return self._opaque_block(block, part)
            case _:
                return self._start_block(block)

    def _start_block(self, block: _Block) -> bytes:
        part = block.part
        if isinstance(part, ToolCall):
            part = msgspec.structs.replace(part, arguments="", kind="function")
        native = block_for_caller(part)
        if native is None and isinstance(part, Reasoning):
            native = {"type": "thinking", "thinking": part.text, "signature": ""}
        return b"" if native is None else self._write_start(block, native)

    def _write_start(self, block: _Block, native: JsonObject) -> bytes:
        if native["type"] == "thinking":
            native = {"signature": "", **native}
        block.number = self._numbers
        self._numbers += 1
        return _frame({"type": "content_block_start", "index": block.number, "content_block": native})

    def _opaque_block(self, block: _Block, part: Opaque) -> bytes:
        if part.dialect != DIALECT:
            return b""
        field, delta, key = _OPAQUE_DELTAS.get(part.kind, ("", "", ""))
        value = part.native.get(field)
        if not value:
            return self._write_start(block, part.native)
        empty: Any = {} if field == "input" else None
        text = _ENCODE(value).decode() if field == "input" else value
        return self._write_start(block, {**part.native, field: empty}) + self._delta(block, {"type": delta, key: text})

    def _text_delta(self, event: TextDelta) -> bytes:
        block = self._block
        if block is None:
            return b""
        started = self._start_block(block) if block.number is None else b""
        if isinstance(block.part, Reasoning):
            return started + self._delta(block, {"type": "thinking_delta", "thinking": event.text})
        return started + self._delta(block, {"type": "text_delta", "text": event.text})

    def _arguments_delta(self, event: ArgumentsDelta) -> bytes:
        return self._arguments(self._block, event.arguments) if self._block is not None else b""

    def _arguments(self, block: _Block, text: str) -> bytes:
        if isinstance(block.part, ToolCall) and block.part.kind == "custom":
            block.free_text.append(text)
            return b""
        return self._delta(block, {"type": "input_json_delta", "partial_json": text}) if text else b""

    def _signature_delta(self, event: SignatureDelta) -> bytes:
        block = self._block
        if block is None or not isinstance(block.part, Reasoning) or block.part.dialect != DIALECT:
            return b""  # opaque state of another provider
        if event.encrypted:
            if block.number is not None:
                return b""
            return self._write_start(block, {"type": "redacted_thinking", "data": event.signature})
        block.signature.append(event.signature)
        return self._start_block(block) if block.number is None else b""

    def _citation_delta(self, event: CitationDelta) -> bytes:
        block, citation = self._block, citation_for_caller(event.citation)
        if block is None or citation is None or not isinstance(block.part, Text):
            return b""
        return self._delta(block, {"type": "citations_delta", "citation": citation})

    def _part_ended(self, event: PartEnded) -> bytes:
        block, self._block = self._block, None
        if block is None:
            return b""
        written = b""
        if block.number is None and isinstance(block.part, Reasoning) and block.part.dialect == DIALECT:
            written += self._start_block(block)  # a thought that stayed hidden
        if block.number is None:
            return written
        if block.free_text:
            text = _ENCODE({"input": "".join(block.free_text)}).decode()
            written += self._delta(block, {"type": "input_json_delta", "partial_json": text})
        if block.signature:
            written += self._delta(block, {"type": "signature_delta", "signature": "".join(block.signature)})
        return written + _frame({"type": "content_block_stop", "index": block.number})

    def _delta(self, block: _Block, delta: JsonObject) -> bytes:
        if block.number is None:
            return b""
        return _frame({"type": "content_block_delta", "index": block.number, "delta": delta})


def _frame(event: JsonObject) -> bytes:
    return sse_frame(_ENCODE(event), event["type"])


_HANDLERS: dict[type, Callable[[MessagesStreamEncoder, Any], bytes]] = {
    ReplyStarted: MessagesStreamEncoder._reply_started,
    UsageReported: MessagesStreamEncoder._usage_reported,
    ChoiceFinished: MessagesStreamEncoder._choice_finished,
    ReplyEnded: MessagesStreamEncoder._reply_ended,
    StreamFailed: MessagesStreamEncoder._failed,
    OpaqueEvent: MessagesStreamEncoder._opaque_event,
}

_PARTS: dict[type, Callable[[MessagesStreamEncoder, Any], bytes]] = {
    PartStarted: MessagesStreamEncoder._part_started,
    TextDelta: MessagesStreamEncoder._text_delta,
    ArgumentsDelta: MessagesStreamEncoder._arguments_delta,
    SignatureDelta: MessagesStreamEncoder._signature_delta,
    CitationDelta: MessagesStreamEncoder._citation_delta,
    PartEnded: MessagesStreamEncoder._part_ended,
}
