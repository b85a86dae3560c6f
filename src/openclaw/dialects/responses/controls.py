"""What a request says beside its conversation: tools, tool choice, output format and reasoning."""

from typing import Any, Literal

from msgspec import UNSET

from openclaw.calls import (
    Call,
    CustomTool,
    FunctionTool,
    HostedTool,
    JsonObject,
    OutputFormat,
    ReasoningControl,
    Tool,
    ToolChoice,
)
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.fields import Fields, as_object, given, put, put_given, wrong_type
from openclaw.dialects.losses import Losses
from openclaw.dialects.reasoning import effort_of_budget
from openclaw.dialects.responses.parts import NAME

# --- tools --------------------------------------------------------------------------------------------------


def decode_tool(value: object, path: str) -> Tool:
    fields = Fields(value, path)
    kind = fields.required_text("type")
    if kind == "function":
        return FunctionTool(
            fields.required_text("name"),
            fields.text("description"),
            fields.object("parameters"),
            fields.boolean("strict"),
            extra=fields.rest(),
        )
    if kind == "custom":
        return CustomTool(
            fields.required_text("name"), fields.text("description"), fields.object("format"), fields.rest()
        )
    return HostedTool(NAME, kind, as_object(value, path))


def encode_tool(tool: Tool, *, own: bool, losses: Losses) -> JsonObject | None:
    if isinstance(tool, HostedTool):
        if tool.dialect == NAME:
            return tool.native
        losses.add_tool(tool)
        return None
    kind = "function" if isinstance(tool, FunctionTool) else "custom"
    body: JsonObject = {"type": kind, "name": tool.name}
    write = put if own else put_given
    write(body, "description", tool.description)
    if isinstance(tool, CustomTool):
        write(body, "format", tool.format)
    else:
        write(body, "parameters", tool.parameters)
        write(body, "strict", tool.strict)
        if not own:
            body.setdefault("parameters", {"type": "object", "properties": {}})
            # Absent means strict here and not strict everywhere else:
            # https://platform.openai.com/docs/guides/migrate-to-responses (functions are strict by default).
            body.setdefault("strict", False)
        if tool.cache is not None:
            losses.add("cache")
    if own:
        body.update(tool.extra)
    else:
        losses.add_extra(tool.extra)
    return body


# --- tool choice --------------------------------------------------------------------------------------------


_MODES: dict[str, Literal["auto", "none", "required"]] = {"auto": "auto", "none": "none", "required": "required"}


def decode_tool_choice(value: Any, path: str) -> ToolChoice:
    if isinstance(value, str):
        mode = _MODES.get(value)
        return ToolChoice("native", native=value) if mode is None else ToolChoice(mode)
    if not isinstance(value, dict):
        raise wrong_type(path, "a string or an object", value)
    kind, name = value.get("type"), value.get("name")
    if kind in ("function", "custom") and isinstance(name, str):
        extra = {k: v for k, v in value.items() if k not in ("type", "name")}
        return ToolChoice("named", name, extra=extra, spelling=(kind,))
    if kind in ("function", "custom"):
        raise InvalidRequest(f"{path}.name", f"'{path}.name' must be a string")
    if kind == "allowed_tools":
        tools = value.get("tools")
        if not isinstance(tools, list):
            raise wrong_type(f"{path}.tools", "an array", tools)
        names = tuple(tool["name"] for tool in tools if isinstance(tool, dict) and isinstance(tool.get("name"), str))
        return ToolChoice("allowed", names=names, required=value.get("mode") == "required", native=value)
    return ToolChoice("native", native=value)


def encode_tool_choice(choice: ToolChoice, call: Call, losses: Losses) -> Any:
    own = call.dialect == NAME
    if choice.native is not None:
        if own:
            return choice.native
        if choice.mode == "native":
            losses.add("tool_choice")
            return UNSET
    custom = {tool.name for tool in call.tools if isinstance(tool, CustomTool)}
    if choice.mode == "named":
        kind = choice.spelling[0] if own and choice.spelling else "custom" if choice.name in custom else "function"
        return {"type": kind, "name": choice.name, **(choice.extra if own else {})}
    if choice.mode == "allowed":
        tools = [{"type": "custom" if name in custom else "function", "name": name} for name in choice.names]
        return {"type": "allowed_tools", "mode": "required" if choice.required else "auto", "tools": tools}
    return choice.mode


# --- output format ------------------------------------------------------------------------------------------

_FORMATS: dict[str, Literal["text", "json"]] = {"text": "text", "json_object": "json"}


def decode_format(fields: Fields) -> OutputFormat | None:
    """Takes `format` out of the `text` object when this version knows its type."""
    value = fields.peek("format")
    if not given(value):
        return None
    inner = Fields(value, fields.at("format"))
    kind = inner.required_text("type")
    if kind in _FORMATS:
        fields.take("format")
        return OutputFormat(_FORMATS[kind], extra=inner.rest())
    if kind != "json_schema":
        return None
    fields.take("format")
    name, description = inner.required_text("name"), inner.text("description")
    schema, strict = inner.object("schema"), inner.boolean("strict")
    return OutputFormat("schema", schema, name, description, strict, inner.rest())


def encode_format(wanted: OutputFormat, *, own: bool) -> JsonObject:
    if wanted.kind != "schema":
        body: JsonObject = {"type": "text" if wanted.kind == "text" else "json_object"}
    else:
        write = put if own else put_given
        body = {"type": "json_schema"}
        write(body, "name", wanted.name)
        write(body, "description", wanted.description)
        write(body, "schema", wanted.schema)
        write(body, "strict", wanted.strict)
        if not own:
            body.setdefault("name", "answer")  # OpenAI requires one; the word reaches the model
            body.setdefault("schema", {"type": "object"})
    if own:
        body.update(wanted.extra)
    return body


# --- reasoning ----------------------------------------------------------------------------------------------


def decode_reasoning(value: JsonObject, path: str) -> ReasoningControl:
    fields = Fields(value, path)
    return ReasoningControl(effort=fields.text("effort"), summary=fields.text("summary"), extra=fields.rest())


def encode_reasoning(control: ReasoningControl, *, own: bool, losses: Losses) -> JsonObject:
    """`effort` and `summary`. A budget becomes the nearest effort and is listed; thinking that is switched on
    without an amount is medium effort, OpenAI's own default for it."""
    body: JsonObject = {}
    if own:
        put(body, "effort", control.effort)
        put(body, "summary", control.summary)
        return {**body, **control.extra}
    put_given(body, "effort", control.effort)
    if "effort" not in body:
        effort = _effort(control, losses)
        if effort is not None:
            body["effort"] = effort
    elif given(control.budget_tokens):
        losses.add("reasoning.budget_tokens")
    put_given(body, "summary", control.summary)
    if control.include is True and body.get("effort") != "none":
        body.setdefault("summary", "auto")
    return body


def _effort(control: ReasoningControl, losses: Losses) -> str | None:
    if control.enabled is False:
        return "none"
    budget = control.budget_tokens
    if isinstance(budget, int) and budget >= 0:
        effort = effort_of_budget(budget)
        if budget > 0:
            losses.add("reasoning.budget_tokens", f"sent as effort {effort}")
        return effort
    if control.enabled and not control.adaptive:
        return "medium"
    return None
