"""Embeddings: OpenAI's door in front of every form of embeddings API."""

from collections.abc import Mapping

import msgspec

from openclaw.budget.bounds import Bound, Policy
from openclaw.calls import EmbeddingsCall, Failure, JsonObject
from openclaw.dialects.chat.reply import decode_usage
from openclaw.dialects.codec import MalformedReply, StreamRelay
from openclaw.dialects.embeddings import EmbeddingsCodec, OpenAIEmbeddings
from openclaw.dialects.jsontext import NotJson, encode, parse_object
from openclaw.dialects.rewrite import rewrite_document
from openclaw.gateway.model_calls import UrlFields
from openclaw.gateway.operation import Answer, AnswerFailed, Memory, Stamp, Written
from openclaw.routing.hints import ROUTING_FIELDS
from openclaw.routing.target import Target

_OPENAI = OpenAIEmbeddings()


class _Glance(msgspec.Struct):
    """What is read of an answer that passes: the vectors themselves are not."""

    data: msgspec.Raw
    model: str | None = None
    usage: JsonObject | None = None


_glance = msgspec.json.Decoder(_Glance)
_MALFORMED = Failure(kind="malformed", message="The provider's answer is not a list of embeddings.")


class EmbeddingsCalls:
    """The operation of `/v1/embeddings`, and of Google's calls, whose `door` is another form. A provider with OpenAI's
    form gets and gives an OpenAI caller's bytes as they are. `model` is the path's, where the form has it there."""

    name = "embeddings"
    stream_content_type = "application/json"
    id_header = b"x-request-id"
    memory: Memory[EmbeddingsCall] | None = None

    def __init__(self, door: EmbeddingsCodec = _OPENAI, model: str | None = None) -> None:
        self._door = door
        self._model = model

    def at(self, url: UrlFields) -> "EmbeddingsCalls":
        """The same operation for a request whose model stands in its path."""
        return EmbeddingsCalls(self._door, url.model)

    def read(self, raw: bytes, body: JsonObject) -> EmbeddingsCall:
        return self._door.decode_request(body, model=self._model)

    def streams(self, request: EmbeddingsCall) -> bool:
        return False

    def serves(self, target: Target) -> bool:
        return target.provider.kind.embeddings is not None

    def write(self, request: EmbeddingsCall, raw: bytes, target: Target) -> Written:
        codec = self._codec(target)
        path = codec.path(target.model, request)
        drop = ROUTING_FIELDS & request.extra.keys()
        if codec == self._door == _OPENAI:
            return Written(path, rewrite_document(raw, target.model, drop), same_dialect=True, passes=True)
        extra = {key: value for key, value in request.extra.items() if key not in drop}
        encoded = codec.encode_request(msgspec.structs.replace(request, model=target.model, extra=extra))
        return Written(path, encode(encoded.body), encoded.degraded)

    def answer(self, request: EmbeddingsCall, written: Written, target: Target, body: bytes, stamp: Stamp) -> Answer:
        if written.passes:
            try:
                seen = _glance.decode(body)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise AnswerFailed(_MALFORMED) from error
            return Answer(body, seen.model, decode_usage(seen.usage) if seen.usage is not None else None)
        try:
            reply = self._codec(target).decode_reply(parse_object(body), request)
            if not reply.model:
                reply = msgspec.structs.replace(reply, model=target.model)
            return Answer(encode(self._door.encode_reply(reply, request)), reply.model, reply.usage)
        except (NotJson, MalformedReply) as error:
            raise AnswerFailed(_MALFORMED) from error

    def relay(self, request: EmbeddingsCall, written: Written, target: Target, stamp: Stamp) -> StreamRelay:
        raise AssertionError("embeddings are not streamed")

    def replay(self, request: EmbeddingsCall, written: Written, target: Target, body: bytes, stamp: Stamp) -> Answer:
        raise AssertionError("embeddings are not streamed")

    def bound(self, request: EmbeddingsCall, body_bytes: int, target: Target, policy: Policy) -> Bound | None:
        return Bound(int(body_bytes * policy.tokens_per_byte) + 1, 0)

    def instead(self, request: EmbeddingsCall, target: Target) -> Answer | None:
        return None

    def failure(self, target: Target, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        return self._codec(target).decode_error(status, headers, body)

    def error(self, failure: Failure) -> tuple[int, JsonObject]:
        return self._door.encode_error(failure)

    def _codec(self, target: Target) -> EmbeddingsCodec:
        codec = target.provider.kind.embeddings
        assert codec is not None, "the plan keeps only targets that serve the operation"
        return codec
