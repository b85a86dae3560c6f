"""Content parts of message items and of tool outputs."""

import base64
from collections.abc import Callable, Iterable
from typing import Any, Literal

from openclaw.calls import (
    Audio,
    CacheMark,
    Citation,
    Document,
    Image,
    JsonObject,
    Opaque,
    Part,
    Refusal,
    Source,
    Text,
    Video,
)
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.fields import Fields, as_object
from openclaw.dialects.losses import Losses
from openclaw.dialects.media import source_of_url, url_of_source
from openclaw.dialects.responses.notes import Notes, apply_notes, note

NAME: Literal["responses"] = "responses"
Content = Text | Refusal | Image | Audio | Document | Video
"""Parts that stand in a message item's content list."""

# A file id belongs to the account it was uploaded to; Chat names OpenAI's files by the same ids.
_SHARES_FILES = frozenset({"responses", "chat"})

_AUDIO_FORMATS = {
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
}


# --- decoding -----------------------------------------------------------------------------------------------


def decode_part(value: object, path: str, plain_type: str) -> Part:
    """One part of a content list. `plain_type` is the text type that the encoder would write there."""
    fields = Fields(value, path)
    kind = fields.peek("type")
    if not isinstance(kind, str):
        fields.required_text("type")
    decoder = _DECODERS.get(kind)
    if decoder is None:
        return Opaque(NAME, as_object(value, path), kind)
    fields.take("type")
    return decoder(fields, () if kind == plain_type else (note("type", kind),))


def decode_parts(values: Iterable[object], path: str, plain_type: str) -> tuple[Part, ...]:
    return tuple(decode_part(value, f"{path}[{i}]", plain_type) for i, value in enumerate(values))


def _decode_text(fields: Fields, notes: Notes) -> Text:
    text = fields.required_text("text")
    annotations = fields.peek("annotations")
    citations: tuple[Citation, ...] = ()
    if isinstance(annotations, list) and annotations and all(isinstance(a, dict) for a in annotations):
        fields.take("annotations")
        citations = tuple(decode_citation(a) for a in annotations)
    notes += _empty_lists(fields, "annotations", "logprobs")
    return Text(text, citations, decode_cache(fields), extra=fields.rest(), spelling=notes)


def decode_citation(native: JsonObject) -> Citation:
    url, title = native.get("url"), native.get("title", native.get("filename"))
    start, end = native.get("start_index"), native.get("end_index")
    return Citation(
        dialect=NAME,
        native=native,
        url=url if isinstance(url, str) else None,
        title=title if isinstance(title, str) else None,
        start_index=start if type(start) is int else None,
        end_index=end if type(end) is int else None,
    )


def decode_cache(fields: Fields) -> CacheMark | None:
    """OpenAI's explicit breakpoint; its life is the request's `prompt_cache_options`, so it has no `ttl` here."""
    mark = fields.peek("prompt_cache_breakpoint")
    if not isinstance(mark, dict):
        return None
    fields.take("prompt_cache_breakpoint")
    return CacheMark(extra=mark)


def _empty_lists(fields: Fields, *keys: str) -> Notes:
    found = tuple(key for key in keys if fields.peek(key) == [])
    for key in found:
        fields.take(key)
    return tuple(note(key, []) for key in found)


def _decode_refusal(fields: Fields, _: Notes) -> Refusal:
    return Refusal(fields.required_text("refusal"), extra=fields.rest())


def _decode_image(fields: Fields, _: Notes) -> Image:
    url, file_id, detail = fields.text("image_url"), fields.text("file_id"), fields.text("detail")
    if isinstance(url, str):
        source = source_of_url(url)
    elif isinstance(file_id, str):
        source = Source(file_id=file_id)
    else:
        raise InvalidRequest(fields.path, f"'{fields.path}' needs 'image_url' or 'file_id'")
    notes = _nulls(image_url=url, file_id=file_id, detail=detail)
    cache, extra = decode_cache(fields), fields.rest()
    if isinstance(url, str) and isinstance(file_id, str):
        extra["file_id"] = file_id
    return Image(source, detail if isinstance(detail, str) else None, cache, extra, notes)


def _decode_file(fields: Fields, _: Notes) -> Document:
    data, url, file_id = fields.text("file_data"), fields.text("file_url"), fields.text("file_id")
    filename = fields.text("filename")
    if isinstance(data, str):
        source = source_of_url(data)
        if source.data is None:  # bare base64, which xAI and older clients write
            source = Source(data=data)
    elif isinstance(url, str):
        source = Source(url=url)
    elif isinstance(file_id, str):
        source = Source(file_id=file_id)
    else:
        raise InvalidRequest(fields.path, f"'{fields.path}' needs 'file_data', 'file_url' or 'file_id'")
    notes = _nulls(file_data=data, file_url=url, file_id=file_id, filename=filename)
    cache, extra = decode_cache(fields), fields.rest()
    if isinstance(url, str) and source.url is None:
        extra["file_url"] = url
    if isinstance(file_id, str) and source.file_id is None:
        extra["file_id"] = file_id
    title = filename if isinstance(filename, str) else None
    return Document(source, title, cache=cache, extra=extra, spelling=notes)


