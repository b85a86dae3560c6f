"""Tests of an agent against simulated providers, without a gateway in between: what docs/guide/simulator.md describes.

pytest examples/test_my_agent.py
"""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI

from openclaw.sim import SimServer


def ask(client: OpenAI, model: str, question: str) -> str:
    """The agent under test: it streams an answer and says so when the stream broke."""
    messages: list[Any] = [{"role": "user", "content": question}]
    text = ""
    try:
        for chunk in client.chat.completions.create(model=model, messages=messages, stream=True):
            text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
    except openai.APIConnectionError:
        return f"{text} [cut]"
    except openai.APIError:
        return f"{text} [broken]"
    return text


@pytest.fixture
def sim() -> Iterator[SimServer]:
    with SimServer(seed=7) as running:
        yield running


@pytest.fixture
def client(sim: SimServer) -> OpenAI:
    return OpenAI(base_url=f"{sim.url}/v1", api_key="any", max_retries=0)


def test_the_question_reaches_the_model(sim: SimServer, client: OpenAI) -> None:
    assert ask(client, "sim-echo", "Are you there?") == "Are you there?"
    (seen,) = sim.app.requests
    assert seen.path == "/v1/chat/completions"
    assert seen.body["messages"][-1]["content"] == "Are you there?"


def test_the_same_seed_gives_the_same_answer(client: OpenAI) -> None:
    assert ask(client, "sim-text", "Tell me") == ask(client, "sim-text", "Tell me")


def test_a_stream_that_breaks_is_noticed(client: OpenAI) -> None:
    assert ask(client, "sim-fail-2", "Tell me").endswith("[broken]")
    assert ask(client, "sim-cut-2", "Tell me").endswith("[cut]")


def test_one_failure_is_survived_with_a_retry(sim: SimServer) -> None:
    patient = OpenAI(base_url=f"{sim.url}/v1", api_key="any", max_retries=1)
    assert ask(patient, "sim-once-503", "Tell me").startswith("Simulated answer:")
    assert len(sim.app.requests) == 2


def test_a_header_scripts_one_call(client: OpenAI) -> None:
    script = json.dumps({"say": "forty-two", "think": "I have to guess.", "finish": "length"})
    reply = client.chat.completions.create(
        model="anything", messages=[{"role": "user", "content": "?"}], extra_headers={"x-sim": script}
    )
    assert reply.choices[0].message.content == "forty-two"
    assert reply.choices[0].finish_reason == "length"
