"""Google's generateContent and streamGenerateContent, on the Gemini API and on Vertex AI."""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

from msgspec import Struct

from openclaw.calls import Call, Failure, JsonObject, Reply
from openclaw.dialects.codec import Encoded, InvalidRequest
from openclaw.dialects.gemini.encode_stream import GeminiStreamEncoder
from openclaw.dialects.gemini.errors import decode_error, encode_error
from openclaw.dialects.gemini.reply import decode_reply, encode_reply
from openclaw.dialects.gemini.request import decode_request, encode_request
from openclaw.dialects.gemini.stream import GeminiStreamDecoder


class Gemini(Struct, frozen=True):
    """`vertex` says that the provider is Vertex AI, which lacks the fields `serviceTier` and `store`.

    The provider's base URL holds the API version: `.../v1beta`, or on Vertex AI
    `.../v1/projects/{project}/locations/{location}/publishers/google`.
    """

    vertex: bool = False

    @property
    def name(self) -> Literal["gemini"]:
        return "gemini"

    @property
    def stream_content_type(self) -> str:
        return "text/event-stream"

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
        return encode_request(call, vertex=self.vertex)

    def path(self, model: str, *, stream: bool) -> str:
        # A tuned model is named by its whole resource name.
        resource = model if model.startswith(("models/", "tunedModels/")) else "models/" + model
        method = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return f"/{quote(resource, safe='/@')}:{method}"

    def decode_reply(self, body: JsonObject) -> Reply:
        return decode_reply(body)

    def encode_reply(self, reply: Reply, call: Call) -> JsonObject:
        return encode_reply(reply)

    def stream_decoder(self) -> GeminiStreamDecoder:
        return GeminiStreamDecoder()

    def stream_encoder(self, call: Call) -> GeminiStreamEncoder:
        return GeminiStreamEncoder()

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        return decode_error(status, headers, body)

    def encode_error(self, failure: Failure) -> tuple[int, JsonObject]:
        return encode_error(failure)
