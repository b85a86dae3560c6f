"""The paths of the doors, and what stands behind each."""

import re
from collections.abc import Mapping
from typing import Any

from openclaw.calls import Call
from openclaw.dialects.chat import Chat, ChatPassthrough
from openclaw.dialects.codec import Codec, InvalidRequest
from openclaw.dialects.completions import Completions, CompletionsPassthrough, needs_native
from openclaw.dialects.gemini import Gemini
from openclaw.dialects.gemini.passthrough import GeminiPassthrough
from openclaw.dialects.messages import Messages
from openclaw.dialects.messages.passthrough import MessagesPassthrough
from openclaw.dialects.responses import Responses
from openclaw.dialects.responses.passthrough import ResponsesPassthrough
from openclaw.gateway.embeddings import EmbeddingsCalls
from openclaw.gateway.model_calls import ModelCalls, UrlFields
from openclaw.gateway.operation import Operation
from openclaw.providers.provider import ProviderKind


class Doors:
    """Every door of this version."""

    def __init__(self) -> None:
        chat = ModelCalls("chat", Chat(), ChatPassthrough(), _chat_codec)
        completions = ModelCalls(
            "completions", Completions(), CompletionsPassthrough(), _completions_codec, _completable
        )
        embeddings = EmbeddingsCalls()
        responses = ModelCalls("responses", Responses(), ResponsesPassthrough(), _responses_codec)
        self._gemini = ModelCalls("gemini", Gemini(), GeminiPassthrough(), _chat_codec)
        self.by_path: Mapping[str, Operation[Any]] = {
            "/v1/chat/completions": chat,
            "/v1/completions": completions,
            "/v1/embeddings": embeddings,
            "/v1/responses": responses,
            "/v1/messages": ModelCalls(
                "messages", Messages(), MessagesPassthrough(), _chat_codec, id_header=b"request-id"
            ),
            # Clients whose base URL lacks the /v1 mean the same.
            "/chat/completions": chat,
            "/completions": completions,
            "/embeddings": embeddings,
            "/responses": responses,
        }

    def find(self, path: str) -> Operation[Any] | None:
        """What a POST to this path does; None when it is no door."""
        operation = self.by_path.get(path)
        if operation is None and (match := _GEMINI_PATH.fullmatch(path)):
            return self._gemini.at(UrlFields(match["model"], match["verb"] == "streamGenerateContent"))
        return operation


# google-genai 3 calls /v1, its older versions and Google's other clients /v1beta.
_GEMINI_PATH = re.compile(r"/v1(?:beta)?/models/(?P<model>[^:]+):(?P<verb>generateContent|streamGenerateContent)")


def _chat_codec(kind: ProviderKind) -> Codec | None:
    return kind.codec


def _responses_codec(kind: ProviderKind) -> Codec | None:
    return kind.responses or kind.codec


def _completions_codec(kind: ProviderKind) -> Codec | None:
    return kind.completions or kind.codec


def _completable(call: Call, codec: Codec) -> None:
    """Refuse what only a completing model can do where the target chats. Raises `InvalidRequest`."""
    field = None if isinstance(codec, Completions) else needs_native(call)
    if field is not None:
        raise InvalidRequest(field, f"'{field}' in this form needs a provider that serves /v1/completions itself")
