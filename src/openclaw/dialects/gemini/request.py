"""Gemini's generateContent request, both ways."""

from typing import Any

from msgspec import UNSET

from openclaw.calls import Call, JsonObject, Message, Part, Role
from openclaw.dialects.call_ids import CallIds
from openclaw.dialects.codec import Encoded, InvalidRequest
from openclaw.dialects.fields import put, put_given
from openclaw.dialects.gemini.controls import (
    decode_output_format,
    decode_reasoning,
    decode_tool_choice,
    decode_tools,
    encode_output_format,
    encode_reasoning,
    encode_tool_choice,
    encode_tools,
    is_before_gemini_3,
    strings,
)
from openclaw.dialects.gemini.encode_parts import PartWriter
from openclaw.dialects.gemini.parts import NO_SIGNATURE, decode_parts
from openclaw.dialects.gemini.wire import Reader, flat, merge_extra, spelled
from openclaw.dialects.losses import Name

# `function` is what Google's first clients called the turn that holds function responses.
_ROLES: dict[str, Role] = {"user": "user", "model": "assistant", "function": "tool", "tool": "tool"}

# Fields of the generation config that have one meaning each: inner name, wire name, how to read it.
_SETTINGS = (
    ("temperature", "temperature", Reader.number),
    ("top_p", "topP", Reader.number),
    ("top_k", "topK", Reader.integer),
    ("max_output_tokens", "maxOutputTokens", Reader.integer),
    ("n", "candidateCount", Reader.integer),
    ("seed", "seed", Reader.integer),
    ("presence_penalty", "presencePenalty", Reader.number),
    ("frequency_penalty", "frequencyPenalty", Reader.number),
    ("logprobs", "responseLogprobs", Reader.boolean),
    ("top_logprobs", "logprobs", Reader.integer),
)

# What another dialect may ask for and Gemini has no field for.
_NOT_CARRIED: tuple[Name, ...] = (
    "logit_bias",
    "metadata",
    "parallel_tool_calls",
    "prompt_cache_key",
    "store",  # Google's `store` switches its own logging, and keeps nothing that a later call could refer to
    "user",
)

_TIERS = {"default": "standard", "standard": "standard", "flex": "flex", "priority": "priority"}


# --- decoding -----------------------------------------------------------------------------------------------


def decode_request(body: JsonObject, model: str | None, stream: bool | None) -> Call:
    reader = Reader(body)
    named = _model(reader)
    ids = CallIds()
    messages = _messages(reader, ids)
    instructions, system_notes, extra = _instructions(reader, ids)
    tools, tools_notes = decode_tools(reader)
    settings, settings_extra = _generation_config(reader)
    choice = None
    if reader.holds("toolConfig"):
        key = reader.key("toolConfig")
        config = Reader(reader.take(key), reader.at(key))
        reader.notes.append("toolConfig")
        choice = decode_tool_choice(config)
        reader.notes += config.notes
        extra |= flat("toolConfig", config.rest())
    store = reader.boolean("store")
    tier = reader.text(reader.key("serviceTier"))
    notes = (*reader.notes, *settings.pop("notes"), *system_notes, *tools_notes)
    return Call(
        dialect="gemini",
        model=model or named or "",
        messages=messages,
        instructions=instructions,
        tools=tools,
        tool_choice=choice,
        store=store,
        service_tier=tier,
        stream=UNSET if stream is None else stream,
        include_usage=True,
        spelling=notes,
        extra={**reader.rest(), **extra, **settings_extra},
        **settings,
    )


def _model(reader: Reader) -> str | None:
    """The model where the body names it, which Google allows beside the address."""
    if not reader.holds("model"):
        return None
    name = reader.required_text("model")
    reader.notes.append("model=" + ("models/" if name.startswith("models/") else ""))
    return name.removeprefix("models/")


def _messages(reader: Reader, ids: CallIds) -> tuple[Message, ...]:
    value = reader.take("contents")
    if isinstance(value, dict):
        reader.notes.append("contents:object")
        return (_message(value, "contents", ids),)
    if value is UNSET:
        raise InvalidRequest("contents", "'contents' is required")
    if not isinstance(value, list):
        raise InvalidRequest("contents", "'contents' must be an array")
    return tuple(_message(item, f"contents[{i}]", ids) for i, item in enumerate(value))


