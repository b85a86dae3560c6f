"""OpenAI's embeddings, and those of everybody who took its form over: Azure, Mistral, Voyage, Together, OpenRouter,
llama.cpp, vLLM, Perplexity, Ollama's /v1.

Callers of this form may add `input_type`, which several of these providers read: it is the task.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, Struct

from openclaw.calls import EmbeddingsCall, EmbeddingsInput, EmbeddingsReply, Failure, JsonObject, Usage
from openclaw.dialects.codec import Encoded, InvalidRequest, MalformedReply
from openclaw.dialects.embeddings.port import count, input_usage, is_task_lost, required_list, strings, texts_of
from openclaw.dialects.embeddings.tasks import Words, task_word
from openclaw.dialects.embeddings.vectors import from_int8, read_vector, to_base64, to_floats
from openclaw.dialects.fields import Fields, given, put, put_given
from openclaw.dialects.losses import Losses
from openclaw.dialects.openai_errors import decode_openai_error, encode_openai_error


class OpenAIEmbeddings(Struct, frozen=True):
    """How a provider differs within the form: what it calls the dimensions, whether it takes token ids, whose words it
    has for tasks (None: none), whether it knows `user`, which encoding formats it can be asked for, and whether the
    base64 it sends by itself holds signed bytes."""

    dimensions_field: str = "dimensions"
    takes_tokens: bool = True
    task_words: Words | None = None
    takes_user: bool = True
    formats: frozenset[str] = frozenset({"float", "base64"})
    sends_int8: bool = False

    @property
    def form(self) -> str:
        return "openai"

    def path(self, model: str, call: EmbeddingsCall | None = None) -> str:
        return "/embeddings"

    # --- requests

    def decode_request(self, body: JsonObject, *, model: str | None = None) -> EmbeddingsCall:
        reader = Fields(body)
        if model is None or reader.peek("model") is not UNSET:
            model = reader.required_text("model")
        inputs, spelling = _inputs(reader)
        return EmbeddingsCall(
            model=model,
            inputs=inputs,
            dialect="openai",
            dimensions=reader.integer(self.dimensions_field),
            encoding_format=reader.text("encoding_format"),
            task=reader.text("input_type"),
            user=reader.text("user"),
            spelling=spelling,
            extra=reader.rest(),
        )

    def encode_request(self, call: EmbeddingsCall) -> Encoded:
        own = call.dialect == "openai"
        losses = Losses()
        write = put if own else put_given
        inputs = _encode_inputs(call) if self.takes_tokens else texts_of(call)
        single = own and "single" in call.spelling and len(inputs) == 1
        body: JsonObject = {"model": call.model, "input": inputs[0] if single else inputs}
        write(body, self.dimensions_field, call.dimensions)
        if not given(call.encoding_format):
            write(body, "encoding_format", call.encoding_format)
        elif call.encoding_format in self.formats:
            body["encoding_format"] = call.encoding_format
        elif call.encoding_format not in ("float", "base64"):
            # Those two are turned into each other on the way back.
            losses.add("encoding_format")
        self._put_task(body, call, own, losses)
        if self.takes_user:
            write(body, "user", call.user)
        elif given(call.user):
            losses.add("user")
        if own:
            body.update(call.extra)
        else:
            losses.add_extra(call.extra)
        return Encoded(body, losses.names())

    def _put_task(self, body: JsonObject, call: EmbeddingsCall, own: bool, losses: Losses) -> None:
        task = call.task
        word = task_word(task, self.task_words) if isinstance(task, str) and self.task_words is not None else None
        if word is not None:
            body["input_type"] = word
        elif own:
            put(body, "input_type", task)
        elif is_task_lost(task):
            losses.add("task")

    # --- replies

    def decode_reply(self, body: JsonObject, call: EmbeddingsCall) -> EmbeddingsReply:
        model, reply_id = body.get("model"), body.get("id")
        usage = body.get("usage")
        extra = {key: value for key, value in body.items() if key not in ("object", "data", "usage")}
        if isinstance(model, str):
            del extra["model"]
        if isinstance(reply_id, str):
            del extra["id"]
        items = _in_order(required_list(body, "data"))
        rests = [{key: value for key, value in item.items() if key not in _ITEM_FIELDS} for item in items]
        if any(rests):
            extra["data"] = rests
        return EmbeddingsReply(
            model=model if isinstance(model, str) else call.model,
            vectors=tuple(self._vector(item, call) for item in items),
            dialect="openai",
            usage=_usage(usage) if isinstance(usage, dict) else None,
            id=reply_id if isinstance(reply_id, str) else None,
            extra=extra,
        )

    def _vector(self, item: JsonObject, call: EmbeddingsCall) -> list[float] | str:
        vector = read_vector(item.get("embedding"))
        if self.sends_int8 and isinstance(vector, str) and call.encoding_format not in self.formats:
            return from_int8(vector)
        return vector

    def encode_reply(self, reply: EmbeddingsReply, call: EmbeddingsCall) -> JsonObject:
        encode: Any = to_base64 if call.encoding_format == "base64" else to_floats
        body: JsonObject = {
            "object": "list",
            "data": [
                {"object": "embedding", "index": index, "embedding": encode(vector)}
                for index, vector in enumerate(reply.vectors)
            ],
            "model": reply.model,
            "usage": _encode_usage(reply),
        }
        if reply.id is not None:
            body["id"] = reply.id
        if reply.dialect == "openai":
            extra = dict(reply.extra)
            for item, rest in zip(body["data"], extra.pop("data", ()), strict=False):
                item.update(rest)
            body.update(extra)
        return body

    # --- errors

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        return decode_openai_error(status, headers, body)

    def encode_error(self, failure: Failure) -> tuple[int, JsonObject]:
        return encode_openai_error(failure)


MISTRAL = OpenAIEmbeddings(dimensions_field="output_dimension", takes_tokens=False, takes_user=False)
"""https://docs.mistral.ai/api/endpoint/embeddings"""

