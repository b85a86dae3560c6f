"""Streamed Chat Completions: chunks to events and back."""

from collections.abc import Callable
from typing import Any

from openclaw.calls import (
    ArgumentsDelta,
    Audio,
    ChoiceFinished,
    CitationDelta,
    Event,
    JsonObject,
    LogprobsDelta,
    Opaque,
    Part,
    PartEnded,
    PartStarted,
    Reasoning,
    Refusal,
    ReplyEnded,
    ReplyStarted,
    SignatureDelta,
    Source,
    StreamFailed,
    Text,
    TextDelta,
    ToolCall,
    UsageReported,
)
from openclaw.dialects.chat.content import (
    decode_citation,
    encode_citation,
    encode_reasoning_detail,
    encode_tool_call,
    google_signature,
    maker_of,
)
from openclaw.dialects.chat.reply import (
    completion_id,
    decode_usage,
    encode_usage,
    finish_reason,
    native_finish_reason,
)
from openclaw.dialects.json_stream import JsonStreamDecoder
from openclaw.dialects.jsontext import encode
from openclaw.dialects.openai_errors import failure_of_openai_error, openai_error_event
from openclaw.dialects.sse import SseEvent, sse_frame

# --- decoding ------------------------------------------------------------------------------------------------


_EMPTY: dict[type[Part], Part] = {Text: Text(""), Reasoning: Reasoning(dialect="chat"), Refusal: Refusal("")}


class _ChoiceState:
    """The parts of one choice that are open: at most one of text, reasoning and refusal, and any tool calls."""

    __slots__ = ("audio", "finished", "index", "kind", "maker", "next_part", "open_part", "thought", "tools")

    def __init__(self, index: int) -> None:
        self.index = index
        self.next_part = 0
        self.open_part = -1
        self.kind: type[Part] | None = None
        self.tools: dict[int, int] = {}
        self.maker = "chat"  # whose the thoughts are
        self.thought: list[str] = []  # the text of the open one
        self.audio: JsonObject = {}
        self.finished = False


