"""OpenAI's form, with the facts that OpenRouter's clients read beside it."""

from collections.abc import Sequence
from typing import Any

from openclaw.calls import JsonObject
from openclaw.catalog.profile import PICO_PER_NANO, Rate
from openclaw.routing.target import Target
from openclaw.server.models.listing import Listed, released
from openclaw.server.pages import Asked


def model_list(listed: Sequence[Listed], asked: Asked) -> JsonObject:
    """All of them: OpenAI's list has no pages."""
    return {"object": "list", "data": [model_object(*each) for each in listed]}


def model_object(name: str, target: Target) -> JsonObject:
    body: JsonObject = {
        "id": name,
        "object": "model",
        "created": int(released(target.profile).timestamp()),
        "owned_by": target.provider.name,
    }
    profile = target.profile
    if profile is not None:
        body |= {
            "name": profile.name,
            "context_length": profile.context_tokens_max,
            "max_output_tokens": profile.output_tokens_max,
            "input_modalities": list(profile.input_modalities),
            "output_modalities": list(profile.output_modalities),
            "supports": {
                "tools": profile.tool_call,
                "structured_outputs": profile.structured_output,
                "reasoning": profile.reasoning,
            },
            "pricing": None if profile.price is None else _pricing(profile.price.rate),
        }
    return body


def _pricing(rate: Rate) -> dict[str, Any]:
    """USD per token as decimal text, as OpenRouter lists prices."""
    prices = {
        "prompt": rate.input,
        "completion": rate.output,
        "input_cache_read": rate.cache_read,
        "input_cache_write": rate.cache_write,
    }
    return {name: _decimal(pico) for name, pico in prices.items() if pico is not None}


def _decimal(pico: int) -> str:
    whole, fraction = divmod(pico, PICO_PER_NANO**4)
    digits = f"{fraction:012d}".rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)
