"""Bad requests: whatever is sent, the answer is an error in OpenAI's form, never a 5xx of ours, never silence."""

import json
import socket
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import strategies as st
from openai import OpenAI
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from tests.contract.conftest import CALLER_KEY, UPSTREAM_KEY, RunningGateway

OPENAPI = Path(__file__).parents[2] / "docs" / "reference" / "openapi.yaml"
schema = schemathesis.openapi.from_path(OPENAPI)

# Every model name that can answer, so that generated requests get past the directory and into the codecs.
MODELS = ["chat/sim-text", "messages/sim-agent", "gemini/sim-tools", "ollama/sim-think", "converse/sim-text", "fast"]
PATHS = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings"]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
PART = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "image_url", "input_audio", "file", "refusal", "thinking", "video_url", "x"])},
    optional=dict.fromkeys(
        ("text", "image_url", "input_audio", "file", "refusal", "thinking", "video_url", "cache_control"), JSON
    ),
)
CALL = st.fixed_dictionaries(
    {},
    optional={
        "id": JSON,
        "type": JSON,
        "function": st.fixed_dictionaries({}, optional={"name": JSON, "arguments": JSON}),
    },
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "developer", "user", "assistant", "tool", "function", "x"])},
    optional={
        "content": st.text(max_size=20) | st.lists(PART, max_size=3) | JSON,
        "tool_calls": st.lists(CALL | JSON, max_size=3) | JSON,
        "tool_call_id": JSON,
        "reasoning_content": JSON,
        "reasoning_details": JSON,
        "annotations": JSON,
        "audio": JSON,
        "name": JSON,
    },
)
FIELDS = (
    *("temperature", "top_p", "n", "stop", "max_tokens", "max_completion_tokens", "tool_choice", "response_format"),
    *("reasoning_effort", "reasoning", "thinking", "stream_options", "logit_bias", "logprobs", "seed", "user"),
    *("metadata", "modalities", "functions", "function_call", "provider", "models", "parallel_tool_calls"),
    *("dimensions", "encoding_format", "suffix", "echo", "service_tier", "store"),
)
TOOL = st.fixed_dictionaries(
    {"type": st.sampled_from(["function", "custom", "web_search"])},
    optional={
        "function": st.fixed_dictionaries({}, optional={"name": JSON, "parameters": JSON, "strict": JSON}),
        "custom": JSON,
    },
)
BODY = st.fixed_dictionaries(
    {"model": st.sampled_from(MODELS), "messages": st.lists(MESSAGE | JSON, max_size=4) | JSON},
    optional={
        **dict.fromkeys(FIELDS, JSON),
        "tools": st.lists(TOOL | JSON, max_size=3) | JSON,
        "stream": st.booleans() | JSON,
        "prompt": st.text(max_size=10) | JSON,
        "input": st.text(max_size=10) | st.lists(st.text(max_size=5), max_size=3) | JSON,
    },
)


