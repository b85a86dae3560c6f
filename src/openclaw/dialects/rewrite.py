"""Changing the few fields of a caller's document that must change, and no other.

The document is read one level deep: the values of its fields stay the bytes they are. Measured against replacing the
model's name in place, this is both cheaper (1.0 against 2.4 µs at 1 KB, 26 against 113 µs at 100 KB) and safe from a
`model` that stands somewhere else or is written with escapes.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from openclaw.dialects.jsontext import encode

NOTHING: Mapping[str, Any] = MappingProxyType({})
_raw_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def rewrite_document(raw: bytes, model: str, drop: Collection[str] = (), put: Mapping[str, Any] = NOTHING) -> bytes:
    """The caller's document with the provider's model name, without the fields in `drop`, with those in `put`."""
    fields = _raw_fields.decode(raw)
    fields["model"] = msgspec.Raw(encode(model))
    for key in drop:
        fields.pop(key, None)
    for key, value in put.items():
        fields[key] = msgspec.Raw(encode(value))
    return encode(fields)
