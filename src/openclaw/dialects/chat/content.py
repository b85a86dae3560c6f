"""Messages and their parts, in requests and in replies: the assistant's message is the same object in both."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

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
    Refusal,
    Source,
    Text,
    ToolCall,
    ToolResult,
    Video,
)
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.fields import Fields, as_object, put_given, wrong_type
from openclaw.dialects.losses import Losses
from openclaw.dialects.media import source_of_url, url_of_source

# --- parts of a content list ---------------------------------------------------------------------------------


def decode_cache_mark(fields: Fields) -> CacheMark | None:
    """Anthropic's `cache_control`, which OpenRouter, LiteLLM's clients and others put on Chat parts."""
    mark = fields.object("cache_control")
    if not isinstance(mark, dict):
        return None
    ttl = mark.get("ttl")
    return CacheMark(ttl if isinstance(ttl, str) else None, {k: v for k, v in mark.items() if k != "ttl"})


def encode_cache_mark(mark: CacheMark) -> JsonObject:
    body = mark.extra or {"type": "ephemeral"}
    return {**body, "ttl": mark.ttl} if mark.ttl is not None else dict(body)


def _text(fields: Fields) -> Part:
    text = fields.required_text("text")
    return Text(text, cache=decode_cache_mark(fields), extra=fields.rest())


def _image(fields: Fields) -> Part:
    value = fields.take("image_url")
    cache = decode_cache_mark(fields)
    if isinstance(value, str):  # Mistral takes the bare URL
        return Image(source_of_url(value), cache=cache, extra=fields.rest(), spelling=("bare",))
    inner = Fields(value, fields.at("image_url"))
    url = inner.required_text("url")
    detail = inner.text("detail")
    extra = fields.rest()
    if rest := inner.rest():
        extra["image_url"] = rest
    if detail is None:
        extra["image_url"] = {**extra.get("image_url", {}), "detail": None}
    return Image(source_of_url(url), detail=detail if isinstance(detail, str) else None, cache=cache, extra=extra)


def _input_audio(fields: Fields) -> Part:
    inner = Fields(fields.take("input_audio"), fields.at("input_audio"))
    data, audio_format = inner.required_text("data"), inner.text("format")
    extra = fields.rest()
    if rest := inner.rest():
        extra["input_audio"] = rest
    name = audio_format if isinstance(audio_format, str) else None
    return Audio(Source(data=data, media_type=f"audio/{name}" if name else None), format=name, extra=extra)


def _file(fields: Fields) -> Part:
    inner = Fields(fields.take("file"), fields.at("file"))
    data, file_id, filename = inner.text("file_data"), inner.text("file_id"), inner.text("filename")
    if isinstance(data, str):
        source, spelling = source_of_url(data), ()
        if source.url is not None and ":" not in data[:32]:
            source, spelling = Source(data=data), ("bare base64",)  # type: ignore[assignment]
    elif isinstance(file_id, str):
        source, spelling = Source(file_id=file_id), ()
    else:
        raise InvalidRequest(inner.path, f"'{inner.path}' needs 'file_data' or 'file_id'")
    extra = fields.rest()
    if rest := inner.rest():
        extra["file"] = rest
    return Document(source, title=filename if isinstance(filename, str) else None, extra=extra, spelling=spelling)


def _video(fields: Fields) -> Part:
    inner = Fields(fields.take("video_url"), fields.at("video_url"))
    url = inner.required_text("url")
    extra = fields.rest()
    if rest := inner.rest():
        extra["video_url"] = rest
    return Video(source_of_url(url), extra=extra)


def _document_url(fields: Fields) -> Part:
    url, name = fields.required_text("document_url"), fields.text("document_name")
    title = name if isinstance(name, str) else None
    return Document(source_of_url(url), title=title, extra=fields.rest(), spelling=("document_url",))


def _refusal(fields: Fields) -> Part:
    return Refusal(fields.required_text("refusal"), extra=fields.rest(), spelling=("part",))


def _thinking(fields: Fields) -> Part:
    """Mistral's reasoning models answer with `{"type": "thinking", "thinking": [{"type": "text", ...}]}`."""
    pieces = fields.required_array("thinking")
    if all(isinstance(p, dict) and p.keys() == {"type", "text"} and isinstance(p["text"], str) for p in pieces):
        text = "".join(p["text"] for p in pieces)
        spelling = ("part",) if len(pieces) == 1 else ("part", *(str(len(p["text"])) for p in pieces))
        return Reasoning(text, dialect="chat", extra=fields.rest(), spelling=spelling)
    raise InvalidRequest(fields.at("thinking"), f"'{fields.at('thinking')}' must be an array of text parts")


