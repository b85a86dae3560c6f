"""Ledger entries as rows."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import structs

from openclaw.budget.ledger import Draw, Entry
from openclaw.budget.windows import LIFETIME, Calendar, Window

COLUMNS: tuple[str, ...] = Entry.__struct_fields__
"""A table's columns are the fields of the entry, in their order; draws and tags are JSON."""

NAMES = ", ".join(f'"{name}"' for name in COLUMNS)  # `key` and `user` are words of SQL

_NUMBERS = tuple(name for name in COLUMNS if name.endswith(("_tokens", "_nanousd", "_unix_ms", "tool_calls")))
_TAGS, _DRAWS = COLUMNS.index("tags"), COLUMNS.index("draws")

# Account, amount, and the window's fields where it is not a lifetime: most of a row would be their names otherwise.
_Drawn = tuple[str, int] | tuple[str, int, int, Calendar | None, str]
_encode = msgspec.json.Encoder().encode
_decode_draws = msgspec.json.Decoder(list[list[Any]]).decode
_decode_tags = msgspec.json.Decoder(tuple[str, ...]).decode


AMOUNT_MAX = 10**16
"""No attempt spends so many tokens or nano-dollars (ten million dollars); hundreds of these still fit into 64 bits."""


def sane(entry: Entry) -> Entry:
    """The entry without numbers that no column holds: what a provider says that it used is not ours to trust, and one
    such entry would keep all that are booked with it out of the ledger."""
    wrong: dict[str, Any] = {}
    for name in _NUMBERS:
        value = getattr(entry, name)
        if value is not None and not 0 <= value <= AMOUNT_MAX:
            wrong[name] = _within(value)
    for draw in entry.draws:
        if not 0 <= draw.amount <= AMOUNT_MAX:
            wrong["draws"] = tuple(structs.replace(draw, amount=_within(draw.amount)) for draw in entry.draws)
            break
    return structs.replace(entry, **wrong) if wrong else entry


def _within(amount: int) -> int:
    return min(max(amount, 0), AMOUNT_MAX)


def entry_row(entry: Entry) -> tuple[Any, ...]:
    row = [getattr(entry, name) for name in COLUMNS]
    row[_TAGS] = _encode(entry.tags).decode()
    row[_DRAWS] = _encode([_drawn(draw) for draw in entry.draws]).decode()
    return tuple(row)


def row_entry(row: Sequence[Any]) -> Entry:
    values = dict(zip(COLUMNS, row, strict=True))
    values["tags"] = _decode_tags(values["tags"])
    values["draws"] = draws_of(values["draws"])
    return Entry(**values)


def draws_of(text: str) -> tuple[Draw, ...]:
    return tuple(
        Draw(item[0], item[1], Window(*item[2:]) if len(item) > 2 else LIFETIME) for item in _decode_draws(text)
    )


def _drawn(draw: Draw) -> _Drawn:
    window = draw.window
    if window == LIFETIME:
        return draw.account_id, draw.amount
    return draw.account_id, draw.amount, window.rolling_s, window.unit, window.timezone
