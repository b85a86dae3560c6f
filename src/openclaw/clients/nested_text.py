"""JSON and YAML as text. PyYAML tells where each value stands: JSON is read as the YAML in braces that it nearly is.

JSON may hold comments and commas after the last member, as the most lenient of these clients (opencode) reads it.
"""

import json
import re
from typing import Any

import yaml

from openclaw.clients.text import CannotEdit, DoesNotParse, Path, indented

_STRING = r'"(?:[^"\\\n]|\\.)*"'
_COMMENT_OR_TAB = re.compile(rf"{_STRING}|//[^\n]*|/\*.*?\*/|\t", re.DOTALL)
_LAST_COMMA = re.compile(rf"{_STRING}|,(?=\s*[\]}}])")
_DEFAULT_INDENT = "  "


def parse_json(text: str) -> Any:
    """The value, None for an empty text. Raises `DoesNotParse`."""
    if not text.strip():
        return None
    try:
        return json.loads(_plain(text))
    except json.JSONDecodeError as error:
        raise DoesNotParse(f"line {error.lineno}, column {error.colno}: {error.msg}") from None


def parse_yaml(text: str) -> Any:
    """The value, None for an empty text. Raises `DoesNotParse`."""
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise DoesNotParse(f"{where}{error.problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: a date that is none
        raise DoesNotParse("it cannot be read") from None


def add_json(text: str, path: Path, value: Any) -> str:
    """The text with a new member, or a new first element. Raises `CannotEdit`."""
    text = text if text.strip() else "{}\n"
    node = _find(_tree(_plain(text)), path[:-1])
    if not isinstance(node, yaml.CollectionNode):
        raise CannotEdit("it holds null where an object is expected")
    return _add_in_brackets(text, node, path[-1], value)


def set_json(text: str, path: Path, value: Any) -> str:
    """The text with another value in place of the one that is there. Raises `CannotEdit`."""
    node = _find(_tree(_plain(text)), path)
    new = json.dumps(value, ensure_ascii=False, indent=_unit(text))
    return _replaced(text, node, indented(new, _line_indent(text, node.start_mark.index)))


def add_yaml(text: str, path: Path, value: Any) -> str:
    """The text with a new member, or a new first element. Raises `CannotEdit`."""
    tree = _tree(text)
    if tree is None:
        gap = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{gap}{_dump(_member(path[-1], value))}\n"
    node = _find(tree, path[:-1])
    if isinstance(node, yaml.CollectionNode) and node.flow_style:
        return _add_in_brackets(text, node, path[-1], value)
    indent = " " * node.start_mark.column
    new = indented(_dump(_member(path[-1], value)), indent)
    at = node.start_mark.index
    line = at - node.start_mark.column
    if text[line:at].strip():  # right behind a dash
        return f"{text[:at]}{new}\n{indent}{text[at:]}"
    line = _above_comments(text, line)
    return f"{text[:line]}{indent}{new}\n{text[line:]}"


def set_yaml(text: str, path: Path, value: Any) -> str:
    """The text with another value in place of the one that is there. Raises `CannotEdit`."""
    tree = _tree(text)
    node = _find(tree, path)
    if isinstance(value, dict | list):  # for a null
        indent = " " * (_find(tree, path[:-1]).start_mark.column + 2)
        return _replaced(text, node, f"\n{indent}{indented(_dump(value), indent)}")
    start, end = node.start_mark.index, node.end_mark.index
    before = " " if text[start - 1 : start] == ":" else ""
    after = "\n" if text[start:end].endswith("\n") else ""  # a text of several lines
    return _replaced(text, node, before + _dump([value]).removeprefix("- ") + after)


# --- finding ----------------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """The same JSON with spaces for comments, tabs and last commas: everything else stays in its place."""

    def blank(match: re.Match[str]) -> str:
        return match[0] if match[0].startswith('"') else re.sub(r"[^\n]", " ", match[0])

    return _LAST_COMMA.sub(blank, _COMMENT_OR_TAB.sub(blank, text))


def _tree(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):  # JSON that is not YAML
        raise CannotEdit("it is written in a way that cannot be changed here") from None


def _find(tree: yaml.Node | None, path: Path) -> yaml.Node:
    """What stands at the path; of several members with one name the last, which is the one that counts."""
    node = tree
    for step in path:
        if isinstance(node, yaml.MappingNode):
            node = next((value for key, value in reversed(node.value) if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
        else:
            node = None
    if node is None:
        raise CannotEdit(f"{'.'.join(map(str, path))} is not where it should be")
    return node


def _line_indent(text: str, at: int) -> str:
    """What the line of that place begins with."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str) -> str:
    """The indent of the first line that has one."""
    found = re.search(r'^([ \t]+)"', text, re.MULTILINE)
    return found[1] if found else _DEFAULT_INDENT


def _above_comments(text: str, line: int) -> int:
    """Before the comment lines right above a line: they speak of what follows."""
    while line:
        above = text.rfind("\n", 0, line - 1) + 1
        if not text[above:line].lstrip().startswith("#"):
            break
        line = above
    return line


# --- writing ----------------------------------------------------------------------------------------------------


def _replaced(text: str, node: yaml.Node, new: str) -> str:
    return text[: node.start_mark.index] + new + text[node.end_mark.index :]


def _add_in_brackets(text: str, node: yaml.Node, step: str | int, value: Any) -> str:
    """Right behind the opening bracket; on a line of its own unless what is there stands on one line."""
    start, end = node.start_mark.index, node.end_mark.index
    name = f"{json.dumps(step, ensure_ascii=False)}: " if isinstance(step, str) else ""
    first = node.value[0] if node.value else None
    if first is None:
        outer = _line_indent(text, start)
        inside = text[start + 1 : end - 1]
        indent, rest = outer + _unit(text), inside if inside.strip() else f"\n{outer}"
    else:
        first_start = (first[0] if isinstance(first, tuple) else first).start_mark.index
        if "\n" not in text[start:first_start]:
            return f"{text[:first_start]}{name}{json.dumps(value, ensure_ascii=False)}, {text[first_start:]}"
        indent, rest = _line_indent(text, first_start), f",{text[start + 1 : end - 1]}"
    new = indented(json.dumps(value, ensure_ascii=False, indent=_unit(text)), indent)
    return f"{text[: start + 1]}\n{indent}{name}{new}{rest}{text[end - 1 :]}"


def _member(step: str | int, value: Any) -> Any:
    return {step: value} if isinstance(step, str) else [value]


def _dump(value: Any) -> str:
    """In lines, without quotes where they are not needed, no line broken."""
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10_000)).removesuffix("\n")
