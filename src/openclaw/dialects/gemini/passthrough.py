"""Gemini to Gemini: request and answer pass as they are. The model stands in the path, so nothing is changed at all."""

from collections.abc import Collection

import msgspec

from openclaw.calls import Call, Failure, JsonObject
from openclaw.dialects.codec import Codec, Glance
from openclaw.dialects.gemini.codec import Gemini
from openclaw.dialects.gemini.errors import error_event, failure_of
from openclaw.dialects.gemini.usage import decode_usage
from openclaw.dialects.jsontext import encode
from openclaw.dialects.relay import FrameRelay
from openclaw.dialects.sse import SseEvent

_PLAIN = Gemini()


# Events that hold one of these are looked into.
_MARKS = (b'"usageMetadata"', b'"finishReason"', b'"promptFeedback"', b'"error"')


class _Candidate(msgspec.Struct, rename="camel"):
    index: int = 0
    finish_reason: str | None = None


class _Glance(msgspec.Struct, rename="camel"):
    """The few fields of an answer that the gateway reads when it passes the rest."""

    model_version: str | None = None
    usage_metadata: JsonObject | None = None
    candidates: list[_Candidate] | None = None
    prompt_feedback: JsonObject | None = None
    error: JsonObject | None = None


_glance = msgspec.json.Decoder(_Glance)
_raw_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NOT_AN_ANSWER = Failure(kind="malformed", message="The provider's answer is not a generateContent response.")


class GeminiPassthrough:
    """The port `openclaw.dialects.codec.Passthrough` for Gemini."""

    def suits(self, target: Codec, call: Call) -> bool:
        return target == _PLAIN

    def rewrite(self, raw: bytes, call: Call, target: Codec, model: str, drop: Collection[str]) -> bytes:
        if not drop:
            return raw
        return encode({key: value for key, value in _raw_fields.decode(raw).items() if key not in drop})

    def glance(self, body: bytes) -> Glance:
        """Read a plain answer without decoding it whole."""
        try:
            seen = _glance.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Glance(failure=_NOT_AN_ANSWER)
        if seen.error is not None:
            return Glance(failure=failure_of(seen.error))
        if seen.candidates is None and seen.prompt_feedback is None and seen.usage_metadata is None:
            return Glance(failure=_NOT_AN_ANSWER)
        usage = decode_usage(seen.usage_metadata) if seen.usage_metadata is not None else None
        return Glance(seen.model_version, usage)

    def relay(self, call: Call) -> "GeminiRelay":
        return GeminiRelay()


class GeminiRelay(FrameRelay):
    """Passes a Gemini stream through. It has no end marker: a finish reason, or a refused prompt, says it is whole."""

    def __init__(self) -> None:
        super().__init__()
        self._refused = False
        self._seen: set[int] = set()
        self._finished: set[int] = set()

    def fail(self, failure: Failure) -> bytes:
        return error_event(failure)

    def _worth_reading(self, data: bytes) -> bool:
        return any(mark in data for mark in _MARKS)

    def _keeps(self, event: SseEvent) -> bool:
        try:
            seen = _glance.decode(event.data)
        except msgspec.ValidationError:
            return True  # JSON of a shape that we do not know: it is the caller's to judge
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._break("The provider sent an event that is not JSON.")
            return False
        if seen.error is not None:
            self.failure = failure_of(seen.error)
            return False
        if seen.usage_metadata is not None:
            self.usage = decode_usage(seen.usage_metadata)
        self.model = seen.model_version or self.model
        self._refused |= seen.prompt_feedback is not None
        for candidate in seen.candidates or ():
            self._seen.add(candidate.index)
            if candidate.finish_reason:
                self._finished.add(candidate.index)
        return True

    def _is_whole(self) -> bool:
        return self._refused or (bool(self._finished) and self._finished == self._seen)
