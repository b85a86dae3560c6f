"""Recorded Anthropic Messages traffic (Anthropic's own API, Vertex, Bedrock's InvokeModel) keeps the four laws."""

import gzip
import itertools
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from openclaw.calls import Call, Event, Refusal, Reply, ReplyEnded, ToolCall
from openclaw.dialects.chat import Chat
from openclaw.dialects.codec import Codec
from openclaw.dialects.converse import Converse
from openclaw.dialects.gemini import Gemini
from openclaw.dialects.messages import Messages, bedrock_messages, vertex_messages
from openclaw.dialects.responses import Responses
from openclaw.streams import collect, unfold
from tests.golden import suite
from tests.golden.suite import Facts, Recordings, parsed
from tests.golden.wire import SHARED, Exchange, exchanges, files_with, needs_recordings
from tests.property.test_messages_properties import assert_event_grammar

pytestmark = needs_recordings

EXCEPTIONS: dict[tuple[str, str], str] = {}


def _claude_on_bedrock() -> tuple[Exchange, ...]:
    """InvokeModel carries every vendor's bodies; Anthropic's name their version."""
    return tuple(
        e
        for e in exchanges("bedrock.invoke_model")
        if isinstance(e.request_body, dict) and "messages" in e.request_body and "anthropic_version" in e.request_body
    )


ANTHROPIC = Recordings(Messages(), exchanges("anthropic.messages"), EXCEPTIONS)
VERTEX = Recordings(vertex_messages(), exchanges("vertex.messages"), EXCEPTIONS)
BEDROCK = Recordings(bedrock_messages(), _claude_on_bedrock(), EXCEPTIONS)
everywhere = pytest.mark.parametrize("recordings", [ANTHROPIC, VERTEX, BEDROCK], ids=["anthropic", "vertex", "bedrock"])


def _input_total(usage: dict[str, Any]) -> int | None:
    if usage.get("input_tokens") is None:
        return None
    cached = [usage.get(key) or 0 for key in ("cache_creation_input_tokens", "cache_read_input_tokens")]
    return int(usage["input_tokens"]) + sum(cached)


def _reply_facts(body: Any) -> Facts:
    blocks = body["content"]
    usage = body.get("usage") or {}
    return Facts(
        text="".join(b["text"] for b in blocks if b["type"] == "text"),
        reasoning="".join(b["thinking"] for b in blocks if b["type"] == "thinking"),
        tool_calls=tuple((b["name"], b["input"]) for b in blocks if b["type"] == "tool_use"),
        native_finish_reason=body["stop_reason"],
        input_tokens=_input_total(usage),
        output_tokens=usage.get("output_tokens"),
    )


def _answers(exchange: Exchange) -> Iterator[Exchange]:
    """Four fixtures hold the streams of several requests one after another; each answer is checked by itself."""
    start = "event: message_start\n"
    before, *answers = (exchange.response_body_text or "").split(start)
    assert not before.strip()
    for i, answer in enumerate(answers):
        yield msgspec.structs.replace(exchange, id=f"{exchange.id}.{i}", response_body_text=start + answer)


def _stream_facts(data: bytes) -> Facts:
    text = reasoning = ""
    finish: Any = None
    usage: dict[str, Any] = {}
    calls: dict[int, list[str]] = {}
    for line in data.decode().splitlines():
        if not line.startswith("data:"):
            continue
        event = msgspec.json.decode(line[5:].strip())
        kind, delta = event["type"], event.get("delta") or {}
        if kind == "message_start":
            usage, finish = dict(event["message"]["usage"]), event["message"]["stop_reason"]
            whole = enumerate(event["message"]["content"])
            calls = {-1 - i: _started_call(b) for i, b in whole if b["type"] == "tool_use"}
        elif kind == "content_block_start" and event["content_block"]["type"] == "tool_use":
            calls[event["index"]] = _started_call(event["content_block"])
        elif kind == "content_block_delta":
            text += delta.get("text") or ""
            reasoning += delta.get("thinking") or ""
            if event["index"] in calls:
                calls[event["index"]][1] += delta.get("partial_json") or ""
        elif kind == "message_delta":
            finish = delta["stop_reason"]
            usage |= {key: value for key, value in event["usage"].items() if value is not None}
    return Facts(
        text=text,
        reasoning=reasoning,
        tool_calls=tuple((name, parsed(arguments)) for name, arguments in calls.values()),
        native_finish_reason=finish,
        input_tokens=_input_total(usage),
        output_tokens=usage.get("output_tokens"),
    )