_PART_DECODERS: dict[str, Callable[[Fields], Part]] = {
    "text": _text,
    "image_url": _image,
    "input_audio": _input_audio,
    "file": _file,
    "video_url": _video,
    "document_url": _document_url,
    "refusal": _refusal,
    "thinking": _thinking,
}


def decode_part(value: object, path: str) -> Part:
    """One part of a content list; a type this version does not know travels as `Opaque`."""
    part = as_object(value, path)
    fields = Fields(part, path)
    kind = fields.required_text("type")
    decoder = _PART_DECODERS.get(kind)
    if decoder is None:
        return Opaque("chat", part, kind)
    return decoder(fields)


def encode_part(part: Part, *, same: bool) -> JsonObject | None:
    """The wire form of a part, or None where Chat has none for it. `same`: the part came from this dialect, so
    its extra fields and its spelling belong to it."""
    body = _encode_part(part, same=same)
    if body is None:
        return None
    cache = getattr(part, "cache", None)
    if cache is not None and not isinstance(part, Opaque):
        body["cache_control"] = encode_cache_mark(cache)
    return body


def _encode_part(part: Part, *, same: bool) -> JsonObject | None:
    extra = part.extra if same and not isinstance(part, Opaque) else {}
    match part:
        case Text():
            return {"type": "text", "text": part.text, **extra}
        case Image():
            url = url_of_source(part.source, "image/png")
            if url is None:
                return None
            if same and "bare" in part.spelling:
                return {"type": "image_url", "image_url": url, **extra}
            inner: JsonObject = {"url": url}
            put_given(inner, "detail", part.detail)
            return _nested("image_url", inner, extra)
        case Audio() if part.source.data is not None:
            inner = {"data": part.source.data}
            put_given(inner, "format", part.format or _audio_format(part.source.media_type))
            return _nested("input_audio", inner, extra)
        case Document():
            return _encode_document(part, extra, same=same)
        case Video():
            url = url_of_source(part.source, "video/mp4")
            return None if url is None else _nested("video_url", {"url": url}, extra)
        case Refusal():
            return {"type": "refusal", "refusal": part.text, **extra}
        case Reasoning() if "part" in part.spelling and same:
            return {"type": "thinking", "thinking": _thinking_pieces(part), **extra}
        case Opaque() if part.dialect == "chat":
            return part.native
    return None


def list_details(part: Part, losses: Losses) -> None:
    """List what Chat has no words for in a part of another dialect that it carries otherwise."""
    if isinstance(part, Opaque):
        return
    losses.add_extra(part.extra)
    if isinstance(part, ToolCall) and part.cache is not None:
        losses.add("cache")
    if isinstance(part, Text) and part.signature is not None:
        losses.add("text.signature")
    if isinstance(part, Document):
        losses.add_document_details(part)


def _nested(key: str, inner: JsonObject, extra: JsonObject) -> JsonObject:
    return {"type": key, **extra, key: {**extra.get(key, {}), **inner}}


