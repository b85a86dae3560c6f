"""Passing a stream of server-sent events through, when caller and provider speak the same dialect.

A stream is passed on in whole events, so that a cut never leaves half of one. What must be known of it (usage, an
error, the end) stands in a few events; the others are not looked into.
"""

import re

from openclaw.calls import Failure, Usage
from openclaw.dialects.sse import EVENT_BYTES_MAX, SseDecoder, SseEvent

# The end of an event, in LF, CRLF or both. A stream in CR alone is read when it ends.
_BLANK_LINE = re.compile(rb"\n\r?\n")
_SEAM_BYTES = 2  # so much of what is held may begin a blank line
_BEFORE_FIRST_BYTES_MAX = 64 * 1024


class FrameRelay:
    """The port `openclaw.dialects.codec.StreamRelay` but for what a dialect knows of its events: `_worth_reading`,
    `_keeps`, `_is_whole` and `fail`."""

    def __init__(self) -> None:
        self._held = bytearray()  # an event that is not whole yet
        self._before_first = b""
        self._begun = False
        self.complete = False
        self.usage: Usage | None = None
        self.failure: Failure | None = None
        self.model: str | None = None

    def feed(self, data: bytes) -> bytes:
        """The next bytes for the caller: whole events, or b"" while one is incomplete."""
        if self.complete:
            return b""
        whole = self._whole(data) if self._held or not data.endswith(b"\n\n") else data
        # The first event is read in any case: until there is one, this may be a page, or a wait, and no answer.
        if self._begun and b"\r" not in whole and not self._worth_reading(whole) and _ends_in_objects(whole):
            return whole
        return self._read(whole)

    def end(self) -> bytes:
        """The connection closed. Sets `failure` when the answer was not complete."""
        data = self._let_go()
        data = self._read(data + b"\n\n") if data and not self.complete else b""
        if not self.complete and self.failure is None:
            if self._is_whole():
                self.complete = True
            else:
                self.failure = Failure(
                    kind="truncated", message="The provider closed the stream before the answer was complete."
                )
        return data

    # --- what a dialect knows

    def fail(self, failure: Failure) -> bytes:
        """The event that tells the caller that the stream cannot go on."""
        raise NotImplementedError

    def _worth_reading(self, data: bytes) -> bool:
        """Whether these whole events hold something to know. Asked for every chunk."""
        raise NotImplementedError

    def _keeps(self, event: SseEvent) -> bool:
        """Look at an event; whether it goes on to the caller. May set `usage`, `model`, `complete` and `failure`."""
        raise NotImplementedError

    def _is_whole(self) -> bool:
        """Whether a stream that closed without its end marker was complete all the same."""
        return False

    # --- frames

    def _whole(self, data: bytes) -> bytes:
        """The whole events so far; what follows them is held."""
        # Only the new bytes are searched: an image in one event comes in hundreds of pieces.
        seam = bytes(self._held[-_SEAM_BYTES:])
        cut = _after_last_blank_line(seam + data) - len(seam)
        whole = self._let_go() + data[:cut] if cut > 0 else b""
        self._held += data[cut:] if cut > 0 else data
        if len(self._held) > EVENT_BYTES_MAX:
            self._let_go()
            self._break("The provider sent an event that is too large.")
        return whole

    def _let_go(self) -> bytes:
        data = bytes(self._held)
        self._held.clear()
        return data

    def _break(self, message: str) -> None:
        self.failure = Failure(kind="malformed", message=message)

    def _read(self, data: bytes) -> bytes:
        """The events that the caller gets. What is no event (a keep-alive comment) waits for the first one: alone it
        would commit the call to a provider that has not answered yet."""
        kept = bytearray()
        start = 0
        for blank_line in _BLANK_LINE.finditer(data):
            if self.failure is not None or self.complete:
                break
            frame, start = data[start : blank_line.end()], blank_line.end()
            events = SseDecoder().feed(frame)
            if all(self._keeps(event) for event in events):
                kept += frame
                self._begun = self._begun or bool(events)
        out, self._before_first = self._before_first + kept, b""
        if self._begun:
            return out
        self._before_first = out[:_BEFORE_FIRST_BYTES_MAX]
        return b""


def _after_last_blank_line(data: bytes) -> int:
    """Where what follows the last whole event begins; 0 without one."""
    return max((data.rfind(end) + len(end) for end in (b"\n\n", b"\n\r\n") if end in data), default=0)


def _ends_in_objects(data: bytes) -> bool:
    """Whether every event ends as a JSON object does; one that does not is a keep-alive comment or broken."""
    return data.count(b"}\n\n") == data.count(b"\n\n")
