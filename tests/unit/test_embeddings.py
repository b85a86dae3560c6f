"""Embeddings from an OpenAI caller to every provider, case by case."""

from typing import Any

import msgspec
import pytest

from openclaw.calls import EmbeddingsCall, EmbeddingsReply, Usage
from openclaw.dialects.codec import InvalidRequest, MalformedReply
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

OPENAI = OpenAIEmbeddings()
TEXT_ONLY: dict[str, EmbeddingsCodec] = {
    "mistral": MISTRAL,
    "voyage": VOYAGE,
    "perplexity": PERPLEXITY,
    "cohere v1": CohereEmbeddings("v1"),
    "cohere v2": CohereEmbeddings(),
    "gemini": GeminiEmbeddings(),
    "vertex": VertexEmbeddings(),
    "ollama": OllamaEmbeddings(),
}


def asked(**fields: Any) -> EmbeddingsCall:
    return OPENAI.decode_request({"model": "m", "input": ["a", "b"], **fields})


@pytest.mark.parametrize(
    ("value", "inputs"),
    [
        ("a", ("a",)),
        (["a", "b"], ("a", "b")),
        ([1, 2], ((1, 2),)),
        ([[1], [2, 3]], ((1,), (2, 3))),
    ],
)
def test_the_four_spellings_of_input(value: Any, inputs: Any) -> None:
    call = asked(input=value)
    assert call.inputs == inputs
    assert OPENAI.encode_request(call).body == {"model": "m", "input": value}


