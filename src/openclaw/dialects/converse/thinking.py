"""Thinking on Bedrock: Converse has no field of its own for it, so every vendor's is among the additional fields.

`outputConfig.effort` is Converse's own, newer and for some models only: it is read and given back, but not written for
other dialects' calls.
"""

from typing import Any

from msgspec import UNSET, Struct

from openclaw.calls import Call, JsonObject, ReasoningControl
from openclaw.dialects.fields import Fields, given, put
from openclaw.dialects.losses import Losses
from openclaw.dialects.messages.thinking import Thinking, decode_thinking, foreign_thinking, write_own_thinking
from openclaw.dialects.reasoning import effort_of_budget

_EFFORT_FORM = ("openai.", "deepseek.v3", "qwen.", "zai.", "moonshotai.", "moonshot.", "minimax.")
_NOVA_FORM = ("amazon.nova-2",)
_NOVA_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
_EFFORTS = {"minimal": "low", "xhigh": "high", "max": "high"}


def decode_additional(fields: Fields) -> tuple[ReasoningControl | None, Any]:
    """The reasoning control among the additional fields, and their `top_k`. What is understood is taken."""
    thinking, effort, spelling = fields.peek("thinking"), fields.peek("reasoning_effort"), "reasoning_effort"
    if not isinstance(effort, str):
        effort, spelling = _output_effort(fields), "output_config"
    else:
        fields.take("reasoning_effort")
    known = isinstance(thinking, dict) and thinking.get("type") in ("enabled", "disabled", "adaptive")
    if known:
        fields.take("thinking")
    control: ReasoningControl | None = decode_thinking(
        thinking if known else None, fields.at("thinking"), effort, (spelling,)
    )
    top_k = fields.peek("top_k")
    return control, fields.take("top_k") if type(top_k) is int else UNSET


def _output_effort(fields: Fields) -> Any:
    """Anthropic's `output_config`, when it holds the effort and nothing else."""
    config = fields.peek("output_config")
    if isinstance(config, dict) and config.keys() == {"effort"} and isinstance(config["effort"], str):
        return fields.take("output_config")["effort"]
    return UNSET


def write_own_additional(call: Call) -> JsonObject:
    control, body = call.reasoning, dict[str, Any]()
    if control is not None:
        thinking = write_own_thinking(control)
        if thinking is not None:
            body["thinking"] = thinking
        if given(control.effort) and "reasoning_effort" in control.spelling:
            body["reasoning_effort"] = control.effort
        elif given(control.effort) and "output_config" in control.spelling:
            body["output_config"] = {"effort": control.effort}
    put(body, "top_k", call.top_k)
    return body


def is_claude(model: str) -> bool:
    return "anthropic." in model


class Additional(Struct, frozen=True):
    """The additional fields of a request, and the smallest output bound with which they are valid. `claude` is the
    thinking in Anthropic's form, where the model takes that."""

    fields: JsonObject
    claude: Thinking = Thinking()


def foreign_additional(call: Call, max_tokens_default: int, losses: Losses) -> Additional:
    """The additional fields for another dialect's call. The vendor is read from the model's id; an application
    inference profile hides it, and then nothing can be sent."""
    model = call.model
    if is_claude(model):
        thinking = foreign_thinking(call, max_tokens_default, losses)
        fields: JsonObject = {} if thinking.thinking is None else {"thinking": thinking.thinking}
        if thinking.effort is not None:
            fields["output_config"] = {"effort": thinking.effort}
        return Additional(fields, thinking)
    effort = None if call.reasoning is None else _effort(call.reasoning)
    if effort is None:
        return Additional({})
    if any(name in model for name in _NOVA_FORM):
        return Additional({"reasoningConfig": _nova(effort)})
    if effort == "none":
        return Additional({})
    if any(name in model for name in _EFFORT_FORM):
        return Additional({"reasoning_effort": _EFFORTS.get(effort, effort)})
    losses.add("reasoning")
    return Additional({})


def _nova(effort: str) -> JsonObject:
    """https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html"""
    if effort == "none":
        return {"type": "disabled"}
    return {"type": "enabled", "maxReasoningEffort": _NOVA_EFFORTS.get(effort, "medium")}


def _effort(control: ReasoningControl) -> str | None:
    if control.enabled is False:
        return "none"
    if isinstance(control.effort, str):
        return control.effort
    if isinstance(control.budget_tokens, int) and not control.adaptive:
        return effort_of_budget(control.budget_tokens)
    return "medium" if control.enabled or control.adaptive else None
