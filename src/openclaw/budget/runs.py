"""Which run a call belongs to.

Every caller has runs, also one who never heard of them. The first that is there tells:

    x-openclaw-run (with x-openclaw-parent-run, x-openclaw-step)    the caller's own word
    session_id in the body, x-session-id                            OpenRouter's
    session-id, thread-id, x-claude-code-session-id, mcp-session-id what agents and tool servers send
    metadata: run_id, session_id, thread_id, conversation_id,       agents' frameworks, A2A (contextId), and the session
              context_id, contextId, user_id                        inside Claude Code's user_id
    prompt_cache_key                                                Codex's thread
    traceparent                                                     the trace, W3C
    the conversation's beginning                                    system prompt and first message

A run's name is its key's: two keys with the same session are two runs.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from openclaw.calls import Call, JsonObject, Message, Part, Text

RUN_CHARS_MAX = 128
_PREFIX_CHARS = 4096  # of each text: enough to tell conversations apart, and cheap

_SESSION_HEADERS = (
    b"x-session-id",
    b"session-id",
    b"session_id",
    b"thread-id",
    b"x-claude-code-session-id",
    b"mcp-session-id",
)
_METADATA = ("run_id", "session_id", "thread_id", "conversation_id", "context_id", "contextId")
# 00-TRACE-SPAN-FLAGS: https://www.w3.org/TR/trace-context/#traceparent-header
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
# Claude Code writes user_ACCOUNT_account_..._session_UUID, and since 2.1 a JSON object with `session_id`.
_CLAUDE_SESSION = re.compile(r"_session_([0-9a-f-]{36})\Z")
_UNFIT = re.compile(r"[^\x21-\x7e]")


class RunIdentity(Struct, frozen=True):
    """`run` and `parent` are ids within the caller's key; `step` is the caller's word for this call; `source` is where
    the run's id was found."""

    run: str
    parent: str | None = None
    step: str | None = None
    source: str = ""


class BadRunHeader(Exception):
    """A header that names a run and cannot; `header` is its name."""

    def __init__(self, header: str) -> None:
        super().__init__(f"'{header}' must be 1 to {RUN_CHARS_MAX} printable ASCII characters")
        self.header = header


def identify_run(headers: Mapping[bytes, bytes], request: Any) -> RunIdentity:
    """The run of a request. `headers` have lower-case names; `request` is a decoded call of any kind.

    Raises `BadRunHeader` for OpenClaw's own headers; what others send and cannot be a name is passed over.
    """
    parent, step = _own(headers, b"x-openclaw-parent-run"), _own(headers, b"x-openclaw-step")
    own = _own(headers, b"x-openclaw-run")
    if own is not None:
        return RunIdentity(own, parent, step, "x-openclaw-run")
    for source, value in _candidates(headers, request):
        name = _fitting(value)
        if name:
            return RunIdentity(name, parent, step, source)
    return RunIdentity(_prefix_of(request), parent, step, "conversation")


def _own(headers: Mapping[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    if value is None:
        return None
    text = value.decode("latin-1").strip()
    if not text or len(text) > RUN_CHARS_MAX or _UNFIT.search(text):
        raise BadRunHeader(name.decode())
    return text


def _candidates(headers: Mapping[bytes, bytes], request: Any) -> Iterator[tuple[str, Any]]:
    extra: JsonObject = getattr(request, "extra", {})
    yield "session_id", extra.get("session_id")
    for header in _SESSION_HEADERS:
        if header in headers:
            yield header.decode(), headers[header].decode("latin-1")
    for metadata in (getattr(request, "metadata", None), extra.get("client_metadata")):
        if isinstance(metadata, dict):
            yield from ((f"metadata.{name}", metadata.get(name)) for name in _METADATA)
    yield "metadata.user_id", _claude_session(getattr(request, "user", None))
    yield "prompt_cache_key", getattr(request, "prompt_cache_key", None)
    trace = _TRACEPARENT.fullmatch(headers.get(b"traceparent", b""))
    if trace is not None:
        yield "traceparent", trace[1].decode()


def _claude_session(user: Any) -> str | None:
    if not isinstance(user, str):
        return None
    match = _CLAUDE_SESSION.search(user)
    if match is not None:
        return match[1]
    if not user.startswith("{"):
        return None
    try:
        session = msgspec.json.decode(user).get("session_id")
    except (msgspec.DecodeError, AttributeError, UnicodeEncodeError):
        return None
    return session if isinstance(session, str) else None


def _fitting(value: Any) -> str | None:
    """A value as a run's name: as it is where it can be one, else as its digest."""
    if not isinstance(value, str) or not value.strip():
        return None
    value = value.strip()
    return _digest([value]) if len(value) > RUN_CHARS_MAX or _UNFIT.search(value) else value


def _prefix_of(request: Any) -> str:
    """The digest of what stays the same while a conversation grows."""
    if not isinstance(request, Call):
        return _digest([type(request).__name__, str(getattr(request, "model", ""))])
    return _digest([*_texts(request.instructions), *_first_words(request.messages)])


def _first_words(messages: Sequence[Message]) -> Iterator[str]:
    for message in messages:
        yield message.role
        yield from _texts(message.content)
        if message.role == "user":
            return


def _texts(content: str | tuple[Part, ...] | None) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif content is not None:
        yield from (part.text for part in content if isinstance(part, Text))


def _digest(texts: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(f"{len(text)}:{text[:_PREFIX_CHARS]}".encode("utf-8", "replace"))
    return f"auto-{digest.hexdigest()[:24]}"
