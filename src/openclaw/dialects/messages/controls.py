"""The request's fields beside its messages: tools, tool choice, output format, and the small ones."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from openclaw.calls import (
    Call,
    CustomTool,
    FunctionTool,
    HostedTool,
    JsonObject,
    Maybe,
    OutputFormat,
    Tool,
    ToolChoice,
)
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.fields import as_object, given, put, wrong_type
from openclaw.dialects.losses import Losses, Name, tool_name
from openclaw.dialects.messages.blocks import write_cache
from openclaw.dialects.messages.content import DIALECT, decode_cache, opaque
from openclaw.dialects.noting import NotingFields, write_notes

# --- tools ---------------------------------------------------------------------------------------------------


def decode_tool(value: object, path: str) -> Tool:
    fields = NotingFields(value, path)
    kind = fields.text_or_none("type")
    if kind not in (None, "custom"):
        native = as_object(value, path)
        return HostedTool(DIALECT, str(kind), native, opaque(native, "").cache)
    if kind == "custom":
        fields.notes.append("custom")
    return FunctionTool(
        fields.required_text("name"),
        fields.text("description"),
        fields.object("input_schema"),
        fields.boolean("strict"),
        decode_cache(fields),
        fields.rest(),
        tuple(fields.notes),
    )


def write_tools(call: Call, losses: Losses) -> list[JsonObject]:
    """The tools that Anthropic can carry. A choice of allowed tools is kept by leaving out the others."""
    allowed = call.tool_choice.names if call.tool_choice is not None and call.tool_choice.mode == "allowed" else None
    tools: list[JsonObject] = []
    for tool in call.tools:
        body = _write_tool(tool, same=call.dialect == DIALECT, losses=losses)
        if body is None:
            losses.add_tool(tool)
        elif allowed is not None and tool_name(tool) not in allowed:
            losses.add("tool_choice", "kept by leaving out the tools that are not allowed")
        else:
            tools.append(body)
    return tools


def _write_tool(tool: Tool, *, same: bool, losses: Losses) -> JsonObject | None:
    if isinstance(tool, HostedTool):
        return tool.native if tool.dialect == DIALECT else None
    if isinstance(tool, CustomTool):
        return None
    body: JsonObject = {"name": tool.name}
    if same:
        put(body, "description", tool.description)
        put(body, "input_schema", tool.parameters)
        put(body, "strict", tool.strict)
    else:
        if given(tool.description):
            body["description"] = tool.description
        body["input_schema"] = object_schema(tool.parameters)
        if tool.strict is True:
            body["strict"] = True
        losses.add_extra(tool.extra)
    if tool.cache is not None:
        body["cache_control"] = write_cache(tool.cache, same=same)
    if not same:
        return body
    if "custom" in tool.spelling:
        body["type"] = "custom"
    write_notes(body, tool.spelling)
    return {**body, **tool.extra}


def object_schema(parameters: Maybe[JsonObject]) -> JsonObject:
    """Anthropic and Bedrock want a schema of type `object`; OpenAI lets a function without parameters leave it out, and
    the arguments of a call are an object whatever the schema calls it."""
    schema = parameters if isinstance(parameters, dict) and parameters else {"properties": {}}
    return schema if schema.get("type") == "object" else {**schema, "type": "object"}


# --- tool choice ---------------------------------------------------------------------------------------------

_MODE_OF_TYPE: Mapping[str, Any] = {"auto": "auto", "any": "required", "none": "none", "tool": "named"}
_TYPE_OF_MODE = {"auto": "auto", "required": "any", "none": "none", "named": "tool"}


def decode_tool_choice(value: JsonObject) -> tuple[ToolChoice, Maybe[bool]]:
    """The choice, and whether calls may be parallel."""
    fields = NotingFields(value, "tool_choice")
    kind = fields.required_text("type")
    if kind not in _MODE_OF_TYPE:
        return ToolChoice("native", native=value), UNSET
    disable = fields.boolean_or_none("disable_parallel_tool_use")
    name = fields.required_text("name") if kind == "tool" else None
    choice = ToolChoice(_MODE_OF_TYPE[kind], name=name, extra=fields.rest(), spelling=tuple(fields.notes))
    return choice, UNSET if disable is None else not disable


def write_tool_choice(call: Call, losses: Losses) -> JsonObject | None:
    if call.dialect == DIALECT:
        return _write_own_choice(call)
    choice = call.tool_choice or ToolChoice("auto")
    if choice.mode == "native":
        losses.add("tool_choice")
        choice = ToolChoice("auto")
    mode = choice.mode
    if mode == "allowed":
        mode = "required" if choice.required else "auto"
    body: JsonObject = {"type": _TYPE_OF_MODE[mode]}
    if mode == "named":
        body["name"] = choice.name
    if call.parallel_tool_calls is False and mode != "none":
        body["disable_parallel_tool_use"] = True
    return body if call.tool_choice is not None or len(body) > 1 else None


def _write_own_choice(call: Call) -> JsonObject | None:
    choice = call.tool_choice
    if choice is None:
        return None
    if choice.mode == "native":
        return as_object(choice.native, "tool_choice")
    body: JsonObject = {"type": _TYPE_OF_MODE[choice.mode]}
    if choice.name is not None:
        body["name"] = choice.name
    if isinstance(call.parallel_tool_calls, bool):
        body["disable_parallel_tool_use"] = not call.parallel_tool_calls
    write_notes(body, choice.spelling)
    return {**body, **choice.extra}


def forces_a_tool(choice: JsonObject | None) -> bool:
    return choice is not None and choice["type"] in ("any", "tool")


# --- output format -------------------------------------------------------------------------------------------


def decode_format(value: object, spelling: str) -> OutputFormat | None:
    """A JSON schema format; None for anything this version does not know, which then stays where it is."""
    if not isinstance(value, dict) or value.get("type") != "json_schema" or not isinstance(value.get("schema"), dict):
        return None
    rest = {key: item for key, item in value.items() if key not in ("type", "schema")}
    return OutputFormat("schema", schema=value["schema"], extra=rest, spelling=(spelling,))


def write_format(output: OutputFormat, losses: Losses, *, same: bool) -> JsonObject | None:
    if output.kind == "text":
        return None
    if output.kind == "json" or not isinstance(output.schema, dict):
        losses.add("output_format", "there is no JSON mode without a schema")
        return None
    body: JsonObject = {"type": "json_schema", "schema": output.schema}
    if same:
        return {**body, **output.extra}
    losses.add_format_description(output)
    return body


# --- the small ones ------------------------------------------------------------------------------------------

# Fields of a call that neither Anthropic's nor Bedrock's requests can hold.
_UNSUPPORTED: tuple[Name, ...] = (
    "frequency_penalty",
    "presence_penalty",
    "seed",
    "top_logprobs",
    "logit_bias",
    "metadata",
    "prompt_cache_key",
    "n",
    "logprobs",
    "store",
    "modalities",
)

_TIER_OF_OTHERS = {"auto": "auto", "default": "standard_only", "standard_only": "standard_only"}


def list_unsupported(call: Call, losses: Losses) -> None:
    losses.add_fields(call, *_UNSUPPORTED)


def foreign_tier(tier: Maybe[str], losses: Losses) -> str | None:
    if not isinstance(tier, str):
        return None
    known = _TIER_OF_OTHERS.get(tier)
    if known is None:
        losses.add("service_tier")
    return known


def foreign_temperature(temperature: Maybe[float], losses: Losses) -> float | None:
    """Anthropic's range ends at 1, OpenAI's and Gemini's at 2."""
    if not isinstance(temperature, int | float):
        return None
    if temperature > 1:
        losses.add("temperature", "sent as 1.0")
        return 1.0
    return temperature


def foreign_stop(stop: Maybe[tuple[str, ...]], losses: Losses) -> list[str]:
    """Anthropic refuses stop sequences without a visible character."""
    sequences = stop if isinstance(stop, tuple) else ()
    visible = [sequence for sequence in sequences if sequence.strip()]
    if len(visible) < len(sequences):
        losses.add("stop", "sequences of white space were left out")
    return visible


def decode_texts(value: Any, path: str) -> Maybe[tuple[str, ...]]:
    if value is UNSET or value is None:
        return None if value is None else UNSET
    if not isinstance(value, list):
        raise wrong_type(path, "an array", value)
    for i, item in enumerate(value):
        if not isinstance(item, str):
            raise InvalidRequest(f"{path}[{i}]", f"'{path}[{i}]' must be a string")
    return tuple(value)
