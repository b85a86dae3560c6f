"""Thinking: Anthropic's `thinking` and `output_config.effort`, and what other dialects' controls become.

Anthropic has two ways to ask for thought: a budget in tokens (every model since Claude 3.7) and adaptive thinking with
an effort word (models after Claude 4.5, where a budget is deprecated or refused).
"""

from typing import Any

from msgspec import UNSET, Struct

from openclaw.calls import Call, JsonObject, Maybe, ReasoningControl
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.fields import Fields, given, put
from openclaw.dialects.losses import Losses
from openclaw.dialects.reasoning import budget_of_effort, effort_of_budget

# https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking: "The minimum budget is 1,024 tokens", and
# budget_tokens must be less than max_tokens.
BUDGET_TOKENS_MIN = 1024

# Claude models that know a budget only. The list is closed: every later Claude model thinks adaptively.
_BUDGET_ONLY = (
    "claude-2",
    "claude-3",
    "claude-instant",
    "claude-opus-4-0",
    "claude-opus-4-1",
    "claude-opus-4-2",  # claude-opus-4-20250514
    "claude-opus-4-5",
    "claude-opus-4@",  # Vertex writes versions after an @
    "claude-sonnet-4-0",
    "claude-sonnet-4-2",
    "claude-sonnet-4-5",
    "claude-sonnet-4@",
    "claude-haiku-4-5",
)

# Effort words that Anthropic has under another name, or not at all.
_EFFORT_WORDS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "max"}

_DISPLAY_OF_INCLUDE = {True: "summarized", False: "omitted"}
_INCLUDE_OF_DISPLAY = {"summarized": True, "omitted": False}


def thinks_adaptively(model: str) -> bool:
    """Whether the model takes adaptive thinking; models that are not Claude speak the older form."""
    return "claude" in model and not any(name in model for name in _BUDGET_ONLY)


# --- decoding ------------------------------------------------------------------------------------------------


def decode_thinking(value: object, path: str, effort: Maybe[str], spelling: tuple[str, ...] = ()) -> Any:
    """`ReasoningControl` of a `thinking` object (None when there is none) and an effort word; None for neither."""
    if value is None:
        return None if effort is UNSET else ReasoningControl(effort=effort, spelling=spelling)
    inner = Fields(value, path)
    kind = inner.required_text("type")
    budget, display = inner.integer("budget_tokens"), inner.peek("display")
    include: Maybe[bool] = UNSET
    if isinstance(display, str) and display in _INCLUDE_OF_DISPLAY:
        inner.take("display")
        include = _INCLUDE_OF_DISPLAY[display]
    if kind not in ("enabled", "disabled", "adaptive"):
        raise InvalidRequest(f"{path}.type", f"'{path}.type' must be enabled, disabled or adaptive")
    return ReasoningControl(
        effort=effort,
        budget_tokens=budget,
        enabled=kind != "disabled",
        adaptive=kind == "adaptive",
        include=include,
        extra=inner.rest(),
        spelling=spelling,
    )


# --- encoding ------------------------------------------------------------------------------------------------


def write_own_thinking(control: ReasoningControl) -> JsonObject | None:
    """The `thinking` object as the caller wrote it; None when there was only an effort word."""
    if control.enabled is None:
        return None
    body: JsonObject = {"type": "adaptive" if control.adaptive else "enabled" if control.enabled else "disabled"}
    put(body, "budget_tokens", control.budget_tokens)
    if isinstance(control.include, bool):
        body["display"] = _DISPLAY_OF_INCLUDE[control.include]
    return {**body, **control.extra}


class Thinking(Struct, frozen=True):
    """What to write for a control of another dialect: the `thinking` object, the effort word, and the smallest
    `max_tokens` with which it is valid."""

    thinking: JsonObject | None = None
    effort: str | None = None
    max_tokens: int | None = None

    @property
    def on(self) -> bool:
        return self.thinking is not None and self.thinking["type"] != "disabled"

    @property
    def budgeted(self) -> bool:
        return self.thinking is not None and self.thinking["type"] == "enabled"


