"""Counting tokens before a call: what a provider is asked, and when the gateway answers itself."""

from collections.abc import Mapping
from typing import Any

import pytest

from openclaw.dialects import counting
from openclaw.dialects.jsontext import encode, parse
from openclaw.gateway.counting import TokenCounts
from openclaw.gateway.model_calls import UrlFields
from openclaw.gateway.operation import AnswerFailed, NoRequest, Stamp, Written
from openclaw.providers.credentials import static_credential
from openclaw.providers.provider import Provider
from openclaw.providers.registry import kind_named
from openclaw.routing.target import Target

HELLO = [{"role": "user", "content": "What is the capital of France?"}]
CONTENTS = [{"role": "user", "parts": [{"text": "What is the capital of France?"}]}]
OPERATIONS: Mapping[str, TokenCounts] = {
    "anthropic": TokenCounts(counting.MESSAGES),
    "google": TokenCounts(counting.GEMINI).at(UrlFields("alias", stream=False)),
    "openai": TokenCounts(counting.RESPONSES),
}
STAMP = Stamp("call_1", 1_700_000_000)


def target(kind: str, model: str = "theirs") -> Target:
    credential = static_credential("none", None)
    return Target(Provider(name="p", kind=kind_named(kind), base_url="http://p", credential=credential), model)


def written(kind: str, body: dict[str, Any]) -> Written:
    operation, raw = OPERATIONS[kind], encode(body)
    return operation.write(operation.read(raw, body), raw, target(kind))


@pytest.mark.parametrize(
    ("kind", "body", "path", "asked"),
    [
        (
            "anthropic",
            {"model": "alias", "messages": HELLO, "new_field": 1, "provider": {"only": ["p"]}},
            "/v1/messages/count_tokens",
            {"model": "theirs", "messages": HELLO, "new_field": 1},
        ),
        ("google", {"contents": CONTENTS}, "/models/theirs:countTokens", {"contents": CONTENTS}),
        (
            "google",
            {"generateContentRequest": {"model": "models/alias", "contents": CONTENTS}},
            "/models/theirs:countTokens",
            {"generateContentRequest": {"model": "models/theirs", "contents": CONTENTS}},
        ),
        (
            "openai",
            {"model": "alias", "input": "hi", "store": True, "stream": True},
            "/responses/input_tokens",
            {"model": "theirs", "input": "hi"},
        ),
    ],
)
def test_a_provider_with_the_same_call_is_asked(
    kind: str, body: dict[str, Any], path: str, asked: dict[str, Any]
) -> None:
    request = written(kind, body)
    assert (request.path, parse(request.body), request.degraded) == (path, asked, ())


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        ("anthropic", {"input_tokens": 14}),
        ("google", {"totalTokens": 8, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 8}]}),
        ("openai", {"object": "response.input_tokens", "input_tokens": 13}),
    ],
)
def test_its_number_passes(kind: str, count: dict[str, Any]) -> None:
    body = {"contents": CONTENTS} if kind == "google" else {"model": "alias", "messages": HELLO, "input": "hi"}
    operation, request = OPERATIONS[kind], written(kind, body)
    call = operation.read(encode(body), body)
    answer = operation.answer(call, request, target(kind), encode(count), STAMP)
    assert (parse(answer.body), answer.degraded) == (count, ())
    for other in (b"<html>", b"[]", b"{}", b'{"input_tokens": "14", "totalTokens": "8"}'):
        with pytest.raises(AnswerFailed):
            operation.answer(call, request, target(kind), other, STAMP)


@pytest.mark.parametrize("kind", ["groq", "bedrock", "ollama", "google"])
def test_any_other_target_is_estimated_for_and_said_so(kind: str) -> None:
    operation, body = OPERATIONS["anthropic"], {"model": "alias", "messages": HELLO}
    call = operation.read(encode(body), body)
    with pytest.raises(NoRequest):
        operation.write(call, encode(body), target(kind))
    answer = operation.instead(call, target(kind, "claude-haiku-4-5"))
    assert answer is not None
    assert parse(answer.body) == {"input_tokens": 14}, "what Anthropic counts"
    assert answer.degraded == ("input_tokens: estimated",)
