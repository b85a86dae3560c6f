"""OpenAI's older Completions (`/v1/completions`): a prompt in, text out.

As a door it stands in front of any model: the prompt becomes one user message. As a target it is used for providers
that still serve it, and then the caller's bytes pass. What only a base model can do (`suffix`, `echo`, `best_of`,
token ids or several texts as a prompt) has no meaning for a model that chats: `needs_native` tells, and the gateway
refuses aloud.
"""

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import UNSET, Struct

from openclaw.calls import (
    Call,
    Choice,
    ChoiceFinished,
    DialectName,
    Event,
    Failure,
    JsonObject,
    Message,
    PartEnded,
    PartStarted,
    Reply,
    ReplyEnded,
    ReplyStarted,
    StreamFailed,
    Text,
    TextDelta,
    Usage,
    UsageReported,
)
from openclaw.dialects.chat.passthrough import ChatRelay, asking_for_usage, glance
from openclaw.dialects.chat.reply import decode_usage, encode_usage, finish_reason, native_finish_reason
from openclaw.dialects.codec import Codec, Encoded, Glance, InvalidRequest, MalformedReply
from openclaw.dialects.fields import Fields, given, put, wrong_type
from openclaw.dialects.json_stream import JsonStreamDecoder
from openclaw.dialects.jsontext import encode
from openclaw.dialects.losses import Losses
from openclaw.dialects.openai_errors import (
    decode_openai_error,
    encode_openai_error,
    failure_of_openai_error,
    openai_error_event,
)
from openclaw.dialects.rewrite import rewrite_document
from openclaw.dialects.sse import SseEvent, sse_frame

_NUMBERS = ("temperature", "top_p", "frequency_penalty", "presence_penalty")
_INTEGERS = ("seed", "n")
_PLAIN = (*_NUMBERS, *_INTEGERS, "stream", "user", "logit_bias")

# Fields with which a caller asks for what only a completing model can do, and the values that ask for nothing.
_NATIVE_ONLY: dict[str, tuple[Any, ...]] = {
    "prompt": (),
    "suffix": (None, ""),
    "echo": (None, False),
    "best_of": (None, 1),
    "logprobs": (None,),
}


def needs_native(call: Call) -> str | None:
    """The first field of the request that only a completing model can honour; None when a chat model will do."""
    for key, nothing in _NATIVE_ONLY.items():
        if key in call.extra and call.extra[key] not in nothing:
            return key
    return None


