"""`/v1/messages` with the client `anthropic`."""

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import anthropic

from tests.contract.matrix.doors.door import Answer, Called, Client, Door, History, Wants

_FINISH = {"end_turn": "stop", "tool_use": "tool_calls", "max_tokens": "length"}
# Which field of a block a delta belongs to.
_DELTA_FIELDS = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}


class MessagesDoor(Door):
    name = "messages"
    errors = MappingProxyType(
        {
            400: anthropic.BadRequestError,
            401: anthropic.AuthenticationError,
            403: anthropic.PermissionDeniedError,
            404: anthropic.NotFoundError,
            413: anthropic.ContentTooLargeError,
            429: anthropic.RateLimitError,
            500: anthropic.InternalServerError,
            503: anthropic.InternalServerError,  # the base of OverloadedError and ServiceUnavailableError
        }
    )
    stream_error = anthropic.APIStatusError

    def client(self, url: str, key: str) -> Client:
        return anthropic.Anthropic(base_url=url, api_key=key, max_retries=0, timeout=20)

    def async_client(self, url: str, key: str) -> Client:
        return anthropic.AsyncAnthropic(base_url=url, api_key=key, max_retries=0, timeout=20)

    def create(self, client: Client) -> Any:
        return client.messages.with_raw_response.create

    def stream(self, client: Client) -> Any:
        return functools.partial(client.messages.create, stream=True)

    def request(self, model: str, history: History, wants: Wants) -> dict[str, Any]:
        asked: dict[str, Any] = {"model": model, "messages": history, "max_tokens": 4000, "extra_body": wants.extra}
        if wants.tools:
            asked["tools"] = [{"name": tool.name, "input_schema": tool.parameters} for tool in wants.tools]
        if wants.schema is not None:
            asked["output_config"] = {"format": {"type": "json_schema", "schema": wants.schema}}
        if wants.think:
            asked["thinking"] = {"type": "enabled", "budget_tokens": 1024}
        return asked

    def read(self, given: Any) -> Answer:
        return self._read(given.parse(), given.headers)

    async def aread(self, given: Any) -> Answer:
        return self._read(await given.parse(), given.headers)

    def _read(self, message: Any, headers: Mapping[str, str]) -> Answer:
        blocks = [block.to_dict() for block in message.content]
        usage = message.usage
        return _answer(blocks, message.stop_reason, usage.input_tokens, usage.output_tokens, dict(headers))

    def gather(self, chunks: Iterable[Any]) -> Answer:
        blocks: list[dict[str, Any]] = []
        written: dict[int, str] = {}
        finish, asked, said = "", 0, 0
        for event in chunks:
            match event.type:
                case "message_start":
                    asked = event.message.usage.input_tokens
                case "content_block_start":
                    blocks.append(event.content_block.to_dict())
                case "content_block_delta" if event.delta.type == "input_json_delta":
                    written[event.index] = written.get(event.index, "") + event.delta.partial_json
                case "content_block_delta" if event.delta.type in _DELTA_FIELDS:
                    field = _DELTA_FIELDS[event.delta.type]
                    blocks[event.index][field] = blocks[event.index].get(field, "") + getattr(event.delta, field)
                case "message_delta":
                    finish, said = event.delta.stop_reason, event.usage.output_tokens
                    asked = event.usage.input_tokens or asked
        for index, text in written.items():
            blocks[index]["input"] = json.loads(text or "{}")
        return _answer(blocks, finish, asked, said, {})

    def text_of(self, chunk: Any) -> str:
        return chunk.delta.text if chunk.type == "content_block_delta" and chunk.delta.type == "text_delta" else ""

    def user(self, text: str, png: str | None = None) -> History:
        if png is None:
            return [{"role": "user", "content": text}]
        image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": png}}
        return [{"role": "user", "content": [{"type": "text", "text": text}, image]}]

    def results(self, calls: Sequence[Called], texts: Sequence[str]) -> History:
        content = [
            {"type": "tool_result", "tool_use_id": call.id, "content": text}
            for call, text in zip(calls, texts, strict=True)
        ]
        return [{"role": "user", "content": content}]


def _answer(
    blocks: list[dict[str, Any]], stop_reason: str, input_tokens: int, output_tokens: int, headers: dict[str, str]
) -> Answer:
    return Answer(
        text="".join(block["text"] for block in blocks if block["type"] == "text"),
        thought="".join(block["thinking"] for block in blocks if block["type"] == "thinking"),
        calls=tuple(Called(b["id"], b["name"], b["input"]) for b in blocks if b["type"] == "tool_use"),
        finish=_FINISH.get(stop_reason, stop_reason),
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        turn=[{"role": "assistant", "content": blocks}],
        headers=headers,
    )
