"""Items and turns; the rule is at the top of this package."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, get_args

from msgspec import UNSET

from openclaw.calls import (
    JsonObject,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from openclaw.dialects.codec import InvalidRequest
from openclaw.dialects.fields import Fields, as_object, wrong_type
from openclaw.dialects.losses import Losses
from openclaw.dialects.responses.ids import made_here
from openclaw.dialects.responses.notes import ITEM, ITEM_STRING, Notes, apply_notes, note, prefixed
from openclaw.dialects.responses.parts import (
    NAME,
    Content,
    decode_part,
    decode_parts,
    encode_part,
)
from openclaw.dialects.responses.sealing import is_sealed, unseal

_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system", "developer": "developer"}
_CONTENT_TYPES = get_args(Content)
_BOOKKEEPING = ("type", "id", "status")

SUMMARY_SEPARATOR = "\n\n"
"""Between the parts of one reasoning item when they are read as one text; clients show them as paragraphs."""


# --- decoding -----------------------------------------------------------------------------------------------


def decode_items(items: Sequence[object], path: str) -> tuple[Message, ...]:
    messages: list[Message] = []
    turn: list[Part] = []
    for i, item in enumerate(items):
        fields = Fields(item, f"{path}[{i}]")
        kind = _kind(fields)
        if kind == "message" and fields.peek("role") != "assistant":
            message = _decode_message(fields)
        elif kind in _RESULTS:
            message = _decode_result(fields)
        elif (role := _callers_role(fields, kind)) is not None:
            message = Message(role, (Opaque(NAME, as_object(item, fields.path), kind),), spelling=(ITEM,))
        else:
            turn += decode_model_item(fields, kind, as_object(item, fields.path))
            continue
        if turn:
            messages.append(Message("assistant", tuple(turn)))
            turn = []
        messages.append(message)
    if turn:
        messages.append(Message("assistant", tuple(turn)))
    return tuple(messages)


def _kind(fields: Fields) -> str:
    kind = fields.peek("type")
    if isinstance(kind, str):
        return kind
    if kind is not UNSET and kind is not None:
        raise wrong_type(fields.at("type"), "a string", kind)
    if fields.peek("role") is not UNSET:
        return "message"
    if fields.peek("id") is not UNSET:
        return "item_reference"
    raise InvalidRequest(fields.at("type"), f"'{fields.at('type')}' is required")


def _callers_role(fields: Fields, kind: str) -> Role | None:
    """Whose an item is that is not modelled: a role when it comes from the caller's side, None for the model's."""
    if kind == "message":
        return None
    role = fields.peek("role")
    if isinstance(role, str) and role in _ROLES and role != "assistant":
        return _ROLES[role]
    return "tool" if kind.endswith(("_output", "_response")) else None


def decode_model_item(fields: Fields, kind: str, item: JsonObject) -> list[Part]:
    """The parts of one item of the model's turn."""
    decoder = _MODEL_ITEMS.get(kind)
    return decoder(fields, item) if decoder is not None else [Opaque(NAME, item, kind)]


def item_notes(fields: Fields, implied_type: str) -> Notes:
    """Takes the item's type, id and status, which say nothing to a model, as notes."""
    notes: list[str] = []
    for key in _BOOKKEEPING:
        value = fields.take(key)
        if value is not UNSET and not (key == "type" and value == implied_type):
            notes.append(note(key, value))
    return tuple(notes)


def _decode_message(fields: Fields) -> Message:
    role = fields.required_text("role")
    if role not in _ROLES:
        raise InvalidRequest(fields.at("role"), f"'{fields.at('role')}' must be one of {', '.join(_ROLES)}")
    notes = item_notes(fields, "")
    content = _string_or_parts(fields, "content", "input_text")
    return Message(_ROLES[role], content, extra=fields.rest(), spelling=notes)


def _string_or_parts(fields: Fields, key: str, plain_type: str) -> str | tuple[Part, ...]:
    content = fields.take(key)
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return decode_parts(content, fields.at(key), plain_type)
    if content is UNSET:
        raise InvalidRequest(fields.at(key), f"'{fields.at(key)}' is required")
    raise wrong_type(fields.at(key), "a string or an array of parts", content)


