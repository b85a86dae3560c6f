"""Gemini's GenerateContentResponse, both ways."""

from typing import Any

import msgspec

from openclaw.calls import Choice, Citation, FinishReason, JsonObject, Part, Reply, Text, ToolCall
from openclaw.dialects.call_ids import CallIds, made_id
from openclaw.dialects.codec import InvalidRequest, MalformedReply
from openclaw.dialects.gemini.citations import decode_citations, encode_citations
from openclaw.dialects.gemini.encode_parts import PartWriter
from openclaw.dialects.gemini.parts import decode_part
from openclaw.dialects.gemini.usage import (
    decode_logprobs,
    decode_usage,
    encode_logprobs,
    encode_usage,
)
from openclaw.dialects.times import rfc3339, unix_seconds

FINISH_REASONS: dict[str, FinishReason] = {
    "FINISH_REASON_UNSPECIFIED": "unknown",
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "MALFORMED_FUNCTION_CALL": "error",
    "UNEXPECTED_TOOL_CALL": "error",
    "TOO_MANY_TOOL_CALLS": "error",
    "MALFORMED_RESPONSE": "error",
    "MISSING_THOUGHT_SIGNATURE": "error",
    "NO_IMAGE": "error",
    "IMAGE_OTHER": "error",
    "CONTINUATION": "pause",
    "OTHER": "unknown",
    "ESCALATION": "unknown",
}
"""https://ai.google.dev/api/generate-content#FinishReason and Vertex AI's of the same name."""

_WORD_BY_REASON: dict[FinishReason, str] = {
    "length": "MAX_TOKENS",
    "context_length": "MAX_TOKENS",
    "content_filter": "SAFETY",
    "refusal": "SAFETY",
    "error": "OTHER",
    "unknown": "OTHER",
}

# protobuf's numbers of the FinishReason enum, which the REST transport writes when asked for `enum-encoding=int`.
_WORD_BY_NUMBER = (
    "FINISH_REASON_UNSPECIFIED",
    "STOP",
    "MAX_TOKENS",
    "SAFETY",
    "RECITATION",
    "OTHER",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MALFORMED_FUNCTION_CALL",
)


def finish_word(value: Any) -> str | None:
    """Google's word for a finish reason that came as a word or as a number."""
    if isinstance(value, str):
        return value
    if type(value) is int:
        return _WORD_BY_NUMBER[value] if 0 <= value < len(_WORD_BY_NUMBER) else str(value)
    return None


def finish_reason(word: str, *, has_tool_calls: bool) -> FinishReason:
    """Google stops with STOP also to have a function called."""
    reason = FINISH_REASONS.get(word, "unknown")
    return "tool_calls" if reason == "stop" and has_tool_calls else reason


def finish_reason_word(reason: FinishReason, native: str | None) -> str:
    """The word for a reason; the native one where it is Google's."""
    return native if native in FINISH_REASONS else _WORD_BY_REASON.get(reason, "STOP")


def block_reason(body: JsonObject) -> str | None:
    """Why the prompt itself was refused; such an answer has no candidates."""
    feedback = body.get("promptFeedback")
    reason = feedback.get("blockReason") if isinstance(feedback, dict) else None
    return reason if isinstance(reason, str) else None


# --- decoding -----------------------------------------------------------------------------------------------


def decode_reply(body: JsonObject) -> Reply:
    """Raises `MalformedReply`."""
    candidates = body.get("candidates")
    blocked = block_reason(body)
    if candidates is None and blocked is None and "usageMetadata" not in body:
        raise MalformedReply("the answer has neither candidates nor feedback on the prompt")
    if candidates is not None and not isinstance(candidates, list):
        raise MalformedReply("'candidates' must be an array")
    extra = dict(body)
    notes: list[str] = []
    reply_id = _word(extra, "responseId", notes)
    model = _word(extra, "modelVersion", notes)
    if candidates is not None:
        del extra["candidates"]
    try:
        choices = tuple(_choice(item, i, reply_id) for i, item in enumerate(candidates or ()))
    except (InvalidRequest, RecursionError) as error:
        raise MalformedReply(str(error)) from error
    if candidates is not None and not candidates:
        notes.append("no candidates")
    if not choices and blocked is not None:
        choices = (Choice(0, (), "content_filter", blocked, spelling=("prompt blocked",)),)
    usage = extra.get("usageMetadata")
    if isinstance(usage, dict):
        del extra["usageMetadata"]
    tier = usage.get("serviceTier") if isinstance(usage, dict) else None
    return Reply(
        dialect="gemini",
        id=reply_id or made_id("reply", model, msgspec.json.encode(body)),
        model=model,
        choices=choices,
        usage=decode_usage(usage) if isinstance(usage, dict) else None,
        created=unix_seconds(body.get("createTime")),
        service_tier=tier if isinstance(tier, str) else None,
        extra=extra,
        spelling=tuple(notes),
    )


