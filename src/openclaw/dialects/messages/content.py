"""Content blocks, in requests and in replies.

Blocks that only Anthropic understands (provider-run tools and their results, uploads, compaction, ...) become
`Opaque` parts, whole.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET

from openclaw.calls import (
    CacheMark,
    Citation,
    Document,
    Image,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Source,
    Text,
    ToolCall,
    ToolResult,
)
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.fields import Fields, as_object, if_integer, if_text, wrong_type
from openclaw.dialects.noting import NotingFields

DIALECT = "messages"


def json_text(value: Any, path: str) -> str:
    """JSON text of a decoded value. Values that JSON cannot hold, and nesting beyond the encoder's bound, are the
    caller's mistake."""
    try:
        return msgspec.json.encode(value).decode()
    except (RecursionError, TypeError, ValueError, OverflowError) as error:
        raise InvalidRequest(path, f"'{path}' is nested too deeply or holds what JSON cannot") from error


def decode_content(value: object, path: str) -> str | tuple[Part, ...]:
    """A string, or blocks."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return tuple(decode_block(block, f"{path}[{i}]") for i, block in enumerate(value))
    if value is UNSET:
        raise InvalidRequest(path, f"'{path}' is required")
    raise wrong_type(path, "a string or an array of content blocks", value)


def decode_block(value: object, path: str) -> Part:
    fields = NotingFields(value, path)
    kind = fields.required_text("type")
    read = _READERS.get(kind)
    return opaque(as_object(value, path), kind) if read is None else read(fields, as_object(value, path))


def opaque(native: JsonObject, kind: str) -> Opaque:
    mark = native.get("cache_control")
    ttl = mark.get("ttl") if isinstance(mark, dict) else None
    cache = CacheMark(ttl if isinstance(ttl, str) else None) if isinstance(mark, dict) else None
    return Opaque(DIALECT, native, kind, cache)


def decode_cache(fields: NotingFields) -> CacheMark | None:
    mark = fields.object_or_none("cache_control")
    if mark is None:
        return None
    inner = Fields(mark, fields.at("cache_control"))
    kind = inner.required_text("type")
    ttl = inner.peek("ttl")
    if isinstance(ttl, str):
        inner.take("ttl")
    extra = inner.rest()
    if kind != "ephemeral":
        extra["type"] = kind
    return CacheMark(ttl if isinstance(ttl, str) else None, extra)


# --- the readers: each takes what it knows; what is left is `extra` ------------------------------------------


def _text(fields: NotingFields, native: JsonObject) -> Part:
    text = fields.required_text("text")
    citations = fields.array_or_none("citations")
    fields.note_empty("citations", citations)
    path = fields.at("citations")
    return Text(
        text,
        tuple(decode_citation(c, f"{path}[{i}]") for i, c in enumerate(citations or ())),
        cache=decode_cache(fields),
        extra=fields.rest(),
        spelling=tuple(fields.notes),
    )


def decode_citation(value: object, path: str) -> Citation:
    native = as_object(value, path)
    return Citation(
        DIALECT,
        native,
        url=if_text(native.get("url")),
        title=if_text(native.get("title", native.get("document_title"))),
        cited_text=if_text(native.get("cited_text")),
        start_index=if_integer(native.get("start_char_index")),
        end_index=if_integer(native.get("end_char_index")),
    )


_SOURCE_KEYS = {
    "base64": ("data", "data"),
    "text": ("text", "data"),
    "url": ("url", "url"),
    "file": ("file_id", "file_id"),
}
"""Anthropic's source type: the field of `Source` and the wire field that hold its value."""


def _source(fields: NotingFields) -> tuple[Source, JsonObject] | None:
    """The source and its unknown fields; None for a kind of source that this version does not know."""
    inner = Fields(fields.peek("source"), fields.at("source"))
    kind = inner.required_text("type")
    if kind not in _SOURCE_KEYS:
        return None
    field, key = _SOURCE_KEYS[kind]
    value = inner.required_text(key)
    media_type = inner.text("media_type")
    fields.take("source")
    rest = inner.rest()
    if media_type is None:
        rest["media_type"] = None
    return Source(**{field: value}, media_type=media_type if isinstance(media_type, str) else None), rest


def _image(fields: NotingFields, native: JsonObject) -> Part:
    found = _source(fields)
    if found is None or found[0].text is not None:
        return opaque(native, "image")
    source, rest = found
    cache = decode_cache(fields)
    extra = fields.rest()
    if rest:
        extra["source"] = rest
    return Image(source, cache=cache, extra=extra, spelling=tuple(fields.notes))