def _message(value: object, path: str, ids: CallIds) -> Message:
    reader = Reader(value, path)
    word = reader.required_text("role") if reader.holds("role") else None
    role = _ROLES.get("user" if word is None else word)
    if role is None:
        raise InvalidRequest(reader.at("role"), f"'{reader.at('role')}' must be 'user' or 'model'")
    if word is None:
        reader.notes.append("no-role")
    elif role == "tool":
        reader.notes.append("role=" + word)
    content = _content(reader, ids)
    return Message(role=role, content=content, spelling=tuple(reader.notes), extra=reader.rest())


def _content(reader: Reader, ids: CallIds) -> tuple[Part, ...] | None:
    if not reader.holds("parts"):
        return None
    path = reader.at("parts")
    value = reader.take("parts")
    if isinstance(value, dict):
        reader.notes.append("parts:object")
    return decode_parts(value, path, ids)


def _instructions(reader: Reader, ids: CallIds) -> tuple[tuple[Part, ...] | None, list[str], JsonObject]:
    """The system instruction's parts, notes on how it was written, and its other fields."""
    if not reader.holds("systemInstruction"):
        return None, [], {}
    key = reader.key("systemInstruction")
    inner = Reader(reader.take(key), reader.at(key))
    notes = ["system"]
    if inner.holds("role"):
        # The role of a system instruction is ignored by Google and differs by client.
        notes.append("system.role=" + inner.required_text("role"))
    parts = _content(inner, ids)
    notes += ["system." + note for note in inner.notes]
    return parts, notes, flat("systemInstruction", inner.rest())


def _generation_config(reader: Reader) -> tuple[dict[str, Any], JsonObject]:
    if not reader.holds("generationConfig"):
        return {"notes": ()}, {}
    key = reader.key("generationConfig")
    config = Reader(reader.take(key), reader.at(key))
    config.notes.append("generationConfig")
    settings: dict[str, Any] = {inner: read(config, config.key(wire)) for inner, wire, read in _SETTINGS}
    settings["stop"] = _strings(config, "stopSequences")
    settings["modalities"] = _modalities(config)
    settings["output_format"] = decode_output_format(config)
    settings["reasoning"] = decode_reasoning(config)
    settings["notes"] = tuple(config.notes)
    return settings, flat("generationConfig", config.rest())


def _strings(config: Reader, name: str) -> Any:
    key = config.key(name)
    values = config.array(key)
    return strings(values, config.at(key)) if isinstance(values, list) else values


def _modalities(config: Reader) -> Any:
    """In lower case, as everywhere inside; Google's own words are upper case."""
    words = _strings(config, "responseModalities")
    if not isinstance(words, tuple):
        return words
    lower = tuple(word.lower() for word in words)
    if words != tuple(word.upper() for word in lower):
        config.notes.append("modalities=" + ",".join(words))
    return lower


# --- encoding -----------------------------------------------------------------------------------------------


def encode_request(call: Call, *, vertex: bool) -> Encoded:
    own = call.dialect == "gemini"
    writer = PartWriter(own=own, media_in_results=not is_before_gemini_3(call.model))
    notes = call.spelling if own else ()
    write = put if own else put_given
    system, contents = _turns(call, writer)
    body: JsonObject = {"contents": contents[0] if "contents:object" in notes and len(contents) == 1 else contents}
    objects: dict[str, JsonObject] = {}
    if system is not None:
        objects["systemInstruction"] = body[spelled("systemInstruction", notes)] = system
    for note in notes:
        if note.startswith("model="):
            body["model"] = note.removeprefix("model=") + call.model
    _put_tools(body, call, writer, notes)
    choice = None if call.tool_choice is None else encode_tool_choice(call.tool_choice, writer)
    if choice is not None or "toolConfig" in notes:
        config = objects["toolConfig"] = body[spelled("toolConfig", notes)] = {}
        put_given(config, spelled("functionCallingConfig", notes), choice)
    config = _encode_config(call, writer, notes, write)
    if config or "generationConfig" in notes:
        objects["generationConfig"] = body[spelled("generationConfig", notes)] = config
    if own:
        write(body, "store", call.store)
        write(body, spelled("serviceTier", notes), call.service_tier)
        merge_extra(body, call.extra, objects)
    else:
        _put_foreign(body, call, writer, vertex)
    return Encoded(body, writer.losses.names())


def _put_tools(body: JsonObject, call: Call, writer: PartWriter, notes: tuple[str, ...]) -> None:
    entries = encode_tools(call, writer)
    if "tools:object" in notes and len(entries) == 1:
        body["tools"] = entries[0]
    elif entries or "tools" in notes:
        body["tools"] = entries


