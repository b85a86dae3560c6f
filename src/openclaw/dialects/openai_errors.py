"""Errors of OpenAI's API and of everything that calls itself compatible with it; shared by Chat and Responses.

A class is decided by the vendor's code, then by its type, then by the HTTP status, never by words of the message.
The shapes read here, with who sends them:

    {"error": {message, type, param, code}}        OpenAI, DeepSeek, Groq, Together, Azure (+ innererror)
    {"error": {message, code: 429, metadata}}      OpenRouter (the provider's own error inside `metadata.raw`)
    {"error": {message, type: word, code: 401}}    Perplexity, llama.cpp
    {"code": "invalid-argument", "error": "text"}  xAI
    {"error": "text"}                              Ollama, Hugging Face
    {"message", "type", "param", "code"}           Mistral, Cerebras, older vLLM (code as a number)
    {"message": "text"}, {"Message": "text"}       Bedrock, AWS gateways, Cohere
    {"detail": "text" | [{loc, msg, type}]}        Voyage, FastAPI's 422
    [{"error": {...}}]                             Google's compatible endpoint
    plain text and HTML                            proxies on the way
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from openclaw.calls import Failure, FailureKind, JsonObject
from openclaw.dialects.failures import MESSAGE_CHARS_MAX, STATUS_BY_KIND, kind_of_status, retry_after_s, shown
from openclaw.dialects.sse import sse_frame

_decode_json = msgspec.json.Decoder().decode
_encode_json = msgspec.json.Encoder().encode

KIND_BY_CODE: dict[str, FailureKind] = {
    # OpenAI: https://platform.openai.com/docs/guides/error-codes and the ResponseErrorCode of its OpenAPI document
    "context_length_exceeded": "context_length",
    "string_above_max_length": "too_large",
    "request_too_large": "too_large",
    "insufficient_quota": "quota",
    "billing_hard_limit_reached": "quota",
    "billing_not_active": "quota",
    "rate_limit_exceeded": "rate_limit",
    "rate_limit_error": "rate_limit",
    "invalid_api_key": "authentication",
    "account_deactivated": "authentication",
    "missing_authentication": "authentication",
    "authentication_error": "authentication",
    "mismatched_organization": "authentication",
    "unsupported_country_region_territory": "permission",
    "permission_error": "permission",
    "permission_denied": "permission",
    "model_not_found": "not_found",
    "not_found_error": "not_found",
    "previous_response_not_found": "not_found",
    "content_filter": "content_filter",
    "content_policy_violation": "content_filter",
    "image_content_policy_violation": "content_filter",
    "invalid_prompt": "content_filter",  # Responses: the prompt was flagged, see openai-python's ResponseError
    "bio_policy": "content_filter",
    "cyber_policy": "content_filter",
    "unsupported_parameter": "unsupported",
    "unsupported_value": "unsupported",
    "unsupported_model": "unsupported",
    "unsupported_file": "unsupported",
    "data_residency_mismatch": "permission",
    "invalid_image": "bad_request",
    "invalid_image_format": "bad_request",
    "invalid_image_mode": "bad_request",
    "invalid_image_url": "bad_request",
    "invalid_base64_image": "bad_request",
    "image_parse_error": "bad_request",
    "image_too_large": "too_large",
    "image_file_too_large": "too_large",
    "image_too_small": "bad_request",
    "image_file_not_found": "bad_request",
    "empty_image_file": "bad_request",
    "failed_to_download_image": "bad_request",
    "unsupported_image_media_type": "unsupported",
    "server_error": "server",
    "internal_error": "server",
    "api_error": "server",
    "server_is_overloaded": "overloaded",
    "engine_overloaded": "overloaded",
    "slow_down": "overloaded",
    "overloaded_error": "overloaded",
    "timeout": "timeout",
    "vector_store_timeout": "timeout",
    # Azure
    "RateLimitReached": "rate_limit",
    "DeploymentNotFound": "not_found",
    "ResponsibleAIPolicyViolation": "content_filter",
    "OperationNotSupported": "unsupported",
    # llama.cpp's server
    "exceed_context_size_error": "context_length",
    "unavailable_error": "overloaded",
    "not_supported_error": "unsupported",
    # Cerebras, Mistral, Groq, Fireworks
    "wrong_api_key": "authentication",
    "too_many_requests_error": "rate_limit",
    "request_quota_exceeded": "rate_limit",
    "token_quota_exceeded": "rate_limit",
    "queue_exceeded": "overloaded",
    "service_tier_capacity_exceeded": "rate_limit",
    "capacity_exceeded": "overloaded",
    "blocked_api_access": "permission",
}
"""Vendor codes and types that decide a class by themselves, whatever the status."""

_WORDS_OF_OPENAI = frozenset(
    {
        "invalid_request_error",
        "authentication_error",
        "permission_error",
        "insufficient_quota",
        "rate_limit_error",
        "requests",
        "tokens",
        "server_error",
        "image_generation_user_error",
    }
)

_TYPE_BY_KIND: dict[FailureKind, str] = {
    "authentication": "authentication_error",
    "permission": "permission_error",
    "rate_limit": "rate_limit_error",
    "quota": "insufficient_quota",
    "budget": "insufficient_quota",
}

_CODE_BY_KIND: dict[FailureKind, str] = {
    "authentication": "invalid_api_key",
    "not_found": "model_not_found",
    "context_length": "context_length_exceeded",
    "content_filter": "content_filter",
    "rate_limit": "rate_limit_exceeded",
    "quota": "insufficient_quota",
    "budget": "budget_exceeded",
    "overloaded": "server_is_overloaded",
    "server": "server_error",
    "timeout": "timeout",
}
"""OpenAI's code for a class. A vendor's word that means no more than the class is replaced by it."""

_CODES_KEPT = frozenset(
    {
        "previous_response_not_found",
        "billing_hard_limit_reached",
        "billing_not_active",
        "account_deactivated",
        "content_policy_violation",
        "image_content_policy_violation",
        "invalid_prompt",
        "bio_policy",
        "cyber_policy",
        "slow_down",
        "vector_store_timeout",
    }
)
"""OpenAI's own codes that say more than their class."""

