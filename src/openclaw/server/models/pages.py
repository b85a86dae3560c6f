"""`/v1/models` and `/v1/models/{id}` (and the same under /v1beta), for the three families of clients."""

import re

from openclaw.server.models import anthropic, gemini, openai
from openclaw.server.models.listing import allowed, listed_models, named_model
from openclaw.server.pages import Asked, Document, Page
from openclaw.server.voices import ANTHROPIC, GEMINI


async def _list(asked: Asked) -> Document:
    listed = listed_models(asked.gateway.snapshot.directory, allowed(asked.owner))
    if asked.voice is ANTHROPIC:
        return Document(anthropic.model_list(listed, asked))
    if asked.voice is GEMINI:
        return Document(gemini.model_list(listed, asked))
    return Document(openai.model_list(listed))


async def _one(asked: Asked) -> Document:
    listed = named_model(asked.gateway.snapshot.directory, asked.found["model"], allowed(asked.owner))
    if asked.voice is ANTHROPIC:
        return Document(anthropic.model_object(*listed))
    if asked.voice is GEMINI:
        return Document(gemini.model_object(*listed))
    return Document(openai.model_object(*listed))


PAGES = (
    Page("GET", re.compile(r"(?:/v1(?:beta)?)?/models"), _list),
    Page("GET", re.compile(r"(?:/v1(?:beta)?)?/models/(?P<model>.+)"), _one),
)
