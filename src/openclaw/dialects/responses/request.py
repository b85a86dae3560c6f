"""Responses requests: the document to a `Call` and back."""

from typing import Any

from msgspec import UNSET

from openclaw.calls import Call, JsonObject, Maybe, Message, Part, Text
from openclaw.dialects.codec import Encoded
from openclaw.dialects.fields import Fields, put, put_given, wrong_type
from openclaw.dialects.losses import Losses, Name
from openclaw.dialects.responses.controls import (
    decode_format,
    decode_reasoning,
    decode_tool,
    decode_tool_choice,
    encode_format,
    encode_reasoning,
    encode_tool,
    encode_tool_choice,
)
from openclaw.dialects.responses.items import ItemsEncoder, decode_items
from openclaw.dialects.responses.notes import apply_notes, note
from openclaw.dialects.responses.parts import NAME
from openclaw.dialects.user_ids import short_user

# Wire name and field of `Call` are the same word.
_NUMBERS = ("temperature", "top_p")
_INTEGERS = ("max_output_tokens", "top_logprobs")
_BOOLEANS = ("parallel_tool_calls", "store", "stream")
_TEXTS = ("user", "service_tier", "prompt_cache_key")
_OBJECTS = ("metadata",)

# Fields of `Call` for which Responses has no word.
_WITHOUT_WORD: tuple[Name, ...] = (
    "top_k",
    "frequency_penalty",
    "presence_penalty",
    "seed",
    "stop",
    "logit_bias",
    "n",
    "modalities",
)

SERVICE_TIERS = frozenset({"auto", "default", "flex", "priority", "scale", "fast"})

_LOGPROBS = "message.output_text.logprobs"
ENCRYPTED = "reasoning.encrypted_content"
_INPUT_STRING = "input:string"
_INSTRUCTIONS_SEPARATOR = "\n\n"


# --- decoding -----------------------------------------------------------------------------------------------


def decode(body: JsonObject, *, model: str | None, stream: bool | None) -> Call:
    """Raises `InvalidRequest` naming the field."""
    fields = Fields(body)
    notes: list[str] = []
    name = _decode_model(fields, notes) if model is None else model
    messages = _decode_input(fields, notes)
    values: dict[str, Any] = {key: fields.number(key) for key in _NUMBERS}
    values |= {key: fields.integer(key) for key in _INTEGERS}
    values |= {key: fields.boolean(key) for key in _BOOLEANS}
    values |= {key: fields.text(key) for key in _TEXTS}
    values |= {key: fields.object(key) for key in _OBJECTS}
    if stream is not None:
        values["stream"] = stream
    instructions = _noting_null(fields, "instructions", fields.text("instructions"), notes)
    tools = _noting_null(fields, "tools", fields.array("tools"), notes)
    if tools == []:
        notes.append(note("tools", []))
    choice = _noting_null(fields, "tool_choice", fields.take("tool_choice"), notes)
    reasoning = _noting_null(fields, "reasoning", fields.object("reasoning"), notes)
    text, output_format = _decode_text(fields, notes)
    extra = fields.rest()
    if text:
        extra["text"] = text
    include = extra.get("include")
    return Call(
        dialect=NAME,
        model=name,
        messages=messages,
        instructions=instructions,
        tools=tuple(decode_tool(tool, f"tools[{i}]") for i, tool in enumerate(tools or ())),
        tool_choice=None if choice is None else decode_tool_choice(choice, "tool_choice"),
        output_format=output_format,
        reasoning=None if reasoning is None else decode_reasoning(reasoning, "reasoning"),
        logprobs=True if isinstance(include, list) and _LOGPROBS in include else UNSET,
        include_usage=values["stream"] is True,
        extra=extra,
        spelling=tuple(notes),
        **values,
    )


def _decode_model(fields: Fields, notes: list[str]) -> str:
    """The model; "" where a stored prompt names it."""
    if fields.peek("model") is UNSET and isinstance(fields.peek("prompt"), dict):
        notes.append("-model")
        return ""
    return fields.required_text("model")


def _noting_null(fields: Fields, key: str, value: Any, notes: list[str]) -> Any:
    """The value, with absent as None; a null leaves a note."""
    if value is None:
        notes.append(note(fields.at(key), None))
    return None if value is UNSET else value


