"""Which past spending counts now.

Spending is booked in buckets by the time at which it was settled. A window is the buckets from `since` on; a bucket
leaves a rolling window as a whole, when its last second has left it, so more is counted than strictly must be (at most
one part in `ROLLING_BUCKETS`) and never less.
"""

import datetime
import zoneinfo
from typing import Literal, TypeAlias

from msgspec import Struct

Calendar: TypeAlias = Literal["minute", "hour", "day", "week", "month"]

ROLLING_BUCKETS = 60


class Window(Struct, frozen=True):
    """All time, the last `rolling_s` seconds, or the present calendar `unit` in `timezone` (an IANA name; weeks begin
    on Monday)."""

    rolling_s: int = 0
    unit: Calendar | None = None
    timezone: str = "UTC"

    @property
    def name(self) -> str:
        return self.unit or (f"{self.rolling_s}s" if self.rolling_s else "lifetime")


LIFETIME = Window()


def bucket(window: Window, unix_s: float) -> int:
    """The bucket that spending at this time is booked in, as the Unix second at which it begins."""
    if window.unit is not None:
        return int(_start(window, unix_s).timestamp())
    if window.rolling_s:
        width = max(1, window.rolling_s // ROLLING_BUCKETS)
        return int(unix_s) // width * width
    return 0


def since(window: Window, unix_s: float) -> int:
    """The first bucket that counts at this time."""
    if window.rolling_s and window.unit is None:
        width = max(1, window.rolling_s // ROLLING_BUCKETS)
        return (int(unix_s) - window.rolling_s - width) // width * width + width
    return bucket(window, unix_s)


def resets_s(window: Window, unix_s: float, oldest_s: int | None = None) -> float | None:
    """Seconds until something of the window's spending no longer counts; None for a lifetime. `oldest_s` is the oldest
    bucket that counts; without it, a rolling window is taken to have spending everywhere."""
    if window.unit is not None:
        return _end(window, unix_s).timestamp() - unix_s
    if window.rolling_s:
        width = max(1, window.rolling_s // ROLLING_BUCKETS)
        leaves_s = width - unix_s % width
        return leaves_s if oldest_s is None else max(leaves_s, oldest_s + window.rolling_s + width - unix_s)
    return None


def _start(window: Window, unix_s: float) -> datetime.datetime:
    now = datetime.datetime.fromtimestamp(unix_s, zoneinfo.ZoneInfo(window.timezone))
    match window.unit:
        case "minute":
            return now.replace(second=0, microsecond=0)
        case "hour":
            return now.replace(minute=0, second=0, microsecond=0)
        case "week":
            monday = now.date() - datetime.timedelta(days=now.weekday())
            return datetime.datetime.combine(monday, datetime.time(), now.tzinfo)
        case "month":
            return datetime.datetime(now.year, now.month, 1, tzinfo=now.tzinfo)
        case _:
            return datetime.datetime.combine(now.date(), datetime.time(), now.tzinfo)


def _end(window: Window, unix_s: float) -> datetime.datetime:
    """The start of the next unit; days and longer by the calendar, because a day may have 23 or 25 hours."""
    start = _start(window, unix_s)
    match window.unit:
        case "minute":
            return start + datetime.timedelta(minutes=1)
        case "hour":
            return start + datetime.timedelta(hours=1)
        case "week":
            days = 7
        case "month":
            days = (datetime.date(start.year + start.month // 12, start.month % 12 + 1, 1) - start.date()).days
        case _:
            days = 1
    return datetime.datetime.combine(start.date() + datetime.timedelta(days=days), datetime.time(), start.tzinfo)
