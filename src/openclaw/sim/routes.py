"""Which dialect a path belongs to."""

import re

from msgspec import Struct

from openclaw.dialects.chat import Chat
from openclaw.dialects.codec import Codec
from openclaw.dialects.completions import Completions
from openclaw.dialects.embeddings import (
    CohereEmbeddings,
    EmbeddingsCodec,
    GeminiEmbeddings,
    OllamaEmbeddings,
    OpenAIEmbeddings,
)
from openclaw.dialects.gemini import Gemini
from openclaw.dialects.messages import Messages
from openclaw.dialects.ollama import Ollama
from openclaw.dialects.responses import Responses
from openclaw.providers.registry import MissingExtra, kind_named


class Route(Struct, frozen=True):
    """One of the two codecs; `model` and `stream` where the dialect has them in the path."""

    codec: Codec | None = None
    embeddings: EmbeddingsCodec | None = None
    model: str | None = None
    stream: bool | None = None


_BY_PATH: dict[str, Route] = {
    "/chat/completions": Route(Chat()),
    "/completions": Route(Completions()),
    "/responses": Route(Responses()),
    "/messages": Route(Messages()),
    "/embeddings": Route(embeddings=OpenAIEmbeddings()),
    "/api/chat": Route(Ollama()),
    "/api/embed": Route(embeddings=OllamaEmbeddings()),
    "/v2/embed": Route(embeddings=CohereEmbeddings()),
}
_VERSION = re.compile(r"^/(?:openai/)?v\d(?:beta|alpha)?(?=/)")
_GEMINI = re.compile(r"/models/(?P<model>[^:]+):(?P<verb>\w+)$")
_CONVERSE = re.compile(r"^/model/(?P<model>.+)/(?P<verb>converse|converse-stream)$")


def find_route(path: str) -> Route | None:
    """The route of a request path, percent-decoded; None where no dialect has it."""
    route = _BY_PATH.get(path) or _BY_PATH.get(_VERSION.sub("", path))
    if route is not None:
        return route
    if match := _GEMINI.search(path):
        return _gemini(match["model"], match["verb"])
    if match := _CONVERSE.match(path):
        try:
            codec = kind_named("bedrock").codec
        except MissingExtra:
            return None
        return Route(codec, model=match["model"], stream=match["verb"] == "converse-stream")
    return None


def _gemini(model: str, verb: str) -> Route | None:
    if verb in ("generateContent", "streamGenerateContent"):
        return Route(Gemini(), model=model, stream=verb == "streamGenerateContent")
    if verb in ("embedContent", "batchEmbedContents"):
        return Route(embeddings=GeminiEmbeddings(), model=model)
    return None
