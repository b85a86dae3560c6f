"""What an encoder could not carry: the words in which every dialect says it (`Encoded.degraded`).

    name                 what was lost
    -------------------  --------------------------------------------------------------------------------------------
    seed, reasoning, …   a field of the call: `Name` has them all, and those of the values inside (`reasoning.effort`)
    messages[].name      a field of every message, or of some
    text.citations, …    a field of a part that was carried without it
    content[KIND]        a whole part, in a message or in a tool's result; KIND is the tag of the inner form's part,
                         or what its own dialect calls an opaque one
    instructions[KIND]   the same in the system prompt
    tools[NAME]          a tool; `tools[NAME].strict`: the tool is offered, its schema is not enforced
    extra.PATH           a field that only the caller's dialect knows, wherever it stood

What became of it follows after `: `, for people, without a comma: the header that lists names is cut at commas.
"""

from typing import Any, Literal, TypeAlias

from msgspec import UNSET

from openclaw.calls import Call, Document, HostedTool, JsonObject, Opaque, OutputFormat, Part, Tool

Name: TypeAlias = Literal[
    "instructions",
    "messages",
    "messages[].name",
    "messages[].role",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "output_format",
    "output_format.schema",
    "output_format.description",
    "reasoning",
    "reasoning.effort",
    "reasoning.budget_tokens",
    "reasoning.signature",
    "max_output_tokens",
    "temperature",
    "top_p",
    "top_k",
    "frequency_penalty",
    "presence_penalty",
    "seed",
    "stop",
    "n",
    "logprobs",
    "top_logprobs",
    "logit_bias",
    "modalities",
    "user",
    "metadata",
    "service_tier",
    "prompt_cache_key",
    "store",
    "cache",
    "text.citations",
    "text.signature",
    "image.detail",
    "document.context",
    "document.citations",
    "tool_call.arguments",
    "tool_call.signature",
    "tool_result.name",
    "tool_result.is_error",
    "task",
    "encoding_format",
]
"""Every name without a bracket's content; the last two are of embeddings. docs/reference/dialects.md explains them."""

# Fields that keep somebody's books and say nothing to a model. Of requests: what a client wants reported, labels for
# the bill, how long a model stays loaded. Of messages and parts: what answers number and name their pieces with, and
# Chat's fields that repeat what the inner form has as a thought or a signature.
_BOOKKEEPING = frozenset(
    {
        "anthropic_version",
        "client_metadata",
        "include",
        "keep_alive",
        "labels",
        "prompt_cache_retention",
        "safety_identifier",
        "stream_options",
        "id",
        "index",
        "extra_content",
        "reasoning",
        "reasoning_content",
        "reasoning_details",
        "status",
        "type",
    }
)

# Values that ask for what happens anyway. Clients echo the empty ones (`refusal: null`, `annotations: []`).
_EMPTY: tuple[Any, ...] = (UNSET, None, [], {}, ())
_DEFAULTS: dict[str, Any] = {
    "background": False,
    "frequency_penalty": 0,
    "logprobs": False,
    "modalities": ("text",),
    "n": 1,
    "parallel_tool_calls": True,
    "presence_penalty": 0,
    "service_tier": "auto",
    "store": False,
    "top_logprobs": 0,
    "truncation": "disabled",
}


def asks(key: str, value: Any) -> bool:
    """Whether a field with this value asks for anything, so that leaving it out is a loss."""
    return value not in _EMPTY and (key not in _DEFAULTS or value != _DEFAULTS[key])


def part_kind(part: Part) -> str:
    """The word for a part between brackets."""
    if isinstance(part, Opaque):
        return part.kind or "opaque"
    return str(part.__struct_config__.tag)


def tool_name(tool: Tool) -> str:
    return tool.kind if isinstance(tool, HostedTool) else tool.name


class Losses:
    """Collects names in order and without repetition."""

    __slots__ = ("_names",)

    def __init__(self) -> None:
        self._names: dict[str, None] = {}

    def add(self, name: Name, why: str = "") -> None:
        self._add(name, why)

    def add_fields(self, call: Call, *names: Name) -> None:
        """Fields of the call that the dialect has no place for, as far as they ask for something."""
        for name in names:
            if asks(name, getattr(call, name)):
                self._add(name, "")

    def add_part(self, part: Part, why: str = "") -> None:
        """A part of a message or of a tool's result that was left out, or said in another form."""
        self._add(f"content[{part_kind(part)}]", why)

    def add_instruction(self, part: Part) -> None:
        """A part of the system prompt that was left out."""
        self._add(f"instructions[{part_kind(part)}]", "")

    def add_tool(self, tool: Tool, why: str = "") -> None:
        """A tool that was left out, or is offered in another form."""
        self._add(f"tools[{tool_name(tool)}]", why)

    def add_strict(self, tool: Tool) -> None:
        """A tool that is offered, but whose schema the provider does not enforce."""
        self._add(f"tools[{tool_name(tool)}].strict", "")

    def add_document_details(self, part: Document) -> None:
        """What only Anthropic and Bedrock know about a document."""
        if part.context is not None:
            self.add("document.context")
        if part.citations:
            self.add("document.citations")

    def add_format_description(self, output: OutputFormat | None) -> None:
        """What OpenAI and Bedrock tell the model of a schema beside it."""
        if output is not None and isinstance(output.description, str):
            self.add("output_format.description")

    def add_extra(self, extra: JsonObject, path: str = "") -> None:
        """Fields of another dialect, but for those that ask for nothing. `path` is where they stood, with its dot."""
        for key, value in extra.items():
            if key not in _BOOKKEEPING and asks(key, value):
                self._add(f"extra.{path}{key}", "")

    def add_extras_of(self, call: Call) -> None:
        """The same for a call of another dialect, but for its messages and tools, which are lost one by one."""
        self.add_extra(call.extra)
        for path, value in (
            ("tool_choice.", call.tool_choice),
            ("output_format.", call.output_format),
            ("reasoning.", call.reasoning),
        ):
            if value is not None:
                self.add_extra(value.extra, path)

    def _add(self, name: str, why: str) -> None:
        self._names[f"{name}: {why}" if why else name] = None

    def names(self) -> tuple[str, ...]:
        return tuple(self._names)