VOYAGE = OpenAIEmbeddings(
    dimensions_field="output_dimension",
    takes_tokens=False,
    takes_user=False,
    task_words="voyage",
    # Voyage sends numbers unless asked for base64, and has no word for numbers.
    formats=frozenset({"base64"}),
)
"""https://docs.voyageai.com/reference/embeddings-api"""

PERPLEXITY = OpenAIEmbeddings(
    takes_tokens=False,
    takes_user=False,
    formats=frozenset({"base64_int8", "base64_binary"}),
    sends_int8=True,
)
"""https://docs.perplexity.ai/api-reference/embeddings-post"""


_ITEM_FIELDS = frozenset({"object", "index", "embedding"})


def _inputs(reader: Fields) -> tuple[tuple[EmbeddingsInput, ...], tuple[str, ...]]:
    """The four spellings of `input`: a text, texts, the token ids of one text, those of several."""
    value = reader.take("input")
    if isinstance(value, str):
        return (value,), ("single",)
    if value is UNSET:
        raise InvalidRequest("input", "'input' is required")
    if not isinstance(value, list) or not value:
        raise InvalidRequest("input", "'input' must be a string or a list that is not empty")
    first = value[0]
    if type(first) is int:
        return (_tokens(value, "input"),), ("single",)
    if isinstance(first, list):
        return tuple(_tokens(item, f"input[{index}]") for index, item in enumerate(value)), ()
    return strings(value, "input"), ()


def _encode_inputs(call: EmbeddingsCall) -> list[Any]:
    tokens = [item for item in call.inputs if isinstance(item, tuple) and all(type(token) is int for token in item)]
    if len(tokens) == len(call.inputs):
        return [list(item) for item in tokens]
    return texts_of(call)


def _tokens(value: Any, path: str) -> tuple[int, ...]:
    if not isinstance(value, list) or not value:
        raise InvalidRequest(path, f"'{path}' must be a list of token ids that is not empty")
    for index, token in enumerate(value):
        if type(token) is not int:
            raise InvalidRequest(f"{path}[{index}]", f"'{path}[{index}]' must be a token id")
    return tuple(value)


def _in_order(items: list[Any]) -> list[JsonObject]:
    """By `index`, where every item has one: the form promises no order."""
    for item in items:
        if not isinstance(item, dict):
            raise MalformedReply("an item of 'data' must be an object")
    if all(type(item.get("index")) is int for item in items):
        return sorted(items, key=lambda item: item["index"])
    return items


def _usage(native: JsonObject) -> Usage | None:
    prompt, total = count(native.get("prompt_tokens")), count(native.get("total_tokens"))
    # Voyage reports the total only, and all of it went in.
    usage = input_usage(total if prompt is None else prompt, native)
    return usage if usage is not None else Usage(native=native)


def _encode_usage(reply: EmbeddingsReply) -> JsonObject | None:
    usage = reply.usage
    if usage is None:
        return None
    if reply.dialect == "openai" and "prompt_tokens" in usage.native:
        return usage.native
    total = usage.total_tokens if usage.total_tokens is not None else usage.input_tokens
    return {"prompt_tokens": usage.input_tokens, "total_tokens": total}
