"""Ollama's streamed answers, both ways: newline-delimited JSON, whose last line says `"done": true`."""

from typing import Any, Literal

import msgspec

from openclaw.calls import (
    ArgumentsDelta,
    ChoiceFinished,
    Event,
    Image,
    JsonObject,
    LogprobsDelta,
    Part,
    PartEnded,
    PartStarted,
    Reasoning,
    ReplyEnded,
    ReplyStarted,
    StreamFailed,
    Text,
    TextDelta,
    ToolCall,
    UsageReported,
)
from openclaw.dialects.call_ids import CallIds
from openclaw.dialects.json_stream import Broken, JsonStreamDecoder, Lines
from openclaw.dialects.ollama.errors import failure_of
from openclaw.dialects.ollama.message import MessageWriter
from openclaw.dialects.ollama.reply import NO_TIME, call_ids, decode_usage, done_reason, encode_usage, finish_reason
from openclaw.dialects.ollama.request import decode_tool_call
from openclaw.dialects.sse import SseEvent
from openclaw.dialects.times import rfc3339, unix_seconds

_encode_json = msgspec.json.Encoder().encode

_LINE_FIELDS = frozenset({"model", "created_at", "message", "done", "done_reason", "prompt_eval_count", "eval_count"})


class OllamaStreamDecoder(JsonStreamDecoder[JsonObject]):
    def __init__(self) -> None:
        super().__init__(Lines())
        self._ids: CallIds | None = None
        self._index = -1
        self._kind: Literal["", "text", "reasoning"] = ""
        self._has_tool_calls = False

    def _read(self, body: JsonObject, frame: SseEvent, events: list[Event]) -> None:
        if body.get("error") is not None:
            self._failed(events, failure_of(body, None))
            return
        ids = self._ids
        if ids is None:
            model = body.get("model")
            ids = self._ids = call_ids(body)
            created = unix_seconds(body.get("created_at"))
            events.append(
                ReplyStarted(id="", model=model if isinstance(model, str) else "", created=created, dialect="ollama")
            )
        message = body.get("message")
        if isinstance(message, dict):
            self._message(message, ids, events)
        elif message is not None:
            raise Broken("message must be an object")
        logprobs = body.get("logprobs")
        if isinstance(logprobs, list) and logprobs:
            events.append(LogprobsDelta(0, {"content": logprobs}))
        if body.get("done") is True:
            self._done(body, events)

    def _message(self, message: JsonObject, ids: CallIds, events: list[Event]) -> None:
        thinking, text, calls = message.get("thinking"), message.get("content"), message.get("tool_calls")
        if thinking:
            self._text(thinking, "reasoning", events)
        if text:
            self._text(text, "text", events)
        if not calls:
            return
        if not isinstance(calls, list):
            raise Broken("tool_calls must be an array")
        for position, native in enumerate(calls):
            call = decode_tool_call(native, f"tool_calls[{position}]", ids)
            self._open(msgspec.structs.replace(call, arguments=""), events)
            events.append(ArgumentsDelta(0, self._index, call.arguments))
            events.append(PartEnded(0, self._index))
            self._has_tool_calls = True

    def _text(self, text: Any, kind: Literal["text", "reasoning"], events: list[Event]) -> None:
        if not isinstance(text, str):
            raise Broken("content and thinking must be strings")
        if self._kind != kind:
            self._open(Text("") if kind == "text" else Reasoning(dialect="ollama"), events)
            self._kind = kind
        events.append(TextDelta(0, self._index, text))

    def _open(self, part: Part, events: list[Event]) -> None:
        self._close(events)
        self._index += 1
        events.append(PartStarted(0, self._index, part))

    def _close(self, events: list[Event]) -> None:
        if self._kind:
            self._kind = ""
            events.append(PartEnded(0, self._index))

    def _done(self, body: JsonObject, events: list[Event]) -> None:
        self._over = True
        self._close(events)
        word = body.get("done_reason")
        word = word if isinstance(word, str) else None
        extra = {key: value for key, value in body.items() if key not in _LINE_FIELDS}
        reason = finish_reason(word, has_tool_calls=self._has_tool_calls)
        events.append(ChoiceFinished(0, reason, word, extra=extra))
        usage = decode_usage(body)
        if usage is not None:
            events.append(UsageReported(usage))
        events.append(ReplyEnded())


class OllamaStreamEncoder:
    """Ollama has one answer: the events of other choices give nothing. A tool call goes out when it is whole."""

    def __init__(self) -> None:
        self._head: JsonObject = {"model": "", "created_at": NO_TIME}
        self._parts: dict[int, Part] = {}
        self._arguments: dict[int, list[str]] = {}
        self._finished: ChoiceFinished | None = None
        self._usage: JsonObject = {}

    def encode(self, event: Event) -> bytes:
        if getattr(event, "choice", 0) != 0:
            return b""
        match event:
            case TextDelta():
                return self._text(self._parts[event.index], event.text)
            case ArgumentsDelta():
                self._arguments.setdefault(event.index, []).append(event.arguments)
            case PartStarted():
                self._parts[event.index] = event.part
                return self._started(event.part)
            case PartEnded():
                return self._ended(event.index)
            case LogprobsDelta():
                return self._line({"role": "assistant", "content": ""}, logprobs=event.logprobs.get("content") or [])
            case ChoiceFinished():
                self._finished = event
            case UsageReported():
                self._usage = encode_usage(event.usage)
            case ReplyStarted():
                time = NO_TIME if event.created is None else rfc3339(event.created)
                self._head = {"model": event.model, "created_at": time}
            case ReplyEnded():
                return self._last()
            case StreamFailed():
                return _encode_json({"error": event.failure.message}) + b"\n"
        return b""

    def _line(self, message: JsonObject, **fields: Any) -> bytes:
        return _encode_json({**self._head, "message": message, **fields, "done": False}) + b"\n"

    def _text(self, part: Part, text: str) -> bytes:
        if isinstance(part, Reasoning):
            return self._line({"role": "assistant", "content": "", "thinking": text})
        return self._line({"role": "assistant", "content": text})

    def _started(self, part: Part) -> bytes:
        if isinstance(part, Image) and part.source.data is not None:
            return self._line({"role": "assistant", "content": "", "images": [part.source.data]})
        text = getattr(part, "text", None)
        return self._text(part, text) if isinstance(text, str) and text else b""

    def _ended(self, index: int) -> bytes:
        part = self._parts.pop(index)
        if not isinstance(part, ToolCall):
            return b""
        arguments = part.arguments + "".join(self._arguments.pop(index, ()))
        whole = msgspec.structs.replace(part, arguments=arguments, signature=None, spelling=(), extra={})
        call = MessageWriter(own=False).tool_call(whole)
        return self._line({"role": "assistant", "content": "", "tool_calls": [call]})

    def _last(self) -> bytes:
        finished = self._finished
        reason = None if finished is None else finished.finish_reason
        native = None if finished is None else finished.native_finish_reason
        body: JsonObject = {
            **self._head,
            "message": {"role": "assistant", "content": ""},
            "done": True,
            "done_reason": done_reason(reason, native),
            **self._usage,
        }
        return _encode_json(body) + b"\n"
