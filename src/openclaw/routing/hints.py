"""OpenRouter's routing fields in a request: `models` and `provider`.

They parse today and act where they can. An instruction that no target can honour is refused aloud: a caller who
asks for zero data retention must not learn later that nobody listened.
"""

from typing import Any

from msgspec import Struct

from openclaw.calls import JsonObject
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.fields import Fields

ROUTING_FIELDS = frozenset({"models", "provider", "route"})
"""Request fields that are for the gateway, not for a provider other than OpenRouter."""

# Values that ask for nothing: the provider's behaviour without the field.
_ASKS_NOTHING: dict[str, tuple[Any, ...]] = {
    "data_collection": ("allow",),
    "zdr": (False,),
    "require_parameters": (False,),
    "enforce_distillable_text": (False,),
}


class Hints(Struct, frozen=True):
    """What the caller said about routing. Provider names are as the caller wrote them, lower-cased.

    `beyond_us` are the paths of instructions that only OpenRouter itself can follow today.
    """

    models: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    allow_fallbacks: bool = True
    beyond_us: tuple[str, ...] = ()


NO_HINTS = Hints()


def read_hints(extra: JsonObject) -> Hints:
    """Raises `InvalidRequest` naming the field whose type is wrong."""
    if ROUTING_FIELDS.isdisjoint(extra):
        return NO_HINTS
    fields = Fields({key: extra[key] for key in ROUTING_FIELDS & extra.keys()})
    models = _names(fields, "models")
    provider = fields.object("provider")
    if not isinstance(provider, dict):
        return Hints(models=models)
    inner = Fields(provider, "provider")
    order, only, ignore = (tuple(n.lower() for n in _names(inner, key)) for key in ("order", "only", "ignore"))
    allow = inner.boolean("allow_fallbacks")
    beyond = tuple(
        f"provider.{key}"
        for key, value in inner.rest().items()
        if value is not None and value not in _ASKS_NOTHING.get(key, ())
    )
    return Hints(models, order, only, ignore, allow is not False, beyond)


def _names(fields: Fields, key: str) -> tuple[str, ...]:
    value = fields.array(key)
    if not isinstance(value, list):
        return ()
    for position, name in enumerate(value):
        if not isinstance(name, str):
            raise InvalidRequest(f"{fields.at(key)}[{position}]", f"'{fields.at(key)}[{position}]' must be a string")
    return tuple(value)
