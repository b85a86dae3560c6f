"""Gemini's parts, read into the inner form; the same for requests, replies and stream chunks."""

from collections.abc import Callable
from typing import Any

import msgspec

from openclaw.calls import (
    Audio,
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
from openclaw.dialects.call_ids import CallIds
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.fields import as_object
from openclaw.dialects.gemini.wire import Reader, flat

_encode_json = msgspec.json.Encoder().encode

# Parts of tools that Google runs, which nobody else has words for.
_OPAQUE = {
    "executableCode": "executableCode",
    "executable_code": "executableCode",
    "codeExecutionResult": "codeExecutionResult",
    "code_execution_result": "codeExecutionResult",
    "toolCall": "toolCall",
    "tool_call": "toolCall",
    "toolResponse": "toolResponse",
    "tool_response": "toolResponse",
}

_AUDIO_FORMATS = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/mp3": "mp3",
    "audio/mpeg": "mp3",
    "audio/flac": "flac",
    "audio/ogg": "ogg",
    "audio/aac": "aac",
    "audio/aiff": "aiff",
    "audio/mp4": "m4a",
}
"""OpenAI's short names for the audio types that Gemini takes."""

MEDIA_TYPE_BY_FORMAT = {
    "wav": "audio/wav",
    "mp3": "audio/mp3",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "aiff": "audio/aiff",
    "m4a": "audio/mp4",
    "pcm16": "audio/pcm",
}

MEDIA_TYPE_BY_EXTENSION = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "heic": "image/heic",
    "heif": "image/heif",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "html": "text/html",
    "csv": "text/csv",
    "json": "application/json",
    "wav": "audio/wav",
    "mp3": "audio/mp3",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "m4a": "audio/mp4",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "mov": "video/quicktime",
    "webm": "video/webm",
}
"""For `fileData` without a media type, which Google allows where it can tell itself."""

# A public video is given by its page's address: https://ai.google.dev/gemini-api/docs/video-understanding
_VIDEO_PAGES = ("https://www.youtube.com/", "https://youtube.com/", "https://youtu.be/")

# The keys under which a function's answer holds its text (the FunctionResponse type: "use `output` key ... and `error`
# key"; `result` is what google-genai's automatic function calling writes). Any other object is the answer itself.
_TEXT_KEYS = ("output", "result", "error")


def json_text(value: Any) -> str:
    return _encode_json(value).decode()


def media_type_of_url(url: str) -> str | None:
    if url.startswith(_VIDEO_PAGES):
        return "video/mp4"
    path = url.partition("?")[0].partition("#")[0]
    return MEDIA_TYPE_BY_EXTENSION.get(path.rpartition(".")[2].lower())


NO_SIGNATURE = "skip_thought_signature_validator"
"""The documented way to send a history whose function calls were made by another model, which Gemini 3 and later would
refuse without their signatures: https://ai.google.dev/gemini-api/docs/thought-signatures (FAQ)."""


def decode_part(value: object, path: str, ids: CallIds) -> Part:
    """One part. Raises `InvalidRequest` with the path of the field at fault."""
    native = as_object(value, path)
    for key, kind in _OPAQUE.items():
        if native.get(key) is not None:
            return Opaque("gemini", native, kind)
    reader = Reader(native, path)
    for name, decode in _DECODERS:
        if reader.holds(name):
            return decode(reader, native, ids)
    if reader.holds("thoughtSignature"):
        # A stream may end in a part that is nothing but the signature of the text before it.
        return _decode_text(reader, native, ids)
    return Opaque("gemini", native)


def _decode_text(reader: Reader, _native: JsonObject, _ids: CallIds) -> Part:
    text = ""
    if reader.holds("text"):
        text = reader.required_text("text")
    else:
        reader.notes.append("no-text")
    thought = reader.boolean("thought") if reader.holds("thought") else None
    signature = _signature(reader)
    if thought is True:
        return Reasoning(
            text=text,
            signature=signature,
            dialect="gemini",
            spelling=tuple(reader.notes),
            extra=reader.rest(),
        )
    if thought is False:
        reader.notes.append("thought:false")
    return Text(text=text, signature=signature, spelling=tuple(reader.notes), extra=reader.rest())


def _signature(reader: Reader) -> str | None:
    if not reader.holds("thoughtSignature"):
        return None
    signature = reader.required_text(reader.key("thoughtSignature"))
    if signature == NO_SIGNATURE:
        reader.notes.append(NO_SIGNATURE)
        return None
    return signature


