"""The shape that every dialect has: one symmetric codec, pure, without I/O.

Read the methods in two columns. The gateway's *door* speaks a dialect to the caller: it decodes requests and
encodes replies. The gateway's *target* speaks one to the provider: it encodes requests and decodes replies.
A codec does both, so any door can stand in front of any target, and the simulated providers are built from the
same pieces.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

from msgspec import Struct

from openclaw.calls import Call, DialectName, Event, Failure, JsonObject, Reply, Usage


class InvalidRequest(Exception):
    """The caller's request does not fit the dialect. `param` is the path of the field at fault, as in
    `messages[0].content`; `message` says what was expected, without repeating the caller's content."""

    def __init__(self, param: str | None, message: str) -> None:
        super().__init__(message)
        self.param = param
        self.message = message


class MalformedReply(Exception):
    """The provider's answer does not fit its own dialect."""


class Encoded(Struct, frozen=True):
    """A body in the target's dialect, and the request fields that the dialect cannot carry.

    `degraded` names each as `field` or `field: what became of it`, in the inner form's names
    (`seed`, `tools[web_search]`, `logprobs`, `reasoning.signature`). It is empty when nothing was lost.
    """

    body: JsonObject
    degraded: tuple[str, ...] = ()


class StreamDecoder(Protocol):
    """Bytes as they arrive from the provider in, events out; any split of the bytes gives the same events."""

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes. Malformed framing or JSON gives a `StreamFailed` event, never an exception."""

    def end(self) -> list[Event]:
        """The connection closed. A stream that was not complete gives `StreamFailed` with kind `truncated`."""


class StreamEncoder(Protocol):
    """Events in, bytes for the caller out. Events that the dialect has no words for give b""."""

    def encode(self, event: Event) -> bytes:
        """Safe to call with every event of the grammar in `openclaw.calls`, in order."""


class Codec(Protocol):
    """One dialect. Instances are immutable and shared; what differs by provider is set when one is made."""

    @property
    def name(self) -> DialectName: ...

    @property
    def stream_content_type(self) -> str:
        """The media type of a streamed answer, e.g. `text/event-stream`."""

    @property
    def takes_custom_tools(self) -> bool:
        """Whether the provider knows tools whose input is free text."""

    @property
    def needs_output_bound(self) -> bool:
        """Whether a request must say how long the answer may be."""

    def decode_request(self, body: JsonObject, *, model: str | None = None, stream: bool | None = None) -> Call:
        """Read a caller's request. `model` and `stream` are given where the dialect has them in the URL.

        Raises `InvalidRequest` naming the field.
        """

    def encode_request(self, call: Call) -> Encoded:
        """Write a request for the provider. `call.model` is the provider's own model name."""

    def path(self, model: str, *, stream: bool) -> str:
        """The request path, with query, to append to the provider's base URL."""

    def decode_reply(self, body: JsonObject) -> Reply:
        """Read a provider's plain answer. Raises `MalformedReply`."""

    def encode_reply(self, reply: Reply, call: Call) -> JsonObject:
        """Write a plain answer for the caller who sent `call`."""

    def stream_decoder(self) -> StreamDecoder: ...

    def stream_encoder(self, call: Call) -> StreamEncoder: ...

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        """Classify a provider's error answer. Never raises: a body that is not the dialect's gives the class
        that the status alone implies. Header names are lower-case."""

    def encode_error(self, failure: Failure) -> tuple[int, JsonObject]:
        """The HTTP status and body by which the official client raises its own right exception."""


# --- when caller and provider speak the same dialect ---------------------------------------------------------


class StreamRelay(Protocol):
    """A stream on its way from the provider to the caller, in whole events of the caller's dialect.

    Once `failure` is set nothing more comes out; `complete` is set when the provider said that it is done.
    """

    @property
    def usage(self) -> Usage | None: ...

    @property
    def model(self) -> str | None: ...

    @property
    def failure(self) -> Failure | None: ...

    @property
    def complete(self) -> bool: ...

    def feed(self, data: bytes) -> bytes: ...

    def end(self) -> bytes:
        """The connection closed. Sets `failure` when the answer was not complete."""

    def fail(self, failure: Failure) -> bytes:
        """The event that tells the caller that the stream cannot go on, and why."""


class Glance(Struct, frozen=True):
    """What a passed answer says of itself; `failure` is set when it is an error under a good status."""

    model: str | None = None
    usage: Usage | None = None
    failure: Failure | None = None


class Passthrough(Protocol):
    """How a dialect passes through to a target that speaks it too: bytes stay, unknown fields survive."""

    def suits(self, target: Codec, call: Call) -> bool:
        """Whether the caller's request needs no change for this target but the model's name."""

    def rewrite(self, raw: bytes, call: Call, target: Codec, model: str, drop: Collection[str]) -> bytes:
        """The caller's document for the provider's `model`, without the top-level fields in `drop`."""

    def glance(self, body: bytes) -> Glance: ...

    def relay(self, call: Call) -> StreamRelay: ...
