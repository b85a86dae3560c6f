"""Reading a JSON object field by field, so that what was not read is known.

A decoder takes the fields it understands, each checked for its type; `rest()` is what is left and goes into the
`extra` of the inner form. The error of a wrong type names the field's path, never its value.
"""

from typing import Any

from msgspec import UNSET, UnsetType

from openclaw.calls import JsonObject, Maybe
from openclaw.dialects.codec import InvalidRequest

_JSON_NAMES = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    type(None): "null",
}


def json_type(value: object) -> str:
    """The JSON name of a decoded value's type, with its article, for error messages."""
    return _JSON_NAMES.get(type(value), "a value of another type")


def wrong_type(path: str, expected: str, value: object) -> InvalidRequest:
    return InvalidRequest(path, f"'{path}' must be {expected}, not {json_type(value)}")


def as_object(value: object, path: str) -> JsonObject:
    if not isinstance(value, dict):
        raise wrong_type(path, "an object", value)
    return value


class Fields:
    """One object being read. Each method removes the field; `UNSET` means it was absent, None that it was null."""

    __slots__ = ("_rest", "path")

    def __init__(self, value: object, path: str = "") -> None:
        self._rest = dict(as_object(value, path or "body"))
        self.path = path

    def at(self, key: str) -> str:
        """The path of a field of this object."""
        return f"{self.path}.{key}" if self.path else key

    def take(self, key: str) -> Any:
        """Any value, unchecked."""
        return self._rest.pop(key, UNSET)

    def peek(self, key: str) -> Any:
        """Any value, left in place."""
        return self._rest.get(key, UNSET)

    def text(self, key: str) -> Maybe[str]:
        value = self._rest.pop(key, UNSET)
        if value is UNSET or value is None or type(value) is str:
            return value
        raise wrong_type(self.at(key), "a string", value)

    def integer(self, key: str) -> Maybe[int]:
        value = self._rest.pop(key, UNSET)
        if value is UNSET or value is None or type(value) is int:
            return value
        if type(value) is float and value.is_integer():
            return int(value)
        raise wrong_type(self.at(key), "an integer", value)

    def number(self, key: str) -> Maybe[float]:
        value = self._rest.pop(key, UNSET)
        if value is UNSET or value is None or type(value) is float or type(value) is int:
            return value
        raise wrong_type(self.at(key), "a number", value)

    def boolean(self, key: str) -> Maybe[bool]:
        value = self._rest.pop(key, UNSET)
        if value is UNSET or value is None or type(value) is bool:
            return value
        raise wrong_type(self.at(key), "a boolean", value)

    def object(self, key: str) -> Maybe[JsonObject]:
        value = self._rest.pop(key, UNSET)
        if value is UNSET or value is None or type(value) is dict:
            return value
        raise wrong_type(self.at(key), "an object", value)

    def array(self, key: str) -> Maybe[list[Any]]:
        value = self._rest.pop(key, UNSET)
        if value is UNSET or value is None or type(value) is list:
            return value
        raise wrong_type(self.at(key), "an array", value)

    def required_text(self, key: str) -> str:
        value = self._rest.pop(key, UNSET)
        if type(value) is str:
            return value
        if value is UNSET:
            raise InvalidRequest(self.at(key), f"'{self.at(key)}' is required")
        raise wrong_type(self.at(key), "a string", value)

    def required_array(self, key: str) -> list[Any]:
        value = self._rest.pop(key, UNSET)
        if type(value) is list:
            return value
        if value is UNSET:
            raise InvalidRequest(self.at(key), f"'{self.at(key)}' is required")
        raise wrong_type(self.at(key), "an array", value)

    def rest(self) -> JsonObject:
        """What no method has taken. The reader must not be used afterwards."""
        return self._rest


def if_text(value: object) -> str | None:
    """The value where it is a string; None for anything else, in answers whose slips are not worth an error."""
    return value if isinstance(value, str) else None


def if_integer(value: object) -> int | None:
    return value if type(value) is int else None


def if_count(value: object) -> int | None:
    """The value where it is a number of something."""
    return value if type(value) is int and value >= 0 else None


def given(value: Maybe[Any]) -> bool:
    """Whether a `Maybe` holds a value: neither absent nor null."""
    return value is not UNSET and value is not None


def put(body: JsonObject, key: str, value: Any) -> None:
    """Write a `Maybe` field: absent stays absent, null is written as null."""
    if not isinstance(value, UnsetType):
        body[key] = value


def put_given(body: JsonObject, key: str, value: Any) -> None:
    """Write a field that has a value; for dialects to which the caller's null means nothing."""
    if value is not None and not isinstance(value, UnsetType):
        body[key] = value