def _word(fields: JsonObject, key: str, notes: list[str]) -> str:
    value = fields.get(key)
    if isinstance(value, str) and value:
        del fields[key]
        return value
    notes.append("no-" + key)
    return ""


def _choice(value: Any, position: int, reply_id: str) -> Choice:
    if not isinstance(value, dict):
        raise MalformedReply("a candidate must be an object")
    extra = dict(value)
    notes: list[str] = []
    index = extra.get("index")
    if type(index) is int:
        del extra["index"]
    else:
        notes.append("no-index")
        index = position
    content = _content(extra, notes, CallIds(f"{reply_id}/{position}"))
    citations = decode_citations(value, "".join(part.text for part in content if isinstance(part, Text)))
    native = finish_word(value.get("finishReason"))
    reason: FinishReason | None = None
    if native is not None:
        notes += [f"finish={value['finishReason']}"] if type(value["finishReason"]) is int else []
        del extra["finishReason"]
        reason = finish_reason(native, has_tool_calls=any(isinstance(part, ToolCall) for part in content))
    return Choice(
        index=index,
        content=_cited(content, citations),
        finish_reason=reason,
        native_finish_reason=native,
        logprobs=decode_logprobs(value.get("logprobsResult")),
        extra=extra,
        spelling=tuple(notes),
    )


def _content(extra: JsonObject, notes: list[str], ids: CallIds) -> tuple[Part, ...]:
    content = extra.get("content")
    if content is None:
        notes.append("no-content")
        return ()
    if not isinstance(content, dict):
        raise MalformedReply("a candidate's content must be an object")
    del extra["content"]
    parts = content.get("parts")
    notes.append(f"role={content['role']}" if isinstance(content.get("role"), str) else "no-role")
    if parts is None:
        notes.append("no-parts")
        return ()
    if not isinstance(parts, list):
        raise MalformedReply("a candidate's parts must be an array")
    return tuple(decode_part(part, f"parts[{i}]", ids) for i, part in enumerate(parts))


def _cited(content: tuple[Part, ...], citations: tuple[Citation, ...]) -> tuple[Part, ...]:
    """All citations hang on the last text: their offsets count through the whole answer."""
    if not citations:
        return content
    for position in range(len(content) - 1, -1, -1):
        part = content[position]
        if isinstance(part, Text):
            part = msgspec.structs.replace(part, citations=citations)
            return (*content[:position], part, *content[position + 1 :])
    return content


# --- encoding -----------------------------------------------------------------------------------------------


def encode_reply(reply: Reply) -> JsonObject:
    own = reply.dialect == "gemini"
    notes = reply.spelling if own else ()
    body: JsonObject = {}
    candidates = [_candidate(choice, own) for choice in reply.choices if "prompt blocked" not in choice.spelling]
    if candidates or "no candidates" in notes:
        body["candidates"] = candidates
    if reply.usage is not None:
        body["usageMetadata"] = reply.usage.native if own else encode_usage(reply.usage)
    if "no-modelVersion" not in notes:
        body["modelVersion"] = reply.model
    if "no-responseId" not in notes:
        body["responseId"] = reply.id
    if own:
        body.update(reply.extra)
    elif reply.created is not None:
        body["createTime"] = rfc3339(reply.created)
    return body


def _candidate(choice: Choice, own: bool) -> JsonObject:
    notes = choice.spelling if own else ()
    writer = PartWriter(own=own)
    body: JsonObject = {}
    if "no-content" not in notes:
        content: JsonObject = {}
        if "no-parts" not in notes:
            content["parts"] = [written for part in choice.content for written in writer.write(part)]
        if "no-role" not in notes:
            content["role"] = next((note[5:] for note in notes if note.startswith("role=")), "model")
        body["content"] = content
    if choice.finish_reason is not None:
        number = next((int(note[7:]) for note in notes if note.startswith("finish=")), None)
        native = choice.native_finish_reason if own else None
        body["finishReason"] = (
            number if number is not None else native or finish_reason_word(choice.finish_reason, native)
        )
    if "no-index" not in notes:
        body["index"] = choice.index
    if own:
        body.update(choice.extra)
        return body
    if choice.logprobs is not None:
        body["logprobsResult"] = encode_logprobs(choice.logprobs)
    grounding = encode_citations(
        [(part.text, citation) for part in choice.content if isinstance(part, Text) for citation in part.citations]
    )
    if grounding is not None:
        body["groundingMetadata"] = grounding
    return body
