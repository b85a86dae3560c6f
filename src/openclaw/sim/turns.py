"""Scripts for a whole conversation: a list of turns by model name, of which each request gets one."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from openclaw.calls import Call, ToolResult
from openclaw.sim.script import BadScript, Script

Scripts: TypeAlias = Mapping[str, Sequence[Script]]
"""Model name, without what stands before a slash, to its turns."""


def read_scripts(text: str | bytes) -> Scripts:
    """JSON: an object of model names, each with a list of scripts. Raises `BadScript` with the place at fault."""
    try:
        scripts = msgspec.json.decode(text, type=dict[str, tuple[Script, ...]])
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadScript(str(error)) from error
    for model, turns in scripts.items():
        if not turns:
            raise BadScript(f"{model}: a list of turns must not be empty")
    return scripts


def turn_for(turns: Sequence[Script], call: Call) -> Script:
    """The turn that a conversation has come to, told by the tool results it holds: a turn is over when all its calls
    have a result. The last one stays. Nothing else of the conversation counts, so clients may rewrite, shorten or
    summarise what else they send."""
    results = sum(
        isinstance(part, ToolResult) for m in call.messages if isinstance(m.content, tuple) for part in m.content
    )
    for turn in turns[:-1]:
        results -= len(turn.call)
        if results < 0:
            return turn
    return turns[-1]
