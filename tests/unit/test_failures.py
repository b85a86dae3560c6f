"""What every dialect does with a provider's error: its message is bounded, wherever it stood."""

from typing import Any

import pytest

from openclaw.calls import StreamFailed
from openclaw.dialects.chat import Chat
from openclaw.dialects.codec import Codec
from openclaw.dialects.completions import Completions
from openclaw.dialects.converse import Converse
from openclaw.dialects.embeddings import CohereEmbeddings, GeminiEmbeddings, OllamaEmbeddings, OpenAIEmbeddings
from openclaw.dialects.embeddings.port import EmbeddingsCodec
from openclaw.dialects.eventstream import encode_frame, exception_frame
from openclaw.dialects.failures import MESSAGE_CHARS_MAX, shown
from openclaw.dialects.gemini import Gemini
from openclaw.dialects.jsontext import encode
from openclaw.dialects.messages import Messages
from openclaw.dialects.ollama import Ollama
from openclaw.dialects.responses import Responses

LONG = "why " * 5000

# (codec, an error answer, an error inside a stream)
CODECS: list[tuple[Codec, Any, bytes]] = [
    (Chat(), {"error": {"message": LONG}}, b"data: " + encode({"error": {"message": LONG}}) + b"\n\n"),
    (Completions(), {"error": LONG}, b"data: " + encode({"error": LONG}) + b"\n\n"),
    (
        Responses(),
        {"error": {"message": LONG, "innererror": {"message": LONG}}},
        b"data: " + encode({"type": "error", "message": LONG}) + b"\n\n",
    ),
    (
        Messages(),
        {"type": "error", "error": {"type": "api_error", "message": LONG}},
        b"event: error\ndata: " + encode({"type": "error", "error": {"message": LONG}}) + b"\n\n",
    ),
    (Gemini(), [{"error": {"message": LONG}}], b"data: " + encode({"error": {"message": LONG}}) + b"\n\n"),
    (Ollama(), {"error": LONG}, encode({"error": LONG}) + b"\n"),
    (Converse(), {"message": LONG}, exception_frame("throttlingException", encode({"message": LONG}))),
    (
        Converse(),
        {"__type": LONG},
        encode_frame({":message-type": "error", ":error-code": "x", ":error-message": LONG}, b"{}"),
    ),
]


@pytest.mark.parametrize(("codec", "body", "event"), CODECS, ids=lambda value: getattr(value, "name", ""))
def test_a_message_is_bounded_in_an_answer_and_in_a_stream(codec: Codec, body: Any, event: bytes) -> None:
    message = codec.decode_error(500, {}, encode(body)).message
    assert 1000 < len(message) <= MESSAGE_CHARS_MAX
    (failed,) = (e for e in codec.stream_decoder().feed(event) if isinstance(e, StreamFailed))
    assert 1000 < len(failed.failure.message) <= MESSAGE_CHARS_MAX


@pytest.mark.parametrize(
    ("codec", "body"),
    [
        (OpenAIEmbeddings(), {"detail": [{"loc": ["body"], "msg": LONG}]}),
        (CohereEmbeddings(), {"message": LONG}),
        (GeminiEmbeddings(), {"error": {"message": LONG}}),
        (OllamaEmbeddings(), {"error": LONG}),
    ],
)
def test_so_is_that_of_an_embeddings_provider(codec: EmbeddingsCodec, body: Any) -> None:
    assert 1000 < len(codec.decode_error(500, {}, encode(body)).message) <= MESSAGE_CHARS_MAX


@pytest.mark.parametrize("value", [None, 1, {}, ["x"], "", "  "])
def test_what_is_no_text_is_no_message(value: Any) -> None:
    assert shown(value) == ""
