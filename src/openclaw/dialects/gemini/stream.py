"""Gemini's streamed answers, read: chunks that each are a small GenerateContentResponse."""

from typing import Any

import msgspec

from openclaw.calls import (
    ArgumentsDelta,
    ChoiceFinished,
    CitationDelta,
    Event,
    JsonObject,
    LogprobsDelta,
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
from openclaw.dialects.call_ids import CallIds, made_id
from openclaw.dialects.gemini.citations import decode_citations
from openclaw.dialects.gemini.errors import failure_of
from openclaw.dialects.gemini.framing import Frames
from openclaw.dialects.gemini.partial_args import put_partial
from openclaw.dialects.gemini.parts import decode_part, json_text
from openclaw.dialects.gemini.reply import block_reason, finish_reason, finish_word
from openclaw.dialects.gemini.usage import decode_logprobs, decode_usage
from openclaw.dialects.json_stream import Broken, JsonStreamDecoder
from openclaw.dialects.sse import SseEvent
from openclaw.dialects.times import unix_seconds

_ANSWER_FIELDS = frozenset({"candidates", "usageMetadata", "modelVersion", "responseId"})
_CANDIDATE_FIELDS = frozenset({"content", "finishReason", "index"})


class _OpenChoice:
    """One candidate while it streams. At most one part is open; `kind` says which sort of text it takes."""

    __slots__ = (
        "arguments",
        "extra",
        "finish",
        "has_tool_calls",
        "ids",
        "index",
        "kind",
        "part",
        "signature",
        "text",
        "text_part",
    )

    def __init__(self, index: int, reply_id: str) -> None:
        self.index = index
        self.ids = CallIds(f"{reply_id}/{index}")
        self.part = -1
        self.kind = ""
        self.arguments: JsonObject = {}
        self.signature: str | None = None
        self.has_tool_calls = False
        self.finish: str | None = None
        self.extra: JsonObject = {}
        # The text so far and the number of its last part: citations come at the end and count through all of it.
        self.text: list[str] = []
        self.text_part: int | None = None

    # --- parts

    def add(self, part: Any, events: list[Event]) -> None:
        text = part.get("text") if isinstance(part, dict) else None
        if type(text) is str and (len(part) == 1 or (len(part) == 2 and part.get("thought") is True)):
            self._add_text(text, "reasoning" if len(part) == 2 else "text", events)
        elif not isinstance(part, dict):
            raise Broken("a part must be an object")
        elif isinstance(part.get("functionCall"), dict):
            self._add_call(part, part["functionCall"], events)
        else:
            self._add_other(part, events)

    def _add_text(self, text: str, kind: str, events: list[Event]) -> None:
        if not text:
            return
        if self.kind != kind:
            self._open(Text("") if kind == "text" else Reasoning(dialect="gemini"), kind, events)
        events.append(TextDelta(self.index, self.part, text))
        if kind == "text":
            self.text.append(text)

    def _open(self, part: Part, kind: str, events: list[Event]) -> None:
        self.close(events)
        self.part += 1
        self.kind = kind
        if kind == "text":
            self.text_part = self.part
        events.append(PartStarted(self.index, self.part, part))

    def close(self, events: list[Event]) -> None:
        if not self.kind:
            return
        if self.kind == "call":
            events.append(ArgumentsDelta(self.index, self.part, json_text(self.arguments)))
            if self.signature is not None:
                events.append(SignatureDelta(self.index, self.part, self.signature))
            self.arguments, self.signature = {}, None
        self.kind = ""
        events.append(PartEnded(self.index, self.part))

    def _add_call(self, part: JsonObject, call: JsonObject, events: list[Event]) -> None:
        """A call comes whole, or (with `willContinue`) in pieces that have no name."""
        name = call.get("name")
        if isinstance(name, str) and name:
            given = call.get("id")
            given = given if isinstance(given, str) else None
            call_id = self.ids.of_call(name, given, msgspec.json.encode(call.get("args")).decode())
            self._open(ToolCall(id=call_id, name=name, arguments=""), "call", events)
            self.has_tool_calls = True
        elif self.kind != "call":
            raise Broken("a piece of a function call without its beginning")
        signature = part.get("thoughtSignature")
        if isinstance(signature, str):
            self.signature = signature
        arguments = call.get("args")
        if isinstance(arguments, dict):
            self.arguments |= arguments
        elif arguments is not None:
            raise Broken("a function call's args must be an object")
        pieces = call.get("partialArgs")
        if pieces is not None and not (
            isinstance(pieces, list) and all(put_partial(self.arguments, piece) for piece in pieces)
        ):
            raise Broken("a function call's partialArgs do not fit together")
        if call.get("willContinue") is not True:
            self.close(events)

    def _add_other(self, part: JsonObject, events: list[Event]) -> None:
        decoded = decode_part(part, "parts", self.ids)
        if not isinstance(decoded, Text | Reasoning):
            self._open(decoded, "other", events)
            self.close(events)
            return
        kind = "text" if isinstance(decoded, Text) else "reasoning"
        self._add_text(decoded.text, kind, events)
        if decoded.signature is None:
            return
        # A signature seals the text before it: what follows is a part of its own. (Google: parts with a signature
        # must not be merged with others, ai.google.dev/gemini-api/docs/thought-signatures.)
        if self.kind != kind:
            self._open(Text("") if kind == "text" else Reasoning(dialect="gemini"), kind, events)
        events.append(SignatureDelta(self.index, self.part, decoded.signature))
        self.kind = "signed " + kind

    # --- the rest of a candidate

    def note(self, candidate: JsonObject, events: list[Event]) -> None:
        for key, value in candidate.items():
            # Between its first and last chunk Google sends empty grounding metadata.
            if key not in _CANDIDATE_FIELDS and not (value == {} and key in self.extra):
                self.extra[key] = value
        logprobs = decode_logprobs(candidate.get("logprobsResult"))
        if logprobs is not None:
            events.append(LogprobsDelta(self.index, logprobs))

    def finished(self, events: list[Event]) -> None:
        # A text that something else has followed is ended and takes no more: then the grounding stays in `extra` only.
        if self.part == self.text_part and self.kind:
            citations = decode_citations(self.extra, "".join(self.text))
            events += [CitationDelta(self.index, self.part, citation) for citation in citations]
        self.close(events)
        word = self.finish or "FINISH_REASON_UNSPECIFIED"
        reason = finish_reason(word, has_tool_calls=self.has_tool_calls)
        events.append(ChoiceFinished(self.index, reason, word, extra=self.extra))


class GeminiStreamDecoder(JsonStreamDecoder[JsonObject]):
    """Finish reasons are given out when the connection closes: Gemini 1.5 repeats STOP in every chunk, and token
    counts and grounding may follow the last text."""

    def __init__(self) -> None:
        super().__init__(Frames())
        self._choices: dict[int, _OpenChoice] = {}
        self._started = False
        self._reply_id = ""
        self._blocked: JsonObject | None = None
        self._usage: Any = None

    def _closed(self, events: list[Event]) -> None:
        choices = self._choices.values()
        if self._blocked is not None and not choices:
            reason = block_reason(self._blocked)
            events.append(ChoiceFinished(0, "content_filter", reason))
        elif not choices or any(choice.finish is None or choice.kind == "call" for choice in choices):
            self._cut(events)
            return
        for choice in choices:
            choice.finished(events)
        events.append(ReplyEnded())
        self._over = True

    def _read(self, body: JsonObject, frame: SseEvent, events: list[Event]) -> None:
        error = body.get("error")
        if isinstance(error, dict):
            self._failed(events, failure_of(error))
            return
        if not self._started:
            self._start(body, events)
        candidates = body.get("candidates")
        if candidates is not None:
            if not isinstance(candidates, list):
                raise Broken("candidates must be an array")
            for position, candidate in enumerate(candidates):
                self._candidate(position, candidate, events)
        if block_reason(body) is not None:
            self._blocked = body
        usage = body.get("usageMetadata")
        if isinstance(usage, dict) and usage != self._usage:
            self._usage = usage
            counted = decode_usage(usage)
            if counted.input_tokens is not None or counted.output_tokens is not None:
                events.append(UsageReported(counted))

    def _start(self, body: JsonObject, events: list[Event]) -> None:
        self._started = True
        reply_id, model = body.get("responseId"), body.get("modelVersion")
        model = model if isinstance(model, str) else ""
        if not isinstance(reply_id, str) or not reply_id:
            reply_id = made_id("reply", model, msgspec.json.encode(body))
        self._reply_id = reply_id
        extra = {key: value for key, value in body.items() if key not in _ANSWER_FIELDS}
        events.append(
            ReplyStarted(
                id=reply_id, model=model, created=unix_seconds(body.get("createTime")), extra=extra, dialect="gemini"
            )
        )

    def _candidate(self, position: int, candidate: Any, events: list[Event]) -> None:
        if not isinstance(candidate, dict):
            raise Broken("a candidate must be an object")
        index = candidate.get("index")
        if type(index) is not int:
            index = position
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = _OpenChoice(index, self._reply_id)
        content = candidate.get("content")
        if isinstance(content, dict):
            parts = content.get("parts")
            if isinstance(parts, list):
                for part in parts:
                    choice.add(part, events)
            elif parts is not None:
                raise Broken("parts must be an array")
        elif content is not None:
            raise Broken("content must be an object")
        finish = finish_word(candidate.get("finishReason"))
        if finish is not None:
            choice.finish = finish
        if not candidate.keys() <= _CANDIDATE_FIELDS:
            choice.note(candidate, events)
