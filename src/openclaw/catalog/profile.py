"""What a model can do and what it costs."""

import math
from decimal import Decimal

from msgspec import Struct

from openclaw.calls import Usage

PICO_PER_NANO = 1000
NANO_PER_USD = 1_000_000_000


class Rate(Struct, frozen=True):
    """Pico-dollars (10⁻¹² USD) per token. A price list quotes USD per million tokens: $0.15/M is 150,000."""

    input: int
    output: int
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    input_audio: int | None = None
    output_audio: int | None = None


class Tier(Struct, frozen=True):
    """The rate for a whole call whose input is longer than `input_tokens_over`."""

    input_tokens_over: int
    rate: Rate


class Price(Struct, frozen=True):
    """A model's price; `tiers` in ascending order replace the base rate for long inputs."""

    rate: Rate
    tiers: tuple[Tier, ...] = ()


class ModelProfile(Struct, frozen=True, kw_only=True):
    """Facts about one model at one provider. None means that nobody told, which is not "no".

    Limits are in tokens; `released` is an ISO date; modalities are `text`, `image`, `audio`, `video`, `pdf`.
    """

    provider: str
    id: str
    name: str | None = None
    family: str | None = None
    released: str | None = None
    context_tokens_max: int | None = None
    output_tokens_max: int | None = None
    input_modalities: tuple[str, ...] = ()
    output_modalities: tuple[str, ...] = ()
    tool_call: bool | None = None
    structured_output: bool | None = None
    reasoning: bool | None = None
    temperature: bool | None = None
    attachment: bool | None = None
    open_weights: bool | None = None
    price: Price | None = None


def cost_nanousd(usage: Usage, price: Price) -> int | None:
    """What a reply cost, in nano-dollars, rounded up; None when the provider did not report both totals.

    Cached and audio tokens are parts of the totals and are charged once, at their own rate where there is one; thoughts
    are output, and charged as that.
    """
    pico = _costs_pico(usage, price)
    return None if pico is None else -(-sum(pico) // PICO_PER_NANO)


def costs_nanousd(usage: Usage, price: Price) -> tuple[int, int] | None:
    """The same for input and output; their sum is the cost."""
    pico = _costs_pico(usage, price)
    if pico is None:
        return None
    whole = -(-sum(pico) // PICO_PER_NANO)
    output = pico[1] // PICO_PER_NANO
    return whole - output, output


def _costs_pico(usage: Usage, price: Price) -> tuple[int, int] | None:
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    rate = _rate_for(price, usage.input_tokens)
    parts = (
        (usage.cache_read_input_tokens, rate.cache_read),
        (usage.cache_write_1h_input_tokens, rate.cache_write_1h),
        (_short_writes(usage, rate), rate.cache_write),
        (usage.input_audio_tokens, rate.input_audio),
    )
    output = _charge(usage.output_tokens, rate.output, ((usage.output_audio_tokens, rate.output_audio),))
    return _charge(usage.input_tokens, rate.input, parts), output


def told_cost_nanousd(usage: Usage) -> int | None:
    """OpenRouter's own word for what it takes, in `usage.cost` (US dollars); None where there is none."""
    cost = usage.native.get("cost")
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 <= cost < 1e9:
        return None
    return math.ceil(Decimal(str(cost)) * NANO_PER_USD)


def _short_writes(usage: Usage, rate: Rate) -> int | None:
    """The writes that are not charged as an hour's already."""
    if usage.cache_write_input_tokens is None or rate.cache_write_1h is None:
        return usage.cache_write_input_tokens
    return max(0, usage.cache_write_input_tokens - (usage.cache_write_1h_input_tokens or 0))


def dearest_rate(price: Price, input_tokens: int) -> Rate:
    """Input and output at the highest that any token of a call with so much input, or less, may cost."""
    dearest = _dearest(price.rate)
    for tier in price.tiers:
        if input_tokens > tier.input_tokens_over:
            of_tier = _dearest(tier.rate)
            dearest = Rate(max(dearest.input, of_tier.input), max(dearest.output, of_tier.output))
    return dearest


def _dearest(rate: Rate) -> Rate:
    cached = max(rate.cache_read or 0, rate.cache_write or 0, rate.cache_write_1h or 0)
    return Rate(max(rate.input, cached, rate.input_audio or 0), max(rate.output, rate.output_audio or 0))


def most_nanousd(input_tokens: int, output_tokens: int, rate: Rate) -> int:
    """All of it at the plain rates, rounded up."""
    return -(-(input_tokens * rate.input + output_tokens * rate.output) // PICO_PER_NANO)


def _rate_for(price: Price, input_tokens: int) -> Rate:
    rate = price.rate
    for tier in price.tiers:
        if input_tokens > tier.input_tokens_over:
            rate = tier.rate
    return rate


def _charge(total: int, rate: int, parts: tuple[tuple[int | None, int | None], ...]) -> int:
    pico, rest = 0, total
    for tokens, part_rate in parts:
        if tokens and part_rate is not None:
            tokens = min(tokens, rest)  # a part larger than its total is the provider's slip, not the caller's debt
            pico += tokens * part_rate
            rest -= tokens
    return pico + rest * rate
