"""The two framings of streamGenerateContent: server-sent events (`alt=sse`), or one JSON array that grows.

Neither has an end marker: a stream is complete when every candidate has a finish reason and the connection closes.
"""

import re

from openclaw.dialects.sse import EVENT_BYTES_MAX, SseDecoder, SseEvent, SseOverflow

_STRUCTURE = re.compile(rb'["{}]')
_STRING_END = re.compile(rb'["\\]')


class ArrayFrames:
    """Cuts the objects of a growing JSON array out of its bytes, and takes objects without the array too."""

    __slots__ = ("_buffer", "_depth", "_in_string", "_position", "_start")

    def __init__(self) -> None:
        self._buffer = b""
        self._position = 0
        self._start = 0
        self._depth = 0
        self._in_string = False

    def feed(self, data: bytes) -> list[SseEvent]:
        """The objects that are whole now. Raises `SseOverflow` when one grows beyond the limit."""
        self._buffer += data
        frames: list[SseEvent] = []
        while self._step(frames):
            pass
        # What stands before the open object is done with; between objects there are only commas and white space.
        keep = self._start if self._depth else self._position
        self._buffer = self._buffer[keep:]
        self._position -= keep
        self._start = 0
        if len(self._buffer) > EVENT_BYTES_MAX:
            raise SseOverflow
        return frames

    def end(self) -> list[SseEvent]:
        return []

    def _step(self, frames: list[SseEvent]) -> bool:
        """One structural byte; False when there is none left."""
        found = (_STRING_END if self._in_string else _STRUCTURE).search(self._buffer, self._position)
        if found is None:
            self._position = len(self._buffer)
            return False
        byte = found.group()
        if byte == b"\\":
            # The escaped byte is skipped; when it has not arrived yet, the escape is read again with it.
            if found.end() == len(self._buffer):
                self._position = found.start()
                return False
            self._position = found.end() + 1
            return True
        self._position = found.end()
        if byte == b'"':
            self._in_string = not self._in_string
        elif byte == b"{":
            if self._depth == 0:
                self._start = found.start()
            self._depth += 1
        elif self._depth > 0:
            self._depth -= 1
            if self._depth == 0:
                frames.append(SseEvent(self._buffer[self._start : self._position]))
        return True


class Frames:
    """Whichever of the two the first byte tells."""

    __slots__ = ("_frames",)

    def __init__(self) -> None:
        self._frames: ArrayFrames | SseDecoder | None = None

    def feed(self, data: bytes) -> list[SseEvent]:
        """The JSON documents that are whole now. Raises `SseOverflow`."""
        frames = self._frames
        if frames is None:
            data = data.lstrip()
            if not data:
                return []
            frames = self._frames = ArrayFrames() if data[:1] in (b"[", b"{") else SseDecoder()
        return frames.feed(data)

    def end(self) -> list[SseEvent]:
        return [] if self._frames is None else self._frames.end()
