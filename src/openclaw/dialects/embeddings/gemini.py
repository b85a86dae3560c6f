"""Google's embeddings: batchEmbedContents and embedContent of the Gemini API, and predict of Vertex AI."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from msgspec import UNSET, Struct

from openclaw.calls import EmbeddingsCall, EmbeddingsInput, EmbeddingsReply, Failure, JsonObject, Maybe, Part
from openclaw.dialects.call_ids import CallIds
from openclaw.dialects.codec import Encoded, InvalidRequest, MalformedReply
from openclaw.dialects.embeddings.port import count, input_usage, is_task_lost, required_list, texts_of
from openclaw.dialects.embeddings.tasks import task_word
from openclaw.dialects.embeddings.vectors import read_vector, to_floats
from openclaw.dialects.fields import Fields, given, put, put_given
from openclaw.dialects.gemini.encode_parts import PartWriter
from openclaw.dialects.gemini.errors import decode_error, encode_error
from openclaw.dialects.gemini.parts import decode_parts
from openclaw.dialects.losses import Losses


class _Google(Struct, frozen=True):
    """What both of Google's forms share."""

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        return decode_error(status, headers, body)

    def encode_error(self, failure: Failure) -> tuple[int, JsonObject]:
        return encode_error(failure)


def _task(call: EmbeddingsCall, own: bool, losses: Losses) -> Maybe[str]:
    task = call.task
    if own or not isinstance(task, str):
        return task if own else UNSET
    word = task_word(task, "google")
    if word is None and is_task_lost(task):
        losses.add("task")
    return UNSET if word is None else word


def _lose(call: EmbeddingsCall, own: bool, losses: Losses) -> None:
    if given(call.user):
        losses.add("user")
    if given(call.encoding_format) and call.encoding_format not in ("float", "base64"):
        losses.add("encoding_format")
    if not own:
        losses.add_extra(call.extra)


# --- the Gemini API -----------------------------------------------------------------------------------------


class GeminiEmbeddings(_Google, frozen=True):
    """batchEmbedContents, which takes one text as well as many; and embedContent, where the caller used it."""

    @property
    def form(self) -> str:
        return "gemini"

    def path(self, model: str, call: EmbeddingsCall | None = None) -> str:
        verb = "embedContent" if call is not None and _asks_for_one(call) else "batchEmbedContents"
        return f"/models/{quote(model.removeprefix('models/'), safe='/@')}:{verb}"

    def decode_request(self, body: JsonObject, *, model: str | None = None) -> EmbeddingsCall:
        """Raises `InvalidRequest` also for requests that differ in more than their text: one call has one task."""
        try:
            return self._decode(body, model)
        except RecursionError:
            raise InvalidRequest(None, "the request is nested too deeply") from None

    def _decode(self, body: JsonObject, model: str | None) -> EmbeddingsCall:
        outer = Fields(body)
        if outer.peek("requests") is UNSET:
            read = [_read_request(body, "")]
            rest: JsonObject = {}
            notes: tuple[str, ...] = ("single",)
        else:
            items = outer.required_array("requests")
            read = [_read_request(item, f"requests[{index}]") for index, item in enumerate(items)]
            rest, notes = outer.rest(), ()
        if not read:
            raise InvalidRequest("requests", "'requests' must not be empty")
        common = read[0][1]
        for index, (_, other) in enumerate(read):
            if other != common:
                raise InvalidRequest(
                    f"requests[{index}]", f"'requests[{index}]' must be like the first but for its text"
                )
        fields = Fields(common, "requests[0]" if not notes else "")
        named = fields.text("model")
        if isinstance(named, str):
            notes = (*notes, "model=" + ("models/" if named.startswith("models/") else ""))
        chosen = model or (named.removeprefix("models/") if isinstance(named, str) else "")
        role = fields.take("content.role")
        if role is not UNSET:
            notes = (*notes, f"role={role}")
        return EmbeddingsCall(
            model=chosen,
            inputs=tuple(item for item, _ in read),
            dialect="gemini",
            dimensions=fields.integer("outputDimensionality"),
            task=fields.text("taskType"),
            spelling=notes,
            extra={**{f"requests.{key}": value for key, value in fields.rest().items()}, **rest},
        )

    def encode_request(self, call: EmbeddingsCall) -> Encoded:
        own = call.dialect == "gemini"
        notes = call.spelling if own else ("model=models/",)
        losses = Losses()
        write = put if own else put_given
        common: JsonObject = {}
        for note in notes:
            if note.startswith("model="):
                common["model"] = note.removeprefix("model=") + call.model.removeprefix("models/")
        write(common, "taskType", _task(call, own, losses))
        write(common, "outputDimensionality", call.dimensions)
        outer: JsonObject = {}
        for key, value in call.extra.items() if own else ():
            inner = key.removeprefix("requests.")
            (common if inner != key else outer)[inner] = value
        role = next((note[5:] for note in notes if note.startswith("role=")), None)
        requests = [{"content": _content(item, role, own), **common} for item in call.inputs]
        _lose(call, own, losses)
        if _asks_for_one(call):
            return Encoded({**requests[0], **outer}, losses.names())
        return Encoded({"requests": requests, **outer}, losses.names())

    def decode_reply(self, body: JsonObject, call: EmbeddingsCall) -> EmbeddingsReply:
        single = body.get("embedding")
        items = [single] if single is not None else required_list(body, "embeddings")
        usage = body.get("usageMetadata")
        return EmbeddingsReply(
            model=call.model,
            vectors=tuple(read_vector(item.get("values") if isinstance(item, dict) else item) for item in items),
            dialect="gemini",
            usage=input_usage(count(usage.get("promptTokenCount")), usage) if isinstance(usage, dict) else None,
            extra={
                key: value for key, value in body.items() if key not in ("embedding", "embeddings", "usageMetadata")
            },
        )

    def encode_reply(self, reply: EmbeddingsReply, call: EmbeddingsCall) -> JsonObject:
        vectors = [{"values": to_floats(vector)} for vector in reply.vectors]
        body: JsonObject = {"embedding": vectors[0]} if _asks_for_one(call) and vectors else {"embeddings": vectors}
        usage = reply.usage
        if usage is not None and reply.dialect == "gemini":
            body["usageMetadata"] = usage.native
        elif usage is not None and usage.input_tokens is not None:
            body["usageMetadata"] = {"promptTokenCount": usage.input_tokens}
        if reply.dialect == "gemini":
            body.update(reply.extra)
        return body