def foreign_thinking(call: Call, max_tokens_default: int, losses: Losses) -> Thinking:
    """Map another dialect's control. A caller's output bound is never raised: the budget shrinks to fit below it,
    and thinking is left out where even the smallest budget does not fit. An assumed bound grows by the budget."""
    control = call.reasoning
    if control is None:
        return Thinking()
    if _is_off(control):
        return Thinking(thinking={"type": "disabled"})
    if not _is_on(control):
        return Thinking()
    if thinks_adaptively(call.model):
        return _adaptive(control, losses)
    return _budgeted(call, control, max_tokens_default, losses)


def _is_off(control: ReasoningControl) -> bool:
    return control.enabled is False or control.effort == "none" or control.budget_tokens == 0


def _is_on(control: ReasoningControl) -> bool:
    asked = control.enabled is True or control.adaptive
    return asked or given(control.effort) or given(control.budget_tokens)


def _display(control: ReasoningControl) -> JsonObject:
    if isinstance(control.include, bool):
        return {"display": _DISPLAY_OF_INCLUDE[control.include]}
    return {"display": "summarized"} if isinstance(control.summary, str) else {}


def _adaptive(control: ReasoningControl, losses: Losses) -> Thinking:
    effort: str | None = None
    if isinstance(control.effort, str):
        effort = _EFFORT_WORDS.get(control.effort)
        if effort != control.effort:
            losses.add("reasoning.effort", "" if effort is None else f"sent as {effort}")
    elif isinstance(control.budget_tokens, int) and not control.adaptive:
        effort = effort_of_budget(control.budget_tokens)
        effort = _EFFORT_WORDS.get(effort)
        losses.add("reasoning.budget_tokens", f"sent as effort {effort}")
    return Thinking(thinking={"type": "adaptive", **_display(control)}, effort=effort)


def _budgeted(call: Call, control: ReasoningControl, max_tokens_default: int, losses: Losses) -> Thinking:
    wanted = _wanted_budget(control, losses)
    budget = max(wanted, BUDGET_TOKENS_MIN)
    bound = call.max_output_tokens
    if not isinstance(bound, int):
        _list_change(budget, control, losses)
        thinking = {"type": "enabled", "budget_tokens": budget, **_display(control)}
        return Thinking(thinking=thinking, max_tokens=budget + max_tokens_default)
    if bound <= BUDGET_TOKENS_MIN:
        losses.add("reasoning", "off because max_output_tokens leaves no room for the smallest budget")
        return Thinking()
    # Leave as much room for the answer as the smallest thought has, where there is that much.
    budget = min(budget, max(bound - BUDGET_TOKENS_MIN, BUDGET_TOKENS_MIN))
    if budget < wanted and isinstance(control.effort, str):
        losses.add("reasoning.effort", f"sent as {budget} thinking tokens to stay below max_output_tokens")
    _list_change(budget, control, losses)
    return Thinking(thinking={"type": "enabled", "budget_tokens": budget, **_display(control)})


def _wanted_budget(control: ReasoningControl, losses: Losses) -> int:
    if isinstance(control.budget_tokens, int) and control.budget_tokens > 0:
        return control.budget_tokens
    effort = control.effort if isinstance(control.effort, str) else "medium"
    budget = budget_of_effort(effort)
    if budget is None:
        losses.add("reasoning.effort", "sent as medium")
        budget = budget_of_effort("medium")
    return budget or BUDGET_TOKENS_MIN


def _list_change(budget: int, control: ReasoningControl, losses: Losses) -> None:
    if isinstance(control.budget_tokens, int) and 0 < control.budget_tokens != budget:
        losses.add("reasoning.budget_tokens", f"sent as {budget}")
