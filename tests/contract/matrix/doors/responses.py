"""`/v1/responses` with the client `openai`. Histories are sent whole; kept responses have tests of their own."""

import functools
import json
from collections.abc import Iterable, Sequence
from typing import Any

from tests.contract.matrix.doors.chat import ChatDoor
from tests.contract.matrix.doors.door import Answer, Called, Client, History, Wants, only

_ENDS = ("response.completed", "response.incomplete")


class ResponsesDoor(ChatDoor):
    """The client and its errors are those of Chat."""

    name = "responses"

    def create(self, client: Client) -> Any:
        return client.responses.with_raw_response.create

    def stream(self, client: Client) -> Any:
        return functools.partial(client.responses.create, stream=True)

    def request(self, model: str, history: History, wants: Wants) -> dict[str, Any]:
        asked: dict[str, Any] = {"model": model, "input": history, "store": False, "extra_body": wants.extra}
        if wants.tools:
            asked["tools"] = [
                {"type": "function", "name": tool.name, "parameters": tool.parameters, "strict": False}
                for tool in wants.tools
            ]
        if wants.schema is not None:
            wanted = {"type": "json_schema", "name": "answer", "schema": wants.schema, "strict": True}
            asked["text"] = {"format": wanted}
        if wants.think:
            asked["reasoning"] = {"effort": "low", "summary": "auto"}
            asked["include"] = ["reasoning.encrypted_content"]
        return asked

    def read(self, given: Any) -> Answer:
        return _answer(given.parse(), dict(given.headers))

    def gather(self, chunks: Iterable[Any]) -> Answer:
        """What the last event says; its text must be that of the deltas."""
        events = list(chunks)
        answer = _answer(only([event.response for event in events if event.type in _ENDS]), {})
        assert answer.text == "".join(self.text_of(event) for event in events)
        return answer

    def failure(self, chunks: Sequence[Any], error: Exception | None) -> str:
        """This client raises nothing in a stream of responses: the last event says it."""
        assert error is None
        assert chunks[-1].type == "response.failed"
        assert chunks[-1].response.status == "failed"
        message: str = chunks[-1].response.error.message
        return message

    def text_of(self, chunk: Any) -> str:
        return chunk.delta if chunk.type == "response.output_text.delta" else ""

    def user(self, text: str, png: str | None = None) -> History:
        if png is None:
            return [{"role": "user", "content": text}]
        image = {"type": "input_image", "image_url": f"data:image/png;base64,{png}", "detail": "auto"}
        return [{"role": "user", "content": [{"type": "input_text", "text": text}, image]}]

    def results(self, calls: Sequence[Called], texts: Sequence[str]) -> History:
        return [
            {"type": "function_call_output", "call_id": call.id, "output": text}
            for call, text in zip(calls, texts, strict=True)
        ]


def _answer(response: Any, headers: dict[str, str]) -> Answer:
    items = [item for item in response.output if item.type == "function_call"]
    calls = tuple(Called(item.call_id, item.name, json.loads(item.arguments)) for item in items)
    thoughts = [part.text for item in response.output if item.type == "reasoning" for part in item.summary]
    cut = response.status == "incomplete" and response.incomplete_details.reason == "max_output_tokens"
    return Answer(
        text=response.output_text,
        thought="".join(thoughts),
        calls=calls,
        finish="tool_calls" if calls else "length" if cut else "stop" if response.status == "completed" else "",
        input_tokens=response.usage.input_tokens,
        output_tokens=response.usage.output_tokens,
        turn=[item.to_dict() for item in response.output],
        headers=headers,
    )