def _asks_for_one(call: EmbeddingsCall) -> bool:
    """Whether the caller used embedContent, which takes one text without a list."""
    return call.dialect == "gemini" and "single" in call.spelling and len(call.inputs) == 1


def _content(item: EmbeddingsInput, role: str | None, own: bool) -> JsonObject:
    if isinstance(item, str):
        content: JsonObject = {"parts": [{"text": item}]}
    else:
        writer = PartWriter(own=own)
        content = {"parts": [written for part in _parts(item) for written in writer.write(part)]}
    if role is not None:
        content["role"] = role
    return content


def _parts(item: tuple[Any, ...]) -> tuple[Part, ...]:
    if any(type(part) is int for part in item):
        raise InvalidRequest("input", "'input' must be text for this model, not token ids")
    return item


def _read_request(value: object, path: str) -> tuple[EmbeddingsInput, JsonObject]:
    """The content of one request, and all else that it says."""
    reader = Fields(value, path)
    content = Fields(reader.take("content"), reader.at("content"))
    parts = content.required_array("parts")
    if not parts:
        raise InvalidRequest(content.at("parts"), f"'{content.at('parts')}' must not be empty")
    if len(parts) == 1 and isinstance(parts[0], dict) and list(parts[0]) == ["text"]:
        found: EmbeddingsInput = Fields(parts[0], f"{content.at('parts')}[0]").required_text("text")
    else:
        found = decode_parts(parts, content.at("parts"), CallIds())
    role = content.text("role")
    if content.rest():
        raise InvalidRequest(reader.at("content"), f"'{reader.at('content')}' must hold parts only")
    common = reader.rest()
    if isinstance(role, str):
        common["content.role"] = role
    return found, common


# --- Vertex AI ----------------------------------------------------------------------------------------------


