"""Streams of JSON documents, read: what every dialect's decoder does with bytes, with failures and at the end.

A decoder says what a document means (`_read`) and what must have been said before the connection closes (`_closed`).
The documents come in server-sent events, in lines, or as whatever else its framing gives out.
"""

from typing import Any, ClassVar, Generic, Protocol, TypeVar

import msgspec

from openclaw.calls import Event, Failure, FailureKind, StreamFailed
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.sse import EVENT_BYTES_MAX, SseDecoder, SseEvent, SseOverflow

Document = TypeVar("Document")

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are not the JSON it was asked for."""


class Broken(Exception):
    """An event breaks its dialect's grammar; the text says how, for people."""


class Framing(Protocol):
    """Bytes in any portions to whole documents."""

    def feed(self, data: bytes) -> list[SseEvent]:
        """Raises `SseOverflow` when a document grows beyond the limit."""

    def end(self) -> list[SseEvent]:
        """The connection closed: what was left."""


class Lines:
    """The framing of newline-delimited JSON."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[SseEvent]:
        if data.startswith(b"{") and not self._held and data.find(b"\n") == len(data) - 1:
            return [SseEvent(data)]  # one whole line, as Ollama writes them
        if self._held and b"\n" in data:
            data = bytes(self._held) + data
            self._held.clear()
        lines = data.split(b"\n")
        if rest := lines.pop():
            self._held += rest
            if len(self._held) > EVENT_BYTES_MAX:
                raise SseOverflow
        return [SseEvent(line) for line in lines if line.strip()]

    def end(self) -> list[SseEvent]:
        line = bytes(self._held)
        return [SseEvent(line)] if line.strip() else []


class DocumentReader(Generic[Document]):
    """Reads one document after another. After the end or a failure nothing comes out, and an event that breaks the
    grammar gives nothing but the failure."""

    # Bytes to a document; raises one of `NOT_JSON`.
    _decode: ClassVar[Any] = msgspec.json.Decoder(dict[str, Any]).decode

    def __init__(self) -> None:
        self._closing = False
        self._over = False

    def _frame(self, frame: SseEvent, events: list[Event]) -> None:
        if self._over:
            return
        before = len(events)
        try:
            self._read(self._decode(frame.data), frame, events)
        except NOT_JSON:  # also from `_read`, of what a typed decoder had skipped
            del events[before:]
            self._read_other(frame.data, events)
        except (Broken, InvalidRequest) as error:
            del events[before:]
            self._fail(events, "malformed", f"The provider sent a broken event: {error}.")

    # --- what a dialect says

    def _read(self, document: Document, frame: SseEvent, events: list[Event]) -> None:
        """What a document means. May raise `Broken` and `InvalidRequest`."""
        raise NotImplementedError

    def _closed(self, events: list[Event]) -> None:
        """The connection closed, and nothing has ended the stream yet."""
        self._cut(events)

    def _read_other(self, data: bytes, events: list[Event]) -> None:
        """An event that is not JSON: an end marker of the dialect's, or half an event, or nonsense."""
        if self._closing:
            self._cut(events)
        else:
            self._fail(events, "malformed", "The provider sent an event that is not a JSON object.")

    # --- the ends of a stream

    def _cut(self, events: list[Event]) -> None:
        self._fail(events, "truncated", "The provider closed the stream before the answer was complete.")

    def _fail(self, events: list[Event], kind: FailureKind, message: str) -> None:
        self._failed(events, Failure(kind=kind, message=message))

    def _failed(self, events: list[Event], failure: Failure) -> None:
        self._over = True
        events.append(StreamFailed(failure))


class JsonStreamDecoder(DocumentReader[Document]):
    """The port `openclaw.dialects.codec.StreamDecoder` for documents in a framing, server-sent events by default."""

    def __init__(self, framing: Framing | None = None) -> None:
        super().__init__()
        self._framing: Framing = SseDecoder() if framing is None else framing

    def feed(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        if self._over:
            return events
        try:
            frames = self._framing.feed(data)
        except SseOverflow:
            self._fail(events, "malformed", "The provider sent an event that is too large.")
            return events
        for frame in frames:
            self._frame(frame, events)
        return events

    def end(self) -> list[Event]:
        events: list[Event] = []
        if self._over:
            return events
        self._closing = True
        for frame in self._framing.end():
            self._frame(frame, events)
        if not self._over:
            self._closed(events)
        return events
