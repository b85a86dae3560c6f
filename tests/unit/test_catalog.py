"""What models cost: computed by hand here, and read from the catalogue that ships."""

from datetime import date

import pytest

from openclaw.calls import Usage
from openclaw.catalog.load import load_catalog
from openclaw.catalog.profile import Price, Rate, Tier, cost_nanousd

# $3 a million tokens in, $15 out, $0.30 read from the cache, $3.75 written to it.
RATE = Rate(input=3_000_000, output=15_000_000, cache_read=300_000, cache_write=3_750_000)
AUDIO = Rate(input=2_500_000, output=10_000_000, input_audio=40_000_000, output_audio=80_000_000)

CASES: dict[str, tuple[Usage, Rate, int | None]] = {
    # 1,000 x $3/M + 500 x $15/M = $0.003 + $0.0075
    "plain": (Usage(input_tokens=1000, output_tokens=500), RATE, 10_500_000),
    # 200 x $3/M + 800 x $0.30/M = $0.0006 + $0.00024
    "cached": (Usage(input_tokens=1000, output_tokens=0, cache_read_input_tokens=800), RATE, 840_000),
    # 100 x $3/M + 600 x $0.30/M + 300 x $3.75/M = $0.0003 + $0.00018 + $0.001125
    "cached and written": (
        Usage(input_tokens=1000, output_tokens=0, cache_read_input_tokens=600, cache_write_input_tokens=300),
        RATE,
        1_605_000,
    ),
    # 60 x $2.50/M + 40 x $40/M in; 10 x $10/M + 90 x $80/M out = $0.00015 + $0.0016 + $0.0001 + $0.0072
    "audio": (
        Usage(input_tokens=100, output_tokens=100, input_audio_tokens=40, output_audio_tokens=90),
        AUDIO,
        9_050_000,
    ),
    "audio at the price of text where it has none of its own": (
        Usage(input_tokens=100, output_tokens=0, input_audio_tokens=40),
        RATE,
        300_000,
    ),
    "cached at the full price where there is no other": (
        Usage(input_tokens=100, output_tokens=0, cache_read_input_tokens=40),
        AUDIO,
        250_000,
    ),
    "a part larger than its total counts as the total": (
        Usage(input_tokens=100, output_tokens=0, cache_read_input_tokens=900),
        RATE,
        30_000,
    ),
    "reasoning is output": (Usage(input_tokens=0, output_tokens=10, reasoning_output_tokens=9), RATE, 150_000),
    "nothing": (Usage(input_tokens=0, output_tokens=0), RATE, 0),
    "no input reported": (Usage(output_tokens=5), RATE, None),
    "no output reported": (Usage(input_tokens=5), RATE, None),
}


@pytest.mark.parametrize("case", CASES)
def test_a_reply_costs_what_the_price_list_says(case: str) -> None:
    usage, rate, expected = CASES[case]
    assert cost_nanousd(usage, Price(rate)) == expected


def test_a_part_of_a_nano_dollar_is_rounded_up() -> None:
    rate = Rate(input=1, output=0)
    assert [cost_nanousd(Usage(input_tokens=n, output_tokens=0), Price(rate)) for n in (0, 1, 1000, 1001)] == [
        0,
        1,
        1,
        2,
    ]


@pytest.mark.parametrize(
    ("input_tokens", "rate_per_token"), [(200_000, 1000), (200_001, 2000), (1_000_000, 2000), (1_000_001, 5000)]
)
def test_a_long_input_is_charged_at_its_tier_as_a_whole(input_tokens: int, rate_per_token: int) -> None:
    price = Price(
        Rate(input=1_000_000, output=0),
        (Tier(200_000, Rate(input=2_000_000, output=0)), Tier(1_000_000, Rate(input=5_000_000, output=0))),
    )
    cost = cost_nanousd(Usage(input_tokens=input_tokens, output_tokens=0), price)
    assert cost == input_tokens * rate_per_token


def test_a_tier_changes_the_price_of_the_output_too() -> None:
    price = Price(Rate(input=0, output=1000), (Tier(10, Rate(input=0, output=3000)),))
    assert cost_nanousd(Usage(input_tokens=11, output_tokens=2), price) == 6


def test_only_the_wanted_providers_are_loaded() -> None:
    whole = load_catalog()
    some = load_catalog({"groq", "anthropic", "nobody"})
    assert some.profiles.keys() == {"groq", "anthropic"}
    assert some.profiles["groq"] == whole.profiles["groq"]
    assert load_catalog(()).profiles == {}


def test_a_name_that_begins_like_another_loads_only_its_own() -> None:
    assert load_catalog({"open"}).profiles == {}


def test_the_catalogue_says_of_when_and_from_what_it_is() -> None:
    head = load_catalog(()).head
    assert date.fromisoformat(head.refreshed)
    assert head.sources
    assert head.licence


def test_every_profile_stands_under_its_names_and_is_plausible() -> None:
    for provider, models in load_catalog().profiles.items():
        for identity, profile in models.items():
            where = f"{provider}/{identity}"
            assert (profile.provider, profile.id) == (provider, identity)
            assert profile.released is None or len(profile.released) in (4, 7, 10), where
            assert profile.context_tokens_max is None or profile.context_tokens_max > 0, where
            if profile.price is not None:
                thresholds = [tier.input_tokens_over for tier in profile.price.tiers]
                assert thresholds == sorted(set(thresholds)), where
                rates = [profile.price.rate, *(tier.rate for tier in profile.price.tiers)]
                # A thousand dollars a million tokens: beyond it somebody mistook the unit.
                assert all(0 <= rate.input <= 10**9 and 0 <= rate.output <= 10**9 for rate in rates), where