def _encode_config(call: Call, writer: PartWriter, notes: tuple[str, ...], write: Any) -> JsonObject:
    config: JsonObject = {}
    for inner, wire, _ in _SETTINGS:
        write(config, spelled(wire, notes), getattr(call, inner))
    stop = call.stop
    write(config, spelled("stopSequences", notes), list(stop) if isinstance(stop, tuple) else stop)
    write(config, spelled("responseModalities", notes), _encode_modalities(call, notes))
    encode_output_format(config, call.output_format, own=writer.own)
    if call.reasoning is not None:
        thinking = encode_reasoning(call.reasoning, call.model, writer)
        if thinking or writer.own:
            config[spelled("thinkingConfig", notes)] = thinking
    return config


def _encode_modalities(call: Call, notes: tuple[str, ...]) -> Any:
    words = call.modalities
    if not isinstance(words, tuple):
        return words
    for note in notes:
        written = note.removeprefix("modalities=")
        if written != note and written.lower() == ",".join(words):
            return written.split(",")
    return [word.upper() for word in words]


def _put_foreign(body: JsonObject, call: Call, writer: PartWriter, vertex: bool) -> None:
    """What another dialect's call asks for outside of the conversation, as far as Google has it."""
    writer.losses.add_fields(call, *_NOT_CARRIED)
    if isinstance(call.service_tier, str) and call.service_tier != "auto":
        tier = None if vertex else _TIERS.get(call.service_tier)
        if tier is None:
            writer.losses.add("service_tier")
        else:
            body["serviceTier"] = tier
    writer.losses.add_format_description(call.output_format)
    writer.losses.add_extras_of(call)


# --- the conversation ---------------------------------------------------------------------------------------


def _turns(call: Call, writer: PartWriter) -> tuple[JsonObject | None, list[JsonObject]]:
    if writer.own:
        return _own_instructions(call, writer), [_own_turn(message, writer) for message in call.messages]
    return _foreign_turns(call, writer)


def _own_instructions(call: Call, writer: PartWriter) -> JsonObject | None:
    notes = call.spelling
    if "system" not in notes and call.instructions is None:
        return None
    system: JsonObject = {}
    for note in notes:
        if note.startswith("system.role="):
            system["role"] = note.removeprefix("system.role=")
    if call.instructions is not None:
        parts = _write_all(call.instructions, writer)
        system["parts"] = parts[0] if "system.parts:object" in notes and len(parts) == 1 else parts
    return system


def _own_turn(message: Message, writer: PartWriter) -> JsonObject:
    notes = message.spelling
    turn: JsonObject = {}
    if message.content is not None:
        parts = _write_all(message.content, writer)
        turn["parts"] = parts[0] if "parts:object" in notes and len(parts) == 1 else parts
    if "no-role" not in notes:
        turn["role"] = "model" if message.role == "assistant" else "user"
    for note in notes:
        if note.startswith("role="):
            turn["role"] = note.removeprefix("role=")
    merge_extra(turn, message.extra, {})
    return turn


def _write_all(content: str | tuple[Part, ...], writer: PartWriter) -> list[JsonObject]:
    if isinstance(content, str):
        return [{"text": content}] if content else []
    return [body for part in content for body in writer.write(part)]


def _foreign_turns(call: Call, writer: PartWriter) -> tuple[JsonObject | None, list[JsonObject]]:
    system = _write_all(call.instructions or (), writer)
    contents: list[JsonObject] = []
    answering = False
    for message in call.messages:
        _lose_message_fields(message, writer)
        parts = _write_all(message.content or (), writer)
        if message.role in ("system", "developer"):
            if not contents:
                system += parts
                continue
            writer.losses.add("messages[].role", f"a later {message.role} message sent as the user's")
        if not parts:
            continue
        if message.role == "assistant":
            _mark_unsigned(parts, call.model)
        if message.role == "tool" and answering:
            # Google wants the answers to parallel calls in one turn.
            contents[-1]["parts"] += parts
            continue
        answering = message.role == "tool"
        contents.append({"role": "model" if message.role == "assistant" else "user", "parts": parts})
    if not contents and system:
        writer.losses.add("instructions", "sent as the user's because Google wants a user turn")
        return None, [{"role": "user", "parts": system}]
    return ({"parts": system} if system else None), contents


def _lose_message_fields(message: Message, writer: PartWriter) -> None:
    if message.name is not None:
        writer.losses.add("messages[].name")
    writer.losses.add_extra(message.extra)


def _mark_unsigned(parts: list[JsonObject], model: str) -> None:
    """Gemini 3 and later check that the first call of a step carries a signature."""
    if is_before_gemini_3(model):
        return
    for part in parts:
        if "functionCall" in part:
            part.setdefault("thoughtSignature", NO_SIGNATURE)
            return
