"""What a simulated model does: a `Script`, named by the model's name or given as a JSON object in `x-sim`."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct


class ToolUse(Struct, frozen=True, forbid_unknown_fields=True):
    """A call of the tool of this name, or of the first of several names that the request offers. A tool that takes free
    text gets `arguments` as a text; a text for any other tool is sent as it is, whether or not it is JSON."""

    tool: str | tuple[str, ...]
    arguments: dict[str, Any] | str = {}

    def __post_init__(self) -> None:
        if not self.tool:
            raise ValueError("'tool' must name a tool")

    @property
    def names(self) -> tuple[str, ...]:
        return (self.tool,) if isinstance(self.tool, str) else self.tool


class Script(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Defaults give a short text. Times are milliseconds; positions count the pieces of the answer that are sent.

    `say`: the text, None for one made from the seed and the request; `echo` repeats the last user message. `value`: a
    JSON object as the answer's text or, where the request forces a tool, as that tool's arguments.
    `call`: calls of these tools, after `say` where both are given. A request that offers no tools at all (a client that
    asks for a title on the side) gets a text; one that offers others is refused.
    `think`: thoughts before the answer, signed where the dialect signs them; in Gemini's the first tool call as well.
    `tools`: `first` or `all` offered tools are called with arguments that fit their schemas; `agent` calls the first
    one, and answers in text once a result is there. `schema`: answer with a JSON value of the asked-for schema.
    `finish`: how the answer ends. `piece_chars`: characters a streamed piece holds.
    `first_token_ms`, `token_ms`: before the first piece and between pieces.
    `error_status`: an HTTP error instead of an answer, with `retry_after_s`; `times` limits how often it is given to
    one model name before answers come (0: always).
    `cut_after`, `stall_after`, `malformed_after`, `fail_after`: after so many pieces the connection closes, falls
    silent, sends bytes that are no event, or reports an error in the stream. `end_marker`: whether the stream ends as
    its dialect says. `reset`: the connection closes without an answer. `silent`: no answer comes, nor headers.
    `stream`: False answers a streamed request with a plain one, as some servers do.
    """

    say: str | None = None
    value: dict[str, Any] | None = None
    call: tuple[ToolUse, ...] = ()
    echo: bool = False
    think: str | None = None
    tools: Literal["never", "first", "all", "agent"] = "never"
    schema: bool = True
    refuse: bool = False
    finish: Literal["stop", "length", "content_filter"] = "stop"
    piece_chars: int = 8
    first_token_ms: float = 0
    token_ms: float = 0
    error_status: int | None = None
    retry_after_s: float | None = None
    times: int = 0
    cut_after: int | None = None
    stall_after: int | None = None
    malformed_after: int | None = None
    fail_after: int | None = None
    end_marker: bool = True
    reset: bool = False
    stream: bool = True
    silent: bool = False

    def __post_init__(self) -> None:
        if self.error_status is not None and not 300 <= self.error_status <= 599:
            raise ValueError("'error_status' must be 300 to 599")


def _number(text: str, default: int) -> int:
    return int(text) if text.isdecimal() else default


_THOUGHT = "The question is simple, so a short answer will do."

BEHAVIOURS: Mapping[str, tuple[str, Callable[[str], Script]]] = {
    "text": ("a short text", lambda _: Script()),
    "echo": ("the last user message, again", lambda _: Script(echo=True)),
    "tool": ("calls the first offered tool", lambda _: Script(tools="first")),
    "tools": ("calls every offered tool at once", lambda _: Script(tools="all")),
    "agent": ("calls a tool, then answers once it has the result", lambda _: Script(tools="agent")),
    "think": ("thinks, then answers", lambda _: Script(think=_THOUGHT)),
    "refuse": ("refuses", lambda _: Script(refuse=True)),
    "length": ("stops at the output limit", lambda _: Script(finish="length")),
    "filter": ("stops at the content filter", lambda _: Script(finish="content_filter")),
    "slow": ("waits N ms before the first token (1000)", lambda n: Script(first_token_ms=_number(n, 1000))),
    "pace": ("waits N ms between tokens (50)", lambda n: Script(token_ms=_number(n, 50))),
    "error": ("answers with HTTP status N (500)", lambda n: Script(error_status=_number(n, 500))),
    "once": ("status N the first time (500), then answers", lambda n: Script(error_status=_number(n, 500), times=1)),
    "retry": ("429 with Retry-After N seconds (1)", lambda n: Script(error_status=429, retry_after_s=_number(n, 1))),
    "cut": ("closes the connection after N pieces (3)", lambda n: Script(cut_after=_number(n, 3))),
    "stall": ("falls silent after N pieces (3)", lambda n: Script(stall_after=_number(n, 3))),
    "malformed": ("sends a broken event after N pieces (3)", lambda n: Script(malformed_after=_number(n, 3))),
    "fail": ("reports an error inside the 200 after N pieces (3)", lambda n: Script(fail_after=_number(n, 3))),
    "unended": ("leaves out the end of the stream", lambda _: Script(end_marker=False)),
    "reset": ("closes the connection without an answer", lambda _: Script(reset=True)),
    "plain": ("answers a streamed request with a plain one", lambda _: Script(stream=False)),
    "silent": ("never answers", lambda _: Script(silent=True)),
}
"""Behaviour (the word after `sim-`): what it does, and the script for the argument after the next `-`."""


class BadScript(Exception):
    """What was given is not a script, or cannot be followed for this request."""


def script_of(model: str, header: str | None) -> Script:
    """The script for a request; names that say nothing behave like an agent's model: they call a tool if one is offered
    and answer once they have its result. Raises `BadScript`."""
    if header is not None:
        try:
            return msgspec.json.decode(header, type=Script)
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadScript(f"x-sim: {error}") from error
    name = model.rpartition("/")[2]
    if name.startswith("sim-"):
        word, _, argument = name.removeprefix("sim-").partition("-")
        behaviour = BEHAVIOURS.get(word)
        if behaviour is not None:
            try:
                return behaviour[1](argument)
            except ValueError as error:
                raise BadScript(f"{name}: {error}") from error
    return Script(tools="agent")
