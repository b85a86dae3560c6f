"""Times on the wire: RFC 3339, as Google and Ollama write them, and Unix seconds, as OpenAI does."""

from datetime import UTC, datetime
from typing import Any

_LAST_S = 253_402_300_799  # the end of the year 9999, RFC 3339's last


def is_unix_time(seconds: int | None) -> bool:
    """Whether it is a time that can be written down; a provider's number may be any."""
    return seconds is not None and 0 <= seconds <= _LAST_S


def unix_seconds(time: Any) -> int | None:
    """The seconds of an RFC 3339 time, which may carry nanoseconds; None for anything else."""
    if not isinstance(time, str):
        return None
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp())


def rfc3339(seconds: int) -> str:
    """Raises `OverflowError` or `ValueError` for what is no `is_unix_time`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
