"""Google's errors: a google.rpc.Status in JSON, in a list when the answer would have been a JSON array.

Classes come from the reason of an ErrorInfo, then from the status word, then from the HTTP status. Sources:
https://cloud.google.com/apis/design/errors and https://ai.google.dev/gemini-api/docs/troubleshooting.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from openclaw.calls import Failure, FailureKind, JsonObject
from openclaw.dialects.failures import STATUS_BY_KIND, kind_of_status, narrowed, retry_after_s, shown
from openclaw.dialects.jsontext import encode
from openclaw.dialects.sse import sse_frame

_KIND_BY_REASON: dict[str, FailureKind] = {
    "API_KEY_INVALID": "authentication",
    "API_KEY_EXPIRED": "authentication",
    "ACCESS_TOKEN_EXPIRED": "authentication",
    "ACCESS_TOKEN_TYPE_UNSUPPORTED": "authentication",
    "CREDENTIALS_MISSING": "authentication",
    "ACCOUNT_STATE_INVALID": "authentication",
    "API_KEY_SERVICE_BLOCKED": "permission",
    "API_KEY_HTTP_REFERRER_BLOCKED": "permission",
    "API_KEY_IP_ADDRESS_BLOCKED": "permission",
    "SERVICE_DISABLED": "permission",
    "CONSUMER_INVALID": "permission",
    "CONSUMER_SUSPENDED": "permission",
    "IAM_PERMISSION_DENIED": "permission",
    "BILLING_DISABLED": "quota",
    "RATE_LIMIT_EXCEEDED": "rate_limit",
    "RESOURCE_QUOTA_EXCEEDED": "quota",
}

_KIND_BY_WORD: dict[str, FailureKind] = {
    "INVALID_ARGUMENT": "bad_request",
    "OUT_OF_RANGE": "bad_request",
    "ALREADY_EXISTS": "bad_request",
    "ABORTED": "bad_request",
    "FAILED_PRECONDITION": "permission",  # the free tier is not offered in the country, or billing is off
    "UNAUTHENTICATED": "authentication",
    "PERMISSION_DENIED": "permission",
    "NOT_FOUND": "not_found",
    "RESOURCE_EXHAUSTED": "rate_limit",
    "UNIMPLEMENTED": "unsupported",
    "CANCELLED": "timeout",
    "DEADLINE_EXCEEDED": "timeout",
    "UNAVAILABLE": "overloaded",
    "INTERNAL": "server",
    "DATA_LOSS": "server",
    "UNKNOWN": "server",
}

_WORD_BY_KIND: dict[FailureKind, str] = {
    "bad_request": "INVALID_ARGUMENT",
    "authentication": "UNAUTHENTICATED",
    "permission": "PERMISSION_DENIED",
    "not_found": "NOT_FOUND",
    "context_length": "INVALID_ARGUMENT",
    "too_large": "INVALID_ARGUMENT",
    "unsupported": "INVALID_ARGUMENT",
    "content_filter": "INVALID_ARGUMENT",
    "rate_limit": "RESOURCE_EXHAUSTED",
    "quota": "RESOURCE_EXHAUSTED",
    "budget": "RESOURCE_EXHAUSTED",
    "overloaded": "UNAVAILABLE",
    "server": "INTERNAL",
    "timeout": "DEADLINE_EXCEEDED",
    "network": "UNAVAILABLE",
    "malformed": "INTERNAL",
    "truncated": "INTERNAL",
    "cancelled": "CANCELLED",
    "unknown": "UNKNOWN",
}

_TYPES = "type.googleapis.com/google.rpc."


def decode_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Never raises."""
    failure = failure_of(_error_object(body), status)
    wait = failure.retry_after_s if failure.retry_after_s is not None else retry_after_s(headers)
    return msgspec.structs.replace(failure, status=status, retry_after_s=wait)


def _error_object(body: bytes) -> JsonObject:
    """The `error` object of a body, also where the answer would have been an event stream or an array."""
    try:
        document = msgspec.json.decode(body.strip().removeprefix(b"data:"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    if isinstance(document, list) and document:
        document = document[0]
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, dict) else {}


def failure_of(error: JsonObject, status: int | None = None) -> Failure:
    """The failure that an `error` object describes; `status` decides where its own words do not."""
    word = error.get("status")
    word = word if isinstance(word, str) else None
    details = [d for d in error.get("details") or () if isinstance(d, dict)] if _is_list(error.get("details")) else []
    reason = _text(_detail(details, "ErrorInfo").get("reason"))
    if status is None and type(error.get("code")) is int:
        status = error["code"]
    kind = _KIND_BY_REASON.get(reason or "") or _KIND_BY_WORD.get(word or "") or kind_of_status(status or 0)
    if kind == "rate_limit" and _is_daily(details):
        kind = "quota"
    return Failure(
        kind=narrowed(kind, status),
        message=shown(error.get("message")) or f"Google answered with status {status}",
        code=reason,
        type=word,
        param=_field(details),
        retry_after_s=_delay(_detail(details, "RetryInfo").get("retryDelay")),
        native=error,
    )


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _detail(details: list[JsonObject], name: str) -> JsonObject:
    return next((detail for detail in details if detail.get("@type") == _TYPES + name), {})


def _is_daily(details: list[JsonObject]) -> bool:
    """A limit per day does not pass while a caller waits. Google names it in the limit's id, as in
    `GenerateRequestsPerDayPerProjectPerModel-FreeTier`."""
    violations = _detail(details, "QuotaFailure").get("violations")
    for violation in violations if isinstance(violations, list) else ():
        if isinstance(violation, dict) and "PerDay" in (_text(violation.get("quotaId")) or ""):
            return True
    return False


def _field(details: list[JsonObject]) -> str | None:
    violations = _detail(details, "BadRequest").get("fieldViolations")
    first = violations[0] if isinstance(violations, list) and violations else None
    return _text(first.get("field")) if isinstance(first, dict) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _delay(value: Any) -> float | None:
    """A google.protobuf.Duration in JSON: seconds with an `s` behind them."""
    if not isinstance(value, str) or not value.endswith("s"):
        return None
    try:
        seconds = float(value[:-1])
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def encode_error(failure: Failure) -> tuple[int, JsonObject]:
    """google-genai raises ClientError for 4xx and ServerError for 5xx, and shows `status`."""
    status = failure.status if failure.status is not None and 400 <= failure.status < 600 else None
    if status is None or kind_of_status(status) != failure.kind:
        status = STATUS_BY_KIND[failure.kind]
    return status, {"error": error_body(failure, status)}


def error_event(failure: Failure) -> bytes:
    """The error inside a stream: google-genai raises when a chunk's first key is `error`, by the code inside."""
    return sse_frame(encode({"error": error_body(failure, STATUS_BY_KIND[failure.kind])}))


def error_body(failure: Failure, status: int) -> JsonObject:
    body: JsonObject = {"code": status, "message": failure.message, "status": _WORD_BY_KIND[failure.kind]}
    details: list[JsonObject] = []
    if failure.retry_after_s is not None:
        details.append({"@type": _TYPES + "RetryInfo", "retryDelay": f"{failure.retry_after_s:g}s"})
    if failure.param is not None:
        violation = {"field": failure.param, "description": failure.message}
        details.append({"@type": _TYPES + "BadRequest", "fieldViolations": [violation]})
    if failure.kind == "quota":
        # The only word by which Google tells an exhausted allowance from a rate limit.
        details.append({"@type": _TYPES + "ErrorInfo", "reason": "RESOURCE_QUOTA_EXCEEDED", "domain": "openclaw"})
    if details:
        body["details"] = details
    return body
