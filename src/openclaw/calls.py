"""The one inner form: what every dialect decodes to and encodes from.

A `Call` is a model request, a `Reply` its answer, an `Event` one piece of a streamed answer and a `Failure`
an answer that is an error. All are frozen values; nothing here does I/O or knows a dialect by name.

Four conventions hold throughout:

- *Absent, null and a value are three things.* A field of type `Maybe[T]` is `UNSET` when the caller left it
  out, `None` when the caller wrote null, else the value.
- *Nothing is lost.* What the inner form does not model stays in `extra` (fields) or in an `Opaque` part
  (whole parts), in the words of the dialect named by `dialect`. Only that dialect writes it back; every other
  one lists it as degraded.
- *Spelling is kept.* Where a dialect has two spellings of one meaning (a string or a list with one text
  part), `spelling` holds the note its decoder wrote to its own encoder. No other code reads it.
- *Names are OpenTelemetry GenAI's* where it has one (`input_tokens`, `finish_reason`, ...).
"""

from typing import Any, Literal, TypeAlias, TypeVar

from msgspec import UNSET, Struct, UnsetType

T = TypeVar("T")
Maybe: TypeAlias = T | UnsetType | None
"""A request field that may be absent (`UNSET`), null (`None`) or given."""

JsonObject: TypeAlias = dict[str, Any]
"""A decoded JSON object that travels through without being understood."""

Role: TypeAlias = Literal["system", "developer", "user", "assistant", "tool"]
DialectName: TypeAlias = Literal["chat", "responses", "messages", "gemini", "converse", "ollama", "completions"]


# --- parts of a message -------------------------------------------------------------------------------------


class CacheMark(Struct, frozen=True):
    """A prompt-cache breakpoint: the prefix up to and including its owner may be cached.

    `ttl` is the provider's own word (`"5m"`, `"1h"`); None means the provider's default.
    """

    ttl: str | None = None
    extra: JsonObject = {}


class Source(Struct, frozen=True):
    """Where the bytes of a medium are: exactly one of `data`, `url`, `file_id` and `text` is set.

    `data` is base64 as received (never decoded here); `media_type` is an IANA media type when known.
    """

    data: str | None = None
    url: str | None = None
    file_id: str | None = None
    text: str | None = None
    media_type: str | None = None


class Citation(Struct, frozen=True):
    """A span of the answer and what supports it. `native` is the dialect's own object, whole."""

    dialect: str
    native: JsonObject
    url: str | None = None
    title: str | None = None
    cited_text: str | None = None
    start_index: int | None = None
    end_index: int | None = None


class Text(Struct, frozen=True, tag="text"):
    text: str
    citations: tuple[Citation, ...] = ()
    cache: CacheMark | None = None
    signature: str | None = None
    """Gemini's thought signature where it hangs on a text part; opaque, bound to the provider that made it."""
    extra: JsonObject = {}
    spelling: tuple[str, ...] = ()


class Image(Struct, frozen=True, tag="image"):
    source: Source
    detail: str | None = None
    cache: CacheMark | None = None
    extra: JsonObject = {}
    spelling: tuple[str, ...] = ()


class Audio(Struct, frozen=True, tag="audio"):
    """`format` is OpenAI's short name (`wav`, `mp3`); `transcript` accompanies audio that a model spoke."""

    source: Source
    format: str | None = None
    id: str | None = None
    transcript: str | None = None
    cache: CacheMark | None = None
    extra: JsonObject = {}
    spelling: tuple[str, ...] = ()


class Video(Struct, frozen=True, tag="video"):
    source: Source
    cache: CacheMark | None = None
    extra: JsonObject = {}
    spelling: tuple[str, ...] = ()


class Document(Struct, frozen=True, tag="document"):
    """A PDF or text document. `context` and `citations` (enabled or not) are Anthropic's and Bedrock's."""

    source: Source
    title: str | None = None
    context: str | None = None
    citations: bool | None = None
    cache: CacheMark | None = None
    extra: JsonObject = {}
    spelling: tuple[str, ...] = ()


class Reasoning(Struct, frozen=True, tag="reasoning"):
    """What the model thought before it answered.

    `text` is the readable thought or its summary ("" when hidden). `signature` and `encrypted` are opaque state
    that only the provider which made them accepts; `dialect` says whose words they are, so that another
    dialect's encoder leaves them out.
    """

    text: str = ""
    signature: str | None = None
    encrypted: str | None = None
    id: str | None = None
    dialect: str = ""
    cache: CacheMark | None = None
    extra: JsonObject = {}
    spelling: tuple[str, ...] = ()


