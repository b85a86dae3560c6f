"""Bedrock Converse requests: the document to a `Call` and back. The model and streaming are in the path."""

from typing import Any

import msgspec
from msgspec import UNSET

from openclaw.calls import (
    Call,
    JsonObject,
    Message,
    OutputFormat,
    Part,
    ReasoningControl,
    Role,
    Text,
)
from openclaw.dialects.codec import Encoded, InvalidRequest
from openclaw.dialects.converse.blocks import BlockWriter
from openclaw.dialects.converse.content import DIALECT, decode_blocks
from openclaw.dialects.converse.thinking import (
    Additional,
    decode_additional,
    foreign_additional,
    is_claude,
    write_own_additional,
)
from openclaw.dialects.converse.tools import decode_tools, tools_of_history, write_tool_config
from openclaw.dialects.fields import Fields, given, put
from openclaw.dialects.jsontext import NotJson, parse
from openclaw.dialects.jsontext import encode as encode_json
from openclaw.dialects.losses import Losses, Name
from openclaw.dialects.messages.controls import (
    decode_texts,
    foreign_stop,
    foreign_temperature,
    list_unsupported,
)
from openclaw.dialects.noting import NotingFields, write_notes
from openclaw.dialects.turns import Conversation, alternate, answers_without_thought, system_texts

_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}

# OpenAI's word for a service tier, and Bedrock's.
_TIER_OF_OTHERS = {"default": "default", "standard_only": "default", "flex": "flex", "priority": "priority"}


# --- decoding ------------------------------------------------------------------------------------------------


def decode(body: JsonObject, *, model: str | None, stream: bool | None) -> Call:
    """Raises `InvalidRequest` naming the field."""
    fields = NotingFields(body)
    messages = fields.take("messages")
    if messages is UNSET:  # a prompt from Prompt management may stand without any
        fields.notes.append("no messages")
        messages = []
    if not isinstance(messages, list):
        raise InvalidRequest("messages", "'messages' must be an array")
    values: dict[str, Any] = {}
    extra: JsonObject = {}
    _decode_inference(fields, values, extra)
    if tool_config := decode_tools(_section(fields, "toolConfig"), values):
        extra["toolConfig"] = tool_config
    _decode_additional(fields, values, extra)
    _decode_output(fields, values, extra)
    tier = fields.peek("serviceTier")
    if isinstance(tier, dict) and tier.keys() == {"type"} and isinstance(tier["type"], str):
        values["service_tier"] = fields.take("serviceTier")["type"]
    system = fields.take("system")
    if system is None:
        fields.notes.append("system:null")
    return Call(
        dialect="converse",
        model=model if model is not None else "",
        messages=tuple(_decode_message(m, f"messages[{i}]") for i, m in enumerate(messages)),
        instructions=None if system is None or system is UNSET else decode_blocks(system, "system"),
        stream=UNSET if stream is None else stream,
        extra={**fields.rest(), **extra},
        spelling=tuple(fields.notes),
        **values,
    )


def _decode_message(value: object, path: str) -> Message:
    fields = Fields(value, path)
    role = _ROLES.get(fields.required_text("role"))
    if role is None:
        raise InvalidRequest(fields.at("role"), f"'{fields.at('role')}' must be user or assistant")
    return Message(role, decode_blocks(fields.take("content"), fields.at("content")), extra=fields.rest())


def _section(fields: NotingFields, key: str) -> NotingFields:
    """One of the request's inner objects; empty when it is not there."""
    value = fields.object_or_none(key)
    fields.note_empty(key, value)
    return NotingFields(value or {}, key)


def _keep_rest(key: str, inner: Fields, extra: JsonObject) -> None:
    if rest := inner.rest():
        extra[key] = rest


def _decode_inference(fields: NotingFields, values: JsonObject, extra: JsonObject) -> None:
    inner = _section(fields, "inferenceConfig")
    values["max_output_tokens"] = inner.integer("maxTokens")
    values["temperature"] = inner.number("temperature")
    values["top_p"] = inner.number("topP")
    values["stop"] = decode_texts(inner.take("stopSequences"), inner.at("stopSequences"))
    _keep_rest("inferenceConfig", inner, extra)


def _decode_additional(fields: NotingFields, values: JsonObject, extra: JsonObject) -> None:
    key = "additionalModelRequestFields"
    if not isinstance(fields.peek(key), dict):
        return  # any document is allowed; only an object can say something we know
    inner = _section(fields, key)
    values["reasoning"], values["top_k"] = decode_additional(inner)
    _keep_rest(key, inner, extra)


