"""Passing a stream of server-sent events through, when caller and provider speak the same dialect.

A stream is passed on in whole events, so that a cut never leaves half of one. What must be known of it (usage, an
error, the end) stands in a few events; the others are not looked into.
"""

from openclaw.calls import Failure, Usage
from openclaw.dialects.sse import EVENT_BYTES_MAX, SseDecoder, SseEvent


class FrameRelay:
    """The port `openclaw.dialects.codec.StreamRelay` but for what a dialect knows of its events: `_worth_reading`,
    `_keeps` and `_is_whole`."""

    def __init__(self) -> None:
        self._tail = b""
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
        return self._read(data) if self._worth_reading(data) else data

    def end(self) -> bytes:
        """The connection closed. Sets `failure` when the answer was not complete."""
        data, self._tail = self._tail, b""
        if data:
            data = self._read(data + b"\n\n")
        if not self.complete and self.failure is None:
            if self._is_whole():
                self.complete = True
            else:
                self.failure = Failure(
                    kind="truncated", message="The provider closed the stream before the answer was complete."
                )
        return data

    # --- what a dialect knows

    def _worth_reading(self, data: bytes) -> bool:
        """Whether these whole events hold something to know, or something broken. Asked for every chunk."""
        raise NotImplementedError

    def _keeps(self, event: SseEvent) -> bool:
        """Look at an event; whether it goes on to the caller. May set `usage`, `model`, `complete` and `failure`."""
        raise NotImplementedError

    def _is_whole(self) -> bool:
        """Whether a stream that closed without its end marker was complete all the same."""
        return False

    # --- frames

    def _hold(self, data: bytes) -> bytes:
        if len(data) > EVENT_BYTES_MAX:
            self._break("The provider sent an event that is too large.")
            data = b""
        self._tail = data
        return b""

    def _break(self, message: str) -> None:
        self.failure = Failure(kind="malformed", message=message)

    def _read(self, data: bytes) -> bytes:
        separator = b"\r\n\r\n" if b"\r\n\r\n" in data else b"\n\n"
        kept = bytearray()
        for frame in data.split(separator)[:-1]:
            if self.failure is not None:
                break
            events = SseDecoder().feed(frame + b"\n\n")  # none in a keep-alive comment
            if all(self._keeps(event) for event in events):
                kept += frame + separator
        return bytes(kept)
