"""Parts as Converse content blocks: which of them it can carry, and how each is written."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from openclaw.calls import (
    Audio,
    CacheMark,
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
from openclaw.dialects.converse.content import BESIDE, DIALECT
from openclaw.dialects.jsontext import NotJson, parse
from openclaw.dialects.losses import Losses
from openclaw.dialects.media_types import (
    AUDIO_TYPE_BY_FORMAT,
    DOCUMENT_TYPE_BY_FORMAT,
    IMAGE_TYPE_BY_FORMAT,
    VIDEO_TYPE_BY_FORMAT,
    image_type,
)
from openclaw.dialects.noting import write_notes
from openclaw.dialects.turns import TurnRole, arguments_object, clean_call_id, parts_of

_IMAGE_FORMATS = {kind: name for name, kind in IMAGE_TYPE_BY_FORMAT.items()}
_DOCUMENT_FORMATS = {kind: name for name, kind in DOCUMENT_TYPE_BY_FORMAT.items()}
_VIDEO_FORMATS = {kind: name for name, kind in VIDEO_TYPE_BY_FORMAT.items()}
_AUDIO_FORMATS = {kind: name for name, kind in AUDIO_TYPE_BY_FORMAT.items()}

# DocumentBlock.name: "alphanumeric characters, whitespace characters (no more than one in a row), hyphens, parentheses,
# square brackets" (the service's API model).
_NOT_IN_NAME = re.compile(r"[^a-zA-Z0-9\-()\[\] ]+| {2,}")
_NAME_CHARS_MAX = 200


class BlockWriter:
    """Writes the parts of one request. `same` says that the call came in this dialect, so that its own fields
    (`extra`, `spelling`) go back as they were; `claude`, that the model is one, and so takes back signed thought."""

    def __init__(self, losses: Losses, *, same: bool, claude: bool = False) -> None:
        self._losses = losses
        self._same = same
        self._claude = claude
        self._documents = 0

    # --- what can be carried

    def keeps(self, part: Part, role: TurnRole) -> bool:
        """Whether the part can be written in a turn of this role; lists the loss when it cannot."""
        kept = self._can_carry(part, role)
        if not kept:
            self._losses.add_part(part)
        return kept

    def _can_carry(self, part: Part, role: TurnRole) -> bool:
        match part:
            case Opaque():
                return part.dialect == DIALECT
            case Reasoning():
                # Signed thought is its maker's; unsigned thought is refused by the models that sign theirs.
                signed = self._claude and (part.signature is not None or part.encrypted is not None)
                return part.dialect == DIALECT and (self._same or signed)
            case Image() | Video() | Audio() | Document():
                return (self._same or role == "user") and _medium(part) is not None
            case _:
                return True

    # --- how it is written

    def write_all(self, parts: Iterable[Part], role: TurnRole = "user") -> list[JsonObject]:
        """The blocks of the parts that can be carried, each followed by its cache point."""
        blocks: list[JsonObject] = []
        for part in parts:
            if not self.keeps(part, role):
                continue
            blocks.append(_WRITERS[type(part)](self, part))
            cache: CacheMark | None = getattr(part, "cache", None)
            if cache is not None:
                blocks.append(write_cache_point(cache, same=self._same))
        return blocks

    def text(self, part: Text) -> JsonObject:
        if part.signature is not None:
            self._losses.add("text.signature")
        own = [citation.native for citation in part.citations if citation.dialect == DIALECT]
        if len(own) < len(part.citations):
            self._losses.add("text.citations")
        if self._same and "guardContent" in part.spelling:
            return self._finish("guardContent", {"text": {"text": part.text, **_inside(part.extra)}}, part, inside={})
        if own or (self._same and "citationsContent" in part.spelling):
            return self._finish("citationsContent", self._cited(part, own), part)
        return self._finish("text", part.text, part)

    def _cited(self, part: Text, citations: list[JsonObject]) -> JsonObject:
        body: JsonObject = {}
        if "no content" not in part.spelling:
            body["content"] = [{"text": part.text}]
        if "no citations" not in part.spelling:
            body["citations"] = citations
        write_notes(body, part.spelling)
        return body

    def medium(self, part: Image | Video | Audio) -> JsonObject:
        if isinstance(part, Image) and part.detail is not None:
            self._losses.add("image.detail")
        return self._finish(type(part).__name__.lower(), _medium(part) or {}, part)

    def document(self, part: Document) -> JsonObject:
        if self._same and "searchResult" in part.spelling:
            body: JsonObject = {"source": part.context, "title": part.title}
            kind = "searchResult"
        else:
            body, kind = dict(_medium(part) or {}), "document"
            name = part.title if self._same else self._document_name(part.title)
            if name is not None:
                body["name"] = name
            if part.context is not None:
                body["context"] = part.context
        if part.citations is not None:
            body["citations"] = {"enabled": part.citations}
        if self._same:
            write_notes(body, part.spelling)
        return self._finish(kind, body, part)

    def _document_name(self, title: str | None) -> str:
        """A name in the characters that Bedrock takes, which also may not repeat in a request."""
        self._documents += 1
        clean = _NOT_IN_NAME.sub(" ", title or "").strip()[:_NAME_CHARS_MAX] or "document"
        return clean if self._documents == 1 else f"{clean} ({self._documents})"

    def reasoning(self, part: Reasoning) -> JsonObject:
        if part.encrypted is not None:
            return self._finish("reasoningContent", {"redactedContent": part.encrypted}, part)
        inner: JsonObject = {"text": part.text}
        if part.signature is not None:
            inner["signature"] = part.signature
        if self._same:
            write_notes(inner, part.spelling)
            inner |= part.extra.get("reasoningText", {})
        beside = {key: value for key, value in _inside(part.extra).items() if key != "reasoningText"}
        return self._finish("reasoningContent", {"reasoningText": inner}, part, inside=beside)

    def tool_call(self, part: ToolCall) -> JsonObject:
        if part.signature is not None:
            self._losses.add("tool_call.signature")
        call_id = part.id if self._same else clean_call_id(part.id)
        body = {"toolUseId": call_id, "name": part.name, "input": self._input(part)}
        return self._finish("toolUse", body, part)

    def _input(self, part: ToolCall) -> Any:
        if self._same and part.kind == "function":  # Bedrock's own input may be any document
            try:
                return parse(part.arguments.encode())
            except NotJson:
                pass
        return arguments_object(part, self._losses)

    def tool_result(self, part: ToolResult) -> JsonObject:
        call_id = part.call_id if self._same else clean_call_id(part.call_id)
        parts = part.content if self._same and isinstance(part.content, tuple) else parts_of(part.content)
        content = [self._result_block(p) for p in parts if self.keeps(p, "user")]
        if not content and not self._same:
            content = [{"text": "(no output)"}]  # Bedrock refuses a result without content
        body: JsonObject = {"toolUseId": call_id, "content": content}
        if part.is_error is not None:
            body["status"] = "error" if part.is_error else "success"
        return self._finish("toolResult", body, part)

    def _result_block(self, part: Part) -> JsonObject:
        if self._same and isinstance(part, Text) and "json" in part.spelling:
            try:
                return {"json": parse(part.text.encode())}
            except NotJson:
                return {"text": part.text}
        return _WRITERS[type(part)](self, part)

    def refusal(self, part: Refusal) -> JsonObject:
        self._losses.add_part(part, "sent as text")
        return {"text": part.text}

    def opaque(self, part: Opaque) -> JsonObject:
        return part.native

    def _finish(self, kind: str, body: Any, part: Any, inside: JsonObject | None = None) -> JsonObject:
        """The block around a body, with the part's unknown fields in their places: those `inside` the body (by default
        all that did not stand beside it) and those beside it."""
        if not self._same:
            self._losses.add_extra(part.extra)
            return {kind: body}
        if isinstance(body, dict):
            more = _inside(part.extra) if inside is None else dict(inside)
            location = more.pop("s3Location", None)
            if location is not None:
                body["source"] = {"s3Location": {**body["source"]["s3Location"], **location}}
            body |= more
        return {kind: body, **part.extra.get(BESIDE, {})}


def _inside(extra: JsonObject) -> JsonObject:
    return {key: value for key, value in extra.items() if key != BESIDE}


def write_cache_point(mark: CacheMark, *, same: bool) -> JsonObject:
    point: JsonObject = {"type": "default"}
    if mark.ttl is not None:
        point["ttl"] = mark.ttl
    return {"cachePoint": {**point, **mark.extra} if same else point}


# --- media ---------------------------------------------------------------------------------------------------


def _medium(part: Image | Video | Audio | Document) -> JsonObject | None:
    """`format` and `source`; None for a source that Bedrock cannot take (a web address, another provider's file)."""
    source = _source(part.source, text_allowed=isinstance(part, Document))
    if source is None:
        return None
    name = _format(part)
    return {"source": source} if name is None else {"format": name, "source": source}


def _source(source: Source, *, text_allowed: bool) -> JsonObject | None:
    if source.data is not None:
        return {"bytes": source.data}
    if source.text is not None and text_allowed:
        return {"text": source.text}
    if source.url is not None and source.url.startswith("s3://"):
        return {"s3Location": {"uri": source.url}}
    return None


def _format(part: Image | Video | Audio | Document) -> str | None:
    media_type = part.source.media_type
    match part:
        case Image():
            return _format_of(image_type(part.source.data or "", media_type), _IMAGE_FORMATS)
        case Video():
            return _format_of(media_type, _VIDEO_FORMATS)
        case Audio():
            return part.format or _format_of(media_type, _AUDIO_FORMATS)
        case Document():
            if media_type is None and part.source.text is not None:
                return None
            return _format_of(media_type, _DOCUMENT_FORMATS)


def _format_of(media_type: str | None, formats: Mapping[str, str]) -> str | None:
    """Bedrock's word for a media type; one it has no word for is named by its subtype, for Bedrock to refuse."""
    if media_type is None:
        return None
    return formats.get(media_type) or media_type.rpartition("/")[2]


_WRITERS: dict[type, Callable[[BlockWriter, Any], JsonObject]] = {
    Text: BlockWriter.text,
    Image: BlockWriter.medium,
    Video: BlockWriter.medium,
    Audio: BlockWriter.medium,
    Document: BlockWriter.document,
    Reasoning: BlockWriter.reasoning,
    ToolCall: BlockWriter.tool_call,
    ToolResult: BlockWriter.tool_result,
    Refusal: BlockWriter.refusal,
    Opaque: BlockWriter.opaque,
}
