"""`/v1/chat/completions` with the client `openai`."""

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import openai

from tests.contract.matrix.doors.door import Answer, Called, Client, Door, History, Wants

OPENAI_ERRORS: Mapping[int, type[Exception]] = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    413: openai.APIStatusError,  # the client has no class for it
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    503: openai.InternalServerError,
}


class ChatDoor(Door):
    name = "chat"
    errors = OPENAI_ERRORS
    stream_error = openai.APIError

    def client(self, url: str, key: str) -> Client:
        return openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=20)

    def async_client(self, url: str, key: str) -> Client:
        return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=20)

    def create(self, client: Client) -> Any:
        return client.chat.completions.with_raw_response.create

    def stream(self, client: Client) -> Any:
        options = {"include_usage": True}
        return functools.partial(client.chat.completions.create, stream=True, stream_options=options)

    def request(self, model: str, history: History, wants: Wants) -> dict[str, Any]:
        asked: dict[str, Any] = {"model": model, "messages": history, "extra_body": wants.extra}
        if wants.tools:
            functions = [{"name": tool.name, "parameters": tool.parameters} for tool in wants.tools]
            asked["tools"] = [{"type": "function", "function": function} for function in functions]
        if wants.schema is not None:
            schema = {"name": "answer", "schema": wants.schema, "strict": True}
            asked["response_format"] = {"type": "json_schema", "json_schema": schema}
        if wants.think:
            asked["reasoning_effort"] = "low"
        return asked

    def read(self, given: Any) -> Answer:
        reply = given.parse()
        choice = reply.choices[0]
        turn = choice.message.to_dict()
        return _answer(turn, choice.finish_reason, reply.usage, dict(given.headers))

    def gather(self, chunks: Iterable[Any]) -> Answer:
        turn: dict[str, Any] = {"role": "assistant", "content": ""}
        finish, usage = "", None
        for chunk in chunks:
            usage = chunk.usage or usage
            for choice in chunk.choices:
                _add(turn, choice.delta.to_dict())
                finish = choice.finish_reason or finish
        return _answer(turn, finish, usage, {})

    def text_of(self, chunk: Any) -> str:
        return "".join(choice.delta.content or "" for choice in chunk.choices)

    def user(self, text: str, png: str | None = None) -> History:
        if png is None:
            return [{"role": "user", "content": text}]
        image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{png}"}}
        return [{"role": "user", "content": [{"type": "text", "text": text}, image]}]

    def results(self, calls: Sequence[Called], texts: Sequence[str]) -> History:
        return [
            {"role": "tool", "tool_call_id": call.id, "content": text} for call, text in zip(calls, texts, strict=True)
        ]


def _add(turn: dict[str, Any], delta: dict[str, Any]) -> None:
    """Put a delta into the message: texts grow, entries of lists are found by their `index`."""
    for key, value in delta.items():
        if isinstance(value, list):
            entries = turn.setdefault(key, [])
            for entry in value:
                found = next((e for e in entries if e["index"] == entry["index"]), None)
                entries.append(entry) if found is None else _add(found, entry)
        elif isinstance(value, dict):
            _add(turn.setdefault(key, {}), value)
        elif isinstance(value, str) and key in ("content", "arguments", "reasoning_content", "text", "signature"):
            turn[key] = (turn.get(key) or "") + value
        elif value is not None:
            turn[key] = value


def _answer(turn: dict[str, Any], finish: str, usage: Any, headers: dict[str, str]) -> Answer:
    calls = turn.get("tool_calls") or []
    return Answer(
        text=turn.get("content") or "",
        thought=turn.get("reasoning_content") or "",
        calls=tuple(
            Called(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"])) for call in calls
        ),
        finish=finish,
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        turn=[turn],
        headers=headers,
    )
