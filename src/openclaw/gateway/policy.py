"""Stage 3, policy: what a caller may ask for."""

from openclaw.calls import Failure
from openclaw.gateway.ports import Refused
from openclaw.gateway.snapshot import CallerKey
from openclaw.routing.hints import Hints


def permit(owner: CallerKey | None, model: str, hints: Hints) -> None:
    """Whether this caller may ask for this model and for the fallbacks it names. Raises `Refused`."""
    if owner is None or not owner.models:
        return
    for name in (model, *hints.models):
        if name not in owner.models:
            raise Refused(
                Failure(
                    kind="permission",
                    message=f"The key '{owner.name}' may not use model '{name[:200]}'.",
                    code="model_not_allowed",
                    param="model",
                )
            )