def _decode_assistant(fields: Fields, item: JsonObject) -> list[Part]:
    notes = [ITEM, *prefixed(item_notes(fields, ""), "item.")]
    role = fields.take("role")
    if role is not UNSET and role != "assistant":  # only in a response's output
        notes.append(note("item.role", role))
    content = _string_or_parts(fields, "content", "output_text")
    if isinstance(content, str):
        content = (Text(content),)
        notes.append(ITEM_STRING)
    if not content or any(isinstance(part, Opaque) for part in content):
        return [Opaque(NAME, item, "message")]
    return [mark_item(content[0], tuple(notes), fields.rest()), *content[1:]]


def mark_item(part: Part, notes: Notes, item_extra: JsonObject) -> Part:
    """The first part of a message item, with the item's notes and, under `message`, its other fields."""
    if not isinstance(part, Text | Refusal):
        return part
    extra = {**part.extra, "message": item_extra} if item_extra else part.extra
    spelling = (*notes, *part.spelling)
    if isinstance(part, Refusal):
        return Refusal(part.text, extra, spelling)
    return Text(part.text, part.citations, part.cache, part.signature, extra, spelling)


def _decode_function_call(fields: Fields, _: JsonObject) -> list[Part]:
    notes = item_notes(fields, "function_call")
    return [_call(fields, "function", "arguments", notes)]


def _decode_custom_call(fields: Fields, _: JsonObject) -> list[Part]:
    notes = item_notes(fields, "custom_tool_call")
    return [_call(fields, "custom", "input", notes)]


def _call(fields: Fields, kind: Literal["function", "custom"], key: str, notes: Notes) -> ToolCall:
    call_id, name, arguments = fields.required_text("call_id"), fields.required_text("name"), fields.required_text(key)
    namespace = fields.take("namespace") if isinstance(fields.peek("namespace"), str) else None
    return ToolCall(call_id, name, arguments, kind, namespace, extra=fields.rest(), spelling=notes)


def _decode_reasoning(fields: Fields, _: JsonObject) -> list[Part]:
    identity, encrypted = fields.text("id"), fields.text("encrypted_content")
    if isinstance(encrypted, str) and is_sealed(encrypted):
        return [unseal(encrypted, _reasoning_text(fields)[0])]
    if isinstance(identity, str) and made_here(identity):
        return [Reasoning(_reasoning_text(fields)[0])]
    notes = list(item_notes(fields, "reasoning"))
    notes += [note(key, None) for key, value in (("id", identity), ("encrypted_content", encrypted)) if value is None]
    text, text_notes = _reasoning_text(fields)
    return [
        Reasoning(
            text,
            encrypted=encrypted if isinstance(encrypted, str) else None,
            id=identity if isinstance(identity, str) else None,
            dialect=NAME,
            extra=fields.rest(),
            spelling=(*notes, *text_notes),
        )
    ]


def _reasoning_text(fields: Fields) -> tuple[str, list[str]]:
    """The summary's or else the content's text, and the lengths by which it can be cut into its parts again."""
    notes: list[str] = []
    text = ""
    for key, kind in (("summary", "summary_text"), ("content", "reasoning_text")):
        value = fields.peek(key)
        if value == []:
            fields.take(key)
            notes.append(note(key, []))
        elif value is UNSET and key == "summary":
            notes.append("-summary")
        elif not text and (pieces := _plain_pieces(value, kind)):
            fields.take(key)
            text = SUMMARY_SEPARATOR.join(pieces)
            notes.append(f"{key}:{','.join(str(len(piece)) for piece in pieces)}")
    return text, notes


def _plain_pieces(value: Any, kind: str) -> list[str]:
    """The texts of a list of `{"type": kind, "text": ...}` and nothing else; empty for any other value."""
    if not isinstance(value, list):
        return []
    pieces = [
        part["text"]
        for part in value
        if isinstance(part, dict) and part.keys() == {"type", "text"} and part["type"] == kind
    ]
    return pieces if len(pieces) == len(value) and all(isinstance(piece, str) for piece in pieces) else []


