"""The catalogue that ships with the package: facts and prices of models, as of the day in its first line."""

from collections.abc import Collection, Mapping
from importlib.resources import files

import msgspec

from openclaw.catalog.profile import ModelProfile


class CatalogHead(msgspec.Struct, frozen=True):
    """When the data was refreshed (ISO date) and from what."""

    refreshed: str
    sources: tuple[str, ...]
    licence: str


class Catalog(msgspec.Struct, frozen=True):
    """`profiles` maps a provider kind's name to its models by id."""

    head: CatalogHead
    profiles: Mapping[str, Mapping[str, ModelProfile]]


def load_catalog(providers: Collection[str] | None = None) -> Catalog:
    """Read the data, for the named provider kinds only (None: all); the rest of the file is skipped, not kept."""
    lines = files("openclaw.catalog").joinpath("data", "models.json").read_bytes().splitlines()
    head = msgspec.json.decode(lines[0], type=CatalogHead)
    wanted = None if providers is None else tuple(b'{"provider": "%s",' % name.encode() for name in providers)
    decoder = msgspec.json.Decoder(ModelProfile)
    profiles: dict[str, dict[str, ModelProfile]] = {}
    for line in lines[1:]:
        if wanted is None or line.startswith(wanted):
            profile = decoder.decode(line)
            profiles.setdefault(profile.provider, {})[profile.id] = profile
    return Catalog(head, profiles)
