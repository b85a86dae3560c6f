"""The Responses codec on recorded traffic, and its output against OpenAI's and Open Responses' schemas."""

import gzip
from collections import Counter
from collections.abc import Iterable
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from openclaw.calls import (
    Call,
    Choice,
    Citation,
    Event,
    FinishReason,
    Part,
    Reasoning,
    Refusal,
    Reply,
    Text,
    ToolCall,
    Usage,
)
from openclaw.dialects.responses import Responses
from openclaw.streams import collect, unfold
from tests.golden.suite import (
    Facts,
    Recordings,
    difference,
    facts_of_reply,
    parsed,
    reply_comes_back_as_the_same_document,
    request_comes_back_as_the_same_document,
    stream_events,
    stream_keeps_its_facts,
)
from tests.golden.wire import SHARED, Exchange, exchanges, needs_recordings
from tests.responses_grammar import assert_grammar, wire_events

CODEC = Responses()
FILES = (
    "openai.responses",
    "azure.responses",
    "deepseek.responses",
    "xai.responses",
    "bedrock.responses",
    "openrouter.other",
    "other-providers",
    "openai-compatible.other",
)

EXCEPTIONS: dict[tuple[str, str], str] = {
    (
        "stream",
        "83b7242c0329d0dc",
    ): "recording edited by hand: the deltas say 'successfully.', the whole 'successfully in'",
    (
        "final",
        "83b7242c0329d0dc",
    ): "recording edited by hand: the deltas say 'successfully.', the whole 'successfully in'",
    ("final", "a428b07293761503"): "recording edited by hand: the final response lacks object, model and created_at",
    ("final", "7d7493e054fbaf2f"): "the item has a status in the final response that its own end did not have",
    ("final", "c7a6900162ba97d5"): "vLLM: the part has logprobs when it is added and none in the final response",
    ("final", "a3dd41c994da916b"): "OpenRouter gives the item another id in the final response than in the stream",
}

RECORDINGS = Recordings(
    codec=CODEC,
    exchanges=tuple(e for file in FILES for e in exchanges(file) if e.api == "responses"),
    exceptions=EXCEPTIONS,
)

pytestmark = needs_recordings


# --- what a recorded answer says, read without the codec ----------------------------------------------------


def facts_of_document(body: dict[str, Any]) -> Facts:
    text, reasoning, calls = "", "", []
    for item in body["output"]:
        match item["type"]:
            case "message":
                text += "".join(part.get("text", "") for part in item["content"])
            case "reasoning":
                parts = item.get("summary") or item.get("content") or []
                reasoning += "\n\n".join(part["text"] for part in parts)
            case "function_call":
                calls.append((item["name"], parsed(item["arguments"])))
            case "custom_tool_call":
                calls.append((item["name"], parsed(item["input"])))
    usage = body.get("usage") or {}
    details = body.get("incomplete_details") or {}
    return Facts(
        text=text,
        reasoning=reasoning,
        tool_calls=tuple(calls),
        native_finish_reason=details.get("reason", body["status"]),
        input_tokens=usage.get("input_tokens"),
        output_tokens=usage.get("output_tokens"),
    )


def final_object(data: bytes) -> dict[str, Any]:
    """The first: what follows the end of an answer says nothing (one recording holds four answers in a row)."""
    ends = ("response.completed", "response.incomplete")
    final: dict[str, Any] = next(e["response"] for e in wire_events(data) if e["type"] in ends)
    return final


def facts_of_stream(data: bytes) -> Facts:
    return facts_of_document(final_object(data))


# --- the laws -----------------------------------------------------------------------------------------------


def say(law: str, passed: Counter[str]) -> None:
    print(f"{law}: {dict(passed)}")  # noqa: T201 - shown with -s


def test_every_recorded_request_comes_back_as_the_same_document() -> None:
    say("request", RECORDINGS.check("request", RECORDINGS.requests(), _request))


def _request(exchange: Exchange) -> None:
    request_comes_back_as_the_same_document(CODEC, exchange)


def test_every_recorded_reply_comes_back_as_the_same_document() -> None:
    say("reply", RECORDINGS.check("reply", RECORDINGS.plain_replies(), _reply))


def _reply(exchange: Exchange) -> None:
    reply_comes_back_as_the_same_document(CODEC, exchange, facts_of_document)


def test_every_recorded_stream_keeps_its_facts() -> None:
    say("stream", RECORDINGS.check("stream", RECORDINGS.streams(), _stream))


def _stream(exchange: Exchange) -> None:
    events = stream_keeps_its_facts(CODEC, exchange, facts_of_stream)
    again = encoded(events, call_of(exchange))
    assert_grammar(again)
    assert facts_of_reply(collect(stream_events(CODEC, again), "responses")) == facts_of_stream(exchange.response_bytes)


def test_a_stream_encoded_again_ends_with_the_recorded_response() -> None:
    say("final", RECORDINGS.check("final", RECORDINGS.streams(), _final))


