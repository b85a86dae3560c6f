"""Ollama's native chat."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from openclaw.calls import Call, Failure, JsonObject, Reply
from openclaw.dialects.codec import Encoded, InvalidRequest
from openclaw.dialects.ollama.errors import decode_error, encode_error
from openclaw.dialects.ollama.reply import decode_reply, encode_reply
from openclaw.dialects.ollama.request import decode_request, encode_request
from openclaw.dialects.ollama.stream import OllamaStreamDecoder, OllamaStreamEncoder


class Ollama(Struct, frozen=True):
    """The provider's base URL is the server's root."""

    @property
    def name(self) -> Literal["ollama"]:
        return "ollama"

    @property
    def stream_content_type(self) -> str:
        return "application/x-ndjson"

    @property
    def takes_custom_tools(self) -> bool:
        return False

    @property
    def needs_output_bound(self) -> bool:
        return False

    def decode_request(self, body: JsonObject, *, model: str | None = None, stream: bool | None = None) -> Call:
        try:
            return decode_request(body, model, stream)
        except RecursionError:
            raise InvalidRequest(None, "the request is nested too deeply") from None

    def encode_request(self, call: Call) -> Encoded:
        return encode_request(call)

    def path(self, model: str, *, stream: bool) -> str:
        return "/api/chat"

    def decode_reply(self, body: JsonObject) -> Reply:
        return decode_reply(body)

    def encode_reply(self, reply: Reply, call: Call) -> JsonObject:
        return encode_reply(reply)

    def stream_decoder(self) -> OllamaStreamDecoder:
        return OllamaStreamDecoder()

    def stream_encoder(self, call: Call) -> OllamaStreamEncoder:
        return OllamaStreamEncoder()

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        return decode_error(status, headers, body)

    def encode_error(self, failure: Failure) -> tuple[int, JsonObject]:
        return encode_error(failure)