def _document(fields: NotingFields, native: JsonObject) -> Part:
    found = _source(fields)
    if found is None:
        found = _text_of_blocks(fields)
        if found is None:
            return opaque(native, "document")
    source, rest = found
    document = Document(
        source,
        title=fields.text_or_none("title"),
        context=fields.text_or_none("context"),
        citations=_citations_enabled(fields),
        cache=decode_cache(fields),
    )
    extra = fields.rest()
    if rest:
        extra["source"] = rest
    return msgspec.structs.replace(document, extra=extra, spelling=tuple(fields.notes))


def _text_of_blocks(fields: NotingFields) -> tuple[Source, JsonObject] | None:
    """A document given as text blocks: its text for other dialects, the blocks themselves as `extra.source`."""
    native = as_object(fields.peek("source"), fields.at("source"))
    if native.get("type") != "content":
        return None
    content = native.get("content")
    text = content if isinstance(content, str) else _joined_text(content)
    if text is None:
        return None
    fields.take("source")
    return Source(text=text, media_type="text/plain"), native


def _joined_text(blocks: object) -> str | None:
    if not isinstance(blocks, list):
        return None
    texts = [block.get("text") for block in blocks if isinstance(block, dict) and block.get("type") == "text"]
    if len(texts) != len(blocks):
        return None
    known = [text for text in texts if isinstance(text, str)]
    return "\n".join(known) if len(known) == len(texts) else None


def _citations_enabled(fields: NotingFields) -> bool | None:
    value = fields.peek("citations")
    if isinstance(value, dict) and value.keys() == {"enabled"} and isinstance(value["enabled"], bool):
        fields.take("citations")
        return value["enabled"]
    if value is not UNSET and value is not None and not isinstance(value, dict):
        raise wrong_type(fields.at("citations"), "an object", value)
    return None  # null, {} and unknown shapes stay in `extra`


def _search_result(fields: NotingFields, native: JsonObject) -> Part:
    """A document to every other dialect, so that what was found is not lost; `extra` holds the block's own fields."""
    text = _joined_text(fields.peek("content"))
    source, title = fields.peek("source"), fields.peek("title")
    if text is None or not isinstance(source, str) or not isinstance(title, str):
        return opaque(native, "search_result")
    content = fields.take("content")
    fields.take("source"), fields.take("title")
    citations = _citations_enabled(fields)
    cache = decode_cache(fields)
    return Document(
        Source(text=text, media_type="text/plain"),
        title=title,
        context=source,
        citations=citations,
        cache=cache,
        extra={"content": content, **fields.rest()},
        spelling=("search_result", *fields.notes),
    )


def _thinking(fields: NotingFields, native: JsonObject) -> Part:
    return Reasoning(
        fields.required_text("thinking"),
        signature=fields.text_or_none("signature"),
        dialect=DIALECT,
        extra=fields.rest(),
        spelling=tuple(fields.notes),
    )


def _redacted_thinking(fields: NotingFields, native: JsonObject) -> Part:
    return Reasoning(encrypted=fields.required_text("data"), dialect=DIALECT, extra=fields.rest())


def _tool_use(fields: NotingFields, native: JsonObject) -> Part:
    return ToolCall(
        fields.required_text("id"),
        fields.required_text("name"),
        json_text(fields.required_object("input"), fields.at("input")),
        cache=decode_cache(fields),
        extra=fields.rest(),
        spelling=tuple(fields.notes),
    )


def _tool_result(fields: NotingFields, native: JsonObject) -> Part:
    call_id = fields.required_text("tool_use_id")
    raw = fields.take("content")
    content: str | tuple[Part, ...] | None = None
    if raw is None:
        fields.notes.append("content:null")
    elif raw is not UNSET:
        if isinstance(raw, list) and any(isinstance(b, dict) and b.get("type") == "tool_result" for b in raw):
            return opaque(native, "tool_result")  # results do not nest; this also bounds the recursion
        content = decode_content(raw, fields.at("content"))
    return ToolResult(
        call_id,
        content,
        is_error=fields.boolean_or_none("is_error"),
        cache=decode_cache(fields),
        extra=fields.rest(),
        spelling=tuple(fields.notes),
    )


_READERS: dict[str, Callable[[NotingFields, JsonObject], Part]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "search_result": _search_result,
    "thinking": _thinking,
    "redacted_thinking": _redacted_thinking,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
}
