"""Gemini's JSON as it is spelled on the wire.

Google's servers take every field in camelCase and in snake_case (proto3 JSON mapping), and clients mix the two in one
request. A decoder reads both; what was spelled in snake_case it notes as `~name`, so that its own encoder writes it
so again.
"""

import re
from collections.abc import Iterable

from openclaw.calls import JsonObject
from openclaw.dialects.fields import Fields

_NAMES = (
    "allowedFunctionNames",
    "candidateCount",
    "codeExecutionResult",
    "executableCode",
    "fileData",
    "fileUri",
    "frequencyPenalty",
    "functionCall",
    "functionCallingConfig",
    "functionDeclarations",
    "functionResponse",
    "generationConfig",
    "includeThoughts",
    "inlineData",
    "maxOutputTokens",
    "mimeType",
    "parametersJsonSchema",
    "presencePenalty",
    "responseJsonSchema",
    "responseLogprobs",
    "responseMimeType",
    "responseModalities",
    "responseSchema",
    "serviceTier",
    "stopSequences",
    "systemInstruction",
    "thinkingBudget",
    "thinkingConfig",
    "thinkingLevel",
    "thoughtSignature",
    "toolCall",
    "toolConfig",
    "toolResponse",
    "topK",
    "topP",
)
_SNAKE = {name: re.sub(r"[A-Z]", lambda match: "_" + match.group().lower(), name) for name in _NAMES}


def spelled(name: str, notes: Iterable[str]) -> str:
    """The key under which the caller wrote the field."""
    return _SNAKE[name] if "~" + name in notes else name


class Reader(Fields):
    """`Fields` in either spelling: `key` gives the one that is there and notes it."""

    __slots__ = ("notes",)

    def __init__(self, value: object, path: str = "") -> None:
        super().__init__(value, path)
        self.notes: list[str] = []

    def key(self, name: str) -> str:
        if name in self._rest:
            return name
        snake = _SNAKE.get(name)
        if snake is None or snake not in self._rest:
            return name
        self.notes.append("~" + name)
        return snake

    def holds(self, name: str) -> bool:
        """Whether the field has a value, in either spelling. A null is left for `rest`: it means absent here."""
        value = self._rest.get(name, self._rest.get(_SNAKE.get(name, name)))
        return value is not None


def flat(outer: str, rest: JsonObject) -> JsonObject:
    """Fields of a nested object that were not read, under dotted keys: `extra` is one level deep."""
    return {f"{outer}.{key}": value for key, value in rest.items()}


def merge_extra(body: JsonObject, extra: JsonObject, objects: dict[str, JsonObject]) -> None:
    """Write back what `flat` kept: dotted keys into the nested `objects`, the others into `body`."""
    for key, value in extra.items():
        outer, dot, inner = key.partition(".")
        target = objects.get(outer) if dot else None
        if target is None:
            body[key] = value
        else:
            target[inner] = value
