"""Times on the wire: RFC 3339, as Google and Ollama write them, and Unix seconds, as OpenAI does."""

from datetime import UTC, datetime
from typing import Any


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
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
