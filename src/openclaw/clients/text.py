"""What the editors of all formats share: their errors, and paths."""

from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Names of members and places in lists, from the root."""


class DoesNotParse(Exception):
    """The text is not of its format. The message says where and why, without what stands there: it may be a secret."""


class CannotEdit(Exception):
    """The change cannot be made in this text without touching what is not ours."""


def indented(text: str, indent: str) -> str:
    """Every line but the first further in."""
    return text.replace("\n", "\n" + indent)