class ChatStreamDecoder(JsonStreamDecoder[JsonObject]):
    """Bytes of a chunk stream to events. `[DONE]` ends it; where a provider leaves that out, finish reasons do."""

    def __init__(self) -> None:
        super().__init__()
        self._choices: dict[int, _ChoiceState] = {}
        self._started = False
        self._accounted = False

    def _closed(self, events: list[Event]) -> None:
        if self._choices and all(choice.finished for choice in self._choices.values()):
            self._end(events)
        else:
            self._cut(events)

    def _read_other(self, data: bytes, events: list[Event]) -> None:
        if data.startswith(b"[DONE]"):
            self._end(events)
        else:
            super()._read_other(data, events)

    def _read(self, chunk: JsonObject, frame: SseEvent, events: list[Event]) -> None:
        error = chunk.get("error")
        if error:
            self._failed(events, failure_of_openai_error(error if isinstance(error, dict) else {"message": str(error)}))
            return
        if not self._started:
            self._start(chunk, events)
        choices = chunk.get("choices")
        if isinstance(choices, list):
            for position, choice in enumerate(choices):
                if isinstance(choice, dict):
                    self._choice(choice, position, events)
        usage = chunk.get("usage")
        if not isinstance(usage, dict):
            groq = chunk.get("x_groq")
            usage = groq.get("usage") if isinstance(groq, dict) else None
        if isinstance(usage, dict):
            self._accounted = True
            events.append(UsageReported(decode_usage(usage)))

    def _start(self, chunk: JsonObject, events: list[Event]) -> None:
        self._started = True
        identity, model, created = chunk.get("id"), chunk.get("model"), chunk.get("created")
        tier = chunk.get("service_tier")
        events.append(
            ReplyStarted(
                id=identity if isinstance(identity, str) else "",
                model=model if isinstance(model, str) else "",
                created=created if type(created) is int else None,
                service_tier=tier if isinstance(tier, str) else None,
            )
        )

    def _choice(self, body: JsonObject, position: int, events: list[Event]) -> None:
        index = body.get("index")
        index = index if type(index) is int else position
        state = self._choices.get(index)
        if state is None:
            state = self._choices[index] = _ChoiceState(index)
        if state.finished:
            return  # some providers repeat the last chunk with their usage
        delta = body.get("delta")
        if isinstance(delta, dict):
            self._delta(delta, state, events)
        logprobs = body.get("logprobs")
        if isinstance(logprobs, dict):
            events.append(LogprobsDelta(index, logprobs))
        native = body.get("finish_reason")
        if isinstance(native, str) and native:
            self._finish(state, native, events)

    def _delta(self, delta: JsonObject, state: _ChoiceState, events: list[Event]) -> None:
        content = delta.get("content")
        thought, details = delta.get("reasoning_content") or delta.get("reasoning"), delta.get("reasoning_details")
        if details:
            state.maker = maker_of(details)
        if thought and isinstance(thought, str):
            self._text(state, Reasoning, thought, events)
        if isinstance(details, list):
            # What was told in text before is repeated beside its signature, so that a caller has the two together.
            self._reasoning_details(state, details, events, told=bool(thought))
        if content:
            if isinstance(content, str):
                self._text(state, Text, content, events)
            elif isinstance(content, list):
                for piece in content:
                    self._content_piece(state, piece, events)
        refusal = delta.get("refusal")
        if refusal and isinstance(refusal, str):
            self._text(state, Refusal, refusal, events)
        calls = delta.get("tool_calls")
        if isinstance(calls, list):
            for position, call in enumerate(calls):
                if isinstance(call, dict):
                    self._tool_call(state, call, position, events)
        function_call = delta.get("function_call")
        if isinstance(function_call, dict):
            self._tool_call(state, {"index": 0, "id": "", "function": function_call}, 0, events, ("function_call",))
        annotations = delta.get("annotations")
        if isinstance(annotations, list):
            self._annotations(state, annotations, events)
        audio = delta.get("audio")
        if isinstance(audio, dict):
            for key, value in audio.items():
                state.audio[key] = (
                    state.audio[key] + value if key in ("data", "transcript") and key in state.audio else value
                )

    def _text(
        self, state: _ChoiceState, kind: type[Text | Reasoning | Refusal], text: str, events: list[Event]
    ) -> None:
        if state.kind is not kind:
            self._open(state, kind, Reasoning(dialect=state.maker) if kind is Reasoning else kind(""), events)
        if kind is Reasoning:
            state.thought.append(text)
        events.append(TextDelta(state.index, state.open_part, text))

    def _open(self, state: _ChoiceState, kind: type[Part], part: Part, events: list[Event]) -> None:
        self._close_text(state, events)
        state.kind, state.open_part, state.thought = kind, state.next_part, []
        state.next_part += 1
        events.append(PartStarted(state.index, state.open_part, part))

    def _close_text(self, state: _ChoiceState, events: list[Event]) -> None:
        if state.kind is not None:
            events.append(PartEnded(state.index, state.open_part))
            state.kind = None

    def _content_piece(self, state: _ChoiceState, piece: Any, events: list[Event]) -> None:
        if not isinstance(piece, dict):
            return
        text, thinking = piece.get("text"), piece.get("thinking")
        if piece.get("type") == "text" and isinstance(text, str):
            self._text(state, Text, text, events)
        elif piece.get("type") == "thinking" and isinstance(thinking, list):
            for inner in thinking:
                if isinstance(inner, dict) and isinstance(inner.get("text"), str):
                    self._text(state, Reasoning, inner["text"], events)
        else:
            self._open(state, Opaque, Opaque("chat", piece, str(piece.get("type"))), events)

    def _reasoning_details(self, state: _ChoiceState, details: list[Any], events: list[Event], *, told: bool) -> None:
        for detail in details:
            if not isinstance(detail, dict):
                continue
            text = detail.get("text") or detail.get("summary")
            repeated = state.kind is Reasoning and text == "".join(state.thought)
            if isinstance(text, str) and text and not told and not repeated:
                self._text(state, Reasoning, text, events)
            for key, encrypted in (("signature", False), ("data", True)):
                value = detail.get(key)
                if isinstance(value, str) and value:
                    if state.kind is not Reasoning:
                        self._open(state, Reasoning, Reasoning(dialect=state.maker), events)
                    events.append(SignatureDelta(state.index, state.open_part, value, encrypted=encrypted))

    def _tool_call(
        self,
        state: _ChoiceState,
        call: JsonObject,
        position: int,
        events: list[Event],
        spelling: tuple[str, ...] = (),
    ) -> None:
        custom = call.get("type") == "custom" or "custom" in call
        inner = call.get("custom" if custom else "function")
        inner = inner if isinstance(inner, dict) else {}
        index, identity, name = call.get("index"), call.get("id"), inner.get("name")
        index = index if type(index) is int else (len(state.tools) if identity and name else position)
        part = state.tools.get(index)
        signature = google_signature(call)
        if part is not None and signature is not None:
            events.append(SignatureDelta(state.index, part, signature))
        if part is None:
            self._close_text(state, events)
            part = state.tools[index] = state.next_part
            state.next_part += 1
            started = ToolCall(
                identity if isinstance(identity, str) else "",
                name if isinstance(name, str) else "",
                "",
                kind="custom" if custom else "function",
                signature=signature,
                extra={k: v for k, v in call.items() if k not in ("index", "id", "type", "function", "custom")},
                spelling=spelling,
            )
            events.append(PartStarted(state.index, part, started))
        arguments = inner.get("input" if custom else "arguments")
        if isinstance(arguments, str) and arguments:
            events.append(ArgumentsDelta(state.index, part, arguments))
        elif isinstance(arguments, dict) and arguments:  # some compatible servers send the object itself
            events.append(ArgumentsDelta(state.index, part, encode(arguments).decode()))

    def _annotations(self, state: _ChoiceState, annotations: list[Any], events: list[Event]) -> None:
        for annotation in annotations:
            if isinstance(annotation, dict):
                if state.kind is not Text:
                    self._open(state, Text, Text(""), events)
                events.append(CitationDelta(state.index, state.open_part, decode_citation(annotation)))

    def _finish(self, state: _ChoiceState, native: str | None, events: list[Event]) -> None:
        self._close_text(state, events)
        events.extend(PartEnded(state.index, part) for part in state.tools.values())
        if state.audio:
            self._open(state, Audio, _spoken(state.audio), events)
            self._close_text(state, events)
        state.finished = True
        reason = finish_reason(native) or ("tool_calls" if state.tools else "unknown")
        events.append(ChoiceFinished(state.index, reason, native))

    def _end(self, events: list[Event]) -> None:
        open_choices = [choice for choice in self._choices.values() if not choice.finished]
        if open_choices and not self._accounted:
            # "[DONE]" without finish reason or usage is how some proxies end a stream that broke behind them.
            self._cut(events)
            return
        for choice in open_choices:  # Snowflake and Novita give usage, but no finish reason
            self._finish(choice, None, events)
        self._over = True
        events.append(ReplyEnded())