def exchange(url: str, data: bytes, *, timeout_s: float = 20) -> bytes:
    """Bytes in, bytes out until the connection ends. The limit turns a hung connection into a failure."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=timeout_s) as connection:
        connection.sendall(data)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def post(url: str, path: str, body: bytes, headers: str = "") -> tuple[int, bytes]:
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {CALLER_KEY}\r\nconnection: close\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n{headers}\r\n"
    answer = exchange(url, head.encode() + body)
    return int(answer.split(b" ", 2)[1]), answer.partition(b"\r\n\r\n")[2]


def assert_fair(status: int, body: bytes) -> None:
    assert status < 500, (status, body[:500])
    text = body.decode("utf-8", "replace")
    assert "Traceback" not in text
    assert UPSTREAM_KEY not in text
    if status >= 400:
        error = json.loads(body)["error"]
        assert error["message"]
        assert error.keys() >= {"message", "type", "param", "code"}


@hypothesis.settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture, hypothesis.HealthCheck.too_slow],
)
@hypothesis.given(body=BODY, path=st.sampled_from(PATHS))
def test_no_json_breaks_the_gateway(gateway: RunningGateway, body: dict[str, Any], path: str) -> None:
    before = len(gateway.records)
    status, answer = post(gateway.url, path, json.dumps(body).encode())
    assert_fair(status, answer)
    assert len(gateway.records) == before + 1


@hypothesis.settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@hypothesis.given(body=st.binary(max_size=200) | st.text(max_size=100).map(str.encode), path=st.sampled_from(PATHS))
def test_no_bytes_break_the_gateway(gateway: RunningGateway, body: bytes, path: str) -> None:
    status, answer = post(gateway.url, path, body)
    assert status in (400, 404), answer
    assert_fair(status, answer)


@schema.parametrize()
@hypothesis.settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture, hypothesis.HealthCheck.filter_too_much,
                           hypothesis.HealthCheck.too_slow],
)  # fmt: skip
def test_the_published_description_holds(case: Any, gateway: RunningGateway) -> None:
    headers = {"authorization": f"Bearer {CALLER_KEY}"}
    response = case.call(base_url=gateway.url, headers=headers, timeout=20)
    assert response.status_code < 500, response.text
    case.validate_response(
        response,
        checks=[
            schemathesis.checks.not_a_server_error,
            response_schema_conformance,
            content_type_conformance,
        ],
    )


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b'{"model": "fast", "messages": tru}', "byte 34"),
        (b'{"model": "\xff"}', "UTF-8"),
        (b"[1,2]", "JSON object"),
        (b"null", "JSON object"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "nested"),
        (b'{"model": "fast", "messages": "hello"}', "messages"),
        (b'{"model": 7, "messages": []}', "model"),
        (b'{"messages": []}', "model"),
        (b'{"model": "fast"}', "messages"),
        (b'{"model": "fast", "messages": [{"role": "clown", "content": "x"}]}', "messages[0].role"),
        (b'{"model": "fast", "messages": [{"role": "user"}]}', "messages[0].content"),
        (b'{"model": "fast", "messages": [], "temperature": "hot"}', "temperature"),
        (b'{"model": "fast", "messages": [], "provider": {"order": "x"}}', "provider.order"),
    ],
)
def test_a_bad_body_is_answered_with_what_is_wrong(gateway: RunningGateway, body: bytes, says: str) -> None:
    status, answer = post(gateway.url, "/v1/chat/completions", body)
    assert status == 400
    error = json.loads(answer)["error"]
    assert says in (error["param"] or "") + error["message"]
    assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/nothing", "/", "/v1/models"])
def test_unknown_paths_and_methods_have_openais_form(gateway: RunningGateway, method: str, path: str) -> None:
    head = f"{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {CALLER_KEY}\r\nconnection: close\r\n\r\n"
    answer = exchange(gateway.url, head.encode())
    status = int(answer.split(b" ", 2)[1])
    if (method, path) == ("GET", "/v1/models"):
        assert status == 200
        return
    assert status in (404, 405)
    assert_fair(status, answer.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize("path", ["/health/live", "/v1/models", "/v1/nothing"])
def test_head_is_answered_at_once(gateway: RunningGateway, path: str) -> None:
    head = f"HEAD {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {CALLER_KEY}\r\n"
    with socket.create_connection(("127.0.0.1", int(gateway.url.rpartition(":")[2])), timeout=5) as connection:
        for _ in range(2):  # the connection stays open and in step
            connection.sendall(f"{head}\r\n".encode())
            answer = connection.recv(65536)
            assert answer.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 404 "))
            assert answer.endswith(b"\r\n\r\n")


def test_headers_without_end_are_431(gateway: RunningGateway) -> None:
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n"
    for flood in (b"x: " + b"y" * 200_000, b"".join(b"x%d: y\r\n" % i for i in range(20_000)) + b"\r\n"):
        answer = exchange(gateway.url, head + flood)
        assert answer.startswith(b"HTTP/1.1 431 "), answer[:80]
        assert_fair(431, answer.partition(b"\r\n\r\n")[2])


def test_what_is_not_http_is_400(gateway: RunningGateway) -> None:
    answer = exchange(gateway.url, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not http\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert_fair(400, answer.partition(b"\r\n\r\n")[2])


def test_a_compressed_body_is_refused_aloud(gateway: RunningGateway) -> None:
    status, answer = post(gateway.url, "/v1/chat/completions", b"\x1f\x8b", "content-encoding: gzip\r\n")
    assert status in (400, 415)
    assert_fair(status, answer)


@pytest.mark.parametrize("name", ["fast\r\nx-injected: 1", "chat/sim-text\u4e16\r\nx-injected: 1"])
def test_an_answer_holds_no_header_that_a_caller_wrote(gateway: RunningGateway, name: str) -> None:
    body = json.dumps({"model": name, "messages": [{"role": "user", "content": "x"}]}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {CALLER_KEY}\r\n"
    head += f"connection: close\r\ncontent-length: {len(body)}\r\n\r\n"
    answer = exchange(gateway.url, head.encode() + body)
    lines = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert not [line for line in lines if line.startswith(b"x-injected")]


def test_the_gateway_still_works(gateway: RunningGateway) -> None:
    client = OpenAI(base_url=f"{gateway.url}/v1", api_key=CALLER_KEY, max_retries=0)
    assert client.chat.completions.create(model="fast", messages=[{"role": "user", "content": "x"}]).choices
