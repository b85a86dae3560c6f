"""Ollama's own embeddings, /api/embed."""

from collections.abc import Mapping

from msgspec import UNSET, Struct

from openclaw.calls import EmbeddingsCall, EmbeddingsReply, Failure, JsonObject
from openclaw.dialects.codec import Encoded, InvalidRequest
from openclaw.dialects.embeddings.port import count, input_usage, is_task_lost, required_list, strings, texts_of
from openclaw.dialects.embeddings.vectors import read_vector, to_floats
from openclaw.dialects.fields import Fields, given, put, put_given
from openclaw.dialects.losses import Losses
from openclaw.dialects.ollama.errors import decode_error, encode_error


class OllamaEmbeddings(Struct, frozen=True):
    @property
    def form(self) -> str:
        return "ollama"

    def path(self, model: str, call: EmbeddingsCall | None = None) -> str:
        return "/api/embed"

    def decode_request(self, body: JsonObject, *, model: str | None = None) -> EmbeddingsCall:
        reader = Fields(body)
        if model is None or reader.peek("model") is not UNSET:
            model = reader.required_text("model")
        value = reader.peek("input")
        if isinstance(value, str):
            inputs: tuple[str, ...] = (reader.required_text("input"),)
            spelling: tuple[str, ...] = ("single",)
        else:
            inputs, spelling = strings(reader.required_array("input"), "input"), ()
        if not inputs:
            raise InvalidRequest("input", "'input' must not be empty")
        return EmbeddingsCall(
            model=model,
            inputs=inputs,
            dialect="ollama",
            dimensions=reader.integer("dimensions"),
            spelling=spelling,
            extra=reader.rest(),
        )

    def encode_request(self, call: EmbeddingsCall) -> Encoded:
        own = call.dialect == "ollama"
        losses = Losses()
        texts = texts_of(call)
        single = own and "single" in call.spelling and len(texts) == 1
        body: JsonObject = {"model": call.model, "input": texts[0] if single else texts}
        (put if own else put_given)(body, "dimensions", call.dimensions)
        if is_task_lost(call.task):
            losses.add("task")
        if given(call.user):
            losses.add("user")
        if given(call.encoding_format) and call.encoding_format not in ("float", "base64"):
            losses.add("encoding_format")
        if own:
            body.update(call.extra)
        else:
            losses.add_extra(call.extra)
        return Encoded(body, losses.names())

    def decode_reply(self, body: JsonObject, call: EmbeddingsCall) -> EmbeddingsReply:
        model = body.get("model")
        tokens = count(body.get("prompt_eval_count"))
        skipped = ("embeddings", "model", "prompt_eval_count")
        return EmbeddingsReply(
            model=model if isinstance(model, str) else call.model,
            vectors=tuple(map(read_vector, required_list(body, "embeddings"))),
            dialect="ollama",
            usage=input_usage(tokens, {"prompt_eval_count": tokens}),
            extra={key: value for key, value in body.items() if key not in skipped},
        )

    def encode_reply(self, reply: EmbeddingsReply, call: EmbeddingsCall) -> JsonObject:
        body: JsonObject = {"model": reply.model, "embeddings": [to_floats(vector) for vector in reply.vectors]}
        if reply.usage is not None and reply.usage.input_tokens is not None:
            body["prompt_eval_count"] = reply.usage.input_tokens
        if reply.dialect == "ollama":
            body.update(reply.extra)
        return body

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        return decode_error(status, headers, body)

    def encode_error(self, failure: Failure) -> tuple[int, JsonObject]:
        return encode_error(failure)
