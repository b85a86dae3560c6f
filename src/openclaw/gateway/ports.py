"""What the pipeline needs of the world around it: a caller to read from and write to, and a clock."""

import time
from collections.abc import Sequence
from typing import Protocol, TypeAlias

from openclaw.calls import Failure

RawHeaders: TypeAlias = Sequence[tuple[bytes, bytes]]
"""Headers as they came: lower-case names, in order, repeated ones repeated."""


class Clock(Protocol):
    def monotonic_s(self) -> float: ...

    def unix_s(self) -> float: ...


class SystemClock:
    def monotonic_s(self) -> float:
        return time.perf_counter()

    def unix_s(self) -> float:
        return time.time()


class Caller(Protocol):
    """The connection to the caller: what to read from it and where to write the answer."""

    @property
    def headers(self) -> RawHeaders: ...

    async def body(self, bytes_max: int) -> bytes:
        """The whole request body. Raises `Refused` when it is larger."""

    async def start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None: ...

    async def send(self, data: bytes) -> None: ...

    def try_send(self, data: bytes) -> bool:
        """Send without waiting; False, and nothing sent, when the caller does not keep up and `send` must wait."""

    async def end(self, data: bytes = b"") -> None: ...


class Refused(Exception):
    """The call ends with this failure; nothing of an answer has been sent."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure
