"""A simulated model's answer to a call: a function of the call, the script and the seed."""

import hashlib
import random
from collections.abc import Iterator
from typing import Literal

from msgspec.structs import replace

from openclaw.calls import (
    Call,
    Choice,
    CustomTool,
    DialectName,
    FinishReason,
    FunctionTool,
    Message,
    Part,
    Reasoning,
    Refusal,
    Reply,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
)
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.jsontext import encode
from openclaw.sim.script import BadScript, Script, ToolUse
from openclaw.sim.values import value_of

# English text is about four bytes a token; the simulation only has to be plausible and repeatable.
_BYTES_PER_TOKEN = 4
_CHOICES_MAX = 128  # https://platform.openai.com/docs/api-reference/chat/create#chat-create-n
_WORDS = (
    "the", "river", "runs", "past", "an", "old", "mill", "where", "small", "boats", "wait", "for", "wind", "and",
    "rain",
)  # fmt: skip


def answer(call: Call, script: Script, seed: int, dialect: DialectName) -> Reply:
    """`dialect` is the one the answer will be written in; opaque state in it is marked as its own. Raises `BadScript`
    where the script calls tools that are not among those offered, `InvalidRequest` for too many answers."""
    count = call.n if isinstance(call.n, int) and call.n > 0 else 1
    if count > _CHOICES_MAX:
        raise InvalidRequest("n", f"'n' must be at most {_CHOICES_MAX}")
    digest = hashlib.sha256(f"{seed}\0{call.model}\0".encode() + "\0".join(_texts(call)).encode()).hexdigest()
    parts, finish = _content(call, script, random.Random(digest), dialect)
    choices = tuple(Choice(index, parts, finish_reason=finish) for index in range(count))
    return Reply(
        # Encoders copy an answer of their own dialect as it is; this one has to be written out.
        dialect="gemini" if dialect != "gemini" else "messages",
        id=f"sim{digest[:16]}",
        model=call.model,
        created=1_700_000_000,
        choices=choices,
        usage=_usage(call, parts, count),
    )


def _content(
    call: Call, script: Script, rng: random.Random, dialect: DialectName
) -> tuple[tuple[Part, ...], FinishReason]:
    parts: list[Part] = []
    if script.think is not None:
        signature = f"sig-{rng.getrandbits(64):016x}"
        parts.append(Reasoning(script.think, signature=signature, dialect=dialect))
    if script.refuse:
        parts.append(Refusal("I can't help with that."))
        return tuple(parts), "refusal"
    if script.call and call.tools and not _wants_no_tool(call):
        if script.say is not None:
            parts.append(Text(script.say))
        parts += _signed([_scripted_call(use, call, rng) for use in script.call], parts, dialect)
        return tuple(parts), "tool_calls"
    tools = _tools_to_call(call, script)
    if tools:
        parts += _signed([_tool_call(tool, script, rng) for tool in tools], parts, dialect)
        return tuple(parts), "tool_calls"
    parts.append(Text(_text(call, script, rng)))
    return tuple(parts), script.finish


def _signed(calls: list[ToolCall], said: list[Part], dialect: DialectName) -> list[ToolCall]:
    """Gemini signs the first call of a turn in which it thought, and wants that signature back:
    https://ai.google.dev/gemini-api/docs/thought-signatures."""
    thought = next((part for part in said if isinstance(part, Reasoning)), None)
    if dialect != "gemini" or thought is None:
        return calls
    return [replace(calls[0], signature=f"{thought.signature}call"), *calls[1:]]


def _wants_no_tool(call: Call) -> bool:
    return call.tool_choice is not None and call.tool_choice.mode == "none"


def _scripted_call(use: ToolUse, call: Call, rng: random.Random) -> ToolCall:
    """Raises `BadScript` where the request offers none of the names."""
    offered = {tool.name: tool for tool in call.tools if isinstance(tool, FunctionTool | CustomTool)}
    name = next((name for name in use.names if name in offered), None)
    if name is None:
        names = ", ".join(offered) or "none that a caller runs"
        raise BadScript(f"the script calls {' or '.join(use.names)}, offered are: {names}")
    arguments = use.arguments if isinstance(use.arguments, str) else encode(use.arguments).decode()
    kind: Literal["custom", "function"] = "custom" if isinstance(offered[name], CustomTool) else "function"
    return ToolCall(_call_id(rng), name, arguments, kind=kind)


def _call_id(rng: random.Random) -> str:
    return f"call_{rng.getrandbits(64):016x}"


def _tools_to_call(call: Call, script: Script) -> list[Tool]:
    offered = [tool for tool in call.tools if isinstance(tool, FunctionTool)]
    choice = call.tool_choice
    if choice is not None:
        if choice.mode == "none":
            return []
        if choice.mode == "named":
            return [tool for tool in offered if tool.name == choice.name]
        if choice.mode == "required" and script.tools == "never":
            return list(offered[:1])
    match script.tools:
        case "first":
            return list(offered[:1])
        case "all":
            return list(offered)
        case "agent":
            return [] if _has_result(call) else list(offered[:1])
        case "never":
            return []


def _has_result(call: Call) -> bool:
    last = call.messages[-1] if call.messages else None
    return last is not None and isinstance(last.content, tuple) and any(isinstance(p, ToolResult) for p in last.content)


def _tool_call(tool: Tool, script: Script, rng: random.Random) -> ToolCall:
    assert isinstance(tool, FunctionTool), "only functions are called"
    schema = tool.parameters if isinstance(tool.parameters, dict) else {}
    arguments = value_of(schema) if script.value is None else script.value
    return ToolCall(_call_id(rng), tool.name, encode(arguments).decode())


def _text(call: Call, script: Script, rng: random.Random) -> str:
    wanted = call.output_format
    if script.say is not None:
        return script.say
    if script.value is not None:
        return encode(script.value).decode()
    if script.schema and wanted is not None and wanted.kind != "text":
        schema = wanted.schema if isinstance(wanted.schema, dict) else {}
        return encode(value_of(schema) or {"answer": "example"}).decode()
    if script.echo:
        return next((text for text in reversed(list(_texts(call, roles=("user",)))) if text), "")
    if _has_result(call):
        return f"The tool says: {next(reversed(list(_texts(call))), '')}"
    return f"Simulated answer: {' '.join(rng.choices(_WORDS, k=12))}."


def _texts(call: Call, roles: tuple[str, ...] = ()) -> Iterator[str]:
    if call.instructions is not None and not roles:
        yield from _texts_of(call.instructions)
    for message in call.messages:
        if not roles or message.role in roles:
            yield from _texts_of_message(message)


def _texts_of_message(message: Message) -> Iterator[str]:
    yield from _texts_of(message.content)


def _texts_of(content: str | tuple[Part, ...] | None) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    for part in content if isinstance(content, tuple) else ():
        if isinstance(part, Text | Reasoning | Refusal):
            yield part.text
        elif isinstance(part, ToolResult):
            yield from _texts_of(part.content)
        elif isinstance(part, ToolCall):
            yield part.arguments


def _usage(call: Call, parts: tuple[Part, ...], count: int) -> Usage:
    asked = sum(len(text.encode()) for text in _texts(call))
    thought = sum(len(part.text) for part in parts if isinstance(part, Reasoning))
    said = sum(len(text.encode()) for text in _texts_of(parts))
    output = max(1, said // _BYTES_PER_TOKEN) * count
    input_tokens = max(1, asked // _BYTES_PER_TOKEN)
    reasoning = thought // _BYTES_PER_TOKEN * count if thought else None
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output,
        reasoning_output_tokens=reasoning,
        total_tokens=input_tokens + output,
    )