def _started_call(block: dict[str, Any]) -> list[str]:
    """Calls made from code that runs at Anthropic come with their whole input."""
    return [block["name"], msgspec.json.encode(block["input"]).decode() if block["input"] else ""]


@everywhere
def test_requests_come_back_as_the_same_document(recordings: Recordings) -> None:
    recordings.check(
        "request", recordings.requests(), lambda e: suite.request_comes_back_as_the_same_document(recordings.codec, e)
    )


@everywhere
def test_replies_come_back_as_the_same_document(recordings: Recordings) -> None:
    recordings.check(
        "reply",
        recordings.plain_replies(),
        lambda e: suite.reply_comes_back_as_the_same_document(recordings.codec, e, _reply_facts),
    )


def test_streams_keep_their_facts_however_they_are_cut() -> None:
    def keeps(exchange: Exchange) -> None:
        events = suite.stream_keeps_its_facts(ANTHROPIC.codec, exchange, _stream_facts)
        suite.stream_says_the_same_when_written_again(ANTHROPIC.codec, events)

    ANTHROPIC.check("stream", (answer for e in ANTHROPIC.streams() for answer in _answers(e)), keeps)


_KIND_OF_RECORDED = {
    (400, "invalid_request_error"): "bad_request",
    (401, "authentication_error"): "authentication",
    (404, "not_found_error"): "not_found",
}


def test_errors_are_classified_and_come_back() -> None:
    def keeps(exchange: Exchange) -> None:
        body = msgspec.json.decode(exchange.response_bytes)
        failure = ANTHROPIC.codec.decode_error(exchange.status, exchange.response_header_texts, exchange.response_bytes)
        assert failure.kind == _KIND_OF_RECORDED[exchange.status, body["error"]["type"]]
        assert failure.message == body["error"]["message"]
        status, encoded = ANTHROPIC.codec.encode_error(failure)
        assert status == exchange.status
        assert encoded == {"type": "error", "error": body["error"]}

    ANTHROPIC.check("error", ANTHROPIC.errors(), keeps)


# --- across dialects -----------------------------------------------------------------------------------------

OTHERS: dict[str, tuple[Codec, str]] = {
    "chat": (Chat(), "chat_completions"),
    "responses": (Responses(), "responses"),
    "gemini": (Gemini(), "generate_content"),
    "converse": (Converse(), "converse"),
    "messages": (Messages(), "messages"),
}


def recorded_calls(dialect: str, model: str) -> Iterator[tuple[Exchange, Call]]:
    """Every recorded request of a dialect, as it would go to another provider's model."""
    codec, api = OTHERS[dialect]
    for file in files_with(api):
        for exchange in exchanges(file):
            if isinstance(exchange.request_body, dict) and exchange.status < 400:
                call = codec.decode_request(exchange.request_body, model=exchange.model or "m")
                yield exchange, msgspec.structs.replace(call, model=model)


def recorded_replies(dialect: str) -> Iterator[tuple[Exchange, Reply]]:
    """Every recorded answer of a dialect, plain or collected from its stream."""
    codec, api = OTHERS[dialect]
    for file in files_with(api):
        recordings = Recordings(codec, exchanges(file))
        for exchange in recordings.plain_replies():
            yield exchange, codec.decode_reply(msgspec.json.decode(exchange.response_bytes))
        for exchange in recordings.streams():
            events = suite.stream_events(codec, exchange.response_bytes)
            if isinstance(events[-1], ReplyEnded):
                yield exchange, collect(events, codec.name)


