"""The Response object: a `Reply` and back, and the pieces that a stream's encoder shares with it."""

from collections.abc import Iterable
from typing import Any

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
from openclaw.dialects.fields import Fields, as_object, given
from openclaw.dialects.losses import Losses
from openclaw.dialects.responses.controls import encode_format, encode_reasoning, encode_tool, encode_tool_choice
from openclaw.dialects.responses.ids import Ids
from openclaw.dialects.responses.items import ItemsEncoder, decode_model_item
from openclaw.dialects.responses.parts import NAME
from openclaw.dialects.responses.request import SERVICE_TIERS, encode_instructions
from openclaw.dialects.responses.sealing import seal

# --- why it stopped -----------------------------------------------------------------------------------------

_FINISH_REASONS: dict[str, FinishReason | None] = {
    "completed": "stop",
    "max_output_tokens": "length",
    "content_filter": "content_filter",
    "failed": "error",
    "cancelled": "error",
    "queued": None,
    "in_progress": None,
}
"""By a response's status or, when that is `incomplete`, by the reason in its details."""

_INCOMPLETE_REASONS: dict[FinishReason, str] = {
    "length": "max_output_tokens",
    "context_length": "max_output_tokens",
    "content_filter": "content_filter",
    "refusal": "content_filter",
}


def decode_finish(body: JsonObject, *, calls_tools: bool) -> tuple[FinishReason | None, str | None]:
    """The finish reason and the provider's own word for it."""
    status, details = body.get("status"), body.get("incomplete_details")
    if not isinstance(status, str):
        return (None, None) if status is None else ("unknown", None)
    native = status
    if status == "incomplete" and isinstance(details, dict) and isinstance(details.get("reason"), str):
        native = details["reason"]
    reason = _FINISH_REASONS.get(native, "unknown")
    return ("tool_calls" if reason == "stop" and calls_tools else reason), native


def encode_finish(reason: FinishReason, *, refused_in_words: bool) -> tuple[str, JsonObject | None]:
    """`status` and `incomplete_details`. A refusal that has its own content part is a complete answer, as OpenAI
    counts it; one without words was cut off by a filter."""
    if reason == "error":
        return "failed", None
    if reason == "refusal" and refused_in_words:
        return "completed", None
    incomplete = _INCOMPLETE_REASONS.get(reason)
    return ("completed", None) if incomplete is None else ("incomplete", {"reason": incomplete})


# --- usage --------------------------------------------------------------------------------------------------


def decode_usage(native: JsonObject) -> Usage:
    inputs, outputs = _object(native, "input_tokens_details"), _object(native, "output_tokens_details")
    return Usage(
        input_tokens=_count(native, "input_tokens"),
        output_tokens=_count(native, "output_tokens"),
        cache_read_input_tokens=_count(inputs, "cached_tokens"),
        cache_write_input_tokens=_count(inputs, "cache_write_tokens"),
        reasoning_output_tokens=_count(outputs, "reasoning_tokens"),
        total_tokens=_count(native, "total_tokens"),
        native=native,
    )


def encode_usage(usage: Usage) -> JsonObject | None:
    """Null when the provider counted nothing. The schema has no null inside: a bucket not reported is 0 there."""
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    inputs, outputs = usage.input_tokens or 0, usage.output_tokens or 0
    return {
        "input_tokens": inputs,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read_input_tokens or 0,
            "cache_write_tokens": usage.cache_write_input_tokens or 0,
        },
        "output_tokens": outputs,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_output_tokens or 0},
        "total_tokens": inputs + outputs if usage.total_tokens is None else usage.total_tokens,
    }


def _object(body: JsonObject, key: str) -> JsonObject:
    value = body.get(key)
    return value if isinstance(value, dict) else {}


def _count(body: JsonObject, key: str) -> int | None:
    value = body.get(key)
    return value if type(value) is int and value >= 0 else None


# --- decoding -----------------------------------------------------------------------------------------------


def decode(body: JsonObject) -> Reply:
    """Raises `MalformedReply`."""
    try:
        return _decode(body)
    except InvalidRequest as error:
        raise MalformedReply(error.message) from error


