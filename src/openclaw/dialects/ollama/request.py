"""Ollama's /api/chat request, both ways. Source: https://docs.ollama.com/api/chat and Ollama's api/types.go."""

from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from openclaw.calls import (
    Call,
    CustomTool,
    FunctionTool,
    HostedTool,
    Image,
    JsonObject,
    Maybe,
    Message,
    OutputFormat,
    Part,
    Reasoning,
    ReasoningControl,
    Role,
    Source,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from openclaw.dialects.call_ids import CallIds
from openclaw.dialects.codec import Encoded, InvalidRequest
from openclaw.dialects.fields import Fields, as_object, given, put, put_given, wrong_type
from openclaw.dialects.losses import Name, tool_name
from openclaw.dialects.media_types import image_type
from openclaw.dialects.ollama.message import MessageWriter, json_text
from openclaw.dialects.reasoning import effort_of_budget

_ROLES: dict[str, Role] = {"system": "system", "user": "user", "assistant": "assistant", "tool": "tool"}

# Inner name, name in `options`, how to read it.
_OPTIONS: tuple[tuple[str, str, Callable[[Fields, str], Any]], ...] = (
    ("temperature", "temperature", Fields.number),
    ("top_p", "top_p", Fields.number),
    ("top_k", "top_k", Fields.integer),
    ("seed", "seed", Fields.integer),
    ("presence_penalty", "presence_penalty", Fields.number),
    ("frequency_penalty", "frequency_penalty", Fields.number),
)

# Ollama's words for an effort; models without levels take any of them for yes.
_LEVELS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
_EXACT_LEVELS = frozenset({"none", "low", "medium", "high"})

_NOT_CARRIED: tuple[Name, ...] = (
    "logit_bias",
    "metadata",
    "modalities",
    "n",
    "parallel_tool_calls",
    "prompt_cache_key",
    "store",
    "user",
)


# --- decoding -----------------------------------------------------------------------------------------------


def decode_request(body: JsonObject, model: str | None, stream: bool | None) -> Call:
    reader = Fields(body)
    notes: list[str] = []
    named = reader.required_text("model") if model is None or reader.peek("model") is not UNSET else model
    ids = CallIds()
    messages = tuple(_message(item, f"messages[{i}]", ids) for i, item in enumerate(reader.required_array("messages")))
    tools = _tools(reader, notes)
    options, extra = _options(reader, notes)
    if reader.peek("stream") is UNSET:
        notes.append("no-stream")
    asked = reader.boolean("stream")
    output_format = _format(reader, notes)
    reasoning = _think(reader)
    logprobs = reader.boolean("logprobs")
    top_logprobs = reader.integer("top_logprobs")
    return Call(
        dialect="ollama",
        model=model or named,
        messages=messages,
        tools=tools,
        output_format=output_format,
        reasoning=reasoning,
        logprobs=logprobs,
        top_logprobs=top_logprobs,
        # Ollama streams unless told not to.
        stream=stream if stream is not None else (True if asked is UNSET else asked),
        include_usage=True,
        spelling=tuple(notes),
        extra={**reader.rest(), **extra},
        **options,
    )


def _message(value: object, path: str, ids: CallIds) -> Message:
    reader = Fields(value, path)
    role = _ROLES.get(reader.required_text("role"))
    if role is None:
        raise InvalidRequest(reader.at("role"), f"'{reader.at('role')}' must be system, user, assistant or tool")
    notes: list[str] = []
    if role == "tool":
        return _tool_message(reader, ids)
    text = _text(reader, "content")
    thinking = _text(reader, "thinking")
    images = _images(reader)
    calls = _tool_calls(reader, ids)
    if thinking is None and images is None and calls is None:
        return Message(role=role, content=text, extra=reader.rest())
    parts: list[Part] = []
    if thinking is not None:
        parts.append(Reasoning(text=thinking, dialect="ollama"))
    if text:
        parts.append(Text(text))
    else:
        notes.append("no-content" if text is None else "empty-content")
    for name, found in (("images", images), ("tool_calls", calls)):
        if found is not None:
            notes.append(name)
            parts += found
    return Message(role=role, content=tuple(parts), spelling=tuple(notes), extra=reader.rest())


def _tool_message(reader: Fields, ids: CallIds) -> Message:
    text = _text(reader, "content")
    name = _text(reader, "tool_name")
    given_id = _text(reader, "tool_call_id")
    images = _images(reader)
    content: str | tuple[Part, ...] | None = text
    if images is not None:
        content = (*(() if text is None else (Text(text),)), *images)
    notes = [] if given_id is not None else ["no-id"]
    if name is None:
        notes.append("no-name")
    if images is not None:
        notes.append("images")
    call_id = ids.of_result(name, given_id or None)
    result = ToolResult(call_id=call_id, content=content, name=name, spelling=tuple(notes))
    return Message(role="tool", content=(result,), extra=reader.rest())


def _text(reader: Fields, key: str) -> str | None:
    """A string; None when it is absent or null (and a null stays among the extras)."""
    return None if reader.peek(key) is None or reader.peek(key) is UNSET else reader.required_text(key)


def _images(reader: Fields) -> list[Part] | None:
    if reader.peek("images") is None or reader.peek("images") is UNSET:
        return None
    path = reader.at("images")
    images: list[Part] = []
    for index, data in enumerate(reader.required_array("images")):
        if not isinstance(data, str):
            raise wrong_type(f"{path}[{index}]", "a string", data)
        # Ollama takes images without being told what they are; other dialects must be.
        images.append(Image(Source(data=data, media_type=image_type(data, None))))
    return images


def _tool_calls(reader: Fields, ids: CallIds) -> list[Part] | None:
    if reader.peek("tool_calls") is None or reader.peek("tool_calls") is UNSET:
        return None
    path = reader.at("tool_calls")
    return [decode_tool_call(v, f"{path}[{i}]", ids) for i, v in enumerate(reader.required_array("tool_calls"))]


def decode_tool_call(value: object, path: str, ids: CallIds) -> ToolCall:
    """Raises `InvalidRequest`."""
    call = Fields(value, path)
    function = Fields(call.take("function"), call.at("function"))
    name = function.required_text("name")
    given_id = _text(call, "id")
    notes = [] if given_id else ["no-id" if given_id is None else "empty-id"]
    arguments = function.object("arguments")
    if not isinstance(arguments, dict):
        notes.append("no-arguments" if arguments is UNSET else "null-arguments")
    inner = {f"function.{key}": item for key, item in function.rest().items()}
    written = json_text(arguments) if isinstance(arguments, dict) else "{}"
    return ToolCall(
        id=ids.of_call(name, given_id, written),
        name=name,
        arguments=written,
        spelling=tuple(notes),
        extra={**inner, **call.rest()},
    )


def _tools(reader: Fields, notes: list[str]) -> tuple[Tool, ...]:
    if reader.peek("tools") is None or reader.peek("tools") is UNSET:
        return ()
    notes.append("tools")
    return tuple(_tool(item, f"tools[{i}]") for i, item in enumerate(reader.required_array("tools")))


def _tool(value: object, path: str) -> Tool:
    native = as_object(value, path)
    kind = native.get("type", "function")
    if kind != "function":
        return HostedTool("ollama", kind if isinstance(kind, str) else "", native)
    tool = Fields(native, path)
    notes = () if tool.take("type") is not UNSET else ("no-type",)
    function = Fields(tool.take("function"), tool.at("function"))
    name = function.required_text("name")
    description = function.text("description")
    parameters = function.object("parameters")
    inner = {f"function.{key}": item for key, item in function.rest().items()}
    return FunctionTool(
        name=name, description=description, parameters=parameters, spelling=notes, extra={**inner, **tool.rest()}
    )


def _options(reader: Fields, notes: list[str]) -> tuple[dict[str, Any], JsonObject]:
    if reader.peek("options") is None or reader.peek("options") is UNSET:
        return {}, {}
    options = Fields(reader.take("options"), "options")
    notes.append("options")
    settings: dict[str, Any] = {inner: read(options, wire) for inner, wire, read in _OPTIONS}
    bound = options.peek("num_predict")
    if not (type(bound) is int and bound < 0):
        # -1 is no bound and -2 fills the context: neither is a number of tokens.
        settings["max_output_tokens"] = options.integer("num_predict")
    settings["stop"] = _stop(options, notes)
    return settings, {f"options.{key}": item for key, item in options.rest().items()}


def _stop(options: Fields, notes: list[str]) -> Maybe[tuple[str, ...]]:
    value = options.peek("stop")
    if isinstance(value, str):
        notes.append("stop:string")
        options.take("stop")
        return (value,)
    values = options.array("stop")
    if not isinstance(values, list):
        return values
    for index, item in enumerate(values):
        if not isinstance(item, str):
            raise wrong_type(f"options.stop[{index}]", "a string", item)
    return tuple(values)


def _format(reader: Fields, notes: list[str]) -> OutputFormat | None:
    """`json`, a JSON Schema, or the empty string that older clients write for neither."""
    value = reader.peek("format")
    if value is None or value is UNSET:
        return None
    reader.take("format")
    if isinstance(value, dict):
        return OutputFormat("schema", schema=value)
    if value == "json":
        return OutputFormat("json")
    if value == "":
        notes.append("format:empty")
        return None
    raise InvalidRequest("format", "'format' must be 'json' or a JSON Schema")


def _think(reader: Fields) -> ReasoningControl | None:
    value = reader.peek("think")
    if isinstance(value, str):
        reader.take("think")
        return ReasoningControl(effort=value)
    switched = reader.boolean("think") if value is not None else None
    return ReasoningControl(enabled=switched) if isinstance(switched, bool) else None


# --- encoding -----------------------------------------------------------------------------------------------


def encode_request(call: Call) -> Encoded:
    own = call.dialect == "ollama"
    writer = MessageWriter(own=own)
    notes = call.spelling if own else ()
    body: JsonObject = {"model": call.model, "messages": writer.messages(call)}
    if not (own and "no-stream" in notes and call.stream is True):
        body["stream"] = call.stream if own and call.stream is None else call.stream is True
    tools = _encode_tools(call, writer)
    if tools or "tools" in notes:
        body["tools"] = tools
    options = _encode_options(call, own, notes)
    if options or "options" in notes:
        body["options"] = options
    _put_format(body, call, notes)
    if call.reasoning is not None:
        put(body, "think", _encode_think(call.reasoning, writer))
    write = put if own else put_given
    write(body, "logprobs", call.logprobs)
    write(body, "top_logprobs", call.top_logprobs)
    if own:
        _merge(body, call.extra, "options", options)
    else:
        _lose_the_rest(call, writer)
    return Encoded(body, writer.losses.names())


def _merge(body: JsonObject, extra: JsonObject, outer: str, inner: JsonObject) -> None:
    """Write back unread fields: those under `outer.` into the nested object, the others into the body."""
    for key, value in extra.items():
        if key.startswith(outer + ".") and outer in body:
            inner[key[len(outer) + 1 :]] = value
        else:
            body[key] = value


def _encode_options(call: Call, own: bool, notes: tuple[str, ...]) -> JsonObject:
    write = put if own else put_given
    options: JsonObject = {}
    for inner, wire, _ in _OPTIONS:
        write(options, wire, getattr(call, inner))
    write(options, "num_predict", call.max_output_tokens)
    stop: Any = call.stop
    if isinstance(stop, tuple):
        stop = stop[0] if "stop:string" in notes and len(stop) == 1 else list(stop)
    write(options, "stop", stop)
    return options


def _put_format(body: JsonObject, call: Call, notes: tuple[str, ...]) -> None:
    wanted = call.output_format
    if wanted is None or wanted.kind == "text":
        if "format:empty" in notes:
            body["format"] = ""
    elif wanted.kind == "schema" and given(wanted.schema):
        body["format"] = wanted.schema
    else:
        body["format"] = "json"


def _encode_think(control: ReasoningControl, writer: MessageWriter) -> Maybe[bool | str]:
    effort = control.effort
    if writer.own:
        return effort if isinstance(effort, str) else UNSET if control.enabled is None else control.enabled
    if control.enabled is False or effort == "none":
        return False
    if control.adaptive:
        # Left to the model, as Claude Code does for all: with `think` a model that cannot think is an error, without it
        # one that can does (https://docs.ollama.com/capabilities/thinking).
        if isinstance(effort, str):
            writer.losses.add("reasoning.effort")
        return UNSET
    if not isinstance(effort, str) and isinstance(control.budget_tokens, int):
        effort = effort_of_budget(control.budget_tokens)
        writer.losses.add("reasoning.budget_tokens", f"sent as effort {effort}")
        if effort == "none":
            return False
    if not isinstance(effort, str):
        return True if control.enabled else UNSET
    level = _LEVELS.get(effort)
    if level is None:
        writer.losses.add("reasoning.effort")
        return True
    if effort not in _EXACT_LEVELS and not isinstance(control.budget_tokens, int):
        writer.losses.add("reasoning.effort", f"sent as {level}")
    return level


def _encode_tools(call: Call, writer: MessageWriter) -> list[JsonObject]:
    choice = call.tool_choice
    if choice is not None and choice.mode == "none":
        # Ollama has no choice to make; a model that is shown no tool calls none.
        return []
    offered = call.tools
    if choice is not None and choice.mode != "auto":
        writer.losses.add("tool_choice")
        # What can be had of a choice without a word for it: the model is shown the chosen tools alone.
        names = (choice.name,) if choice.mode == "named" else choice.names
        offered = tuple(tool for tool in call.tools if tool_name(tool) in names) or call.tools
    tools: list[JsonObject] = []
    for tool in offered:
        match tool:
            case FunctionTool():
                tools.append(_encode_function(tool, writer))
            case HostedTool(dialect="ollama"):
                tools.append(tool.native)
            case HostedTool() | CustomTool():
                writer.losses.add_tool(tool)
    return tools


def _encode_function(tool: FunctionTool, writer: MessageWriter) -> JsonObject:
    write = put if writer.own else put_given
    function: JsonObject = {"name": tool.name}
    write(function, "description", tool.description)
    write(function, "parameters", tool.parameters)
    body: JsonObject = {"function": function}
    if not (writer.own and "no-type" in tool.spelling):
        body["type"] = "function"
    if tool.strict is True:
        writer.losses.add_strict(tool)
    if tool.cache is not None:
        writer.losses.add("cache")
    if writer.own:
        _merge(body, tool.extra, "function", function)
    else:
        writer.losses.add_extra(tool.extra)
    return body


def _lose_the_rest(call: Call, writer: MessageWriter) -> None:
    writer.losses.add_fields(call, *_NOT_CARRIED)
    if isinstance(call.service_tier, str) and call.service_tier not in ("auto", "default"):
        writer.losses.add("service_tier")
    writer.losses.add_format_description(call.output_format)
    writer.losses.add_extras_of(call)
