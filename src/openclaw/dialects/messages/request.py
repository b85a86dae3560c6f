"""Anthropic Messages requests: the document to a `Call` and back."""

from typing import Any

from msgspec import UNSET, Struct

from openclaw.calls import Call, JsonObject, Maybe, Message, Part, Role, Text
from openclaw.dialects.codec import Encoded, InvalidRequest
from openclaw.dialects.fields import Fields, given, put
from openclaw.dialects.losses import Losses, Name
from openclaw.dialects.messages.blocks import BlockWriter
from openclaw.dialects.messages.content import DIALECT, decode_content
from openclaw.dialects.messages.controls import (
    decode_format,
    decode_texts,
    decode_tool,
    decode_tool_choice,
    forces_a_tool,
    foreign_stop,
    foreign_temperature,
    foreign_tier,
    list_unsupported,
    write_format,
    write_tool_choice,
    write_tools,
)
from openclaw.dialects.messages.thinking import (
    Thinking,
    decode_thinking,
    foreign_thinking,
    write_own_thinking,
)
from openclaw.dialects.noting import NotingFields, write_notes
from openclaw.dialects.turns import (
    Conversation,
    Turn,
    TurnRole,
    alternate,
    answers_without_thought,
    parts_of,
    system_texts,
)

# `system` in the conversation is newer than the field of that name.
_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}


class Shape(Struct, frozen=True, kw_only=True):
    """How one provider wants the request's document; see `Messages` for the fields."""

    max_tokens_default: int
    anthropic_version: str | None
    model_in_body: bool
    stream_in_body: bool


# --- decoding ------------------------------------------------------------------------------------------------


def decode(body: JsonObject, shape: Shape, *, model: str | None, stream: bool | None) -> Call:
    """Raises `InvalidRequest` naming the field."""
    fields = NotingFields(body)
    name = _decode_model(fields, shape, model)
    if shape.anthropic_version is not None and fields.peek("anthropic_version") == shape.anthropic_version:
        fields.take("anthropic_version")
    messages = tuple(_decode_message(m, f"messages[{i}]") for i, m in enumerate(fields.required_array("messages")))
    instructions = _decode_system(fields)
    tools = fields.array_or_none("tools")
    fields.note_empty("tools", tools)
    choice = fields.object_or_none("tool_choice")
    tool_choice, parallel = decode_tool_choice(choice) if choice is not None else (None, UNSET)
    output_format, reasoning, output_config = _decode_output(fields)
    user, metadata = _decode_metadata(fields)
    body_stream = fields.boolean("stream")
    values: dict[str, Any] = {
        "max_output_tokens": fields.integer("max_tokens"),
        "temperature": fields.number("temperature"),
        "top_p": fields.number("top_p"),
        "top_k": fields.integer("top_k"),
        "stop": decode_texts(fields.take("stop_sequences"), "stop_sequences"),
        "service_tier": fields.text("service_tier"),
    }
    extra = fields.rest()
    if output_config:
        extra["output_config"] = output_config
    if metadata:
        extra["metadata"] = metadata
    return Call(
        dialect="messages",
        model=name,
        messages=messages,
        instructions=instructions,
        tools=tuple(decode_tool(tool, f"tools[{i}]") for i, tool in enumerate(tools or ())),
        tool_choice=tool_choice,
        parallel_tool_calls=parallel,
        output_format=output_format,
        reasoning=reasoning,
        user=user,
        stream=body_stream if stream is None else stream,
        extra=extra,
        spelling=tuple(fields.notes),
        **values,
    )


def _decode_model(fields: NotingFields, shape: Shape, model: str | None) -> str:
    if model is not None:
        fields.take("model")
        return model
    # Where the model is in the path, whoever has no path has no model either.
    return fields.required_text("model") if shape.model_in_body else (fields.text_or_none("model") or "")


def _decode_message(value: object, path: str) -> Message:
    fields = Fields(value, path)
    role_name = fields.required_text("role")
    role = _ROLES.get(role_name)
    if role is None:
        raise InvalidRequest(fields.at("role"), f"'{fields.at('role')}' must be user or assistant")
    content = decode_content(fields.take("content"), fields.at("content"))
    return Message(role, content, extra=fields.rest())