def _decode(body: JsonObject) -> Reply:
    fields = Fields(body)
    identity, model = fields.required_text("id"), fields.required_text("model")
    content = decode_output(fields.required_array("output"))
    reason, native = decode_finish(body, calls_tools=any(isinstance(part, ToolCall) for part in content))
    logprobs = [token for part in content if isinstance(part, Text) for token in part.extra.get("logprobs") or ()]
    created, tier, usage = take_head(fields)
    return Reply(
        dialect=NAME,
        id=identity,
        model=model,
        created=created,
        service_tier=tier,
        choices=(
            Choice(
                0,
                content,
                reason,
                native,
                logprobs={"content": logprobs} if logprobs else None,
            ),
        ),
        usage=usage,
        extra=fields.rest(),
    )


def take_head(fields: Fields) -> tuple[int | None, str | None, Usage | None]:
    """Creation time, service tier and usage; each is left in place when it has another type (null, a float)."""
    created = fields.peek("created_at")
    if type(created) is int:
        fields.take("created_at")
    elif type(created) is float and created.is_integer():
        created = int(created)
    else:
        created = None
    tier = fields.take("service_tier") if isinstance(fields.peek("service_tier"), str) else None
    usage = decode_usage(fields.take("usage")) if isinstance(fields.peek("usage"), dict) else None
    return created, tier, usage


def decode_output(items: Iterable[object]) -> tuple[Part, ...]:
    """The parts of a response's output. An item that breaks its own type's shape is kept whole, as `Opaque`."""
    content: list[Part] = []
    for i, item in enumerate(items):
        content += decode_output_item(item, f"output[{i}]")
    return tuple(content)


def decode_output_item(item: object, path: str) -> list[Part]:
    """Raises `InvalidRequest` when the item is not an object with a type."""
    fields = Fields(item, path)
    kind = fields.peek("type")
    if not isinstance(kind, str):
        fields.required_text("type")
    native = as_object(item, path)
    try:
        return decode_model_item(fields, kind, native)
    except InvalidRequest:
        return [Opaque(NAME, native, kind)]


# --- encoding -----------------------------------------------------------------------------------------------


def encode(reply: Reply, call: Call | None) -> JsonObject:
    """A reply of this dialect comes back as the document it was; for others `call` supplies what the API echoes."""
    choice = reply.choices[0] if reply.choices else Choice(0, ())
    if reply.dialect == NAME:
        return _encode_own(reply, choice)
    ids = Ids(reply.id)
    refused = any(isinstance(part, Refusal) for part in choice.content)
    status, details = encode_finish(choice.finish_reason or "unknown", refused_in_words=refused)
    return {
        **shell(ids.response, reply.model, reply.created, reply.service_tier, call),
        "status": status,
        "incomplete_details": details,
        "error": SERVER_ERROR if status == "failed" else None,
        "output": encode_output(choice, ids, status),
        "usage": encode_usage(reply.usage) if reply.usage is not None else None,
    }


SERVER_ERROR = {"code": "server_error", "message": "The provider ended the answer with an error."}


def _encode_own(reply: Reply, choice: Choice) -> JsonObject:
    items = AnswerItems(Ids(reply.id))
    items.turn(choice.content)
    body: JsonObject = {"id": reply.id, "model": reply.model, "output": items.items, **reply.extra, **choice.extra}
    if reply.created is not None:
        body.setdefault("created_at", reply.created)
    if reply.service_tier is not None:
        body["service_tier"] = reply.service_tier
    if reply.usage is not None:
        body["usage"] = reply.usage.native or encode_usage(reply.usage) or {}
    return body


def shell(identity: str, model: str, created: int | None, tier: str | None, call: Call | None) -> JsonObject:
    """A Response object that has not begun: the request's parameters with the API's defaults, nothing answered."""
    body: JsonObject = {
        "id": identity,
        "object": "response",
        "created_at": created or 0,
        "status": "in_progress",
        "background": False,
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "model": model,
        "output": [],
        "usage": None,
        **(_ECHO_DEFAULTS if call is None else _echo(call)),
    }
    if tier in SERVICE_TIERS:  # other vendors have words of their own for it
        body["service_tier"] = tier
    return body


