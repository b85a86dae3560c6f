"""Messages to Messages: request and answer pass as they are, and only the model's name is changed."""

from collections.abc import Collection

import msgspec

from openclaw.calls import Call, Failure, JsonObject, Reasoning, Usage
from openclaw.dialects.codec import Codec, Glance
from openclaw.dialects.fields import given
from openclaw.dialects.messages.codec import Messages
from openclaw.dialects.messages.errors import decode_error_event, error_event
from openclaw.dialects.messages.reply import decode_usage
from openclaw.dialects.relay import FrameRelay
from openclaw.dialects.rewrite import rewrite_document
from openclaw.dialects.sse import SseEvent

_PLAIN = Messages()


class _Glance(msgspec.Struct):
    """The few fields of an answer, or of an event, that the gateway reads when it passes the rest."""

    type: str | None = None
    model: str | None = None
    usage: JsonObject | None = None
    message: "_Glance | None" = None


_glance = msgspec.json.Decoder(_Glance)
_whole = msgspec.json.Decoder(JsonObject)
_NOT_A_MESSAGE = Failure(kind="malformed", message="The provider's answer is not a message.")

# The events that are looked into; the deltas between them pass.
_MARKS = (b"message_start", b"message_delta", b"message_stop", b'"error"')


class MessagesPassthrough:
    """The port `openclaw.dialects.codec.Passthrough` for Messages."""

    def suits(self, target: Codec, call: Call) -> bool:
        # Anthropic requires an output bound, and refuses thoughts that it did not sign.
        return (
            target == _PLAIN and given(call.max_output_tokens) and not any(map(_holds_unsigned_thought, call.messages))
        )

    def rewrite(self, raw: bytes, call: Call, target: Codec, model: str, drop: Collection[str]) -> bytes:
        return rewrite_document(raw, model, drop)

    def glance(self, body: bytes) -> Glance:
        """Read a plain answer without decoding it whole."""
        try:
            seen = _glance.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Glance(failure=_NOT_A_MESSAGE)
        if seen.type == "error":
            return Glance(failure=decode_error_event(_whole.decode(body)))
        if seen.type != "message":
            return Glance(failure=_NOT_A_MESSAGE)
        return Glance(seen.model, _usage(seen.usage))

    def relay(self, call: Call) -> "MessagesRelay":
        return MessagesRelay()


def _holds_unsigned_thought(message: object) -> bool:
    content = getattr(message, "content", None)
    parts = content if isinstance(content, tuple) else ()
    return any(isinstance(part, Reasoning) and not part.signature and not part.encrypted for part in parts)


def _usage(native: JsonObject | None) -> Usage | None:
    return decode_usage(native) if native is not None else None


class MessagesRelay(FrameRelay):
    """Passes Anthropic's event stream through; an `error` event is left out, the gateway writes its own."""

    def __init__(self) -> None:
        super().__init__()
        self._usage: JsonObject = {}

    def fail(self, failure: Failure) -> bytes:
        return error_event(failure)

    def _worth_reading(self, data: bytes) -> bool:
        return any(mark in data for mark in _MARKS)

    def _keeps(self, event: SseEvent) -> bool:
        if event.event == "content_block_delta":
            return self._is_json_object(event.data)
        try:
            seen = _glance.decode(event.data)
        except msgspec.ValidationError:
            return True
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._break("The provider sent an event that is not JSON.")
            return False
        if seen.type == "error":
            self.failure = decode_error_event(_whole.decode(event.data))
            return False
        self._note(seen)
        return True

    def _note(self, seen: _Glance) -> None:
        if seen.type == "message_start" and seen.message is not None:
            self.model = seen.message.model
            self._usage = dict(seen.message.usage or {})
        elif seen.type == "message_delta" and seen.usage is not None:
            # Cumulative: what the end says replaces what the start said, bucket by bucket.
            self._usage |= {key: value for key, value in seen.usage.items() if value is not None}
        elif seen.type == "message_stop":
            self.complete = True
        if self._usage:
            self.usage = decode_usage(self._usage)

    def _is_json_object(self, data: bytes) -> bool:
        if data.endswith(b"}"):
            return True
        self._break("The provider sent an event that is not JSON.")
        return False
