"""The notes that this dialect's decoder leaves for its own encoder in a `spelling`.

    key=json    the wire object has `key` with this value (a null, an empty list, an id, a status, a type)
    -key        the wire object lacks `key`, which the encoder would write
    anything    a marker that an encoder looks for by name

A note holds what says nothing to a model, so that no other dialect has to report its loss.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from openclaw.calls import JsonObject

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

Notes = tuple[str, ...]
_EMPTY = frozenset({"null", "[]", "{}"})

ITEM = "item"
"""On a part: it begins a new message item."""

ITEM_STRING = "item:string"
"""On a part: its message item has a string in the place of a content list."""


CHANGED = "changed"
"""On a call: the gateway has changed it, so that the caller's document does not say it any more."""


def note(key: str, value: Any) -> str:
    return f"{key}={_encode(value).decode()}"


def apply_notes(body: JsonObject, notes: Iterable[str], prefix: str = "") -> None:
    """Write the notes into a wire object; with a prefix only those that begin with it. A note of emptiness counts
    only while its field is empty: somebody may have filled it since."""
    for entry in notes:
        if not entry.startswith(prefix):
            continue
        key, equals, value = entry[len(prefix) :].partition("=")
        if not equals:
            if key.startswith("-") and not body.get(key[1:]):
                body.pop(key[1:], None)
        elif (prefix or not key.startswith("item.")) and (value not in _EMPTY or not body.get(key)):
            body[key] = _decode(value)


def prefixed(notes: Iterable[str], prefix: str) -> Notes:
    return tuple(f"{prefix}{entry}" for entry in notes)
