"""Converse content blocks, read. A block is an object whose one key says what it is; bytes are base64 text.

Blocks that only Bedrock understands (provider-run tools, guardrail images, ...) become `Opaque` parts, whole. A
`cachePoint` marks the part before it and becomes that part's `cache`.
"""

from collections.abc import Callable, Mapping

import msgspec
from msgspec import UNSET

from openclaw.calls import (
    Audio,
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
    Video,
)
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.fields import as_object, if_integer, if_text, wrong_type
from openclaw.dialects.media_types import (
    AUDIO_TYPE_BY_FORMAT,
    DOCUMENT_TYPE_BY_FORMAT,
    IMAGE_TYPE_BY_FORMAT,
    VIDEO_TYPE_BY_FORMAT,
)
from openclaw.dialects.messages.content import json_text
from openclaw.dialects.noting import NotingFields

DIALECT = "converse"

# The key of a part's `extra` that holds what stood beside the block's one key, not inside it.
BESIDE = "$block"


# --- lists of blocks, and the cache points in them -------------------------------------------------------------


def decode_blocks(value: object, path: str) -> tuple[Part, ...]:
    if value is UNSET:
        raise InvalidRequest(path, f"'{path}' is required")
    if not isinstance(value, list):
        raise wrong_type(path, "an array of content blocks", value)
    parts: list[Part] = []
    for i, item in enumerate(value):
        block = as_object(item, f"{path}[{i}]")
        mark = cache_point(block, f"{path}[{i}]")
        if mark is not None and parts and getattr(parts[-1], "cache", mark) is None:
            parts[-1] = msgspec.structs.replace(parts[-1], cache=mark)
        else:
            parts.append(decode_block(block, f"{path}[{i}]"))
    return tuple(parts)


def cache_point(block: JsonObject, path: str) -> CacheMark | None:
    """The mark that a block consists of; None for every other block."""
    if block.keys() != {"cachePoint"}:
        return None
    fields = NotingFields(block["cachePoint"], f"{path}.cachePoint")
    kind = fields.required_text("type")
    ttl = fields.peek("ttl")
    if isinstance(ttl, str):
        fields.take("ttl")
    extra = fields.rest()
    if kind != "default":
        extra["type"] = kind
    return CacheMark(ttl if isinstance(ttl, str) else None, extra)


def decode_block(block: JsonObject, path: str) -> Part:
    kind, extra = block_kind(block)
    read = _READERS.get(kind)
    part = read(block[kind], f"{path}.{kind}") if read is not None else None
    if part is None or isinstance(part, Opaque):
        return Opaque(DIALECT, block, kind)
    return msgspec.structs.replace(part, extra={**part.extra, BESIDE: extra}) if extra else part


def block_kind(block: JsonObject) -> tuple[str, JsonObject]:
    """The key that says what the block is, and what stands beside it (recorded: a stray `type`)."""
    kinds = [key for key in block if key in _READERS]
    if len(kinds) != 1:
        return next(iter(block), ""), {}
    return kinds[0], {key: value for key, value in block.items() if key != kinds[0]}


# --- the readers: None means that the block is of a shape that only Bedrock understands -----------------------


def _text(value: object, path: str) -> Part | None:
    if not isinstance(value, str):
        raise wrong_type(path, "a string", value)
    return Text(value)


def _source(fields: NotingFields, types: Mapping[str, str], default: str) -> tuple[Source, JsonObject] | None:
    """A medium's source with the media type that its `format` means, and unknown fields by their place."""
    name = fields.take("format")
    if name is not UNSET and not isinstance(name, str):
        raise wrong_type(fields.at("format"), "a string", name)
    media_type, extra = None, {}
    if isinstance(name, str):
        media_type = types.get(name) or (name if "/" in name else f"{default}/{name}")
        extra = {} if name in types else {"format": name}
    inner = fields.required_object("source")
    kind = next(iter(inner)) if len(inner) == 1 else ""
    value = inner.get(kind)
    if kind == "bytes" and isinstance(value, str):
        return Source(data=value, media_type=media_type), extra
    if kind == "text" and isinstance(value, str):
        return Source(text=value, media_type=media_type), extra
    if kind == "s3Location" and isinstance(value, dict) and isinstance(value.get("uri"), str):
        rest = {key: item for key, item in value.items() if key != "uri"}
        return Source(url=value["uri"], media_type=media_type), {**extra, **({"s3Location": rest} if rest else {})}
    text = _joined_text(value) if kind == "content" else None
    return (Source(text=text, media_type=media_type), {**extra, "source": inner}) if text is not None else None