class ToolCall(Struct, frozen=True, tag="tool_call"):
    """The model asks for a tool. `arguments` is JSON text (for `custom` tools: free text) exactly as the model
    wrote it, which may be malformed. `namespace` is the group of tools that `name` is in, where the caller has some."""

    id: str
    name: str
    arguments: str
    kind: Literal["function", "custom"] = "function"
    namespace: str | None = None
    signature: str | None = None
    cache: CacheMark | None = None
    extra: JsonObject = {}
    spelling: tuple[str, ...] = ()


class ToolResult(Struct, frozen=True, tag="tool_result"):
    """What the tool answered. `name` is the tool's name where the dialect carries it (Gemini, Ollama)."""

    call_id: str
    content: "str | tuple[Part, ...] | None"
    name: str | None = None
    is_error: bool | None = None
    cache: CacheMark | None = None
    extra: JsonObject = {}
    spelling: tuple[str, ...] = ()


class Refusal(Struct, frozen=True, tag="refusal"):
    text: str
    extra: JsonObject = {}
    spelling: tuple[str, ...] = ()


class Opaque(Struct, frozen=True, tag="opaque"):
    """A part that only `dialect` understands (provider-run tools, compaction, ...), as received.

    Encoders of other dialects leave it out and say so.
    """

    dialect: str
    native: JsonObject
    kind: str = ""
    cache: CacheMark | None = None


Part: TypeAlias = Text | Image | Audio | Video | Document | Reasoning | ToolCall | ToolResult | Refusal | Opaque


class Message(Struct, frozen=True):
    """One turn. `content` is a string where the caller wrote a string.

    Tool calls are parts of an assistant message; tool results are `ToolResult` parts of a message whose role
    is `tool` (dialects with a tool role) or `user` (dialects without). Encoders accept both.
    """

    role: Role
    content: str | tuple[Part, ...] | None
    name: str | None = None
    extra: JsonObject = {}
    spelling: tuple[str, ...] = ()


# --- tools and controls -------------------------------------------------------------------------------------


class FunctionTool(Struct, frozen=True, tag="function"):
    """`parameters` is a JSON Schema object; `strict` asks the provider to enforce it."""

    name: str
    description: Maybe[str] = UNSET
    parameters: Maybe[JsonObject] = UNSET
    strict: Maybe[bool] = UNSET
    cache: CacheMark | None = None
    extra: JsonObject = {}
    spelling: tuple[str, ...] = ()


class CustomTool(Struct, frozen=True, tag="custom"):
    """A tool whose input is free text, optionally bound by a grammar (`format`, OpenAI's object)."""

    name: str
    description: Maybe[str] = UNSET
    format: Maybe[JsonObject] = UNSET
    extra: JsonObject = {}
    spelling: tuple[str, ...] = ()


class HostedTool(Struct, frozen=True, tag="hosted"):
    """A tool that the provider runs itself (web search, code execution, MCP, ...), as received.

    `kind` is the dialect's own type name. Encoders of other dialects leave it out and say so.
    """

    dialect: str
    kind: str
    native: JsonObject
    cache: CacheMark | None = None


Tool: TypeAlias = FunctionTool | CustomTool | HostedTool


class ToolChoice(Struct, frozen=True):
    """`named` forces the one tool `name`; `allowed` restricts to `names` (with `required` or not);
    `native` is a choice that only the dialect that decoded it understands."""

    mode: Literal["auto", "none", "required", "named", "allowed", "native"]
    name: str | None = None
    names: tuple[str, ...] = ()
    required: bool = False
    native: Any = None
    extra: JsonObject = {}
    spelling: tuple[str, ...] = ()


class OutputFormat(Struct, frozen=True):
    """What the answer's text must be: free `text`, any `json`, or JSON that fits `schema`."""

    kind: Literal["text", "json", "schema"]
    schema: Maybe[JsonObject] = UNSET
    name: Maybe[str] = UNSET
    description: Maybe[str] = UNSET
    strict: Maybe[bool] = UNSET
    extra: JsonObject = {}
    spelling: tuple[str, ...] = ()


class ReasoningControl(Struct, frozen=True):
    """How much the model may think. Every field is optional; a dialect maps what it can.

    `effort` is OpenAI's word (`none`, `minimal`, `low`, `medium`, `high`, `xhigh`, `max`); `budget_tokens` bounds
    thinking tokens; `enabled` is an explicit on or off; `adaptive` leaves the amount to the model;
    `include` says whether the thoughts are shown, `summary` in what form (`auto`, `concise`, `detailed`).
    """

    effort: Maybe[str] = UNSET
    budget_tokens: Maybe[int] = UNSET
    enabled: bool | None = None
    adaptive: bool = False
    include: Maybe[bool] = UNSET
    summary: Maybe[str] = UNSET
    extra: JsonObject = {}
    spelling: tuple[str, ...] = ()


