"""Recorded embeddings of every provider: requests come back as the same document, answers lose nothing, errors have
their class."""

import base64
import struct
from typing import Any

import msgspec
import pytest

from openclaw.calls import EmbeddingsReply
from openclaw.dialects.embeddings import (
    MISTRAL,
    PERPLEXITY,
    VOYAGE,
    CohereEmbeddings,
    EmbeddingsCodec,
    GeminiEmbeddings,
    OllamaEmbeddings,
    OpenAIEmbeddings,
    VertexEmbeddings,
)
from tests.golden import suite
from tests.golden.suite import difference
from tests.golden.wire import Exchange, exchanges, needs_recordings

pytestmark = needs_recordings

OPENAI = OpenAIEmbeddings()

CODECS: dict[str, EmbeddingsCodec] = {
    "azure": OPENAI,
    "cohere": CohereEmbeddings(),
    "google": GeminiEmbeddings(),
    "mistral": MISTRAL,
    "ollama": OllamaEmbeddings(),
    "openai": OPENAI,
    "openrouter": OPENAI,
    "perplexity": PERPLEXITY,
    "vertex": VertexEmbeddings(),
    "voyage": VOYAGE,
}

_FILES = (
    "azure.other",
    "cohere.embeddings",
    "google.embeddings",
    "mistral.embeddings",
    "ollama.other",
    "openai.embeddings",
    "openrouter.embeddings",
    "perplexity.other",
    "vertex.other",
    "voyage.embeddings",
)

RECORDED = tuple(
    e for file in _FILES for e in exchanges(file) if e.api == "embeddings" or e.path.endswith((":predict", "/embed"))
)


def _codec(exchange: Exchange) -> EmbeddingsCodec:
    return CohereEmbeddings("v1") if exchange.path == "/v1/embed" else CODECS[exchange.provider]


def _body(exchange: Exchange) -> Any:
    return msgspec.json.decode(exchange.response_bytes)


# --- what a recording says, read without the codecs ---------------------------------------------------------


def _vectors(body: Any) -> list[Any]:
    if "data" in body:
        return [item["embedding"] for item in body["data"]]
    if "predictions" in body:
        return [item["embeddings"]["values"] for item in body["predictions"]]
    if "embedding" in body:
        return [body["embedding"]["values"]]
    found = body["embeddings"]
    if isinstance(found, dict):
        (vectors,) = found.values()
        return list(vectors)
    return [item["values"] if isinstance(item, dict) else item for item in found]


def _tokens(body: Any) -> Any:
    if "usage" in body:
        return body["usage"].get("prompt_tokens", body["usage"]["total_tokens"])
    if "predictions" in body:
        return sum(item["embeddings"]["statistics"]["token_count"] for item in body["predictions"])
    if "usageMetadata" in body:
        return body["usageMetadata"]["promptTokenCount"]
    if "meta" in body:
        return body["meta"]["billed_units"]["input_tokens"]
    return body.get("prompt_eval_count")


def _numbers(vector: Any, provider: str) -> list[float]:
    if isinstance(vector, list):
        return vector
    data = base64.b64decode(vector)
    if provider == "perplexity":
        return [float(byte - 256 if byte > 127 else byte) for byte in data]
    return [number for (number,) in struct.iter_unpack("<f", data)]


# --- the laws -----------------------------------------------------------------------------------------------


def test_requests_come_back_as_the_same_document() -> None:
    def keeps(exchange: Exchange) -> None:
        codec = _codec(exchange)
        encoded = codec.encode_request(codec.decode_request(exchange.request_body, model=exchange.model))
        assert encoded.body == exchange.request_body, difference(exchange.request_body, encoded.body)
        assert encoded.degraded == ()

    cases = [e for e in RECORDED if e.request_kind == "json" and e.status < 400]
    passed = suite.check_law("embeddings", "request", cases, keeps)
    assert passed.keys() == CODECS.keys() - {"ollama"}, "ollama's recordings hold no requests"


def test_paths_are_the_recorded_ones() -> None:
    for exchange in RECORDED:
        if exchange.request_kind == "json" and exchange.provider != "azure":
            path = _codec(exchange).path(exchange.model or "")
            assert exchange.path.endswith(path), (exchange.id, path)


def test_replies_decode_without_loss() -> None:
    def keeps(exchange: Exchange) -> None:
        codec, body = _codec(exchange), _body(exchange)
        reply = codec.decode_reply(body, _call(exchange))
        expected = [_numbers(vector, exchange.provider) for vector in _vectors(body)]
        got = [_numbers(vector, exchange.provider) for vector in reply.vectors]
        assert got == expected
        assert (None if reply.usage is None else reply.usage.input_tokens) == _tokens(body)
        assert reply.model == body.get("model", exchange.model or "m")

    passed = suite.check_law("embeddings", "facts", (e for e in RECORDED if e.status < 400), keeps)
    assert passed.keys() == CODECS.keys()


def _call(exchange: Exchange) -> Any:
    if exchange.request_kind == "json":
        return _codec(exchange).decode_request(exchange.request_body, model=exchange.model)
    return OPENAI.decode_request({"model": exchange.model or "m", "input": ["x"]})


def test_replies_come_back_as_the_same_document() -> None:
    def keeps(exchange: Exchange) -> None:
        codec, body, call = _codec(exchange), _body(exchange), _call(exchange)
        if exchange.path.endswith("embedContent"):
            single = {"content": {"parts": [{"text": "x"}]}}
            call = codec.decode_request(single, model="m")
        if exchange.provider == "voyage":
            # OpenAI's clients read `prompt_tokens`, which Voyage leaves out.
            body["usage"]["prompt_tokens"] = body["usage"]["total_tokens"]
        encoded = codec.encode_reply(codec.decode_reply(body, call), call)
        assert encoded == body, difference(body, encoded)

    # Perplexity's signed bytes are turned into numbers, Vertex's token counts are added up.
    cases = [e for e in RECORDED if e.status < 400 and e.provider not in ("perplexity", "vertex")]
    suite.check_law("embeddings", "reply", cases, keeps)


@pytest.mark.parametrize("encoding_format", ["float", "base64"])
def test_every_answer_reaches_an_openai_caller_in_the_format_asked_for(encoding_format: str) -> None:
    request = {"model": "m", "input": "x", "encoding_format": encoding_format}
    asked = OPENAI.decode_request(request)
    for exchange in RECORDED:
        if exchange.status >= 400:
            continue
        reply: EmbeddingsReply = _codec(exchange).decode_reply(_body(exchange), _call(exchange))
        body = OPENAI.encode_reply(reply, asked)
        assert [item["index"] for item in body["data"]] == list(range(len(reply.vectors)))
        for item, vector in zip(body["data"], reply.vectors, strict=True):
            assert isinstance(item["embedding"], str if encoding_format == "base64" else list)
            expected = _numbers(vector, "openai")
            assert _numbers(item["embedding"], "openai") == pytest.approx(expected, rel=1e-6, abs=1e-12)


_KINDS = {400: "bad_request", 401: "authentication", 404: "not_found"}


def test_errors_are_classified() -> None:
    def keeps(exchange: Exchange) -> None:
        failure = _codec(exchange).decode_error(
            exchange.status, exchange.response_header_texts, exchange.response_bytes
        )
        assert failure.kind == _KINDS[exchange.status]
        assert failure.message in (exchange.response_body_text or "")
        status, _ = OPENAI.encode_error(failure)
        assert status == exchange.status

    passed = suite.check_law("embeddings", "error", (e for e in RECORDED if e.status >= 400), keeps)
    assert passed.total() == 8