def _joined_text(pieces: object) -> str | None:
    """The text of a list of `{"text": ...}`, which other dialects carry as one."""
    if not isinstance(pieces, list) or not all(isinstance(p, dict) and isinstance(p.get("text"), str) for p in pieces):
        return None
    return "\n".join(piece["text"] for piece in pieces)


def _image(value: object, path: str) -> Part | None:
    fields = NotingFields(value, path)
    found = _source(fields, IMAGE_TYPE_BY_FORMAT, "image")
    if found is None or found[0].text is not None:
        return None
    return Image(found[0], extra={**found[1], **fields.rest()})


def _video(value: object, path: str) -> Part | None:
    fields = NotingFields(value, path)
    found = _source(fields, VIDEO_TYPE_BY_FORMAT, "video")
    if found is None or found[0].text is not None:
        return None
    return Video(found[0], extra={**found[1], **fields.rest()})


def _audio(value: object, path: str) -> Part | None:
    fields = NotingFields(value, path)
    name = fields.peek("format")
    found = _source(fields, AUDIO_TYPE_BY_FORMAT, "audio")
    if found is None or found[0].text is not None:
        return None
    return Audio(found[0], format=name if isinstance(name, str) else None, extra={**found[1], **fields.rest()})


def _document(value: object, path: str) -> Part | None:
    fields = NotingFields(value, path)
    found = _source(fields, DOCUMENT_TYPE_BY_FORMAT, "application")
    if found is None:
        return None
    title, context, citations = fields.text_or_none("name"), fields.text_or_none("context"), citations_enabled(fields)
    extra = {**found[1], **fields.rest()}
    return Document(found[0], title, context, citations, extra=extra, spelling=tuple(fields.notes))


def citations_enabled(fields: NotingFields) -> bool | None:
    value = fields.peek("citations")
    if isinstance(value, dict) and value.keys() == {"enabled"} and isinstance(value["enabled"], bool):
        fields.take("citations")
        return value["enabled"]
    return None  # other shapes stay in `extra`


def _search_result(value: object, path: str) -> Part | None:
    """A document to every other dialect, so that what was found is not lost."""
    fields = NotingFields(value, path)
    text = _joined_text(fields.peek("content"))
    source, title = fields.peek("source"), fields.peek("title")
    if text is None or not isinstance(source, str) or not isinstance(title, str):
        return None
    content = fields.take("content")
    fields.take("source"), fields.take("title")
    enabled = citations_enabled(fields)
    extra = {"content": content, **fields.rest()}
    document = Document(Source(text=text, media_type="text/plain"), title, source, enabled, extra=extra)
    return msgspec.structs.replace(document, spelling=("searchResult",))


def _guard_content(value: object, path: str) -> Part | None:
    """Text that a guardrail looks at is text to every other dialect."""
    inner = as_object(value, path)
    if (
        inner.keys() != {"text"}
        or not isinstance(inner["text"], dict)
        or not isinstance(inner["text"].get("text"), str)
    ):
        return None
    rest = {key: item for key, item in inner["text"].items() if key != "text"}
    return Text(inner["text"]["text"], extra=rest, spelling=("guardContent",))


