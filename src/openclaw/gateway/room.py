"""How much a request may hold, with what it only names."""

import re
from collections.abc import Iterable

from openclaw.calls import Failure
from openclaw.gateway.ports import Refused
from openclaw.gateway.snapshot import Limits

# Twenty megabytes can be one text, or six million empty arrays: seconds in which nobody else is served, and a gigabyte.
# A conversation of ten thousand messages has some ten thousands of objects; a batch of token ids is a long array.
CONTAINERS_MAX = 100_000
VALUES_MAX = 1_000_000
# To its end or, in what is no JSON, to the body's; possessive, so that the time does not grow faster than the body.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)


# What is kept of a turn holds tools and instructions as well, in the request and once more in the response, and they do
# not go into the next request: an agent's are as long as some turns.
_READ_PER_SENT = 4


class Room:
    """How much more a request may come to hold: what it only names, and the gateway puts in, counts as if it were sent.
    Else a few bytes that name much would cost what no body may."""

    def __init__(self, limits: Limits, body: bytes) -> None:
        self._limit = limits.body_bytes_max
        self._left = self._limit - len(body)

    @property
    def read_bytes_max(self) -> int:
        """How much of what is kept may be read to put in what there is room for."""
        return _READ_PER_SENT * self._limit

    def take(self, pieces: Iterable[bytes], param: str) -> None:
        """Make these JSON texts, each as often as it is used, part of the request. Raises `Refused` with 413."""
        taken = []
        for piece in pieces:
            self._left -= len(piece)
            if self._left < 0:
                raise self.exceeded(param)
            taken.append(piece)
        if has_too_many_values(b",".join(taken)):
            raise Refused(too_many_values(f"What '{param}' names", param))

    def exceeded(self, param: str) -> Refused:
        message = f"The request with what '{param}' names is larger than {self._limit} bytes."
        return Refused(Failure(kind="too_large", message=message, code="request_too_large", param=param))


def too_many_values(what: str, param: str | None = None) -> Failure:
    message = f"{what} holds over {CONTAINERS_MAX} objects and arrays, or {VALUES_MAX} values."
    return Failure(kind="too_large", message=message, code="request_too_large", param=param)


def has_too_many_values(raw: bytes) -> bool:
    """Whether a JSON text holds more than a body may, before it is decoded."""
    if len(raw) < 2 * CONTAINERS_MAX or not _many(raw):  # an empty container takes two bytes: most bodies need no count
        return False
    outside_strings, strings = _STRING.subn(b"", raw, VALUES_MAX)
    return strings == VALUES_MAX or _many(outside_strings)


def _many(data: bytes) -> bool:
    """Whether there are too many of the bytes that separate values; those in strings count too."""
    return data.count(b"{") + data.count(b"[") > CONTAINERS_MAX or data.count(b",") > VALUES_MAX
