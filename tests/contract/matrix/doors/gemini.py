"""`/v1beta/models/{model}:generateContent` with the client `google-genai`."""

import base64
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any

import httpx2
from google import genai
from google.genai import types
from google.genai.errors import APIError, ClientError, ServerError

from tests.contract.matrix.doors.door import Answer, Called, Client, Door, History, Wants


def _client(options: types.HttpOptions, key: str) -> genai.Client:
    return genai.Client(api_key=key, vertexai=False, http_options=options)


class GeminiDoor(Door):
    name = "gemini"
    errors = MappingProxyType(
        {
            **dict.fromkeys((400, 401, 403, 404, 413, 429), ClientError),
            **dict.fromkeys((500, 503), ServerError),
        }
    )
    stream_error = APIError

    def client(self, url: str, key: str) -> Client:
        return _client(types.HttpOptions(base_url=url, timeout=20_000), key)

    def async_client(self, url: str, key: str) -> Client:
        # Else it takes aiohttp where that happens to be installed.
        http = httpx2.AsyncClient(timeout=20, limits=httpx2.Limits(max_connections=None))
        return _client(types.HttpOptions(base_url=url, httpx_async_client=http), key).aio

    async def aclose(self, client: Client) -> None:
        await client._api_client._http_options.httpx_async_client.aclose()
        await client.aclose()

    def create(self, client: Client) -> Any:
        return client.models.generate_content

    def stream(self, client: Client) -> Any:
        return client.models.generate_content_stream

    def request(self, model: str, history: History, wants: Wants) -> dict[str, Any]:
        config = types.GenerateContentConfig(
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True)
        )
        if wants.tools:
            functions = [
                types.FunctionDeclaration(name=tool.name, parameters_json_schema=tool.parameters)
                for tool in wants.tools
            ]
            config.tools = [types.Tool(function_declarations=functions)]
        if wants.schema is not None:
            config.response_mime_type = "application/json"
            config.response_json_schema = wants.schema
        if wants.think:
            config.thinking_config = types.ThinkingConfig(include_thoughts=True, thinking_budget=1024)
        if wants.extra:
            config.http_options = types.HttpOptions(extra_body=wants.extra)
        return {"model": f"models/{model}", "contents": history, "config": config}

    def read(self, given: Any) -> Answer:
        return _answer(given, given.candidates[0].content.parts, dict(given.sdk_http_response.headers))

    def gather(self, chunks: Iterable[Any]) -> Answer:
        parts: list[types.Part] = []
        last: Any = None
        for last in chunks:
            parts += _parts(last)
        return _answer(last, parts, {})

    def text_of(self, chunk: Any) -> str:
        return "".join(part.text or "" for part in _parts(chunk) if not part.thought)

    def user(self, text: str, png: str | None = None) -> History:
        parts = [types.Part(text=text)]
        if png is not None:
            parts.append(types.Part.from_bytes(data=base64.b64decode(png), mime_type="image/png"))
        return [types.Content(role="user", parts=parts)]

    def results(self, calls: Sequence[Called], texts: Sequence[str]) -> History:
        answers = [
            types.FunctionResponse(id=call.id, name=call.name, response={"output": text})
            for call, text in zip(calls, texts, strict=True)
        ]
        return [types.Content(role="user", parts=[types.Part(function_response=answer) for answer in answers])]


def _parts(chunk: Any) -> list[types.Part]:
    candidates = chunk.candidates or []
    return [part for candidate in candidates if candidate.content for part in candidate.content.parts or ()]


def _answer(last: Any, parts: list[types.Part], headers: dict[str, str]) -> Answer:
    functions = [part.function_call for part in parts if part.function_call]
    finish = last.candidates[0].finish_reason
    cut = finish == types.FinishReason.MAX_TOKENS
    usage = last.usage_metadata
    return Answer(
        text="".join(part.text or "" for part in parts if not part.thought),
        thought="".join(part.text or "" for part in parts if part.thought),
        calls=tuple(Called(call.id, call.name or "", call.args or {}) for call in functions),
        finish="length" if cut else "tool_calls" if functions else str(finish.value).lower(),
        input_tokens=usage.prompt_token_count,
        output_tokens=(usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
        turn=[types.Content(role="model", parts=parts)],
        headers=headers,
    )