def _citations_content(value: object, path: str) -> Part | None:
    fields = NotingFields(value, path)
    content, citations = fields.take("content"), fields.array_or_none("citations")
    text = "" if content is UNSET else _joined_text(content)
    if text is None:
        return None
    spelling = ["citationsContent", *fields.notes]
    extra = fields.rest()
    if content is UNSET:
        spelling.append("no content")
    elif not isinstance(content, list) or len(content) != 1 or content[0].keys() != {"text"}:
        extra["content"] = content
    if citations is None:
        spelling.append("no citations")
    path = fields.at("citations")
    decoded = tuple(decode_citation(c, f"{path}[{i}]") for i, c in enumerate(citations or ()))
    return Text(text, decoded, extra=extra, spelling=tuple(spelling))


def decode_citation(value: object, path: str) -> Citation:
    native = as_object(value, path)
    location = native.get("location")
    kind = next(iter(location), "") if isinstance(location, dict) else ""
    inner = location[kind] if isinstance(location, dict) and kind else {}
    where: JsonObject = inner if isinstance(inner, dict) else {}
    in_text = where if kind == "documentChar" else {}
    return Citation(
        DIALECT,
        native,
        url=if_text(where.get("url")),
        title=if_text(native.get("title")),
        cited_text=_joined_text(native.get("sourceContent")),
        start_index=if_integer(in_text.get("start")),
        end_index=if_integer(in_text.get("end")),
    )


def _reasoning(value: object, path: str) -> Part | None:
    fields = NotingFields(value, path)
    redacted = fields.peek("redactedContent")
    if isinstance(redacted, str) and fields.peek("reasoningText") is UNSET:
        fields.take("redactedContent")
        return Reasoning(encrypted=redacted, dialect=DIALECT, extra=fields.rest())
    inner = NotingFields(fields.take("reasoningText"), fields.at("reasoningText"))
    text, signature = inner.required_text("text"), inner.text_or_none("signature")
    extra = fields.rest()
    if rest := inner.rest():
        extra["reasoningText"] = rest
    return Reasoning(text, signature, dialect=DIALECT, extra=extra, spelling=tuple(inner.notes))


def _tool_use(value: object, path: str) -> Part | None:
    fields = NotingFields(value, path)
    if fields.peek("type") == "server_tool_use":  # run by the provider: nobody else can answer it
        return None
    call_id, name = fields.required_text("toolUseId"), fields.required_text("name")
    arguments = fields.take("input")
    if arguments is UNSET:
        raise InvalidRequest(fields.at("input"), f"'{fields.at('input')}' is required")
    return ToolCall(call_id, name, json_text(arguments, fields.at("input")), extra=fields.rest())


_STATUS_OF_ERROR = {"success": False, "error": True}


def _tool_result(value: object, path: str) -> Part | None:
    fields = NotingFields(value, path)
    if fields.peek("type") is not UNSET:  # the result of a tool that the provider ran
        return None
    call_id = fields.required_text("toolUseId")
    blocks = fields.required_array("content")
    if any(isinstance(b, dict) and "toolResult" in b for b in blocks):
        return None  # results do not nest; this also bounds the recursion
    content = tuple(_result_block(b, f"{fields.at('content')}[{i}]") for i, b in enumerate(blocks))
    status = fields.peek("status")
    is_error = _STATUS_OF_ERROR.get(status) if isinstance(status, str) else None
    if is_error is not None:
        fields.take("status")
    return ToolResult(call_id, content, is_error=is_error, extra=fields.rest())


def _result_block(value: object, path: str) -> Part:
    block = as_object(value, path)
    if block.keys() == {"json"}:
        return Text(json_text(block["json"], f"{path}.json"), spelling=("json",))
    return decode_block(block, path)


_READERS: dict[str, Callable[[object, str], Part | None]] = {
    "text": _text,
    "image": _image,
    "video": _video,
    "audio": _audio,
    "document": _document,
    "searchResult": _search_result,
    "guardContent": _guard_content,
    "citationsContent": _citations_content,
    "reasoningContent": _reasoning,
    "toolUse": _tool_use,
    "toolResult": _tool_result,
}
