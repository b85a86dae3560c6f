"""`/v1/models`: what a caller may name, in OpenAI's form with the facts that OpenRouter's clients read beside it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from openclaw.calls import Failure, JsonObject
from openclaw.catalog.profile import PICO_PER_NANO, ModelProfile, Rate
from openclaw.gateway.ports import Refused
from openclaw.gateway.snapshot import CallerKey
from openclaw.routing.directory import Directory
from openclaw.routing.target import Target


def allowed(owner: CallerKey | None) -> Callable[[str], bool]:
    """Which names a caller may ask for, and so may see."""
    models = owner.models if owner is not None else frozenset()
    return lambda name: not models or name in models


def model_list(directory: Directory, may_see: Callable[[str], bool]) -> JsonObject:
    """Every alias and every `provider/model`, and the bare names that a key is limited to. Other bare names resolve
    too; they are not listed a second time."""
    names = [name for name in directory.names if may_see(name)]
    return {"object": "list", "data": [entry for name in names if (entry := _listed(directory, name, may_see))]}


def _listed(directory: Directory, name: str, may_see: Callable[[str], bool]) -> JsonObject | None:
    targets = directory.resolve(name)
    twice = name not in directory.aliases and targets[0].name != name and may_see(targets[0].name)
    return None if twice else _entry(name, targets[0])


def model_object(directory: Directory, name: str, may_see: Callable[[str], bool]) -> JsonObject:
    """One model. Raises `Refused` with `model_not_found`."""
    if name not in directory.names or not may_see(name):
        message = f"The model '{name[:200]}' does not exist here."
        raise Refused(Failure(kind="not_found", message=message, code="model_not_found", param="model"))
    return _entry(name, directory.resolve(name)[0])


def _entry(name: str, target: Target) -> JsonObject:
    body: JsonObject = {
        "id": name,
        "object": "model",
        "created": _created(target.profile),
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


def _created(profile: ModelProfile | None) -> int:
    if profile is None or profile.released is None:
        return 0
    try:
        released = date.fromisoformat(profile.released)
    except ValueError:
        return 0
    return int(datetime(released.year, released.month, released.day, tzinfo=UTC).timestamp())


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
