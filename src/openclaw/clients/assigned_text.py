"""TOML and files of environment variables as text: `name = value`, each on a line of its own.

TOML's tables are found by their header lines; only strings are written. An environment file is taken as the dotenv
library for Node reads it: a value may be quoted, and a quoted one may span lines.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from openclaw.clients.text import CannotEdit, DoesNotParse, Path

_HEADER = re.compile(r"^[ \t]*\[.*$", re.MULTILINE)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
# A string on one line keeps the note after it; any other value is replaced up to its line's end.
_TOML_VALUE = r"(?:\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[^\n]*)"
_VARIABLE = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?(?P<name>[\w.-]+)[ \t]*=[ \t]*
        (?P<value>"(?:\\.|[^"\\])*"|'[^']*'|`[^`]*`|[^\n\#]*?(?=[ \t]*(?:\#|$)))""",
    re.MULTILINE | re.VERBOSE,
)


# --- TOML -------------------------------------------------------------------------------------------------------


def parse_toml(text: str) -> Any:
    """The root table. Raises `DoesNotParse`."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # Its message names places and single characters only.
        raise DoesNotParse(str(error)) from None


def add_toml(text: str, path: Path, value: Any) -> str:
    """The text with a new string at the top of its table, or a new table at the end."""
    table, name = path[:-1], path[-1]
    region = _region(text, table)
    if isinstance(value, dict) or region is None:
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        new = _tables(path, value) if isinstance(value, dict) else _tables(table, {str(name): value})
        return text + gap + "\n".join(new)
    at = region[0]
    before = "\n" if at > len(text) else ""  # the header is the last line and has no end
    after = "\n" if not table and text.startswith("[") else ""
    return f"{text[:at]}{before}{_line(name, value)}{after}{text[at:]}"


def set_toml(text: str, path: Path, value: Any) -> str:
    """The text with another string in place of what is there. Raises `CannotEdit`."""
    found = _assignment(text, path)
    return text[: found.start(1)] + _line(path[-1], value).removesuffix("\n") + text[found.end(1) :]


def remove_toml(text: str, path: Path) -> str:
    """The text without the line of that name. Raises `CannotEdit`."""
    found = _assignment(text, path)
    newline = text.find("\n", found.end())
    return text[: found.start()] + ("" if newline < 0 else text[newline + 1 :])


def _line(name: str | int, value: Any) -> str:
    return f"{_key(name)} = {json.dumps(value, ensure_ascii=False)}\n"


def _key(name: str | int) -> str:
    return str(name) if _BARE.fullmatch(str(name)) else json.dumps(name, ensure_ascii=False)


def _tables(path: Path, value: dict[str, Any]) -> Iterator[str]:
    """The table's strings under its header, then the tables in it."""
    strings = [_line(name, member) for name, member in value.items() if not isinstance(member, dict)]
    if strings:
        yield f"[{'.'.join(map(_key, path))}]\n{''.join(strings)}"
    for name, member in value.items():
        if isinstance(member, dict):
            yield from _tables((*path, name), member)


def _assignment(text: str, path: Path) -> re.Match[str]:
    region, name = _region(text, path[:-1]), re.escape(str(path[-1]))
    line = re.compile(rf"^[ \t]*((?:{name}|\"{name}\"|'{name}')[ \t]*=[ \t]*{_TOML_VALUE})", re.MULTILINE)
    found = region and line.search(text, *region)
    if not found:
        raise CannotEdit(f"{path[-1]} is not on a line of its own")
    return found


def _region(text: str, table: Path) -> tuple[int, int] | None:
    """From the line behind the table's header to the next header; the root's region is before the first."""
    headers = list(_HEADER.finditer(text))
    starts = [*(header.start() for header in headers), len(text)]
    if not table:
        return 0, starts[0]
    for header, end in zip(headers, starts[1:], strict=True):
        if _names(header[0]) == table:
            return header.end() + 1, end
    return None


def _names(header: str) -> Path | None:
    """The table that a header line opens; None for an array of tables and for what only looks like a header."""
    try:
        data = tomllib.loads(header)
    except tomllib.TOMLDecodeError:
        return None
    names: list[str] = []
    while isinstance(data, dict) and data:
        name, data = next(iter(data.items()))
        names.append(name)
    return tuple(names) if isinstance(data, dict) else None


# --- environment files ------------------------------------------------------------------------------------------


def parse_env(text: str) -> Any:
    """The variables; of two with one name the last counts. Raises `DoesNotParse`: NUL is in no text."""
    if "\0" in text:
        raise DoesNotParse("it is not a text")
    return {match["name"]: _unquoted(match["value"]) for match in _VARIABLE.finditer(text)}


def add_env(text: str, path: Path, value: Any) -> str:
    """The text with the variable at its top. Raises `CannotEdit` for a value that no quotes can hold."""
    return f"{path[0]}={_quoted(value)}\n{text}"


def set_env(text: str, path: Path, value: Any) -> str:
    """The text with another value for the variable. Raises `CannotEdit` for one that no quotes can hold."""
    found = [match for match in _VARIABLE.finditer(text) if match["name"] == path[0]][-1]
    return text[: found.start("value")] + _quoted(value) + text[found.end("value") :]


def _quoted(value: str) -> str:
    if re.fullmatch(r"[\w./:@+~-]*", value):
        return value
    for quote in ("'", '"', "`"):
        if quote not in value and not (quote == '"' and "\\" in value):
            return f"{quote}{value}{quote}"
    raise CannotEdit("the value holds every kind of quote")


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'`" else value
