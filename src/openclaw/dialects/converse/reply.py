"""Converse replies and their usage, both ways."""

from collections.abc import Collection

from msgspec import UNSET

from openclaw.calls import (
    Call,
    Choice,
    Citation,
    FinishReason,
    Image,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Reply,
    Text,
    ToolCall,
    Usage,
)
from openclaw.dialects.codec import InvalidRequest, MalformedReply
from openclaw.dialects.converse.blocks import BlockWriter
from openclaw.dialects.converse.content import DIALECT, decode_blocks
from openclaw.dialects.fields import Fields, if_count
from openclaw.dialects.losses import Losses
from openclaw.dialects.messages.reply import is_empty_text, told_finish

_FINISH_OF_STOP: dict[str, FinishReason] = {
    "end_turn": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "stop_sequence": "stop_sequence",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "malformed_model_output": "error",
    "malformed_tool_use": "error",
    "model_context_window_exceeded": "context_length",
}

_STOP_OF_FINISH: dict[FinishReason, str] = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "content_filtered",
    "refusal": "content_filtered",
    "pause": "end_turn",
    "context_length": "model_context_window_exceeded",
    "error": "malformed_model_output",
    "unknown": "end_turn",
}

# Fields of a reply that the stream sends with messageStop; a plain reply keeps them in the same place.
END_FIELDS = ("additionalModelResponseFields",)


def finish_of_stop(stop_reason: object) -> tuple[FinishReason, str | None]:
    """The finish reason and the native word."""
    if not isinstance(stop_reason, str):
        return "unknown", None
    return _FINISH_OF_STOP.get(stop_reason, "unknown"), stop_reason


def stop_of_finish(finish: FinishReason | None, native: str | None, parts: Collection[type], *, own: bool) -> str:
    """Bedrock's stop reason; `parts` are the types of the answer's parts."""
    return native if own and native is not None else _STOP_OF_FINISH[told_finish(finish or "unknown", parts)]


# --- usage ---------------------------------------------------------------------------------------------------


def decode_usage(native: JsonObject) -> Usage:
    """Bedrock counts cache reads and writes beside `inputTokens`; the inner total includes them."""
    read, written = if_count(native.get("cacheReadInputTokens")), if_count(native.get("cacheWriteInputTokens"))
    fresh = if_count(native.get("inputTokens"))
    return Usage(
        input_tokens=None if fresh is None else fresh + (read or 0) + (written or 0),
        output_tokens=if_count(native.get("outputTokens")),
        cache_read_input_tokens=read,
        cache_write_input_tokens=written,
        cache_write_1h_input_tokens=_one_hour_writes(native.get("cacheDetails")),
        total_tokens=if_count(native.get("totalTokens")),
        native=native,
    )


def _one_hour_writes(details: object) -> int | None:
    if not isinstance(details, list):
        return None
    counts = [if_count(d.get("inputTokens")) for d in details if isinstance(d, dict) and d.get("ttl") == "1h"]
    return sum(count or 0 for count in counts)


def encode_usage(usage: Usage, *, own: bool) -> JsonObject:
    """The three counts are required, so one that nobody reported is written as 0."""
    if own and usage.native:
        return usage.native
    read, written = usage.cache_read_input_tokens or 0, usage.cache_write_input_tokens or 0
    total_in, out = usage.input_tokens or 0, usage.output_tokens or 0
    body: JsonObject = {
        "inputTokens": max(0, total_in - read - written),
        "outputTokens": out,
        "totalTokens": usage.total_tokens if usage.total_tokens is not None else total_in + out,
    }
    if usage.cache_read_input_tokens is not None:
        body["cacheReadInputTokens"] = read
    if usage.cache_write_input_tokens is not None:
        body["cacheWriteInputTokens"] = written
    if usage.cache_write_1h_input_tokens is not None:
        one_hour = usage.cache_write_1h_input_tokens
        lives = (("5m", max(0, written - one_hour)), ("1h", one_hour))
        body["cacheDetails"] = [{"ttl": ttl, "inputTokens": count} for ttl, count in lives if count]
    return body


# --- replies -------------------------------------------------------------------------------------------------


def decode(body: JsonObject) -> Reply:
    """Raises `MalformedReply`. Bedrock names neither the reply nor the model in the body."""
    try:
        return _decode(Fields(body))
    except InvalidRequest as error:
        raise MalformedReply(error.message) from error


def _decode(fields: Fields) -> Reply:
    output = Fields(fields.take("output"), "output")
    message = Fields(output.take("message"), "output.message")
    message.take("role")
    content = decode_blocks(message.take("content"), "output.message.content")
    finish, native = finish_of_stop(fields.take("stopReason"))
    usage = fields.object("usage")
    end = {key: fields.take(key) for key in END_FIELDS if fields.peek(key) is not UNSET}
    extra = fields.rest()
    if rest := {**output.rest(), **({"message": inner} if (inner := message.rest()) else {})}:
        extra["output"] = rest
    return Reply(
        dialect="converse",
        id="",
        model="",
        choices=(Choice(0, content, finish, native, extra=end),),
        usage=decode_usage(usage) if isinstance(usage, dict) else None,
        extra=extra,
    )


def encode(reply: Reply, call: Call | None) -> JsonObject:
    """Only the first choice can be given; Converse answers once."""
    own = reply.dialect == DIALECT
    choice = reply.choices[0] if reply.choices else Choice(0, ())
    parts = {type(part) for part in choice.content}
    told = [part for part in choice.content if own or not is_empty_text(part)]
    blocks = [block for part in told for block in blocks_for_caller(part)]
    body: JsonObject = {
        "output": {"message": {"role": "assistant", "content": blocks}},
        "stopReason": stop_of_finish(choice.finish_reason, choice.native_finish_reason, parts, own=own),
    }
    if reply.usage is not None:
        body["usage"] = encode_usage(reply.usage, own=own)
    if own:
        body |= {**choice.extra, **{key: value for key, value in reply.extra.items() if key != "output"}}
        output = reply.extra.get("output", {})
        body["output"] |= {key: value for key, value in output.items() if key != "message"}
        body["output"]["message"] |= output.get("message", {})
    return body


_OWN_WRITER = BlockWriter(Losses(), same=True)


def blocks_for_caller(part: Part) -> list[JsonObject]:
    """A part of an answer as blocks; none for what Converse's answers cannot hold."""
    match part:
        case Text() if any(citation.dialect != DIALECT for citation in part.citations):
            citations = [c for citation in part.citations if (c := citation_for_caller(citation)) is not None]
            return [{"citationsContent": {"content": [{"text": part.text}], "citations": citations}}]
        case Reasoning() if part.dialect != DIALECT:
            # Another provider's state is nothing Bedrock could check.
            return [{"reasoningContent": {"reasoningText": {"text": part.text}}}] if part.text else []
        case Opaque() if part.dialect != DIALECT:
            return []
        case Text() | Reasoning() | ToolCall() | Opaque() | Image():
            return _OWN_WRITER.write_all((part,), "assistant")
        case Refusal():
            return [{"text": part.text}]
        case _:
            return []


def citation_for_caller(citation: Citation) -> JsonObject | None:
    if citation.dialect == DIALECT:
        return citation.native
    if citation.url is None:
        return None
    body: JsonObject = {"location": {"web": {"url": citation.url}}}
    if citation.title is not None:
        body["title"] = citation.title
    if citation.cited_text is not None:
        body["sourceContent"] = [{"text": citation.cited_text}]
    return body
