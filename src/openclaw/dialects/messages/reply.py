"""Anthropic Messages replies and their usage, both ways."""

from collections.abc import Collection
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from openclaw.calls import (
    Call,
    Choice,
    Citation,
    FinishReason,
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
from openclaw.dialects.fields import Fields, if_count
from openclaw.dialects.losses import Losses
from openclaw.dialects.messages.blocks import BlockWriter
from openclaw.dialects.messages.content import DIALECT, decode_block
from openclaw.dialects.noting import write_notes
from openclaw.dialects.turns import clean_call_id

_FINISH_OF_STOP: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "pause_turn": "pause",
    "refusal": "refusal",
    "model_context_window_exceeded": "context_length",
}

_STOP_OF_FINISH: dict[FinishReason, str] = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "refusal": "refusal",
    "pause": "pause_turn",
    "context_length": "model_context_window_exceeded",
    "error": "max_tokens",  # there is no word for it; of those there are, this one says that the answer is not whole
    "unknown": "end_turn",
}

# Fields of a message that the stream sends with its end; a plain reply keeps them in the same place.
END_FIELDS = ("stop_details", "container", "context_management")


def finish_of_stop(stop_reason: object) -> tuple[FinishReason, str | None]:
    """The finish reason and the native word."""
    if not isinstance(stop_reason, str):
        return "unknown", None
    return _FINISH_OF_STOP.get(stop_reason, "unknown"), stop_reason


def told_finish(finish: FinishReason, parts: Collection[type]) -> FinishReason:
    """The finish reason that a caller must see. Clients run their tool loop on it, and some providers report a plain
    stop for tool calls and refusals; so the kinds of parts decide over a plain stop."""
    if finish not in ("stop", "unknown"):
        return finish
    if ToolCall in parts:
        return "tool_calls"
    return "refusal" if Refusal in parts else finish


def stop_of_finish(
    finish: FinishReason | None, native: str | None, parts: Collection[type], *, own: bool
) -> str | None:
    """Anthropic's stop reason; `parts` are the types of the answer's parts."""
    if own and native is not None:
        return native
    return None if finish is None else _STOP_OF_FINISH[told_finish(finish, parts)]


# --- usage ---------------------------------------------------------------------------------------------------


def decode_usage(native: JsonObject) -> Usage:
    """Anthropic counts cache reads and writes beside `input_tokens`; the inner total includes them."""
    read, written = if_count(native.get("cache_read_input_tokens")), if_count(native.get("cache_creation_input_tokens"))
    fresh = if_count(native.get("input_tokens"))
    by_life = native.get("cache_creation")
    details = native.get("output_tokens_details")
    return Usage(
        input_tokens=None if fresh is None else fresh + (read or 0) + (written or 0),
        output_tokens=if_count(native.get("output_tokens")),
        cache_read_input_tokens=read,
        cache_write_input_tokens=written,
        cache_write_1h_input_tokens=(
            if_count(by_life.get("ephemeral_1h_input_tokens")) if isinstance(by_life, dict) else None
        ),
        reasoning_output_tokens=if_count(details.get("thinking_tokens")) if isinstance(details, dict) else None,
        native=native,
    )


def encode_usage(usage: Usage | None, *, own: bool) -> JsonObject:
    """The provider's own object where it was Anthropic's; else its shape. Both counts are required there, so one
    that nobody reported is written as 0."""
    if usage is None:
        return {"input_tokens": 0, "output_tokens": 0}
    if own and usage.native:
        return usage.native
    read, written = usage.cache_read_input_tokens or 0, usage.cache_write_input_tokens or 0
    body: JsonObject = {
        "input_tokens": max(0, (usage.input_tokens or 0) - read - written),
        "cache_creation_input_tokens": usage.cache_write_input_tokens,
        "cache_read_input_tokens": usage.cache_read_input_tokens,
        "output_tokens": usage.output_tokens or 0,
    }
    if usage.cache_write_1h_input_tokens is not None:
        one_hour = usage.cache_write_1h_input_tokens
        five_minutes = max(0, written - one_hour)
        body["cache_creation"] = {
            "ephemeral_5m_input_tokens": five_minutes,
            "ephemeral_1h_input_tokens": one_hour,
        }
    if usage.reasoning_output_tokens is not None:
        body["output_tokens_details"] = {"thinking_tokens": usage.reasoning_output_tokens}
    return body


# --- replies -------------------------------------------------------------------------------------------------


def decode(body: JsonObject) -> Reply:
    """Raises `MalformedReply`."""
    try:
        return _decode(Fields(body))
    except InvalidRequest as error:
        raise MalformedReply(error.message) from error


