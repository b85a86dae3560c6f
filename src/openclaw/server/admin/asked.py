"""What a page of the admin API is asked, and what it may use."""

import datetime
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from openclaw.budget.books import Books
from openclaw.calls import Failure
from openclaw.gateway.pipeline import Gateway
from openclaw.gateway.ports import Clock, Refused
from openclaw.server.own_keys import OwnKeys
from openclaw.server.pages import Document, Queried, faulty

T = TypeVar("T")

_AGO = re.compile(r"([0-9]{1,6})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
# msgspec ends its messages so: https://jcristharif.com/msgspec/usage.html#typed-decoding
_PLACE = re.compile(r" - at `\$?\.?(?P<path>[^`]*)`\Z")


class Admin(Struct, frozen=True):
    """What pages use. `look_at_runs` takes over at once which runs are stopped."""

    gateway: Gateway
    keys: OwnKeys
    books: Books
    look_at_runs: Callable[[], Awaitable[None]]
    clock: Clock


class AdminAsked(Queried, frozen=True, kw_only=True):
    """A request for a page; `body` is what was sent with it."""

    admin: Admin
    body: bytes

    @property
    def now_s(self) -> float:
        return self.admin.clock.unix_s()

    def read(self, kind: type[T]) -> T:
        """The body as this type. Raises `Refused`."""
        try:
            return msgspec.json.decode(self.body or b"{}", type=kind)
        except msgspec.ValidationError as error:
            text = str(error)
            place = _PLACE.search(text)
            message = text[: place.start()] if place else text
            raise _bad_body(f"{message}.", place["path"] if place else None) from error
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise _bad_body("The body must be one JSON object.", None) from error

    def moment(self, name: str, default_s: float) -> float:
        """A time in the query, in Unix seconds: as that, as ISO 8601, or so long ago (`7d`). Raises `Refused`."""
        text = self.last(name)
        if text is None:
            return default_s
        if ago := _AGO.fullmatch(text):
            return self.now_s - int(ago[1]) * _SECONDS[ago[2]]
        if text.isascii() and text.isdecimal() and len(text) <= 12:
            return float(text)
        try:
            when = datetime.datetime.fromisoformat(text)
            return (when if when.tzinfo is not None else when.replace(tzinfo=datetime.UTC)).timestamp()
        except (ValueError, OverflowError) as error:
            message = f"'{name}' must be a time: Unix seconds, 2026-11-25T08:00:00Z, or 7d for so long ago."
            raise faulty(name, message) from error


def _bad_body(message: str, path: str | None) -> Refused:
    return Refused(Failure(kind="bad_request", message=message, param=path or None))


Serve: TypeAlias = Callable[[AdminAsked], Awaitable[Document]]
"""Raises `Refused`; and, as the stores do, `LedgerUnavailable`, `KeysUnavailable` and `SecretLost`."""


class AdminPage(Struct, frozen=True):
    method: str
    path: re.Pattern[str]
    serve: Serve


def page(method: str, path: str, serve: Serve) -> AdminPage:
    return AdminPage(method, re.compile("/admin/v1" + path, re.DOTALL), serve)


def not_found(what: str, identity: str, code: str) -> Refused:
    return Refused(Failure(kind="not_found", message=f"No {what} '{identity[:200]}' is known.", code=code))


def listed(items: list[Any], *, has_more: bool) -> Document:
    return Document({"object": "list", "data": items, "has_more": has_more})
