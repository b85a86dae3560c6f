"""One call while it is being handled."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from openclaw.calls import Failure, Usage
from openclaw.dialects.codec import StreamRelay
from openclaw.gateway.operation import Request, Stamp, Written
from openclaw.gateway.payer import Payer
from openclaw.gateway.ports import Clock
from openclaw.gateway.record import Attempt
from openclaw.gateway.snapshot import Snapshot
from openclaw.gateway.spending import Charge
from openclaw.routing.target import Target

R = TypeVar("R", bound=Request)


class InHand(Generic[R]):
    """One call while it is being handled: what the record will say, and the request until an answer has begun."""

    __slots__ = (
        "arrived_s",
        "attempts",
        "call_id",
        "caller",
        "charge",
        "degraded",
        "detached",
        "error_type",
        "failure",
        "first_chunk_s",
        "id_header",
        "keep",
        "model",
        "payer",
        "raw",
        "received_bytes",
        "relay",
        "request",
        "response_model",
        "snapshot",
        "started",
        "status",
        "stream",
        "target",
        "unix_s",
        "usage",
        "written",
    )

    def __init__(self, call_id: str, id_header: bytes, snapshot: Snapshot, clock: Clock) -> None:
        self.call_id = call_id
        self.id_header = id_header
        self.snapshot = snapshot
        self.arrived_s = clock.monotonic_s()
        self.unix_s = clock.unix_s()
        self.caller: str | None = None
        self.keep: Callable[[bytes], None] | None = None
        self.detached = False
        self.payer: Payer | None = None
        self.charge: Charge | None = None
        self.received_bytes = 0
        self.raw = b""
        self.request: R | None = None
        self.written: Written | None = None
        self.relay: StreamRelay | None = None
        self.model = ""
        self.stream = False
        self.started = False
        self.status = 0
        self.target: Target | None = None
        self.response_model: str | None = None
        self.attempts: list[Attempt] = []
        self.degraded: tuple[str, ...] = ()
        self.usage: Usage | None = None
        self.error_type: Any = None
        self.failure: Failure | None = None
        self.first_chunk_s: float | None = None

    def let_go(self) -> None:
        """An answer has begun, so no other target will be asked. A stream may be open for minutes: its prompt goes."""
        self.raw, self.request, self.written = b"", None, None

    @property
    def cost_nanousd(self) -> int | None:
        """What the answer cost by its provider's usage; None while it is not known, and where it never will be."""
        entry = self.charge.entry if self.charge is not None else None
        return entry.cost_nanousd if entry is not None and entry.state == "settled" else None

    @property
    def owner(self) -> str:
        """Whose the answer is, where it is kept."""
        return self.caller or ""

    @property
    def stamp(self) -> Stamp:
        return Stamp(self.call_id, int(self.unix_s))
