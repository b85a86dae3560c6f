"""Gemini's streamed answers, written: one server-sent event a chunk, no end marker."""

from typing import Any

import msgspec

from openclaw.calls import (
    ArgumentsDelta,
    ChoiceFinished,
    Citation,
    CitationDelta,
    Event,
    JsonObject,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    Reasoning,
    ReplyEnded,
    ReplyStarted,
    SignatureDelta,
    StreamFailed,
    Text,
    TextDelta,
    ToolCall,
    UsageReported,
)
from openclaw.dialects.gemini.citations import encode_citations
from openclaw.dialects.gemini.encode_parts import PartWriter
from openclaw.dialects.gemini.errors import error_event
from openclaw.dialects.gemini.reply import finish_reason_word
from openclaw.dialects.gemini.usage import encode_logprobs, encode_usage
from openclaw.dialects.sse import sse_frame
from openclaw.dialects.times import rfc3339

_encode_json = msgspec.json.Encoder().encode


class _OpenPart:
    __slots__ = ("arguments", "part", "signature", "text")

    def __init__(self, part: Any) -> None:
        self.part = part
        self.text: list[str] = []
        self.arguments: list[str] = []
        self.signature: list[str] = []


class GeminiStreamEncoder:
    """Finish reasons and token counts go out together in the last chunk, as Google sends them. A function call goes
    out when its arguments are whole."""

    def __init__(self) -> None:
        self._parts: dict[tuple[int, int], _OpenPart] = {}
        self._tail: JsonObject = {}
        self._own = False
        self._finished: list[JsonObject] = []
        self._citations: dict[int, list[tuple[str, Citation]]] = {}
        self._text: dict[int, list[str]] = {}
        self._usage: JsonObject | None = None

    def encode(self, event: Event) -> bytes:
        match event:
            case TextDelta():
                return self._text_delta(event)
            case ArgumentsDelta():
                self._parts[event.choice, event.index].arguments.append(event.arguments)
            case PartStarted():
                return self._part_started(event)
            case PartEnded():
                return self._part_ended(event)
            case SignatureDelta():
                if not event.encrypted:
                    self._parts[event.choice, event.index].signature.append(event.signature)
            case CitationDelta():
                self._citations.setdefault(event.choice, []).append(("", event.citation))
            case LogprobsDelta():
                return self._chunk({"logprobsResult": encode_logprobs(event.logprobs)}, event.choice)
            case ChoiceFinished():
                self._finished.append(self._last(event))
            case UsageReported():
                self._usage = encode_usage(event.usage)
            case ReplyStarted():
                self._start(event)
            case ReplyEnded():
                return self._end()
            case StreamFailed():
                return error_event(event.failure)
        return b""

    def _start(self, event: ReplyStarted) -> None:
        self._own = event.dialect == "gemini"
        self._tail = {"modelVersion": event.model, "responseId": event.id}
        if event.created is not None:
            self._tail["createTime"] = rfc3339(event.created)
        if self._own:
            self._tail |= event.extra

    def _chunk(self, candidate: JsonObject, choice: int) -> bytes:
        candidate["index"] = choice
        return sse_frame(_encode_json({"candidates": [candidate], **self._tail}))

    def _write(self, part: JsonObject, choice: int) -> bytes:
        return self._chunk({"content": {"parts": [part], "role": "model"}}, choice)

    def _text_delta(self, event: TextDelta) -> bytes:
        part: JsonObject = {"text": event.text}
        if isinstance(self._parts[event.choice, event.index].part, Reasoning):
            part["thought"] = True
        else:
            self._text.setdefault(event.choice, []).append(event.text)
        return self._write(part, event.choice)

    def _part_started(self, event: PartStarted) -> bytes:
        part = event.part
        self._parts[event.choice, event.index] = _OpenPart(part)
        if isinstance(part, ToolCall):
            return b""
        text = getattr(part, "text", None)
        if isinstance(text, str):
            return self._text_delta(TextDelta(event.choice, event.index, text)) if text else b""
        return b"".join(self._write(body, event.choice) for body in PartWriter(own=False).write(part))

    def _part_ended(self, event: PartEnded) -> bytes:
        held = self._parts.pop((event.choice, event.index))
        part = held.part
        signature = "".join(held.signature) or getattr(part, "signature", None)
        if isinstance(part, ToolCall):
            whole = msgspec.structs.replace(
                part, arguments=part.arguments + "".join(held.arguments), signature=signature, extra={}, spelling=()
            )
            # `own`, so that the signature is written: only Gemini's decoder makes one for a call.
            (body,) = PartWriter(own=True).write(whole)
            return self._write(body, event.choice)
        if signature is None:
            return b""
        if isinstance(part, Text):
            return self._write({"text": "", "thoughtSignature": signature}, event.choice)
        if isinstance(part, Reasoning) and part.dialect == "gemini":
            return self._write({"text": "", "thought": True, "thoughtSignature": signature}, event.choice)
        return b""

    def _last(self, event: ChoiceFinished) -> JsonObject:
        candidate: JsonObject = {
            "content": {"parts": [{"text": ""}], "role": "model"},
            "finishReason": finish_reason_word(event.finish_reason, event.native_finish_reason if self._own else None),
            "index": event.choice,
        }
        if self._own:
            # Log probabilities went out as they came.
            candidate |= {key: value for key, value in event.extra.items() if key != "logprobsResult"}
        if "groundingMetadata" not in candidate:
            text = "".join(self._text.get(event.choice, ()))
            grounding = encode_citations([(text, c) for _, c in self._citations.get(event.choice, ())])
            if grounding is not None:
                candidate["groundingMetadata"] = grounding
        return candidate

    def _end(self) -> bytes:
        body: JsonObject = {**self._tail}
        if self._finished and not ("promptFeedback" in body and len(self._finished) == 1 and not self._text):
            body = {"candidates": self._finished, **body}
        if self._usage is not None:
            body["usageMetadata"] = self._usage
        return sse_frame(_encode_json(body))
