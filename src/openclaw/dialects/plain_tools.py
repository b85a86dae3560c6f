"""Tools that a target does not know, offered as functions, and the calls of them turned back.

OpenAI's callers have two kinds that other providers lack: *custom* tools, whose input is free text, and *namespaces*,
which hold tools whose calls name both (`FunctionToolCall.namespace` in OpenAI's document). Its newest models are also
given tools inside the conversation (`additional_tools`). Codex has its file editing in the first, its MCP servers in
the second, and with some models everything in the third; left out, the agent could not work on another model.

    the caller's tool                the target's function
    -------------------------------  ---------------------------------------------------------------------------
    custom `apply_patch`             `apply_patch` with one string, `input`
    function `read` in `files`       `files__read`
    tools of an `additional_tools`   tools of the call

`as_functions` makes the call; the `PlainTools` it returns knows the way back, for a reply and for a stream.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

from msgspec import UNSET, Struct
from msgspec.structs import replace

from openclaw.calls import (
    ArgumentsDelta,
    Call,
    Choice,
    CustomTool,
    Event,
    FunctionTool,
    HostedTool,
    JsonObject,
    Message,
    Opaque,
    Part,
    PartEnded,
    PartStarted,
    Reply,
    Tool,
    ToolCall,
    ToolChoice,
)
from openclaw.dialects.codec import InvalidRequest, StreamDecoder
from openclaw.dialects.jsontext import NotJson, encode, parse
from openclaw.dialects.losses import Losses
from openclaw.dialects.responses.controls import decode_tool

_INPUT = "input"

# What OpenAI, Anthropic and Google all take as a function's name (FunctionObject.name in OpenAI's document is the
# strictest: letters, digits, underscores, dashes; at most 64).
_NOT_IN_NAME = re.compile(r"[^a-zA-Z0-9_-]")
_NAME_CHARS_MAX = 64


class _Original(Struct, frozen=True):
    """A tool as the caller knows it."""

    name: str
    namespace: str | None = None
    custom: bool = False


class PlainTools:
    """The functions that stand for a caller's tools, and the way back."""

    __slots__ = ("_originals",)

    def __init__(self, originals: dict[str, _Original]) -> None:
        self._originals = originals

    def reply(self, reply: Reply) -> Reply:
        """The reply with the calls as the caller knows the tools."""
        return replace(reply, choices=tuple(self._choice(choice) for choice in reply.choices))

    def stream(self, decoder: StreamDecoder) -> StreamDecoder:
        """The same for a stream."""
        return _Restoring(decoder, self)

    def _choice(self, choice: Choice) -> Choice:
        return replace(choice, content=tuple(self._part(part) for part in choice.content))

    def _part(self, part: Part) -> Part:
        if not isinstance(part, ToolCall):
            return part
        restored = self.call(part)
        return replace(restored, arguments=free_text(part.arguments)) if restored.kind == "custom" else restored

    def call(self, call: ToolCall) -> ToolCall:
        """The call by its tool's own name and kind; its arguments are not looked at."""
        original = self._originals.get(call.name)
        if original is None:
            return call
        kind: Literal["function", "custom"] = "custom" if original.custom else "function"
        return replace(call, name=original.name, kind=kind, namespace=original.namespace)


class _Restoring:
    """Holds the input of a custom tool until it is whole: its text is inside a JSON string."""

    __slots__ = ("_decoder", "_held", "_tools")

    def __init__(self, decoder: StreamDecoder, tools: PlainTools) -> None:
        self._decoder = decoder
        self._tools = tools
        self._held: dict[tuple[int, int], list[str]] = {}

    def feed(self, data: bytes) -> list[Event]:
        return self._restored(self._decoder.feed(data))

    def end(self) -> list[Event]:
        return self._restored(self._decoder.end())

    def _restored(self, events: Iterable[Event]) -> list[Event]:
        restored: list[Event] = []
        for event in events:
            match event:
                case PartStarted(part=ToolCall() as call):
                    restored.append(replace(event, part=self._begun(event, self._tools.call(call))))
                case ArgumentsDelta() if (held := self._held.get((event.choice, event.index))) is not None:
                    held.append(event.arguments)
                case PartEnded() if (held := self._held.pop((event.choice, event.index), None)) is not None:
                    restored += [ArgumentsDelta(event.choice, event.index, free_text("".join(held))), event]
                case _:
                    restored.append(event)
        return restored

    def _begun(self, event: PartStarted, call: ToolCall) -> ToolCall:
        if call.kind != "custom":
            return call
        self._held[event.choice, event.index] = [call.arguments]
        return replace(call, arguments="")