def _decode_system(fields: NotingFields) -> str | tuple[Part, ...] | None:
    system = fields.take("system")
    if system is None:
        fields.notes.append("system:null")
    if system is None or system is UNSET:
        return None
    return decode_content(system, "system")


def _decode_output(fields: NotingFields) -> tuple[Any, Any, JsonObject]:
    """The output format, the reasoning control, and what is left of `output_config`."""
    config = fields.object_or_none("output_config")
    fields.note_empty("output_config", config)
    inner = Fields(config or {}, "output_config")
    output_format = decode_format(inner.peek("format"), "output_config")
    if output_format is not None:
        inner.take("format")
    else:
        output_format = decode_format(fields.peek("output_format"), "output_format")  # the older place
        if output_format is not None:
            fields.take("output_format")
    effort: Maybe[str] = inner.text("effort")
    reasoning = decode_thinking(fields.object_or_none("thinking"), "thinking", effort)
    return output_format, reasoning, inner.rest()


def _decode_metadata(fields: NotingFields) -> tuple[Maybe[str], JsonObject]:
    metadata = fields.object_or_none("metadata")
    fields.note_empty("metadata", metadata)
    inner = Fields(metadata or {}, "metadata")
    return inner.text("user_id"), inner.rest()


# --- encoding ------------------------------------------------------------------------------------------------


def encode(call: Call, shape: Shape) -> Encoded:
    """`degraded` lists what Anthropic cannot carry; a missing output bound is listed as the one assumed."""
    losses = Losses()
    body: JsonObject = {}
    if shape.model_in_body:
        body["model"] = call.model
    if shape.anthropic_version is not None:
        body["anthropic_version"] = shape.anthropic_version
    if call.dialect == DIALECT:
        _write_own(call, body, losses)
    else:
        _write_foreign(call, body, shape, losses)
    if shape.stream_in_body:
        put(body, "stream", call.stream)
    if not given(call.max_output_tokens) and not isinstance(body.get("max_tokens"), int):
        body["max_tokens"] = shape.max_tokens_default
    if not given(call.max_output_tokens):
        losses.add("max_output_tokens", f"{body['max_tokens']} assumed")
    return Encoded(body, losses.names())


def _write_own(call: Call, body: JsonObject, losses: Losses) -> None:
    """The caller's own document again, its unknown fields, nulls and spellings included."""
    writer = BlockWriter(losses, same=True)
    body["messages"], turns = _own_messages(call, writer)
    if call.instructions is not None:
        body["system"] = writer.write_all(call.instructions)
    if tools := write_tools(call, losses):
        body["tools"] = tools
    if (choice := write_tool_choice(call, losses)) is not None:
        body["tool_choice"] = choice
    put(body, "max_tokens", call.max_output_tokens)
    put(body, "temperature", call.temperature)
    put(body, "top_p", call.top_p)
    put(body, "top_k", call.top_k)
    put(body, "stop_sequences", list(call.stop) if isinstance(call.stop, tuple) else call.stop)
    put(body, "service_tier", call.service_tier)
    _write_own_output(call, body, losses)
    # Where no thought was left out, the request is the caller's own, right or wrong.
    if writer.left_out_thought and body.get("thinking", {}).get("type") == "enabled" and answers_without_thought(turns):
        del body["thinking"]
        losses.add("reasoning", "off because the tool loop carries no signed thinking")
    if call.user is not UNSET:
        body["metadata"] = {"user_id": call.user}
    for key, value in call.extra.items():
        inner = body.get(key)
        body[key] = {**inner, **value} if isinstance(inner, dict) and isinstance(value, dict) else value
    write_notes(body, call.spelling)


def _own_messages(call: Call, writer: BlockWriter) -> tuple[list[JsonObject], list[Turn]]:
    """The messages as written, and the turns that say what was kept of them."""
    messages: list[JsonObject] = []
    turns: list[Turn] = []
    for message in call.messages:
        role: TurnRole = "assistant" if message.role == "assistant" else "user"
        content = writer.write_all(message.content, role)
        if content == [] and message.content:
            continue  # nothing of it could be carried, and Anthropic refuses an empty turn
        messages.append({"role": message.role, "content": content, **message.extra})
        turns.append(Turn(role, tuple(part for part in parts_of(message.content) if writer.keeps(part, role))))
    return messages, turns