def _final(exchange: Exchange) -> None:
    again = encoded(stream_events(CODEC, exchange.response_bytes), call_of(exchange))
    expected, actual = without_seals(final_object(exchange.response_bytes)), without_seals(final_object(again))
    assert actual == expected, difference(expected, actual)


def without_seals(value: Any) -> Any:
    """OpenAI encrypts an item anew for every event that holds it."""
    if isinstance(value, dict):
        return {k: without_seals(v) for k, v in value.items() if k not in ("encrypted_content", "fingerprint")}
    return [without_seals(v) for v in value] if isinstance(value, list) else value


def encoded(events: Iterable[Event], call: Call) -> bytes:
    encoder = CODEC.stream_encoder(call)
    return b"".join(encoder.encode(event) for event in events)


def call_of(exchange: Exchange) -> Call:
    body = exchange.request_body if isinstance(exchange.request_body, dict) else {"model": "m", "input": "x"}
    return CODEC.decode_request(body)


def test_every_recorded_error_is_classed_and_worded_as_recorded() -> None:
    say("error", RECORDINGS.check("error", RECORDINGS.errors(), _error))


_KINDS_BY_STATUS: dict[int, set[str]] = {
    400: {"bad_request", "unsupported", "not_found"},
    401: {"authentication"},
}


def _error(exchange: Exchange) -> None:
    failure = CODEC.decode_error(exchange.status, exchange.response_header_texts, exchange.response_bytes)
    document = msgspec.json.decode(exchange.response_bytes)
    error = document["error"]
    if isinstance(error, str):  # xAI
        error = {"message": error, "code": document["code"], "type": None, "param": None}
    assert failure.kind in _KINDS_BY_STATUS[exchange.status]
    assert (failure.kind == "not_found") == (error["code"] == "model_not_found")
    assert (failure.kind == "unsupported") == str(error["code"]).startswith("unsupported_")
    assert (failure.message, failure.code, failure.param) == (error["message"], error["code"], error["param"])
    status, body = CODEC.encode_error(failure)
    assert status == (404 if failure.kind == "not_found" else exchange.status)
    if error["type"] is not None:
        assert body == {"error": error}, difference({"error": error}, body)


# --- answers of other dialects, against the schemas ----------------------------------------------------------

CALL = CODEC.decode_request(
    {
        "model": "gpt-5",
        "input": "What is the weather in Paris and Oslo?",
        "instructions": "Be brief.",
        "tools": [{"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": False}],
        "tool_choice": "auto",
        "reasoning": {"effort": "low", "summary": "auto"},
        "text": {"format": {"type": "json_schema", "name": "a", "schema": {"type": "object"}, "strict": True}},
        "temperature": 0.5,
        "metadata": {"run": "7"},
        "parallel_tool_calls": False,
        "max_output_tokens": 100,
        "truncation": "auto",
        "store": False,
    }
)
USAGE = Usage(input_tokens=10, output_tokens=5, cache_read_input_tokens=2, reasoning_output_tokens=1)
CITED = Citation("messages", {}, url="https://example.org/a", title="A", start_index=0, end_index=3)


def reply(*content: Part, finish: FinishReason = "stop", logprobs: dict[str, Any] | None = None) -> Reply:
    choice = Choice(0, content, finish, logprobs=logprobs)
    return Reply(dialect="messages", id="msg_01", model="claude-x", choices=(choice,), usage=USAGE, created=1700000000)


FOREIGN = {
    "text": reply(Text("Sunny.")),
    "two texts": reply(Text("Sunny in Paris, "), Text("snow in Oslo.")),
    "cited": reply(Text("Sunny.", citations=(CITED,))),
    "parallel tools": reply(
        Text("Let me look."),
        ToolCall("call_1", "weather", '{"city":"Paris"}'),
        ToolCall("call_2", "weather", ""),
        finish="tool_calls",
    ),
    "reasoning": reply(Reasoning("They ask for two.", signature="sig", dialect="messages"), Text("Sunny.")),
    "hidden reasoning": reply(Reasoning("", signature="sig", dialect="messages"), Text("Sunny.")),
    "refusal": reply(Refusal("I cannot."), finish="refusal"),
    "wordless refusal": reply(finish="refusal"),
    "length": reply(Text("Sunny in"), finish="length"),
    "filtered": reply(Text("Sunny in"), finish="content_filter"),
    "logprobs": reply(Text("Hi"), logprobs={"content": [{"token": "Hi", "logprob": -0.5, "top_logprobs": []}]}),
    "text after a tool": reply(Text("One. "), ToolCall("c", "weather", "{}"), Text("Two."), finish="tool_calls"),
}


def _specification(name: str) -> Any:
    path = SHARED / "specs" / name
    if not path.is_file():
        return {}
    data = path.read_bytes()
    return msgspec.json.decode(gzip.decompress(data) if name.endswith(".gz") else data)


