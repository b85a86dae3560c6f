"""Thoughts are shown at every door, and what a provider signed goes back to that provider and to no other.

The model `anthropic.claude-ponder` thinks, calls a tool, thinks again and answers; every thought of it is signed.
"""

import json
import re
from typing import Any

import pytest

from tests.contract.conftest import DIALECTS
from tests.contract.matrix.conftest import Asker, Heard
from tests.contract.matrix.doors import DOORS, Client, Function, History

THOUGHT = "The question is simple, so a short answer will do."
PONDER = "anthropic.claude-ponder"
QUESTION = "What is the weather?"
WEATHER = Function("get_weather", {"type": "object", "properties": {"place": {"type": "string"}}})
ASKED: dict[str, Any] = {"tools": (WEATHER,), "think": True}

# Where a door's own form has room for a maker's signature (docs/reference/dialects.md, "Signed state belongs to its
# maker"). Responses in front of Responses has a test of its own: test_encrypted_thoughts.py.
CARRIED = {
    ("chat", "chat"),
    ("chat", "messages"),
    ("chat", "gemini"),
    ("chat", "converse"),
    ("messages", "messages"),
    ("gemini", "gemini"),
    ("responses", "messages"),
    ("responses", "gemini"),
    ("responses", "converse"),
}


def signatures(turns: Any) -> set[str]:
    """Every signature of the simulation in some turns of a conversation."""
    plain = [turn if isinstance(turn, dict) else turn.model_dump(mode="json") for turn in turns]
    return set(re.findall(r"sig-[0-9a-f]{16}(?:call)?", json.dumps(plain)))


@pytest.mark.parametrize("stream", [False, True])
def test_thoughts_are_shown_beside_the_answer(asker: Asker, target: str, *, stream: bool) -> None:
    answer = asker(f"{target}/sim-think", "hi", think=True, stream=stream)
    assert answer.thought == THOUGHT
    assert answer.text.startswith("Simulated answer")


@pytest.mark.parametrize("stream", [False, True])
def test_what_a_provider_signed_goes_back_to_it_unchanged(
    asker: Asker, target: str, heard: Heard, clients: dict[str, Client], *, stream: bool
) -> None:
    model = f"{target}/{PONDER}"
    history: History = asker.door.user(QUESTION)
    first = asker(model, history, stream=stream, **ASKED)
    assert first.thought
    history += [*first.turn, *asker.door.results(first.calls, ["sunny"])]
    second = asker(model, history, stream=stream, **ASKED)
    assert second.text == "The tool says: sunny"
    returned = signatures(heard.conversation)
    history += [*second.turn, *asker.door.user("And tomorrow?")]
    asker(model, history, stream=stream, **ASKED)
    at_last = signatures(heard.conversation)
    if (asker.door.name, target) in CARRIED:
        assert returned == given(target, clients, calls=asker.door.name != "responses")
        assert len(at_last - returned) == 1, "the second turn's own"
    else:
        assert at_last == set()


def given(target: str, clients: dict[str, Client], *, calls: bool) -> set[str]:
    """What the target signs in answer to the question, seen at the door that shows everybody's signatures: the
    simulation answers the same words the same way. `calls`: with those of tool calls, which a Responses item has no
    field for."""
    turn = Asker(DOORS["chat"], clients["chat"])(f"{target}/{PONDER}", QUESTION, **ASKED).turn
    found = {signature for signature in signatures(turn) if calls or not signature.endswith("call")}
    assert len(found) == (2 if target == "gemini" and calls else 1)
    return found


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("next_target", DIALECTS)
def test_no_other_provider_gets_what_one_signed(
    asker: Asker, target: str, next_target: str, heard: Heard, *, stream: bool
) -> None:
    if next_target == target:
        return
    history: History = asker.door.user(QUESTION)
    first = asker(f"{target}/{PONDER}", history, stream=stream, **ASKED)
    history += [*first.turn, *asker.door.results(first.calls, ["sunny"])]
    assert asker(f"{next_target}/{PONDER}", history, stream=stream, **ASKED).text == "The tool says: sunny"
    # A compatible server gets what a Chat caller wrote, and what Chat has a published field for (`extra_content`).
    if next_target != "chat" or asker.door.name not in ("chat", "gemini"):
        assert signatures(heard.conversation) == set()
    if next_target == "responses":
        assert not [item for item in heard.conversation if item.get("encrypted_content")]
    if next_target == "messages":
        blocks = [b for m in heard.conversation if isinstance(m["content"], list) for b in m["content"]]
        assert not [b for b in blocks if b["type"] == "thinking"], "Anthropic refuses thoughts without its signature"
