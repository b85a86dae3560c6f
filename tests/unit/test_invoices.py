"""Costs computed by hand from the vendors' price pages: each line's arithmetic stands beside it, in dollars a million.

Rates are those of the catalogue that ships, so a wrong one fails here too. Pages:
Anthropic https://docs.anthropic.com/en/docs/about-claude/pricing (writes 1.25 x, for an hour 2 x, reads
0.1 x), OpenAI https://platform.openai.com/docs/pricing, Google https://ai.google.dev/gemini-api/docs/pricing (two rates
by the length of the prompt).
"""

import pytest

from openclaw.calls import Usage
from openclaw.catalog.load import load_catalog
from openclaw.catalog.profile import Price, cost_nanousd, costs_nanousd, told_cost_nanousd

CATALOG = load_catalog({"openai", "anthropic", "google"}).profiles


def price_of(provider: str, model: str) -> Price:
    price = CATALOG[provider][model].price
    assert price is not None
    return price


@pytest.mark.parametrize(
    ("provider", "model", "usage", "nanousd"),
    [
        # 1,000 x $3 + 200 x $15
        ("anthropic", "claude-sonnet-4-5", Usage(input_tokens=1000, output_tokens=200), 6_000_000),
        # 100 x $3 + 900 read x $0.30 + 200 x $15
        (
            "anthropic",
            "claude-sonnet-4-5",
            Usage(input_tokens=1000, cache_read_input_tokens=900, output_tokens=200),
            300_000 + 270_000 + 3_000_000,
        ),
        # 100 x $3 + 500 written for five minutes x $3.75 + 400 written for an hour x $6 + 200 x $15
        (
            "anthropic",
            "claude-sonnet-4-5",
            Usage(
                input_tokens=1000,
                cache_write_input_tokens=900,
                cache_write_1h_input_tokens=400,
                output_tokens=200,
            ),
            300_000 + 1_875_000 + 2_400_000 + 3_000_000,
        ),
        # Over 200,000 input tokens all of them cost $6 and the output $22.50.
        (
            "anthropic",
            "claude-sonnet-4-5",
            Usage(input_tokens=200_001, output_tokens=1000),
            200_001 * 6_000 + 1000 * 22_500,
        ),
        # Thoughts are output: 1,000 x $1.25 + 5,000 x $10, 4,000 of which nobody saw.
        (
            "openai",
            "gpt-5.1",
            Usage(input_tokens=1000, output_tokens=5000, reasoning_output_tokens=4000),
            1_250_000 + 50_000_000,
        ),
        # 1,024 of 2,000 were in the cache: 976 x $1.25 + 1,024 x $0.125 + 100 x $10
        (
            "openai",
            "gpt-5.1",
            Usage(input_tokens=2000, cache_read_input_tokens=1024, output_tokens=100),
            1_220_000 + 128_000 + 1_000_000,
        ),
        # 1,000 text x $0.30 + 500 sound x $1, 400 x $2.50
        (
            "google",
            "gemini-2.5-flash",
            Usage(input_tokens=1500, input_audio_tokens=500, output_tokens=400),
            300_000 + 500_000 + 1_000_000,
        ),
        # Up to 200,000 input tokens $1.25 and $10, beyond them $2.50 and $15.
        ("google", "gemini-2.5-pro", Usage(input_tokens=200_000, output_tokens=10), 250_000_000 + 100_000),
        ("google", "gemini-2.5-pro", Usage(input_tokens=200_001, output_tokens=10), 500_002_500 + 150_000),
        # A tenth of a millionth of a cent is rounded up, never away: 1 token x $0.05 a million is 50 nano-dollars.
        ("openai", "gpt-5-nano", Usage(input_tokens=1, output_tokens=0), 50),
    ],
)
def test_a_call_costs_what_the_vendors_page_says(provider: str, model: str, usage: Usage, nanousd: int) -> None:
    price = price_of(provider, model)
    assert cost_nanousd(usage, price) == nanousd
    costs = costs_nanousd(usage, price)
    assert costs is not None
    assert sum(costs) == nanousd


@pytest.mark.parametrize("usage", [Usage(), Usage(input_tokens=5), Usage(output_tokens=5)])
def test_usage_that_is_not_whole_has_no_cost(usage: Usage) -> None:
    assert cost_nanousd(usage, price_of("openai", "gpt-5.1")) is None


@pytest.mark.parametrize(
    ("told", "nanousd"),
    [
        (0.00014, 140_000),
        (1e-10, 1),
        (0, 0),
        ("0.1", None),
        (None, None),
        (-1, None),
        (True, None),
        (float("nan"), None),
    ],
)
def test_openrouters_own_word_for_the_cost_is_taken_exactly(told: object, nanousd: int | None) -> None:
    assert told_cost_nanousd(Usage(native={"cost": told})) == nanousd
