"""Chat Completions answers: the document to a `Reply` and back."""

from typing import Any

from msgspec import UNSET

from openclaw.calls import Choice, FinishReason, JsonObject, Part, Reply, Text, Usage
from openclaw.dialects.chat.content import AssistantMessage, decode_assistant
from openclaw.dialects.codec import InvalidRequest, MalformedReply
from openclaw.dialects.fields import Fields
from openclaw.dialects.losses import Losses

_FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",  # Together
    "end_turn": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",  # Mistral
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "error": "error",
}

_NATIVE: dict[FinishReason, str] = {
    "stop": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "pause": "stop",
    "context_length": "length",
    "error": "error",
    "unknown": "stop",
}


def finish_reason(native: str | None) -> FinishReason | None:
    return None if native is None else _FINISH_REASONS.get(native, "unknown")


def native_finish_reason(reason: FinishReason) -> str:
    """OpenAI's word. Where it has none, the nearest; the provider's own word goes beside it."""
    return _NATIVE[reason]


# --- decoding ------------------------------------------------------------------------------------------------


def decode(body: JsonObject) -> Reply:
    """Raises `MalformedReply`."""
    try:
        return _decode(body)
    except InvalidRequest as error:
        raise MalformedReply(error.message) from error


def _decode(body: JsonObject) -> Reply:
    fields = Fields(body)
    identity, model = fields.text("id"), fields.text("model")
    created = fields.peek("created")
    if type(created) is int:
        fields.take("created")
    tier = fields.text("service_tier") if fields.peek("service_tier") is not None else None
    usage = fields.take("usage") if isinstance(fields.peek("usage"), dict) else None
    choices = fields.required_array("choices")
    return Reply(
        dialect="chat",
        id=identity if isinstance(identity, str) else "",
        model=model if isinstance(model, str) else "",
        created=created if type(created) is int else None,
        service_tier=tier if isinstance(tier, str) else None,
        choices=tuple(_decode_choice(choice, f"choices[{i}]", i) for i, choice in enumerate(choices)),
        usage=decode_usage(usage) if usage is not None else None,
        extra=fields.rest(),
        spelling=() if "object" in body else ("no object",),
    )


def _decode_choice(value: object, path: str, position: int) -> Choice:
    fields = Fields(value, path)
    index = fields.peek("index")
    if type(index) is int:
        fields.take("index")
    message = Fields(fields.take("message"), fields.at("message"))
    message.take("role")
    content, spelling = decode_assistant(message)
    native = fields.text("finish_reason")
    logprobs = fields.take("logprobs") if isinstance(fields.peek("logprobs"), dict) else None
    extra = fields.rest()
    if rest := message.rest():
        extra["message"] = rest
    if isinstance(content, str):
        spelling = ("content:string",)
    return Choice(
        index=index if type(index) is int else position,
        content=_as_parts(content),
        finish_reason=finish_reason(native if isinstance(native, str) else None),
        native_finish_reason=native if isinstance(native, str) else None,
        logprobs=logprobs,
        extra=extra,
        spelling=(*spelling, "no finish_reason") if native is UNSET else spelling,
    )


def _as_parts(content: str | tuple[Part, ...] | None) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Text(content),)
    return content or ()


