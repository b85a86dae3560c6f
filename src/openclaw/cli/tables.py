"""Plain text for people: aligned columns, dollars exactly, and no character that a terminal would obey."""

import csv
import io
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from msgspec import Struct

_NANO_PER_USD = 1_000_000_000
_NANO_DIGITS = 9
CUT = "…"
"""Stands in a cell for what was cut."""
_GAP = "  "
_CUT_MIN = 16  # a name that is cut keeps so many characters
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Column(Struct, frozen=True):
    """`cut`: the column that gives way where a terminal is too narrow, and where its cells are cut."""

    title: str
    right: bool = False
    cut: Literal["end", "middle"] | None = None


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]], width: int | None = None) -> str:
    """Lines with the titles first, no wider than `width` as far as one column can give way."""
    cells = [[column.title for column in columns], *([_printable(cell) for cell in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns))]
    place = next((place for place, column in enumerate(columns) if column.cut is not None), None)
    if width is not None and place is not None:
        excess = sum(widths) + len(_GAP) * (len(widths) - 1) - width
        widths[place] = max(min(widths[place], _CUT_MIN), widths[place] - max(0, excess))
    lines = (
        _GAP.join(_aligned(cell, size, column) for cell, size, column in zip(row, widths, columns, strict=True))
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def terminal_width() -> int | None:
    """None where the output is no terminal: nothing is cut then."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _printable(text: str) -> str:
    """Names come from callers too; an escape sequence in one is shown, not obeyed."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _aligned(cell: str, width: int, column: Column) -> str:
    if len(cell) > width:
        after = (width - 1) // 2 if column.cut == "middle" else 0
        cell = cell[: width - 1 - after] + CUT + cell[len(cell) - after :]
    return cell.rjust(width) if column.right else cell.ljust(width)


def dollars(nanousd: int, places: int = 2) -> str:
    """All of it, with at least so many decimals."""
    whole, nano = divmod(abs(nanousd), _NANO_PER_USD)
    digits = f"{nano:0{_NANO_DIGITS}}"
    return f"{'-' if nanousd < 0 else ''}${whole:,}.{digits[: max(places, _places(nanousd))]}"


def _places(nanousd: int) -> int:
    return len(f"{abs(nanousd) % _NANO_PER_USD:0{_NANO_DIGITS}}".rstrip("0"))


def dollar_cells(amounts: Sequence[int | None]) -> list[str]:
    """A column: as many decimals in each as the longest needs. What is not known says so."""
    places = max((_places(amount) for amount in amounts if amount is not None), default=0)
    return ["unknown" if amount is None else dollars(amount, max(2, places)) for amount in amounts]


def known_cost(nanousd: int, unpriced: int) -> int | None:
    """A sum, where anything in it is known: nothing known is not nothing spent."""
    return None if nanousd == 0 and unpriced else nanousd


def count(number: int) -> str:
    return f"{number:,}"


def several(number: int, thing: str, things: str | None = None) -> str:
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def duration(seconds: float) -> str:
    """In its two largest units: `3h 5m`."""
    rest = max(0, round(seconds))
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        number, rest = divmod(rest, size)
        if number or parts or unit == "s":
            parts.append(f"{number}{unit}")
    return " ".join(part for part in parts[:2] if part[0] != "0" or len(parts) == 1)


def csv_text(names: Sequence[str], rows: Iterable[Sequence[Any]], *, head: bool = True) -> str:
    """A text that a spreadsheet would take for a formula begins with an apostrophe, as they show texts themselves."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if head:
        writer.writerow(names)
    writer.writerows([_harmless(value) for value in row] for row in rows)
    return text.getvalue()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
