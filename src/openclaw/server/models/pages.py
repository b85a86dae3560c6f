"""`/v1/models` and `/v1/models/{id}` (and the same under /v1beta), for the three families of clients."""

import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from openclaw.calls import JsonObject
from openclaw.routing.target import Target
from openclaw.server.models import anthropic, gemini, openai
from openclaw.server.models.listing import Listed, allowed, listed_models, named_model
from openclaw.server.pages import Asked, Document, Page
from openclaw.server.voices import ANTHROPIC, GEMINI, OPENAI


class _Form(Struct, frozen=True):
    """How a family of clients is told of several models, in pages as asked for, and of one."""

    several: Callable[[Sequence[Listed], Asked], JsonObject]
    one: Callable[[str, Target], JsonObject]


_FORMS = {
    OPENAI.name: _Form(openai.model_list, openai.model_object),
    ANTHROPIC.name: _Form(anthropic.model_list, anthropic.model_object),
    GEMINI.name: _Form(gemini.model_list, gemini.model_object),
}


async def _list(asked: Asked) -> Document:
    listed = listed_models(asked.gateway.snapshot.directory, allowed(asked.owner))
    return Document(_FORMS[asked.voice.name].several(listed, asked))


async def _one(asked: Asked) -> Document:
    listed = named_model(asked.gateway.snapshot.directory, asked.found["model"], allowed(asked.owner))
    return Document(_FORMS[asked.voice.name].one(*listed))


PAGES = (
    Page("GET", re.compile(r"(?:/v1(?:beta)?)?/models"), _list),
    Page("GET", re.compile(r"(?:/v1(?:beta)?)?/models/(?P<model>.+)"), _one),
)