def free_text(arguments: str) -> str:
    """A custom tool's input out of its function's arguments; what a model wrote instead is passed as it is."""
    try:
        value = parse(arguments.encode())
    except (NotJson, UnicodeEncodeError):
        return arguments
    text = value.get(_INPUT) if isinstance(value, dict) else None
    return text if isinstance(text, str) else arguments


# --- the call -----------------------------------------------------------------------------------------------


_Key: TypeAlias = tuple[str | None, str]
"""What a caller's tool is known by: its namespace and its name."""


def as_functions(call: Call, *, custom: bool) -> tuple[Call, PlainTools | None, tuple[str, ...]]:
    """The call for a target of another dialect, which takes `custom` tools or not, the way back (None when nothing was
    changed), and what is lost. Raises `InvalidRequest` for a namespace whose tools are none."""
    parts = [part for message in call.messages if isinstance(message.content, tuple) for part in message.content]
    if not (any(map(_is_special_tool, call.tools)) or any(map(_is_special_part, parts))):
        return call, None, ()
    offered = _Offered()
    for part in parts:
        if isinstance(part, Opaque) and _holds_tools(part):
            offered.add_all(part.native.get("tools"), "additional_tools.tools", None)
    for i, tool in enumerate(call.tools):
        offered.add(tool, f"tools[{i}]")
    functions = _Functions(offered.tools, custom=custom)
    changed = replace(
        call,
        tools=(*offered.hosted, *functions.tools),
        tool_choice=functions.choice(call.tool_choice),
        messages=tuple(kept for message in call.messages if (kept := functions.message(message)) is not None),
    )
    if changed == call:  # a target that takes them as they are
        return call, None, ()
    return changed, PlainTools(functions.originals), functions.losses.names()


def _is_special_tool(tool: Tool) -> bool:
    return isinstance(tool, CustomTool) or (isinstance(tool, HostedTool) and _is_namespace(tool))


def _is_special_part(part: Part) -> bool:
    if isinstance(part, ToolCall):
        return part.namespace is not None or part.kind == "custom"
    return isinstance(part, Opaque) and _holds_tools(part)


class _Offered:
    """The tools of a call, wherever they stand, each once: an agent that repeats them in every turn means the last."""

    def __init__(self) -> None:
        self.tools: dict[_Key, FunctionTool | CustomTool] = {}
        self.hosted: list[HostedTool] = []

    def add(self, tool: Tool, path: str) -> None:
        if not isinstance(tool, HostedTool):
            self.tools[None, tool.name] = tool
        elif not _is_namespace(tool):
            self.hosted.append(tool)
        else:
            name = tool.native.get("name")
            if not isinstance(name, str):
                raise InvalidRequest(f"{path}.name", f"'{path}.name' must be a string")
            self.add_all(tool.native.get("tools"), f"{path}.tools", name)

    def add_all(self, tools: Any, path: str, namespace: str | None) -> None:
        if not isinstance(tools, list):
            raise InvalidRequest(path, f"'{path}' must be an array")
        for i, value in enumerate(tools):
            tool = decode_tool(value, f"{path}[{i}]")
            if namespace is None:
                self.add(tool, f"{path}[{i}]")
            elif isinstance(tool, HostedTool):
                self.hosted.append(tool)
            else:
                self.tools[namespace, tool.name] = tool