def _decode(fields: Fields) -> Reply:
    spelling = [key + ":absent" for key in ("type", "role", "stop_sequence", "usage") if fields.peek(key) is UNSET]
    fields.take("type"), fields.take("role")
    content = tuple(decode_block(b, f"content[{i}]") for i, b in enumerate(fields.required_array("content")))
    stop_reason, stop_sequence = fields.take("stop_reason"), fields.text("stop_sequence")
    usage = fields.object("usage")
    finish, native = finish_of_stop(stop_reason)
    end = {key: fields.take(key) for key in END_FIELDS if fields.peek(key) is not UNSET}
    choice = Choice(
        index=0,
        content=content,
        finish_reason=None if stop_reason is None or stop_reason is UNSET else finish,
        native_finish_reason=native,
        stop_sequence=stop_sequence if isinstance(stop_sequence, str) else None,
        extra=end,
    )
    id_, model = fields.text("id"), fields.text("model")
    return Reply(
        dialect="messages",
        id=id_ if isinstance(id_, str) else "",
        model=model if isinstance(model, str) else "",
        choices=(choice,),
        usage=decode_usage(usage) if isinstance(usage, dict) else None,
        service_tier=_tier(usage),
        extra=fields.rest(),
        spelling=tuple(spelling),
    )


def _tier(usage: object) -> str | None:
    tier = usage.get("service_tier") if isinstance(usage, dict) else None
    return tier if isinstance(tier, str) else None


def message_id(reply_id: str, *, own: bool) -> str:
    """Anthropic's ids start with `msg_`, and some clients look."""
    return reply_id if own or reply_id.startswith("msg_") else f"msg_{reply_id}"


def encode(reply: Reply, call: Call | None) -> JsonObject:
    """Only the first choice can be given; Anthropic answers once."""
    own = reply.dialect == DIALECT
    choice = reply.choices[0] if reply.choices else Choice(0, ())
    parts = {type(part) for part in choice.content}
    body: JsonObject = {
        "id": message_id(reply.id, own=own),
        "type": "message",
        "role": "assistant",
        "model": reply.model or (call.model if call is not None else ""),
        "content": [
            block
            for part in choice.content
            if (own or not is_empty_text(part)) and (block := block_for_caller(part, own=own)) is not None
        ],
        "stop_reason": stop_of_finish(choice.finish_reason, choice.native_finish_reason, parts, own=own),
        "stop_sequence": choice.stop_sequence,
        "usage": encode_usage(reply.usage, own=own),
    }
    if own:
        body |= {**choice.extra, **reply.extra}
        for note in reply.spelling:
            key, _, what = note.partition(":")
            if what == "absent":
                body.pop(key, None)
    return body


_OWN_WRITER = BlockWriter(Losses(), same=True)


def block_for_caller(part: Part, *, own: bool) -> JsonObject | None:
    """A part of an answer as a block; None for what Anthropic's answers cannot hold (media, others' opaque parts).

    `own` tells that the answer came in this dialect. Fields and spellings of another stay behind: the block comes back
    in the next request, and Anthropic refuses a field that it does not know.
    """
    match part:
        case Text():
            return _text_for_caller(part if own else replace(part, spelling=()))
        case Reasoning():
            return _reasoning_for_caller(part)
        case ToolCall():
            # Other makers' ids may hold what Anthropic refuses when the call comes back to it (a fallback, say).
            part = replace(part, id=clean_call_id(part.id))
            return _OWN_WRITER.tool_call(part if own else replace(part, extra={}, spelling=()))
        case Refusal():
            return {"type": "text", "text": part.text}
        case Opaque():
            return part.native if part.dialect == DIALECT else None
        case _:
            return None


def is_empty_text(part: Part) -> bool:
    """Other dialects answer with an empty text beside tool calls; Anthropic would refuse it in the next request."""
    return isinstance(part, Text | Refusal) and not part.text


def _text_for_caller(part: Text) -> JsonObject:
    body: JsonObject = {"type": "text", "text": part.text}
    citations = [c for citation in part.citations if (c := citation_for_caller(citation)) is not None]
    if citations:
        body["citations"] = citations
    write_notes(body, part.spelling)
    return body


def _reasoning_for_caller(part: Reasoning) -> JsonObject | None:
    if part.dialect == DIALECT:
        return _OWN_WRITER.reasoning(part)
    # Another provider's state is nothing Anthropic could check; an empty signature marks the thought as unsigned.
    return {"type": "thinking", "thinking": part.text, "signature": ""} if part.text else None


def citation_for_caller(citation: Citation) -> Any:
    """Anthropic's own object, or a web result with the URL. The empty index tells our request encoder not to send it
    to Anthropic, which would refuse it."""
    if citation.dialect == DIALECT:
        return citation.native
    if citation.url is None:
        return None
    return {
        "type": "web_search_result_location",
        "url": citation.url,
        "title": citation.title,
        "cited_text": citation.cited_text or "",
        "encrypted_index": "",
    }
