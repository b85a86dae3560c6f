"""What is kept of a call: who asked, who answered, every attempt, tokens and cost."""

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from openclaw.calls import FailureKind, Usage


class Attempt(Struct, frozen=True):
    """One request to a provider. `error_type` is None when it answered."""

    provider_name: str
    request_model: str
    duration_ms: float
    status: int | None = None
    error_type: FailureKind | None = None


class CallRecord(Struct, frozen=True, kw_only=True):
    """One call, written when its answer has ended.

    `caller` is the name of the caller's key, None without one. `time_unix_ms` is when it arrived, `duration_ms` how
    long it took, `time_to_first_chunk_ms` None for plain answers. `cost_nanousd` is None when the price or the usage
    is unknown: never a guess, never 0. `error_type` is None for an answer that is whole.
    """

    call_id: str
    operation: str
    caller: str | None
    request_model: str
    stream: bool
    time_unix_ms: int
    duration_ms: float
    time_to_first_chunk_ms: float | None = None
    status: int
    provider_name: str | None = None
    response_model: str | None = None
    attempts: tuple[Attempt, ...] = ()
    degraded: tuple[str, ...] = ()
    usage: Usage | None = None
    cost_nanousd: int | None = None
    error_type: FailureKind | None = None


Recorder: TypeAlias = Callable[[CallRecord], None]
"""Takes a record and returns at once: it must not block and must not raise."""
