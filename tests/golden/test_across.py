"""Recorded requests and answers, said in every other dialect: the meaning stays, and what does not stay is named."""

import base64
import contextlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, get_args

import msgspec
import pytest

from openclaw.calls import (
    Call,
    Document,
    FunctionTool,
    Message,
    Opaque,
    Part,
    Refusal,
    Reply,
    StreamFailed,
    Text,
    ToolCall,
    ToolResult,
)
from openclaw.dialects.chat import Chat
from openclaw.dialects.codec import Codec, InvalidRequest
from openclaw.dialects.converse import Converse
from openclaw.dialects.fields import given
from openclaw.dialects.gemini import Gemini
from openclaw.dialects.jsontext import encode, parse
from openclaw.dialects.losses import Name
from openclaw.dialects.messages import Messages
from openclaw.dialects.ollama import Ollama
from openclaw.dialects.responses import Responses
from openclaw.streams import collect
from tests.golden.suite import parsed, stream_events
from tests.golden.wire import Exchange, exchanges, files_with, needs_recordings

pytestmark = needs_recordings

CODECS: dict[str, Codec] = {
    codec.name: codec for codec in (Chat(), Responses(), Messages(), Gemini(), Converse(), Ollama())
}
APIS = {
    "chat": "chat_completions",
    "responses": "responses",
    "messages": "messages",
    "gemini": "generate_content",
    "converse": "converse",
    "ollama": "ollama_chat",
}
MODEL_IN_PATH = {"gemini", "converse"}
PAIRS = [(source, target) for source in CODECS for target in CODECS if source != target]


def recorded(dialect: str) -> Iterator[Exchange]:
    return (e for file in files_with(APIS[dialect]) for e in exchanges(file) if e.status < 400)


def decoded(dialect: str, exchange: Exchange) -> Call | None:
    if not isinstance(exchange.request_body, dict):
        return None
    in_path = (exchange.model or "m") if dialect in MODEL_IN_PATH or not exchange.request_body.get("model") else None
    return CODECS[dialect].decode_request(exchange.request_body, model=in_path)


# --- what a request means -------------------------------------------------------------------------------------


def _parts(content: Any) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Text(content),) if content else ()
    return content or ()


def _said(messages: tuple[Message, ...], roles: set[str]) -> str:
    return _squeezed("".join(_texts([part for m in messages if m.role in roles for part in _parts(m.content)])))


class _Pieces(list[str]):
    """Texts of a call, each squeezed. `a <= b`: every one of a's can be read somewhere in b."""

    def __le__(self, other: list[str]) -> bool:
        everything = "".join(other)
        return all(piece in everything for piece in self)


def _user_texts(call: Call) -> _Pieces:
    """What the user said and the plain-text documents they gave."""
    parts = [part for m in call.messages if m.role in ("user", "tool") for part in _parts(m.content)]
    return _Pieces(_squeezed(text) for text in _texts(parts))


def _texts(parts: Iterable[Part]) -> Iterator[str]:
    """Readable text, that of plain-text documents included: dialects without such documents say it as text or carry
    it in base64."""
    for part in parts:
        if isinstance(part, Text | Refusal):
            yield part.text
        elif isinstance(part, Document) and part.source.text is not None:
            yield part.source.text
        elif isinstance(part, Document) and part.source.media_type == "text/plain" and part.source.data:
            yield base64.b64decode(part.source.data).decode("utf-8", "replace")


def _squeezed(text: str) -> str:
    """Text without white space: dialects with one string for many parts put a line break between them."""
    return "".join(text.split())


def _result_text(result: ToolResult) -> str:
    return "".join(_texts(_parts(result.content)))


def _all_parts(call: Call) -> list[Part]:
    return [part for message in call.messages for part in _parts(message.content)]