class Completions(Struct, frozen=True):
    """The codec; it has no provider differences."""

    @property
    def name(self) -> DialectName:
        return "completions"

    @property
    def stream_content_type(self) -> str:
        return "text/event-stream"

    @property
    def takes_custom_tools(self) -> bool:
        return False

    @property
    def needs_output_bound(self) -> bool:
        return False

    def path(self, model: str, *, stream: bool) -> str:
        return "/completions"

    def decode_request(self, body: JsonObject, *, model: str | None = None, stream: bool | None = None) -> Call:
        fields = Fields(body)
        name = fields.required_text("model") if model is None else model
        values: dict[str, Any] = {key: fields.number(key) for key in _NUMBERS}
        values |= {key: fields.integer(key) for key in _INTEGERS}
        values |= {"user": fields.text("user"), "logit_bias": fields.object("logit_bias")}
        values["stream"] = fields.boolean("stream") if stream is None else stream
        options = fields.peek("stream_options")
        if given(options) and not isinstance(options, dict):
            raise wrong_type("stream_options", "an object", options)
        spelling: list[str] = []
        return Call(
            dialect="completions",
            model=name,
            messages=_decode_prompt(fields, spelling),
            max_output_tokens=fields.integer("max_tokens"),
            stop=_decode_stop(fields, spelling),
            include_usage=isinstance(options, dict) and options.get("include_usage") is True,
            extra=fields.rest(),
            spelling=tuple(spelling),
            **values,
        )

    def encode_request(self, call: Call) -> Encoded:
        body: JsonObject = {"model": call.model}
        prompts = [m.content for m in call.messages if isinstance(m.content, str)]
        if prompts:
            text = "\n\n".join(prompts)
            body["prompt"] = [text] if "prompt:list" in call.spelling else text
        for key in _PLAIN:
            put(body, key, getattr(call, key))
        put(body, "max_tokens", call.max_output_tokens)
        if isinstance(call.stop, tuple):
            body["stop"] = call.stop[0] if "stop:string" in call.spelling else list(call.stop)
        else:
            put(body, "stop", call.stop)
        if call.dialect == "completions":
            return Encoded({**body, **call.extra})
        losses = Losses()
        losses.add_extra(call.extra)
        return Encoded(body, losses.names())

    def decode_reply(self, body: JsonObject) -> Reply:
        try:
            fields = Fields(body)
            choices = fields.required_array("choices")
            decoded = tuple(_decode_choice(Fields(c, f"choices[{i}]"), i) for i, c in enumerate(choices))
        except InvalidRequest as error:
            raise MalformedReply(error.message) from error
        usage, created = body.get("usage"), body.get("created")
        return Reply(
            dialect="completions",
            id=str(body.get("id") or ""),
            model=str(body.get("model") or ""),
            created=created if type(created) is int else None,
            choices=decoded,
            usage=decode_usage(usage) if isinstance(usage, dict) else None,
        )

    def encode_reply(self, reply: Reply, call: Call | None = None) -> JsonObject:
        body: JsonObject = {
            "id": _completion_id(reply.id),
            "object": "text_completion",
            "created": reply.created,
            "model": reply.model,
            "choices": [
                {
                    "index": choice.index,
                    "text": "".join(part.text for part in choice.content if isinstance(part, Text)),
                    "logprobs": None,
                    "finish_reason": native_finish_reason(choice.finish_reason or "unknown"),
                }
                for choice in reply.choices
            ],
        }
        if reply.usage is not None:
            body["usage"] = encode_usage(reply.usage, same=reply.dialect == "completions")
        return body

    def stream_decoder(self) -> "CompletionsStreamDecoder":
        return CompletionsStreamDecoder()

    def stream_encoder(self, call: Call) -> "CompletionsStreamEncoder":
        return CompletionsStreamEncoder(include_usage=call.include_usage)

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        return decode_openai_error(status, headers, body)

    def encode_error(self, failure: Failure) -> tuple[int, JsonObject]:
        return encode_openai_error(failure)


def _decode_prompt(fields: Fields, spelling: list[str]) -> tuple[Message, ...]:
    """One text becomes a message; anything else stays in `extra`, for a provider that completes."""
    prompt = fields.peek("prompt")
    if isinstance(prompt, list) and len(prompt) == 1 and isinstance(prompt[0], str):
        prompt = prompt[0]
        spelling.append("prompt:list")
    if isinstance(prompt, str):
        fields.take("prompt")
        return (Message("user", prompt),)
    if not isinstance(prompt, list) or not prompt:
        raise wrong_type("prompt", "a string or a non-empty array", fields.take("prompt"))
    return ()


def _decode_stop(fields: Fields, spelling: list[str]) -> Any:
    value = fields.take("stop")
    if isinstance(value, str):
        spelling.append("stop:string")
        return (value,)
    if isinstance(value, list):
        if not all(isinstance(text, str) for text in value):
            raise InvalidRequest("stop", "'stop' must be a string or an array of strings")
        return tuple(value)
    if value is not None and value is not UNSET:
        raise wrong_type("stop", "a string or an array of strings", value)
    return value


def _decode_choice(fields: Fields, position: int) -> Choice:
    text, index = fields.required_text("text"), fields.integer("index")
    native = fields.text("finish_reason")
    native = native if isinstance(native, str) else None
    return Choice(
        index=index if isinstance(index, int) else position,
        content=(Text(text),),
        finish_reason=finish_reason(native),
        native_finish_reason=native,
        extra=fields.rest(),
    )


def _completion_id(identity: str) -> str:
    return identity if identity.startswith("cmpl-") else f"cmpl-{identity}"


