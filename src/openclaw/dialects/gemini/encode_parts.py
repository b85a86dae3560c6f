"""The inner form's parts, written as Gemini's."""

from typing import Any

from openclaw.calls import (
    Audio,
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
from openclaw.dialects.gemini.parts import MEDIA_TYPE_BY_FORMAT, NO_SIGNATURE, media_type_of_url
from openclaw.dialects.gemini.wire import merge_extra, spelled
from openclaw.dialects.jsontext import NotJson, parse
from openclaw.dialects.losses import Losses
from openclaw.dialects.media import source_of_url
from openclaw.dialects.turns import arguments_object

# What a medium is when nobody says: the commonest of its kind, since Google refuses media without a type.
_DEFAULT_MEDIA_TYPE = {Image: "image/jpeg", Audio: "audio/wav", Video: "video/mp4", Document: "application/pdf"}


class PartWriter:
    """Writes parts and gathers what they lose. `own` says that the parts were decoded by Gemini's codec, so that
    extras, spellings and signatures are Gemini's words; `names` maps tool call ids to tool names."""

    def __init__(self, *, own: bool, media_in_results: bool = True) -> None:
        self.own = own
        self.names: dict[str, str] = {}
        self.losses = Losses()
        self._media_in_results = media_in_results

    def write(self, part: Part) -> list[JsonObject]:
        """No, one or (a tool result with media) several Gemini parts."""
        if part.cache if not isinstance(part, Refusal) else None:
            self.losses.add("cache")
        match part:
            case Text():
                return self._text(part)
            case Reasoning():
                return self._reasoning(part)
            case ToolCall():
                return [self._tool_call(part)]
            case ToolResult():
                return self._tool_result(part)
            case Image() | Audio() | Video() | Document():
                return self._media(part)
            case Refusal():
                return [self._whole({"text": part.text}, part)] if part.text else []
            case Opaque():
                return self._opaque(part)

    def _whole(self, body: JsonObject, part: Any, **objects: JsonObject) -> JsonObject:
        """With the part's extra fields; `objects` are the body's nested objects by their camelCase names."""
        if self.own:
            merge_extra(body, part.extra, objects)
        else:
            self.losses.add_extra(part.extra)
        return body

    def _notes(self, part: Any) -> tuple[str, ...]:
        return part.spelling if self.own else ()

    def _text(self, part: Text) -> list[JsonObject]:
        notes = self._notes(part)
        body: JsonObject = {}
        if "no-text" not in notes:
            body["text"] = part.text
        if "thought:false" in notes:
            body["thought"] = False
        self._sign(body, part, notes)
        # Google refuses an empty text; other dialects write one beside tool calls.
        return [self._whole(body, part)] if self.own or part.text else []

    def _sign(self, body: JsonObject, part: Text | ToolCall, notes: tuple[str, ...]) -> None:
        # Only Google signs texts and calls: whoever the caller is, the signature is one that a Gemini model made.
        signature = NO_SIGNATURE if NO_SIGNATURE in notes else part.signature
        if signature is not None:
            body[spelled("thoughtSignature", notes)] = signature

    def _reasoning(self, part: Reasoning) -> list[JsonObject]:
        notes = self._notes(part)
        body: JsonObject = {"thought": True}
        if "no-text" not in notes:
            body["text"] = part.text
        signed = part.signature is not None and part.dialect == "gemini"
        if NO_SIGNATURE in notes:
            body[spelled("thoughtSignature", notes)] = NO_SIGNATURE
        elif signed:
            body[spelled("thoughtSignature", notes)] = part.signature
        elif part.signature is not None or part.encrypted is not None:
            self.losses.add("reasoning.signature")
        return [self._whole(body, part)] if self.own or signed or part.text else []

    def _tool_call(self, part: ToolCall) -> JsonObject:
        notes = self._notes(part)
        self.names[part.id] = part.name
        call: JsonObject = {"name": part.name}
        if "empty-id" in notes:
            call["id"] = ""
        elif "no-id" not in notes:
            call["id"] = part.id
        if "no-args" not in notes:
            call["args"] = arguments_object(part, self.losses)
        body: JsonObject = {spelled("functionCall", notes): call}
        self._sign(body, part, notes)
        return self._whole(body, part, functionCall=call)

    def _tool_result(self, part: ToolResult) -> list[JsonObject]:
        notes = self._notes(part)
        result: JsonObject = {"name": self._name_of(part)}
        if "empty-id" in notes:
            result["id"] = ""
        elif "no-id" not in notes:
            result["id"] = part.call_id
        text, shown = self._split(part)
        if text is not None:
            result["response"] = _response(text, part, notes)
        beside: list[JsonObject] = []
        if shown or "parts" in notes:
            if self.own or self._media_in_results:
                result["parts"] = shown
            else:
                beside = shown
        body: JsonObject = {spelled("functionResponse", notes): result}
        return [self._whole(body, part, functionResponse=result), *beside]

    def _name_of(self, part: ToolResult) -> str:
        name = part.name or self.names.get(part.call_id)
        if name is None:
            self.losses.add("tool_result.name", "the history holds no call with this id")
        return name or "unknown"

    def _split(self, part: ToolResult) -> tuple[str | None, list[JsonObject]]:
        """The text of a result and its other parts as Gemini's. A result of another dialect always has a text,
        since Google wants a response."""
        if part.content is None:
            return (None if self.own else ""), []
        if isinstance(part.content, str):
            return part.content, []
        texts: list[str] = []
        shown: list[JsonObject] = []
        for position, inner in enumerate(part.content):
            if isinstance(inner, Text) and not (self.own and position):
                texts.append(inner.text)
            else:
                shown += self.write(inner)
        return ("\n".join(texts) if texts or not self.own else None), shown

    def _media(self, part: Image | Audio | Video | Document) -> list[JsonObject]:
        notes = self._notes(part)
        source = part.source if part.source.url is None else _undone(part.source)
        if not self.own:
            self._lose_details(part)
        if source.data is not None:
            blob: JsonObject = {"data": source.data}
            if source.media_type is not None or not self.own:
                blob[spelled("mimeType", notes)] = _media_type(part, source)
            return [self._whole({spelled("inlineData", notes): blob}, part, inlineData=blob)]
        if source.url is not None:
            file: JsonObject = {spelled("fileUri", notes): source.url}
            if "no-mimeType" not in notes:
                file[spelled("mimeType", notes)] = _media_type(part, source)
            return [self._whole({spelled("fileData", notes): file}, part, fileData=file)]
        if source.text is not None:
            return [{"text": source.text}]
        self.losses.add_part(part, "a file id of another provider")
        return []

    def _lose_details(self, part: Image | Audio | Video | Document) -> None:
        if isinstance(part, Image) and part.detail not in (None, "auto"):
            self.losses.add("image.detail")
        if isinstance(part, Document):
            self.losses.add_document_details(part)

    def _opaque(self, part: Opaque) -> list[JsonObject]:
        if part.dialect == "gemini":
            return [part.native]
        self.losses.add_part(part)
        return []


def _response(text: str, part: ToolResult, notes: tuple[str, ...]) -> JsonObject:
    for note in notes:
        if note.startswith("response:") and note != "response:json":
            return {note.removeprefix("response:"): text}
    if part.is_error and "response:json" not in notes:
        return {"error": text}
    try:
        value = parse(text.encode())
    except (NotJson, UnicodeEncodeError):
        return {"output": text}
    return value if isinstance(value, dict) else {"output": text}


def _undone(source: Source) -> Source:
    """A `data:` URL that a decoder left as it was."""
    found = source_of_url(source.url or "")
    return source if found.data is None else found


def _media_type(part: Image | Audio | Video | Document, source: Source) -> str:
    named = source.media_type or (media_type_of_url(source.url) if source.url else None)
    if named is None and isinstance(part, Audio):
        named = MEDIA_TYPE_BY_FORMAT.get(part.format or "")
    return named or _DEFAULT_MEDIA_TYPE[type(part)]
