"""How the gateway reaches a provider: one small port. The implementation is in `http1.py`.

Three limits are separate: connecting, silence (no byte for so long, which bounds the first byte as well), and the
whole exchange. Redirects are not followed: an address comes from the operator's configuration or not at all.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from msgspec import Struct

from openclaw.calls import Failure

# A plain answer with several images in base64 fits.
BODY_BYTES_MAX = 256 * 1024 * 1024


class Timeouts(Struct, frozen=True):
    """Seconds. `idle_s` bounds the wait for the first byte of a stream and between bytes; a plain answer sends
    nothing until it is whole, so only `total_s` bounds it."""

    connect_s: float = 10.0
    idle_s: float = 300.0
    total_s: float = 1800.0


class UpstreamRequest(Struct, frozen=True):
    """A POST. `stream` tells that the answer is expected piece by piece, so silence is a failure."""

    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    stream: bool


class UpstreamReply(Protocol):
    """A provider's answer whose status and headers have arrived."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Lower-case names; of a repeated header the first value."""

    async def body(self, bytes_max: int = BODY_BYTES_MAX) -> bytes:
        """The whole body. Raises `TransportFailed`, also when it is larger than `bytes_max`."""

    async def chunk(self) -> bytes | None:
        """The next bytes, None at the end. Raises `TransportFailed`."""

    async def pipe(self, take: Callable[[bytes], bool]) -> bool:
        """Give the rest of the body to `take`, piece by piece as it arrives; no task is woken for a piece.

        Returns True at the end of the body, and False when `take` returned False; it may be called again then. `take`
        must not block. Raises `TransportFailed`, and what `take` raises.
        """

    async def rest(self) -> None:
        """Wait a moment for the end of an answer that has said all, so that its connection can be used again."""


class Transport(Protocol):
    def post(self, request: UpstreamRequest) -> AbstractAsyncContextManager[UpstreamReply]:
        """Send a request. Entering raises `TransportFailed`; leaving closes the connection of an unfinished answer."""

    def retire(self) -> None:
        """Close the connections that wait, and each of the others as soon as its exchange has ended."""

    async def close(self) -> None:
        """Close every connection; exchanges in hand fail."""


class TransportFailed(Exception):
    """No answer, or half of one. `failure` is safe to show; the cause is chained for the log."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure
