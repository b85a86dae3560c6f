"""A kind of call (chat, completions, embeddings) as the pipeline sees it.

The pipeline's stages are the same for all of them; what differs is how a request is read, how it is written for a
target and how the answer is read back. An operation says that, and does no I/O.
"""

from collections.abc import Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from openclaw.budget.bounds import Bound, Policy
from openclaw.calls import Failure, JsonObject, Usage
from openclaw.dialects.codec import StreamRelay
from openclaw.dialects.plain_tools import PlainTools
from openclaw.gateway.kept import KeptResponse
from openclaw.gateway.room import Room
from openclaw.routing.target import Target


class Request(Protocol):
    """What the stages need to know of any decoded call."""

    @property
    def model(self) -> str: ...

    @property
    def extra(self) -> JsonObject: ...


class Written(Struct, frozen=True):
    """A request as the target gets it. `degraded` names what it cannot carry; `same_dialect` tells that the caller's
    headers travel; `passes` that the answer passes as it is; `tools` is the way back to the caller's tools, where the
    target was offered functions in their place."""

    path: str
    body: bytes
    degraded: tuple[str, ...] = ()
    same_dialect: bool = False
    passes: bool = False
    tools: PlainTools | None = None


class Answer(Struct, frozen=True):
    """A plain answer as the caller gets it, and what it says of itself."""

    body: bytes
    model: str | None = None
    usage: Usage | None = None
    degraded: tuple[str, ...] = ()
    whole: bytes = b""
    """Where `body` is a stream: the same as a plain answer, when it is to be kept."""


class Stamp(Struct, frozen=True):
    """What an answer gets when its provider left it out: an id, and the time in Unix seconds."""

    call_id: str
    unix_s: int


class NoRequest(Exception):
    """The target serves the model, and has no such call: the gateway answers itself."""


class AnswerFailed(Exception):
    """An answer under a good status that is an error, or not an answer."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


R = TypeVar("R", bound=Request)


class Memory(Protocol, Generic[R]):
    """What a kind of call says of calls that are kept, come back to and gone on with."""

    def previous(self, request: R) -> str | None:
        """The id of the response that this call goes on from. Raises `InvalidRequest`."""

    def resume(self, request: R, turns: Sequence[KeptResponse], room: Room) -> R:
        """The call with the earlier turns in it. Raises `InvalidRequest`, and `Refused` where there is no room."""

    def references(self, request: R) -> frozenset[str]:
        """The ids of earlier items that this call names instead of sending them."""

    def resolve(self, request: R, items: Mapping[str, JsonObject], room: Room) -> R:
        """The call with these items in the places of their ids. Raises as `resume` does."""

    def keeps(self, request: R) -> bool:
        """Whether the caller may come back to the answer."""

    def runs_detached(self, request: R) -> bool:
        """Whether the answer is not waited for."""

    def begun(self, request: R, stamp: Stamp) -> JsonObject:
        """The answer as it is shown before there is one."""

    def failed(self, begun: JsonObject, failure: Failure) -> JsonObject:
        """The same, ended by a failure."""

    def failed_stream(self, begun: JsonObject, failed: JsonObject) -> bytes:
        """The events of an answer that failed before there was any."""

    def cut_off(self, before: bytes, failure: Failure) -> bytes:
        """The last event for a listener who cannot hear on after these, though the answer goes on."""

    def said(self, relay: StreamRelay) -> bytes | None:
        """The whole answer of a stream that has ended."""


class Operation(Protocol, Generic[R]):
    name: str
    memory: Memory[R] | None
    id_header: bytes
    """Where the dialect's official clients look for the id of a call."""

    @property
    def stream_content_type(self) -> str: ...

    def read(self, raw: bytes, body: JsonObject) -> R:
        """Raises `InvalidRequest`."""

    def streams(self, request: R) -> bool: ...

    def serves(self, target: Target) -> bool:
        """Whether the provider has this kind of call at all."""

    def write(self, request: R, raw: bytes, target: Target) -> Written:
        """Raises `InvalidRequest` for what cannot be said to this target, `NoRequest` when there is none to send."""

    def bound(self, request: R, body_bytes: int, target: Target, policy: Policy) -> Bound | None:
        """The most tokens that a call with such a body can take; None for one that costs nothing."""

    def answer(self, request: R, written: Written, target: Target, body: bytes, stamp: Stamp) -> Answer:
        """Raises `AnswerFailed`."""

    def relay(self, request: R, written: Written, target: Target, stamp: Stamp) -> StreamRelay: ...

    def replay(self, request: R, written: Written, target: Target, body: bytes, stamp: Stamp) -> Answer:
        """The stream that a plain answer amounts to, where the provider did not stream although it was asked to.
        Raises `AnswerFailed`."""

    def instead(self, request: R, target: Target) -> Answer | None:
        """The gateway's own answer where the target gave none, if it has one."""

    def failure(self, target: Target, status: int, headers: Mapping[str, str], body: bytes) -> Failure: ...

    def error(self, failure: Failure) -> tuple[int, JsonObject]:
        """Status and body of an error for the caller."""
