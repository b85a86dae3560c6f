"""Chat to Chat: request and answer pass as they are, and only what must change is changed.

A stream is passed on in whole events, so that a cut never leaves half of one. An event is looked into only when
it holds one of a few marks: usage, an error, a finish reason or the end.
"""

import re
from collections.abc import Collection
from typing import Any

import msgspec

from openclaw.calls import Call, Failure, JsonObject, Usage
from openclaw.dialects.chat.codec import Chat
from openclaw.dialects.chat.reply import decode_usage
from openclaw.dialects.codec import Codec, Glance
from openclaw.dialects.jsontext import encode
from openclaw.dialects.openai_errors import failure_of_openai_error
from openclaw.dialects.sse import EVENT_BYTES_MAX, SseDecoder

# Usage, an error, a finish reason, the end: events that hold one of these are looked into.
_MARK = re.compile(rb'"usage":\s*\{|"error":\s*[{"]|"finish_reason":\s*"|data:\s*\[DONE\]')
_MODEL = re.compile(rb'"model"\s*:\s*"(?:[^"\\]|\\.)*"')
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
_raw_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


class ChatRelay:
    """Passes a Chat stream through. `usage`, `failure` and `complete` are what it has seen so far.

    `hide_usage` leaves out the usage chunk (the one with empty `choices`) that the gateway asked for and the caller
    did not. The provider's error event is left out too: the gateway writes its own from `failure`.
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
        return self._read(data) if _worth_reading(data) else data

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
        separator = b"\r\n\r\n" if b"\r\n\r\n" in data else b"\n\n"
        kept = bytearray()
        for frame in data.split(separator)[:-1]:
            if self.failure is not None:
                break
            if (frame.endswith(b"}") and not _MARK.search(frame)) or self._read_frame(frame):
                kept += frame + separator
        return bytes(kept)

    def _read_frame(self, frame: bytes) -> bool:
        """Look into an event that holds a mark; whether it goes on to the caller."""
        keep = True
        for event in SseDecoder().feed(frame + b"\n\n"):
            if event.data.startswith(b"[DONE]"):
                # The same rule as in the decoder: a finish reason or usage makes the end believable.
                self.complete = self._finished or self.usage is not None
                keep = keep and self.complete
            else:
                keep = self._read_chunk(event.data) and keep
        return keep

    def _read_chunk(self, data: bytes) -> bool:
        try:
            chunk = _glance.decode(data)
        except msgspec.ValidationError:
            return True  # JSON of a shape that we do not know: it is the caller's to judge
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.failure = Failure(kind="malformed", message="The provider sent a chunk that is not JSON.")
            return False
        usage = chunk.usage or (chunk.x_groq.usage if chunk.x_groq is not None else None)
        if usage is not None:
            self.usage = decode_usage(usage)
        if chunk.model is not None:
            self.model = chunk.model
        if chunk.error:
            native = chunk.error if isinstance(chunk.error, dict) else {"message": chunk.error}
            self.failure = failure_of_openai_error(native)
            return False
        if chunk.choices and _FINISH.search(data):
            self._finished = True
        return not (self._hide_usage and chunk.usage is not None and chunk.choices == [])


def _worth_reading(data: bytes) -> bool:
    """Plain searches first: most chunks hold no mark at all, and they are a fifth of the cost of the expression."""
    maybe = b'"usage":' in data or b'"error":' in data or b"[DONE]" in data
    if (maybe or b'reason":"' in data or b'reason": "' in data) and _MARK.search(data):
        return True
    # An event that does not end as a JSON object does is a keep-alive comment or broken.
    return data.count(b"}\n\n") != data.count(b"\n\n")


class ChatPassthrough:
    """The port of `openclaw.dialects.codec.Passthrough` for Chat."""

    def suits(self, target: Codec, call: Call) -> bool:
        return isinstance(target, Chat) and target.passes_unchanged(call)

    def rewrite(self, raw: bytes, call: Call, target: Codec, model: str, drop: Collection[str]) -> bytes:
        ask = call.stream is True and not call.include_usage and isinstance(target, Chat) and target.stream_usage
        return rewrite_document(raw, model, drop, asked_options=call.extra.get("stream_options"), ask_for_usage=ask)

    def glance(self, body: bytes) -> Glance:
        return glance(body)

    def relay(self, call: Call) -> ChatRelay:
        return ChatRelay(hide_usage=not call.include_usage)


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


def rewrite_document(
    raw: bytes, model: str, drop: Collection[str] = (), *, asked_options: Any = None, ask_for_usage: bool = False
) -> bytes:
    """The caller's document with the provider's model name, without the fields in `drop`, and asking for the usage of
    a stream. Every other byte stays where the document allows it."""
    options = b',"stream_options":{"include_usage":true}' if ask_for_usage else b""
    if not drop and not (options and b'"stream_options"' in raw):
        spliced = _splice(raw, b'"model":' + encode(model) + options)
        if spliced is not None:
            return spliced
    fields = _raw_fields.decode(raw)
    for key in drop:
        fields.pop(key, None)
    fields["model"] = msgspec.Raw(encode(model))
    if options:
        fields["stream_options"] = msgspec.Raw(encode({**(asked_options or {}), "include_usage": True}))
    return encode(fields)


def _splice(raw: bytes, model: bytes) -> bytes | None:
    """Replace the `model` field in place; None unless its one occurrence is certain to be the top-level field.

    A name written with escapes (`\\u006dodel`) could hide the real field behind a nested one, so such a document
    takes the longer way.
    """
    if raw.count(b'"model"') != 1 or b"\\u00" in raw:
        return None
    match = _MODEL.search(raw)
    if match is None:
        return None
    return b"".join((raw[: match.start()], model, raw[match.end() :]))
