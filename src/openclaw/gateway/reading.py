"""Stage 2, request: bytes to a typed call and what it says about routing."""

from typing import Any, TypeVar

from openclaw.calls import Failure
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.jsontext import NotJson, parse
from openclaw.gateway.operation import Operation, Request
from openclaw.gateway.ports import Refused
from openclaw.gateway.room import has_too_many_values, too_many_values
from openclaw.gateway.snapshot import Limits
from openclaw.routing.hints import Hints, read_hints

R = TypeVar("R", bound=Request)


def read(operation: Operation[R], raw: bytes, limits: Limits) -> R:
    """Bytes to a typed call. Raises `Refused` naming the byte or the field at fault."""
    if has_too_many_values(raw):
        raise Refused(too_many_values("The request body"))
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
