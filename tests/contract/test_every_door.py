"""What the three families of clients ask for beside a model: lists, counts, vectors, errors of no door."""

import json
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from anthropic import Anthropic
from google import genai
from google.genai import errors, types
from openai import OpenAI

from openclaw.sim import SimServer
from tests.contract.conftest import CALLER_KEY, DIALECTS, RunningGateway

HELLO: Any = [{"role": "user", "content": "What is the capital of France?"}]


@pytest.fixture
def openai_client(gateway: RunningGateway) -> OpenAI:
    return OpenAI(base_url=f"{gateway.url}/v1", api_key=CALLER_KEY, max_retries=0)


@pytest.fixture
def anthropic_client(gateway: RunningGateway) -> Anthropic:
    return Anthropic(base_url=gateway.url, api_key=CALLER_KEY, max_retries=0)


@pytest.fixture(params=[None, "v1beta"])
def google_client(gateway: RunningGateway, request: pytest.FixtureRequest) -> genai.Client:
    options = types.HttpOptions(base_url=gateway.url, timeout=20_000, api_version=request.param)
    return genai.Client(api_key=CALLER_KEY, vertexai=False, http_options=options)


def test_each_client_lists_the_same_models(
    openai_client: OpenAI, anthropic_client: Anthropic, google_client: genai.Client
) -> None:
    names = [model.id for model in openai_client.models.list()]
    assert "fast" in names
    assert [model.id for model in anthropic_client.models.list(limit=7)] == names
    assert [model.name for model in google_client.models.list(config={"page_size": 9})] == [
        f"models/{n}" for n in names
    ]


def test_each_client_reads_one_model(
    openai_client: OpenAI, anthropic_client: Anthropic, google_client: genai.Client
) -> None:
    name = next(model.id for model in openai_client.models.list() if model.id.startswith("messages/claude-sonnet"))
    model = anthropic_client.models.retrieve(name)
    assert (model.id, model.type) == (name, "model")
    assert model.max_input_tokens
    assert google_client.models.get(model=name).input_token_limit == model.max_input_tokens
    assert openai_client.models.retrieve(name).owned_by == "messages"


def test_an_unknown_model_raises_each_clients_own_class(
    openai_client: OpenAI, anthropic_client: Anthropic, google_client: genai.Client
) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        openai_client.models.retrieve("nothing")
    assert caught.value.code == "model_not_found"
    assert caught.value.request_id
    with pytest.raises(anthropic.NotFoundError) as refused:
        anthropic_client.models.retrieve("nothing")
    assert refused.value.request_id
    with pytest.raises(errors.ClientError) as missed:
        google_client.models.get(model="nothing")
    assert (missed.value.code, missed.value.status) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("path", "headers", "form"),
    [
        ("/v1/nothing", {}, "openai"),
        ("/v1/messages/nothing", {}, "anthropic"),
        ("/v1/nothing", {"anthropic-version": "2023-06-01"}, "anthropic"),
        ("/v1beta/nothing", {}, "gemini"),
        ("/v1/models/m:nothing", {}, "gemini"),
        ("/v1/nothing", {"x-goog-api-key": "k"}, "gemini"),
    ],
)
def test_an_unknown_path_is_told_in_the_callers_form(
    gateway: RunningGateway, path: str, headers: dict[str, str], form: str
) -> None:
    reply = httpx2.post(gateway.url + path, headers=headers, json={})
    assert reply.status_code == (405 if ":" in path else 404), "a path with a page takes other methods"
    body = reply.json()
    said = "anthropic" if body.get("type") == "error" else "gemini" if "status" in body["error"] else "openai"
    assert said == form
    assert reply.headers["request-id" if form == "anthropic" else "x-request-id"] == reply.headers["x-openclaw-call"]


# --- counting


