"""A call as a model can take it, by what its profile says: for calls that are translated anyway.

Agents set the same controls on every call, whatever stands behind the gateway; a model that does not have one answers
with 400 where it could answer the question.
"""

from msgspec import UNSET, structs

from openclaw.calls import Call
from openclaw.catalog.profile import ModelProfile


def fitted(call: Call, profile: ModelProfile | None, *, bounded: bool) -> tuple[Call, tuple[str, ...]]:
    """The call, and the fields that were left out or set. `bounded`: the dialect requires an output bound, so a call
    without one gets all that the model has."""
    if profile is None:
        return call, ()
    changes: dict[str, object] = {}
    lost: list[str] = []
    if profile.reasoning is False and call.reasoning is not None:
        changes["reasoning"] = None
        lost.append("reasoning: the model does not reason")
    if profile.temperature is False:
        for field in ("temperature", "top_p"):
            if getattr(call, field) not in (UNSET, None):
                changes[field] = UNSET
                lost.append(f"{field}: the model does not take it")
    if bounded and call.max_output_tokens in (UNSET, None) and profile.output_tokens_max:
        changes["max_output_tokens"] = profile.output_tokens_max
        lost.append(f"max_output_tokens: set to {profile.output_tokens_max}")
    return (structs.replace(call, **changes) if changes else call), tuple(lost)
