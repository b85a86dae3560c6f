"""What a caller may name."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from openclaw.calls import Failure
from openclaw.catalog.profile import ModelProfile
from openclaw.gateway.ports import Refused
from openclaw.gateway.snapshot import CallerKey
from openclaw.routing.directory import Directory
from openclaw.routing.target import Target

Listed = tuple[str, Target]
"""A name, and the first target that it stands for."""


def allowed(owner: CallerKey | None) -> Callable[[str], bool]:
    """Which names a caller may ask for, and so may see."""
    models = owner.models if owner is not None else frozenset()
    return lambda name: not models or name in models


def listed_models(directory: Directory, may_see: Callable[[str], bool]) -> Sequence[Listed]:
    """Every alias and every `provider/model`, and the bare names that a key is limited to. Other bare names resolve
    too; they are not listed a second time."""
    names = (name for name in directory.names if may_see(name))
    listed = ((name, directory.resolve(name)[0]) for name in names)
    return [(name, target) for name, target in listed if not _twice(directory, name, target, may_see)]


def _twice(directory: Directory, name: str, target: Target, may_see: Callable[[str], bool]) -> bool:
    return name not in directory.aliases and target.name != name and may_see(target.name)


def named_model(directory: Directory, name: str, may_see: Callable[[str], bool]) -> Listed:
    """Raises `Refused` with `model_not_found`."""
    if name not in directory.names or not may_see(name):
        message = f"The model '{name[:200]}' does not exist here."
        raise Refused(Failure(kind="not_found", message=message, code="model_not_found", param="model"))
    return name, directory.resolve(name)[0]


def released(profile: ModelProfile | None) -> datetime:
    """When a model came out, as far as the catalogue knows the day; else the beginning of Unix time."""
    try:
        day = date.fromisoformat(profile.released or "") if profile is not None else None
    except ValueError:
        day = None
    return datetime(1970, 1, 1, tzinfo=UTC) if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)
