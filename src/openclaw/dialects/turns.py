"""A conversation of any dialect as Anthropic and Bedrock want it: system prompt apart, then user and assistant in turn.

Both require that the first turn is the user's, that turns alternate, and that a user turn starts with the results of
the tools which the turn before it called (https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/implement-tool-use,
"Handling results"; Bedrock's Converse refuses the rest with a ValidationException).
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from openclaw.calls import Call, JsonObject, Message, Part, Reasoning, Text, ToolCall, ToolResult
from openclaw.dialects.jsontext import NotJson, parse
from openclaw.dialects.losses import Losses

TurnRole: TypeAlias = Literal["user", "assistant"]
Keeps: TypeAlias = Callable[[Part, TurnRole], bool]
"""Whether the dialect can carry a part in a turn of that role; notes the loss itself when it cannot."""


class Turn(Struct, frozen=True):
    role: TurnRole
    parts: tuple[Part, ...]


class Conversation(Struct, frozen=True):
    system: tuple[Part, ...]
    turns: tuple[Turn, ...]


def alternate(call: Call, keeps: Keeps, losses: Losses) -> Conversation:
    """Hoist system messages, merge neighbours of one role, put tool results first. Lists what is lost thereby."""
    system = list(parts_of(call.instructions))
    turns: list[tuple[TurnRole, list[Part]]] = []
    for message in call.messages:
        _list_losses(message, losses)
        if message.role in ("system", "developer"):
            if turns:
                losses.add("messages[].role", f"a later {message.role} message moved to the system prompt")
            system += [part for part in parts_of(message.content) if keeps(part, "user")]
            continue
        role: TurnRole = "assistant" if message.role == "assistant" else "user"
        parts = [part for part in parts_of(message.content) if keeps(part, role)]
        if not parts:
            continue
        if turns and turns[-1][0] == role:
            turns[-1][1].extend(parts)
        else:
            turns.append((role, parts))
    if turns and turns[0][0] == "assistant":
        losses.add("messages", "a first user turn was added")
        turns.insert(0, ("user", [Text("Continue.")]))
    return Conversation(tuple(system), tuple(Turn(role, _results_first(role, parts)) for role, parts in turns))


def parts_of(content: str | tuple[Part, ...] | None) -> tuple[Part, ...]:
    """Content as parts, without the empty texts that both providers refuse."""
    parts = (Text(content),) if isinstance(content, str) else content or ()
    return tuple(part for part in parts if not (isinstance(part, Text) and not part.text))


def system_texts(conversation: Conversation, losses: Losses) -> list[Text]:
    """A system prompt is text; its other parts are listed."""
    texts: list[Text] = []
    for part in conversation.system:
        if isinstance(part, Text):
            texts.append(part)
        else:
            losses.add_instruction(part)
    return texts


def _list_losses(message: Message, losses: Losses) -> None:
    if message.name is not None:
        losses.add("messages[].name")
    losses.add_extra(message.extra)


def _results_first(role: TurnRole, parts: list[Part]) -> tuple[Part, ...]:
    if role == "user":
        parts = sorted(parts, key=lambda part: not isinstance(part, ToolResult))
    return tuple(parts)


def answers_without_thought(turns: Sequence[Turn]) -> bool:
    """Whether the last turn answers tool calls whose own turn does not start with thinking. With a thinking budget
    Claude refuses that (https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking, "Preserving
    thinking blocks")."""
    if len(turns) < 2 or turns[-1].role != "user" or turns[-2].role != "assistant":
        return False
    results, calls = turns[-1].parts, turns[-2].parts
    return bool(results and calls) and isinstance(results[0], ToolResult) and not isinstance(calls[0], Reasoning)


# Anthropic: ^[a-zA-Z0-9_-]+$ (tool_use.id in its OpenAPI document); Bedrock: the same and at most 64 characters.
_NOT_IN_ID = re.compile(r"[^a-zA-Z0-9_-]")
_ID_CHARS_MAX = 64


def clean_call_id(call_id: str) -> str:
    """A tool call's id in the characters that both providers take; the same id always gives the same result."""
    if call_id and len(call_id) <= _ID_CHARS_MAX and not _NOT_IN_ID.search(call_id):
        return call_id
    return "call_" + hashlib.sha256(call_id.encode("utf-8", "replace")).hexdigest()[:24]


# Anthropic's own word for passing on JSON that a model got wrong:
# https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/fine-grained-tool-streaming
_WRAPPER = {"function": "INVALID_JSON", "custom": "input"}


def arguments_object(call: ToolCall, losses: Losses | None = None) -> JsonObject:
    """A tool call's arguments as the object that both providers require; anything else is wrapped and listed."""
    if call.kind == "function":
        if not call.arguments.strip():
            return {}
        try:
            value = parse(call.arguments.encode())
        except (NotJson, UnicodeEncodeError):
            value = None
        if isinstance(value, dict):
            return value
    if losses is not None:
        losses.add("tool_call.arguments", f"not a JSON object and so wrapped as '{_WRAPPER[call.kind]}'")
    return {_WRAPPER[call.kind]: call.arguments}
