"""What a plan is made of."""

from msgspec import Struct

from openclaw.catalog.profile import ModelProfile
from openclaw.providers.provider import Provider


class Target(Struct, frozen=True):
    """One model at one provider. `model` is the provider's own name for it; `profile` is None for a model that the
    catalogue does not know."""

    provider: Provider
    model: str
    profile: ModelProfile | None = None

    @property
    def name(self) -> str:
        """The unambiguous name, `provider/model`."""
        return f"{self.provider.name}/{self.model}"
