"""Converse's event stream, written: events in, frames out."""

from typing import Any

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
from openclaw.dialects.converse.content import DIALECT
from openclaw.dialects.converse.errors import exception_of_failure
from openclaw.dialects.converse.reply import citation_for_caller, encode_usage, stop_of_finish
from openclaw.dialects.eventstream import event_frame, exception_frame
from openclaw.dialects.jsontext import encode as encode_json


class ConverseStreamEncoder(BlockStreamEncoder):
    __slots__ = ("_metadata",)

    def __init__(self, call: Call | None = None) -> None:
        super().__init__()
        self._metadata: JsonObject = {}

    # --- the message

    def _reply_started(self, event: ReplyStarted) -> bytes:
        self._own = event.dialect == DIALECT
        return _event("messageStart", {"role": "assistant"})

    def _usage_reported(self, event: UsageReported) -> bytes:
        self._usage = event.usage
        return b""

    def _reply_ended(self, event: ReplyEnded) -> bytes:
        written = self._rest_of_parts()
        self._over = True
        finished = self._finished or ChoiceFinished(0, "unknown")
        stop: JsonObject = {
            "stopReason": stop_of_finish(
                finished.finish_reason, finished.native_finish_reason, self._parts, own=self._own
            )
        }
        if self._own:
            stop |= finished.extra
        metadata = dict(self._metadata)
        if self._usage is not None:
            metadata["usage"] = encode_usage(self._usage, own=self._own)
        return written + _event("messageStop", stop) + _event("metadata", metadata)

    def _failed(self, event: StreamFailed) -> bytes:
        self._over = True
        name, payload = exception_of_failure(event.failure)
        return exception_frame(name, encode_json(payload))

    def _opaque_event(self, event: OpaqueEvent) -> bytes:
        """Metadata waits for the end; a delta of a kind we do not know cannot be placed."""
        if event.dialect != DIALECT:
            return b""
        name, payload = next(iter(event.native.items()), ("", None))
        if name == "metadata" and isinstance(payload, dict):
            self._metadata |= payload
            return b""
        return _event(name, payload) if isinstance(payload, dict) and name != "contentBlockDelta" else b""

    # --- blocks

    def _part_started(self, event: PartStarted) -> bytes:
        part = event.part
        block = self._block = Block(part)
        self._parts.add(type(part))
        match part:
            case ToolCall():
                start = {"toolUseId": part.id, "name": part.name}
                if self._own and "type" in part.extra:
                    start["type"] = part.extra["type"]
                return self._start(block, {"toolUse": start}) + self._arguments(block, part.arguments)
            case Opaque():
                return self._opaque_block(block, part)
            case Text() | Refusal():
                if self._own:
                    self._take_number(block)  # an empty text of Bedrock's own has a contentBlockStop
                return self._delta(block, {"text": part.text}) if part.text else b""
            case Reasoning():
                return self._reasoning_start(block, part)
            case _:
                return b""

    def _reasoning_start(self, block: Block, part: Reasoning) -> bytes:
        """Whether there is anything to show of a thought is known with its first delta, if not now."""
        written = self._delta(block, {"reasoningContent": {"text": part.text}}) if part.text else b""
        if part.dialect == DIALECT and part.encrypted is not None:
            written += self._delta(block, {"reasoningContent": {"redactedContent": part.encrypted}})
        return written

    def _opaque_block(self, block: Block, part: Opaque) -> bytes:
        """The kinds that Bedrock itself streams: tools that it runs, their results, and pictures."""
        kind, value = next(iter(part.native.items()), ("", None))
        split = _OPAQUE_KINDS.get(kind)
        if part.dialect != DIALECT or split is None or not isinstance(value, dict):
            return b""
        start = {key: item for key, item in value.items() if key != split}
        written = self._start(block, {kind: start})
        if split not in value:
            return written
        return written + self._delta(block, {kind: _opaque_delta(split, value[split])})

    def _text_delta(self, event: TextDelta) -> bytes:
        block = self._block
        if block is None:
            return b""
        if isinstance(block.part, Reasoning):
            return self._delta(block, {"reasoningContent": {"text": event.text}})
        return self._delta(block, {"text": event.text})

    def _input(self, block: Block, text: str) -> bytes:
        return self._delta(block, {"toolUse": {"input": text}})

    def _signature_delta(self, event: SignatureDelta) -> bytes:
        block = self._block
        if block is None or not isinstance(block.part, Reasoning) or block.part.dialect != DIALECT:
            return b""  # opaque state of another provider
        key = "redactedContent" if event.encrypted else "signature"
        return self._delta(block, {"reasoningContent": {key: event.signature}})

    def _citation_delta(self, event: CitationDelta) -> bytes:
        block, citation = self._block, citation_for_caller(event.citation)
        if (
            block is None
            or citation is None
            or not isinstance(block.part, Text)
            or (not self._own and block.number is None)
        ):
            return b""
        return self._delta(block, {"citation": citation})

    def _part_ended(self, event: PartEnded) -> bytes:
        block, self._block = self._block, None
        if block is None:
            return b""
        written = b""
        if block.number is None and isinstance(block.part, Reasoning) and block.part.dialect == DIALECT:
            written = self._delta(block, {"reasoningContent": {"text": ""}})  # a thought that stayed empty
        if block.number is None:
            return b""
        return written + self._rest_of_input(block) + _event("contentBlockStop", {"contentBlockIndex": block.number})

    def _start(self, block: Block, start: JsonObject) -> bytes:
        return _event("contentBlockStart", {"start": start, "contentBlockIndex": self._take_number(block)})

    def _delta(self, block: Block, delta: JsonObject) -> bytes:
        return _event("contentBlockDelta", {"delta": delta, "contentBlockIndex": self._take_number(block)})


# The field of an opaque block that comes as deltas.
_OPAQUE_KINDS = {"toolUse": "input", "toolResult": "content", "image": "source"}


def _opaque_delta(field: str, value: Any) -> Any:
    if field == "input":
        return {"input": encode_json(value).decode()}
    return value if field == "content" else {field: value}


def _event(name: str, payload: JsonObject) -> bytes:
    return event_frame(name, encode_json(payload))