def _encode_document(part: Document, extra: JsonObject, *, same: bool) -> JsonObject | None:
    source = part.source
    if same and "document_url" in part.spelling:
        body: JsonObject = {"type": "document_url", "document_url": url_of_source(source, "application/pdf"), **extra}
        put_given(body, "document_name", part.title)
        return body
    inner: JsonObject = {}
    if source.file_id is not None:
        inner["file_id"] = source.file_id
    elif same and "bare base64" in part.spelling:
        inner["file_data"] = source.data
    elif source.text is not None:
        return {"type": "text", "text": f"{part.title}\n\n{source.text}" if part.title else source.text}
    else:
        inner["file_data"] = url_of_source(source, "application/pdf")
        if not same and part.title is None and source.data is not None:
            inner["filename"] = "document.pdf"  # OpenAI refuses file_data without a name
    put_given(inner, "filename", part.title)
    return _nested("file", inner, extra)


def _audio_format(media_type: str | None) -> str | None:
    return media_type.rpartition("/")[2].removeprefix("x-") if media_type else None


def _thinking_pieces(part: Reasoning) -> list[JsonObject]:
    lengths = [int(length) for length in part.spelling[1:]] or [len(part.text)]
    pieces, start = [], 0
    for length in lengths:
        pieces.append({"type": "text", "text": part.text[start : start + length]})
        start += length
    return pieces


# --- the assistant's message ---------------------------------------------------------------------------------

# OpenRouter's `format` of a reasoning detail, as the dialect whose opaque state it carries.
_DIALECT_BY_FORMAT = {
    "anthropic-claude-v1": "messages",
    "google-gemini-v1": "gemini",
    "openai-responses-v1": "responses",
    "xai-responses-v1": "responses",
    "aws-converse-v1": "converse",  # our own word: OpenRouter has none
}
FORMAT_BY_DIALECT = {
    "messages": "anthropic-claude-v1",
    "gemini": "google-gemini-v1",
    "responses": "openai-responses-v1",
    "converse": "aws-converse-v1",
}


def maker_of(details: object) -> str:
    """The dialect whose opaque state a list of reasoning details carries; "chat" when nobody says."""
    for detail in details if isinstance(details, list) else ():
        maker = _DIALECT_BY_FORMAT.get(str(detail.get("format"))) if isinstance(detail, dict) else None
        if maker is not None:
            return maker
    return "chat"


THOUGHT_FIELDS = ("reasoning_content", "reasoning")


def decode_assistant(fields: Fields) -> tuple[str | tuple[Part, ...] | None, tuple[str, ...]]:
    """The content of an assistant message and its spelling. Fields that are null or empty stay in `fields`."""
    spelling: list[str] = []
    parts: list[Part] = list(_decode_reasoning(fields))
    content = fields.take("content")
    if isinstance(content, str):
        parts_of_content: list[Part] = [Text(content)]
        spelling.append("content:string")
    elif isinstance(content, list):
        parts_of_content = [decode_part(p, f"{fields.at('content')}[{i}]") for i, p in enumerate(content)]
        spelling.append("content:list")
    elif content is None or content is UNSET:
        parts_of_content = []
        spelling.append("content:null" if content is None else "content:absent")
    else:
        raise wrong_type(fields.at("content"), "a string, an array of parts or null", content)
    citations = _decode_annotations(fields)
    if citations and len(parts_of_content) == 1 and isinstance(parts_of_content[0], Text):
        parts_of_content = [Text(parts_of_content[0].text, citations=citations)]
    parts += parts_of_content
    if isinstance(fields.peek("refusal"), str):
        parts.append(Refusal(fields.required_text("refusal")))
    if isinstance(fields.peek("audio"), dict):
        parts.append(_decode_spoken_audio(fields))
    parts += _decode_tool_calls(fields)
    if isinstance(content, str) and len(parts) == 1 and not citations:
        return content, ()
    return tuple(parts), tuple(spelling)


