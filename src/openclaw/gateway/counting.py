"""The operations that tell the input tokens of a call before it is made.

A provider that has the caller's own counting call is asked: its number is the one it will bill. For every other one,
and where it cannot answer, the gateway estimates, and says so in `degraded`.
"""

from collections.abc import Mapping

from openclaw.budget.bounds import Bound, Policy
from openclaw.calls import Call, Failure, JsonObject
from openclaw.catalog.tokens import estimate_input_tokens
from openclaw.dialects.codec import Codec, StreamRelay
from openclaw.dialects.counting import Counting
from openclaw.dialects.jsontext import encode, parse
from openclaw.dialects.responses.notes import CHANGED
from openclaw.gateway.model_calls import UrlFields
from openclaw.gateway.operation import Answer, AnswerFailed, Memory, NoRequest, Stamp, Written
from openclaw.providers.provider import ProviderKind
from openclaw.routing.hints import ROUTING_FIELDS
from openclaw.routing.target import Target

_ESTIMATED = ("input_tokens: estimated",)
_NOT_A_COUNT = Failure(kind="malformed", message="The provider's answer is not a count of tokens.")


class TokenCounts:
    """The operation of one dialect's counting call. `memory` finds what a call goes on from, where there is that."""

    name = "count_tokens"
    stream_content_type = "application/json"

    def __init__(
        self, counting: Counting, id_header: bytes = b"x-request-id", memory: Memory[Call] | None = None
    ) -> None:
        self.id_header = id_header
        self.memory = memory
        self._counting = counting
        self._url = UrlFields()

    def at(self, url: UrlFields) -> "TokenCounts":
        """The same operation for a request whose model stands in its path."""
        bound = TokenCounts(self._counting, self.id_header, self.memory)
        bound._url = url
        return bound

    def read(self, raw: bytes, body: JsonObject) -> Call:
        return self._counting.read(body, self._url.model)

    def streams(self, request: Call) -> bool:
        return False

    def serves(self, target: Target) -> bool:
        return target.provider.kind.codec is not None

    def write(self, request: Call, raw: bytes, target: Target) -> Written:
        codec = self._codec(target.provider.kind)
        if codec != self._counting.codec or not target.provider.kind.counts_tokens:
            raise NoRequest
        said = codec.encode_request(request).body if CHANGED in request.spelling else parse(raw)
        body = {key: value for key, value in said.items() if key not in ROUTING_FIELDS}
        path = self._counting.path(target.model)
        return Written(path, encode(self._counting.body(body, target.model)), same_dialect=True, passes=True)

    def answer(self, request: Call, written: Written, target: Target, body: bytes, stamp: Stamp) -> Answer:
        if not self._counting.is_count(body):
            raise AnswerFailed(_NOT_A_COUNT)
        return Answer(body)

    def bound(self, request: Call, body_bytes: int, target: Target, policy: Policy) -> Bound | None:
        return None

    def instead(self, request: Call, target: Target) -> Answer | None:
        tokens = estimate_input_tokens(request, target.model)
        return Answer(encode(self._counting.answer(tokens)), degraded=_ESTIMATED)

    def relay(self, request: Call, written: Written, target: Target, stamp: Stamp) -> StreamRelay:
        raise AssertionError("a count is not streamed")

    def replay(self, request: Call, written: Written, target: Target, body: bytes, stamp: Stamp) -> Answer:
        raise AssertionError("a count is not streamed")

    def failure(self, target: Target, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        return self._counting.codec.decode_error(status, headers, body)

    def error(self, failure: Failure) -> tuple[int, JsonObject]:
        return self._counting.codec.encode_error(failure)

    def _codec(self, kind: ProviderKind) -> Codec | None:
        return kind.responses if kind.responses == self._counting.codec else kind.codec
