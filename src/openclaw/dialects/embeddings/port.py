"""The shape of an embeddings codec, and what all of them share."""

from collections.abc import Mapping
from typing import Any, Protocol

from openclaw.calls import EmbeddingsCall, EmbeddingsReply, Failure, JsonObject, Usage
from openclaw.dialects.codec import Encoded, InvalidRequest, MalformedReply
from openclaw.dialects.fields import wrong_type


class EmbeddingsCodec(Protocol):
    """One wire form, both ways. Instances are immutable and shared."""

    @property
    def form(self) -> str:
        """The form's name, as in `EmbeddingsCall.dialect`."""

    def decode_request(self, body: JsonObject, *, model: str | None = None) -> EmbeddingsCall:
        """Read a caller's request. `model` is given where the form has it in the URL. Raises `InvalidRequest`."""

    def encode_request(self, call: EmbeddingsCall) -> Encoded:
        """Write a request for the provider. Raises `InvalidRequest` for token ids where only text is taken."""

    def path(self, model: str, call: EmbeddingsCall | None = None) -> str:
        """The request path to append to the provider's base URL, for this call where the form has more than one."""

    def decode_reply(self, body: JsonObject, call: EmbeddingsCall) -> EmbeddingsReply:
        """Read a provider's answer to `call`; some forms name no model in it. Raises `MalformedReply`."""

    def encode_reply(self, reply: EmbeddingsReply, call: EmbeddingsCall) -> JsonObject:
        """Write an answer for the caller who sent `call`. Raises `MalformedReply` for vectors that no float32 holds."""

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        """Never raises."""

    def encode_error(self, failure: Failure) -> tuple[int, JsonObject]: ...


def texts_of(call: EmbeddingsCall) -> list[str]:
    """The inputs for a provider that takes text only. Token ids are those of another model and cannot be turned back
    here; a picture has no text."""
    texts: list[str] = []
    for text in call.inputs:
        if not isinstance(text, str):
            raise InvalidRequest("input", "'input' must be text for this model, not token ids or other media")
        texts.append(text)
    return texts


def strings(values: list[Any], path: str) -> tuple[str, ...]:
    for index, value in enumerate(values):
        if not isinstance(value, str):
            raise wrong_type(f"{path}[{index}]", "a string", value)
    return tuple(values)


def count(value: Any) -> int | None:
    return value if type(value) is int else None


def input_usage(tokens: int | None, native: JsonObject) -> Usage | None:
    """Usage of providers that count only what went in; None when they did not."""
    if tokens is None:
        return None
    return Usage(input_tokens=tokens, output_tokens=0, total_tokens=tokens, native=native)


def required_list(body: JsonObject, key: str) -> list[Any]:
    value = body.get(key)
    if not isinstance(value, list):
        raise MalformedReply(f"'{key}' must be an array")
    return value


def is_task_lost(task: Any) -> bool:
    return isinstance(task, str) and task != ""
