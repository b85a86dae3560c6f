"""From the name a caller asks for to the targets that can answer it.

Names are tried in this order: an alias of the operator; `provider/model` of a provider that is on; a bare model
name, at every provider that offers it (in the order of the configuration, then, for providers that discovery found,
in that of the registry, where a model's maker stands before those who resell it).
"""

import difflib
import re
from collections.abc import Iterable, KeysView, Mapping, Sequence

from openclaw.catalog.profile import ModelProfile
from openclaw.providers.provider import Provider
from openclaw.routing.aliases import unfold
from openclaw.routing.target import Target

# Comparing a mistyped name with every model of every provider would block the loop for tens of milliseconds, and one
# of megabytes for seconds.
_SUGGEST_FROM_MAX = 300
_SUGGEST_FOR_CHARS_MAX = 200


class UnknownModel(Exception):
    """No target has this name. `nearest` are names that exist, best first."""

    def __init__(self, name: str, nearest: Sequence[str]) -> None:
        super().__init__(name)
        self.name = name
        self.nearest = tuple(nearest)


class Directory:
    """All names the process can serve. Built once from a configuration and never changed."""

    def __init__(
        self,
        providers: Sequence[Provider],
        profiles: Mapping[str, Mapping[str, ModelProfile]],
        aliases: Mapping[str, Sequence[str]],
    ) -> None:
        """`profiles` maps a provider's name to its models by id; `aliases` a name to the names it stands for.

        Raises `AliasCycle`, and `UnknownModel` for an alias's member that no provider has.
        """
        self._providers = {provider.name: provider for provider in providers}
        self._profiles = profiles
        self._targets: dict[str, tuple[Target, ...]] = {}
        by_bare_name: dict[str, list[Target]] = {}
        for provider in providers:
            for model in self.models_of(provider):
                target = Target(provider, model, profiles.get(provider.name, {}).get(model))
                by_bare_name.setdefault(model, []).append(target)
                self._targets[target.name] = (target,)
        for model, targets in by_bare_name.items():
            self._targets.setdefault(model, tuple(targets))
        self.aliases = {name: tuple(members) for name, members in aliases.items()}
        # All are resolved before any is known: an alias must not change what a later one's plain names mean.
        self._targets |= {
            alias: tuple({target.name: target for member in members for target in self.resolve(member)}.values())
            for alias, members in unfold(self.aliases).items()
        }

    @property
    def names(self) -> KeysView[str]:
        """Every name that is known in advance: aliases, `provider/model` and bare names."""
        return self._targets.keys()

    @property
    def providers(self) -> Iterable[Provider]:
        return self._providers.values()

    def models_of(self, provider: Provider) -> Iterable[str]:
        """The models a provider offers: those declared or discovered, else the catalogue's."""
        return provider.models or self._profiles.get(provider.name, {}).keys()

    def resolve(self, name: str) -> tuple[Target, ...]:
        """The targets for a name, in order of preference. Raises `UnknownModel`."""
        targets = self._targets.get(name)
        if targets is not None:
            return targets
        provider_name, slash, model = name.partition("/")
        provider = self._providers.get(provider_name)
        if slash and provider is not None and not provider.models and _is_a_name(model):
            # A model newer than the catalogue: the provider knows it or will say so.
            return (Target(provider, model),)
        raise UnknownModel(name, self.nearest(name))

    def nearest(self, name: str) -> list[str]:
        """Up to three known names that look like this one."""
        if len(name) > _SUGGEST_FOR_CHARS_MAX:
            return []
        words = set(_words(name))
        candidates = [known for known in self._targets if not words.isdisjoint(_words(known))]
        if not candidates:
            candidates = list(self.aliases) or list(self._targets)
        candidates.sort(key=lambda known: -len(words.intersection(_words(known))))
        return difflib.get_close_matches(name, candidates[:_SUGGEST_FROM_MAX], n=3, cutoff=0.4)


# Some providers have the model in the path of their URL, and servers and proxies take such segments out of it: what is
# left would be an address that the caller chose. https://url.spec.whatwg.org/#path-state
_NO_SEGMENTS = frozenset({"", ".", ".."})


def _is_a_name(model: str) -> bool:
    return _NO_SEGMENTS.isdisjoint(model.split("/"))


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", name.lower()) if len(word) > 1]
