"""Converse's `toolConfig`: the tools, their cache points and the choice among them, both ways."""

from typing import Any

import msgspec
from msgspec import UNSET

from openclaw.calls import Call, CustomTool, FunctionTool, HostedTool, JsonObject, Maybe, Tool, ToolCall, ToolChoice
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.converse.blocks import write_cache_point
from openclaw.dialects.converse.content import DIALECT, cache_point
from openclaw.dialects.fields import Fields, as_object, put
from openclaw.dialects.losses import Losses, tool_name
from openclaw.dialects.messages.controls import object_schema
from openclaw.dialects.noting import NotingFields
from openclaw.dialects.turns import Conversation

# --- decoding ------------------------------------------------------------------------------------------------


def decode_tools(inner: NotingFields, values: JsonObject) -> JsonObject:
    """Read the section into the fields of a call; returns what is left of it."""
    tools: list[Tool] = []
    listed = inner.array_or_none("tools")
    for i, item in enumerate(listed or ()):
        path = f"toolConfig.tools[{i}]"
        mark = cache_point(as_object(item, path), path)
        if mark is not None and tools and getattr(tools[-1], "cache", mark) is None:
            tools[-1] = msgspec.structs.replace(tools[-1], cache=mark)
        else:
            tools.append(_decode_tool(item, path))
    values["tools"] = tuple(tools)
    choice = inner.object_or_none("toolChoice")
    values["tool_choice"] = None if choice is None else _decode_tool_choice(choice)
    rest = {**inner.rest(), **({"tools": []} if listed == [] else {})}
    if inner.notes:
        rest |= {note.removesuffix(":null"): None for note in inner.notes}
    return rest


def _decode_tool(item: JsonObject, path: str) -> Tool:
    spec = item.get("toolSpec")
    if item.keys() != {"toolSpec"}:
        system = item.get("systemTool")
        name = system.get("name") if isinstance(system, dict) else None
        return HostedTool(DIALECT, name if isinstance(name, str) else next(iter(item), ""), item)
    fields = Fields(spec, f"{path}.toolSpec")
    name, description, strict = fields.required_text("name"), fields.text("description"), fields.boolean("strict")
    schema = fields.peek("inputSchema")
    parameters: Maybe[JsonObject] = UNSET
    if isinstance(schema, dict) and schema.keys() == {"json"} and isinstance(schema["json"], dict):
        parameters = fields.take("inputSchema")["json"]
    return FunctionTool(name, description, parameters, strict, extra=fields.rest())


_MODE_OF_KEY: dict[str, Any] = {"auto": "auto", "any": "required", "tool": "named"}


def _decode_tool_choice(value: JsonObject) -> ToolChoice:
    kind = next(iter(value), "")
    inner = value.get(kind)
    if len(value) != 1 or kind not in _MODE_OF_KEY or not isinstance(inner, dict):
        return ToolChoice("native", native=value)
    name = inner.get("name") if kind == "tool" else None
    if kind == "tool" and not isinstance(name, str):
        raise InvalidRequest("toolConfig.toolChoice.tool.name", "'toolConfig.toolChoice.tool.name' must be a string")
    return ToolChoice(_MODE_OF_KEY[kind], name=name, extra={k: v for k, v in inner.items() if k != "name"})


# --- encoding ------------------------------------------------------------------------------------------------


def tools_of_history(conversation: Conversation, losses: Losses) -> tuple[Tool, ...]:
    """Bedrock refuses tool calls in the history of a request that declares no tools."""
    parts = [part for turn in conversation.turns for part in turn.parts]
    names = dict.fromkeys(part.name for part in parts if isinstance(part, ToolCall))
    if names:
        losses.add("tools", "the tools of the history were declared")
    return tuple(FunctionTool(name) for name in names)


def write_tool_config(call: Call, tools: tuple[Tool, ...], losses: Losses) -> JsonObject:
    same = call.dialect == DIALECT
    choice = call.tool_choice
    allowed = choice.names if choice is not None and choice.mode == "allowed" else None
    written: list[JsonObject] = []
    for tool in tools:
        body = _write_tool(tool, same=same, losses=losses)
        if body is None:
            losses.add_tool(tool)
        elif allowed is not None and tool_name(tool) not in allowed:
            losses.add("tool_choice", "kept by leaving out the tools that are not allowed")
        else:
            written.append(body)
            mark = getattr(tool, "cache", None)
            if mark is not None:
                written.append(write_cache_point(mark, same=same))
    config: JsonObject = {"tools": written} if written else {}
    if choice is not None and (written or same):
        body = _write_tool_choice(choice, same=same, losses=losses)
        if body is not None:
            config["toolChoice"] = body
    if written:
        losses.add_fields(call, "parallel_tool_calls")
    return config


def _write_tool(tool: Tool, *, same: bool, losses: Losses) -> JsonObject | None:
    if isinstance(tool, HostedTool):
        return tool.native if tool.dialect == DIALECT else None
    if isinstance(tool, CustomTool):
        return None
    spec: JsonObject = {"name": tool.name}
    if same:
        put(spec, "description", tool.description)
        put(spec, "strict", tool.strict)
        if isinstance(tool.parameters, dict):
            spec["inputSchema"] = {"json": tool.parameters}
        return {"toolSpec": {**spec, **tool.extra}}
    if tool.description:  # an empty one is refused
        spec["description"] = tool.description
    if tool.strict is True:
        spec["strict"] = True
    spec["inputSchema"] = {"json": object_schema(tool.parameters)}
    losses.add_extra(tool.extra)
    return {"toolSpec": spec}


def _write_tool_choice(choice: ToolChoice, *, same: bool, losses: Losses) -> JsonObject | None:
    extra = choice.extra if same else {}
    match choice.mode:
        case "native":
            if same:
                return as_object(choice.native, "toolConfig.toolChoice")
            losses.add("tool_choice")
            return None
        case "none":
            losses.add("tool_choice", "the tools are offered all the same")
            return None
        case "named":
            return {"tool": {"name": choice.name, **extra}}
        case "required":
            return {"any": extra}
        case "allowed":
            return {"any": {}} if choice.required else {"auto": {}}
        case "auto":
            return {"auto": extra}