def _decode_reasoning(fields: Fields) -> Sequence[Part]:
    details = fields.peek("reasoning_details")
    if isinstance(details, list) and details:
        # The list itself stays in the message's extra fields, for the same dialect; other dialects read the parts.
        parts = [p for d in details if (p := _decode_reasoning_detail(d)) is not None]
        if parts:
            return _with_text(parts, fields)
    for key in THOUGHT_FIELDS:
        text = fields.peek(key)
        if isinstance(text, str):
            fields.take(key)
            return (Reasoning(text, dialect="chat", spelling=(key,)),)
    return ()


def _with_text(parts: list[Reasoning], fields: Fields) -> list[Reasoning]:
    """Streamed signatures may come without their thought's text, which then stands beside the list."""
    texts = [text for key in THOUGHT_FIELDS if isinstance(text := fields.peek(key), str)]
    signed = [i for i, part in enumerate(parts) if part.signature is not None]
    if texts and len(signed) == 1 and not any(part.text for part in parts):
        parts[signed[0]] = replace(parts[signed[0]], text=texts[0])
    return parts


def _decode_reasoning_detail(detail: object) -> Reasoning | None:
    if not isinstance(detail, dict):
        return None
    text = detail.get("text") or detail.get("summary") or ""
    signature, data, identity = detail.get("signature"), detail.get("data"), detail.get("id")
    return Reasoning(
        text if isinstance(text, str) else "",
        signature=signature if isinstance(signature, str) else None,
        encrypted=data if isinstance(data, str) else None,
        id=identity if isinstance(identity, str) else None,
        dialect=_DIALECT_BY_FORMAT.get(str(detail.get("format")), "chat"),
        spelling=("reasoning_details",),
    )


def _decode_annotations(fields: Fields) -> tuple[Citation, ...]:
    annotations = fields.peek("annotations")
    if not isinstance(annotations, list) or not annotations or not all(isinstance(a, dict) for a in annotations):
        return ()
    fields.take("annotations")
    return tuple(decode_citation(annotation) for annotation in annotations)


def decode_citation(annotation: JsonObject) -> Citation:
    inner = annotation.get("url_citation")
    inner = inner if isinstance(inner, dict) else {}

    def text(key: str) -> str | None:
        value = inner.get(key)
        return value if isinstance(value, str) else None

    def position(key: str) -> int | None:
        value = inner.get(key)
        return value if isinstance(value, int) else None

    return Citation(
        "chat", annotation, url=text("url"), title=text("title"), start_index=position("start_index"),
        end_index=position("end_index"),
    )  # fmt: skip


def encode_citation(citation: Citation) -> JsonObject | None:
    """An OpenAI `url_citation`; None for a citation without an address, which Chat cannot express."""
    if citation.dialect == "chat":
        return citation.native
    if citation.url is None:
        return None
    return {
        "type": "url_citation",
        "url_citation": {
            "url": citation.url,
            "title": citation.title or "",
            "start_index": citation.start_index or 0,
            "end_index": citation.end_index or 0,
        },
    }


def _decode_spoken_audio(fields: Fields) -> Audio:
    inner = Fields(fields.take("audio"), fields.at("audio"))
    identity, data, transcript = inner.text("id"), inner.text("data"), inner.text("transcript")
    return Audio(
        Source(data=data if isinstance(data, str) else None, file_id=identity if isinstance(identity, str) else None),
        id=identity if isinstance(identity, str) else None,
        transcript=transcript if isinstance(transcript, str) else None,
        extra=inner.rest(),
        spelling=("spoken",),
    )


def _decode_tool_calls(fields: Fields) -> list[Part]:
    parts: list[Part] = []
    if isinstance(fields.peek("tool_calls"), list):
        path = fields.at("tool_calls")
        calls = fields.take("tool_calls")
        if not calls:
            fields.rest()["tool_calls"] = calls
        parts += [decode_tool_call(call, f"{path}[{i}]") for i, call in enumerate(calls)]
    legacy = fields.peek("function_call")  # the deprecated form of one call without an id
    if isinstance(legacy, dict) and legacy.get("name") != "":  # Snowflake sends an empty one beside every text
        inner = Fields(fields.take("function_call"), fields.at("function_call"))
        name, arguments = inner.required_text("name"), inner.required_text("arguments")
        parts.append(ToolCall("", name, arguments, extra=inner.rest(), spelling=("function_call",)))
    return parts


