"""The plan: which targets to try for a call, in order. A pure function of the call's names and the directory."""

from collections.abc import Iterable, Sequence

from openclaw.dialects.codec import InvalidRequest
from openclaw.providers.provider import Provider
from openclaw.routing.directory import Directory, UnknownModel
from openclaw.routing.hints import NO_HINTS, Hints
from openclaw.routing.target import Target


def plan(directory: Directory, model: str, hints: Hints = NO_HINTS) -> tuple[Target, ...]:
    """The targets for `model`, then for each of the caller's fallback `models`, filtered and ordered by the hints.

    Raises `UnknownModel` when the first name is unknown, and `InvalidRequest` when the hints leave nobody or ask
    for what no target can do.
    """
    targets = directory.resolve(model)
    if hints is NO_HINTS:
        return targets
    for name in hints.models:
        if name != model:
            targets += _resolve_fallback(directory, name)
    kept = [target for target in _unique(targets) if _allowed(target.provider, hints)]
    if not kept:
        field = "provider.only" if hints.only else "provider.ignore"
        raise InvalidRequest(field, f"'{field}' leaves no provider for model '{model}'")
    if hints.beyond_us:
        kept = [target for target in kept if target.provider.kind.relays_openrouter_fields]
        if not kept:
            field = hints.beyond_us[0]
            raise InvalidRequest(field, f"'{field}' cannot be honoured by the providers of model '{model}'")
    if hints.order:
        kept.sort(key=lambda target: _position(target.provider, hints.order))  # stable: the rest keeps its order
    return tuple(kept) if hints.allow_fallbacks else tuple(kept[:1])


def _resolve_fallback(directory: Directory, name: str) -> tuple[Target, ...]:
    try:
        return directory.resolve(name)
    except UnknownModel as unknown:
        raise InvalidRequest("models", f"'models' names '{name}', which is unknown") from unknown


def _names_of(provider: Provider) -> tuple[str, ...]:
    return provider.name.lower(), provider.kind.name, provider.kind.title.lower()


def _allowed(provider: Provider, hints: Hints) -> bool:
    if provider.kind.relays_openrouter_fields:
        return True  # the names may be those of OpenRouter's own providers: it filters behind us
    names = _names_of(provider)
    if hints.only and not any(name in hints.only for name in names):
        return False
    return not any(name in hints.ignore for name in names)


def _position(provider: Provider, order: Sequence[str]) -> int:
    names = _names_of(provider)
    return next((i for i, wanted in enumerate(order) if wanted in names), len(order))


def _unique(targets: Iterable[Target]) -> Iterable[Target]:
    seen: set[str] = set()
    for target in targets:
        if target.name not in seen:
            seen.add(target.name)
            yield target
