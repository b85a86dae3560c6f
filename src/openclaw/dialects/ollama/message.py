"""The inner form's messages, written as Ollama's: one string of content, images and tool calls beside it."""

from typing import Any

import msgspec

from openclaw.calls import (
    Audio,
    Call,
    Document,
    Image,
    JsonObject,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)
from openclaw.dialects.losses import Losses
from openclaw.dialects.media import source_of_url
from openclaw.dialects.turns import arguments_object

_encode_json = msgspec.json.Encoder().encode


def json_text(value: Any) -> str:
    return _encode_json(value).decode()


class _Draft:
    """One Ollama message while its parts come in."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.thoughts: list[str] = []
        self.images: list[str] = []
        self.calls: list[JsonObject] = []

    def is_empty(self) -> bool:
        return not (self.texts or self.thoughts or self.images or self.calls)


class MessageWriter:
    """Writes messages and gathers what they lose. `own` says that they were decoded by Ollama's codec."""

    def __init__(self, *, own: bool) -> None:
        self.own = own
        self.losses = Losses()
        self._names: dict[str, str] = {}

    def messages(self, call: Call) -> list[JsonObject]:
        written: list[JsonObject] = []
        if call.instructions:
            written += self._message(Message("system", call.instructions))
        for message in call.messages:
            written += self._message(message)
        return written

    def _message(self, message: Message) -> list[JsonObject]:
        """One message, or several where tool results stand among other parts."""
        role = "system" if message.role == "developer" else message.role
        written: list[JsonObject] = []
        draft = _Draft()
        content = message.content
        for part in (Text(content),) if isinstance(content, str) else content or ():
            if isinstance(part, ToolResult):
                written.append(self._tool_result(part))
            else:
                self._add(part, draft)
        if not draft.is_empty() or not written:
            # A message of the tool's that is no result can only be text.
            written.append(self._assemble(role, draft, message))
        if self.own:
            for key, value in message.extra.items():
                written[-1][key] = value
            return written
        self.losses.add_extra(message.extra)
        if message.name is not None:
            self.losses.add("messages[].name")
        return written

    def _assemble(self, role: str, draft: _Draft, message: Message) -> JsonObject:
        notes = message.spelling if self.own else ()
        body: JsonObject = {"role": role}
        # A model's texts are pieces of one (Google's clients send back each chunk of a stream as a part of its own);
        # a caller's parts stand side by side.
        between = "" if role == "assistant" else "\n"
        if message.content is not None and "no-content" not in notes:
            body["content"] = between.join(draft.texts)
        if draft.thoughts:
            body["thinking"] = between.join(draft.thoughts)
        if draft.images or "images" in notes:
            body["images"] = draft.images
        if draft.calls or "tool_calls" in notes:
            body["tool_calls"] = draft.calls
        if not self.own:
            body.setdefault("content", "")
        return body

    def _add(self, part: Part, draft: _Draft) -> None:
        if not isinstance(part, Refusal) and part.cache is not None:
            self.losses.add("cache")
        match part:
            case Text() | Refusal():
                draft.texts.append(part.text)
            case Reasoning():
                if part.text or self.own:
                    draft.thoughts.append(part.text)
                if part.signature is not None or part.encrypted is not None:
                    self.losses.add("reasoning.signature")
            case Image():
                self._add_image(part, draft)
            case ToolCall():
                draft.calls.append(self.tool_call(part))
            case Document() if part.source.text is not None:
                draft.texts.append(part.source.text)
            case Audio() | Video() | Document() | Opaque() | ToolResult():
                self.losses.add_part(part)
        if not self.own and isinstance(part, Text | Image | Reasoning):
            self.losses.add_extra(part.extra)

    def _add_image(self, part: Image, draft: _Draft) -> None:
        source = part.source if part.source.url is None else source_of_url(part.source.url)
        if source.data is None:
            # Ollama fetches nothing: an image must come with the request.
            self.losses.add_part(part, "only data is taken")
            return
        if part.detail not in (None, "auto"):
            self.losses.add("image.detail")
        draft.images.append(source.data)

    def tool_call(self, part: ToolCall) -> JsonObject:
        self._names[part.id] = part.name
        notes = part.spelling if self.own else ()
        function: JsonObject = {"name": part.name}
        if "null-arguments" in notes:
            function["arguments"] = None
        elif "no-arguments" not in notes:
            function["arguments"] = arguments_object(part, self.losses)
        body: JsonObject = {"function": function}
        if "empty-id" in notes:
            body["id"] = ""
        elif "no-id" not in notes:
            body["id"] = part.id
        if part.signature is not None:
            self.losses.add("tool_call.signature")
        if not self.own:
            self.losses.add_extra(part.extra)
            return body
        for key, value in part.extra.items():
            if key.startswith("function."):
                function[key.removeprefix("function.")] = value
            else:
                body[key] = value
        return body

    def _tool_result(self, part: ToolResult) -> JsonObject:
        notes = part.spelling if self.own else ()
        body: JsonObject = {"role": "tool"}
        draft = _Draft()
        if isinstance(part.content, str):
            draft.texts.append(part.content)
        for inner in part.content if isinstance(part.content, tuple) else ():
            self._add(inner, draft)
        if draft.texts or not self.own:
            body["content"] = "\n".join(draft.texts)
        if draft.images or "images" in notes:
            body["images"] = draft.images
        name = part.name or self._names.get(part.call_id)
        if name is not None and "no-name" not in notes:
            body["tool_name"] = name
        if "no-id" not in notes:
            body["tool_call_id"] = part.call_id
        if part.is_error:
            self.losses.add("tool_result.is_error")
        if part.cache is not None:
            self.losses.add("cache")
        if not self.own:
            self.losses.add_extra(part.extra)
        return body