def decode_usage(native: JsonObject) -> Usage:
    """Reads OpenAI's buckets and the places where compatible providers put the same figures, so that they add up."""
    prompt_details = _object(native, "prompt_tokens_details")
    completion_details = _object(native, "completion_tokens_details")
    prompt, completion, total = (_count(native, f"{key}_tokens") for key in ("prompt", "completion", "total"))
    reasoning = _first(_count(completion_details, "reasoning_tokens"), _count(native, "reasoning_tokens"))
    if reasoning and prompt is not None and completion is not None and total == prompt + completion + reasoning:
        completion += reasoning  # xAI counts thoughts beside the completion, everybody else inside it
    audio = _count(prompt_details, "audio_tokens")
    if audio and prompt is not None and completion is not None and total == prompt + audio + completion:
        prompt += audio  # Mistral counts sound beside the prompt
    cached = _first(
        _count(prompt_details, "cached_tokens"),
        _count(native, "prompt_cache_hit_tokens"),  # DeepSeek
        _count(native, "cached_tokens"),  # Moonshot
        _count(native, "num_cached_tokens"),  # Mistral
    )
    if cached is not None and prompt is not None and cached > prompt:
        cached = None  # Grok on Azure reports more cached tokens than it had input: a part larger than its whole
    written = _count(prompt_details, "cache_write_tokens")  # OpenRouter
    if written and prompt is not None and written + (cached or 0) > prompt:
        written = None  # seen there once with both equal to nearly the whole prompt: they cannot both be true
    return Usage(
        input_tokens=prompt,
        output_tokens=completion,
        cache_read_input_tokens=cached,
        cache_write_input_tokens=written,
        reasoning_output_tokens=reasoning,
        input_audio_tokens=audio,
        output_audio_tokens=_count(completion_details, "audio_tokens"),
        total_tokens=total,
        native=native,
    )


def _object(body: JsonObject, key: str) -> JsonObject:
    value = body.get(key)
    return value if isinstance(value, dict) else {}


def _count(body: JsonObject, key: str) -> int | None:
    value = body.get(key)
    return value if type(value) is int and value >= 0 else None


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)


# --- encoding ------------------------------------------------------------------------------------------------


def encode(reply: Reply) -> JsonObject:
    same = reply.dialect == "chat"
    body: JsonObject = {
        "id": reply.id if same else completion_id(reply.id),
        "object": "chat.completion",
        "created": reply.created,
        "model": reply.model,
        "choices": [_encode_choice(choice, same=same) for choice in reply.choices],
    }
    if reply.usage is not None:
        body["usage"] = encode_usage(reply.usage, same=same)
    if reply.service_tier is not None:
        body["service_tier"] = reply.service_tier
    if "no object" in reply.spelling:
        del body["object"]
    return {**body, **reply.extra} if same else body


def completion_id(identity: str) -> str:
    """OpenAI's clients expect the prefix; the provider's own id follows it."""
    return identity if identity.startswith("chatcmpl-") else f"chatcmpl-{identity}"


def _encode_choice(choice: Choice, *, same: bool) -> JsonObject:
    writer = AssistantMessage(Losses(), same=same, spelling=choice.spelling)
    message = writer.write(choice.content)
    native = choice.native_finish_reason
    body: JsonObject = {"index": choice.index, "message": message, "logprobs": choice.logprobs}
    if same:
        extra = dict(choice.extra)
        message.update(extra.pop("message", {}))
        if "no finish_reason" not in choice.spelling:
            body["finish_reason"] = native
        if choice.logprobs is None:
            del body["logprobs"]
        return {**body, **extra}
    message.setdefault("refusal", None)
    body["finish_reason"] = native_finish_reason(choice.finish_reason or "unknown")
    body["native_finish_reason"] = native
    return body


def encode_usage(usage: Usage, *, same: bool) -> JsonObject:
    """OpenAI's usage object. A total the provider did not report is null and a part is left out: never 0."""
    if same:
        return usage.native
    prompt, completion = usage.input_tokens, usage.output_tokens
    total = usage.total_tokens if prompt is None or completion is None else prompt + completion
    body: JsonObject = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}
    prompt_details: dict[str, Any] = {
        "cached_tokens": usage.cache_read_input_tokens,
        "cache_write_tokens": usage.cache_write_input_tokens,
        "audio_tokens": usage.input_audio_tokens,
    }
    completion_details: dict[str, Any] = {
        "reasoning_tokens": usage.reasoning_output_tokens,
        "audio_tokens": usage.output_audio_tokens,
    }
    for key, details in (("prompt_tokens_details", prompt_details), ("completion_tokens_details", completion_details)):
        known = {name: count for name, count in details.items() if count is not None}
        if known:
            body[key] = known
    return body
