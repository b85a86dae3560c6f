"""Chat to Chat: request and answer pass as they are, and only what must change is changed.

An event of a stream is looked into only when it holds one of a few marks: usage, an error, a finish reason or the end.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from openclaw.calls import Call, Failure, JsonObject
from openclaw.dialects.chat.codec import Chat
from openclaw.dialects.chat.reply import decode_usage
from openclaw.dialects.codec import Codec, Glance
from openclaw.dialects.fields import given
from openclaw.dialects.openai_errors import failure_of_openai_error, openai_error_event
from openclaw.dialects.relay import FrameRelay
from openclaw.dialects.rewrite import NOTHING, rewrite_document
from openclaw.dialects.sse import SseEvent

# Usage, an error, a finish reason, the end: events that hold one of these are looked into.
_MARK = re.compile(rb'"usage"\s*:\s*\{|"error"\s*:\s*[{"]|"finish_reason"\s*:\s*"|data:\s*\[DONE\]')


class _GroqGlance(msgspec.Struct):
    usage: JsonObject | None = None


class _Glance(msgspec.Struct):
    """The few fields of an answer that the gateway reads when it passes the rest untouched."""

    model: str | None = None
    usage: JsonObject | None = None
    choices: list[msgspec.Raw] | None = None
    error: JsonObject | str | None = None
    x_groq: _GroqGlance | None = None


class _ChoiceGlance(msgspec.Struct):
    index: int = 0
    finish_reason: str | None = None


_glance = msgspec.json.Decoder(_Glance)
_choice_glance = msgspec.json.Decoder(_ChoiceGlance)


class ChatRelay(FrameRelay):
    """Passes a Chat stream through.

    `hide_usage` leaves out the usage chunk (the one with empty `choices`) that the gateway asked for and the caller
    did not. The provider's error event is left out too: the gateway writes its own from `failure`. `several` tells
    that more than one choice was asked for: then every chunk is looked into, for each of them has to finish.
    """

    def __init__(self, *, hide_usage: bool, several: bool = False) -> None:
        super().__init__()
        self._hide_usage = hide_usage
        self._several = several
        self._open: set[int] = set()
        self._finished: set[int] = set()

    def fail(self, failure: Failure) -> bytes:
        return openai_error_event(failure)

    def _worth_reading(self, data: bytes) -> bool:
        if self._several:
            return True
        # Plain searches first: most chunks hold no mark at all, and the expression costs five times as much.
        maybe = b'"usage"' in data or b'"error"' in data or b"[DONE]" in data
        maybe = maybe or b'reason":"' in data or b'reason": "' in data or b'reason" : "' in data
        return maybe and _MARK.search(data) is not None

    def _keeps(self, event: SseEvent) -> bool:
        data = event.data
        if data.startswith(b"[DONE]"):
            # The same rule as in the decoder: a finish reason or usage makes the end believable.
            self.complete = self._is_whole() or self.usage is not None
            return self.complete
        if data.endswith(b"}") and not self._several and not _MARK.search(data):
            return True
        try:
            chunk = _glance.decode(data)
        except msgspec.ValidationError:
            return True  # JSON of a shape that we do not know: it is the caller's to judge
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._break("The provider sent a chunk that is not JSON.")
            return False
        return self._keeps_chunk(chunk, data)

    def _keeps_chunk(self, chunk: _Glance, data: bytes) -> bool:
        usage = chunk.usage or (chunk.x_groq.usage if chunk.x_groq is not None else None)
        if usage is not None:
            self.usage = decode_usage(usage)
        if chunk.model is not None:
            self.model = chunk.model
        if chunk.error:
            native = chunk.error if isinstance(chunk.error, dict) else {"message": chunk.error}
            self.failure = failure_of_openai_error(native)
            return False
        for choice in chunk.choices or ():
            self._look_at(choice)
        return not (self._hide_usage and chunk.usage is not None and chunk.choices == [])

    def _look_at(self, raw: msgspec.Raw) -> None:
        try:
            choice = _choice_glance.decode(raw)
        except msgspec.ValidationError:
            return
        (self._finished if choice.finish_reason else self._open).add(choice.index)

    def _is_whole(self) -> bool:
        return bool(self._finished) and self._open <= self._finished


class ChatPassthrough:
    """The port of `openclaw.dialects.codec.Passthrough` for Chat."""

    def suits(self, target: Codec, call: Call) -> bool:
        return isinstance(target, Chat) and target.passes_unchanged(call)

    def rewrite(self, raw: bytes, call: Call, target: Codec, model: str, drop: Collection[str]) -> bytes:
        asks = isinstance(target, Chat) and target.stream_usage
        return rewrite_document(raw, model, drop, asking_for_usage(call) if asks else NOTHING)

    def glance(self, body: bytes) -> Glance:
        return glance(body)

    def relay(self, call: Call) -> ChatRelay:
        return ChatRelay(hide_usage=not call.include_usage, several=given(call.n) and call.n != 1)


def asking_for_usage(call: Call) -> Mapping[str, Any]:
    """The request fields by which a stream tells its usage, when the caller has not asked for it."""
    if call.stream is not True or call.include_usage:
        return NOTHING
    return {"stream_options": {**(call.extra.get("stream_options") or {}), "include_usage": True}}


def glance(body: bytes) -> Glance:
    """Read a plain answer without decoding it whole."""
    try:
        seen = _glance.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Glance(failure=_NOT_A_COMPLETION)
    failure = None
    if seen.error and not seen.choices:
        failure = failure_of_openai_error(seen.error if isinstance(seen.error, dict) else {"message": seen.error})
    elif seen.choices is None:
        failure = _NOT_A_COMPLETION
    return Glance(seen.model, decode_usage(seen.usage) if seen.usage is not None else None, failure)


_NOT_A_COMPLETION = Failure(kind="malformed", message="The provider's answer is not a completion.")