def _decode_inline_data(reader: Reader, native: JsonObject, _ids: CallIds) -> Part:
    if native.get("thought") is True:
        # A picture drawn while thinking is no part of the answer.
        return Opaque("gemini", native, "inlineData")
    key = reader.key("inlineData")
    blob = Reader(reader.take(key), reader.at(key))
    media_type = blob.required_text(blob.key("mimeType")) if blob.holds("mimeType") else None
    source = Source(data=blob.required_text("data"), media_type=media_type)
    notes = (*reader.notes, *blob.notes)
    return media(source, {**flat("inlineData", blob.rest()), **reader.rest()}, notes)


def _decode_file_data(reader: Reader, native: JsonObject, _ids: CallIds) -> Part:
    if native.get("thought") is True:
        return Opaque("gemini", native, "fileData")
    key = reader.key("fileData")
    file = Reader(reader.take(key), reader.at(key))
    url = file.required_text(file.key("fileUri"))
    notes: tuple[str, ...] = ()
    if file.holds("mimeType"):
        media_type: str | None = file.required_text(file.key("mimeType"))
    else:
        media_type = media_type_of_url(url)
        notes = ("no-mimeType",)
    source = Source(url=url, media_type=media_type)
    return media(source, {**flat("fileData", file.rest()), **reader.rest()}, (*reader.notes, *file.notes, *notes))


def media(source: Source, extra: JsonObject, notes: tuple[str, ...] = ()) -> Image | Audio | Video | Document:
    """The part whose kind the media type names; what is neither picture, sound nor film is a document."""
    media_type = (source.media_type or "").partition(";")[0].strip().lower()
    if media_type.startswith("image/"):
        return Image(source, extra=extra, spelling=notes)
    if media_type.startswith("audio/"):
        return Audio(source, format=_AUDIO_FORMATS.get(media_type), extra=extra, spelling=notes)
    if media_type.startswith("video/"):
        return Video(source, extra=extra, spelling=notes)
    return Document(source, extra=extra, spelling=notes)


def _decode_function_call(reader: Reader, _native: JsonObject, ids: CallIds) -> Part:
    key = reader.key("functionCall")
    call = Reader(reader.take(key), reader.at(key))
    notes = call.notes
    name = call.required_text("name")
    given = call.required_text("id") if call.holds("id") else None
    if not given:
        notes.append("no-id" if given is None else "empty-id")
    arguments = "{}"
    if call.holds("args"):
        arguments = json_text(call.object("args"))
    else:
        notes.append("no-args")
    return ToolCall(
        id=ids.of_call(name, given, arguments),
        name=name,
        arguments=arguments,
        signature=_signature(reader),
        spelling=(*reader.notes, *notes),
        extra={**flat("functionCall", call.rest()), **reader.rest()},
    )


def _decode_function_response(reader: Reader, _native: JsonObject, ids: CallIds) -> Part:
    key = reader.key("functionResponse")
    result = Reader(reader.take(key), reader.at(key))
    notes = result.notes
    name = result.required_text("name")
    given = result.required_text("id") if result.holds("id") else None
    if not given:
        notes.append("no-id" if given is None else "empty-id")
    text: str | None = None
    is_error = None
    if result.holds("response"):
        text, note = _response_text(as_object(result.take("response"), result.at("response")))
        notes.append(note)
        is_error = True if note == "response:error" else None
    content: str | tuple[Part, ...] | None = text
    if result.holds("parts"):
        shown = decode_parts(result.required_array("parts"), result.at("parts"), ids)
        content = shown if text is None else (Text(text), *shown)
        notes.append("parts")
    return ToolResult(
        call_id=ids.of_result(name, given),
        content=content,
        name=name,
        is_error=is_error,
        spelling=(*reader.notes, *notes),
        extra={**flat("functionResponse", result.rest()), **reader.rest()},
    )


def _response_text(response: JsonObject) -> tuple[str, str]:
    """The text that another dialect's tool result would hold, and the note by which it becomes this object again."""
    if len(response) == 1:
        (key,) = response
        if key in _TEXT_KEYS and isinstance(response[key], str):
            return response[key], "response:" + key
    return json_text(response), "response:json"


_DECODERS: tuple[tuple[str, Callable[[Reader, JsonObject, CallIds], Part]], ...] = (
    ("text", _decode_text),
    ("functionCall", _decode_function_call),
    ("functionResponse", _decode_function_response),
    ("inlineData", _decode_inline_data),
    ("fileData", _decode_file_data),
)


def decode_parts(value: object, path: str, ids: CallIds) -> tuple[Part, ...]:
    """A list of parts, or (as Google's parser takes it) one part alone."""
    if isinstance(value, dict):
        return (decode_part(value, path, ids),)
    if not isinstance(value, list):
        raise InvalidRequest(path, f"'{path}' must be an array of parts")
    return tuple(decode_part(item, f"{path}[{i}]", ids) for i, item in enumerate(value))
