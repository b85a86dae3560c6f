"""Counts, vectors, lists and kept responses, held against the published API descriptions."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.contract.conftest import CALLER_KEY, RunningGateway
from tests.contract.matrix.conftest import Heard, Until
from tests.specifications import assert_valid, needs_specifications

pytestmark = needs_specifications

HELLO: Any = [{"role": "user", "content": "Say hello"}]
CONTENTS: Any = [{"role": "user", "parts": [{"text": "Say hello"}]}]
MODEL = "messages/claude-haiku-4-5"
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


@pytest.fixture(scope="module")
def http(gateway: RunningGateway) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=gateway.url, timeout=20, headers={"x-api-key": CALLER_KEY}) as client:
        yield client


def test_counts(http: httpx2.Client, target: str) -> None:
    model = f"{target}/claude-haiku-4-5"
    counted = http.post("/v1/messages/count_tokens", json={"model": model, "messages": HELLO})
    assert_valid("anthropic", "CountMessageTokensResponse", counted.json())
    counted = http.post(f"/v1beta/models/{model}:countTokens", json={"contents": CONTENTS})
    assert_valid("google", "CountTokensResponse", counted.json())
    counted = http.post("/v1/responses/input_tokens", json={"model": model, "input": HELLO})
    assert_valid("openai", "TokenCountsResource", counted.json())


def test_lists_of_models(http: httpx2.Client) -> None:
    anthropic = {"anthropic-version": "2023-06-01"}
    listed = http.get("/v1/models?limit=3", headers=anthropic).json()
    assert_valid("anthropic", "ListResponse_ModelInfo_", listed)
    assert len(listed["data"]) == 3
    assert_valid("anthropic", "ModelInfo", http.get(f"/v1/models/{MODEL}", headers=anthropic).json())
    assert_valid("google", "ListModelsResponse", http.get("/v1beta/models?pageSize=3").json())
    assert_valid("google", "Model", http.get(f"/v1beta/models/{MODEL}").json())
    assert_valid("openai", "ListModelsResponse", http.get("/v1/models").json())
    assert_valid("openai", "Model", http.get(f"/v1/models/{MODEL}").json())


@pytest.mark.parametrize("form", ["openai", "gemini", "ollama", "cohere"])
def test_vectors_in_googles_form(http: httpx2.Client, form: str) -> None:
    path = f"/v1beta/models/{form}/sim-embed"
    content = {"parts": [{"text": "one"}]}
    assert_valid("google", "EmbedContentResponse", http.post(f"{path}:embedContent", json={"content": content}).json())
    requests = [{"model": f"models/{form}/sim-embed", "content": content}] * 2
    batch = http.post(f"{path}:batchEmbedContents", json={"requests": requests})
    assert_valid("google", "BatchEmbedContentsResponse", batch.json())


def test_a_kept_response_and_what_it_was_answered_from(http: httpx2.Client, target: str) -> None:
    asked = {
        "model": f"{target}/sim-text",
        "instructions": "Be brief.",
        "input": HELLO,
        "text": {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA}},
        "metadata": {"task": "t1"},
        "temperature": 0.5,
        "max_output_tokens": 200,
        "tool_choice": "auto",
    }
    made = http.post("/v1/responses", json=asked).json()
    read = http.get(f"/v1/responses/{made['id']}").json()
    assert read == made
    for document in (made, read):
        assert_valid("openai", "Response", document)
        assert_valid("open-responses", "ResponseResource", document)
    items = http.get(f"/v1/responses/{made['id']}/input_items").json()
    assert_valid("openai", "ResponseItemList", items)
    later = http.post("/v1/responses", json={"model": asked["model"], "input": "x", "previous_response_id": made["id"]})
    assert_valid("openai", "Response", later.json())
    assert_valid("open-responses", "ResponseResource", later.json())


def test_a_background_response(http: httpx2.Client, target: str, heard: Heard, until: Until) -> None:
    last = heard.request
    queued = http.post("/v1/responses", json={"model": f"{target}/sim-silent", "input": "x", "background": True}).json()
    assert_valid("openai", "Response", queued)
    assert_valid("open-responses", "ResponseResource", queued)
    assert until(lambda: heard.request is not last)
    cancelled = http.post(f"/v1/responses/{queued['id']}/cancel").json()
    assert cancelled["status"] == "cancelled"
    assert_valid("openai", "Response", cancelled)
    assert_valid("open-responses", "ResponseResource", cancelled)
