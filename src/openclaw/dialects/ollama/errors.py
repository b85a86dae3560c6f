"""Ollama's errors: `{"error": "text"}` and nothing else, so that the status alone decides the class."""

from collections.abc import Mapping

import msgspec

from openclaw.calls import Failure, JsonObject
from openclaw.dialects.failures import STATUS_BY_KIND, kind_of_status, retry_after_s, shown


def decode_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Never raises."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = {}
    failure = failure_of(document if isinstance(document, dict) else {}, status)
    return msgspec.structs.replace(failure, status=status, retry_after_s=retry_after_s(headers))


def failure_of(body: JsonObject, status: int | None) -> Failure:
    """The failure that a body describes, also inside of a stream (then without a status, unless the body tells one:
    Ollama's cloud answers with `StatusCode` beside the error)."""
    error = body.get("error")
    if isinstance(error, dict):
        error = error.get("message")
    message = shown(error) or "Ollama failed without saying why"
    if status is None and type(body.get("StatusCode")) is int:
        status = body["StatusCode"]
    # In a stream an error is what the model's runner reported.
    kind = "server" if status is None else kind_of_status(status)
    return Failure(kind=kind, message=message, native=body)


def encode_error(failure: Failure) -> tuple[int, JsonObject]:
    """ollama-python raises ResponseError with the status and this text."""
    status = failure.status
    if status is None or not 400 <= status < 600 or kind_of_status(status) != failure.kind:
        status = STATUS_BY_KIND[failure.kind]
    return status, {"error": failure.message}
