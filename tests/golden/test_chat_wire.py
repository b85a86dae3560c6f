"""Recorded Chat Completions traffic of every provider keeps the four laws."""

from typing import Any

import msgspec

from openclaw.dialects.chat import Chat, ChatRelay
from tests.golden import suite
from tests.golden.suite import Facts, Recordings, parsed
from tests.golden.wire import Exchange, exchanges, files_with, needs_recordings

pytestmark = needs_recordings

_AZURE_PATH = "Azure names the model in the path and the recorded body has 'model': null; its door gives the model"

EXCEPTIONS: dict[tuple[str, str], str] = {
    ("request", "e52876cade6ab6b7"): _AZURE_PATH,
    ("reply", "e52876cade6ab6b7"): _AZURE_PATH,
    ("stream", "2082a38dd9b58c3f"): "the provider reports an error in the stream (token limit at Minimax)",
    ("relay", "2082a38dd9b58c3f"): "the provider reports an error in the stream (token limit at Minimax)",
}


def _all() -> tuple[Exchange, ...]:
    found = [e for file in files_with("chat_completions") for e in exchanges(file)]
    found += [
        e for file in (*files_with("other"), "other-providers") for e in exchanges(file) if e.api == "chat_completions"
    ]
    return tuple({e.id: e for e in found}.values())


RECORDINGS = Recordings(Chat(), _all(), EXCEPTIONS)


def _message_facts(message: dict[str, Any], finish: Any, usage: Any) -> Facts:
    content = message.get("content")
    reasoning = ""
    if isinstance(content, list):
        reasoning = "".join(t["text"] for p in content if p["type"] == "thinking" for t in p["thinking"])
        content = "".join(p["text"] for p in content if p["type"] == "text")
    details = [d.get("text") or d.get("summary") or "" for d in message.get("reasoning_details") or []]
    if details:
        reasoning = "".join(details)
    else:
        reasoning += message.get("reasoning_content") or message.get("reasoning") or ""
    functions = [call.get("function") or call["custom"] for call in message.get("tool_calls") or []]
    calls = [(f["name"], parsed(f.get("arguments") or f.get("input") or "")) for f in functions]
    if (message.get("function_call") or {}).get("name"):  # Snowflake sends an empty one beside every text
        calls.append((message["function_call"]["name"], parsed(message["function_call"]["arguments"])))
    usage = usage or {}
    return Facts(
        text=content or "",
        reasoning=reasoning,
        tool_calls=tuple(calls),
        native_finish_reason=finish,
        input_tokens=_input_tokens(usage),
        output_tokens=_output_tokens(usage),
    )


def _input_tokens(usage: dict[str, Any]) -> int | None:
    """Mistral's total is prompt + sound + completion: sound is input too."""
    prompt: int | None = usage.get("prompt_tokens")
    audio = (usage.get("prompt_tokens_details") or {}).get("audio_tokens") or 0
    beside = audio and usage.get("total_tokens") == (prompt or 0) + audio + usage["completion_tokens"]
    return (prompt or 0) + audio if beside else prompt


def _output_tokens(usage: dict[str, Any]) -> int | None:
    """xAI's total is prompt + completion + reasoning: its thoughts are output too."""
    completion: int | None = usage.get("completion_tokens")
    reasoning = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
    beside = reasoning and usage.get("total_tokens") == usage["prompt_tokens"] + (completion or 0) + reasoning
    return (completion or 0) + reasoning if beside else completion


def _reply_facts(body: Any) -> Facts:
    choices = body["choices"]
    if not choices:
        return _message_facts({}, None, body.get("usage"))
    return _message_facts(choices[0]["message"], choices[0].get("finish_reason"), body.get("usage"))


def _stream_facts(data: bytes) -> Facts:
    text, reasoning, finish, usage = "", "", None, None
    calls: dict[int, list[str]] = {}
    for line in data.decode().splitlines():
        if not line.startswith("data:") or line[5:].strip() == "[DONE]":
            continue
        chunk = msgspec.json.decode(line[5:].strip())
        usage = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage") or usage
        for choice in chunk.get("choices") or []:
            if choice.get("index", 0) != 0 or finish:
                continue
            delta = choice.get("delta") or {}
            content = delta.get("content") or ""
            if isinstance(content, list):
                reasoning += "".join(t["text"] for p in content if p["type"] == "thinking" for t in p["thinking"])
                content = "".join(p["text"] for p in content if p["type"] == "text")
            text += content
            details = [d.get("text") or d.get("summary") or "" for d in delta.get("reasoning_details") or []]
            reasoning += delta.get("reasoning_content") or delta.get("reasoning") or "".join(details)
            for call in delta.get("tool_calls") or []:
                slot = calls.setdefault(call.get("index", 0), ["", ""])
                slot[0] = slot[0] or call["function"].get("name") or ""
                slot[1] += call["function"].get("arguments") or ""
            finish = choice.get("finish_reason") or finish
    usage = usage or {}
    return Facts(
        text=text,
        reasoning=reasoning,
        tool_calls=tuple((name, parsed(arguments)) for name, arguments in calls.values()),
        native_finish_reason=finish,
        input_tokens=usage.get("prompt_tokens"),
        output_tokens=_output_tokens(usage),
    )


def test_requests_come_back_as_the_same_document() -> None:
    RECORDINGS.check(
        "request", RECORDINGS.requests(), lambda e: suite.request_comes_back_as_the_same_document(RECORDINGS.codec, e)
    )


def test_replies_come_back_as_the_same_document() -> None:
    RECORDINGS.check(
        "reply",
        RECORDINGS.plain_replies(),
        lambda e: suite.reply_comes_back_as_the_same_document(RECORDINGS.codec, e, _reply_facts),
    )


def test_streams_keep_their_facts_however_they_are_cut() -> None:
    def keeps(exchange: Exchange) -> None:
        events = suite.stream_keeps_its_facts(RECORDINGS.codec, exchange, _stream_facts)
        suite.stream_says_the_same_when_written_again(RECORDINGS.codec, events)

    RECORDINGS.check("stream", RECORDINGS.streams(), keeps)


def test_an_error_inside_a_stream_is_classified() -> None:
    RECORDINGS.check(
        "failed", RECORDINGS.failed_streams(), lambda e: suite.failed_stream_is_classified(RECORDINGS.codec, e)
    )


def test_errors_are_classified() -> None:
    RECORDINGS.check("error", RECORDINGS.errors(), lambda e: suite.error_is_classified(RECORDINGS.codec, e))


def test_a_relayed_stream_keeps_its_bytes_and_tells_its_usage() -> None:
    def keeps(exchange: Exchange) -> None:
        data = exchange.response_bytes
        expected = _stream_facts(data)
        for step in (len(data), 100, 7):
            relay = ChatRelay(hide_usage=False)
            out = b"".join(relay.feed(data[i : i + step]) for i in range(0, len(data), step)) + relay.end()
            assert out.rstrip() == data.rstrip()
            assert relay.complete
            assert relay.failure is None
            assert (relay.usage.input_tokens if relay.usage else None) == expected.input_tokens

    RECORDINGS.check("relay", RECORDINGS.streams(), keeps)
