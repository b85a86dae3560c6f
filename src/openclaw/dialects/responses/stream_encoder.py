"""Our events to streamed Responses: the whole grammar, numbered, whatever dialect the events came from.

    created in_progress ( item.added ( part.added delta* done part.done )* item.done )* completed|incomplete|failed

A message item stays open until something else starts, because text parts that follow one another share it, and a
text part is closed only then or at the end, because log probabilities and citations may come after its last word.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from openclaw.calls import (
    ArgumentsDelta,
    Call,
    ChoiceFinished,
    Citation,
    CitationDelta,
    Event,
    Image,
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
    StreamFailed,
    Text,
    TextDelta,
    ToolCall,
    Usage,
    UsageReported,
)
from openclaw.dialects.responses.errors import error_event, failed
from openclaw.dialects.responses.ids import Ids
from openclaw.dialects.responses.items import SUMMARY_SEPARATOR
from openclaw.dialects.responses.notes import ITEM
from openclaw.dialects.responses.parts import NAME
from openclaw.dialects.responses.reply import (
    SERVER_ERROR,
    AnswerItems,
    call_prefix,
    encode_citation,
    encode_finish,
    encode_logprob,
    encode_usage,
    image_item,
    is_shown,
    message_item,
    reasoning_item,
    refusal_part,
    shell,
    text_part,
    tool_call_item,
)
from openclaw.dialects.sse import sse_frame

_encode_json = msgspec.json.Encoder().encode


_NOT_YET: JsonObject = {
    "status": "in_progress",
    "output": [],
    "usage": None,
    "error": None,
    "incomplete_details": None,
    "completed_at": None,
}
"""What a response says of itself before it has answered."""

_ALWAYS = frozenset({"status", "output", "usage"})
"""Of these, what every response says."""

_TERMINAL = {"incomplete": "response.incomplete", "failed": "response.failed"}


class _Item:
    """One output item. `body` is what was last said of it; `content` the parts of a message."""

    __slots__ = ("body", "content", "done", "left", "position")

    def __init__(self, position: int, body: JsonObject) -> None:
        self.position = position
        self.body = body
        self.content: list[_Open] = []
        self.left = False  # something else has followed: a message ends with the last of its open parts
        self.done = False


class _Open:
    """One part being streamed. `place` is what its events have in common; it has an item once that was added."""

    __slots__ = (
        "annotations",
        "before",
        "body",
        "citations",
        "encrypted",
        "ended",
        "extra",
        "item",
        "part",
        "pieces",
        "place",
        "signature",
    )

    def __init__(self, part: Part) -> None:
        self.part = part
        self.item: _Item | None = None
        self.place: JsonObject = {}
        self.before: list[str] = []  # of a thought: its parts that are closed
        self.pieces: list[str] = []
        self.encrypted: list[str] = []
        self.signature: list[str] = []
        self.citations: list[Citation] = []
        self.annotations: list[JsonObject] = []
        self.extra: JsonObject = {}
        self.body: JsonObject | None = None  # of a content part that was closed
        self.ended = False

    @property
    def text(self) -> str:
        return SUMMARY_SEPARATOR.join([*self.before, "".join(self.pieces)] if self.pieces else self.before)

    def whole(self) -> Part:
        """The part with everything that its events gave."""
        match self.part:
            case Text() as part:
                citations = (*part.citations, *self.citations)
                return replace(part, text=self.text, citations=citations, extra={**part.extra, **self.extra})
            case Refusal() as part:
                return replace(part, text=self.text, extra={**part.extra, **self.extra})
            case Reasoning() as part:
                encrypted = "".join(self.encrypted) or part.encrypted
                signature = "".join(self.signature) or part.signature
                lengths = ",".join(str(len(text)) for text in self.before)
                notes = tuple(f"{n}{lengths}" if n in ("summary:", "content:") else n for n in part.spelling)
                extra = {**part.extra, **self.extra}
                state = {"signature": signature, "encrypted": encrypted}
                return replace(part, text=self.text, extra=extra, spelling=notes, **state)
            case ToolCall() as part:
                return replace(part, arguments=self.text, extra={**part.extra, **self.extra})
        return self.part


class ResponsesStreamEncoder:
    """Gives the whole grammar whatever dialect the events came from. Events of this dialect keep their own ids and
    fields."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._sequence = 0
        self._own = False
        self._started: ReplyStarted | None = None
        self._shell: JsonObject = {}
        self._ids = Ids("")
        self._items: list[_Item] = []
        self._parts: dict[int, _Open] = {}
        self._message: _Item | None = None
        self._logprobs: list[Any] = []
        self._finished = ChoiceFinished(0, "unknown")
        self._usage: Usage | None = None
        self._over = False
        self._out: list[bytes] = []
        self.response: JsonObject = {}
        """The whole response, once it has ended."""

    def encode(self, event: Event) -> bytes:
        if self._over:
            return b""
        _ENCODERS[type(event)](self, event)
        out, self._out = self._out, []
        return out[0] if len(out) == 1 else b"".join(out)

    def _emit(self, kind: str, place: JsonObject, **fields: Any) -> None:
        body = {"type": kind, "sequence_number": self._sequence, **place, **fields}
        self._sequence += 1
        self._out.append(sse_frame(_encode_json(body), kind))

    # --- the response

    def _reply_started(self, event: ReplyStarted) -> None:
        if self._started is not None:
            return
        self._started = event
        self._own = event.dialect == NAME
        self._ids = Ids(event.id)
        if self._own:
            unsaid = {key: value for key, value in _NOT_YET.items() if key in _ALWAYS or key in event.extra}
            self._shell = {**event.extra, **unsaid, "id": event.id, "model": event.model}
            if event.created is not None:
                self._shell.setdefault("created_at", event.created)
            if event.service_tier is not None:
                self._shell["service_tier"] = event.service_tier
        else:
            self._shell = shell(self._ids.response, event.model, event.created, event.service_tier, self._call)
        self._emit("response.created", {}, response=self._shell)
        self._emit("response.in_progress", {}, response=self._shell)

    def _ensure_started(self) -> None:
        if self._started is None:
            self._reply_started(ReplyStarted("", self._call.model))

    def _choice_finished(self, event: ChoiceFinished) -> None:
        if event.choice == 0:
            self._finished = event

    def _usage_reported(self, event: UsageReported) -> None:
        self._usage = event.usage

    def _reply_ended(self, _: ReplyEnded) -> None:
        self._ensure_started()
        refused = any(isinstance(opened.part, Refusal) for opened in self._parts.values())
        status, details = encode_finish(self._finished.finish_reason, refused_in_words=refused)
        for opened in self._parts.values():
            self._end(opened)
        if self._message is not None:
            self._end_message(self._message, "incomplete" if status == "incomplete" else "completed")
        if self._own and self._started is not None:
            # A reply that came whole has its end in the fields it began with, a streamed one in its last event.
            begun = {key: value for key, value in self._started.extra.items() if key in _NOT_YET}
            body = {**self._shell, **begun, **self._finished.extra}
            if body["status"] == "in_progress":
                body["status"] = status
        else:
            error = SERVER_ERROR if status == "failed" else None
            body = {**self._shell, "status": status, "incomplete_details": details, "error": error}
        self._end_response(_TERMINAL.get(str(body["status"]), "response.completed"), body)

    def _end_response(self, kind: str, body: JsonObject) -> None:
        body["output"] = [item.body for item in self._items if item.done]
        if self._usage is not None:
            body["usage"] = (self._usage.native if self._own else None) or encode_usage(self._usage)
        self.response = body
        self._emit(kind, {}, response=body)
        self._over = True

    def _stream_failed(self, event: StreamFailed) -> None:
        if self._started is None:
            fields = error_event(event.failure)
            self._emit(fields.pop("type"), fields)
            self._over = True
            return
        self._end_response("response.failed", failed(self._shell, event.failure))

    def _opaque_event(self, event: OpaqueEvent) -> None:
        if event.dialect != NAME:
            return
        self._ensure_started()
        fields = {key: value for key, value in event.native.items() if key not in ("type", "sequence_number")}
        kind, item = event.native.get("type"), fields.get("item")
        if kind == "response.output_item.added" and isinstance(item, dict):
            self._leave_message()
            self._add_item(item)
        elif isinstance(kind, str):
            self._emit(kind, fields)

    # --- items

    def _add_item(self, body: JsonObject) -> _Item:
        item = _Item(len(self._items), body)
        self._items.append(item)
        self._emit("response.output_item.added", {"output_index": item.position}, item=body)
        return item

    def _end_item(self, item: _Item, body: JsonObject) -> None:
        item.body, item.done = body, True
        self._emit("response.output_item.done", {"output_index": item.position}, item=body)

    def _leave_message(self) -> None:
        """Something else follows the open message."""
        item, self._message = self._message, None
        if item is not None:
            item.left = True
            self._end_message_when_closed(item)

    def _end_message_when_closed(self, item: _Item) -> None:
        if item.left and all(opened.ended for opened in item.content):
            self._end_message(item, "completed")

    def _end_message(self, item: _Item, status: str) -> None:
        content = [self._close_content(opened) for opened in item.content]
        if self._own:
            self._end_item(item, self._own_item([opened.whole() for opened in item.content], item))
        else:
            self._end_item(item, message_item(item.body["id"], content, status))

    def _own_item(self, parts: list[Part], item: _Item | None = None) -> JsonObject:
        """An item in this dialect's own words; one without an id, as callers may write it, gets one."""
        position = len(self._items) if item is None else item.position
        encoder = AnswerItems(self._ids, position)
        encoder.turn(parts)
        body = dict(encoder.items[0])
        if not isinstance(body.get("id"), str):
            body["id"] = self._ids.item(_PREFIXES.get(str(body.get("type")), "item"), position)
        return body

    def _blank_item(self, part: Part) -> JsonObject | None:
        """The item as it begins; None for a part that is not shown."""
        position = len(self._items)
        if self._own:
            if isinstance(part, Opaque):
                return part.native
            body = self._own_item([part])
            if "status" in body:
                body["status"] = "in_progress"
            return {**body, "content": []} if body.get("type", "message") == "message" else body
        match part:
            case Text() | Refusal():
                return message_item(self._ids.item("msg", position), [], "in_progress")
            case ToolCall():
                return tool_call_item(part, self._ids.item(call_prefix(part), position), "", "in_progress")
            case Reasoning():
                return reasoning_item(self._ids.item("rs", position), Reasoning())
            case Image() if part.source.data is not None:
                return image_item(self._ids.item("ig", position), part.source.data)
        return None

    # --- parts

    def _part_started(self, event: PartStarted) -> None:
        if event.choice != 0:
            return
        self._ensure_started()
        opened = self._parts[event.index] = _Open(event.part)
        match event.part:
            case Text() | Refusal():
                self._begin_content(opened)
                self._add_text(opened, event.part.text)
            case Reasoning():  # begins with its first words: thoughts that stay hidden are no item
                self._add_text(opened, event.part.text)
            case ToolCall():
                self._begin(opened, replace(event.part, arguments=""))
                self._add_arguments(opened, event.part.arguments)
            case _:
                self._begin(opened, event.part)

    def _begin(self, opened: _Open, blank: Part) -> None:
        """Add the item of a part that has one to itself."""
        body = self._blank_item(blank)
        if body is None:
            return
        self._leave_message()
        opened.item = self._announced(blank) or self._add_item(body)
        opened.place = {"item_id": opened.item.body.get("id", ""), "output_index": opened.item.position}

    def _announced(self, part: Part) -> _Item | None:
        """The item of a provider-run tool whose `added` event has passed already."""
        identity = part.native.get("id") if isinstance(part, Opaque) else None
        same = (item for item in self._items if not item.done and item.body.get("id") == identity)
        return next(same, None) if identity is not None else None

    def _begin_content(self, opened: _Open) -> None:
        part = opened.part
        if self._message is not None and self._own and ITEM in getattr(part, "spelling", ()):
            self._leave_message()
        if self._message is None:
            blank = replace(part, text="") if isinstance(part, Text | Refusal) else part
            self._message = self._add_item(self._blank_item(blank) or {})
        item = opened.item = self._message
        for before in item.content:
            if before.ended:
                self._close_content(before)
        opened.place = {
            "item_id": item.body.get("id", ""),
            "output_index": item.position,
            "content_index": len(item.content),
        }
        item.content.append(opened)
        blank_body = refusal_part("") if isinstance(part, Refusal) else text_part("", [], [])
        self._emit("response.content_part.added", opened.place, part=blank_body)

    def _close_content(self, opened: _Open) -> JsonObject:
        """The last two events of a content part; its body."""
        if opened.body is not None:
            return opened.body
        if isinstance(opened.part, Refusal):
            body = refusal_part(opened.text)
            self._emit("response.refusal.done", opened.place, refusal=opened.text)
        else:
            logprobs, self._logprobs = self._logprobs, []
            body = text_part(opened.text, opened.annotations, logprobs)
            self._emit("response.output_text.done", opened.place, text=opened.text, logprobs=body["logprobs"])
        opened.body = body
        self._emit("response.content_part.done", opened.place, part=body)
        return body

    def _text_delta(self, event: TextDelta) -> None:
        opened = self._parts.get(event.index) if event.choice == 0 else None
        if opened is not None:
            self._add_text(opened, event.text)

    def _add_text(self, opened: _Open, text: str) -> None:
        if not text or opened.ended:
            return
        kind = type(opened.part)
        if kind is Text:
            self._emit("response.output_text.delta", opened.place, delta=text, logprobs=_NO_LOGPROBS)
        elif kind is Refusal:
            self._emit("response.refusal.delta", opened.place, delta=text)
        elif kind is Reasoning:
            self._add_thought(opened, text)
            return
        opened.pieces.append(text)

    def _add_thought(self, opened: _Open, text: str) -> None:
        words = _THOUGHTS[_thinks_aloud(opened.part)]
        if opened.item is None:
            self._begin_item_of_thought(opened)
        elif self._own and text == SUMMARY_SEPARATOR:  # this dialect's decoder puts it between two parts
            self._end_thought_part(opened, words)
            return
        if not opened.pieces:
            opened.place[words.index] = len(opened.before)
            self._emit(words.added, opened.place, part={"type": words.part, "text": ""})
        self._emit(words.delta, opened.place, delta=text)
        opened.pieces.append(text)

    def _begin_item_of_thought(self, opened: _Open) -> None:
        if isinstance(opened.part, Reasoning):
            self._begin(opened, replace(opened.part, text="", encrypted=None))

    def _end_thought_part(self, opened: _Open, words: "_Thought") -> None:
        if not opened.pieces:
            return
        text = "".join(opened.pieces)
        self._emit(words.text_done, opened.place, text=text)
        self._emit(words.done, opened.place, part={"type": words.part, "text": text})
        opened.before.append(text)
        opened.pieces = []

    def _arguments_delta(self, event: ArgumentsDelta) -> None:
        opened = self._parts.get(event.index) if event.choice == 0 else None
        if opened is not None:
            self._add_arguments(opened, event.arguments)

    def _add_arguments(self, opened: _Open, text: str) -> None:
        if not text or opened.ended or not isinstance(opened.part, ToolCall):
            return
        self._emit(_CALLS[opened.part.kind].delta, opened.place, delta=text)
        opened.pieces.append(text)

    def _signature_delta(self, event: SignatureDelta) -> None:
        opened = self._parts.get(event.index) if event.choice == 0 else None
        if opened is not None:
            (opened.encrypted if event.encrypted else opened.signature).append(event.signature)

    def _citation_delta(self, event: CitationDelta) -> None:
        opened = self._parts.get(event.index) if event.choice == 0 else None
        if opened is None or opened.body is not None:
            return
        opened.citations.append(event.citation)
        annotation = encode_citation(event.citation, len(opened.text))
        if annotation is not None and opened.item is not None:
            index = len(opened.annotations)
            opened.annotations.append(annotation)
            self._emit(
                "response.output_text.annotation.added", opened.place, annotation_index=index, annotation=annotation
            )

    def _logprobs_delta(self, event: LogprobsDelta) -> None:
        """OpenAI sends these beside the words; a delta without words says the same after them."""
        tokens = event.logprobs.get("content")
        if event.choice != 0 or not isinstance(tokens, list) or self._message is None:
            return
        for opened in reversed(self._message.content):
            if isinstance(opened.part, Text) and opened.body is None:
                self._logprobs += tokens
                logprobs = [encode_logprob(token) for token in tokens]
                self._emit("response.output_text.delta", opened.place, delta="", logprobs=logprobs)
                return

    def _part_ended(self, event: PartEnded) -> None:
        opened = self._parts.get(event.index) if event.choice == 0 else None
        if opened is not None:
            opened.extra = event.extra
            self._end(opened)

    def _end(self, opened: _Open) -> None:
        if opened.ended:
            return
        part = opened.part
        if isinstance(part, ToolCall):
            self._end_arguments(opened, part)
        opened.ended = True
        if isinstance(part, Text | Refusal):
            if opened.item is not None:
                self._end_message_when_closed(opened.item)
            return
        if isinstance(part, Reasoning):
            self._end_thought(opened)
        if opened.item is not None:
            self._end_item(opened.item, self._whole_item(opened, opened.item))

    def _whole_item(self, opened: _Open, item: _Item) -> JsonObject:
        part = opened.whole()
        if isinstance(part, Opaque):
            return part.native
        if self._own:
            return self._own_item([part], item)
        match part:
            case ToolCall():
                return tool_call_item(part, item.body["id"], part.arguments, "completed")
            case Reasoning():
                return reasoning_item(item.body["id"], part)
        return item.body

    def _end_arguments(self, opened: _Open, part: ToolCall) -> None:
        words = _CALLS[part.kind]
        if not opened.pieces and part.kind == "function" and not self._own:
            self._add_arguments(opened, "{}")  # clients parse the text as JSON
        fields: JsonObject = {words.field: opened.text}
        if part.kind == "function":
            fields["name"] = part.name
        self._emit(words.done, opened.place, **fields)

    def _end_thought(self, opened: _Open) -> None:
        if opened.item is not None:
            self._end_thought_part(opened, _THOUGHTS[_thinks_aloud(opened.part)])
        elif self._own or self._is_shown(opened):  # hidden, but the caller's to send back
            self._begin_item_of_thought(opened)

    def _is_shown(self, opened: _Open) -> bool:
        whole = opened.whole()
        return isinstance(whole, Reasoning) and is_shown(whole)