def _add_audio(audio: JsonObject, delta: JsonObject) -> None:
    for key, value in delta.items():
        grows = key in ("data", "transcript") and isinstance(value, str)
        audio[key] = audio.get(key, "") + value if grows else value


def _spoken(audio: JsonObject) -> Audio:
    def text(key: str) -> str | None:
        value = audio.get(key)
        return value if isinstance(value, str) else None

    extra = {k: v for k, v in audio.items() if k not in ("id", "data", "transcript")}
    source = Source(data=text("data"), file_id=text("id"))
    return Audio(source, id=text("id"), transcript=text("transcript"), extra=extra, spelling=("spoken",))


# --- encoding ------------------------------------------------------------------------------------------------


class ChatStreamEncoder:
    """Events to the bytes of a chunk stream, as OpenAI sends it: a first chunk with the role, deltas, a chunk with
    the finish reason, the usage chunk with empty `choices` when asked for, `[DONE]`."""

    def __init__(self, *, include_usage: bool) -> None:
        self._include_usage = include_usage
        self._envelope: JsonObject = {}
        self._head = b""
        self._usage: JsonObject | None = None
        self._roles: set[int] = set()
        self._parts: dict[tuple[int, int], Part] = {}
        self._tools: dict[tuple[int, int], int] = {}
        self._tool_counts: dict[int, int] = {}
        self._details: dict[int, int] = {}
        self._thoughts: dict[tuple[int, int], list[str]] = {}

    def encode(self, event: Event) -> bytes:
        encoder = _EVENT_ENCODERS.get(type(event))
        return encoder(self, event) if encoder is not None else b""

    def _chunk(self, choice: int, delta: JsonObject, **more: Any) -> bytes:
        body = {"index": choice, "delta": delta, "finish_reason": None, **more}
        return sse_frame(encode({**self._envelope, "choices": [body]}))

    def _started(self, event: ReplyStarted) -> bytes:
        self._envelope = {
            "id": completion_id(event.id),
            "object": "chat.completion.chunk",
            "created": event.created or 0,
            "model": event.model,
        }
        if event.service_tier is not None:
            self._envelope["service_tier"] = event.service_tier
        # Everything of a text chunk up to the choice's index: most of a stream's chunks differ only behind it.
        self._head = b"data: " + encode(self._envelope)[:-1] + b',"choices":[{"index":'
        return b""

    def _text_delta(self, event: TextDelta) -> bytes:
        part = self._parts.get((event.choice, event.index))
        field = _FIELD_OF_PART.get(type(part))
        if field is None:
            return b""
        if field == b"reasoning_content":  # kept for its signature
            self._thoughts.setdefault((event.choice, event.index), []).append(event.text)
        return b"".join(
            (
                self._head,
                b"%d" % event.choice,
                b',"delta":{"',
                field,
                b'":',
                encode(event.text),
                b'},"finish_reason":null}]}\n\n',
            )
        )

    def _part_started(self, event: PartStarted) -> bytes:
        part = event.part
        self._parts[event.choice, event.index] = part
        out = b""
        if event.choice not in self._roles:
            self._roles.add(event.choice)
            out = self._chunk(event.choice, {"role": "assistant", "content": "" if isinstance(part, Text) else None})
        if isinstance(part, ToolCall):
            out += self._tool_started(event, part)
        elif isinstance(part, Text | Reasoning | Refusal) and part.text:
            out += self._text_delta(TextDelta(event.choice, event.index, part.text))
        elif isinstance(part, Audio):
            audio = {"id": part.id, "data": part.source.data, "transcript": part.transcript, **part.extra}
            out += self._chunk(event.choice, {"audio": {k: v for k, v in audio.items() if v is not None}})
        return out

    def _tool_started(self, event: PartStarted, part: ToolCall) -> bytes:
        index = self._tool_counts.get(event.choice, 0)
        self._tool_counts[event.choice] = index + 1
        self._tools[event.choice, event.index] = index
        body = {"index": index, **encode_tool_call(part, same=False)}
        return self._chunk(event.choice, {"tool_calls": [body]})

    def _arguments_delta(self, event: ArgumentsDelta) -> bytes:
        index = self._tools.get((event.choice, event.index))
        if index is None:
            return b""
        part = self._parts[event.choice, event.index]
        custom = isinstance(part, ToolCall) and part.kind == "custom"
        inner = {"custom": {"input": event.arguments}} if custom else {"function": {"arguments": event.arguments}}
        return self._chunk(event.choice, {"tool_calls": [{"index": index, **inner}]})

    def _signature_delta(self, event: SignatureDelta) -> bytes:
        part = self._parts.get((event.choice, event.index))
        if isinstance(part, ToolCall):
            index = self._tools[event.choice, event.index]
            content = {"extra_content": {"google": {"thought_signature": event.signature}}}
            # Clients that check chunks want the function in each (Vercel's AI SDK, and so opencode).
            inner = {"custom": {"input": ""}} if part.kind == "custom" else {"function": {"arguments": ""}}
            return self._chunk(event.choice, {"tool_calls": [{"index": index, **inner, **content}]})
        if not isinstance(part, Reasoning):
            return b""
        index = self._details.get(event.choice, 0)
        self._details[event.choice] = index + 1
        signed = Reasoning(
            "" if event.encrypted else "".join(self._thoughts.pop((event.choice, event.index), ())),
            signature=None if event.encrypted else event.signature,
            encrypted=event.signature if event.encrypted else None,
            id=part.id,
            dialect=part.dialect,
        )
        return self._chunk(event.choice, {"reasoning_details": [encode_reasoning_detail(signed, index)]})

    def _citation_delta(self, event: CitationDelta) -> bytes:
        annotation = encode_citation(event.citation)
        return b"" if annotation is None else self._chunk(event.choice, {"annotations": [annotation]})

    def _logprobs_delta(self, event: LogprobsDelta) -> bytes:
        return self._chunk(event.choice, {}, logprobs=event.logprobs)

    def _finished(self, event: ChoiceFinished) -> bytes:
        out = b""
        if event.choice not in self._roles:  # an answer without any part
            out = self._chunk(event.choice, {"role": "assistant", "content": ""})
        reason = native_finish_reason(event.finish_reason)
        return out + self._chunk(
            event.choice, {}, finish_reason=reason, native_finish_reason=event.native_finish_reason
        )

    def _usage_reported(self, event: UsageReported) -> bytes:
        self._usage = encode_usage(event.usage, same=False)
        return b""

    def _ended(self, event: ReplyEnded) -> bytes:
        out = b""
        if self._include_usage and self._usage is not None:
            out = sse_frame(encode({**self._envelope, "choices": [], "usage": self._usage}))
        return out + b"data: [DONE]\n\n"

    def _failed(self, event: StreamFailed) -> bytes:
        return openai_error_event(event.failure)


_FIELD_OF_PART: dict[type | None, bytes] = {Text: b"content", Reasoning: b"reasoning_content", Refusal: b"refusal"}

_EVENT_ENCODERS: dict[type, Callable[[ChatStreamEncoder, Any], bytes]] = {
    TextDelta: ChatStreamEncoder._text_delta,
    ArgumentsDelta: ChatStreamEncoder._arguments_delta,
    PartStarted: ChatStreamEncoder._part_started,
    SignatureDelta: ChatStreamEncoder._signature_delta,
    CitationDelta: ChatStreamEncoder._citation_delta,
    LogprobsDelta: ChatStreamEncoder._logprobs_delta,
    ChoiceFinished: ChatStreamEncoder._finished,
    UsageReported: ChatStreamEncoder._usage_reported,
    ReplyStarted: ChatStreamEncoder._started,
    ReplyEnded: ChatStreamEncoder._ended,
    StreamFailed: ChatStreamEncoder._failed,
}