OPEN_RESPONSES = _specification("open-responses.types.schema.json")
OPENAI = _specification("openai.openapi.json.gz")
if OPEN_RESPONSES:
    # The document says that an echoed schema is null, which no API sends; its source lost the object's type.
    OPEN_RESPONSES["$defs"]["JsonSchemaResponseFormat"]["properties"]["schema"] = {"type": ["object", "null"]}
if OPENAI:
    # The document has no null here; the API sends it in every recording that could (545 of `user`, 29 of `description`,
    # `usage` at the start of each stream).
    schemas = OPENAI["components"]["schemas"]
    for properties, key in (
        (schemas["ModelResponseProperties"]["properties"], "user"),
        (schemas["TextResponseFormatJsonSchema"]["properties"], "description"),
        (schemas["Response"]["allOf"][2]["properties"], "usage"),
    ):
        properties[key] = {"anyOf": [properties[key], {"type": "null"}]}


def open_responses(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({"$defs": OPEN_RESPONSES["$defs"], "$ref": f"#/$defs/{name}"})


def openai(name: str) -> jsonschema_rs.Draft202012Validator:
    reference = f"#/components/schemas/{name}"
    return jsonschema_rs.Draft202012Validator({"components": OPENAI["components"], "$ref": reference})


def _by_type(schemas: dict[str, Any], ending: str) -> dict[str, str]:
    """Event type to the name of its schema."""
    names: dict[str, str] = {}
    for name, schema in schemas.items():
        ours = name.startswith("Response") and name.endswith(ending)
        kind = schema.get("properties", {}).get("type", {}) if ours else {}
        for word in (*kind.get("enum", ()), *([kind["const"]] if "const" in kind else ())):
            names[word] = name
    return names


def complaints(validator: jsonschema_rs.Draft202012Validator, document: Any) -> list[str]:
    return [f"{error.instance_path}: {error.message:.200}" for error in validator.iter_errors(document)]


@pytest.fixture(scope="module")
def response_schemas() -> tuple[jsonschema_rs.Draft202012Validator, ...]:
    return open_responses("ResponseResource"), openai("Response")


@pytest.fixture(scope="module")
def event_schemas() -> tuple[dict[str, jsonschema_rs.Draft202012Validator], ...]:
    """Event type to validator, in Open Responses' document (where it knows the event) and in OpenAI's."""
    ours = _by_type(OPEN_RESPONSES["$defs"], "StreamingEvent")
    theirs = _by_type(OPENAI["components"]["schemas"], "Event")
    return (
        {kind: open_responses(name) for kind, name in ours.items() if kind.startswith("response.")},
        {kind: openai(name) for kind, name in theirs.items() if kind.startswith("response.")},
    )


@pytest.mark.parametrize("name", FOREIGN)
def test_a_reply_of_another_dialect_is_a_valid_response(
    name: str, response_schemas: tuple[jsonschema_rs.Draft202012Validator, ...]
) -> None:
    body = msgspec.to_builtins(CODEC.encode_reply(FOREIGN[name], CALL))
    for schema in response_schemas:
        assert complaints(schema, body) == []
    assert (body["instructions"], body["temperature"], body["metadata"]) == ("Be brief.", 0.5, {"run": "7"})
    assert (body["tool_choice"], body["parallel_tool_calls"], body["store"]) == ("auto", False, False)
    assert body["tools"][0]["name"] == "weather"
    assert body["text"]["format"]["name"] == "a"
    assert body["reasoning"] == {"effort": "low", "summary": "auto"}
    assert (body["max_output_tokens"], body["truncation"]) == (100, "auto")


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("piece_chars", [0, 3])
def test_a_stream_of_another_dialect_has_the_whole_grammar(
    name: str, piece_chars: int, event_schemas: tuple[dict[str, jsonschema_rs.Draft202012Validator], ...]
) -> None:
    stream = encoded(unfold(FOREIGN[name], piece_chars=piece_chars), CALL)
    assert_grammar(stream)
    open_schemas, openai_schemas = event_schemas
    for event in wire_events(stream):
        kind = event["type"]
        assert complaints(openai_schemas[kind], event) == [], kind
        assert kind not in open_schemas or complaints(open_schemas[kind], event) == [], kind


@pytest.mark.parametrize("name", FOREIGN)
def test_a_stream_ends_with_the_plain_answer(name: str) -> None:
    plain = msgspec.to_builtins(CODEC.encode_reply(FOREIGN[name], CALL))
    assert final_object(encoded(unfold(FOREIGN[name]), CALL)) == plain


@pytest.mark.parametrize("name", FOREIGN)
def test_a_stream_of_another_dialect_says_what_its_reply_says(name: str) -> None:
    decoded = collect(stream_events(CODEC, encoded(unfold(FOREIGN[name], piece_chars=2), CALL)), "responses")
    assert facts_of_reply(decoded) == facts_of_document(CODEC.encode_reply(FOREIGN[name], CALL))
