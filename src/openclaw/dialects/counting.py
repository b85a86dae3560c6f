"""How the dialects ask for the tokens of a request before it is sent, and how they are told."""

from collections.abc import Callable

from msgspec import Struct

from openclaw.calls import Call, JsonObject
from openclaw.dialects.codec import Codec, InvalidRequest
from openclaw.dialects.fields import Fields
from openclaw.dialects.gemini import Gemini
from openclaw.dialects.jsontext import NotJson, parse
from openclaw.dialects.messages import Messages
from openclaw.dialects.responses import Responses


class Counting(Struct, frozen=True):
    """One dialect's call. `path` is where a provider that speaks the dialect has it, for a model; `read` takes a
    request, with the model where it stands in the path; `body` is a caller's document for a provider's model, without
    what the call does not take; `answer` the document for so many tokens, which stand in its field `total`."""

    codec: Codec
    path: Callable[[str], str]
    read: Callable[[JsonObject, str | None], Call]
    body: Callable[[JsonObject, str], JsonObject]
    answer: Callable[[int], JsonObject]
    total: str

    def is_count(self, body: bytes) -> bool:
        """Whether a provider's answer is one."""
        try:
            document = parse(body)
        except NotJson:
            return False
        return isinstance(document, dict) and type(document.get(self.total)) is int


# --- Anthropic: https://docs.anthropic.com/en/api/messages-count-tokens


def _read_messages(body: JsonObject, model: str | None) -> Call:
    return Messages().decode_request(body, model=model)


# --- Google: https://ai.google.dev/api/tokens


def _read_gemini(body: JsonObject, model: str | None) -> Call:
    """The contents alone, or a whole request of generateContent."""
    whole = Fields(body).object("generateContentRequest")
    if not isinstance(whole, dict):
        return Gemini().decode_request(body, model=model, stream=False)
    try:
        return Gemini().decode_request(
            {key: value for key, value in whole.items() if key != "model"}, model=model, stream=False
        )
    except InvalidRequest as error:
        path = "generateContentRequest" + (f".{error.param}" if error.param else "")
        raise InvalidRequest(path, error.message) from None


def _gemini_body(body: JsonObject, model: str) -> JsonObject:
    """The model stands in the path; a whole request names it once more."""
    whole = body.get("generateContentRequest")
    if not isinstance(whole, dict) or "model" not in whole:
        return body
    return {**body, "generateContentRequest": {**whole, "model": f"models/{model.removeprefix('models/')}"}}


# --- OpenAI: https://platform.openai.com/docs/api-reference/responses/input-tokens

_RESPONSES_FIELDS = frozenset(
    {"model", "input", "instructions", "tools", "tool_choice", "text", "reasoning", "truncation", "parallel_tool_calls"}
)


def _read_responses(body: JsonObject, model: str | None) -> Call:
    return Responses().decode_request(body, model=model, stream=False)


def _responses_body(body: JsonObject, model: str) -> JsonObject:
    return {**{key: value for key, value in body.items() if key in _RESPONSES_FIELDS}, "model": model}


MESSAGES = Counting(
    codec=Messages(),
    path=lambda _: "/v1/messages/count_tokens",
    read=_read_messages,
    body=lambda body, model: {**body, "model": model},
    answer=lambda tokens: {"input_tokens": tokens},
    total="input_tokens",
)
GEMINI = Counting(
    codec=Gemini(),
    path=lambda model: Gemini().path(model, stream=False).removesuffix("generateContent") + "countTokens",
    read=_read_gemini,
    body=_gemini_body,
    answer=lambda tokens: {
        "totalTokens": tokens,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens}],
    },
    total="totalTokens",
)
RESPONSES = Counting(
    codec=Responses(),
    path=lambda _: "/responses/input_tokens",
    read=_read_responses,
    body=_responses_body,
    answer=lambda tokens: {"object": "response.input_tokens", "input_tokens": tokens},
    total="input_tokens",
)
