"""Parts as Anthropic's content blocks: which of them it can carry, and how each is written."""

from collections.abc import Callable
from typing import Any

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
from openclaw.dialects.losses import Losses
from openclaw.dialects.media_types import image_type, text_of_base64
from openclaw.dialects.messages.content import DIALECT
from openclaw.dialects.noting import write_notes
from openclaw.dialects.turns import TurnRole, arguments_object, clean_call_id, parts_of


class BlockWriter:
    """Writes the parts of one request. `same` says that the call came in this dialect, so that its own fields
    (`extra`, `spelling`, file ids) go back as they were."""

    def __init__(self, losses: Losses, *, same: bool) -> None:
        self._losses = losses
        self._same = same
        self.left_out_thought = False

    # --- what can be carried

    def keeps(self, part: Part, role: TurnRole) -> bool:
        """Whether the part can be written in a turn of this role; lists the loss when it cannot."""
        kept = self._can_carry(part, role)
        if not kept:
            self._losses.add_part(part)
            self.left_out_thought |= isinstance(part, Reasoning)
        return kept

    def _can_carry(self, part: Part, role: TurnRole) -> bool:
        match part:
            case Opaque():
                return part.dialect == DIALECT
            case Reasoning():
                # Anthropic takes thinking only with the signature it made itself.
                return part.dialect == DIALECT and (bool(part.signature) or part.encrypted is not None)
            case Audio() | Video():
                return False
            case Image() | Document() if role == "assistant" and not self._same:
                return False
            case Image():
                return self._image_source(part.source) is not None
            case Document():
                return self._document_source(part.source) is not None
            case _:
                return True

    # --- how it is written

    def write(self, part: Part) -> JsonObject:
        """Only for parts that `keeps` accepted."""
        return _WRITERS[type(part)](self, part)

    def write_all(self, content: str | tuple[Part, ...] | None, role: TurnRole = "user") -> Any:
        """Content as it stands: a string stays a string."""
        if content is None or isinstance(content, str):
            return content
        return [self.write(part) for part in content if self.keeps(part, role)]

    def text(self, part: Text) -> JsonObject:
        if part.signature is not None:
            self._losses.add("text.signature")
        body: JsonObject = {"type": "text", "text": part.text}
        if citations := [c.native for c in part.citations if self._keeps_citation(c)]:
            body["citations"] = citations
        return self._finish(body, part)

    def _keeps_citation(self, citation: Citation) -> bool:
        # An empty encrypted_index is one that `citation_for_caller` made up; Anthropic would refuse it.
        if citation.dialect == DIALECT and citation.native.get("encrypted_index") != "":
            return True
        self._losses.add("text.citations")
        return False

    def image(self, part: Image) -> JsonObject:
        if part.detail is not None:
            self._losses.add("image.detail")
        body: JsonObject = {"type": "image", "source": self._image_source(part.source)}
        return self._finish(body, part)

    def _image_source(self, source: Source) -> JsonObject | None:
        if source.data is not None:
            return _without_none(
                {"type": "base64", "media_type": image_type(source.data, source.media_type), "data": source.data}
            )
        return self._remote_source(source)

    def document(self, part: Document) -> JsonObject:
        if self._same and "search_result" in part.spelling:
            body: JsonObject = {"type": "search_result", "source": part.context, "title": part.title}
        else:
            body = {"type": "document", "source": self._document_source(part.source)}
            body |= _without_none({"title": part.title, "context": part.context})
        if part.citations is not None:
            body["citations"] = {"enabled": part.citations}
        return self._finish(body, part)

    def _document_source(self, source: Source) -> JsonObject | None:
        if source.text is not None:
            media_type = source.media_type if self._same else "text/plain"
            return _without_none({"type": "text", "media_type": media_type, "data": source.text})
        if source.data is None:
            return self._remote_source(source)
        if self._same or source.media_type in (None, "application/pdf"):
            media_type = source.media_type if self._same else "application/pdf"
            return _without_none({"type": "base64", "media_type": media_type, "data": source.data})
        text = text_of_base64(source.data) if (source.media_type or "").startswith("text/") else None
        return None if text is None else {"type": "text", "media_type": "text/plain", "data": text}

    def _remote_source(self, source: Source) -> JsonObject | None:
        if source.file_id is not None and self._same:  # a file id means nothing to another provider
            return _without_none({"type": "file", "file_id": source.file_id, "media_type": source.media_type})
        if source.url is not None and (self._same or source.url.startswith(("https://", "http://"))):
            media_type = source.media_type if self._same else None
            return _without_none({"type": "url", "url": source.url, "media_type": media_type})
        return None

    def reasoning(self, part: Reasoning) -> JsonObject:
        if part.encrypted is not None:
            body: JsonObject = {"type": "redacted_thinking", "data": part.encrypted}
        else:
            body = _without_none({"type": "thinking", "thinking": part.text, "signature": part.signature})
        return self._finish(body, part)

    def tool_call(self, part: ToolCall) -> JsonObject:
        if part.signature is not None:
            self._losses.add("tool_call.signature")
        call_id = part.id if self._same else clean_call_id(part.id)
        body = {"type": "tool_use", "id": call_id, "name": part.name, "input": arguments_object(part, self._losses)}
        return self._finish(body, part)

    def tool_result(self, part: ToolResult) -> JsonObject:
        call_id = part.call_id if self._same else clean_call_id(part.call_id)
        body: JsonObject = {"type": "tool_result", "tool_use_id": call_id}
        given = part.content if self._same or isinstance(part.content, str) else parts_of(part.content)
        content = self.write_all(given)
        if content or (self._same and content is not None):
            body["content"] = content
        if part.is_error is not None:
            body["is_error"] = part.is_error
        return self._finish(body, part)

    def refusal(self, part: Refusal) -> JsonObject:
        self._losses.add_part(part, "sent as text")
        return self._finish({"type": "text", "text": part.text}, part)

    def opaque(self, part: Opaque) -> JsonObject:
        return part.native

    def _finish(self, body: JsonObject, part: Any) -> JsonObject:
        """Add what every part may have: the cache mark, unknown fields, noted spellings."""
        cache: CacheMark | None = getattr(part, "cache", None)
        if cache is not None:
            body["cache_control"] = write_cache(cache, same=self._same)
        if not self._same:
            self._losses.add_extra(part.extra)
            return body
        write_notes(body, part.spelling)
        for key, value in part.extra.items():
            inner = body.get(key)
            # Unknown fields of a source are added to it; a source of another type replaces it.
            if isinstance(inner, dict) and isinstance(value, dict) and "type" not in value:
                value = {**inner, **value}
            body[key] = value
        return body


def write_cache(mark: CacheMark, *, same: bool) -> JsonObject:
    body: JsonObject = {"type": "ephemeral"}
    if mark.ttl is not None:
        body["ttl"] = mark.ttl
    return {**body, **mark.extra} if same else body


def _without_none(body: JsonObject) -> JsonObject:
    return {key: value for key, value in body.items() if value is not None}


_WRITERS: dict[type, Callable[[BlockWriter, Any], JsonObject]] = {
    Text: BlockWriter.text,
    Image: BlockWriter.image,
    Document: BlockWriter.document,
    Reasoning: BlockWriter.reasoning,
    ToolCall: BlockWriter.tool_call,
    ToolResult: BlockWriter.tool_result,
    Refusal: BlockWriter.refusal,
    Opaque: BlockWriter.opaque,
}