def _decode_output(fields: NotingFields, values: JsonObject, extra: JsonObject) -> None:
    inner = _section(fields, "outputConfig")
    found = _decode_format(inner.peek("textFormat"))
    if found is not None:
        inner.take("textFormat")
        values["output_format"] = found
    effort = inner.peek("effort")
    if isinstance(effort, str) and values.get("reasoning") is None:
        inner.take("effort")
        values["reasoning"] = ReasoningControl(effort=effort, spelling=("outputConfig",))
    _keep_rest("outputConfig", inner, extra)


def _decode_format(value: Any) -> OutputFormat | None:
    """A JSON schema format, whose schema is JSON in a string; None for anything else, which then stays where it is."""
    structure = value.get("structure") if isinstance(value, dict) and value.get("type") == "json_schema" else None
    inner = structure.get("jsonSchema") if isinstance(structure, dict) and structure.keys() == {"jsonSchema"} else None
    if not isinstance(inner, dict) or value.keys() != {"type", "structure"} or not isinstance(inner.get("schema"), str):
        return None
    try:
        schema = parse(inner["schema"].encode())
    except (NotJson, UnicodeEncodeError):
        return None
    names = {key: inner[key] for key in ("name", "description") if isinstance(inner.get(key), str)}
    if not isinstance(schema, dict):
        return None
    rest = {key: item for key, item in inner.items() if key != "schema" and key not in names}
    # The text itself is kept as the spelling: its white space and key order are the caller's.
    return OutputFormat("schema", schema=schema, extra=rest, spelling=(inner["schema"],), **names)


# --- encoding ------------------------------------------------------------------------------------------------


def encode(call: Call, max_tokens_default: int) -> Encoded:
    losses = Losses()
    body: JsonObject = {}
    if call.dialect == DIALECT:
        _write_own(call, body, losses)
    else:
        _write_foreign(call, body, max_tokens_default, losses)
    return Encoded(body, losses.names())


def _write_own(call: Call, body: JsonObject, losses: Losses) -> None:
    writer = BlockWriter(losses, same=True)
    if call.messages or "no messages" not in call.spelling:
        body["messages"] = [_own_message(message, writer) for message in call.messages]
    if call.instructions is not None:
        body["system"] = writer.write_all(_as_parts(call.instructions))
    inference: JsonObject = {}
    put(inference, "maxTokens", call.max_output_tokens)
    put(inference, "temperature", call.temperature)
    put(inference, "topP", call.top_p)
    put(inference, "stopSequences", list(call.stop) if isinstance(call.stop, tuple) else call.stop)
    output: JsonObject = {}
    if call.output_format is not None:
        output["textFormat"] = _write_format(call.output_format, same=True)
    if call.reasoning is not None and "outputConfig" in call.reasoning.spelling:
        output["effort"] = call.reasoning.effort
    sections = {
        "inferenceConfig": inference,
        "toolConfig": write_tool_config(call, call.tools, losses),
        "additionalModelRequestFields": write_own_additional(call),
        "outputConfig": output,
        "serviceTier": {"type": call.service_tier} if isinstance(call.service_tier, str) else {},
    }
    body |= {key: section for key, section in sections.items() if section}
    for key, value in call.extra.items():
        inner = body.get(key)
        body[key] = {**inner, **value} if isinstance(inner, dict) and isinstance(value, dict) else value
    write_notes(body, call.spelling)


def _own_message(message: Message, writer: BlockWriter) -> JsonObject:
    role = "assistant" if message.role == "assistant" else "user"
    content = writer.write_all(_as_parts(message.content), "assistant" if role == "assistant" else "user")
    return {"role": message.role, "content": content, **message.extra}


def _as_parts(content: str | tuple[Part, ...] | None) -> tuple[Part, ...]:
    return (Text(content),) if isinstance(content, str) else content or ()


