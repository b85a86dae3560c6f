"""The Chat Completions codec."""

from collections.abc import Mapping

from openclaw.calls import Call, DialectName, Failure, JsonObject, Reply
from openclaw.dialects.chat import reply as replies
from openclaw.dialects.chat import request as requests
from openclaw.dialects.chat.quirks import Quirks
from openclaw.dialects.chat.stream import ChatStreamDecoder, ChatStreamEncoder
from openclaw.dialects.codec import Encoded
from openclaw.dialects.openai_errors import decode_openai_error, encode_openai_error


class Chat(Quirks, frozen=True, kw_only=True):
    """Chat Completions as one provider speaks it; what differs by provider are the fields of `Quirks`."""

    @property
    def name(self) -> DialectName:
        return "chat"

    @property
    def stream_content_type(self) -> str:
        return "text/event-stream"

    @property
    def takes_custom_tools(self) -> bool:
        return self.custom_tools

    @property
    def needs_output_bound(self) -> bool:
        return False

    def decode_request(self, body: JsonObject, *, model: str | None = None, stream: bool | None = None) -> Call:
        return requests.decode(body, model=model, stream=stream)

    def encode_request(self, call: Call) -> Encoded:
        return requests.RequestEncoder(self, call).encode()

    def passes_unchanged(self, call: Call) -> bool:
        """Whether a caller's Chat request suits this provider byte for byte (but for `model`)."""
        return requests.suits(self, call)

    def path(self, model: str, *, stream: bool) -> str:
        return self.endpoint

    def decode_reply(self, body: JsonObject) -> Reply:
        return replies.decode(body)

    def encode_reply(self, reply: Reply, call: Call | None = None) -> JsonObject:
        return replies.encode(reply)

    def stream_decoder(self) -> ChatStreamDecoder:
        return ChatStreamDecoder()

    def stream_encoder(self, call: Call) -> ChatStreamEncoder:
        return ChatStreamEncoder(include_usage=call.include_usage)

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        return decode_openai_error(status, headers, body)

    def encode_error(self, failure: Failure) -> tuple[int, JsonObject]:
        return encode_openai_error(failure)
