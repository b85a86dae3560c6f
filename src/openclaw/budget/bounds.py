"""The most that an attempt can cost: what is reserved before it is made.

A true upper bound, not an estimate: no tokenizer makes more tokens of a text than it has bytes, no call has more input
than its model's context, and no answer is longer than the call allows or the model can make it. What a provider adds
by itself (tools that it runs, a conversation that it remembers) is bounded by the context alone.
"""

from collections.abc import Iterator

from msgspec import Struct

from openclaw.calls import Audio, Call, Document, HostedTool, Image, Opaque, Part, Source, ToolResult, Video
from openclaw.catalog.profile import ModelProfile, Price, dearest_rate, most_nanousd

# For models that the catalogue does not know: more than any had when this was written (10 million tokens of context
# were announced for one, which nobody serves; 128,000 of output for several).
CONTEXT_TOKENS_UNKNOWN = 2_000_000
OUTPUT_TOKENS_UNKNOWN = 128_000

# What vendors put around messages and tools: at most some hundreds of tokens (docs/decisions/0011), and a bit for each.
_FRAME_TOKENS = 2_000
# The dearest count of one image that a vendor documents: GPT-4o mini, 2,833 and 5,667 for each of up to eight tiles.
# https://platform.openai.com/docs/guides/images-vision
_IMAGE_TOKENS = 2_833 + 8 * 5_667


class Bound(Struct, frozen=True):
    """Tokens at most. `output_tokens` is of all answers together."""

    input_tokens: int
    output_tokens: int


class Policy(Struct, frozen=True):
    """What the operator knows better. `tokens_per_byte`: tokens that a byte of text is at most; 1 is true of every
    text, half of it of most. `output_tokens_max`: what is reserved for an answer where the caller sets no bound; one
    that is longer is still booked whole."""

    tokens_per_byte: float = 1.0
    output_tokens_max: int | None = None


def bound_of(call: Call, body_bytes: int, profile: ModelProfile | None, policy: Policy) -> Bound:
    """Of a call whose request body has so many bytes, at a model."""
    context = (profile.context_tokens_max if profile is not None else None) or CONTEXT_TOKENS_UNKNOWN
    return Bound(min(_input(call, body_bytes, context, policy), context), _output(call, profile, policy))


def _input(call: Call, body_bytes: int, context: int, policy: Policy) -> int:
    if any(isinstance(tool, HostedTool) for tool in call.tools) or "previous_response_id" in call.extra:
        return context
    tokens, text_bytes = _FRAME_TOKENS, body_bytes
    for source, is_image in _media(call):
        if source.data is not None:
            text_bytes -= len(source.data)
            tokens += min(_IMAGE_TOKENS, len(source.data)) if is_image else len(source.data)
        elif source.text is None:
            tokens += _IMAGE_TOKENS if is_image else context
    return tokens + int(max(0, text_bytes) * policy.tokens_per_byte)


def _media(call: Call) -> Iterator[tuple[Source, bool]]:
    for content in (call.instructions, *(message.content for message in call.messages)):
        for part in content if isinstance(content, tuple) else ():
            yield from _media_of(part)


def _media_of(part: Part) -> Iterator[tuple[Source, bool]]:
    match part:
        case Image() | Audio() | Video() | Document():
            yield part.source, isinstance(part, Image)
        case ToolResult() if isinstance(part.content, tuple):
            for inner in part.content:
                yield from _media_of(inner)
        case Opaque():
            return  # its bytes are counted as text


def _output(call: Call, profile: ModelProfile | None, policy: Policy) -> int:
    answers = call.n if isinstance(call.n, int) and call.n > 0 else 1
    if isinstance(call.max_output_tokens, int):
        return max(0, call.max_output_tokens) * answers
    tokens = (profile.output_tokens_max if profile is not None else None) or OUTPUT_TOKENS_UNKNOWN
    return min(tokens, policy.output_tokens_max or tokens) * answers


def cost_bound_nanousd(bound: Bound, price: Price) -> int:
    """What so many tokens cost at most, rounded up: every token at the dearest rate that it may have."""
    return most_nanousd(bound.input_tokens, bound.output_tokens, dearest_rate(price, bound.input_tokens))


# What is booked for an attempt whose provider told no usage. A token of English is about four bytes, with what JSON
# puts around it three; the fastest services write some hundreds of tokens a second, most below a hundred.
_BYTES_PER_INPUT_TOKEN = 3
_BYTES_PER_OUTPUT_TOKEN = 4
_OUTPUT_TOKENS_PER_S = 200


def estimated(bound: Bound, body_bytes: int, received_bytes: int, waited_s: float) -> Bound:
    """What an attempt has used that ended without usage: a stream by the bytes that came (more than its text, so more
    than it had), an answer that did not come by the time it was waited for. Never more than was reserved."""
    written = received_bytes // _BYTES_PER_OUTPUT_TOKEN if received_bytes else int(waited_s * _OUTPUT_TOKENS_PER_S)
    return Bound(min(bound.input_tokens, body_bytes // _BYTES_PER_INPUT_TOKEN + 1), min(bound.output_tokens, written))
