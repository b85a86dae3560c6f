"""Changing the few fields of a caller's document that must change, and no other byte where the document allows it."""

import re
from collections.abc import Collection
from typing import Any

import msgspec

from openclaw.dialects.jsontext import encode

_MODEL = re.compile(rb'"model"\s*:\s*"(?:[^"\\]|\\.)*"')
_raw_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def rewrite_document(
    raw: bytes, model: str, drop: Collection[str] = (), *, asked_options: Any = None, ask_for_usage: bool = False
) -> bytes:
    """The caller's document with the provider's model name, without the fields in `drop`, and asking for the usage of
    a stream. Every other byte stays where the document allows it."""
    options = b',"stream_options":{"include_usage":true}' if ask_for_usage else b""
    if not drop and not (options and b'"stream_options"' in raw):
        spliced = _splice(raw, b'"model":' + encode(model) + options)
        if spliced is not None:
            return spliced
    fields = _raw_fields.decode(raw)
    for key in drop:
        fields.pop(key, None)
    fields["model"] = msgspec.Raw(encode(model))
    if options:
        fields["stream_options"] = msgspec.Raw(encode({**(asked_options or {}), "include_usage": True}))
    return encode(fields)


def _splice(raw: bytes, model: bytes) -> bytes | None:
    """Replace the `model` field in place; None unless its one occurrence is certain to be the top-level field.

    A name written with escapes (`\\u006dodel`) could hide the real field behind a nested one, so such a document
    takes the longer way.
    """
    if raw.count(b'"model"') != 1 or b"\\u00" in raw:
        return None
    match = _MODEL.search(raw)
    if match is None:
        return None
    return b"".join((raw[: match.start()], model, raw[match.end() :]))
