"""The opaque state of another dialect's thoughts, in the one field that callers of this dialect send back unread.

Claude refuses to go on with a tool loop whose thinking comes back without its signature. A Responses caller has no
field for that, but `encrypted_content`, which every client keeps: so it holds the signature, and whose it is.
"""

import base64
import binascii
from typing import get_args

import msgspec

from openclaw.calls import DialectName, Reasoning

_PREFIX = "openclaw-1."
_DIALECTS = frozenset(get_args(DialectName))


class _State(msgspec.Struct, array_like=True):
    dialect: str
    signature: str | None
    encrypted: str | None


def seal(part: Reasoning) -> str | None:
    """None for a thought without opaque state, or whose maker is not known."""
    if part.dialect not in _DIALECTS or (part.signature is None and part.encrypted is None):
        return None
    state = msgspec.json.encode(_State(part.dialect, part.signature, part.encrypted))
    return _PREFIX + base64.urlsafe_b64encode(state).decode()


def is_sealed(encrypted: str) -> bool:
    """Whether an `encrypted_content` was made here, not at OpenAI."""
    return encrypted.startswith(_PREFIX)


def unseal(encrypted: str, text: str) -> Reasoning:
    """The thought with its state; without it where somebody changed the seal."""
    try:
        raw = base64.urlsafe_b64decode(encrypted.removeprefix(_PREFIX).encode())
        state = msgspec.json.decode(raw, type=_State)
    except (UnicodeEncodeError, UnicodeDecodeError, binascii.Error, msgspec.DecodeError):
        return Reasoning(text)
    return Reasoning(text, state.signature, state.encrypted, dialect=state.dialect)
