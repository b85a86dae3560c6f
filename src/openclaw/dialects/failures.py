"""What an HTTP status and a few headers say about a failure, the same in every dialect."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from openclaw.calls import FailureKind

# A message is for people; a longer one is somebody's page or dump.
MESSAGE_CHARS_MAX = 2000


def shown(message: object) -> str:
    """A provider's message as a caller may see it: bounded, and "" for what is no text."""
    return message.strip()[:MESSAGE_CHARS_MAX] if isinstance(message, str) else ""


_KIND_BY_STATUS: dict[int, FailureKind] = {
    400: "bad_request",
    401: "authentication",
    402: "quota",
    403: "permission",
    404: "not_found",
    405: "not_found",
    408: "timeout",
    409: "bad_request",
    413: "too_large",
    415: "bad_request",
    422: "bad_request",
    429: "rate_limit",
    498: "overloaded",  # Groq: flex tier capacity exceeded
    499: "timeout",
    503: "overloaded",
    504: "timeout",
    524: "timeout",  # Cloudflare: origin took too long
    529: "overloaded",  # Anthropic
}


def kind_of_status(status: int) -> FailureKind:
    """The class that the status alone implies; a vendor code, where there is one, decides before it."""
    kind = _KIND_BY_STATUS.get(status)
    if kind is not None:
        return kind
    if 400 <= status < 500:
        return "bad_request"
    return "server" if status >= 500 else "unknown"


def narrowed(kind: FailureKind, status: int | None) -> FailureKind:
    """The class of a vendor's word; the one word for every bad request says less than the status 413."""
    return "too_large" if kind == "bad_request" and status == 413 else kind


STATUS_BY_KIND: dict[FailureKind, int] = {
    "bad_request": 400,
    "authentication": 401,
    "permission": 403,
    "not_found": 404,
    "context_length": 400,
    "too_large": 413,
    "unsupported": 400,
    "content_filter": 400,
    "rate_limit": 429,
    "quota": 429,
    "budget": 402,
    "overloaded": 503,
    "server": 502,
    "timeout": 504,
    "network": 502,
    "malformed": 502,
    "truncated": 502,
    "cancelled": 499,
    "unknown": 502,
}
"""The status a caller gets for a failure that had none of its own."""


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds to wait as told by `retry-after-ms` (OpenAI, Azure) or `retry-after` (RFC 9110: seconds or a date)."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # the second for a year or an hour of twenty digits
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - (now or datetime.now(UTC))).total_seconds())


def _number(value: str | None) -> float | None:
    if value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