def _decode_input(fields: Fields, notes: list[str]) -> tuple[Message, ...]:
    value = fields.take("input")
    if isinstance(value, str):
        notes.append(_INPUT_STRING)
        return (Message("user", value),)
    if isinstance(value, list):
        return decode_items(value, fields.at("input"))
    if value is UNSET:  # a stored prompt or conversation may hold all of it
        notes.append("-input")
        return ()
    if value is None:
        notes.append(note("input", None))
        return ()
    raise wrong_type(fields.at("input"), "a string or an array of items", value)


def _decode_text(fields: Fields, notes: list[str]) -> tuple[JsonObject, Any]:
    """What stays of `text` beside the format, and the format."""
    value = _noting_null(fields, "text", fields.object("text"), notes)
    if value is None:
        return {}, None
    inner = Fields(value, fields.at("text"))
    output_format = decode_format(inner)
    if not value:
        notes.append(note("text", {}))
    return inner.rest(), output_format


# --- encoding -----------------------------------------------------------------------------------------------


def encode(call: Call) -> Encoded:
    own = call.dialect == NAME
    losses = Losses()
    body: JsonObject = {"model": call.model, "input": _encode_input(call, losses)}
    if call.instructions is not None:
        body["instructions"] = encode_instructions(call.instructions, losses)
    if call.tools:
        tools = (encode_tool(tool, own=own, losses=losses) for tool in call.tools)
        body["tools"] = [tool for tool in tools if tool is not None]
    if call.tool_choice is not None:
        put(body, "tool_choice", encode_tool_choice(call.tool_choice, call, losses))
    if call.output_format is not None:
        body["text"] = {"format": encode_format(call.output_format, own=own)}
    if call.reasoning is not None:
        reasoning = encode_reasoning(call.reasoning, own=own, losses=losses)
        if reasoning or own:
            body["reasoning"] = reasoning
    if own:
        _finish_own(body, call, losses)
    else:
        _finish_foreign(body, call, losses)
    return Encoded(body, losses.names())


def _encode_input(call: Call, losses: Losses) -> str | list[JsonObject]:
    first = call.messages[0].content if len(call.messages) == 1 else None
    if call.dialect == NAME and _INPUT_STRING in call.spelling and isinstance(first, str):
        return first
    encoder = ItemsEncoder(call.dialect, losses)
    for message in call.messages:
        encoder.add(message)
    return encoder.items


def encode_instructions(instructions: str | tuple[Part, ...], losses: Losses) -> str:
    if isinstance(instructions, str):
        return instructions
    texts: list[str] = []
    for part in instructions:
        if not isinstance(part, Text):
            losses.add_instruction(part)
            continue
        if part.cache is not None:
            losses.add("cache")
        texts.append(part.text)
    return _INSTRUCTIONS_SEPARATOR.join(texts)


def _plain_values(call: Call) -> dict[str, Maybe[Any]]:
    return {key: getattr(call, key) for keys in (_NUMBERS, _INTEGERS, _BOOLEANS, _TEXTS, _OBJECTS) for key in keys}


def _finish_own(body: JsonObject, call: Call, losses: Losses) -> None:
    for key, value in _plain_values(call).items():
        put(body, key, value)
    losses.add_fields(call, *_WITHOUT_WORD)  # only a rule of the gateway can have set these
    for key, value in call.extra.items():
        body[key] = {**value, **body.get(key, {})} if key == "text" else value
    apply_notes(body, call.spelling)


def _finish_foreign(body: JsonObject, call: Call, losses: Losses) -> None:
    for key, value in _plain_values(call).items():
        put_given(body, key, value)
    if "user" in body:
        body["user"] = short_user(body["user"], losses)
    if body.get("service_tier", "auto") not in SERVICE_TIERS:
        losses.add("service_tier")
        del body["service_tier"]
    if not all(isinstance(value, str) for value in body.get("metadata", {}).values()):
        losses.add("metadata")
        del body["metadata"]
    losses.add_fields(call, *_WITHOUT_WORD)
    if call.tools and not body["tools"]:  # only tools of another provider; a choice among none is an error
        del body["tools"]
        if body.pop("tool_choice", "auto") not in ("auto", "none"):
            losses.add("tool_choice")
    include = []
    if call.logprobs is True:
        include.append(_LOGPROBS)
    # Responses keeps every answer unless told not to, and no other dialect does.
    body.setdefault("store", False)
    if body.get("reasoning", {}).get("effort", "none") != "none" and not body["store"]:
        include.append(ENCRYPTED)
    if include:
        body["include"] = include
    losses.add_extras_of(call)
