"""Anthropic's errors: `{"type": "error", "error": {"type": ..., "message": ...}}`, in answers and inside streams."""

from collections.abc import Mapping
from typing import Any

import msgspec

from openclaw.calls import Failure, FailureKind, JsonObject
from openclaw.dialects.failures import kind_of_status, retry_after_s, shown
from openclaw.dialects.fields import if_text
from openclaw.dialects.jsontext import NotJson, encode, parse
from openclaw.dialects.sse import sse_frame

# https://docs.anthropic.com/en/api/errors
_KIND_OF_TYPE: dict[str, FailureKind] = {
    "invalid_request_error": "bad_request",
    "authentication_error": "authentication",
    "billing_error": "quota",
    "permission_error": "permission",
    "not_found_error": "not_found",
    "request_too_large": "too_large",
    "rate_limit_error": "rate_limit",
    "timeout_error": "timeout",
    "api_error": "server",
    "overloaded_error": "overloaded",
}

# The status decides which exception the official client raises; 402 is the one it does not retry.
_ANSWER_OF_KIND: dict[FailureKind, tuple[int, str]] = {
    "bad_request": (400, "invalid_request_error"),
    "authentication": (401, "authentication_error"),
    "permission": (403, "permission_error"),
    "not_found": (404, "not_found_error"),
    "context_length": (400, "invalid_request_error"),
    "too_large": (413, "request_too_large"),
    "unsupported": (400, "invalid_request_error"),
    "content_filter": (400, "invalid_request_error"),
    "rate_limit": (429, "rate_limit_error"),
    "quota": (402, "billing_error"),
    "budget": (402, "billing_error"),
    "overloaded": (529, "overloaded_error"),
    "server": (500, "api_error"),
    "timeout": (504, "timeout_error"),
    "network": (502, "api_error"),
    "malformed": (502, "api_error"),
    "truncated": (502, "api_error"),
    "cancelled": (499, "api_error"),
    "unknown": (500, "api_error"),
}


def decode_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Never raises. The vendor's type decides the class; without one, the status does."""
    document = _json(body)
    if isinstance(document, list) and document:  # Google's front end, before Vertex answers in a stream
        document = document[0]
    error = document.get("error") if isinstance(document, dict) else None
    failure = _failure(error, status)
    wait = retry_after_s(headers)
    return failure if wait is None else msgspec.structs.replace(failure, retry_after_s=wait)


def decode_error_event(event: JsonObject) -> Failure:
    """The error event of a stream that began with status 200."""
    return _failure(event.get("error"), None)


def _failure(error: object, status: int | None) -> Failure:
    fields = error if isinstance(error, dict) else {}
    kind_name, message = if_text(fields.get("type")), shown(fields.get("message"))
    implied: FailureKind = "server" if status is None else kind_of_status(status)
    return Failure(
        kind=_KIND_OF_TYPE.get(kind_name or "", implied),
        message=message
        or (f"the provider answered with status {status}" if status else "the provider reported an error"),
        status=status,
        type=kind_name,
        code=if_text(fields.get("code")) or if_text(fields.get("status")),  # `status` is Google's
        native=fields,
    )


def _json(body: bytes) -> Any:
    try:
        return parse(body)
    except NotJson:
        return None


def error_object(failure: Failure) -> JsonObject:
    kind_name = failure.type if failure.type in _KIND_OF_TYPE else _ANSWER_OF_KIND[failure.kind][1]
    return {"type": "error", "error": {"type": kind_name, "message": failure.message}}


def error_event(failure: Failure) -> bytes:
    """The error inside a stream."""
    return sse_frame(encode(error_object(failure)), "error")


def encode_error(failure: Failure) -> tuple[int, JsonObject]:
    status = _ANSWER_OF_KIND[failure.kind][0]
    if failure.status is not None and failure.type in _KIND_OF_TYPE:
        status = failure.status  # Anthropic's own error keeps its own status
    return status, error_object(failure)
