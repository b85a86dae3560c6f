"""The paths of the doors, and what stands behind each."""

from collections.abc import Mapping
from typing import Any

from openclaw.calls import Call
from openclaw.dialects.chat import Chat, ChatPassthrough
from openclaw.dialects.codec import Codec, InvalidRequest
from openclaw.dialects.completions import Completions, CompletionsPassthrough, needs_native
from openclaw.dialects.messages import Messages
from openclaw.dialects.messages.passthrough import MessagesPassthrough
from openclaw.gateway.embeddings import EmbeddingsCalls
from openclaw.gateway.model_calls import ModelCalls
from openclaw.gateway.operation import Operation
from openclaw.providers.provider import ProviderKind


def doors() -> Mapping[str, Operation[Any]]:
    """Path to operation, for every door of this version."""
    chat = ModelCalls("chat", Chat(), ChatPassthrough(), _chat_codec)
    completions = ModelCalls("completions", Completions(), CompletionsPassthrough(), _completions_codec, _completable)
    messages = ModelCalls("messages", Messages(), MessagesPassthrough(), _chat_codec, id_header=b"request-id")
    embeddings = EmbeddingsCalls()
    return {
        "/v1/chat/completions": chat,
        "/v1/completions": completions,
        "/v1/embeddings": embeddings,
        "/v1/messages": messages,
        # Clients whose base URL lacks the /v1 mean the same.
        "/chat/completions": chat,
        "/completions": completions,
        "/embeddings": embeddings,
    }


def _chat_codec(kind: ProviderKind) -> Codec | None:
    return kind.codec


def _completions_codec(kind: ProviderKind) -> Codec | None:
    return kind.completions or kind.codec


def _completable(call: Call, codec: Codec) -> None:
    """Refuse what only a completing model can do where the target chats. Raises `InvalidRequest`."""
    field = None if isinstance(codec, Completions) else needs_native(call)
    if field is not None:
        raise InvalidRequest(field, f"'{field}' in this form needs a provider that serves /v1/completions itself")
