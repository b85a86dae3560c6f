"""How many input tokens a call has, without a tokenizer: pieces of text times rates, and what vendors put around it.

Rates and frames differ by family of models (`token_rates.py`); where the numbers are from, and how far off they are:
docs/decisions/0011-counting-tokens.md.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from openclaw.calls import (
    Audio,
    Call,
    Document,
    Image,
    Message,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)
from openclaw.catalog.media_tokens import Media, document_text, document_tokens, image_tokens, sound_tokens
from openclaw.catalog.token_rates import rates_of
from openclaw.catalog.token_text import text_tokens
from openclaw.catalog.tool_text import hosted_tokens, json_text, schema_text, typescript_text

_WRITTEN = {"json": json_text, "typescript": typescript_text}
_FORCED = ("required", "named")
# The shortest that were recorded added nothing to a count.
_ENCRYPTED_OVERHEAD_CHARS = 900
_SIGNATURE_OVERHEAD_CHARS = 180


def estimate_input_tokens(call: Call, model: str) -> int:
    """The input tokens of a call for a model, in the provider's name for it; at least 1.

    A millisecond for 10 KB of text or so. What is not in the call cannot be counted: what a provider remembers of a
    conversation, files that it holds, and what tools that it runs itself find. Such tools count by their definition.
    """
    rates = rates_of(model)
    frame = frame_of(call)
    total: float = sum(count * getattr(rates, kind) for kind, count in frame.items())
    total += text_tokens(texts_of(call), rates.text)
    total += rates.argument * text_tokens(arguments_of(call), rates.text)
    total += rates.thought * text_tokens(thoughts_of(call), rates.text)
    total += rates.definition * text_tokens(definitions_of(call, rates.tools_as), rates.text)
    total += rates.schema * text_tokens(schemas_of(call), rates.text)
    total += sum(hosted_tokens(tool) or 0 for tool in call.tools)
    total += sum(_media_tokens(part, rates.media) for part in parts_of(call))
    return max(1, round(total))


def frame_of(call: Call) -> Counter[str]:
    """How often each of the costs that `Rates` has by these names occurs."""
    forced = call.tool_choice is not None and call.tool_choice.mode in _FORCED
    parts = list(parts_of(call))
    schema = next(schemas_of(call), None)
    return Counter(
        base=1,
        message=len(call.messages),
        instructions=int(bool(call.instructions)),
        assistant=sum(message.role == "assistant" for message in call.messages),
        thinking=int(_thinks(call)),
        tools=int(bool(call.tools) and not forced),
        tools_forced=int(bool(call.tools) and forced),
        tools_chat=int(bool(call.tools) and call.dialect == "chat"),
        tool=len(call.tools),
        call=sum(isinstance(part, ToolCall) for part in parts),
        result=sum(isinstance(part, ToolResult) for part in parts),
        output_schema=int(schema is not None),
        hidden=_hidden_chars(call),
        signature=sum(map(_signature_chars, parts)),
    )


def _thinks(call: Call) -> bool:
    control = call.reasoning
    return control is not None and (
        control.adaptive
        or bool(control.enabled)
        or (isinstance(control.budget_tokens, int) and control.budget_tokens > 0)
    )


def _hidden_chars(call: Call) -> int:
    """Of the encrypted thoughts since the user last spoke, beyond what is there without a thought. Older ones are
    dropped: https://platform.openai.com/docs/guides/reasoning"""
    chars = 0
    for message in reversed(call.messages):
        if _speaks(message):
            break
        for part in message.content if isinstance(message.content, tuple) else ():
            if isinstance(part, Reasoning) and part.encrypted is not None:
                chars += max(0, len(part.encrypted) - _ENCRYPTED_OVERHEAD_CHARS)
    return chars


def _signature_chars(part: Part) -> int:
    signature = part.signature if isinstance(part, ToolCall | Text | Reasoning) else None
    return max(0, len(signature or "") - _SIGNATURE_OVERHEAD_CHARS)


def _speaks(message: Message) -> bool:
    return message.role == "user" and (
        isinstance(message.content, str) or any(not isinstance(part, ToolResult) for part in message.content or ())
    )


def parts_of(call: Call) -> Iterator[Part]:
    """All parts of the call, those of tool results among them."""
    for content in _contents(call):
        for part in content if isinstance(content, tuple) else ():
            yield part
            if isinstance(part, ToolResult) and isinstance(part.content, tuple):
                yield from part.content


def _contents(call: Call) -> Iterator[str | tuple[Part, ...] | None]:
    yield call.instructions
    for message in call.messages:
        yield message.content


def texts_of(call: Call) -> Iterator[str]:
    yield from (content for content in _contents(call) if isinstance(content, str))
    for part in parts_of(call):
        match part:
            case Text() | Refusal():
                yield part.text
            case ToolResult() if isinstance(part.content, str):
                yield part.content
            case Document():
                yield part.title or ""
                yield document_text(part) or ""


def arguments_of(call: Call) -> Iterator[str]:
    for part in parts_of(call):
        if isinstance(part, ToolCall):
            yield part.name
            yield part.arguments


def thoughts_of(call: Call) -> Iterator[str]:
    return (part.text for part in parts_of(call) if isinstance(part, Reasoning))


def definitions_of(call: Call, written: str) -> Iterable[str]:
    return (_WRITTEN[written](tool) for tool in call.tools if hosted_tokens(tool) is None)


def schemas_of(call: Call) -> Iterator[str]:
    """The schema of the answer, where there is one."""
    if call.output_format is not None and isinstance(call.output_format.schema, dict):
        yield schema_text(call.output_format.schema)


def _media_tokens(part: Part, media: Media) -> int:
    match part:
        case Image():
            return image_tokens(part, media)
        case Document() if document_text(part) is None:
            return document_tokens(part, media)
        case Audio() | Video():
            return sound_tokens(part, media)
    return 0
