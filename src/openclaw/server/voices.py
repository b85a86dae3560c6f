"""In whose words the gateway speaks to a caller who has not reached a door: by the path, else by the headers."""

import re
from typing import Protocol

from msgspec import Struct

from openclaw.calls import Failure, JsonObject
from openclaw.dialects.chat import Chat
from openclaw.dialects.gemini import Gemini
from openclaw.dialects.messages import Messages
from openclaw.gateway.ports import RawHeaders


class _SaysErrors(Protocol):
    def encode_error(self, failure: Failure) -> tuple[int, JsonObject]: ...


class Voice(Struct, frozen=True):
    """A family of clients. `id_header` is where they look for the id of a call."""

    name: str
    errors: _SaysErrors
    id_header: bytes


OPENAI = Voice("openai", Chat(), b"x-request-id")
ANTHROPIC = Voice("anthropic", Messages(), b"request-id")
GEMINI = Voice("gemini", Gemini(), b"x-request-id")

_ANTHROPIC_PATH = re.compile(r"/v1/messages(/|$)")
_GEMINI_PATH = re.compile(r"/v1beta/|/v1/models/.+:[A-Za-z]+$")


def voice_of(path: str, headers: RawHeaders) -> Voice:
    """The paths of the model list are the same for all three: there the headers of the official clients tell."""
    if _ANTHROPIC_PATH.match(path):
        return ANTHROPIC
    if _GEMINI_PATH.match(path):
        return GEMINI
    names = {name for name, _ in headers}
    if b"anthropic-version" in names:
        return ANTHROPIC
    return GEMINI if b"x-goog-api-key" in names else OPENAI
