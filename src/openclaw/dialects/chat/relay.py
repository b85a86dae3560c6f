"""Chat to Chat: the answer passes as the provider sent it, and only what must be known is read.

A stream is passed on in whole events, so that a cut never leaves half of one. An event is looked into only when
it holds one of a few marks: usage, an error, a finish reason or the end.
"""

import re

import msgspec

from openclaw.calls import Failure, JsonObject, Usage
from openclaw.dialects.chat.reply import decode_usage
from openclaw.dialects.openai_errors import failure_of_openai_error
from openclaw.dialects.sse import EVENT_BYTES_MAX, SseDecoder

_MARK = re.compile(rb'"usage":\s*\{|"error":\s*[{"]|"finish_reason":\s*"|data:\s*\[DONE\]')


_FINISH = re.compile(rb'"finish_reason":\s*"')


class _GroqGlance(msgspec.Struct):
    usage: JsonObject | None = None


class _Glance(msgspec.Struct):
    """The few fields of an answer that the gateway reads when it passes the rest untouched."""

    id: str | None = None
    model: str | None = None
    usage: JsonObject | None = None
    choices: list[msgspec.Raw] | None = None
    error: JsonObject | str | None = None
    x_groq: _GroqGlance | None = None


_glance = msgspec.json.Decoder(_Glance)


class ChatGlance(msgspec.Struct, frozen=True):
    """What a passed answer says of itself. `failure` is set when it is an error under a good status."""

    id: str | None
    model: str | None
    usage: Usage | None
    failure: Failure | None = None


def glance(body: bytes) -> ChatGlance:
    """Read a plain answer without decoding it whole."""
    try:
        seen = _glance.decode(body)
    except msgspec.DecodeError:
        return ChatGlance(None, None, None, Failure(kind="malformed", message="The provider's answer is not valid."))
    failure = None
    if seen.error and not seen.choices:
        failure = failure_of_openai_error(seen.error if isinstance(seen.error, dict) else {"message": seen.error})
    return ChatGlance(seen.id, seen.model, decode_usage(seen.usage) if seen.usage is not None else None, failure)


class ChatRelay:
    """Passes a Chat stream through. `usage`, `failure` and `complete` are what it has seen so far.

    `hide_usage` leaves out the usage chunk (the one with empty `choices`) that the gateway asked for and the caller
    did not.
    """

    __slots__ = ("_finished", "_hide_usage", "_tail", "complete", "failure", "model", "usage")

    def __init__(self, *, hide_usage: bool) -> None:
        self._hide_usage = hide_usage
        self._tail = b""
        self._finished = False
        self.complete = False
        self.usage: Usage | None = None
        self.failure: Failure | None = None
        self.model: str | None = None

    def feed(self, data: bytes) -> bytes:
        """The next bytes for the caller: whole events, or b"" while one is incomplete."""
        if self._tail:
            data = self._tail + data
        cut = data.rfind(b"\n\n") + 2
        if cut == 1:
            cut = data.rfind(b"\r\n\r\n") + 4
            if cut == 3:
                return self._hold(data)
        self._tail = data[cut:]
        if self._tail:
            data = data[:cut]
        return self._read(data) if _MARK.search(data) else data

    def end(self) -> bytes:
        """The connection closed. Sets `failure` when the answer was not complete."""
        data, self._tail = self._tail, b""
        if data:
            data = self._read(data + b"\n\n")
        if not self.complete and self.failure is None:
            if self._finished:
                self.complete = True
            else:
                self.failure = Failure(
                    kind="truncated", message="The provider closed the stream before the answer was complete."
                )
        return data

    def _hold(self, data: bytes) -> bytes:
        if len(data) > EVENT_BYTES_MAX:
            self.failure = Failure(kind="malformed", message="The provider sent an event that is too large.")
            data = b""
        self._tail = data
        return b""

    def _read(self, data: bytes) -> bytes:
        drop = False
        for event in SseDecoder().feed(data):
            if event.data.startswith(b"[DONE]"):
                # The same rule as in the decoder: a finish reason or usage makes the end believable.
                self.complete = self._finished or self.usage is not None
            elif _MARK.search(event.data):
                drop |= self._read_chunk(event.data)
        if not drop:
            return data
        # Only the usage chunk goes; its neighbours in the same read keep their bytes.
        return b"".join(frame for frame in _frames(data) if not self._is_usage_chunk(frame))

    def _read_chunk(self, data: bytes) -> bool:
        try:
            chunk = _glance.decode(data)
        except msgspec.DecodeError:
            return False
        usage = chunk.usage or (chunk.x_groq.usage if chunk.x_groq is not None else None)
        if usage is not None:
            self.usage = decode_usage(usage)
        if chunk.model is not None:
            self.model = chunk.model
        if chunk.error:
            native = chunk.error if isinstance(chunk.error, dict) else {"message": chunk.error}
            self.failure = failure_of_openai_error(native)
        if chunk.choices and _FINISH.search(data):
            self._finished = True
        return self._hide_usage and chunk.usage is not None and chunk.choices == []

    def _is_usage_chunk(self, frame: bytes) -> bool:
        for event in SseDecoder().feed(frame):
            if b'"usage"' in event.data:
                try:
                    chunk = _glance.decode(event.data)
                except msgspec.DecodeError:
                    return False
                return chunk.usage is not None and chunk.choices == []
        return False


def _frames(data: bytes) -> list[bytes]:
    separator = b"\r\n\r\n" if b"\r\n\r\n" in data else b"\n\n"
    return [frame + separator for frame in data.split(separator) if frame.strip()]
