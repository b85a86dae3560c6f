"""Reprs that may stand in a log or a traceback: values that can be secret are masked."""

from typing import Any

from msgspec import Struct

MASK = "***"


class _Masked:
    def __repr__(self) -> str:
        return MASK


def masked_fields(struct: Struct, *secret: str) -> list[tuple[str, Any]]:
    """The fields and their values; a secret one that is not empty shows as `***`."""
    fields = [(name, getattr(struct, name)) for name in struct.__struct_fields__]
    return [(name, _Masked() if name in secret and value else value) for name, value in fields]


def masked_repr(struct: Struct, *secret: str) -> str:
    shown = ", ".join(f"{name}={value!r}" for name, value in masked_fields(struct, *secret))
    return f"{type(struct).__name__}({shown})"
