"""Recorded answers of every provider, said at the doors: they keep the published API descriptions and grammars."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from openclaw.calls import Call, StreamFailed
from openclaw.dialects.codec import Codec
from openclaw.dialects.jsontext import encode, parse
from openclaw.streams import collect
from tests.door_answers import ANSWERS, assert_answer, assert_stream
from tests.golden.suite import stream_events
from tests.golden.test_across import ANSWERABLE, CODECS, recorded, replies
from tests.golden.wire import needs_recordings
from tests.specifications import needs_specifications

pytestmark = [needs_recordings, needs_specifications]

PAIRS = [(source, door) for source in CODECS for door in ANSWERS if source != door]

_OPENAI_ONLY = "an item of OpenAI's Responses that Open Responses does not have: "
# Exchanges that cannot keep the description, by door and id, with the reason.
EXCEPTIONS: Mapping[tuple[str, str], str] = {
    ("responses", "2dd6915b9c90ab33"): _OPENAI_ONLY + "custom_tool_call",
    ("responses", "a2f0731a38e96fc5"): _OPENAI_ONLY + "image_generation_call",
    ("responses", "b1d2bc13527372f7"): _OPENAI_ONLY + "image_generation_call",
}


def call_at(codec: Codec) -> Call:
    return Call(dialect=codec.name, model="m", messages=(), include_usage=True)


@pytest.mark.parametrize(("source", "door"), PAIRS)
def test_a_recorded_answer_keeps_the_description_of_the_door(source: str, door: str) -> None:
    codec = CODECS[door]
    found = Faults(door)
    for identity, reply in replies(source):
        if ANSWERABLE(reply):
            document = parse(encode(codec.encode_reply(reply, call_at(codec))))
            found.check(identity, assert_answer, document)
    found.tell()


@pytest.mark.parametrize(("source", "door"), PAIRS)
def test_a_recorded_stream_keeps_the_description_and_the_grammar_of_the_door(source: str, door: str) -> None:
    codec = CODECS[door]
    found = Faults(door)
    for exchange in recorded(source):
        if not exchange.stream:
            continue
        events = stream_events(CODECS[source], exchange.response_bytes)
        if not events or any(isinstance(event, StreamFailed) for event in events):
            continue
        if not ANSWERABLE(collect(events, CODECS[source].name)):
            continue
        encoder = codec.stream_encoder(call_at(codec))
        data = b"".join(encoder.encode(event) for event in events)
        found.check(exchange.id, assert_stream, data)
    found.tell()


class Faults:
    """Every exchange that breaks the rule, not only the first."""

    def __init__(self, door: str) -> None:
        self._door = door
        self._checked: Counter[str] = Counter()
        self._broken: list[str] = []

    def check(self, identity: str, keeps: Callable[[str, Any], None], answer: Any) -> None:
        self._checked[self._door] += 1
        named = (self._door, identity) in EXCEPTIONS
        try:
            keeps(self._door, answer)
        except Exception as error:  # noqa: BLE001 - every exchange is reported, not only the first
            if not named:
                self._broken.append(f"{identity}: {type(error).__name__}: {str(error)[:500]}")
            return
        if named:
            self._broken.append(f"{identity}: keeps the rule now; remove it from the exceptions")

    def tell(self) -> None:
        assert not self._broken, f"{len(self._broken)} of {self._checked}:\n" + "\n".join(self._broken[:12])
        assert self._checked