@pytest.mark.parametrize(
    ("value", "param"),
    [
        (None, "input"),
        ([], "input"),
        ({}, "input"),
        ([1, "a"], "input[1]"),
        (["a", 1], "input[1]"),
        ([[1], "a"], "input[1]"),
        ([[]], "input[0]"),
        ([True], "input[0]"),
        ([[1, 2.5]], "input[0][1]"),
    ],
)
def test_a_bad_input_is_refused_with_its_place(value: Any, param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        asked(input=value)
    assert refused.value.param == param


@pytest.mark.parametrize("codec", TEXT_ONLY.values(), ids=TEXT_ONLY)
@pytest.mark.parametrize("value", [[1, 2], [[1], [2]]])
def test_token_ids_are_refused_where_only_text_is_taken(codec: EmbeddingsCodec, value: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        codec.encode_request(asked(input=value))
    assert refused.value.param == "input"


def test_a_picture_is_refused_everywhere_but_at_google() -> None:
    parts = [{"text": "a cat"}, {"inlineData": {"mimeType": "image/png", "data": "aGk="}}]
    body = {"requests": [{"model": "models/m", "content": {"parts": parts}}]}
    call = GeminiEmbeddings().decode_request(body)
    assert GeminiEmbeddings().encode_request(call).body == body
    others: list[EmbeddingsCodec] = [codec for name, codec in TEXT_ONLY.items() if name != "gemini"]
    for codec in [OPENAI, *others]:
        with pytest.raises(InvalidRequest):
            codec.encode_request(call)


FULL = {"dimensions": 256, "input_type": "search_query", "encoding_format": "base64", "user": "u"}


@pytest.mark.parametrize(
    ("codec", "body", "degraded"),
    [
        (OPENAI, {"model": "m", "input": ["a", "b"], **FULL}, ()),
        (
            MISTRAL,
            {
                "model": "m",
                "input": ["a", "b"],
                "output_dimension": 256,
                "encoding_format": "base64",
                "input_type": "search_query",
            },
            ("user",),
        ),
        (
            VOYAGE,
            {
                "model": "m",
                "input": ["a", "b"],
                "output_dimension": 256,
                "encoding_format": "base64",
                "input_type": "query",
            },
            ("user",),
        ),
        (
            CohereEmbeddings(),
            {
                "model": "m",
                "texts": ["a", "b"],
                "output_dimension": 256,
                "input_type": "search_query",
                "embedding_types": ["float"],
            },
            ("user",),
        ),
        (
            GeminiEmbeddings(),
            {
                "requests": [
                    {
                        "model": "models/m",
                        "content": {"parts": [{"text": text}]},
                        "taskType": "RETRIEVAL_QUERY",
                        "outputDimensionality": 256,
                    }
                    for text in ("a", "b")
                ]
            },
            ("user",),
        ),
        (
            VertexEmbeddings(),
            {
                "instances": [{"content": text, "task_type": "RETRIEVAL_QUERY"} for text in ("a", "b")],
                "parameters": {"outputDimensionality": 256},
            },
            ("user",),
        ),
        (OllamaEmbeddings(), {"model": "m", "input": ["a", "b"], "dimensions": 256}, ("task", "user")),
    ],
    ids=["openai", "mistral", "voyage", "cohere", "gemini", "vertex", "ollama"],
)
def test_a_full_request_in_every_form(codec: EmbeddingsCodec, body: Any, degraded: tuple[str, ...]) -> None:
    encoded = codec.encode_request(asked(**FULL))
    assert encoded.body == body
    assert encoded.degraded == degraded


def test_numbers_are_no_format_that_voyage_knows_and_none_that_it_needs() -> None:
    encoded = VOYAGE.encode_request(asked(encoding_format="float"))
    assert "encoding_format" not in encoded.body
    assert encoded.degraded == ()


def test_cohere_assumes_documents_and_says_so() -> None:
    encoded = CohereEmbeddings().encode_request(asked())
    assert encoded.body["input_type"] == "search_document"
    assert encoded.degraded == ("task: search_document assumed",)


def test_fields_of_another_form_are_listed() -> None:
    assert OllamaEmbeddings().encode_request(asked(truncate=True)).degraded == ("extra.truncate",)


def test_requests_that_differ_in_their_task_are_refused() -> None:
    requests = [{"content": {"parts": [{"text": "a"}]}, "taskType": task} for task in ("CLUSTERING", "CLASSIFICATION")]
    with pytest.raises(InvalidRequest) as refused:
        GeminiEmbeddings().decode_request({"requests": requests})
    assert refused.value.param == "requests[1]"


def test_answers_are_put_in_the_order_of_their_inputs() -> None:
    data = [{"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": [1.0]}]
    reply = OPENAI.decode_reply({"model": "m", "data": data}, asked())
    assert reply.vectors == ([1.0], [2.0])
    assert reply.usage is None
    assert OPENAI.encode_reply(reply, asked())["usage"] is None


def test_base64_reaches_a_caller_who_asked_for_it_and_numbers_one_who_did_not() -> None:
    reply = EmbeddingsReply(model="m", vectors=([1.0, -2.5], "AACAPwAAIMA="), usage=Usage(input_tokens=3))
    coded = OPENAI.encode_reply(reply, asked(encoding_format="base64"))
    assert [item["embedding"] for item in coded["data"]] == ["AACAPwAAIMA=", "AACAPwAAIMA="]
    plain = OPENAI.encode_reply(reply, asked())
    assert [item["embedding"] for item in plain["data"]] == [[1.0, -2.5], [1.0, -2.5]]
    assert plain["usage"] == {"prompt_tokens": 3, "total_tokens": 3}


def test_perplexitys_signed_bytes_become_numbers() -> None:
    reply = PERPLEXITY.decode_reply({"model": "m", "data": [{"index": 0, "embedding": "AX//"}]}, asked())
    assert reply.vectors == ([1.0, 127.0, -1.0],)


@pytest.mark.parametrize(
    ("codec", "body"),
    [
        (OPENAI, {}),
        (OPENAI, {"data": [1]}),
        (OPENAI, {"data": [{"embedding": ["x"]}]}),
        (OPENAI, {"data": [{"embedding": None}]}),
        (GeminiEmbeddings(), {"embeddings": [{}]}),
        (VertexEmbeddings(), {"predictions": [{}]}),
        (CohereEmbeddings(), {"embeddings": {}}),
        (OllamaEmbeddings(), {"embeddings": None}),
    ],
)
def test_an_answer_without_vectors_is_malformed(codec: EmbeddingsCodec, body: Any) -> None:
    with pytest.raises(MalformedReply):
        codec.decode_reply(body, asked())


@pytest.mark.parametrize("vector", ["AAA=", "***", [1e300]])
def test_what_is_no_float32_is_malformed(vector: Any) -> None:
    reply = EmbeddingsReply(model="m", vectors=(vector,))
    with pytest.raises(MalformedReply):
        OPENAI.encode_reply(reply, asked(encoding_format="base64" if isinstance(vector, list) else "float"))


def test_vertex_counts_each_text_and_we_their_sum() -> None:
    predictions = [{"embeddings": {"values": [1.0], "statistics": {"token_count": n}}} for n in (2, 3)]
    usage = VertexEmbeddings().decode_reply({"predictions": predictions}, asked()).usage
    assert usage is not None
    assert (usage.input_tokens, usage.total_tokens) == (5, 5)


@pytest.mark.parametrize(
    ("codec", "path"),
    [
        (OPENAI, "/embeddings"),
        (CohereEmbeddings("v1"), "/v1/embed"),
        (CohereEmbeddings(), "/v2/embed"),
        (GeminiEmbeddings(), "/models/m:batchEmbedContents"),
        (VertexEmbeddings(), "/models/m:predict"),
        (OllamaEmbeddings(), "/api/embed"),
    ],
)
def test_paths(codec: EmbeddingsCodec, path: str) -> None:
    assert codec.path("m") == path


def test_errors_of_every_form_reach_an_openai_caller_in_its_words() -> None:
    bodies: list[tuple[EmbeddingsCodec, int, Any]] = [
        (CohereEmbeddings(), 401, {"message": "no"}),
        (VOYAGE, 401, {"detail": "no"}),
        (GeminiEmbeddings(), 401, {"error": {"code": 401, "message": "no", "status": "UNAUTHENTICATED"}}),
        (OllamaEmbeddings(), 401, {"error": "no"}),
    ]
    for codec, status, body in bodies:
        failure = codec.decode_error(status, {}, msgspec.json.encode(body))
        code, told = OPENAI.encode_error(failure)
        assert (code, told["error"]["message"]) == (401, "no")
        assert codec.encode_error(failure)[0] == 401
