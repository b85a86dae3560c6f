"""The Bedrock Converse codec."""

from collections.abc import Mapping
from urllib.parse import quote

from msgspec import Struct

from openclaw.calls import Call, DialectName, Failure, JsonObject, Reply
from openclaw.dialects.codec import Encoded
from openclaw.dialects.converse import errors
from openclaw.dialects.converse import reply as replies
from openclaw.dialects.converse import request as requests
from openclaw.dialects.converse.stream import ConverseStreamDecoder
from openclaw.dialects.converse.stream_writer import ConverseStreamEncoder


class Converse(Struct, frozen=True, kw_only=True):
    """Bedrock's Converse API.

    `max_tokens_default`: the room for the answer behind a thinking budget, for calls without an output bound (Bedrock
    needs a bound only then); its use is listed as `max_output_tokens: ... assumed`.
    """

    max_tokens_default: int = 4096

    @property
    def name(self) -> DialectName:
        return "converse"

    @property
    def stream_content_type(self) -> str:
        return "application/vnd.amazon.eventstream"

    @property
    def takes_custom_tools(self) -> bool:
        return False

    @property
    def needs_output_bound(self) -> bool:
        return False

    def decode_request(self, body: JsonObject, *, model: str | None = None, stream: bool | None = None) -> Call:
        return requests.decode(body, model=model, stream=stream)

    def encode_request(self, call: Call) -> Encoded:
        return requests.encode(call, self.max_tokens_default)

    def path(self, model: str, *, stream: bool) -> str:
        """Model ids hold colons, and slashes when they are ARNs; both are quoted."""
        return f"/model/{quote(model, safe='')}/converse{'-stream' if stream else ''}"

    def decode_reply(self, body: JsonObject) -> Reply:
        return replies.decode(body)

    def encode_reply(self, reply: Reply, call: Call | None = None) -> JsonObject:
        return replies.encode(reply, call)

    def stream_decoder(self) -> ConverseStreamDecoder:
        return ConverseStreamDecoder()

    def stream_encoder(self, call: Call | None = None) -> ConverseStreamEncoder:
        return ConverseStreamEncoder(call)

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        return errors.decode_error(status, headers, body)

    def encode_error(self, failure: Failure) -> tuple[int, JsonObject]:
        return errors.encode_error(failure)