def assert_same_answer(codec: Codec, reply: Reply) -> list[Event]:
    """Written for a caller plainly and as a stream, an answer of another dialect says what it said."""
    call = Call(dialect=codec.name, model="m", messages=())
    plain = codec.decode_reply(msgspec.json.decode(msgspec.json.encode(codec.encode_reply(reply, call))))
    encoder = codec.stream_encoder(call)
    events = suite.stream_events(codec, b"".join(encoder.encode(event) for event in unfold(reply, piece_chars=9)))
    assert_event_grammar(events)
    streamed = suite.facts_of_reply(collect(events, codec.name))
    said = suite.facts_of_reply(reply)
    content = reply.choices[0].content if reply.choices else ()
    refusals = "".join(part.text for part in content if isinstance(part, Refusal))
    calls = tuple((part.name, _as_input(part)) for part in content if isinstance(part, ToolCall))
    for told in (suite.facts_of_reply(plain), streamed):
        assert (told.text, told.reasoning) == (said.text + refusals, said.reasoning)
    assert streamed.tool_calls == tuple((name, value if kind else parsed(raw)) for name, (kind, value, raw) in calls)
    assert suite.facts_of_reply(plain).tool_calls == tuple((name, value) for name, (_, value, _) in calls)
    return events


def _as_input(part: ToolCall) -> tuple[bool, Any, str]:
    """Whether a call's arguments can be told as they are; the object a plain answer tells; the text as it came."""
    value = parsed(part.arguments)
    if part.kind == "custom":
        return True, {"input": part.arguments}, part.arguments
    if isinstance(value, dict):
        return True, value, part.arguments
    return False, {"INVALID_JSON": part.arguments}, part.arguments


needs_schema = pytest.mark.skipif(not (SHARED / "specs").is_dir(), reason=f"no API documents at {SHARED / 'specs'}")


@needs_schema
@pytest.mark.parametrize("dialect", ["chat", "responses", "gemini", "converse"])
@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "claude-opus-4-7"])
def test_requests_of_other_dialects_fit_anthropics_schema(dialect: str, model: str) -> None:
    document = msgspec.json.decode(gzip.decompress((SHARED / "specs" / "anthropic.openapi.json.gz").read_bytes()))
    schema = {"$ref": "#/components/schemas/BetaCreateMessageParams", "components": document["components"]}
    validator = jsonschema_rs.validator_for(schema)
    broken: list[str] = []
    count = 0
    for exchange, call in recorded_calls(dialect, model):
        body = msgspec.json.decode(msgspec.json.encode(Messages().encode_request(call).body))
        roles = [message["role"] for message in body["messages"]]
        count += 1
        broken += [f"{exchange.id} {error.message[:200]}" for error in validator.iter_errors(body)]
        if roles[:1] == ["assistant"] or any(a == b for a, b in itertools.pairwise(roles)):
            broken.append(f"{exchange.id} roles {roles}")
        budget = body.get("thinking", {}).get("budget_tokens", 0)
        if budget >= body["max_tokens"]:
            broken.append(f"{exchange.id} budget {budget} of {body['max_tokens']}")
    assert count
    assert not broken, "\n".join(broken[:20])


@pytest.mark.parametrize("dialect", ["chat", "responses", "gemini", "converse"])
def test_answers_of_other_dialects_say_the_same_to_our_callers(dialect: str) -> None:
    broken: list[str] = []
    count = 0
    for exchange, reply in recorded_replies(dialect):
        count += 1
        try:
            assert_same_answer(Messages(), reply)
        except AssertionError as error:
            broken.append(f"{exchange.id} {str(error)[:400]}")
    assert count
    assert not broken, "\n".join(broken[:20])
