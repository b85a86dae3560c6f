"""What providers that speak Chat Completions do differently."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from openclaw.dialects.losses import Name


class Quirks(Struct, frozen=True, kw_only=True):
    """Chat Completions as one provider speaks it. The defaults change nothing that a caller wrote.

    `max_tokens_field`: the only name of the output bound that the provider takes (None: the caller's spelling,
    and `max_tokens` for calls of other dialects, which every compatible server knows).
    `developer_role`: whether the role `developer` is known; if not it becomes `system`.
    `reasoning`: how thinking is asked for: `reasoning_effort` (OpenAI), `reasoning` (OpenRouter's object),
    `thinking` (DeepSeek's and Z.ai's `{"type": "enabled"}`), `none` where it cannot be; None keeps the caller's
    spelling and writes `reasoning_effort` for calls of other dialects.
    `reasoning_field`: where a message carries thoughts back to the provider: in a field, or in `part`s of its content
    (Mistral), or nowhere (`none`); what a caller wrote elsewhere is moved there. None keeps the caller's spelling and
    writes `reasoning_content` for calls of other dialects.
    `signatures`: whether messages may hold other makers' opaque state: OpenRouter's `reasoning_details` and Google's
    `extra_content` on tool calls. None keeps what a caller wrote.
    `cache_control`: whether Anthropic-style cache marks are understood (True), or refused (False); None keeps a Chat
    caller's, which most providers ignore, and leaves out those of other dialects.
    `custom_tools`: whether free-text tools are known; a Chat caller's are sent as they are.
    `json_schema`: whether `response_format` takes a schema.
    `stream_usage`: whether `stream_options.include_usage` is understood.
    `renames`: fields that the provider calls otherwise (OpenAI's name to its own).
    `unsupported`: request fields that the provider refuses; they are left out and listed.
    """

    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] | None = None
    developer_role: bool = True
    reasoning: Literal["reasoning_effort", "reasoning", "thinking", "none"] | None = None
    reasoning_field: Literal["reasoning_content", "reasoning", "part", "none"] | None = None
    signatures: bool | None = None
    cache_control: bool | None = None
    custom_tools: bool = False
    json_schema: bool = True
    stream_usage: bool = True
    renames: Mapping[str, str] = {}
    unsupported: frozenset[Name] = frozenset()
    endpoint: str = "/chat/completions"