class _Functions:
    """The same tools under names that are all different."""

    def __init__(self, tools: Mapping[_Key, FunctionTool | CustomTool], *, custom: bool) -> None:
        self.losses = Losses()
        self.tools: list[Tool] = []
        self.originals: dict[str, _Original] = {}
        self._custom = custom
        self._names = _distinct_names(tools)
        for key, tool in tools.items():
            self._offer(key, tool)

    def _offer(self, key: _Key, tool: FunctionTool | CustomTool) -> None:
        name = self._names[key]
        free = isinstance(tool, CustomTool) and not self._custom
        if free or name != tool.name:
            self.originals[name] = _Original(tool.name, key[0], isinstance(tool, CustomTool))
        if free and isinstance(tool, CustomTool):
            self.losses.add_tool(tool, "offered as a function with one string")
            self.tools.append(_function(tool, name))
        else:
            self.tools.append(tool if name == tool.name else replace(tool, name=name))

    def choice(self, choice: ToolChoice | None) -> ToolChoice | None:
        """The choice by the functions' names; a namespace stands for all that is in it."""
        if choice is None or choice.mode not in ("named", "allowed"):
            return choice
        if choice.mode == "named":
            names = self._chosen(choice.name or "")
            if len(names) == 1:
                return choice if names[0] == choice.name else replace(choice, name=names[0], spelling=())
            return ToolChoice("allowed", names=names, required=True)
        allowed = tuple(name for asked in choice.names for name in self._chosen(asked))
        return choice if allowed == choice.names else ToolChoice("allowed", names=allowed, required=choice.required)

    def _chosen(self, asked: str) -> tuple[str, ...]:
        """A tool of that very name; else what is in a namespace of that name, or called so in any."""
        if (None, asked) in self._names:
            return (self._names[None, asked],)
        return tuple(name for key, name in self._names.items() if asked in key) or (asked,)

    def message(self, message: Message) -> Message | None:
        """The message with its calls as calls of functions, and without the tools that stand in it; None when nothing
        else did."""
        content = message.content
        if not isinstance(content, tuple) or not any(map(_is_special_part, content)):
            return message
        rest = tuple(
            self._past_call(part) if isinstance(part, ToolCall) else part
            for part in content
            if not (isinstance(part, Opaque) and _holds_tools(part))
        )
        return replace(message, content=rest) if rest else None

    def _past_call(self, call: ToolCall) -> ToolCall:
        key = call.namespace, call.name
        name = self._names.get(key) or joined(*key)
        if call.kind == "custom" and not self._custom:
            arguments = encode({_INPUT: call.arguments}).decode()
            return replace(call, name=name, namespace=None, kind="function", arguments=arguments)
        return replace(call, name=name, namespace=None)


def _distinct_names(keys: Iterable[_Key]) -> dict[_Key, str]:
    """A function's name for each tool: its own where it is in no namespace, so that nobody takes it from it."""
    names: dict[_Key, str] = {}
    taken: set[str] = set()
    for key in sorted(keys, key=lambda key: key[0] is not None):
        name = joined(*key)
        names[key] = name if name not in taken else _cut(name, _digest(*key))
        taken.add(names[key])
    return names


def _holds_tools(part: Opaque) -> bool:
    return part.dialect == "responses" and part.kind == "additional_tools"


def _is_namespace(tool: HostedTool) -> bool:
    return tool.dialect == "responses" and tool.kind == "namespace"


def joined(namespace: str | None, name: str) -> str:
    """The function's name for a tool in a namespace; the same two always give the same."""
    if namespace is None:
        return name
    whole = _NOT_IN_NAME.sub("_", f"{namespace}__{name}")
    return whole if len(whole) <= _NAME_CHARS_MAX else _cut(whole, _digest(namespace, name))


def _cut(name: str, digest: str) -> str:
    return f"{name[: _NAME_CHARS_MAX - len(digest) - 1]}_{digest}"


def _digest(namespace: str | None, name: str) -> str:
    return hashlib.sha256(f"{namespace}\0{name}".encode("utf-8", "replace")).hexdigest()[:12]


def _function(tool: CustomTool, name: str) -> FunctionTool:
    grammar = _grammar(tool.format)
    description = tool.description if isinstance(tool.description, str) else ""
    if grammar:
        description = f"{description}\n\nThe input must fit this {grammar[0]} grammar:\n{grammar[1]}".strip()
    parameters: JsonObject = {
        "type": "object",
        "properties": {_INPUT: {"type": "string", "description": "The tool's whole input, as plain text."}},
        "required": [_INPUT],
        "additionalProperties": False,
    }
    return FunctionTool(name, description or UNSET, parameters)


def _grammar(form: Any) -> tuple[str, str] | None:
    """Syntax and definition; Chat holds them in an object of their own, Responses does not."""
    if not isinstance(form, dict):
        return None
    inner = form.get("grammar", form)
    if not isinstance(inner, dict):
        return None
    syntax, definition = inner.get("syntax"), inner.get("definition")
    return (syntax, definition) if isinstance(syntax, str) and isinstance(definition, str) else None