def meaning(call: Call) -> dict[str, Any]:
    """What a model is told, in words that no dialect owns. Keys are the names that `degraded` uses."""
    parts = _all_parts(call)
    system = "".join(part.text for part in _parts(call.instructions) if isinstance(part, Text))
    tools, choice = _tools_and_choice(call)
    return {
        "instructions": _squeezed(system) + _said(call.messages, {"system", "developer"}),
        "user": _said(call.messages, {"user"}),
        "assistant": _said(call.messages, {"assistant"}),
        "tool_calls": [(p.name, parsed(p.arguments)) for p in parts if isinstance(p, ToolCall)],
        "tool_result": [_normal(_result_text(p)) for p in parts if isinstance(p, ToolResult)],
        "tools": tools,
        "tool_choice": choice,
        "output_format": call.output_format.kind if call.output_format and call.output_format.kind != "text" else None,
        "max_output_tokens": _given(call.max_output_tokens),
        "temperature": _given(call.temperature),
        "top_p": _given(call.top_p),
        "stop": list(call.stop) if isinstance(call.stop, tuple) else None,
        "stream": call.stream is True,
    }


def _given(value: Any) -> Any:
    return value if given(value) else None


def _tools_and_choice(call: Call) -> tuple[list[str], Any]:
    """Which functions the model may call, and whether it must. Not allowing any is not offering any."""
    names = sorted(tool.name for tool in call.tools if isinstance(tool, FunctionTool))
    choice = call.tool_choice
    if choice is None or choice.mode == "auto" or not names:
        return names, None
    match choice.mode:
        case "none":
            return [], None
        case "allowed":
            return sorted(choice.names), "required" if choice.required else None
        case "named":
            return names, choice.name
        case _:
            return names, choice.mode


def _normal(text: str) -> Any:
    """A tool's result as a value: some dialects carry text, some an object around it."""
    value = parsed(_squeezed(text))
    if isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    return value if value != {} else ""


# What a degraded entry is called where a part of the meaning changed.
NAMES: dict[str, tuple[str, ...]] = {
    "instructions": ("instructions", "messages", "content"),
    "user": ("content", "messages", "instructions"),
    "assistant": ("content", "messages"),
    "tool_calls": ("tool_call", "tools", "content"),
    "tool_result": ("tool_result", "content"),
    "tools": ("tools", "tool_choice"),
    "tool_choice": ("tool_choice",),
    "output_format": ("output_format",),
}


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_request_keeps_its_meaning_or_says_what_it_lost(source: str, target: str) -> None:
    codec = CODECS[target]
    silent: list[str] = []
    checked = 0
    for exchange in recorded(source):
        call = decoded(source, exchange)
        if call is None:
            continue
        try:
            encoded = codec.encode_request(call)
        except InvalidRequest:
            continue  # refused aloud
        body = parse(encode(encoded.body))
        in_path = target in MODEL_IN_PATH
        again = codec.decode_request(
            body, model=call.model if in_path else None, stream=call.stream is True if in_path else None
        )
        before, after = meaning(call), meaning(again)
        for key, value in before.items():
            if after[key] == value or (key == "user" and _user_texts(call) <= _user_texts(again)):
                continue
            names = NAMES.get(key, (key,))
            if not any(lost.startswith(names) for lost in encoded.degraded):
                silent.append(f"{exchange.id} {key}: {value!r:.150} became {after[key]!r:.150}; {encoded.degraded}")
        checked += 1
    assert not silent, f"{len(silent)} of {checked}:\n" + "\n".join(silent[:12])
    assert checked


# --- in which words ---------------------------------------------------------------------------------------------

# `tools[NAME]`, `content[KIND]`: see openclaw.dialects.losses.
_BRACKETS = re.compile(r"(content|instructions)\[[^\]]+\]|tools\[.+\](\.strict)?")


def is_in_the_vocabulary(lost: str) -> bool:
    name, _, why = lost.partition(": ")
    if "," in why:
        return False
    return name in get_args(Name) or name.startswith("extra.") or _BRACKETS.fullmatch(name) is not None


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_what_is_lost_is_said_in_the_words_of_one_vocabulary(source: str, target: str) -> None:
    names: Counter[str] = Counter()
    for exchange in recorded(source):
        call = decoded(source, exchange)
        if call is None:
            continue
        with contextlib.suppress(InvalidRequest):
            names.update(CODECS[target].encode_request(call).degraded)
    assert [name for name in names if not is_in_the_vocabulary(name)] == []


