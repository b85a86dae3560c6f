"""Laws of the embeddings codecs on generated requests and vectors."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw.calls import EmbeddingsReply, Usage
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
from openclaw.dialects.embeddings.vectors import to_base64, to_floats

OPENAI = OpenAIEmbeddings()
CODECS: list[EmbeddingsCodec] = [
    OPENAI,
    MISTRAL,
    VOYAGE,
    PERPLEXITY,
    CohereEmbeddings("v1"),
    CohereEmbeddings("v2"),
    GeminiEmbeddings(),
    VertexEmbeddings(),
    OllamaEmbeddings(),
]

NAMES = {codec: f"{number}-{type(codec).__name__}" for number, codec in enumerate(CODECS)}

words = st.text(max_size=8)
tokens = st.lists(st.integers(0, 100_000), min_size=1, max_size=4)
inputs = words | st.lists(words, min_size=1, max_size=4) | tokens | st.lists(tokens, min_size=1, max_size=3)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words
requests = st.fixed_dictionaries(
    {"model": words, "input": inputs},
    optional={
        "dimensions": st.integers(1, 4096) | st.none(),
        "encoding_format": st.sampled_from(["float", "base64"]) | st.none(),
        "user": words | st.none(),
        "input_type": words,
        "unknown": scalars,
    },
)


@given(requests)
def test_a_valid_request_comes_back_as_the_same_document(body: dict[str, Any]) -> None:
    call = OPENAI.decode_request(body)
    encoded = OPENAI.encode_request(call)
    assert encoded.body == body
    assert encoded.degraded == ()


KEYS = """model input texts requests instances content parts text role taskType dimensions output_dimension
outputDimensionality encoding_format input_type task_type parameters inlineData mimeType data functionCall name args"""
hostile = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=5),
    max_leaves=20,
)


@pytest.mark.parametrize("codec", CODECS, ids=NAMES.get)
@given(body=st.dictionaries(st.sampled_from(KEYS.split()), hostile, max_size=6))
def test_a_hostile_request_is_refused_and_nothing_else(codec: EmbeddingsCodec, body: dict[str, Any]) -> None:
    try:
        call = codec.decode_request(body)
        codec.encode_request(call)
    except InvalidRequest:
        return


@pytest.mark.parametrize("codec", CODECS, ids=NAMES.get)
@given(
    body=st.dictionaries(st.sampled_from(["data", "embeddings", "embedding", "predictions", "usage", "meta"]), hostile)
)
def test_a_hostile_reply_is_malformed_and_nothing_else(codec: EmbeddingsCodec, body: dict[str, Any]) -> None:
    try:
        codec.decode_reply(body, OPENAI.decode_request({"model": "m", "input": "x"}))
    except MalformedReply:
        return


float32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
vectors = st.lists(float32, min_size=1, max_size=8)


@given(vectors)
def test_base64_holds_the_same_float32(vector: list[float]) -> None:
    encoded = to_base64(vector)
    assert to_floats(encoded) == vector
    assert to_base64(to_floats(encoded)) == encoded


@given(vectors)
def test_a_float64_loses_no_more_than_float32_must(vector: list[float]) -> None:
    nearly = [number * 1.0000000001 for number in vector]
    try:
        expected = [struct.unpack("<f", struct.pack("<f", number))[0] for number in nearly]
    except OverflowError:
        with pytest.raises(MalformedReply):
            to_base64(nearly)
        return
    assert to_floats(to_base64(nearly)) == expected


# Perplexity's base64 holds signed bytes, which only it writes.
@pytest.mark.parametrize("codec", [codec for codec in CODECS if codec is not PERPLEXITY], ids=NAMES.get)
@given(
    found=st.lists(vectors, min_size=1, max_size=4),
    count=st.integers(0, 10**6),
    asked=st.sampled_from(["float", "base64"]),
)
def test_vectors_survive_every_form_on_their_way_to_an_openai_caller(
    codec: EmbeddingsCodec, found: list[list[float]], count: int, asked: str
) -> None:
    call = OPENAI.decode_request({"model": "m", "input": ["x"] * len(found), "encoding_format": asked})
    usage = Usage(input_tokens=count, total_tokens=count)
    reply = EmbeddingsReply(model="m", vectors=tuple(found), usage=usage)
    got = codec.decode_reply(codec.encode_reply(reply, call), call)
    body = OPENAI.encode_reply(got, call)
    assert [to_floats(item["embedding"]) for item in body["data"]] == found
    assert body["usage"] == {"prompt_tokens": count, "total_tokens": count}
    assert body["model"] == "m"
