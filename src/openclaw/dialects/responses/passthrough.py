"""Responses to Responses: request and answer pass as they are, and only what must change is changed."""

from collections.abc import Collection

import msgspec

from openclaw.calls import Call, Failure, JsonObject, Message, Reasoning, Usage
from openclaw.dialects.codec import Codec, Glance
from openclaw.dialects.jsontext import encode
from openclaw.dialects.openai_errors import failure_of_openai_error
from openclaw.dialects.relay import FrameRelay
from openclaw.dialects.responses.codec import Responses
from openclaw.dialects.responses.errors import error_event, failed, failure_of_event
from openclaw.dialects.responses.notes import CHANGED
from openclaw.dialects.responses.numbers import last_number
from openclaw.dialects.responses.parts import NAME
from openclaw.dialects.responses.reply import decode_usage
from openclaw.dialects.rewrite import NOTHING, rewrite_document
from openclaw.dialects.sse import SseEvent, sse_frame


class _Response(msgspec.Struct):
    """The few fields of a Response object that the gateway reads when it passes the rest."""

    model: str | None = None
    status: str | None = None
    output: msgspec.Raw = msgspec.Raw()
    usage: JsonObject | None = None
    error: JsonObject | str | None = None


class _Event(msgspec.Struct):
    type: str = ""
    response: msgspec.Raw = msgspec.Raw()


_response = msgspec.json.Decoder(_Response)
_event = msgspec.json.Decoder(_Event)
_whole = msgspec.json.Decoder(JsonObject)
_NOT_A_RESPONSE = Failure(kind="malformed", message="The provider's answer is not a response.")

# The events that are looked into: they hold the Response object, or an error. The deltas between them pass.
_MARKS = (b"response.created", b"response.completed", b"response.incomplete", b"response.failed", b'"error"')
_ENDS = frozenset({"response.completed", "response.incomplete"})


class ResponsesPassthrough:
    """The port `openclaw.dialects.codec.Passthrough` for Responses."""

    def suits(self, target: Codec, call: Call) -> bool:
        changed = CHANGED in call.spelling or any(map(_holds_foreign_thought, call.messages))
        return isinstance(target, Responses) and not changed

    def rewrite(self, raw: bytes, call: Call, target: Codec, model: str, drop: Collection[str]) -> bytes:
        # The gateway may have asked for more than the caller did.
        put = {"include": call.extra["include"]} if "include" in call.extra else NOTHING
        return rewrite_document(raw, model, drop, put)

    def glance(self, body: bytes) -> Glance:
        """Read a plain answer without decoding it whole."""
        try:
            seen = _response.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Glance(failure=_NOT_A_RESPONSE)
        if seen.error and seen.status in (None, "failed"):
            return Glance(failure=_failure(seen.error))
        if not bytes(seen.output):
            return Glance(failure=_NOT_A_RESPONSE)
        return Glance(seen.model, _usage(seen))

    def relay(self, call: Call) -> "ResponsesRelay":
        return ResponsesRelay()


def _holds_foreign_thought(message: Message) -> bool:
    """Whether a thought is among it that this gateway showed under an id of its own, and that no provider knows."""
    content = message.content if isinstance(message.content, tuple) else ()
    return any(isinstance(part, Reasoning) and part.dialect != NAME for part in content)


def _failure(error: JsonObject | str) -> Failure:
    return failure_of_openai_error(error if isinstance(error, dict) else {"message": error})


def _usage(seen: _Response) -> Usage | None:
    return decode_usage(seen.usage) if seen.usage is not None else None


class ResponsesRelay(FrameRelay):
    """Passes a Responses stream through; an `error` or `response.failed` event is left out, the gateway writes its own.

    `response` is the Response object as the stream last told it, in the provider's bytes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.response: bytes | None = None
        self._latest = b""

    def _worth_reading(self, data: bytes) -> bool:
        self._latest = data
        return any(mark in data for mark in _MARKS)

    def _keeps(self, event: SseEvent) -> bool:
        kept = self._passes(event)
        if kept:
            self._latest = event.data
        return kept

    def _passes(self, event: SseEvent) -> bool:
        if event.data.startswith(b"[DONE]"):  # some servers end every stream with it
            return False
        try:
            seen = _event.decode(event.data)
        except msgspec.ValidationError:
            return True  # JSON of a shape that we do not know: it is the caller's to judge
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._break("The provider sent an event that is not JSON.")
            return False
        kind = seen.type or event.event or ""
        if kind == "error":
            self.failure = failure_of_event(_whole.decode(event.data))
        elif bytes(seen.response):
            self._look_at(kind, bytes(seen.response))
        return self.failure is None

    def _look_at(self, kind: str, raw: bytes) -> None:
        try:
            seen = _response.decode(raw)
        except msgspec.ValidationError:
            return
        if kind == "response.failed":
            self.failure = _failure(seen.error) if seen.error else _NOT_A_RESPONSE
            return
        self.response = raw
        self.model = seen.model or self.model
        self.usage = _usage(seen) or self.usage
        self.complete = self.complete or kind in _ENDS

    def fail(self, failure: Failure) -> bytes:
        """`response.failed` with the response as far as it was told, in the place that the stream has reached."""
        if self.response is None:
            event = error_event(failure)
        else:
            event = {"type": "response.failed", "response": failed(_whole.decode(self.response), failure)}
        return sse_frame(encode({**event, "sequence_number": last_number(self._latest) + 1}), event["type"])