def decode_tool_call(value: object, path: str) -> ToolCall:
    fields = Fields(value, path)
    kind = fields.take("type")
    identity = fields.text("id")
    custom = kind == "custom"
    key = "custom" if custom else "function"
    inner = Fields(fields.take(key), fields.at(key))
    name = inner.required_text("name")
    arguments_key = "input" if custom else "arguments"
    arguments: object = inner.take(arguments_key)
    spelling: tuple[str, ...] = () if kind == key else ("no type",) if kind is UNSET else (f"type:{kind}",)
    if arguments is UNSET or arguments is None:
        arguments, spelling = "", (*spelling, "arguments:null" if arguments is None else "arguments:absent")
    if not isinstance(arguments, str):
        raise wrong_type(inner.at(arguments_key), "a string", arguments)
    extra = fields.rest()
    if rest := inner.rest():
        extra[key] = rest
    return ToolCall(
        identity if isinstance(identity, str) else "",
        name,
        arguments,
        kind="custom" if custom else "function",
        signature=google_signature(extra),
        extra=extra,
        spelling=spelling if isinstance(identity, str) else (*spelling, "no id" if identity is UNSET else "id:null"),
    )


def google_signature(extra: JsonObject) -> str | None:
    """Google's OpenAI-compatible endpoint hands out thought signatures as `extra_content.google.thought_signature`."""
    content = extra.get("extra_content")
    google = content.get("google") if isinstance(content, dict) else None
    signature = google.get("thought_signature") if isinstance(google, dict) else None
    return signature if isinstance(signature, str) else None


def encode_tool_call(call: ToolCall, *, same: bool) -> JsonObject:
    custom = call.kind == "custom"
    key = "custom" if custom else "function"
    extra = dict(call.extra) if same else {}
    inner: JsonObject = {"name": call.name, "input" if custom else "arguments": call.arguments, **extra.pop(key, {})}
    body: JsonObject = {"id": call.id, "type": key, key: inner, **extra}
    if same:
        for note in call.spelling:
            _respell_tool_call(body, inner, note)
    elif call.signature is not None:
        body["extra_content"] = {"google": {"thought_signature": call.signature}}
    return body


def _respell_tool_call(body: JsonObject, inner: JsonObject, note: str) -> None:
    match note:
        case "no type":
            del body["type"]
        case "no id":
            del body["id"]
        case "id:null":
            body["id"] = None
        case "arguments:absent":
            inner.pop("arguments", None)
        case "arguments:null":
            inner["arguments"] = None
        case _ if note.startswith("type:"):
            body["type"] = None if note == "type:None" else note.removeprefix("type:")


