"""The Responses codec."""

from collections.abc import Mapping

from msgspec import Struct

from openclaw.calls import Call, DialectName, Failure, JsonObject, Reply
from openclaw.dialects.codec import Encoded
from openclaw.dialects.openai_errors import decode_openai_error, encode_openai_error
from openclaw.dialects.responses import reply as replies
from openclaw.dialects.responses import request as requests
from openclaw.dialects.responses.stream_decoder import ResponsesStreamDecoder
from openclaw.dialects.responses.stream_encoder import ResponsesStreamEncoder


class Responses(Struct, frozen=True, kw_only=True):
    """OpenAI Responses, as OpenAI, Azure, xAI, DeepSeek, Bedrock, OpenRouter and LM Studio speak it."""

    endpoint: str = "/responses"

    @property
    def name(self) -> DialectName:
        return "responses"

    @property
    def stream_content_type(self) -> str:
        return "text/event-stream"

    @property
    def takes_custom_tools(self) -> bool:
        return True

    @property
    def needs_output_bound(self) -> bool:
        return False

    def decode_request(self, body: JsonObject, *, model: str | None = None, stream: bool | None = None) -> Call:
        return requests.decode(body, model=model, stream=stream)

    def encode_request(self, call: Call) -> Encoded:
        return requests.encode(call)

    def path(self, model: str, *, stream: bool) -> str:
        return self.endpoint

    def decode_reply(self, body: JsonObject) -> Reply:
        return replies.decode(body)

    def encode_reply(self, reply: Reply, call: Call | None = None) -> JsonObject:
        return replies.encode(reply, call)

    def stream_decoder(self) -> ResponsesStreamDecoder:
        return ResponsesStreamDecoder()

    def stream_encoder(self, call: Call) -> ResponsesStreamEncoder:
        return ResponsesStreamEncoder(call)

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        return decode_openai_error(status, headers, body)

    def encode_error(self, failure: Failure) -> tuple[int, JsonObject]:
        return encode_openai_error(failure)
