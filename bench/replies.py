"""What the upstream says in each dialect: the documents of a plain answer and of a stream.

Messages, Responses and Gemini have the fields that the vendors' servers sent in recorded traffic of 2026, in the same
order and spacing; chat is what a local model server sends, which is less. The words are ours.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.cases import Dialect

Document = dict[str, Any]

ID = "b3" * 25
"""Stands in a document for what differs from answer to answer, in the length of OpenAI's. A gateway that keeps
responses would else keep one again and again."""

_TEXT = "The quick brown fox jumps over the lazy dog. " * 16
_TOKEN = " token"


@dataclass(frozen=True)
class Event:
    """One server-sent event; `name` is its `event:` line, None where the dialect has none. `[DONE]` is a text."""

    document: Document | str
    name: str | None = None


@dataclass(frozen=True)
class Stream:
    """What comes before the text, a piece of the text that is sent again and again, and what comes after it."""

    first: tuple[Event, ...]
    middle: Event
    last: tuple[Event, ...]


# --- chat

_CHAT_USAGE = {"prompt_tokens": 220, "completion_tokens": 160, "total_tokens": 380}
_CHAT: Document = {
    "id": "chatcmpl-bench",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "bench",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": _TEXT, "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": _CHAT_USAGE,
}
_CHAT_CHUNK = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1700000000, "model": "bench"}


def _chat_chunk(delta: Document, finish: str | None = None) -> Event:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return Event({**_CHAT_CHUNK, "choices": [choice]})


def _chat_stream(chunks: int) -> Stream:
    return Stream(
        first=(_chat_chunk({"role": "assistant", "content": ""}),),
        middle=_chat_chunk({"content": _TOKEN}),
        last=(
            _chat_chunk({}, "stop"),
            Event({**_CHAT_CHUNK, "choices": [], "usage": _CHAT_USAGE}),
            Event("[DONE]"),
        ),
    )


# --- Anthropic Messages

_MESSAGES_USAGE = {
    "input_tokens": 220,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 160,
    "service_tier": "standard",
    "inference_geo": "global",
}
_MESSAGE: Document = {
    "model": "bench",
    "id": "msg_bench",
    "type": "message",
    "role": "assistant",
    "content": [{"type": "text", "text": _TEXT}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "stop_details": None,
    "usage": _MESSAGES_USAGE,
}


def _messages_stream(chunks: int) -> Stream:
    begun = {**_MESSAGE, "content": [], "stop_reason": None, "usage": {**_MESSAGES_USAGE, "output_tokens": 1}}
    ended = {"stop_reason": "end_turn", "stop_sequence": None, "stop_details": None}
    used = {key: _MESSAGES_USAGE[key] for key in ("input_tokens", "cache_creation_input_tokens",
                                                  "cache_read_input_tokens", "output_tokens")}  # fmt: skip
    return Stream(
        first=(
            _typed("message_start", message=begun),
            _typed("content_block_start", index=0, content_block={"type": "text", "text": ""}),
            _typed("ping"),
        ),
        middle=_typed("content_block_delta", index=0, delta={"type": "text_delta", "text": _TOKEN}),
        last=(
            _typed("content_block_stop", index=0),
            _typed("message_delta", delta=ended, usage=used),
            _typed("message_stop"),
        ),
    )


def _typed(kind: str, **fields: Any) -> Event:
    """Anthropic and OpenAI's Responses say the type twice: on the `event:` line and in the document."""
    return Event({"type": kind, **fields}, kind)


# --- OpenAI Responses


def _output(text: str) -> list[Document]:
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    return [{"id": f"msg_{ID}", "type": "message", "status": "completed", "content": [part], "role": "assistant"}]


def _response(status: str, output: list[Document]) -> Document:
    done = status == "completed"
    usage = {
        "input_tokens": 220,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 160,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 380,
    }
    return {
        "id": f"resp_{ID}",
        "object": "response",
        "created_at": 1700000000,
        "status": status,
        "background": False,
        "completed_at": 1700000001 if done else None,
        "error": None,
        "frequency_penalty": 0.0,
        "incomplete_details": None,
        "instructions": "You are helpful.",
        "max_output_tokens": None,
        "max_tool_calls": None,
        "model": "bench",
        "output": output,
        "parallel_tool_calls": True,
        "presence_penalty": 0.0,
        "previous_response_id": None,
        "prompt_cache_key": None,
        "prompt_cache_retention": None,
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": "default" if done else "auto",
        "store": True,
        "temperature": 0.7,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": usage if done else None,
        "user": None,
        "metadata": {},
    }


def _responses_stream(chunks: int) -> Stream:
    """The end repeats the whole text four times, as OpenAI does. Every piece has the sequence number of the first."""
    begun, text = _response("in_progress", []), _TOKEN * chunks
    (item,) = output = _output(text)
    (part,) = item["content"]
    place = {"content_index": 0, "item_id": f"msg_{ID}", "output_index": 0}
    after = 4 + chunks
    return Stream(
        first=(
            _typed("response.created", response=begun, sequence_number=0),
            _typed("response.in_progress", response=begun, sequence_number=1),
            _typed("response.output_item.added", item={**item, "status": "in_progress", "content": []},
                   output_index=0, sequence_number=2),
            _typed("response.content_part.added", **place, part={**part, "text": ""}, sequence_number=3),
        ),
        middle=_typed("response.output_text.delta", content_index=0, delta=_TOKEN, item_id=f"msg_{ID}", logprobs=[],
                      obfuscation="N6d9xLeOHl", output_index=0, sequence_number=4),
        last=(
            _typed("response.output_text.done", **place, logprobs=[], sequence_number=after, text=text),
            _typed("response.content_part.done", **place, part=part, sequence_number=after + 1),
            _typed("response.output_item.done", item=item, output_index=0, sequence_number=after + 2),
            _typed("response.completed", response=_response("completed", output), sequence_number=after + 3),
        ),
    )  # fmt: skip


# --- Gemini generateContent


def _gemini(text: str, output_tokens: int | None, finish: str | None) -> Document:
    candidate: Document = {"content": {"parts": [{"text": text}], "role": "model"}}
    usage: Document = {"promptTokenCount": 220}
    if finish is not None:
        candidate["finishReason"] = finish
    if output_tokens is not None:
        usage["candidatesTokenCount"] = output_tokens
    usage["totalTokenCount"] = 220 + (output_tokens or 0)
    usage["promptTokensDetails"] = [{"modality": "TEXT", "tokenCount": 220}]
    return {
        "candidates": [{**candidate, "index": 0}],
        "usageMetadata": usage,
        "modelVersion": "bench",
        "responseId": "w1peaMz6INOvnvgPgYfPiQY",
    }


def _gemini_stream(chunks: int) -> Stream:
    """Google has no event before the text: each is a whole answer of one piece, and the last says why it ended."""
    piece = Event(_gemini(_TOKEN, None, None))
    return Stream(first=(), middle=piece, last=(Event(_gemini("", 160, "STOP")),))


PLAIN: Mapping[Dialect, Document] = {
    "chat": _CHAT,
    "messages": _MESSAGE,
    "responses": _response("completed", _output(_TEXT)),
    "gemini": _gemini(_TEXT, 160, "STOP"),
}
STREAMS: Mapping[Dialect, Callable[[int], Stream]] = {
    "chat": _chat_stream,
    "messages": _messages_stream,
    "responses": _responses_stream,
    "gemini": _gemini_stream,
}
"""By the number of pieces: the end of a Responses stream has them all once more."""
