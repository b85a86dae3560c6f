"""The Anthropic Messages codec, and what the clouds that resell Claude do differently."""

from collections.abc import Mapping
from urllib.parse import quote

from msgspec import Struct

from openclaw.calls import Call, DialectName, Failure, JsonObject, Reply
from openclaw.dialects.codec import Encoded
from openclaw.dialects.messages import errors
from openclaw.dialects.messages import reply as replies
from openclaw.dialects.messages import request as requests
from openclaw.dialects.messages.stream import MessagesStreamDecoder
from openclaw.dialects.messages.stream_writer import MessagesStreamEncoder


class Messages(Struct, frozen=True, kw_only=True):
    """Anthropic Messages as one provider speaks it.

    `max_tokens_default`: the output bound for calls that have none, which Anthropic requires (4096 tokens: every Claude
    model allows at least that many); its use is listed as `max_output_tokens: ... assumed`.
    `plain_path`, `stream_path`: the request paths; `{model}` stands for the quoted model.
    `anthropic_version`: the body's `anthropic_version`, where a cloud wants it there instead of in a header.
    `model_in_body`, `stream_in_body`: whether the body holds these fields, or the path alone says it.
    """

    max_tokens_default: int = 4096
    plain_path: str = "/v1/messages"
    stream_path: str = "/v1/messages"
    anthropic_version: str | None = None
    model_in_body: bool = True
    stream_in_body: bool = True

    @property
    def name(self) -> DialectName:
        return "messages"

    @property
    def stream_content_type(self) -> str:
        return "text/event-stream"

    @property
    def takes_custom_tools(self) -> bool:
        return False

    @property
    def needs_output_bound(self) -> bool:
        return True

    def decode_request(self, body: JsonObject, *, model: str | None = None, stream: bool | None = None) -> Call:
        """A missing `max_tokens` is let through, because other targets do without."""
        return requests.decode(body, self._shape(), model=model, stream=stream)

    def encode_request(self, call: Call) -> Encoded:
        return requests.encode(call, self._shape())

    def _shape(self) -> requests.Shape:
        return requests.Shape(
            max_tokens_default=self.max_tokens_default,
            anthropic_version=self.anthropic_version,
            model_in_body=self.model_in_body,
            stream_in_body=self.stream_in_body,
        )

    def path(self, model: str, *, stream: bool) -> str:
        template = self.stream_path if stream else self.plain_path
        return template.replace("{model}", quote(model, safe=""))

    def decode_reply(self, body: JsonObject) -> Reply:
        return replies.decode(body)

    def encode_reply(self, reply: Reply, call: Call | None = None) -> JsonObject:
        return replies.encode(reply, call)

    def stream_decoder(self) -> MessagesStreamDecoder:
        return MessagesStreamDecoder()

    def stream_encoder(self, call: Call | None = None) -> MessagesStreamEncoder:
        return MessagesStreamEncoder(call)

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        return errors.decode_error(status, headers, body)

    def encode_error(self, failure: Failure) -> tuple[int, JsonObject]:
        return errors.encode_error(failure)


def vertex_messages() -> Messages:
    """Claude on Google Cloud. The base URL ends with `.../locations/{location}/publishers/anthropic`.
    https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude"""
    return Messages(
        plain_path="/models/{model}:rawPredict",
        stream_path="/models/{model}:streamRawPredict",
        anthropic_version="vertex-2023-10-16",
        model_in_body=False,
    )


def bedrock_messages() -> Messages:
    """Claude through Bedrock's InvokeModel, whose bodies are Anthropic's. Its streams are AWS event streams around
    Anthropic's events, which this codec does not read: use Converse for streams.
    https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html"""
    return Messages(
        plain_path="/model/{model}/invoke",
        stream_path="/model/{model}/invoke-with-response-stream",
        anthropic_version="bedrock-2023-05-31",
        model_in_body=False,
        stream_in_body=False,
    )
