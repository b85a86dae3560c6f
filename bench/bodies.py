"""What a caller sends in each dialect: the same prompt, and what every client of that dialect sends with it."""

from collections.abc import Callable, Mapping
from typing import Any

from bench.cases import Dialect

Body = dict[str, Any]

PATHS: Mapping[Dialect, str] = {
    "chat": "/v1/chat/completions",
    "messages": "/v1/messages",
    "responses": "/v1/responses",
    "gemini": "/v1beta/models/{model}:{verb}",
}
_VERBS = {False: "generateContent", True: "streamGenerateContent?alt=sse"}

_SYSTEM = "You are helpful."
_TEMPERATURE = 0.7


def path(template: str, model: str, *, stream: bool) -> str:
    """A path of `PATHS`, or of a gateway that has others, for one request."""
    return template.format(model=model, verb=_VERBS[stream])


def body(door: Dialect, model: str, prompt_bytes: int, *, stream: bool, store: bool | None = None) -> Body:
    prompt = ("All work and no play makes Jack a dull boy. " * (prompt_bytes // 44 + 1))[:prompt_bytes]
    document = _BODIES[door](model, prompt)
    if stream and door != "gemini":  # which says it in the path
        document["stream"] = True
    if store is not None:
        document["store"] = store
    return document


def _chat(model: str, prompt: str) -> Body:
    messages = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": prompt}]
    return {"model": model, "messages": messages, "temperature": _TEMPERATURE}


def _messages(model: str, prompt: str) -> Body:
    return {
        "model": model,
        "max_tokens": 1024,
        "system": _SYSTEM,
        "messages": [{"role": "user", "content": prompt}],
        "temperature": _TEMPERATURE,
    }


def _responses(model: str, prompt: str) -> Body:
    return {
        "model": model,
        "instructions": _SYSTEM,
        "input": [{"role": "user", "content": prompt}],
        "temperature": _TEMPERATURE,
    }


def _gemini(model: str, prompt: str) -> Body:
    return {
        "contents": [{"parts": [{"text": prompt}], "role": "user"}],
        "systemInstruction": {"parts": [{"text": _SYSTEM}], "role": "user"},
        "generationConfig": {"temperature": _TEMPERATURE},
    }


_BODIES: Mapping[Dialect, Callable[[str, str], Body]] = {
    "chat": _chat,
    "messages": _messages,
    "responses": _responses,
    "gemini": _gemini,
}
