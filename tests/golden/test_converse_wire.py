"""Recorded Bedrock Converse traffic keeps the four laws."""

import itertools
import json
from typing import Any

import msgspec
import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from openclaw.dialects.converse import Converse
from tests.golden import suite
from tests.golden.suite import Facts, Recordings, parsed
from tests.golden.test_messages_wire import assert_same_answer, recorded_calls, recorded_replies
from tests.golden.wire import SHARED, Exchange, exchanges, needs_recordings

pytestmark = needs_recordings

EXCEPTIONS: dict[tuple[str, str], str] = {}

RECORDINGS = Recordings(Converse(), exchanges("bedrock.converse"), EXCEPTIONS)


def _input_total(usage: dict[str, Any]) -> int | None:
    if usage.get("inputTokens") is None:
        return None
    cached = [usage.get(key) or 0 for key in ("cacheReadInputTokens", "cacheWriteInputTokens")]
    return int(usage["inputTokens"]) + sum(cached)


def _is_answerable(tool_use: dict[str, Any]) -> bool:
    return tool_use.get("type") != "server_tool_use"


def _reply_facts(body: Any) -> Facts:
    text = reasoning = ""
    calls: list[tuple[str, Any]] = []
    for block in body["output"]["message"]["content"]:
        text += block.get("text", "")
        text += "".join(piece["text"] for piece in block.get("citationsContent", {}).get("content", ()))
        reasoning += block.get("reasoningContent", {}).get("reasoningText", {}).get("text", "")
        if "toolUse" in block and _is_answerable(block["toolUse"]):
            calls.append((block["toolUse"]["name"], block["toolUse"]["input"]))
    usage = body.get("usage") or {}
    return Facts(text, reasoning, tuple(calls), body["stopReason"], _input_total(usage), usage.get("outputTokens"))


def _stream_facts(data: bytes) -> Facts:
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    text = reasoning = ""
    finish: Any = None
    usage: dict[str, Any] = {}
    calls: dict[int, list[str]] = {}
    for frame in buffer:
        name, event = frame.headers[":event-type"], json.loads(frame.payload)
        if name == "contentBlockStart" and _is_answerable(event["start"].get("toolUse", {"type": "server_tool_use"})):
            calls[event["contentBlockIndex"]] = [event["start"]["toolUse"]["name"], ""]
        elif name == "contentBlockDelta":
            delta = event["delta"]
            text += delta.get("text", "")
            reasoning += delta.get("reasoningContent", {}).get("text", "")
            if event["contentBlockIndex"] in calls:
                calls[event["contentBlockIndex"]][1] += delta["toolUse"]["input"]
        elif name == "messageStop":
            finish = event["stopReason"]
        elif name == "metadata":
            usage = event["usage"]
    tool_calls = tuple((name, parsed(arguments)) for name, arguments in calls.values())
    return Facts(text, reasoning, tool_calls, finish, _input_total(usage), usage.get("outputTokens"))


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


_KIND_OF_CLASS = {
    "UnrecognizedClientException": "authentication",
    "ExpiredTokenException": "authentication",
    "ValidationException": "bad_request",
    "": "bad_request",  # the header was not recorded: the status, 400, decides
}


def test_errors_are_classified_and_come_back() -> None:
    def keeps(exchange: Exchange) -> None:
        failure = RECORDINGS.codec.decode_error(
            exchange.status, exchange.response_header_texts, exchange.response_bytes
        )
        class_name = exchange.response_header_texts.get("x-amzn-errortype", "").partition(":")[0]
        body = msgspec.json.decode(exchange.response_bytes)
        assert failure.kind == _KIND_OF_CLASS[class_name]
        assert failure.message == body["message"]
        status, encoded = RECORDINGS.codec.encode_error(failure)
        assert (status, encoded["message"]) == (exchange.status, body["message"])
        assert encoded["__type"] == (class_name or "ValidationException")

    RECORDINGS.check("error", RECORDINGS.errors(), keeps)


# --- across dialects -----------------------------------------------------------------------------------------

needs_api_model = pytest.mark.skipif(not (SHARED / "specs").is_dir(), reason=f"no API model at {SHARED / 'specs'}")


@needs_api_model
@pytest.mark.parametrize("dialect", ["chat", "responses", "gemini", "messages"])
@pytest.mark.parametrize("model", ["us.anthropic.claude-sonnet-4-5-v1:0", "us.amazon.nova-2-lite-v1:0"])
def test_requests_of_other_dialects_fit_the_api_model(dialect: str, model: str) -> None:
    text = (SHARED / "specs" / "aws.bedrock-runtime.2023-09-30.service-2.json").read_text()
    shape = ServiceModel(json.loads(text), "bedrock-runtime").operation_model("Converse").input_shape
    broken: list[str] = []
    count = 0
    for exchange, call in recorded_calls(dialect, model):
        body = msgspec.json.decode(msgspec.json.encode(RECORDINGS.codec.encode_request(call).body))
        count += 1
        report = ParamValidator().validate({"modelId": model, **body}, shape)
        if report.has_errors():
            broken.append(f"{exchange.id} {report.generate_report()[:300]}")
        roles = [message["role"] for message in body["messages"]]
        if roles[:1] == ["assistant"] or any(a == b for a, b in itertools.pairwise(roles)):
            broken.append(f"{exchange.id} roles {roles}")
    assert count
    assert not broken, "\n".join(broken[:20])


@pytest.mark.parametrize("dialect", ["chat", "responses", "gemini", "messages"])
def test_answers_of_other_dialects_say_the_same_to_our_callers(dialect: str) -> None:
    broken: list[str] = []
    count = 0
    for exchange, reply in recorded_replies(dialect):
        count += 1
        try:
            assert_same_answer(RECORDINGS.codec, reply)
        except AssertionError as error:
            broken.append(f"{exchange.id} {str(error)[:400]}")
    assert count
    assert not broken, "\n".join(broken[:20])