class CompletionsStreamDecoder(JsonStreamDecoder[JsonObject]):
    """Chunks with `choices[].text` to events."""

    def __init__(self) -> None:
        super().__init__()
        self._open: set[int] = set()
        self._finished: set[int] = set()
        self._started = False
        self._accounted = False

    def _read_other(self, data: bytes, events: list[Event]) -> None:
        if data.startswith(b"[DONE]"):
            self._closed(events)
        else:
            super()._read_other(data, events)

    def _read(self, chunk: JsonObject, frame: SseEvent, events: list[Event]) -> None:
        if error := chunk.get("error"):
            self._failed(events, failure_of_openai_error(error if isinstance(error, dict) else {"message": str(error)}))
            return
        if not self._started:
            self._started = True
            created = chunk.get("created")
            events.append(
                ReplyStarted(
                    id=str(chunk.get("id") or ""),
                    model=str(chunk.get("model") or ""),
                    created=created if type(created) is int else None,
                )
            )
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                self._choice(choice, events)
        usage = chunk.get("usage")
        if isinstance(usage, dict):
            self._accounted = True
            events.append(UsageReported(decode_usage(usage)))

    def _choice(self, choice: JsonObject, events: list[Event]) -> None:
        index, text, native = choice.get("index"), choice.get("text"), choice.get("finish_reason")
        index = index if type(index) is int else 0
        if index in self._finished:
            return
        if index not in self._open:
            self._open.add(index)
            events.append(PartStarted(index, 0, Text("")))
        if isinstance(text, str) and text:
            events.append(TextDelta(index, 0, text))
        if isinstance(native, str) and native:
            self._finish(index, native, events)

    def _finish(self, index: int, native: str | None, events: list[Event]) -> None:
        self._finished.add(index)
        events.append(PartEnded(index, 0))
        events.append(ChoiceFinished(index, finish_reason(native) or "unknown", native))

    def _closed(self, events: list[Event]) -> None:
        unfinished = self._open - self._finished
        if (unfinished and not self._accounted) or not self._started:
            self._cut(events)
            return
        for index in sorted(unfinished):
            self._finish(index, None, events)
        self._over = True
        events.append(ReplyEnded())


class CompletionsStreamEncoder:
    """Events to chunks with `choices[].text`; parts other than text have no place there."""

    def __init__(self, *, include_usage: bool) -> None:
        self._include_usage = include_usage
        self._envelope: JsonObject = {}
        self._texts: set[tuple[int, int]] = set()
        self._usage: Usage | None = None

    def encode(self, event: Event) -> bytes:
        match event:
            case TextDelta() if (event.choice, event.index) in self._texts:
                return self._chunk(event.choice, event.text, None)
            case PartStarted() if isinstance(event.part, Text):
                self._texts.add((event.choice, event.index))
                return self._chunk(event.choice, event.part.text, None) if event.part.text else b""
            case ChoiceFinished():
                return self._chunk(event.choice, "", native_finish_reason(event.finish_reason))
            case ReplyStarted():
                self._envelope = {
                    "id": _completion_id(event.id),
                    "object": "text_completion",
                    "created": event.created or 0,
                    "model": event.model,
                }
            case UsageReported():
                self._usage = event.usage
            case ReplyEnded():
                return self._end()
            case StreamFailed():
                return openai_error_event(event.failure)
            case _:
                pass
        return b""

    def _chunk(self, index: int, text: str, reason: str | None) -> bytes:
        choice = {"index": index, "text": text, "logprobs": None, "finish_reason": reason}
        return sse_frame(encode({**self._envelope, "choices": [choice]}))

    def _end(self) -> bytes:
        out = b""
        if self._include_usage and self._usage is not None:
            usage = encode_usage(self._usage, same=False)
            out = sse_frame(encode({**self._envelope, "choices": [], "usage": usage}))
        return out + b"data: [DONE]\n\n"


class CompletionsPassthrough:
    """Completions to Completions: always the caller's own bytes."""

    def suits(self, target: Codec, call: Call) -> bool:
        return isinstance(target, Completions)

    def rewrite(self, raw: bytes, call: Call, target: Codec, model: str, drop: Collection[str]) -> bytes:
        return rewrite_document(raw, model, drop, asking_for_usage(call))

    def glance(self, body: bytes) -> Glance:
        return glance(body)

    def relay(self, call: Call) -> ChatRelay:
        # Several texts as a prompt (those stay in `extra`) get a choice each, as does `n`.
        several = "prompt" in call.extra or (given(call.n) and call.n != 1)
        return ChatRelay(hide_usage=not call.include_usage, several=several)