_KINDS_NAMED_BY_CODE: frozenset[FailureKind] = frozenset(
    {"authentication", "context_length", "content_filter", "rate_limit", "quota"}
)
"""Classes that clients know by OpenAI's code, so that no vendor's word may stand in its place."""

_STATUSES_KEPT: dict[FailureKind, frozenset[int]] = {
    "bad_request": frozenset({400, 409}),
    "too_large": frozenset({400, 413}),
    "server": frozenset({500, 502}),
    "timeout": frozenset({408, 504}),
}
"""Upstream statuses passed on because the official client raises a fitting class for each."""


# --- decoding -----------------------------------------------------------------------------------------------


def decode_openai_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Classify an error answer of an OpenAI-compatible provider. Never raises."""
    failure = _failure_of_body(status, headers, body)
    return msgspec.structs.replace(failure, status=status, retry_after_s=retry_after_s(headers))


def _failure_of_body(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    try:
        document = _decode_json(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Failure(kind=kind_of_status(status), message=_message_of_text(status, headers, body))
    if isinstance(document, list) and document:
        document = document[0]
    if isinstance(document, str):
        document = {"message": document}
    if not isinstance(document, dict):
        return Failure(kind=kind_of_status(status), message=_no_words(status))
    return failure_of_openai_error(error_object(document), status)


def error_object(document: JsonObject) -> JsonObject:
    """The object that holds the words of an error, wherever the vendor put it; a bare text becomes its message."""
    error = document.get("error")
    if isinstance(error, dict):
        return error
    if isinstance(error, str):
        return {**document, "message": error}
    return document


def failure_of_openai_error(error: JsonObject, status: int | None = None) -> Failure:
    """Classify an error object, also one that stands inside a stream (then without a status)."""
    nested = _nested(error)
    code, code_status = _code(error.get("code"))
    nested_code, _ = _code(nested.get("code"))
    word = _word(error.get("type"))
    http_status = status if status is not None and status >= 400 else code_status
    kind = (
        KIND_BY_CODE.get(code or "")
        or KIND_BY_CODE.get(nested_code or "")
        or KIND_BY_CODE.get(word or "")
        or KIND_BY_CODE.get(_word(nested.get("type")) or "")
        or _kind_without_code(http_status, word)
    )
    message, param = _message_and_param(error)
    return Failure(
        kind=kind,
        message=_with_nested(message, nested) or _no_words(http_status),
        status=status,
        code=code,
        type=word,
        param=param,
        native=error,
    )


def _kind_without_code(status: int | None, word: str | None) -> FailureKind:
    if status is not None:
        return kind_of_status(status)
    return "bad_request" if word == "invalid_request_error" else "unknown"


def _code(value: object) -> tuple[str | None, int | None]:
    """A vendor's code as text, or the HTTP status that some vendors write in its place."""
    if isinstance(value, str):
        if len(value) == 3 and value.isascii() and value.isdigit() and "400" <= value < "600":
            return None, int(value)
        return value or None, None
    if isinstance(value, int) and not isinstance(value, bool):
        return (None, value) if 400 <= value < 600 else (str(value), None)
    return None, None


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _nested(error: JsonObject) -> JsonObject:
    """The error of the provider behind the one that answered: Azure's `innererror`, OpenRouter's `metadata.raw`."""
    inner = error.get("innererror")
    if isinstance(inner, dict):
        return inner
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    if isinstance(raw, str):
        try:
            raw = _decode_json(raw.encode())
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return {"message": raw}
    return error_object(raw) if isinstance(raw, dict) else {}


