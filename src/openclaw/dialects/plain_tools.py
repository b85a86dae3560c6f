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
from collections.abc import Iterable
from typing import Any, Literal

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


def as_functions(call: Call, *, custom: bool) -> tuple[Call, PlainTools | None, tuple[str, ...]]:
    """The call for a target of another dialect, which takes `custom` tools or not, the way back (None when nothing was
    changed), and what is lost. Raises `InvalidRequest` for a namespace whose tools are none."""
    plain = _Plain(custom=custom)
    messages = tuple(kept for message in call.messages if (kept := plain.message(message)) is not None)
    for i, tool in enumerate(call.tools):
        plain.add(tool, f"tools[{i}]")
    if not plain.changed:
        return call, None, ()
    tools, choice = tuple(plain.tools.values()), plain.choice(call.tool_choice)
    changed = replace(call, tools=tools, tool_choice=choice, messages=messages)
    return changed, PlainTools(plain.originals), plain.losses.names()


class _Plain:
    """Collects the functions of one call."""

    def __init__(self, *, custom: bool) -> None:
        # By name: an agent that repeats its tools in every turn of the conversation means the last.
        self.tools: dict[str, Tool] = {}
        self.originals: dict[str, _Original] = {}
        self.losses = Losses()
        self.changed = False
        self._custom = custom

    def message(self, message: Message) -> Message | None:
        """The message with its calls as calls of functions, and without the tools that stand in it, which are added;
        None when nothing else did."""
        content = message.content
        if not isinstance(content, tuple) or not any(map(self._changes, content)):
            return message
        self.changed = True
        rest: list[Part] = []
        for part in content:
            if isinstance(part, Opaque) and _holds_tools(part):
                self._add_all(part.native.get("tools"), "additional_tools.tools", None)
            else:
                rest.append(self._past_call(part) if isinstance(part, ToolCall) else part)
        return replace(message, content=tuple(rest)) if rest else None

    def _changes(self, part: Part) -> bool:
        if isinstance(part, ToolCall):
            return part.namespace is not None or (part.kind == "custom" and not self._custom)
        return isinstance(part, Opaque) and _holds_tools(part)

    def _past_call(self, call: ToolCall) -> ToolCall:
        name = joined(call.namespace, call.name)
        if call.kind == "custom" and not self._custom:
            arguments = encode({_INPUT: call.arguments}).decode()
            return replace(call, name=name, namespace=None, kind="function", arguments=arguments)
        return replace(call, name=name, namespace=None)

    def add(self, tool: Tool, path: str) -> None:
        if isinstance(tool, HostedTool) and _is_namespace(tool):
            self.changed = True
            name = tool.native.get("name")
            if not isinstance(name, str):
                raise InvalidRequest(f"{path}.name", f"'{path}.name' must be a string")
            self._add_all(tool.native.get("tools"), f"{path}.tools", name)
        else:
            self._offer(tool, None)

    def _add_all(self, tools: Any, path: str, namespace: str | None) -> None:
        if not isinstance(tools, list):
            raise InvalidRequest(path, f"'{path}' must be an array")
        for i, value in enumerate(tools):
            tool = decode_tool(value, f"{path}[{i}]")
            if namespace is None:
                self.add(tool, f"{path}[{i}]")
            else:
                self._offer(tool, namespace)

    def _offer(self, tool: Tool, namespace: str | None) -> None:
        if isinstance(tool, HostedTool):
            self.tools[f"{len(self.tools)} {tool.kind}"] = tool
            return
        name = joined(namespace, tool.name)
        free = isinstance(tool, CustomTool) and not self._custom
        if free or namespace is not None:
            self.changed = True
            self.originals[name] = _Original(tool.name, namespace, isinstance(tool, CustomTool))
        if free and isinstance(tool, CustomTool):
            self.losses.add_tool(tool, "offered as a function with one string")
            self.tools[name] = _function(tool, name)
        else:
            self.tools[name] = tool if namespace is None else replace(tool, name=name)

    def choice(self, choice: ToolChoice | None) -> ToolChoice | None:
        """The choice by the functions' names; a namespace stands for all that is in it."""
        if choice is None or choice.mode not in ("named", "allowed"):
            return choice
        if choice.mode == "named":
            names = self._functions(choice.name or "")
            if len(names) == 1:
                return replace(choice, name=names[0], spelling=())
            return ToolChoice("allowed", names=names, required=True)
        allowed = tuple(name for asked in choice.names for name in self._functions(asked))
        return ToolChoice("allowed", names=allowed, required=choice.required)

    def _functions(self, asked: str) -> tuple[str, ...]:
        names = tuple(name for name, original in self.originals.items() if asked in (original.name, original.namespace))
        return names or (asked,)


def _holds_tools(part: Opaque) -> bool:
    return part.dialect == "responses" and part.kind == "additional_tools"


def _is_namespace(tool: HostedTool) -> bool:
    return tool.dialect == "responses" and tool.kind == "namespace"


def joined(namespace: str | None, name: str) -> str:
    """The function's name for a tool in a namespace; the same two always give the same."""
    if namespace is None:
        return name
    whole = _NOT_IN_NAME.sub("_", f"{namespace}__{name}")
    if len(whole) <= _NAME_CHARS_MAX:
        return whole
    digest = hashlib.sha256(f"{namespace}\0{name}".encode("utf-8", "replace")).hexdigest()[:12]
    return f"{whole[: _NAME_CHARS_MAX - len(digest) - 1]}_{digest}"


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