class VertexEmbeddings(_Google, frozen=True):
    """`predict` of a publisher's embedding model. How many texts one request may hold differs by model
    (gemini-embedding-001: one), which the model's profile knows."""

    @property
    def form(self) -> str:
        return "vertex"

    def path(self, model: str, call: EmbeddingsCall | None = None) -> str:
        return f"/models/{quote(model, safe='/@')}:predict"

    def decode_request(self, body: JsonObject, *, model: str | None = None) -> EmbeddingsCall:
        try:
            return self._decode(body, model)
        except RecursionError:
            raise InvalidRequest(None, "the request is nested too deeply") from None

    def _decode(self, body: JsonObject, model: str | None) -> EmbeddingsCall:
        reader = Fields(body)
        items = reader.required_array("instances")
        read = [_read_instance(item, f"instances[{index}]") for index, item in enumerate(items)]
        if not read:
            raise InvalidRequest("instances", "'instances' must not be empty")
        common = read[0][1]
        for index, (_, other) in enumerate(read):
            if other != common:
                message = f"'instances[{index}]' must be like the first but for its content"
                raise InvalidRequest(f"instances[{index}]", message)
        instance = Fields(common, "instances[0]")
        extra: JsonObject = {}
        dimensions: Maybe[int] = UNSET
        if given(reader.peek("parameters")):
            parameters = Fields(reader.take("parameters"), "parameters")
            dimensions = parameters.integer("outputDimensionality")
            extra = {f"parameters.{key}": value for key, value in parameters.rest().items()}
            notes: tuple[str, ...] = ("parameters",)
        else:
            notes = ()
        task = instance.text("task_type")
        extra |= {f"instances.{key}": value for key, value in instance.rest().items()}
        return EmbeddingsCall(
            model=model or "",
            inputs=tuple(text for text, _ in read),
            dialect="vertex",
            dimensions=dimensions,
            task=task,
            spelling=notes,
            extra={**reader.rest(), **extra},
        )

    def encode_request(self, call: EmbeddingsCall) -> Encoded:
        own = call.dialect == "vertex"
        losses = Losses()
        write = put if own else put_given
        common: JsonObject = {}
        parameters: JsonObject = {}
        body: JsonObject = {}
        write(common, "task_type", _task(call, own, losses))
        write(parameters, "outputDimensionality", call.dimensions)
        nested = {"instances": common, "parameters": parameters}
        for key, value in call.extra.items() if own else ():
            outer, dot, inner = key.partition(".")
            if dot and outer in nested:
                nested[outer][inner] = value
            else:
                body[key] = value
        body["instances"] = [{"content": text, **common} for text in texts_of(call)]
        if parameters or (own and "parameters" in call.spelling):
            body["parameters"] = parameters
        _lose(call, own, losses)
        return Encoded(body, losses.names())

    def decode_reply(self, body: JsonObject, call: EmbeddingsCall) -> EmbeddingsReply:
        vectors: list[list[float] | str] = []
        tokens: list[int | None] = []
        for prediction in required_list(body, "predictions"):
            found = prediction.get("embeddings") if isinstance(prediction, dict) else None
            if not isinstance(found, dict):
                raise MalformedReply("a prediction must hold embeddings")
            vectors.append(read_vector(found.get("values")))
            statistics = found.get("statistics")
            tokens.append(count(statistics.get("token_count")) if isinstance(statistics, dict) else None)
        known = [number for number in tokens if number is not None]
        total = sum(known) if known and len(known) == len(tokens) else None
        metadata = body.get("metadata")
        return EmbeddingsReply(
            model=call.model,
            vectors=tuple(vectors),
            dialect="vertex",
            usage=input_usage(total, metadata if isinstance(metadata, dict) else {}),
            extra={key: value for key, value in body.items() if key != "predictions"},
        )

    def encode_reply(self, reply: EmbeddingsReply, call: EmbeddingsCall) -> JsonObject:
        """Token counts stand with each vector, but are known in sum only: the first carries them all."""
        total = None if reply.usage is None else reply.usage.input_tokens
        predictions: list[JsonObject] = []
        for index, vector in enumerate(reply.vectors):
            embeddings: JsonObject = {"values": to_floats(vector)}
            if total is not None:
                embeddings["statistics"] = {"token_count": total if index == 0 else 0, "truncated": False}
            predictions.append({"embeddings": embeddings})
        return {"predictions": predictions, **(reply.extra if reply.dialect == "vertex" else {})}


def _read_instance(value: object, path: str) -> tuple[str, JsonObject]:
    reader = Fields(value, path)
    text = reader.required_text("content")
    return text, reader.rest()