def _message_and_param(error: JsonObject) -> tuple[str, str | None]:
    param = _word(error.get("param"))
    message = error.get("message", error.get("Message"))
    if isinstance(message, str):
        return shown(message), param
    # Mistral puts FastAPI's list inside `message`; others send it bare.
    detail: Any = message if isinstance(message, dict | list) else error
    if isinstance(detail, dict):
        detail = detail.get("detail")
    if isinstance(detail, str):
        return shown(detail), param
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        return shown(detail[0].get("msg")), param or _path(detail[0].get("loc"))
    return "", param


def _path(location: object) -> str | None:
    """FastAPI's `["body", "messages", 0, "content"]` as `messages[0].content`."""
    if not isinstance(location, list):
        return None
    path = ""
    for step in location[1:] if location[:1] == ["body"] else location:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if path else str(step)
    return path or None


def _with_nested(message: str, nested: JsonObject) -> str:
    inner = shown(nested.get("message"))
    if not inner or inner == message:
        return message
    return shown(f"{message}: {inner}") if message else inner


def _message_of_text(status: int, headers: Mapping[str, str], body: bytes) -> str:
    text = body[: 4 * MESSAGE_CHARS_MAX].decode("utf-8", "replace").strip()
    if not text or text.startswith("<") or "html" in headers.get("content-type", ""):
        return _no_words(status)
    return shown(text)


def _no_words(status: int | None) -> str:
    if status is None:
        return "the provider failed without saying why"
    return f"the provider answered with status {status} without saying why"


# --- encoding -----------------------------------------------------------------------------------------------


def encode_openai_error(failure: Failure) -> tuple[int, JsonObject]:
    """The status by which OpenAI's clients raise their own right exception, and OpenAI's body.

    Exhausted quota is 429 with `insufficient_quota`, as OpenAI answers it; a refusal of our own (no vendor object)
    keeps the status it was given.
    """
    return _status(failure), {"error": openai_error_object(failure)}


def openai_error_event(failure: Failure) -> bytes:
    """The error inside a stream of Chat or Completions: OpenAI's clients raise `APIError` on the object. No finish
    reason and no `[DONE]` follows it."""
    return sse_frame(_encode_json(encode_openai_error(failure)[1]))


def openai_error_object(failure: Failure) -> JsonObject:
    """`message`, `type`, `param` and `code`; each always there, the code a string or null."""
    code = _code_of(failure)
    word = failure.type
    if word not in _WORDS_OF_OPENAI:
        word = _TYPE_BY_KIND.get(failure.kind)
        if word is None:
            word = "invalid_request_error" if STATUS_BY_KIND[failure.kind] < 500 else "server_error"
    return {"message": failure.message, "type": word, "param": failure.param, "code": code or None}


def _code_of(failure: Failure) -> str | None:
    code = failure.code
    ours = code is not None and not failure.native  # a refusal of the gateway has a code of its own
    if ours or code in _CODES_KEPT:
        return code
    said_by_class = code is None or KIND_BY_CODE.get(code) == failure.kind or failure.kind in _KINDS_NAMED_BY_CODE
    return _CODE_BY_KIND.get(failure.kind, code) if said_by_class else code


def _status(failure: Failure) -> int:
    status = failure.status
    if status is not None:
        if status in _STATUSES_KEPT.get(failure.kind, ()):
            return status
        if not failure.native and status >= 400 and kind_of_status(status) == failure.kind:
            return status
    return STATUS_BY_KIND[failure.kind]
