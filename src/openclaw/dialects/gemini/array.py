"""A Gemini stream as one JSON array, which is what callers get who do not ask for `alt=sse`."""

from openclaw.calls import Failure, Usage
from openclaw.dialects.codec import StreamRelay
from openclaw.dialects.sse import SseDecoder


def as_array(events: bytes) -> bytes:
    """A whole stream of events."""
    return b"[" + b",\r\n".join(event.data for event in SseDecoder().feed(events)) + b"]"


class ArrayRelay:
    """The port `openclaw.dialects.codec.StreamRelay` around another: its events become the elements of an array."""

    def __init__(self, inner: StreamRelay) -> None:
        self._inner = inner
        self._events = SseDecoder()
        self._begun = False
        self._closed = False

    @property
    def usage(self) -> Usage | None:
        return self._inner.usage

    @property
    def model(self) -> str | None:
        return self._inner.model

    @property
    def failure(self) -> Failure | None:
        return self._inner.failure

    @property
    def complete(self) -> bool:
        return self._inner.complete

    def feed(self, data: bytes) -> bytes:
        return self._written(self._inner.feed(data), last=self._inner.complete)

    def end(self) -> bytes:
        return self._written(self._inner.end(), last=self._inner.complete)

    def fail(self, failure: Failure) -> bytes:
        return self._written(self._inner.fail(failure), last=True)

    def _written(self, events: bytes, *, last: bool) -> bytes:
        out: list[bytes] = []
        for event in self._events.feed(events) if events else ():
            out += (b",\r\n" if self._begun else b"[", event.data)
            self._begun = True
        if last and not self._closed:
            self._closed = True
            out.append(b"]" if self._begun else b"[]")
        return b"".join(out)