def _write_own_output(call: Call, body: JsonObject, losses: Losses) -> None:
    config: JsonObject = {}
    if call.reasoning is not None:
        put(config, "effort", call.reasoning.effort)
        thinking = write_own_thinking(call.reasoning)
        if thinking is not None:
            body["thinking"] = thinking
    if call.output_format is not None:
        written = write_format(call.output_format, losses, same=True)
        if written is not None and "output_format" in call.output_format.spelling:
            body["output_format"] = written
        elif written is not None:
            config["format"] = written
    if config:
        body["output_config"] = config


def _write_foreign(call: Call, body: JsonObject, shape: Shape, losses: Losses) -> None:
    writer = BlockWriter(losses, same=False)
    conversation = alternate(call, writer.keeps, losses)
    body["messages"] = [
        {"role": turn.role, "content": [writer.write(part) for part in turn.parts]} for turn in conversation.turns
    ]
    if conversation.system:
        body["system"] = _foreign_system(conversation, writer, losses)
    tools = write_tools(call, losses)
    choice = write_tool_choice(call, losses) if tools else None
    if tools:
        body["tools"] = tools
        if choice is not None:
            body["tool_choice"] = choice
    elif call.tool_choice is not None and call.tool_choice.mode not in ("auto", "none"):
        losses.add("tool_choice")
    thinking = _fitting_thinking(call, conversation, choice, shape, losses)
    _write_foreign_output(call, body, thinking, losses)
    _write_foreign_numbers(call, body, thinking, losses)
    if isinstance(call.user, str):
        body["metadata"] = {"user_id": call.user}
    if (tier := foreign_tier(call.service_tier, losses)) is not None:
        body["service_tier"] = tier
    list_unsupported(call, losses)
    losses.add_extras_of(call)


def _foreign_system(conversation: Conversation, writer: BlockWriter, losses: Losses) -> str | list[JsonObject]:
    """A string where one says it all; blocks where parts carry cache marks or there are several."""
    texts = system_texts(conversation, losses)
    if len(texts) == 1 and texts[0] == Text(texts[0].text):
        return texts[0].text
    return [writer.write(part) for part in texts]


def _fitting_thinking(call: Call, conversation: Conversation, choice: Any, shape: Shape, losses: Losses) -> Thinking:
    """The thinking asked for, unless the rest of the request forbids it
    (https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking, "Extended thinking with tool use")."""
    thinking = foreign_thinking(call, shape.max_tokens_default, losses)
    if not thinking.on:
        return thinking
    if forces_a_tool(choice):
        losses.add("reasoning", "off because the tool choice forces a tool")
        return Thinking()
    if thinking.budgeted and answers_without_thought(conversation.turns):
        losses.add("reasoning", "off because the tool loop carries no signed thinking")
        return Thinking()
    return thinking


def _write_foreign_output(call: Call, body: JsonObject, thinking: Thinking, losses: Losses) -> None:
    config: JsonObject = {}
    if thinking.thinking is not None:
        body["thinking"] = thinking.thinking
    if thinking.effort is not None:
        config["effort"] = thinking.effort
    if call.output_format is not None:
        written = write_format(call.output_format, losses, same=False)
        if written is not None:
            config["format"] = written
    if config:
        body["output_config"] = config


def _write_foreign_numbers(call: Call, body: JsonObject, thinking: Thinking, losses: Losses) -> None:
    if isinstance(call.max_output_tokens, int):
        body["max_tokens"] = call.max_output_tokens
    elif thinking.max_tokens is not None:
        body["max_tokens"] = thinking.max_tokens
    sampling: dict[Name, Any] = {
        "temperature": foreign_temperature(call.temperature, losses),
        "top_p": call.top_p,
        "top_k": call.top_k,
    }
    for key, value in sampling.items():
        if not given(value):
            continue
        if thinking.on:  # "Thinking isn't compatible with temperature or top_k modifications"
            losses.add(key, "not with thinking")
        else:
            body[key] = value
    if stop := foreign_stop(call.stop, losses):
        body["stop_sequences"] = stop
