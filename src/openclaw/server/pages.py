"""What the application serves beside the doors: a table of methods and paths, and what a page takes and gives."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

from openclaw.calls import Failure
from openclaw.gateway.pipeline import Gateway
from openclaw.gateway.ports import Refused
from openclaw.gateway.snapshot import CallerKey
from openclaw.server.voices import Voice


class Queried(Struct, frozen=True):
    """`found` are the named parts of the path."""

    found: Mapping[str, str]
    query: Mapping[str, Sequence[str]]

    def last(self, name: str) -> str | None:
        """The value of a query parameter; of a repeated one the last."""
        values = self.query.get(name)
        return values[-1] if values else None

    def whole_number(self, name: str, default: int, *, least: int = 0, most: int = 2**53) -> int:
        """Raises `Refused`."""
        text = self.last(name)
        if text is None:
            return default
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 17 else -1
        if not least <= number <= most:
            raise faulty(name, f"'{name}' must be a number from {least} to {most}.")
        return number

    def one_of(self, name: str, words: Sequence[str]) -> str:
        """One of these words, the first when none is given. Raises `Refused`."""
        text = self.last(name)
        if text is not None and text not in words:
            raise faulty(name, f"'{name}' must be one of {', '.join(words)}.")
        return text or words[0]

    def place_of(self, identity: str, identities: Sequence[Any], name: str) -> int:
        """Where in a list the parameter points. Raises `Refused`."""
        if identity not in identities:
            raise faulty(name, f"'{name}' names nothing in this list.")
        return identities.index(identity)


class Asked(Queried, frozen=True, kw_only=True):
    """A request for a page. `owner` is None where nobody needs a key."""

    gateway: Gateway
    owner: CallerKey | None
    voice: Voice


def faulty(name: str, message: str) -> Refused:
    """A query parameter that cannot be read."""
    return Refused(Failure(kind="bad_request", message=message, param=name))


class Document(Struct, frozen=True):
    """An answer in JSON."""

    body: Any
    status: int = 200


class Events(Struct, frozen=True):
    """An answer that comes in server-sent events."""

    chunks: AsyncIterator[bytes]


Serve: TypeAlias = Callable[[Asked], Awaitable[Document | Events]]
"""Raises `Refused` or, as the store does, `StoreUnavailable`."""


class Page(Struct, frozen=True):
    """`public` asks for no key."""

    method: str
    path: re.Pattern[str]
    serve: Serve
    public: bool = False