def _thinks_aloud(part: Part) -> bool:
    """Whether a reasoning part holds the thought itself, not a summary; only this dialect's own events say so."""
    return isinstance(part, Reasoning) and any(entry.startswith("content:") for entry in part.spelling)


class _Thought(msgspec.Struct, frozen=True):
    index: str
    part: str
    added: str
    delta: str
    text_done: str
    done: str


_THOUGHTS = {
    False: _Thought(
        "summary_index",
        "summary_text",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.done",
    ),
    True: _Thought(
        "content_index",
        "reasoning_text",
        "response.content_part.added",
        "response.reasoning_text.delta",
        "response.reasoning_text.done",
        "response.content_part.done",
    ),
}


class _CallWords(msgspec.Struct, frozen=True):
    delta: str
    done: str
    field: str


_CALLS = {
    "function": _CallWords(
        "response.function_call_arguments.delta", "response.function_call_arguments.done", "arguments"
    ),
    "custom": _CallWords("response.custom_tool_call_input.delta", "response.custom_tool_call_input.done", "input"),
}

_PREFIXES = {"message": "msg", "function_call": "fc", "custom_tool_call": "ctc", "reasoning": "rs"}
_NO_LOGPROBS: tuple[Any, ...] = ()

_ENCODERS: dict[type, Callable[[ResponsesStreamEncoder, Any], None]] = {
    ReplyStarted: ResponsesStreamEncoder._reply_started,
    PartStarted: ResponsesStreamEncoder._part_started,
    TextDelta: ResponsesStreamEncoder._text_delta,
    ArgumentsDelta: ResponsesStreamEncoder._arguments_delta,
    SignatureDelta: ResponsesStreamEncoder._signature_delta,
    CitationDelta: ResponsesStreamEncoder._citation_delta,
    LogprobsDelta: ResponsesStreamEncoder._logprobs_delta,
    PartEnded: ResponsesStreamEncoder._part_ended,
    ChoiceFinished: ResponsesStreamEncoder._choice_finished,
    UsageReported: ResponsesStreamEncoder._usage_reported,
    OpaqueEvent: ResponsesStreamEncoder._opaque_event,
    ReplyEnded: ResponsesStreamEncoder._reply_ended,
    StreamFailed: ResponsesStreamEncoder._stream_failed,
}