_MODEL_ITEMS: dict[str, Callable[[Fields, JsonObject], list[Part]]] = {
    "message": _decode_assistant,
    "function_call": _decode_function_call,
    "custom_tool_call": _decode_custom_call,
    "reasoning": _decode_reasoning,
}

_RESULTS = frozenset({"function_call_output", "custom_tool_call_output"})


def _decode_result(fields: Fields) -> Message:
    notes = item_notes(fields, "function_call_output")
    call_id = fields.required_text("call_id")
    content: str | tuple[Part, ...] | None
    if fields.peek("output") is None:
        content = fields.take("output")
    else:
        content = _string_or_parts(fields, "output", "input_text")
    return Message("tool", (ToolResult(call_id, content, extra=fields.rest(), spelling=notes),))


# --- encoding -----------------------------------------------------------------------------------------------


class ItemsEncoder:
    """Writes messages as items. `origin` is the dialect that decoded them."""

    def __init__(self, origin: str, losses: Losses) -> None:
        self.origin = origin
        self.own = origin == NAME
        self.losses = losses
        self.items: list[JsonObject] = []
        self._open: JsonObject | None = None
        self._custom: set[str] = set()

    def add(self, message: Message) -> None:
        if message.name is not None:
            self.losses.add("messages[].name")
        if not self.own:
            self.losses.add_extra(message.extra)
        content = message.content
        if content is None:
            return
        if isinstance(content, str):
            self._message(message, content)
        elif message.role == "assistant" or (self.own and ITEM in message.spelling):
            self.turn(content)
        elif self.own and message.role != "tool":
            self._message(message, self._parts(content, "input_text"))
        else:
            self._callers(message, content)

    def turn(self, content: Iterable[Part]) -> None:
        """The model's turn."""
        self._open = None
        for part in content:
            self._turn_part(part)

    def _message(self, message: Message, content: str | list[JsonObject]) -> None:
        # Only OpenAI's four roles are known; text in a message of role `tool` has no call to belong to.
        body: JsonObject = {"role": "user" if message.role == "tool" else message.role, "content": content}
        if self.own:
            body.update(message.extra)
            apply_notes(body, message.spelling)
        else:
            body["type"] = "message"
        self.items.append(body)

    def _callers(self, message: Message, content: Iterable[Part]) -> None:
        """A caller's message of a dialect that puts tool results beside text: results first, as APIs want them."""
        rest: list[Part] = []
        for part in content:
            if isinstance(part, ToolResult):
                self.items.append(self._result(part))
            elif isinstance(part, Opaque) and part.dialect == NAME and message.role == "tool":
                self.items.append(part.native)
            else:
                rest.append(part)
        parts = self._parts(rest, "input_text")
        if parts:
            self._message(message, parts)

    def _parts(self, content: Iterable[Part], plain_type: str) -> list[JsonObject]:
        encoded = (encode_part(part, plain_type, self.origin, self.losses) for part in content)
        return [part for part in encoded if part is not None]

    def _turn_part(self, part: Part) -> None:
        if isinstance(part, _CONTENT_TYPES):
            self._content(part)
            return
        self._open = None
        match part:
            case ToolCall():
                self.items.append(self._call(part))
            case Reasoning():
                item = self._reasoning(part)
                if item is not None:
                    self.items.append(item)
            case ToolResult():
                self.items.append(self._result(part))
            case Opaque():
                if part.dialect == NAME:
                    self.items.append(part.native)
                else:
                    self.losses.add_part(part)

    def _content(self, part: Content) -> None:
        if not self.own and isinstance(part, Text) and not part.text:
            return
        body = encode_part(part, "output_text", self.origin, self.losses)
        if body is None:
            return
        if not self.own:
            self._plain_content(body)
            return
        spelling: Notes = part.spelling
        if self._open is not None and ITEM not in spelling:
            self._open["content"].append(body)
            return
        self._open = {"role": "assistant", "content": [body]}
        self.items.append(self._open)
        if ITEM_STRING in spelling and isinstance(part, Text):
            self._open["content"] = part.text
        apply_notes(self._open, spelling, "item.")
        self._open.update(part.extra.get("message", {}))

    def _plain_content(self, body: JsonObject) -> None:
        """What an assistant of another dialect said: text as a string, the one form that needs no item id and that
        every server takes; texts that follow one another are one."""
        text = body.get("text")
        if text is None:
            self.items.append({"type": "message", "role": "assistant", "content": [body]})
            self._open = None
        elif self._open is not None:
            self._open["content"] += text
        else:
            self._open = {"type": "message", "role": "assistant", "content": text}
            self.items.append(self._open)

    def _call(self, part: ToolCall) -> JsonObject:
        if part.kind == "custom":
            self._custom.add(part.id)
            body: JsonObject = {"type": "custom_tool_call", "call_id": part.id, "name": part.name}
            body["input"] = part.arguments
        else:
            arguments = part.arguments if part.arguments or self.own else "{}"
            body = {"type": "function_call", "call_id": part.id, "name": part.name, "arguments": arguments}
        if part.namespace is not None:
            body["namespace"] = part.namespace
        if part.signature is not None:
            self.losses.add("tool_call.signature")
        return self._finish(body, part)

    def _result(self, part: ToolResult) -> JsonObject:
        kind = "custom_tool_call_output" if part.call_id in self._custom else "function_call_output"
        content = part.content
        output: str | list[JsonObject] | None
        if content is None or isinstance(content, str):
            output = content if content is not None or self.own else ""
        elif not self.own and len(content) == 1 and isinstance(content[0], Text):
            output = content[0].text
        else:
            output = self._parts(content, "input_text")
        if part.is_error:
            self.losses.add("tool_result.is_error")
        return self._finish({"type": kind, "call_id": part.call_id, "output": output}, part)

    def _reasoning(self, part: Reasoning) -> JsonObject | None:
        bound = part.dialect == NAME
        if self.own and not bound:  # another provider's thought, shown to a caller of this dialect who sends it back
            self.losses.add("reasoning")
            return None
        if not bound and (part.signature or part.encrypted):
            self.losses.add("reasoning.signature")
        if not bound and not part.text:
            return None
        body: JsonObject = {"type": "reasoning", **_reasoning_lists(part, own=self.own)}
        if bound:
            if part.id is not None:
                body["id"] = part.id
            if part.encrypted is not None:
                body["encrypted_content"] = part.encrypted
        return self._finish(body, part)

    def _finish(self, body: JsonObject, part: ToolCall | ToolResult | Reasoning) -> JsonObject:
        if part.cache is not None:
            self.losses.add("cache")
        if self.own:
            apply_notes(body, part.spelling)
            body.update(part.extra)
        else:
            self.losses.add_extra(part.extra)
        return body


def _reasoning_lists(part: Reasoning, *, own: bool) -> JsonObject:
    """`summary` and, where the thought was the model's own words, `content`, cut where they were cut before."""
    for entry in part.spelling if own else ():
        key, _, lengths = entry.partition(":")
        if key in ("summary", "content") and "=" not in entry:
            pieces = cut_reasoning(part.text, lengths)
            if key == "content":
                return {"summary": [], "content": [{"type": "reasoning_text", "text": piece} for piece in pieces]}
            return {"summary": [{"type": "summary_text", "text": piece} for piece in pieces]}
    return {"summary": [{"type": "summary_text", "text": part.text}] if part.text else []}


def cut_reasoning(text: str, lengths: str) -> list[str]:
    """The pieces of these lengths; the whole text when it has been changed since they were noted."""
    pieces: list[str] = []
    start = 0
    for length in lengths.split(",") if lengths else ():
        pieces.append(text[start : start + int(length)])
        start += int(length) + len(SUMMARY_SEPARATOR)
    if SUMMARY_SEPARATOR.join(pieces) == text:
        return pieces
    return [text] if text else []


def decode_content_part(value: object, path: str) -> Part:
    """A content part of the model's message."""
    return decode_part(value, path, "output_text")
