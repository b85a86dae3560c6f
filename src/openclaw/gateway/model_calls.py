"""Model calls: any door dialect in front of any target dialect."""

import copy
from collections.abc import Callable, Mapping
from typing import Self, TypeVar

import msgspec

from openclaw.budget.bounds import Bound, Policy, bound_of
from openclaw.calls import (
    Call,
    Event,
    Failure,
    JsonObject,
    PartStarted,
    Reply,
    ReplyEnded,
    ReplyStarted,
    StreamFailed,
    ToolCall,
    Usage,
    UsageReported,
)
from openclaw.dialects.call_ids import DistinctIds, with_distinct_ids
from openclaw.dialects.codec import Codec, MalformedReply, Passthrough, StreamDecoder, StreamEncoder, StreamRelay
from openclaw.dialects.jsontext import NotJson, encode, parse_object
from openclaw.dialects.plain_tools import as_functions
from openclaw.dialects.times import is_unix_time
from openclaw.gateway.operation import Answer, AnswerFailed, Memory, Stamp, Written
from openclaw.gateway.transport import BODY_BYTES_MAX
from openclaw.providers.provider import ProviderKind
from openclaw.routing.fitting import fitted
from openclaw.routing.hints import ROUTING_FIELDS
from openclaw.routing.target import Target
from openclaw.streams import unfold

Head = TypeVar("Head", Reply, ReplyStarted)


class UrlFields(msgspec.Struct, frozen=True):
    """What a dialect says in the path instead of the body; None where it does not."""

    model: str | None = None
    stream: bool | None = None


