"""Reading JSON that somebody else wrote: one error for every way in which it can be wrong."""

from typing import Any

import msgspec

from openclaw.calls import JsonObject

_decode = msgspec.json.Decoder().decode
encode = msgspec.json.Encoder().encode
"""A value to compact JSON bytes."""


class NotJson(Exception):
    """The bytes are not the JSON that was expected. `message` says what and, where known, at which byte."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def parse(data: bytes) -> Any:
    """Raises `NotJson`: malformed, not UTF-8, or nested deeper than the decoder can follow."""
    try:
        return _decode(data)
    except msgspec.DecodeError as error:
        raise NotJson(str(error)) from error
    except UnicodeDecodeError as error:
        raise NotJson(f"JSON is not valid UTF-8 (byte {error.start} of a string)") from error
    except RecursionError as error:
        raise NotJson("JSON is nested too deeply") from error


def parse_object(data: bytes) -> JsonObject:
    """Raises `NotJson`, also for a document that is another value."""
    value = parse(data)
    if not isinstance(value, dict):
        raise NotJson("JSON is not an object")
    return value