class Call(Struct, frozen=True, kw_only=True):
    """A request for one model turn, whatever dialect it came in.

    `instructions` is the system prompt where the dialect has a field for it; system messages that stand in
    the conversation stay in `messages`. `model` is the name the caller asked for.
    """

    dialect: DialectName
    model: str
    messages: tuple[Message, ...]
    instructions: str | tuple[Part, ...] | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: Maybe[bool] = UNSET
    output_format: OutputFormat | None = None
    reasoning: ReasoningControl | None = None
    max_output_tokens: Maybe[int] = UNSET
    temperature: Maybe[float] = UNSET
    top_p: Maybe[float] = UNSET
    top_k: Maybe[int] = UNSET
    frequency_penalty: Maybe[float] = UNSET
    presence_penalty: Maybe[float] = UNSET
    seed: Maybe[int] = UNSET
    stop: Maybe[tuple[str, ...]] = UNSET
    n: Maybe[int] = UNSET
    logprobs: Maybe[bool] = UNSET
    top_logprobs: Maybe[int] = UNSET
    logit_bias: Maybe[JsonObject] = UNSET
    modalities: Maybe[tuple[str, ...]] = UNSET
    user: Maybe[str] = UNSET
    metadata: Maybe[JsonObject] = UNSET
    service_tier: Maybe[str] = UNSET
    prompt_cache_key: Maybe[str] = UNSET
    store: Maybe[bool] = UNSET
    stream: Maybe[bool] = UNSET
    include_usage: bool = False
    """Whether the caller asked for usage in the stream (Chat's `stream_options`; other dialects always send it)."""
    extra: JsonObject = {}
    spelling: tuple[str, ...] = ()


# --- the answer ---------------------------------------------------------------------------------------------

FinishReason: TypeAlias = Literal[
    "stop",
    "stop_sequence",
    "length",
    "tool_calls",
    "content_filter",
    "refusal",
    "pause",
    "context_length",
    "error",
    "unknown",
]
"""Why the model stopped. `stop_sequence`: one of the caller's strings; `pause`: the provider wants the turn sent
back to go on; `unknown`: a reason this version does not know, kept in `native_finish_reason`."""


class Usage(Struct, frozen=True):
    """Tokens of one reply, in buckets that never overlap twice: `input_tokens` and `output_tokens` are totals.

    `cache_read_input_tokens` and `cache_write_input_tokens` are parts of `input_tokens` (dialects that count them
    beside it, as Anthropic does, are added up on decoding); `cache_write_1h_input_tokens` is the part of the
    writes with a one-hour life; `reasoning_output_tokens` is part of `output_tokens`. None means the provider
    did not say, which is not the same as 0. `native` is the provider's own usage object, whole.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    cache_write_1h_input_tokens: int | None = None
    reasoning_output_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    total_tokens: int | None = None
    """As the provider reports it; None when it does not."""
    native: JsonObject = {}


class Choice(Struct, frozen=True):
    """One answer. `logprobs` is in OpenAI Chat's shape (`{"content": [...]}`), whatever the provider."""

    index: int
    content: tuple[Part, ...]
    finish_reason: FinishReason | None = None
    native_finish_reason: str | None = None
    stop_sequence: str | None = None
    logprobs: JsonObject | None = None
    extra: JsonObject = {}
    spelling: tuple[str, ...] = ()


class Reply(Struct, frozen=True, kw_only=True):
    """A complete answer. `model` is the one that answered, in the provider's words; `created` is Unix seconds."""

    dialect: DialectName
    id: str
    model: str
    choices: tuple[Choice, ...]
    usage: Usage | None = None
    created: int | None = None
    service_tier: str | None = None
    extra: JsonObject = {}
    spelling: tuple[str, ...] = ()


# --- the streamed answer ------------------------------------------------------------------------------------
#
# Grammar of a stream, per choice (parts of one choice may overlap, e.g. parallel tool calls):
#
#   ReplyStarted  ( PartStarted  delta*  PartEnded )*  ChoiceFinished  UsageReported?  ReplyEnded
#
# `index` numbers the parts of a choice from 0. UsageReported may come at any time, and more than once: the last
# one counts. StreamFailed may replace the rest at any point. An OpaqueEvent may stand anywhere.


class ReplyStarted(Struct, frozen=True, tag="reply_started"):
    """`dialect` says whose words `extra`, native finish reasons and native usage are ("" when nobody said)."""

    id: str
    model: str
    created: int | None = None
    service_tier: str | None = None
    extra: JsonObject = {}
    dialect: str = ""


class PartStarted(Struct, frozen=True, tag="part_started"):
    """`part` is the part as far as it is known: an empty `Text`, a `ToolCall` with id and name, ..."""

    choice: int
    index: int
    part: Part


class TextDelta(Struct, frozen=True, tag="text_delta"):
    """More text for the `Text`, `Reasoning` or `Refusal` part that was started at `index`."""

    choice: int
    index: int
    text: str


