"""Ids of end users, where the target takes shorter ones than the caller's dialect."""

import hashlib

from openclaw.dialects.losses import Losses

# OpenAI answers `string_above_max_length` for a longer `user`; other vendors that speak its dialects stop at 128
# characters. Claude Code sends JSON of about 190 as Anthropic's `metadata.user_id`.
CHARS_MAX = 64


def short_user(user: str, losses: Losses) -> str:
    """The id as OpenAI takes it. A longer one becomes its SHA-256 in hexadecimal (64 characters): still the same for
    the same user, which is all that a provider wants of it."""
    if len(user) <= CHARS_MAX:
        return user
    losses.add("user", f"longer than {CHARS_MAX} characters so sent as its hash")
    return hashlib.sha256(user.encode("utf-8", "surrogatepass")).hexdigest()
