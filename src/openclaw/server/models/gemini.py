"""Google's form. https://ai.google.dev/api/models"""

from collections.abc import Sequence

from openclaw.calls import JsonObject
from openclaw.routing.target import Target
from openclaw.server.models.listing import Listed
from openclaw.server.pages import Asked

_PAGE, _PAGE_MAX = 50, 1000
_PREFIX = "models/"
_CALLS = ["generateContent", "countTokens"]
_EMBEDDINGS = ["embedContent", "batchEmbedContents"]


def model_list(listed: Sequence[Listed], asked: Asked) -> JsonObject:
    """A page; its token is the name that it begins with."""
    size = min(asked.whole_number("pageSize", _PAGE) or _PAGE, _PAGE_MAX)
    token = asked.last("pageToken")
    start = asked.place_of(token, [name for name, _ in listed], "pageToken") if token else 0
    page, rest = listed[start : start + size], listed[start + size :]
    body: JsonObject = {"models": [model_object(*each) for each in page]}
    return {**body, "nextPageToken": rest[0][0]} if rest else body


def model_object(name: str, target: Target) -> JsonObject:
    body: JsonObject = {
        "name": _PREFIX + name,
        "baseModelId": target.model,
        "version": "001",
        "displayName": name,
        "supportedGenerationMethods": [*_CALLS, *_EMBEDDINGS] if target.provider.kind.embeddings else _CALLS,
    }
    profile = target.profile
    if profile is not None:
        limits = {"inputTokenLimit": profile.context_tokens_max, "outputTokenLimit": profile.output_tokens_max}
        body |= {key: value for key, value in limits.items() if value is not None}
        body |= {"displayName": profile.name or name, "thinking": bool(profile.reasoning)}
    return body
