"""The tokens of every recorded answer add up, plain and streamed: no part is larger than its whole, totals are sums."""

from collections import Counter
from collections.abc import Iterator

import pytest

from openclaw.calls import StreamFailed, Usage, UsageReported
from openclaw.dialects.codec import Codec
from tests.golden.suite import stream_events
from tests.golden.test_across import CODECS, recorded, replies
from tests.golden.wire import needs_recordings

pytestmark = needs_recordings

# Totals that are not the sum of what stands beside them: written by hand into a recording, by their look.
EXCEPTIONS = {
    "85a355bcc0d14679": "17 and 492 tokens are 61 in all",
    "cc78a1c78abde249": "the same with thoughts",
    "664c88d342a49fad": "the total is the output's",
    "29ce3813a8cd92f3": "the same",
    "2934f8ca7a840744": "the same",
}


def usages(codec: Codec) -> Iterator[tuple[str, Usage]]:
    for exchange in recorded(codec.name):
        if exchange.stream:
            events = stream_events(codec, exchange.response_bytes)
            told = [event.usage for event in events if isinstance(event, UsageReported)]
            if told and not any(isinstance(event, StreamFailed) for event in events):
                yield exchange.id, told[-1]
    for identity, reply in replies(codec.name):
        if reply.usage is not None:
            yield identity, reply.usage


def faults_of(usage: Usage) -> Iterator[str]:
    numbers = {name: getattr(usage, name) for name in usage.__struct_fields__ if name.endswith("_tokens")}
    yield from (f"{name} is {value}" for name, value in numbers.items() if value is not None and value < 0)
    cached = (usage.cache_read_input_tokens or 0) + (usage.cache_write_input_tokens or 0)
    if usage.input_tokens is not None and cached > usage.input_tokens:
        yield f"{cached} read from and written to a cache of {usage.input_tokens} input tokens"
    if (usage.cache_write_1h_input_tokens or 0) > (usage.cache_write_input_tokens or 0):
        yield "more written for an hour than at all"
    if usage.output_tokens is not None and (usage.reasoning_output_tokens or 0) > usage.output_tokens:
        yield f"{usage.reasoning_output_tokens} of {usage.output_tokens} output tokens are thoughts"
    sides = usage.input_tokens, usage.output_tokens
    if usage.total_tokens is not None and None not in sides and usage.total_tokens != sum(filter(None, sides)):
        yield f"{usage.input_tokens} + {usage.output_tokens} is not {usage.total_tokens}"


@pytest.mark.parametrize("name", sorted(CODECS))
def test_the_tokens_of_every_recorded_answer_add_up(name: str) -> None:
    seen: Counter[str] = Counter()
    wrong: list[str] = []
    for identity, usage in usages(CODECS[name]):
        seen["answers"] += 1
        seen["whole"] += usage.input_tokens is not None and usage.output_tokens is not None
        wrong += (f"{identity}: {fault}" for fault in faults_of(usage) if identity not in EXCEPTIONS)
    assert wrong == []
    assert seen["answers"] > 0
    assert seen["whole"] >= seen["answers"] * 0.9, "most providers tell both"
