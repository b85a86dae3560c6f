"""The paths of the doors, and what stands behind each."""

import re
from collections.abc import Mapping
from typing import Any

from openclaw.calls import Call
from openclaw.dialects import counting
from openclaw.dialects.chat import Chat, ChatPassthrough
from openclaw.dialects.codec import Codec, InvalidRequest
from openclaw.dialects.completions import Completions, CompletionsPassthrough, needs_native
from openclaw.dialects.embeddings import GeminiEmbeddings
from openclaw.dialects.gemini import Gemini
from openclaw.dialects.gemini.passthrough import GeminiPassthrough
from openclaw.dialects.messages import Messages
from openclaw.dialects.messages.passthrough import MessagesPassthrough
from openclaw.gateway.counting import TokenCounts
from openclaw.gateway.embeddings import EmbeddingsCalls
from openclaw.gateway.gemini_arrays import GeminiArrays
from openclaw.gateway.model_calls import ModelCalls, UrlFields
from openclaw.gateway.operation import Operation
from openclaw.gateway.priced import PricedChat
from openclaw.gateway.responses import RecalledResponses, ResponsesCalls
from openclaw.providers.provider import ProviderKind
from openclaw.server.voices import ANTHROPIC


class Doors:
    """Every door of this version."""

    def __init__(self) -> None:
        chat = PricedChat("chat", Chat(), ChatPassthrough(), _chat_codec)
        completions = ModelCalls(
            "completions", Completions(), CompletionsPassthrough(), _completions_codec, _completable
        )
        embeddings = EmbeddingsCalls()
        responses, response_tokens = ResponsesCalls(), TokenCounts(counting.RESPONSES, memory=RecalledResponses())
        self.by_path: Mapping[str, Operation[Any]] = {
            "/v1/chat/completions": chat,
            "/v1/completions": completions,
            "/v1/embeddings": embeddings,
            "/v1/responses": responses,
            "/v1/responses/input_tokens": response_tokens,
            "/v1/messages": ModelCalls(
                "messages", Messages(), MessagesPassthrough(), _chat_codec, id_header=ANTHROPIC.id_header
            ),
            "/v1/messages/count_tokens": TokenCounts(counting.MESSAGES, id_header=ANTHROPIC.id_header),
            # Clients whose base URL lacks the /v1 mean the same.
            "/chat/completions": chat,
            "/completions": completions,
            "/embeddings": embeddings,
            "/responses": responses,
            "/responses/input_tokens": response_tokens,
        }
        gemini = ModelCalls("gemini", Gemini(), GeminiPassthrough(), _chat_codec)
        embed = EmbeddingsCalls(GeminiEmbeddings())
        self.by_verb: Mapping[str, ModelCalls | EmbeddingsCalls | TokenCounts] = {
            "generateContent": gemini,
            "streamGenerateContent": GeminiArrays("gemini", Gemini(), GeminiPassthrough(), _chat_codec),
            "streamGenerateContent?alt=sse": gemini,
            "countTokens": TokenCounts(counting.GEMINI),
            "embedContent": embed,
            "batchEmbedContents": embed,
        }

    def find(self, path: str, query: bytes = b"") -> Operation[Any] | None:
        """What a POST to this path does; None when it is no door."""
        operation = self.by_path.get(path)
        if operation is None and (match := _GEMINI_PATH.fullmatch(path)):
            verb = match["verb"]
            streams = verb == "streamGenerateContent"
            found = self.by_verb.get(f"{verb}?alt=sse" if streams and _SSE.search(query) else verb)
            return None if found is None else found.at(UrlFields(match["model"], streams))
        return operation


# google-genai 3 calls /v1, its older versions and Google's other clients /v1beta.
# @ai-sdk/google leaves `models/` out when the model's name holds a slash.
_GEMINI_PATH = re.compile(r"/v1(?:beta)?/(?:models/)?(?P<model>.+):(?P<verb>[A-Za-z]+)")
_SSE = re.compile(rb"(?:^|&)alt=sse(?:&|$)")


def _chat_codec(kind: ProviderKind) -> Codec | None:
    return kind.codec


def _completions_codec(kind: ProviderKind) -> Codec | None:
    return kind.completions or kind.codec


def _completable(call: Call, codec: Codec) -> None:
    """Refuse what only a completing model can do where the target chats. Raises `InvalidRequest`."""
    field = None if isinstance(codec, Completions) else needs_native(call)
    if field is not None:
        raise InvalidRequest(field, f"'{field}' in this form needs a provider that serves /v1/completions itself")
