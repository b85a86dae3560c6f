"""Server-sent events: bytes to events and back.

Follows the WHATWG HTML standard, section 9.2.6 (line endings CR, LF and CRLF; one leading space dropped; a
blank line dispatches; comments ignored; a leading byte order mark skipped), with two changes that providers need:
an event that is still open when the connection ends is given out by `end` (several providers omit the last blank
line), and one event may not exceed `event_bytes_max`, so that a hostile stream cannot fill memory.
"""

import re

from msgspec import Struct

# Text of a PDF page image or a long tool call fits; a runaway stream does not.
EVENT_BYTES_MAX = 16 * 1024 * 1024

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class SseEvent(Struct, frozen=True):
    """`event` is None when the stream gave no name; `data` is the joined data lines, undecoded."""

    data: bytes
    event: str | None = None


class SseOverflow(Exception):
    """One event is larger than the decoder allows."""


class SseDecoder:
    """Feed bytes in any portions; the events do not depend on how they were cut."""

    __slots__ = ("_buffer", "_data", "_event", "_first", "_size", "event_bytes_max")

    def __init__(self, event_bytes_max: int = EVENT_BYTES_MAX) -> None:
        self.event_bytes_max = event_bytes_max
        self._buffer = bytearray()
        self._data: list[bytes] = []
        self._event: str | None = None
        self._size = 0
        self._first = True

    def feed(self, data: bytes) -> list[SseEvent]:
        """Raises `SseOverflow` when an event grows beyond the limit."""
        events: list[SseEvent] = []
        for line in self._lines(data):
            event = self._line(line)
            if event is not None:
                events.append(event)
        if self._size + len(self._buffer) > self.event_bytes_max:
            raise SseOverflow
        return events

    def _lines(self, data: bytes) -> list[bytes]:
        """The lines that are whole now. A piece without a line ending is only put aside: an image in one event comes in
        hundreds of pieces."""
        if not (self._first or b"\n" in data or b"\r" in data or self._buffer.endswith(b"\r")):
            self._buffer += data
            return []
        buffer = bytes(self._buffer) + data if self._buffer else data
        self._buffer.clear()
        if self._first:
            if len(buffer) < 3 and _BOM.startswith(buffer):
                self._buffer += buffer
                return []
            buffer = buffer.removeprefix(_BOM)
            self._first = False
        if b"\r" in buffer:
            lines, rest = _split_any_ending(buffer)
        else:
            *lines, rest = buffer.split(b"\n")
        self._buffer += rest
        return lines

    def end(self) -> list[SseEvent]:
        """The connection closed: what was left without its blank line."""
        events: list[SseEvent] = []
        if self._buffer:
            event = self._line(bytes(self._buffer.rstrip(b"\r")))
            self._buffer.clear()
            if event is not None:
                events.append(event)
        last = self._dispatch()
        return [*events, last] if last else events

    def _line(self, line: bytes) -> SseEvent | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        if value.startswith(b" "):
            value = value[1:]
        if name == b"data":
            self._data.append(value)
            self._size += len(value) + 1  # empty lines count too: they are kept
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")
        return None

    def _dispatch(self) -> SseEvent | None:
        event, data = self._event, self._data
        self._event = None
        self._size = 0
        if not data:
            return None
        self._data = []
        return SseEvent(data[0] if len(data) == 1 else b"\n".join(data), event)


def _split_any_ending(buffer: bytes) -> tuple[list[bytes], bytes]:
    # A CR at the very end may be half of a CRLF: it stays in the buffer until the next byte decides.
    held = b""
    if buffer.endswith(b"\r"):
        buffer, held = buffer[:-1], b"\r"
    *lines, rest = _LINE_END.split(buffer)
    return lines, rest + held


def sse_frame(data: bytes, event: str | None = None) -> bytes:
    """One event on the wire. `data` is JSON, so it holds no line ending."""
    if event is None:
        return b"data: " + data + b"\n\n"
    return b"event: " + event.encode() + b"\ndata: " + data + b"\n\n"
