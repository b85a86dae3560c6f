"""Anthropic's form. https://docs.anthropic.com/en/api/models-list"""

from collections.abc import Sequence

from openclaw.calls import JsonObject
from openclaw.routing.target import Target
from openclaw.server.models.listing import Listed, released
from openclaw.server.pages import Asked

_PAGE, _PAGE_MAX = 20, 1000


def model_list(listed: Sequence[Listed], asked: Asked) -> JsonObject:
    """A page after `after_id`, or before `before_id`; an id that is not there is a faulty request."""
    names = [name for name, _ in listed]
    limit = asked.whole_number("limit", _PAGE, least=1, most=_PAGE_MAX)
    start, end = 0, len(names)
    if (after := asked.last("after_id")) is not None:
        start = asked.place_of(after, names, "after_id") + 1
    if (before := asked.last("before_id")) is not None:
        end = asked.place_of(before, names, "before_id")
        page, more = listed[max(start, end - limit) : end], end - limit > start
    else:
        page, more = listed[start : start + limit], start + limit < end
    return {
        "data": [model_object(*each) for each in page],
        "has_more": more,
        "first_id": page[0][0] if page else None,
        "last_id": page[-1][0] if page else None,
    }


def model_object(name: str, target: Target) -> JsonObject:
    profile = target.profile
    return {
        "type": "model",
        "id": name,
        "display_name": (profile.name if profile is not None else None) or name,
        "created_at": released(profile).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "max_input_tokens": profile.context_tokens_max if profile is not None else None,
        "max_tokens": profile.output_tokens_max if profile is not None else None,
        "capabilities": None,  # the form is for Anthropic's own features, which say nothing of other providers
    }