class ArgumentsDelta(Struct, frozen=True, tag="arguments_delta"):
    """More JSON text (or free text) for the `ToolCall` part at `index`."""

    choice: int
    index: int
    arguments: str


class SignatureDelta(Struct, frozen=True, tag="signature_delta"):
    """Opaque state for the part at `index`; `encrypted` tells which of the two fields of `Reasoning` it is."""

    choice: int
    index: int
    signature: str
    encrypted: bool = False


class CitationDelta(Struct, frozen=True, tag="citation_delta"):
    choice: int
    index: int
    citation: Citation


class LogprobsDelta(Struct, frozen=True, tag="logprobs_delta"):
    """Log probabilities of the tokens just sent, in OpenAI Chat's shape."""

    choice: int
    logprobs: JsonObject


class PartEnded(Struct, frozen=True, tag="part_ended"):
    """The part is whole. `extra` holds fields learned only at its end."""

    choice: int
    index: int
    extra: JsonObject = {}


class ChoiceFinished(Struct, frozen=True, tag="choice_finished"):
    choice: int
    finish_reason: FinishReason
    native_finish_reason: str | None = None
    stop_sequence: str | None = None
    extra: JsonObject = {}


class UsageReported(Struct, frozen=True, tag="usage_reported"):
    usage: Usage


class OpaqueEvent(Struct, frozen=True, tag="opaque_event"):
    """An event that only `dialect` understands (`ping`, progress of a provider-run tool), as received."""

    dialect: str
    native: JsonObject


class ReplyEnded(Struct, frozen=True, tag="reply_ended"):
    """The provider said that the stream is complete. A stream without it was cut."""


FailureKind: TypeAlias = Literal[
    "bad_request",
    "authentication",
    "permission",
    "not_found",
    "context_length",
    "too_large",
    "unsupported",
    "content_filter",
    "rate_limit",
    "quota",
    "budget",
    "overloaded",
    "server",
    "timeout",
    "network",
    "malformed",
    "truncated",
    "cancelled",
    "unknown",
]
"""Why a call failed, decided by status and vendor code, never by searching the text. `quota` is money or a plan's
allowance at a provider, `budget` what this gateway's operator allows; `rate_limit` passes with time; `network` never
reached the provider; `malformed` and `truncated` are answers that break their own dialect or stop in the middle;
`cancelled` is a caller who left."""


NO_CODE = ""


class Failure(Struct, frozen=True, kw_only=True):
    """An error, in no dialect's words. `message` is safe to show to a caller.

    `status` is the HTTP status it came with (None inside a stream or without an answer), `code` and `type` the
    vendor's own words (`NO_CODE` where there is none although the kind has one), `param` the field at fault in the
    caller's path notation, `retry_after_s` seconds to wait when told. `native` is the vendor's error object, whole.
    """

    kind: FailureKind
    message: str
    status: int | None = None
    code: str | None = None
    type: str | None = None
    param: str | None = None
    retry_after_s: float | None = None
    native: JsonObject = {}


class StreamFailed(Struct, frozen=True, tag="stream_failed"):
    failure: Failure


Event: TypeAlias = (
    ReplyStarted
    | PartStarted
    | TextDelta
    | ArgumentsDelta
    | SignatureDelta
    | CitationDelta
    | LogprobsDelta
    | PartEnded
    | ChoiceFinished
    | UsageReported
    | OpaqueEvent
    | ReplyEnded
    | StreamFailed
)


# --- embeddings ---------------------------------------------------------------------------------------------


EmbeddingsInput: TypeAlias = str | tuple[int, ...] | tuple[Part, ...]


class EmbeddingsCall(Struct, frozen=True, kw_only=True):
    """A request for vectors. `inputs` are texts or, where the caller tokenized them, tuples of token ids, or (only
    Google takes those) tuples of parts that have one vector together.

    `task` is the provider's word for the purpose (`search_document`, `RETRIEVAL_QUERY`, ...). `dialect` is the wire
    form that it was decoded from, whose words `extra` and `spelling` are.
    """

    model: str
    inputs: "tuple[EmbeddingsInput, ...]"
    dialect: str = ""
    dimensions: Maybe[int] = UNSET
    encoding_format: Maybe[str] = UNSET
    task: Maybe[str] = UNSET
    user: Maybe[str] = UNSET
    extra: JsonObject = {}
    spelling: tuple[str, ...] = ()


class EmbeddingsReply(Struct, frozen=True, kw_only=True):
    """Vectors in the order of the inputs: lists of floats, or base64 of little-endian float32 as received. `dialect`
    is the wire form whose words `extra` is."""

    model: str
    vectors: tuple[list[float] | str, ...]
    dialect: str = ""
    usage: Usage | None = None
    id: str | None = None
    extra: JsonObject = {}
