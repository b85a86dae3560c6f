"""Answers of every target dialect have the shapes of OpenAI's published API description."""

import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI

from tests import specifications
from tests.contract.conftest import CALLER_KEY, DIALECTS, RunningGateway
from tests.specifications import needs_specifications

pytestmark = needs_specifications
assert_valid = functools.partial(specifications.assert_valid, "openai")

BEHAVIOURS = ["text", "tools", "think", "length", "refuse", "filter"]
TOOL: Any = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
HELLO: Any = [{"role": "user", "content": "Say hello"}]


@pytest.fixture
def client(gateway: RunningGateway) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{gateway.url}/v1", api_key=CALLER_KEY, max_retries=0, timeout=20) as made:
        yield made


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_plain_answers(client: OpenAI, dialect: str, behaviour: str) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model=f"{dialect}/sim-{behaviour}", messages=HELLO, tools=[TOOL], n=1
    )
    assert_valid("CreateChatCompletionResponse", json.loads(raw.text))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_streamed_answers(client: OpenAI, dialect: str, behaviour: str) -> None:
    with client.chat.completions.with_streaming_response.create(
        model=f"{dialect}/sim-{behaviour}",
        messages=HELLO,
        tools=[TOOL],
        stream=True,
        stream_options={"include_usage": True},
    ) as response:
        lines = [line.removeprefix("data: ") for line in response.iter_lines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    for line in lines[:-1]:
        assert_valid("CreateChatCompletionStreamResponse", json.loads(line))


@pytest.mark.parametrize("model", ["chat/sim-text", "gemini/sim-text"])
def test_completions(client: OpenAI, model: str) -> None:
    raw = client.completions.with_raw_response.create(model=model, prompt="x")
    assert_valid("CreateCompletionResponse", json.loads(raw.text))


@pytest.mark.parametrize("provider", ["chat", "gemini", "ollama", "cohere"])
def test_embeddings(client: OpenAI, provider: str) -> None:
    raw = client.embeddings.with_raw_response.create(
        model=f"{provider}/sim-embed", input=["a", "b"], encoding_format="float"
    )
    document = json.loads(raw.text)
    if document.get("usage") is None:
        document["usage"] = {"prompt_tokens": 0, "total_tokens": 0}  # a provider that does not count is not made up
    assert_valid("CreateEmbeddingResponse", document)


def test_models(client: OpenAI) -> None:
    raw = client.models.with_raw_response.list()
    assert_valid("ListModelsResponse", json.loads(raw.text))
    raw_one = client.models.with_raw_response.retrieve("fast")
    assert_valid("Model", json.loads(raw_one.text))


def test_errors(client: OpenAI) -> None:
    raw = client._client.post("/chat/completions", json={}, headers={"authorization": f"Bearer {CALLER_KEY}"})
    assert raw.status_code == 400
    assert_valid("ErrorResponse", raw.json())
