"""Tools' definitions as the text that models read: JSON, or TypeScript as OpenAI's models have it."""

import json
from collections.abc import Iterator
from typing import Any

from openclaw.calls import CustomTool, FunctionTool, HostedTool, JsonObject, Tool

_DEPTH_MAX = 32
"""Deeper schemas are written as `object`; providers refuse them long before."""

# Tokens of Anthropic's own tools, whose definitions are not in the request, by the start of their type. The first three
# are in its documentation (https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/bash-tool#pricing and beside
# it; the computer's with its system prompt), the others what recorded counts have more than without the tool.
_HOSTED = (
    ("bash_", 245), ("text_editor_", 700), ("computer_", 1200), ("memory_", 1070), ("web_search_", 1720),
    ("code_execution_2025", 1280), ("code_execution_", 4150),
)  # fmt: skip


def hosted_tokens(tool: Tool) -> int | None:
    """Of a tool that the provider defines; None where nothing but what the request says of it is known."""
    if not isinstance(tool, HostedTool) or tool.dialect != "messages":
        return None
    return next((tokens for start, tokens in _HOSTED if tool.kind.startswith(start)), None)


def json_text(tool: Tool) -> str:
    return schema_text(_definition(tool))


def _definition(tool: Tool) -> JsonObject:
    match tool:
        case FunctionTool():
            return {"name": tool.name, "description": tool.description or "", "parameters": tool.parameters or {}}
        case CustomTool():
            return {"name": tool.name, "description": tool.description or "", "format": tool.format or {}}
    return tool.native


def typescript_text(tool: Tool) -> str:
    """A function as a type with comments: the form that GPT models print when they are asked for their tools, and that
    gpt-oss documents (https://cookbook.openai.com/articles/openai-harmony#function-calling)."""
    if not isinstance(tool, FunctionTool):
        return json_text(tool)
    comment = f"// {tool.description}\n" if tool.description else ""
    parameters = tool.parameters or {}
    fields = "".join(_fields(parameters, 0))
    argument = f"_: {{\n{fields}}}" if fields else ""
    return f"{comment}type {tool.name} = ({argument}) => any;\n\n"


def schema_text(schema: JsonObject) -> str:
    """ "" where it is deeper than can be written, which is about as deep as can be read."""
    try:
        return json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        return ""


def _fields(schema: JsonObject, depth: int) -> Iterator[str]:
    properties = schema.get("properties")
    required = schema.get("required")
    for name, field in properties.items() if isinstance(properties, dict) else ():
        if isinstance(field, dict) and isinstance(field.get("description"), str):
            yield f"// {field['description']}\n"
        mark = "" if isinstance(required, list) and name in required else "?"
        yield f"{name}{mark}: {_type(field, depth + 1)},\n"


def _type(schema: Any, depth: int) -> str:
    if not isinstance(schema, dict) or depth > _DEPTH_MAX:
        return "object"
    choices = schema.get("enum") or schema.get("anyOf") or schema.get("oneOf")
    if isinstance(choices, list):
        written = (_type(c, depth + 1) if isinstance(c, dict) else json.dumps(c, ensure_ascii=False) for c in choices)
        return " | ".join(written)
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(map(str, kind))
    if kind == "array":
        return _type(schema.get("items"), depth + 1) + "[]"
    if kind == "object" or "properties" in schema:
        fields = "".join(_fields(schema, depth))
        return f"{{\n{fields}}}" if fields else "object"
    return "number" if kind == "integer" else str(kind or "any")
