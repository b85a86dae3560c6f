"""Remembering how a field was spelled where two spellings mean the same: absent, null, or empty.

A decoder reads optional fields through `NotingFields`, whose notes go into the `spelling` of the value it builds;
the same dialect's encoder hands them to `write_notes`.
"""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import UNSET

from openclaw.calls import JsonObject
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.fields import Fields

_NULL = ":null"
_EMPTY: dict[str, Callable[[], Any]] = {":[]": list, ":{}": dict}


class NotingFields(Fields):
    """A `Fields` whose optional readers give None for absent and null alike, and note a null in `notes`."""

    __slots__ = ("notes",)

    def __init__(self, value: object, path: str = "") -> None:
        super().__init__(value, path)
        self.notes: list[str] = []

    def _noted(self, key: str, value: Any) -> Any:
        if value is None:
            self.notes.append(key + _NULL)
        return None if value is UNSET else value

    def text_or_none(self, key: str) -> str | None:
        text: str | None = self._noted(key, self.text(key))
        return text

    def boolean_or_none(self, key: str) -> bool | None:
        value: bool | None = self._noted(key, self.boolean(key))
        return value

    def object_or_none(self, key: str) -> JsonObject | None:
        value: JsonObject | None = self._noted(key, self.object(key))
        return value

    def array_or_none(self, key: str) -> list[Any] | None:
        value: list[Any] | None = self._noted(key, self.array(key))
        return value

    def required_object(self, key: str) -> JsonObject:
        value = self.object(key)
        if isinstance(value, dict):
            return value
        raise InvalidRequest(self.at(key), f"'{self.at(key)}' is required and must be an object")

    def note_empty(self, key: str, value: list[Any] | JsonObject | None) -> None:
        """Remember that a list or object was there but empty."""
        if value is not None and not value:
            self.notes.append(key + (":[]" if isinstance(value, list) else ":{}"))


def write_notes(body: JsonObject, spelling: Iterable[str]) -> None:
    """Write the nulls and empties that were noted, where nothing else has been written."""
    for note in spelling:
        if note.endswith(_NULL):
            body.setdefault(note[: -len(_NULL)], None)
        elif note[-3:] in _EMPTY:
            body.setdefault(note[:-3], _EMPTY[note[-3:]]())
