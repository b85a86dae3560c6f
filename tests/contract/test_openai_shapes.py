"""Answers of every target dialect have the shapes of OpenAI's published API description."""

import functools
import gzip
import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from openai import OpenAI

from tests.contract.conftest import CALLER_KEY, DIALECTS, RunningGateway
from tests.golden.wire import SHARED

SPEC = SHARED / "specs" / "openai.openapi.json.gz"
pytestmark = pytest.mark.skipif(
    not SPEC.is_file(), reason=f"no API description at {SPEC}: set OPENCLAW_SHARED to the folder that holds specs/"
)

BEHAVIOURS = ["text", "tools", "think", "length", "refuse", "filter"]
TOOL: Any = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
HELLO: Any = [{"role": "user", "content": "Say hello"}]


@functools.cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = _with_nulls(json.loads(gzip.decompress(SPEC.read_bytes())))
    return document


def _with_nulls(node: Any) -> Any:
    """The document says `nullable: true`, a word of OpenAPI 3.0 that 3.1 does not know; the recorded API sends null."""
    if isinstance(node, list):
        return [_with_nulls(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _with_nulls(value) for key, value in node.items()}
    if node.pop("nullable", False) is True:
        return {"anyOf": [node, {"type": "null"}]}
    return node


@functools.cache
def validator(name: str) -> jsonschema_rs.Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": _document()["components"]}
    return jsonschema_rs.validator_for(schema, pattern_options=jsonschema_rs.RegexOptions())


def assert_valid(name: str, document: Any) -> None:
    faults = [f"{'/'.join(map(str, e.instance_path))}: {e.message}" for e in validator(name).iter_errors(document)]
    assert not faults, f"{faults[:5]} in {json.dumps(document)[:600]}"


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