# --- what an answer says --------------------------------------------------------------------------------------


def saying(reply: Reply) -> dict[str, Any]:
    content = reply.choices[0].content if reply.choices else ()
    usage = reply.usage
    return {
        "text": "".join(part.text for part in content if isinstance(part, Text | Refusal)),
        "tool_calls": [(part.name, _arguments(part)) for part in content if isinstance(part, ToolCall)],
        "input_tokens": usage.input_tokens if usage else None,
        "output_tokens": usage.output_tokens if usage else None,
    }


def _arguments(call: ToolCall) -> Any:
    """A custom tool's text is `{"input": text}` where the dialect has functions only; arguments that are not JSON are
    wrapped where the dialect has objects only."""
    value = parsed(call.arguments)
    if isinstance(value, dict) and value.keys() == {"INVALID_JSON"}:
        return value["INVALID_JSON"]
    return value["input"] if isinstance(value, dict) and value.keys() == {"input"} else value


def replies(dialect: str) -> Iterator[tuple[str, Reply]]:
    for exchange in recorded(dialect):
        if exchange.stream or not (exchange.response_body_text or "").lstrip().startswith("{"):
            continue
        try:
            body = msgspec.json.decode(exchange.response_bytes)
            yield exchange.id, CODECS[dialect].decode_reply(body)
        except Exception:  # noqa: BLE001, S112 - the dialect's own golden tests name the exceptions
            continue


ANSWERABLE: Callable[[Reply], bool] = lambda reply: (  # noqa: E731
    bool(reply.choices) and not any(isinstance(part, Opaque) for part in reply.choices[0].content)
)


def _same(before: dict[str, Any], after: dict[str, Any], door: str) -> bool:
    """A count that the provider did not give is null at the chat door; elsewhere the schema demands a number."""
    unknown = {key for key, value in before.items() if value is None and door != "chat"}
    return all(after[key] == value for key, value in before.items() if key not in unknown)


@pytest.mark.parametrize(("source", "door"), PAIRS)
def test_an_answer_says_the_same_at_every_door(source: str, door: str) -> None:
    codec = CODECS[door]
    wrong: list[str] = []
    checked: Counter[str] = Counter()
    call = Call(dialect=codec.name, model="m", messages=(), include_usage=True)
    for identity, reply in replies(source):
        if not ANSWERABLE(reply):
            continue
        again = codec.decode_reply(parse(encode(codec.encode_reply(reply, call))))
        before, after = saying(reply), saying(again)
        if not _same(before, after, door):
            wrong.append(f"{identity}: {before!r:.300} became {after!r:.300}")
        checked[source] += 1
    assert not wrong, f"{len(wrong)} of {checked}:\n" + "\n".join(wrong[:12])
    assert checked


@pytest.mark.parametrize(("source", "door"), PAIRS)
def test_a_stream_says_the_same_at_every_door(source: str, door: str) -> None:
    codec = CODECS[door]
    wrong: list[str] = []
    checked = 0
    for exchange in recorded(source):
        if not exchange.stream:
            continue
        events = stream_events(CODECS[source], exchange.response_bytes)
        if not events or any(isinstance(event, StreamFailed) for event in events):
            continue
        reply = collect(events, CODECS[source].name)
        if not ANSWERABLE(reply) or len(reply.choices) > 1:
            continue
        encoder = codec.stream_encoder(Call(dialect=codec.name, model="m", messages=(), include_usage=True))
        data = b"".join(encoder.encode(event) for event in events)
        again = collect(stream_events(codec, data), codec.name)
        before, after = saying(reply), saying(again)
        if not _same(before, after, door):
            wrong.append(f"{exchange.id}: {before!r:.300} became {after!r:.300}")
        checked += 1
    assert not wrong, f"{len(wrong)} of {checked}:\n" + "\n".join(wrong[:12])
    assert checked
