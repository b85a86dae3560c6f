"""Stage 2, request: bytes to a typed call and what it says about routing."""

import re
from typing import Any, TypeVar

from openclaw.calls import Failure
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.jsontext import NotJson, parse
from openclaw.gateway.operation import Operation, Request
from openclaw.gateway.ports import Refused
from openclaw.gateway.snapshot import Limits
from openclaw.routing.hints import Hints, read_hints

R = TypeVar("R", bound=Request)

# Twenty megabytes can be one text, or six million empty arrays: seconds in which nobody else is served, and a gigabyte.
# A conversation of ten thousand messages has some ten thousands of objects; a batch of token ids is a long array.
CONTAINERS_MAX = 100_000
VALUES_MAX = 1_000_000
# To its end or, in what is no JSON, to the body's; possessive, so that the time does not grow faster than the body.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)


def read(operation: Operation[R], raw: bytes, limits: Limits) -> R:
    """Bytes to a typed call. Raises `Refused` naming the byte or the field at fault."""
    if _too_many_values(raw):
        raise Refused(
            Failure(
                kind="too_large",
                message=f"The request body holds over {CONTAINERS_MAX} objects and arrays, or {VALUES_MAX} values.",
                code="request_too_large",
            )
        )
    try:
        body = parse(raw)
    except NotJson as error:
        raise Refused(
            Failure(kind="bad_request", message=f"The request body is not valid JSON: {error.message}.")
        ) from error
    if not isinstance(body, dict):
        raise Refused(Failure(kind="bad_request", message="The request body must be a JSON object."))
    if _deeper_than(body, limits.nesting_max):
        raise Refused(
            Failure(kind="bad_request", message=f"The request body is nested deeper than {limits.nesting_max} levels.")
        )
    try:
        return operation.read(raw, body)
    except InvalidRequest as error:
        raise Refused(bad_request(error)) from error


def routing_hints(request: Request) -> Hints:
    """What the caller said about routing. Raises `Refused`."""
    try:
        return read_hints(request.extra)
    except InvalidRequest as error:
        raise Refused(bad_request(error)) from error


def bad_request(error: InvalidRequest) -> Failure:
    return Failure(kind="bad_request", message=error.message, param=error.param)


def _too_many_values(raw: bytes) -> bool:
    if len(raw) < 2 * CONTAINERS_MAX or not _many(raw):  # an empty container takes two bytes: most bodies need no count
        return False
    outside_strings, strings = _STRING.subn(b"", raw, VALUES_MAX)
    return strings == VALUES_MAX or _many(outside_strings)


def _many(data: bytes) -> bool:
    """Whether there are too many of the bytes that separate values; those in strings count too."""
    return data.count(b"{") + data.count(b"[") > CONTAINERS_MAX or data.count(b",") > VALUES_MAX


def _deeper_than(value: Any, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [
            child
            for parent in layer
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not layer:
            return False
    return True