class ModelCalls:
    """The operation of a door that asks a model for text. `codec_of` picks the dialect a provider is spoken to in,
    None when it cannot serve this kind of call; `passthrough` is used where that is the door's own dialect. `check`
    raises `InvalidRequest` for a call that the door knows and a target's dialect cannot mean."""

    def __init__(
        self,
        name: str,
        door: Codec,
        passthrough: Passthrough,
        codec_of: Callable[[ProviderKind], Codec | None],
        check: Callable[[Call, Codec], None] | None = None,
        id_header: bytes = b"x-request-id",
    ) -> None:
        self.name = name
        self.id_header = id_header
        self._door = door
        self._passthrough = passthrough
        self._codec_of = codec_of
        self._check = check
        self.memory: Memory[Call] | None = None
        self._url = UrlFields()

    @property
    def stream_content_type(self) -> str:
        return self._door.stream_content_type

    def at(self, url: "UrlFields") -> Self:
        """The same operation for a request whose model, and whether to stream, stand in its path."""
        bound = copy.copy(self)
        bound._url = url
        return bound

    def read(self, raw: bytes, body: JsonObject) -> Call:
        return self._door.decode_request(body, model=self._url.model, stream=self._url.stream)

    def streams(self, request: Call) -> bool:
        return request.stream is True

    def serves(self, target: Target) -> bool:
        return self._codec_of(target.provider.kind) is not None

    def write(self, request: Call, raw: bytes, target: Target) -> Written:
        codec = self._codec(target)
        if self._check is not None:
            self._check(request, codec)
        stream = request.stream is True
        path = codec.path(target.model, stream=stream)
        drop = self._fields_for_us(request, target)
        if self._passthrough.suits(codec, request):
            body = self._passthrough.rewrite(raw, request, codec, target.model, drop)
            return Written(path, body, same_dialect=True, passes=True)
        extra = {key: value for key, value in request.extra.items() if key not in drop} if drop else request.extra
        # The gateway always wants to know what a stream used, whether or not the caller asked.
        call = msgspec.structs.replace(request, model=target.model, extra=extra, include_usage=stream)
        same = codec.name == self._door.name
        if same:
            encoded = codec.encode_request(call)
            return Written(path, encode(encoded.body), encoded.degraded, same_dialect=True, passes=True)
        call, lost = fitted(call, target.profile, bounded=codec.needs_output_bound)
        call, tools, renamed = as_functions(call, custom=codec.takes_custom_tools)
        encoded = codec.encode_request(call)
        return Written(path, encode(encoded.body), (*lost, *renamed, *encoded.degraded), tools=tools)

    def bound(self, request: Call, body_bytes: int, target: Target, policy: Policy) -> Bound | None:
        return bound_of(request, body_bytes, target.profile, policy)

    def answer(self, request: Call, written: Written, target: Target, body: bytes, stamp: Stamp) -> Answer:
        if written.passes:
            seen = self._passthrough.glance(body)
            if seen.failure is not None:
                raise AnswerFailed(seen.failure)
            return Answer(body, seen.model, seen.usage)
        reply = self._reply(request, written, target, body, stamp)
        return Answer(encode(self._door.encode_reply(reply, request)), reply.model, reply.usage)

    def replay(self, request: Call, written: Written, target: Target, body: bytes, stamp: Stamp) -> Answer:
        if written.passes:
            seen = self._passthrough.glance(body)
            if seen.failure is not None:
                raise AnswerFailed(seen.failure)
        reply = self._reply(request, written, target, body, stamp)
        encoder = self._door.stream_encoder(request)
        return Answer(b"".join(encoder.encode(event) for event in unfold(reply)), reply.model, reply.usage)

    def _reply(self, request: Call, written: Written, target: Target, body: bytes, stamp: Stamp) -> Reply:
        """The provider's plain answer in the inner form. Raises `AnswerFailed`."""
        try:
            reply = self._codec(target).decode_reply(parse_object(body))
        except (NotJson, MalformedReply) as error:
            raise AnswerFailed(
                Failure(kind="malformed", message="The provider's answer does not fit its own API.")
            ) from error
        reply = with_distinct_ids(written.tools.reply(reply) if written.tools else reply)
        return self._named(reply, request, target, stamp)

    def _named(self, head: Head, request: Call, target: Target, stamp: Stamp) -> Head:
        """What an answer says of itself, with what its provider left out or cannot mean."""
        return msgspec.structs.replace(
            head,
            id=head.id or stamp.call_id,
            created=head.created if is_unix_time(head.created) else stamp.unix_s,
            model=head.model or target.model,
        )

    def relay(self, request: Call, written: Written, target: Target, stamp: Stamp) -> StreamRelay:
        if written.passes:
            return self._passthrough.relay(request)
        decoder: StreamDecoder = self._codec(target).stream_decoder()
        if written.tools is not None:
            decoder = written.tools.stream(decoder)
        encoder = self._door.stream_encoder(request)
        return TranslatingRelay(decoder, encoder, lambda head: self._named(head, request, target, stamp))

    def instead(self, request: Call, target: Target) -> Answer | None:
        return None

    def failure(self, target: Target, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        return self._codec(target).decode_error(status, headers, body)

    def error(self, failure: Failure) -> tuple[int, JsonObject]:
        return self._door.encode_error(failure)

    def _codec(self, target: Target) -> Codec:
        codec = self._codec_of(target.provider.kind)
        assert codec is not None, "the plan keeps only targets that serve the operation"
        return codec

    def _fields_for_us(self, request: Call, target: Target) -> frozenset[str]:
        ours = ROUTING_FIELDS & request.extra.keys()
        if target.provider.kind.relays_openrouter_fields:
            ours -= {"provider"}
        return ours


_TOO_LARGE = Failure(kind="malformed", message="The provider's answer is too large.")


class TranslatingRelay:
    """A stream of one dialect, event by event, to another. It may be as large as a plain answer: some dialects say at
    their end once more what they have said, so it is held."""

    def __init__(
        self, decoder: StreamDecoder, encoder: StreamEncoder, named: Callable[[ReplyStarted], ReplyStarted]
    ) -> None:
        self.encoder = encoder
        self._decoder = decoder
        self._named = named
        self._ids = DistinctIds()
        self.model: str | None = None
        self.usage: Usage | None = None
        self.failure: Failure | None = None
        self.complete = False
        self._left_bytes = BODY_BYTES_MAX

    def feed(self, data: bytes) -> bytes:
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            self.failure = _TOO_LARGE
            return b""
        return self._write(self._decoder.feed(data))

    def end(self) -> bytes:
        return self._write(self._decoder.end())

    def fail(self, failure: Failure) -> bytes:
        return self.encoder.encode(StreamFailed(failure))

    def _write(self, events: list[Event]) -> bytes:
        out: list[bytes] = []
        for event in events:
            match event:
                case UsageReported():
                    self.usage = event.usage
                case ReplyStarted():
                    event = self._named(event)
                    self.model = event.model
                case PartStarted(part=ToolCall() as call):
                    event = msgspec.structs.replace(event, part=self._ids.of(event.choice, call))
                case ReplyEnded():
                    self.complete = True
                case StreamFailed():
                    self.failure = event.failure
                    break
                case _:
                    pass
            out.append(self.encoder.encode(event))
        return b"".join(out)
