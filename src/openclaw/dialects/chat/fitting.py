"""A call's messages brought into a provider's form: where it takes thoughts back, and whether it knows cache marks.

Chat callers send back what some provider answered, and the next provider may be another one. What it does not know it
ignores, or it refuses the whole request; `Quirks` says what is known of each.
"""

from collections.abc import Iterator
from typing import Any, TypeVar

from msgspec.structs import replace

from openclaw.calls import Call, JsonObject, Message, Part, Reasoning, ToolCall, ToolResult
from openclaw.dialects.chat.content import THOUGHT_FIELDS
from openclaw.dialects.chat.quirks import Quirks
from openclaw.dialects.losses import Losses

_DETAILS = "reasoning_details"
_SIGNED = "extra_content"  # Google's, on tool calls
_MARK = "cache_control"

Holder = TypeVar("Holder")
"""What may have a mark: a call, its tools and messages, and their parts."""


# --- cache marks ---------------------------------------------------------------------------------------------


def holds_marks(call: Call) -> bool:
    return any(_is_marked(holder) for holder in _holders(call))


def without_marks(call: Call) -> Call:
    return replace(
        _unmarked(call),
        instructions=_unmarked_content(call.instructions),
        messages=tuple(
            replace(_unmarked(message), content=_unmarked_content(message.content)) for message in call.messages
        ),
        tools=tuple(_unmarked(tool) for tool in call.tools),
    )


def _holders(call: Call) -> Iterator[Any]:
    yield call
    yield from call.tools
    yield from call.instructions if isinstance(call.instructions, tuple) else ()
    for message in call.messages:
        if message.extra:
            yield message
        for part in message.content if isinstance(message.content, tuple) else ():
            yield part
            if isinstance(part, ToolResult) and isinstance(part.content, tuple):
                yield from part.content


def _is_marked(holder: Any) -> bool:
    return (
        getattr(holder, "cache", None) is not None
        or _MARK in getattr(holder, "extra", ())
        or _MARK in getattr(holder, "native", ())
    )


def _unmarked(holder: Holder) -> Holder:
    if not _is_marked(holder):
        return holder
    changes: dict[str, Any] = {"cache": None} if hasattr(holder, "cache") else {}
    for field in ("extra", "native"):
        if hasattr(holder, field):
            changes[field] = _without(getattr(holder, field), _MARK)
    unmarked: Holder = replace(holder, **changes)  # type: ignore[type-var]  # every holder is a struct
    return unmarked


def _unmarked_content(content: Any) -> Any:
    if not isinstance(content, tuple):
        return content
    return tuple(
        replace(_unmarked(part), content=_unmarked_content(part.content))
        if isinstance(part, ToolResult)
        else _unmarked(part)
        for part in content
    )


def _without(fields: JsonObject, *keys: str) -> JsonObject:
    return {key: value for key, value in fields.items() if key not in keys}


# --- thoughts of Chat's own callers --------------------------------------------------------------------------


def fits(quirks: Quirks, message: Message) -> bool:
    """Whether the thoughts and signatures in a Chat caller's message are where this provider takes them."""
    field = quirks.reasoning_field
    if field is not None and any(key in message.extra for key in THOUGHT_FIELDS if key != field):
        return False
    if quirks.signatures is False and _DETAILS in message.extra:
        return False
    return not isinstance(message.content, tuple) or all(_part_fits(quirks, part) for part in message.content)


def _part_fits(quirks: Quirks, part: Part) -> bool:
    if isinstance(part, ToolCall):
        return quirks.signatures is not False or _SIGNED not in part.extra
    if not isinstance(part, Reasoning) or not part.spelling:
        return True
    if part.spelling[0] == _DETAILS:
        return quirks.signatures is not False
    return quirks.reasoning_field in (None, part.spelling[0])


def fitted(quirks: Quirks, message: Message, losses: Losses) -> Message:
    """The message as the provider takes it; what it does not take is listed."""
    if fits(quirks, message):
        return message
    extra = message.extra
    if quirks.reasoning_field is not None:
        extra = _without(extra, *THOUGHT_FIELDS)
    if quirks.signatures is False:
        extra = _without(extra, _DETAILS)
    content = message.content
    if isinstance(content, tuple):
        content = tuple(fit for part in content if (fit := _fitted_part(quirks, part, losses)) is not None)
    return replace(message, content=content, extra=extra)


def _fitted_part(quirks: Quirks, part: Part, losses: Losses) -> Part | None:
    if _part_fits(quirks, part):
        return part
    if isinstance(part, ToolCall):
        losses.add("tool_call.signature")
        return replace(part, signature=None, extra=_without(part.extra, _SIGNED))
    if not isinstance(part, Reasoning):
        return part
    if part.signature is not None or part.encrypted is not None:
        losses.add("reasoning.signature")
    if quirks.reasoning_field in THOUGHT_FIELDS or quirks.reasoning_field is None:
        field = quirks.reasoning_field or THOUGHT_FIELDS[0]
        return replace(part, signature=None, encrypted=None, spelling=(field,)) if part.text else None
    if part.text:
        losses.add_part(part)
    return None