def _decode_audio(fields: Fields, _: Notes) -> Audio:
    inner = Fields(fields.take("input_audio"), fields.at("input_audio"))
    data, audio_format = inner.required_text("data"), inner.required_text("format")
    cache, extra = decode_cache(fields), fields.rest()
    if rest := inner.rest():
        extra["input_audio"] = rest
    return Audio(Source(data=data, media_type=f"audio/{audio_format}"), audio_format, cache=cache, extra=extra)


def _nulls(**values: Any) -> Notes:
    return tuple(note(key, None) for key, value in values.items() if value is None)


_DECODERS: dict[str, Callable[[Fields, Notes], Part]] = {
    "input_text": _decode_text,
    "output_text": _decode_text,
    "text": _decode_text,
    "refusal": _decode_refusal,
    "input_image": _decode_image,
    "input_file": _decode_file,
    "input_audio": _decode_audio,
}


# --- encoding -----------------------------------------------------------------------------------------------


def encode_part(part: Part, plain_type: str, origin: str, losses: Losses) -> JsonObject | None:
    """The wire form of a part, or None where there is none. `origin` is the dialect that decoded it: extra fields
    and notes are written back only when that is this one."""
    own = origin == NAME
    if isinstance(part, Opaque):
        if part.dialect == NAME:
            return part.native
        losses.add_part(part)
        return None
    body = _encode_content(part, plain_type, origin, losses)
    if body is None:
        return None
    if not isinstance(part, Refusal) and part.cache is not None:
        if own:
            body["prompt_cache_breakpoint"] = part.cache.extra
        else:
            losses.add("cache")
    if own:
        apply_notes(body, part.spelling)
        _add_extra(body, part.extra)
    else:
        losses.add_extra(part.extra)
    return body


def _add_extra(body: JsonObject, extra: JsonObject) -> None:
    for key, value in extra.items():
        if key == "message":  # belongs to the item, see items.py
            continue
        inner = body.get(key)
        body[key] = {**inner, **value} if isinstance(inner, dict) and isinstance(value, dict) else value


def _encode_content(part: Part, plain_type: str, origin: str, losses: Losses) -> JsonObject | None:
    match part:
        case Text():
            return _encode_text(part, plain_type, origin, losses)
        case Refusal():
            if plain_type == "output_text":
                return {"type": "refusal", "refusal": part.text}
            return {"type": plain_type, "text": part.text}
        case Image() if plain_type == "input_text":
            return _encode_image(part, origin, losses)
        case Document() if plain_type == "input_text":
            return _encode_file(part, origin, losses)
        case Audio() if plain_type == "input_text" and part.source.data is not None:
            media_type = part.source.media_type or ""
            audio_format = part.format or _AUDIO_FORMATS.get(media_type) or media_type.removeprefix("audio/") or "wav"
            return {"type": "input_audio", "input_audio": {"data": part.source.data, "format": audio_format}}
    losses.add_part(part)
    return None


def _encode_text(part: Text, plain_type: str, origin: str, losses: Losses) -> JsonObject:
    body: JsonObject = {"type": plain_type, "text": part.text}
    if part.citations:
        if origin == NAME:
            body["annotations"] = [citation.native for citation in part.citations]
        else:
            losses.add("text.citations")
    if part.signature is not None:
        losses.add("text.signature")
    return body


def _encode_image(part: Image, origin: str, losses: Losses) -> JsonObject | None:
    body: JsonObject = {"type": "input_image"}
    url = url_of_source(part.source, "image/png")
    if url is not None:
        body["image_url"] = url
    elif part.source.file_id is not None and origin in _SHARES_FILES:
        body["file_id"] = part.source.file_id
    else:
        losses.add_part(part, "a file id of another provider")
        return None
    if part.detail is not None:
        body["detail"] = part.detail
    elif origin != NAME:
        body["detail"] = "auto"  # the default, which OpenAI's schema wants written
    return body


def _encode_file(part: Document, origin: str, losses: Losses) -> JsonObject | None:
    source, body = part.source, {"type": "input_file"}
    if source.url is not None:
        body["file_url"] = source.url
    elif source.data is not None and origin == NAME and source.media_type is None:
        body["file_data"] = source.data
    elif source.data is not None:
        body["file_data"] = f"data:{source.media_type or 'application/pdf'};base64,{source.data}"
    elif source.text is not None:
        text = base64.b64encode(source.text.encode("utf-8", "replace")).decode()
        body["file_data"] = f"data:{source.media_type or 'text/plain'};base64,{text}"
    elif source.file_id is not None and origin in _SHARES_FILES:
        body["file_id"] = source.file_id
    else:
        losses.add_part(part, "a file id of another provider")
        return None
    if part.title is not None:
        body["filename"] = part.title
    elif "file_data" in body and origin != NAME:  # OpenAI wants a name beside the bytes
        body["filename"] = "document.txt" if source.text is not None else "document.pdf"
    losses.add_document_details(part)
    return body
