"""Anthropic's event stream, written: events in, bytes out."""

from typing import Any

import msgspec

from openclaw.calls import (
    Call,
    ChoiceFinished,
    CitationDelta,
    JsonObject,
    Opaque,
    OpaqueEvent,
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
    UsageReported,
)
from openclaw.dialects.block_stream import Block, BlockStreamEncoder
from openclaw.dialects.jsontext import encode as encode_json
from openclaw.dialects.messages.content import DIALECT
from openclaw.dialects.messages.errors import error_event
from openclaw.dialects.messages.reply import (
    END_FIELDS,
    block_for_caller,
    citation_for_caller,
    encode_usage,
    message_id,
    stop_of_finish,
)
from openclaw.dialects.sse import sse_frame

# What Anthropic itself streams in pieces inside blocks that are opaque to us: the field, the delta and its key.
_OPAQUE_DELTAS = {
    "server_tool_use": ("input", "input_json_delta", "partial_json"),
    "mcp_tool_use": ("input", "input_json_delta", "partial_json"),
    "compaction": ("content", "compaction_delta", "content"),
}


class MessagesStreamEncoder(BlockStreamEncoder):
    __slots__ = ("_model", "_start")

    def __init__(self, call: Call | None = None) -> None:
        super().__init__()
        self._model = call.model if call is not None else ""
        self._start: ReplyStarted | None = None  # held until the next event, which may bring the input's usage

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

    def _reply_ended(self, event: ReplyEnded) -> bytes:
        """The end is written only now, because the usage may come after the finish."""
        written = self._held_start() + self._rest_of_parts()
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
        return error_event(event.failure)

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
        block = self._block = Block(part)
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

    def _start_block(self, block: Block) -> bytes:
        part = block.part
        if isinstance(part, ToolCall):
            part = msgspec.structs.replace(part, arguments="", kind="function")
        native = block_for_caller(part, own=self._own)
        if native is None and isinstance(part, Reasoning):
            native = {"type": "thinking", "thinking": part.text, "signature": ""}
        return b"" if native is None else self._write_start(block, native)

    def _write_start(self, block: Block, native: JsonObject) -> bytes:
        if native["type"] == "thinking":
            native = {"signature": "", **native}
        return _frame({"type": "content_block_start", "index": self._take_number(block), "content_block": native})

    def _opaque_block(self, block: Block, part: Opaque) -> bytes:
        if part.dialect != DIALECT:
            return b""
        field, delta, key = _OPAQUE_DELTAS.get(part.kind, ("", "", ""))
        value = part.native.get(field)
        if not value:
            return self._write_start(block, part.native)
        empty: Any = {} if field == "input" else None
        text = encode_json(value).decode() if field == "input" else value
        return self._write_start(block, {**part.native, field: empty}) + self._delta(block, {"type": delta, key: text})

    def _text_delta(self, event: TextDelta) -> bytes:
        block = self._block
        if block is None:
            return b""
        started = self._start_block(block) if block.number is None else b""
        if isinstance(block.part, Reasoning):
            return started + self._delta(block, {"type": "thinking_delta", "thinking": event.text})
        return started + self._delta(block, {"type": "text_delta", "text": event.text})

    def _input(self, block: Block, text: str) -> bytes:
        return self._delta(block, {"type": "input_json_delta", "partial_json": text})

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
        written += self._rest_of_input(block)
        if block.signature:  # clients take one signature_delta, the last
            written += self._delta(block, {"type": "signature_delta", "signature": "".join(block.signature)})
        return written + _frame({"type": "content_block_stop", "index": block.number})

    def _delta(self, block: Block, delta: JsonObject) -> bytes:
        if block.number is None:
            return b""
        return _frame({"type": "content_block_delta", "index": block.number, "delta": delta})


def _frame(event: JsonObject) -> bytes:
    return sse_frame(encode_json(event), event["type"])
