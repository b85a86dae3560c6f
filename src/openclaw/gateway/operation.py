"""A kind of call (chat, completions, embeddings) as the pipeline sees it.

The pipeline's stages are the same for all of them; what differs is how a request is read, how it is written for a
target and how the answer is read back. An operation says that, and does no I/O.
"""

from collections.abc import Mapping
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from openclaw.calls import Failure, JsonObject, Usage
from openclaw.dialects.codec import StreamRelay
from openclaw.routing.target import Target


class Request(Protocol):
    """What the stages need to know of any decoded call."""

    @property
    def model(self) -> str: ...

    @property
    def extra(self) -> JsonObject: ...


class Written(Struct, frozen=True):
    """A request as the target gets it. `degraded` names what it cannot carry; `same_dialect` tells that the caller's
    headers travel and that the answer passes as it is."""

    path: str
    body: bytes
    degraded: tuple[str, ...] = ()
    same_dialect: bool = False


class Answer(Struct, frozen=True):
    """A plain answer as the caller gets it, and what it says of itself."""

    body: bytes
    model: str | None = None
    usage: Usage | None = None


class Stamp(Struct, frozen=True):
    """What an answer gets when its provider left it out: an id, and the time in Unix seconds."""

    call_id: str
    unix_s: int


class AnswerFailed(Exception):
    """An answer under a good status that is an error, or not an answer."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


R = TypeVar("R", bound=Request)


class Operation(Protocol, Generic[R]):
    name: str
    stream_content_type: str
    id_header: bytes
    """Where the dialect's official clients look for the id of a call."""

    def read(self, raw: bytes, body: JsonObject) -> R:
        """Raises `InvalidRequest`."""

    def streams(self, request: R) -> bool: ...

    def serves(self, target: Target) -> bool:
        """Whether the provider has this kind of call at all."""

    def write(self, request: R, raw: bytes, target: Target) -> Written: ...

    def answer(self, request: R, written: Written, target: Target, body: bytes, stamp: Stamp) -> Answer:
        """Raises `AnswerFailed`."""

    def relay(self, request: R, written: Written, target: Target, stamp: Stamp) -> StreamRelay: ...

    def replay(self, request: R, written: Written, target: Target, body: bytes, stamp: Stamp) -> Answer:
        """The stream that a plain answer amounts to, where the provider did not stream although it was asked to.
        Raises `AnswerFailed`."""

    def failure(self, target: Target, status: int, headers: Mapping[str, str], body: bytes) -> Failure: ...

    def error(self, failure: Failure) -> tuple[int, JsonObject]:
        """Status and body of an error for the caller."""
