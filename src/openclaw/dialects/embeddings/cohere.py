"""Cohere's embed, versions 1 and 2. They differ in the path and in what an answer without types looks like."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import UNSET, Struct

from openclaw.calls import EmbeddingsCall, EmbeddingsReply, Failure, JsonObject
from openclaw.dialects.codec import Encoded, InvalidRequest, MalformedReply
from openclaw.dialects.embeddings.port import count, input_usage, strings, texts_of
from openclaw.dialects.embeddings.tasks import task_word
from openclaw.dialects.embeddings.vectors import read_vector, to_base64, to_floats
from openclaw.dialects.fields import Fields, given, put, put_given
from openclaw.dialects.losses import Losses
from openclaw.dialects.openai_errors import decode_openai_error, encode_openai_error

# What a vector is for must be said; a text that somebody stores is the commoner case.
_DEFAULT_TASK = "search_document"

# https://docs.cohere.com/reference/embed, `embedding_types`, the most exact first.
_KINDS = ("float", "base64", "int8", "uint8", "binary", "ubinary")


class CohereEmbeddings(Struct, frozen=True):
    version: Literal["v1", "v2"] = "v2"

    @property
    def form(self) -> str:
        return "cohere"

    def path(self, model: str, call: EmbeddingsCall | None = None) -> str:
        return f"/{self.version}/embed"

    def decode_request(self, body: JsonObject, *, model: str | None = None) -> EmbeddingsCall:
        """Raises `InvalidRequest` also for images: `texts` must be there."""
        reader = Fields(body)
        if model is None or reader.peek("model") is not UNSET:
            model = reader.required_text("model")
        texts = strings(reader.required_array("texts"), "texts")
        if not texts:
            raise InvalidRequest("texts", "'texts' must not be empty")
        return EmbeddingsCall(
            model=model,
            inputs=texts,
            dialect="cohere",
            dimensions=reader.integer("output_dimension"),
            task=reader.text("input_type"),
            extra=reader.rest(),
        )

    def encode_request(self, call: EmbeddingsCall) -> Encoded:
        own = call.dialect == "cohere"
        losses = Losses()
        body: JsonObject = {"model": call.model, "texts": texts_of(call)}
        (put if own else put_given)(body, "output_dimension", call.dimensions)
        if own:
            put(body, "input_type", call.task)
            body.update(call.extra)
            return Encoded(body)
        body["embedding_types"] = ["float"]
        word = task_word(call.task, "cohere") if isinstance(call.task, str) else None
        if word is None:
            losses.add("task", f"{_DEFAULT_TASK} assumed")
        body["input_type"] = word or _DEFAULT_TASK
        if given(call.user):
            losses.add("user")
        if given(call.encoding_format) and call.encoding_format not in ("float", "base64"):
            losses.add("encoding_format")
        losses.add_extra(call.extra)
        return Encoded(body, losses.names())

    def decode_reply(self, body: JsonObject, call: EmbeddingsCall) -> EmbeddingsReply:
        vectors, others = _vectors(body.get("embeddings"))
        extra = {key: value for key, value in body.items() if key not in ("id", "embeddings")}
        if others:
            extra["embeddings"] = others
        meta = body.get("meta")
        billed = meta.get("billed_units") if isinstance(meta, dict) else None
        reply_id = body.get("id")
        return EmbeddingsReply(
            model=call.model,
            vectors=vectors,
            dialect="cohere",
            usage=input_usage(count(billed.get("input_tokens")), billed) if isinstance(billed, dict) else None,
            id=reply_id if isinstance(reply_id, str) else None,
            extra=extra,
        )

    def encode_reply(self, reply: EmbeddingsReply, call: EmbeddingsCall) -> JsonObject:
        extra = dict(reply.extra) if reply.dialect == "cohere" else {}
        types = call.extra.get("embedding_types") if call.dialect == "cohere" else None
        body: JsonObject = {"id": reply.id or ""}
        if self.version == "v1" and not types:
            body["response_type"] = "embeddings_floats"
            body["embeddings"] = [to_floats(vector) for vector in reply.vectors]
        else:
            kind = _kind(types) or "float"
            body["response_type"] = "embeddings_by_type"
            vectors = [_written(vector, kind) for vector in reply.vectors]
            body["embeddings"] = {kind: vectors, **extra.pop("embeddings", {})}
        if reply.dialect == "cohere":
            return {**body, **extra}
        body["texts"] = [text for text in call.inputs if isinstance(text, str)]
        meta: JsonObject = {"api_version": {"version": self.version.removeprefix("v")}}
        if reply.usage is not None and reply.usage.input_tokens is not None:
            meta["billed_units"] = {"input_tokens": reply.usage.input_tokens}
        return {**body, "meta": meta}

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        """Cohere has a message and no code: the status decides."""
        return decode_openai_error(status, headers, body)

    def encode_error(self, failure: Failure) -> tuple[int, JsonObject]:
        status, body = encode_openai_error(failure)
        return status, {"message": body["error"]["message"]}


def _vectors(value: Any) -> tuple[tuple[list[float] | str, ...], JsonObject]:
    """The vectors of the most exact type, and those of other types as they came."""
    if isinstance(value, list):
        return tuple(map(read_vector, value)), {}
    if not isinstance(value, dict):
        raise MalformedReply("'embeddings' must be vectors or vectors by type")
    kind = _kind(value)
    if kind is None or not isinstance(value[kind], list):
        raise MalformedReply("'embeddings' holds no vectors")
    return tuple(map(read_vector, value[kind])), {key: item for key, item in value.items() if key != kind}


def _kind(types: Any) -> str | None:
    """The most exact of the types asked for or answered."""
    return next((kind for kind in _KINDS if kind in types), None) if isinstance(types, list | dict) else None


def _written(vector: list[float] | str, kind: str) -> Any:
    if kind == "base64":
        return to_base64(vector)
    floats = to_floats(vector)
    return floats if kind == "float" else [int(number) for number in floats]
