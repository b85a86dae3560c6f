"""Ollama's plain /api/chat answers, both ways."""

from openclaw.calls import (
    Choice,
    FinishReason,
    Image,
    JsonObject,
    Part,
    Reasoning,
    Refusal,
    Reply,
    Text,
    ToolCall,
    Usage,
)
from openclaw.dialects.call_ids import CallIds
from openclaw.dialects.codec import InvalidRequest, MalformedReply
from openclaw.dialects.ollama.message import MessageWriter
from openclaw.dialects.ollama.request import decode_tool_call
from openclaw.dialects.times import rfc3339, unix_seconds

# `load` and `unload` answer a request without messages, which only moves the model in or out of memory.
FINISH_REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length", "load": "stop", "unload": "stop"}
_COUNTS = ("prompt_eval_count", "eval_count")

# Ollama's clients want a time in every line, and an answer of another dialect may have none.
NO_TIME = "1970-01-01T00:00:00Z"


def finish_reason(word: str | None, *, has_tool_calls: bool) -> FinishReason:
    """Older versions give no reason with `done`; all stop with `stop` also to have a tool called."""
    reason = "stop" if word is None else FINISH_REASONS.get(word, "unknown")
    return "tool_calls" if reason == "stop" and has_tool_calls else reason


def done_reason(reason: FinishReason | None, native: str | None) -> str:
    if native in FINISH_REASONS:
        return native
    return "length" if reason in ("length", "context_length") else "stop"


def decode_usage(body: JsonObject) -> Usage | None:
    """A prompt that was in the cache whole may have no count: then it is unknown."""
    native = {key: body[key] for key in _COUNTS if type(body.get(key)) is int}
    if not native:
        return None
    return Usage(input_tokens=native.get("prompt_eval_count"), output_tokens=native.get("eval_count"), native=native)


def encode_usage(usage: Usage) -> JsonObject:
    counts = zip(_COUNTS, (usage.input_tokens, usage.output_tokens), strict=True)
    return {key: count for key, count in counts if count is not None}


def call_ids(body: JsonObject) -> CallIds:
    """Older versions of Ollama give calls no ids: theirs are made of the time, which it writes to the nanosecond."""
    return CallIds(f"ollama/{body.get('model')}/{body.get('created_at')}")


# --- plain --------------------------------------------------------------------------------------------------


def decode_reply(body: JsonObject) -> Reply:
    """Raises `MalformedReply`."""
    message = body.get("message")
    if not isinstance(message, dict):
        raise MalformedReply("the answer has no message")
    model = body.get("model")
    extra = {key: value for key, value in body.items() if key not in ("message", *_COUNTS)}
    if isinstance(model, str):
        del extra["model"]
    usage = decode_usage(body)
    for key in _COUNTS:
        if key in body and (usage is None or key not in usage.native):
            extra[key] = body[key]
    return Reply(
        dialect="ollama",
        id="",  # Ollama gives none
        model=model if isinstance(model, str) else "",
        choices=(_choice(body, message, call_ids(body), extra),),
        usage=usage,
        created=unix_seconds(body.get("created_at")),
        extra=extra,
        spelling=() if isinstance(model, str) else ("no-model",),
    )


def _choice(body: JsonObject, message: JsonObject, ids: CallIds, extra: JsonObject) -> Choice:
    content, notes, rest = _content(message, ids)
    finish: FinishReason | None = None
    word = None
    if body.get("done") is True:
        del extra["done"]
        word = body.get("done_reason")
        word = extra.pop("done_reason") if isinstance(word, str) else None
        finish = finish_reason(word, has_tool_calls=any(isinstance(part, ToolCall) for part in content))
    logprobs = None
    if isinstance(body.get("logprobs"), list):
        logprobs = {"content": extra.pop("logprobs")}
    return Choice(
        index=0,
        content=content,
        finish_reason=finish,
        native_finish_reason=word,
        logprobs=logprobs,
        extra=rest,
        spelling=notes,
    )


def _content(message: JsonObject, ids: CallIds) -> tuple[tuple[Part, ...], tuple[str, ...], JsonObject]:
    rest = dict(message)
    notes: list[str] = []
    parts: list[Part] = []
    thinking, text, calls = message.get("thinking"), message.get("content"), message.get("tool_calls")
    if isinstance(thinking, str):
        del rest["thinking"]
        parts.append(Reasoning(text=thinking, dialect="ollama"))
    if isinstance(text, str):
        del rest["content"]
        if text:
            parts.append(Text(text))
        else:
            notes.append("empty-content")
    else:
        notes.append("no-content")
    if isinstance(calls, list):
        del rest["tool_calls"]
        notes.append("tool_calls")
        try:
            parts += [decode_tool_call(call, f"tool_calls[{i}]", ids) for i, call in enumerate(calls)]
        except InvalidRequest as error:
            raise MalformedReply(error.message) from error
    if rest.pop("role", None) != "assistant":
        raise MalformedReply("the answer's message is not the assistant's")
    return tuple(parts), tuple(notes), rest


def encode_reply(reply: Reply) -> JsonObject:
    own = reply.dialect == "ollama"
    body: JsonObject = {} if own and "no-model" in reply.spelling else {"model": reply.model}
    if not own:
        body["created_at"] = NO_TIME if reply.created is None else rfc3339(reply.created)
    choice = reply.choices[0] if reply.choices else Choice(0, (), "unknown")
    body["message"] = _encode_message(choice, own)
    if choice.finish_reason is not None:
        body["done"] = True
        if not own:
            body["done_reason"] = done_reason(choice.finish_reason, None)
        elif choice.native_finish_reason is not None:
            body["done_reason"] = choice.native_finish_reason
    if choice.logprobs is not None:
        body["logprobs"] = choice.logprobs.get("content") or []
    if reply.usage is not None:
        body.update(encode_usage(reply.usage))
    if own:
        body.update(reply.extra)
    return body


def _encode_message(choice: Choice, own: bool) -> JsonObject:
    notes = choice.spelling if own else ()
    writer = MessageWriter(own=own)
    texts = [part.text for part in choice.content if isinstance(part, Text | Refusal)]
    thoughts = [part.text for part in choice.content if isinstance(part, Reasoning)]
    calls = [writer.tool_call(part) for part in choice.content if isinstance(part, ToolCall)]
    images = [p.source.data for p in choice.content if isinstance(p, Image) and p.source.data is not None]
    body: JsonObject = {"role": "assistant"}
    if "no-content" not in notes:
        body["content"] = "".join(texts)
    if thoughts and (own or any(thoughts)):
        body["thinking"] = "".join(thoughts)
    if images:
        body["images"] = images
    if calls or "tool_calls" in notes:
        body["tool_calls"] = calls
    if own:
        body.update(choice.extra)
    return body