@pytest.mark.parametrize("dialect", DIALECTS)
def test_tokens_are_counted_in_front_of_any_target(
    gateway: RunningGateway,
    anthropic_client: Anthropic,
    google_client: genai.Client,
    openai_client: OpenAI,
    dialect: str,
) -> None:
    model = f"{dialect}/claude-haiku-4-5"
    tools: Any = [{"name": "get_weather", "description": "Weather", "input_schema": {"type": "object"}}]
    plain = anthropic_client.messages.count_tokens(model=model, messages=HELLO).input_tokens
    assert 12 <= plain <= 16, "14, Anthropic counts"
    assert anthropic_client.messages.count_tokens(model=model, messages=HELLO, tools=tools).input_tokens > plain + 100
    counted = google_client.models.count_tokens(model=model, contents="What is the capital of France?")
    assert 6 <= (counted.total_tokens or 0) <= 16
    asked = openai_client.responses.input_tokens.count(model=model, input="What is the capital of France?")
    assert 6 <= asked.input_tokens <= 16


def test_an_estimate_says_so(anthropic_client: Anthropic) -> None:
    counted = anthropic_client.messages.with_raw_response.count_tokens(model="chat/gpt-4.1", messages=HELLO)
    assert counted.headers["x-openclaw-degraded"] == "input_tokens: estimated"
    assert counted.headers["x-openclaw-attempts"] == "0"


def test_a_count_that_a_provider_refused_counts_as_an_attempt(anthropic_client: Anthropic) -> None:
    counted = anthropic_client.messages.with_raw_response.count_tokens(model="messages/sim-text", messages=HELLO)
    assert counted.headers["x-openclaw-attempts"] == "1", "the simulation has no such call"
    assert counted.headers["x-openclaw-degraded"] == "input_tokens: estimated"


def test_what_a_response_goes_on_from_is_counted(openai_client: OpenAI) -> None:
    first = openai_client.responses.create(model="chat/sim-echo", input="tell me a long story " * 50)
    short = openai_client.responses.input_tokens.count(model="chat/sim-text", input="go on")
    whole = openai_client.responses.input_tokens.count(
        model="chat/sim-text", input="go on", previous_response_id=first.id
    )
    assert whole.input_tokens > short.input_tokens + 300


# --- Google's other calls


@pytest.mark.parametrize("dialect", ["openai", "gemini", "ollama", "cohere"])
def test_google_embeddings_in_front_of_any_form(google_client: genai.Client, dialect: str) -> None:
    one = google_client.models.embed_content(model=f"{dialect}/sim-text", contents="a")
    two = google_client.models.embed_content(model=f"{dialect}/sim-text", contents=["a", "b"])
    assert len(one.embeddings or []) == 1
    size = len(one.embeddings[0].values or [])
    assert [len(each.values or []) for each in two.embeddings or []] == [size, size]


@pytest.mark.parametrize("dialect", ["openai", "gemini"])
def test_one_google_embedding_without_a_list(gateway: RunningGateway, sim: SimServer, dialect: str) -> None:
    body = {"content": {"parts": [{"text": "a"}]}}
    url = f"{gateway.url}/v1beta/models/{dialect}/sim-text:embedContent?key={CALLER_KEY}"
    assert httpx2.post(url, json=body).json()["embedding"]["values"]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("model", ["sim-text", "sim-plain"])
def test_a_google_stream_without_alt_is_one_array(gateway: RunningGateway, dialect: str, model: str) -> None:
    body = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
    url = f"{gateway.url}/v1beta/models/{dialect}/{model}:streamGenerateContent?key={CALLER_KEY}"
    reply = httpx2.post(url, json=body)
    assert reply.headers["content-type"] == "application/json"
    chunks = json.loads(reply.text)
    texts = [part["text"] for c in chunks for part in c["candidates"][0].get("content", {}).get("parts", [])]
    assert "".join(texts).startswith("Simulated answer")
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"


def test_a_google_path_without_models_is_the_same(gateway: RunningGateway) -> None:
    body = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
    url = f"{gateway.url}/v1beta/chat/sim-text:generateContent?key={CALLER_KEY}"
    reply = httpx2.post(url, json=body)
    assert reply.headers["x-openclaw-model"] == "sim-text"
    assert reply.json()["candidates"][0]["content"]["parts"][0]["text"].startswith("Simulated answer")


def test_a_google_array_that_breaks_ends_with_the_error(gateway: RunningGateway) -> None:
    body = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
    url = f"{gateway.url}/v1/models/chat/sim-fail:streamGenerateContent?key={CALLER_KEY}"
    chunks = json.loads(httpx2.post(url, json=body).text)
    assert chunks[-1]["error"]["status"] == "UNAVAILABLE"