_ECHO_DEFAULTS: JsonObject = {
    "frequency_penalty": 0.0,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "presence_penalty": 0.0,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "service_tier": "default",
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
"""What the API echoes for a request that says nothing; recorded from OpenAI in all of 2025."""

_ECHOED_FIELDS = (
    "frequency_penalty",
    "max_output_tokens",
    "metadata",
    "parallel_tool_calls",
    "presence_penalty",
    "prompt_cache_key",
    "service_tier",
    "store",
    "temperature",
    "top_logprobs",
    "top_p",
    "user",
)
_ECHOED_EXTRA = ("background", "max_tool_calls", "previous_response_id", "safety_identifier", "truncation")


def _echo(call: Call) -> JsonObject:
    own, unheard = call.dialect == NAME, Losses()
    body = dict(_ECHO_DEFAULTS)
    body.update({key: value for key in _ECHOED_FIELDS if given(value := getattr(call, key))})
    if body["service_tier"] == "auto":
        body["service_tier"] = "default"
    if own:
        body.update({key: call.extra[key] for key in _ECHOED_EXTRA if call.extra.get(key) is not None})
    if call.instructions is not None:
        body["instructions"] = encode_instructions(call.instructions, unheard)
    tools = (encode_tool(tool, own=own, losses=unheard) for tool in call.tools)
    body["tools"] = [_echoed_tool(tool) for tool in tools if tool is not None]
    if call.tool_choice is not None:
        body["tool_choice"] = encode_tool_choice(call.tool_choice, call, unheard)
    text = call.extra.get("text") if own else None
    body["text"] = {**_ECHO_DEFAULTS["text"], **(text if isinstance(text, dict) else {})}
    if call.output_format is not None:
        wanted = encode_format(call.output_format, own=own)
        body["text"]["format"] = {**_ECHOED_SCHEMA, **wanted} if wanted["type"] == "json_schema" else wanted
    if call.reasoning is not None:
        reasoning = encode_reasoning(call.reasoning, own=own, losses=unheard)
        body["reasoning"] = {**_ECHO_DEFAULTS["reasoning"], **reasoning}
    return body


_ECHOED_SCHEMA: JsonObject = {"description": None, "strict": False}
_ECHOED_FUNCTION: JsonObject = {"description": None, "parameters": None, "strict": True}
"""The API shows these also when the caller left them out, with its defaults."""


def _echoed_tool(tool: JsonObject) -> JsonObject:
    return {**_ECHOED_FUNCTION, **tool} if tool.get("type") == "function" else tool


def encode_output(choice: Choice, ids: Ids, status: str) -> list[JsonObject]:
    """The items of another dialect's answer: complete, with ids and statuses; text and refusals that follow one
    another share a message."""
    items: list[JsonObject] = []
    content: list[JsonObject] | None = None
    tokens = (choice.logprobs or {}).get("content")
    logprobs = tokens if isinstance(tokens, list) else []
    for part in choice.content:
        if isinstance(part, Text | Refusal):
            if content is None:
                content = []
                items.append(message_item(ids.item("msg", len(items)), content))
            if isinstance(part, Text):
                annotations = (encode_citation(citation, len(part.text)) for citation in part.citations)
                content.append(text_part(part.text, [a for a in annotations if a is not None], logprobs))
                logprobs = []
            else:
                content.append(refusal_part(part.text))
            continue
        item = encode_item(part, ids, len(items))
        if item is not None:
            content = None
            items.append(item)
    if status == "incomplete" and items and items[-1]["type"] == "message":
        items[-1]["status"] = "incomplete"
    return items


def encode_item(part: Part, ids: Ids, position: int) -> JsonObject | None:
    """One item that is not a message, or None for a part that a caller of this dialect cannot be shown."""
    match part:
        case ToolCall():
            return tool_call_item(part, ids.item(call_prefix(part), position), part.arguments, "completed")
        case Reasoning():
            return reasoning_item(ids.item("rs", position), part) if is_shown(part) else None
        case Image() if part.source.data is not None:
            return image_item(ids.item("ig", position), part.source.data)
    return None


def message_item(identity: str, content: list[JsonObject], status: str = "completed") -> JsonObject:
    return {"id": identity, "type": "message", "status": status, "role": "assistant", "content": content}


def text_part(text: str, annotations: list[JsonObject], logprobs: list[Any]) -> JsonObject:
    tokens = [encode_logprob(token) for token in logprobs]
    return {"type": "output_text", "text": text, "annotations": annotations, "logprobs": tokens}


def refusal_part(text: str) -> JsonObject:
    return {"type": "refusal", "refusal": text}


def encode_citation(citation: Citation, text_chars: int) -> JsonObject | None:
    """A citation of another dialect as a `url_citation`, over the whole text where its span is not known; None
    for one without a URL, because OpenAI's other kinds point into its own file stores."""
    if citation.dialect == NAME:
        return citation.native
    if citation.url is None:
        return None
    return {
        "type": "url_citation",
        "url": citation.url,
        "title": citation.title or "",
        "start_index": citation.start_index or 0,
        "end_index": text_chars if citation.end_index is None else citation.end_index,
    }


def encode_logprob(token: Any) -> Any:
    """Responses wants `bytes` and `top_logprobs` where Chat may leave them out or null."""
    if not isinstance(token, dict):
        return token
    alternatives = token.get("top_logprobs") or []
    return {**_with_bytes(token), "top_logprobs": [_with_bytes(other) for other in alternatives]}


def _with_bytes(token: Any) -> Any:
    if not isinstance(token, dict) or token.get("bytes") is not None:
        return token
    return {**token, "bytes": list(str(token.get("token", "")).encode("utf-8", "replace"))}


def call_prefix(call: ToolCall) -> str:
    return "ctc" if call.kind == "custom" else "fc"


def tool_call_item(call: ToolCall, identity: str, arguments: str, status: str) -> JsonObject:
    if call.kind == "custom":
        kind, field = "custom_tool_call", "input"
    else:
        kind, field = "function_call", "arguments"
        # Clients parse the text as JSON; a call without arguments is an empty object to them.
        arguments = arguments or ("{}" if status == "completed" else "")
    item = {"id": identity, "type": kind, "status": status, field: arguments, "call_id": call.id, "name": call.name}
    return item if call.namespace is None else {**item, "namespace": call.namespace}


def is_shown(part: Reasoning) -> bool:
    """Whether a thought is anything to a caller: words, or a state to send back."""
    return bool(part.text) or seal(part) is not None


def reasoning_item(identity: str, part: Reasoning) -> JsonObject:
    """Another provider's thoughts are shown as a summary, which is what clients display."""
    summary = [{"type": "summary_text", "text": part.text}] if part.text else []
    item: JsonObject = {"id": identity, "type": "reasoning", "summary": summary}
    sealed = seal(part)
    return item if sealed is None else {**item, "encrypted_content": sealed}


class AnswerItems(ItemsEncoder):
    """The items of an answer of this dialect, in its own words; `position` is that of the first.

    Behind another gateway of this kind even a provider of this dialect shows the thoughts of one that is not: whoever
    asks may send them back, so they are shown as those of any other, where a request would leave them out.
    """

    def __init__(self, ids: Ids, position: int = 0) -> None:
        super().__init__(NAME, Losses())
        self._ids = ids
        self._position = position

    def _reasoning(self, part: Reasoning) -> JsonObject | None:
        if part.dialect == NAME:
            return super()._reasoning(part)
        return reasoning_item(self._ids.item("rs", self._position + len(self.items)), part)


def image_item(identity: str, data: str) -> JsonObject:
    """A model that answers in images, as OpenAI's image tool shows them."""
    return {"id": identity, "type": "image_generation_call", "status": "completed", "result": data}
