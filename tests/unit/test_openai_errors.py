"""OpenAI's errors: every shape that providers send is classed, and every class makes the client raise its own."""

import json
from typing import Any, get_args

import httpx2
import openai
import pytest

from openclaw.calls import Failure, FailureKind
from openclaw.dialects.openai_errors import (
    decode_openai_error,
    encode_openai_error,
    failure_of_openai_error,
    openai_error_object,
)

SHAPES: dict[str, tuple[int, Any, Failure]] = {
    "OpenAI": (
        404,
        {"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": "model_not_found"}},
        Failure(kind="not_found", message="no", code="model_not_found", type="invalid_request_error"),
    ),
    "OpenAI, unknown model on Responses": (
        400,
        {"error": {"message": "no", "type": "invalid_request_error", "param": "model", "code": "model_not_found"}},
        Failure(kind="not_found", message="no", code="model_not_found", type="invalid_request_error", param="model"),
    ),
    "OpenAI, out of credit": (
        429,
        {"error": {"message": "pay", "type": "insufficient_quota", "param": None, "code": "insufficient_quota"}},
        Failure(kind="quota", message="pay", code="insufficient_quota", type="insufficient_quota"),
    ),
    "OpenAI, too fast": (
        429,
        {"error": {"message": "slow", "type": "tokens", "param": None, "code": "rate_limit_exceeded"}},
        Failure(kind="rate_limit", message="slow", code="rate_limit_exceeded", type="tokens"),
    ),
    "OpenAI, too long": (
        400,
        {"error": {"message": "long", "type": "invalid_request_error", "code": "context_length_exceeded"}},
        Failure(kind="context_length", message="long", code="context_length_exceeded", type="invalid_request_error"),
    ),
    "DeepSeek": (
        401,
        {"error": {"message": "bad key", "type": "authentication_error", "code": "invalid_request_error"}},
        Failure(kind="authentication", message="bad key", code="invalid_request_error", type="authentication_error"),
    ),
    "DeepSeek, out of credit": (
        402,
        {"error": {"message": "Insufficient Balance", "type": "unknown_error", "code": "invalid_request_error"}},
        Failure(kind="quota", message="Insufficient Balance", code="invalid_request_error", type="unknown_error"),
    ),
    "Azure, key": (
        401,
        {"error": {"code": "401", "message": "Access denied"}},
        Failure(kind="authentication", message="Access denied"),
    ),
    "Azure, filter": (
        400,
        {
            "error": {
                "message": "filtered",
                "type": None,
                "param": "prompt",
                "code": "content_filter",
                "status": 400,
                "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {}},
            }
        },
        Failure(kind="content_filter", message="filtered", code="content_filter", param="prompt"),
    ),
    "Azure, filter known by its inner error alone": (
        400,
        {"error": {"message": "m", "code": "other", "innererror": {"code": "ResponsibleAIPolicyViolation"}}},
        Failure(kind="content_filter", message="m", code="other"),
    ),
    "OpenRouter": (
        429,
        {"error": {"code": 429, "message": "Provider returned error", "metadata": {"raw": "busy upstream"}}},
        Failure(kind="rate_limit", message="Provider returned error: busy upstream"),
    ),
    "OpenRouter, the provider's own error inside": (
        400,
        {
            "error": {
                "code": 400,
                "message": "Provider returned error",
                "metadata": {"raw": '{"error":{"message":"too long","code":"context_length_exceeded"}}'},
            }
        },
        Failure(kind="context_length", message="Provider returned error: too long"),
    ),
    "Perplexity": (
        401,
        {"error": {"message": "bad key", "type": "invalid_api_key", "code": 401}},
        Failure(kind="authentication", message="bad key", type="invalid_api_key"),
    ),
    "llama.cpp": (
        400,
        {"error": {"code": 400, "message": "too long", "type": "exceed_context_size_error", "n_ctx": 4096}},
        Failure(kind="context_length", message="too long", type="exceed_context_size_error"),
    ),
    "xAI": (
        400,
        {"code": "invalid-argument", "error": "Incorrect"},
        Failure(kind="bad_request", message="Incorrect", code="invalid-argument"),
    ),
    "Ollama": (404, {"error": "model 'x' not found"}, Failure(kind="not_found", message="model 'x' not found")),
    "Mistral": (
        429,
        {"object": "error", "message": "slow", "type": "service_tier_capacity_exceeded", "code": "3505"},
        Failure(kind="rate_limit", message="slow", code="3505", type="service_tier_capacity_exceeded"),
    ),
    "Mistral, schema": (
        422,
        {"object": "error", "message": {"detail": [{"loc": ["body", "messages", 0, "role"], "msg": "Field required"}]}},
        Failure(kind="bad_request", message="Field required", param="messages[0].role"),
    ),
    "Cerebras": (
        429,
        {"message": "wait", "type": "too_many_requests_error", "param": "quota", "code": "request_quota_exceeded"},
        Failure(
            kind="rate_limit",
            message="wait",
            code="request_quota_exceeded",
            type="too_many_requests_error",
            param="quota",
        ),
    ),
    "Bedrock": (400, {"message": "bad model"}, Failure(kind="bad_request", message="bad model")),
    "AWS, capital": (403, {"Message": "forbidden"}, Failure(kind="permission", message="forbidden")),
    "Voyage": (400, {"detail": "no such model"}, Failure(kind="bad_request", message="no such model")),
    "FastAPI": (
        422,
        {"detail": [{"loc": ["body", "model"], "msg": "Field required", "type": "missing"}]},
        Failure(kind="bad_request", message="Field required", param="model"),
    ),
    "Google": (
        400,
        [{"error": {"code": 400, "message": "bad", "status": "INVALID_ARGUMENT"}}],
        Failure(kind="bad_request", message="bad"),
    ),
    "Groq": (
        400,
        {"error": {"message": "tool", "type": "invalid_request_error", "code": "tool_use_failed"}},
        Failure(kind="bad_request", message="tool", code="tool_use_failed", type="invalid_request_error"),
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_of_an_error_is_classed(name: str) -> None:
    status, document, expected = SHAPES[name]
    failure = decode_openai_error(status, {}, json.dumps(document).encode())
    assert failure.native
    assert failure == Failure(
        kind=expected.kind,
        message=expected.message,
        status=status,
        code=expected.code,
        type=expected.type,
        param=expected.param,
        native=failure.native,
    )


@pytest.mark.parametrize(
    ("status", "content_type", "body", "message"),
    [
        (502, "text/plain", b"upstream went away", "upstream went away"),
        (502, "text/html", b"<html><b>502</b></html>", "the provider answered with status 502 without saying why"),
        (500, "", b"", "the provider answered with status 500 without saying why"),
        (500, "application/json", b"\xff\xfe{", "\ufffd\ufffd{"),
        (500, "application/json", b"[]", "the provider answered with status 500 without saying why"),
        (500, "application/json", b'"plain"', "plain"),
        (500, "application/json", b"7", "the provider answered with status 500 without saying why"),
    ],
)
def test_a_body_that_is_no_error_object_gives_the_class_of_its_status(
    status: int, content_type: str, body: bytes, message: str
) -> None:
    failure = decode_openai_error(status, {"content-type": content_type}, body)
    assert (failure.kind, failure.message, failure.status) == ("server", message, status)


def test_the_time_to_wait_is_read_from_the_headers() -> None:
    assert decode_openai_error(429, {"retry-after": "7"}, b"{}").retry_after_s == 7
    assert decode_openai_error(429, {"retry-after-ms": "1500", "retry-after": "7"}, b"{}").retry_after_s == 1.5


def test_words_in_a_message_never_decide_the_class() -> None:
    text = "maximum context length exceeded, rate limit, insufficient quota, invalid api key"
    assert decode_openai_error(400, {}, json.dumps({"error": {"message": text}}).encode()).kind == "bad_request"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "server_error", "message": "m"}, "server"),
        ({"code": "rate_limit_exceeded", "message": "m"}, "rate_limit"),
        ({"code": "context_length_exceeded", "message": "m"}, "context_length"),
        ({"code": "invalid_image", "message": "m"}, "bad_request"),
        ({"code": 502, "message": "m"}, "server"),
        ({"code": "429", "message": "m"}, "rate_limit"),
        ({"type": "invalid_request_error", "message": "m"}, "bad_request"),
        ({"type": "overloaded_error", "message": "m"}, "overloaded"),
        ({"code": "new_word", "message": "m"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_an_error_inside_a_stream_is_classed_without_a_status(error: dict[str, Any], kind: str) -> None:
    failure = failure_of_openai_error(error)
    assert (failure.kind, failure.status) == (kind, None)
    assert failure.message


CLASSES: dict[FailureKind, type[openai.APIStatusError]] = {
    "bad_request": openai.BadRequestError,
    "authentication": openai.AuthenticationError,
    "permission": openai.PermissionDeniedError,
    "not_found": openai.NotFoundError,
    "context_length": openai.BadRequestError,
    "too_large": openai.APIStatusError,
    "unsupported": openai.BadRequestError,
    "content_filter": openai.BadRequestError,
    "rate_limit": openai.RateLimitError,
    "quota": openai.RateLimitError,
    "budget": openai.APIStatusError,
    "overloaded": openai.InternalServerError,
    "server": openai.InternalServerError,
    "timeout": openai.InternalServerError,
    "network": openai.InternalServerError,
    "malformed": openai.InternalServerError,
    "truncated": openai.InternalServerError,
    "cancelled": openai.APIStatusError,
    "unknown": openai.InternalServerError,
}


@pytest.mark.parametrize("kind", get_args(FailureKind))
@pytest.mark.parametrize("status", [None, 400, 401, 402, 404, 413, 429, 500, 503, 529])
def test_the_official_client_raises_the_class_of_the_failure(kind: FailureKind, status: int | None) -> None:
    failure = Failure(kind=kind, message="m", status=status, native={"from": "upstream"})
    answer, body = encode_openai_error(failure)
    error = raised_by_the_client(answer, body)
    assert type(error) is CLASSES[kind] or (kind == "too_large" and type(error) is openai.BadRequestError)
    assert error.body == body["error"]
    assert error.code is None or isinstance(error.code, str)


def raised_by_the_client(status: int, body: dict[str, Any]) -> openai.APIStatusError:
    client = openai.OpenAI(api_key="k", base_url="http://localhost/v1")
    request = httpx2.Request("POST", "http://localhost/v1/responses")
    error = client._make_status_error_from_response(httpx2.Response(status, json=body, request=request))
    assert isinstance(error, openai.APIStatusError)
    return error


WORDS: dict[str, tuple[Failure, int, str | None, str]] = {
    "a vendor's word for the context window": (
        Failure(kind="context_length", message="m", code="exceed", status=413, native={"a": 1}),
        400,
        "context_length_exceeded",
        "invalid_request_error",
    ),
    "a class without a code": (
        Failure(kind="context_length", message="m"),
        400,
        "context_length_exceeded",
        "invalid_request_error",
    ),
    "Azure's unknown deployment": (
        Failure(kind="not_found", message="m", code="DeploymentNotFound", status=404, native={"a": 1}),
        404,
        "model_not_found",
        "invalid_request_error",
    ),
    "an unknown response": (
        Failure(kind="not_found", message="m", code="previous_response_not_found", status=400, native={"a": 1}),
        404,
        "previous_response_not_found",
        "invalid_request_error",
    ),
    "a provider's exhausted quota": (
        Failure(kind="quota", message="m", status=402, code="billing_hard_limit_reached", native={"a": 1}),
        429,
        "billing_hard_limit_reached",
        "insufficient_quota",
    ),
    "our own exhausted budget": (
        Failure(kind="quota", message="m", status=402, code="budget_exceeded"),
        402,
        "budget_exceeded",
        "insufficient_quota",
    ),
    "OpenAI's rate limit on tokens": (
        Failure(kind="rate_limit", message="m", type="tokens"),
        429,
        "rate_limit_exceeded",
        "tokens",
    ),
    "Anthropic's overload": (
        Failure(kind="overloaded", message="m", status=529, type="overloaded_error", native={"a": 1}),
        503,
        "server_is_overloaded",
        "server_error",
    ),
    "a bad request": (Failure(kind="bad_request", message="m"), 400, None, "invalid_request_error"),
}


@pytest.mark.parametrize("name", WORDS)
def test_the_body_speaks_openais_words(name: str) -> None:
    failure, status, code, word = WORDS[name]
    assert encode_openai_error(failure)[0] == status
    error = openai_error_object(failure)
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], error["type"]) == (code, word)
