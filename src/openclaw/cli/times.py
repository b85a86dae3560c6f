"""Times and durations as people type them."""

import argparse
import datetime
import re
import time

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"([0-9]{1,6})([smhdw])")


def span(text: str) -> float:
    """`90d` in seconds. Raises `ArgumentTypeError`."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration like 30s, 15m, 12h, 7d or 2w")
    return int(found[1]) * _SECONDS[found[2]]


def moment(text: str) -> float:
    """So long ago (`7d`), or a date or time, UTC unless it says otherwise; Unix seconds. Raises `ArgumentTypeError`."""
    if _SPAN.fullmatch(text):
        return time.time() - span(text)
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        hint = "a date like 2026-11-25, a time like 2026-11-25T08:00, or a duration like 7d"
        raise argparse.ArgumentTypeError(f"{text!r} is not {hint}") from error
    return (found if found.tzinfo is not None else found.replace(tzinfo=datetime.UTC)).timestamp()


def written(unix_s: float, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """UTC."""
    return datetime.datetime.fromtimestamp(unix_s, datetime.UTC).strftime(form)