class AssistantMessage:
    """An assistant message being written, from parts of any dialect. `losses` gets what Chat cannot carry."""

    def __init__(
        self,
        losses: Losses,
        *,
        same: bool,
        spelling: Sequence[str],
        reasoning_field: str = "reasoning_content",
        signatures: bool = True,
    ) -> None:
        self._losses = losses
        self._signatures = signatures
        self._same = same
        self._spelling = spelling
        self._reasoning_field = reasoning_field
        self._texts: list[JsonObject] = []
        self._annotations: list[JsonObject] = []
        self._details: list[JsonObject] = []
        self._tool_calls: list[JsonObject] = []
        self._fields: JsonObject = {}

    def write(self, parts: Sequence[Part]) -> JsonObject:
        for part in parts:
            self._add(part)
        body: JsonObject = {"role": "assistant", "content": self._content()}
        if "content:absent" in self._spelling and self._same and not self._texts:
            del body["content"]
        body.update(self._fields)
        if self._details:
            body["reasoning_details"] = self._details
        if self._annotations:
            body["annotations"] = self._annotations
        if self._tool_calls:
            body["tool_calls"] = self._tool_calls
        return body

    def _content(self) -> Any:
        if self._same and "content:list" in self._spelling:
            return self._texts
        if not self._texts:
            return None
        if all(t.keys() == {"type", "text"} and t["type"] == "text" for t in self._texts):
            return "".join(t["text"] for t in self._texts)
        return self._texts

    def _add(self, part: Part) -> None:
        match part:
            case ToolCall() if self._same and "function_call" in part.spelling:
                self._fields["function_call"] = {"name": part.name, "arguments": part.arguments, **part.extra}
            case ToolCall():
                if part.signature is not None and not self._same and not self._signatures:
                    part = replace(part, signature=None)
                    self._losses.add("tool_call.signature")
                self._tool_calls.append(encode_tool_call(part, same=self._same))
                self._list_details(part)
            case Reasoning() if "part" not in part.spelling:
                self._add_reasoning(part)
            case Refusal() if "part" not in part.spelling:
                self._fields["refusal"] = part.text
            case Audio() if part.id is not None:
                self._fields["audio"] = _encode_spoken_audio(part, same=self._same)
            case Text():
                self._texts.append(encode_part(part, same=self._same) or {})
                self._list_details(part)
                for citation in part.citations:
                    annotation = encode_citation(citation)
                    if annotation is None:
                        self._losses.add("text.citations")
                    else:
                        self._annotations.append(annotation)
            case _:
                body = encode_part(part, same=self._same)
                if body is None:
                    self._losses.add_part(part)
                else:
                    self._texts.append(body)
                    self._list_details(part)

    def _list_details(self, part: Part) -> None:
        if not self._same:
            list_details(part, self._losses)

    def _add_reasoning(self, part: Reasoning) -> None:
        if self._same and "reasoning_details" in part.spelling:
            return  # the recorded list is among the message's extra fields
        field = part.spelling[0] if self._same and part.spelling else self._reasoning_field
        if field in ("none", "part"):  # not every model of Mistral's is said to take its thoughts as parts
            if part.text:
                self._losses.add_part(part)
        elif part.text or self._same:
            self._fields[field] = self._fields.get(field, "") + part.text
        if part.signature is not None or part.encrypted is not None:
            self._details.append(encode_reasoning_detail(part, len(self._details)))
        self._list_details(part)


def encode_reasoning_detail(part: Reasoning, index: int) -> JsonObject:
    """OpenRouter's `reasoning_details` entry: the one published way to carry signed thoughts in Chat."""
    body: JsonObject = {"type": "reasoning.text", "text": part.text}
    if part.encrypted is not None:
        body = {"type": "reasoning.encrypted", "data": part.encrypted}
    put_given(body, "signature", part.signature)
    put_given(body, "id", part.id)
    body["format"] = FORMAT_BY_DIALECT.get(part.dialect, "unknown")
    body["index"] = index
    return body


def _encode_spoken_audio(part: Audio, *, same: bool) -> JsonObject:
    body: JsonObject = {"id": part.id, **(part.extra if same else {})}
    put_given(body, "data", part.source.data)
    put_given(body, "transcript", part.transcript)
    return body


def text_of(content: str | tuple[Part, ...] | None) -> str:
    """The readable text of a content, for places where Chat takes only a string."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    return "".join(part.text for part in content if isinstance(part, Text))


def split_tool_results(parts: Sequence[Part]) -> tuple[list[ToolResult], list[Part]]:
    """Other dialects answer tools inside a user message; Chat wants one `tool` message for each."""
    results = [part for part in parts if isinstance(part, ToolResult)]
    return results, [part for part in parts if not isinstance(part, ToolResult)]