def _write_foreign(call: Call, body: JsonObject, max_tokens_default: int, losses: Losses) -> None:
    writer = BlockWriter(losses, same=False, claude=is_claude(call.model))
    conversation = alternate(call, writer.keeps, losses)
    body["messages"] = [
        {"role": turn.role, "content": writer.write_all(turn.parts, turn.role)} for turn in conversation.turns
    ]
    if conversation.system:
        body["system"] = _foreign_system(conversation, writer, losses)
    tools = call.tools or tools_of_history(conversation, losses)
    config = write_tool_config(call, tools, losses)
    if config.get("tools"):
        body["toolConfig"] = config
    elif call.tool_choice is not None and call.tool_choice.mode not in ("auto", "none"):
        losses.add("tool_choice")
    additional = _fitting_additional(call, conversation, config, max_tokens_default, losses)
    _write_top_k(call, additional, losses)
    if additional.fields:
        body["additionalModelRequestFields"] = additional.fields
    inference = _foreign_inference(call, additional, losses)
    if inference:
        body["inferenceConfig"] = inference
    tier = _TIER_OF_OTHERS.get(call.service_tier) if isinstance(call.service_tier, str) else None
    if tier is not None:
        body["serviceTier"] = {"type": tier}
    elif given(call.service_tier) and call.service_tier != "auto":
        losses.add("service_tier")
    _write_foreign_output(call, body, losses)
    _list_the_rest(call, losses)


def _fitting_additional(
    call: Call, conversation: Conversation, config: JsonObject, max_tokens_default: int, losses: Losses
) -> Additional:
    """The additional fields, without Claude's thinking where the rest of the request forbids it."""
    additional = foreign_additional(call, max_tokens_default, losses)
    if not additional.claude.on:
        return additional
    if config.get("toolChoice", {}).keys() & {"any", "tool"}:
        losses.add("reasoning", "off because the tool choice forces a tool")
        return Additional({})
    if additional.claude.budgeted and answers_without_thought(conversation.turns):
        losses.add("reasoning", "off because the tool loop carries no signed thinking")
        return Additional({})
    return additional


def _write_top_k(call: Call, additional: Additional, losses: Losses) -> None:
    """Converse has no field for it; these vendors have their own."""
    if not given(call.top_k):
        return
    if additional.claude.on:
        losses.add("top_k", "not with thinking")
    elif is_claude(call.model):
        additional.fields["top_k"] = call.top_k
    elif "amazon.nova" in call.model:
        additional.fields["inferenceConfig"] = {"topK": call.top_k}
    else:
        losses.add("top_k")


def _foreign_inference(call: Call, additional: Additional, losses: Losses) -> JsonObject:
    body: JsonObject = {}
    bound = call.max_output_tokens
    if isinstance(bound, int):
        body["maxTokens"] = bound
    elif additional.claude.max_tokens is not None:
        body["maxTokens"] = additional.claude.max_tokens
        losses.add("max_output_tokens", f"{additional.claude.max_tokens} assumed")
    sampling: tuple[tuple[str, Name, Any], ...] = (
        ("temperature", "temperature", foreign_temperature(call.temperature, losses)),
        ("topP", "top_p", call.top_p),
    )
    for key, name, value in sampling:
        if given(value) and additional.claude.on:
            losses.add(name, "not with thinking")
        elif given(value):
            body[key] = value
    if stop := foreign_stop(call.stop, losses):
        body["stopSequences"] = stop
    return body


def _foreign_system(conversation: Conversation, writer: BlockWriter, losses: Losses) -> list[JsonObject]:
    plain = [msgspec.structs.replace(part, citations=()) for part in system_texts(conversation, losses)]
    return writer.write_all(plain)


def _write_format(output: OutputFormat, *, same: bool) -> JsonObject:
    text = output.spelling[0] if same and output.spelling else ""
    if not text or parse(text.encode()) != output.schema:
        text = encode_json(output.schema).decode()
    inner: JsonObject = {"schema": text}
    if given(output.name):
        inner["name"] = output.name
    if given(output.description):
        inner["description"] = output.description
    if same:
        inner |= output.extra
    return {"type": "json_schema", "structure": {"jsonSchema": inner}}


def _write_foreign_output(call: Call, body: JsonObject, losses: Losses) -> None:
    output = call.output_format
    if output is None or output.kind == "text":
        return
    if output.kind == "json" or not isinstance(output.schema, dict):
        losses.add("output_format", "there is no JSON mode without a schema")
        return
    body["outputConfig"] = {"textFormat": _write_format(output, same=False)}


def _list_the_rest(call: Call, losses: Losses) -> None:
    list_unsupported(call, losses)
    losses.add_fields(call, "user")
    losses.add_extras_of(call)
