"""Change a client's configuration file as text: what is not ours stays in it byte for byte, comments included.

Every edit is checked: what the new text means must be what the old one meant with the settings merged in, else the file
is left to its owner. So the editor of a format may be simple and give up on what it does not know. That is why there is
no library for this: tomlkit and ruamel.yaml would replace a quarter of these lines and be two more dependencies of a
process that holds keys, ruamel.yaml lays lists out anew, and for JSON with comments there is none to speak of.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from openclaw.clients import assigned_text, nested_text
from openclaw.clients.client import FileFormat
from openclaw.clients.text import CannotEdit, DoesNotParse, Path


class Difference(Struct, frozen=True):
    """One change: `add` a member or the first element of a list, `set` a value that is there, `remove` one."""

    kind: Literal["add", "set", "remove"]
    path: Path
    old: Any = None
    new: Any = None


class _Format(Struct, frozen=True):
    parse: Callable[[str], Any]
    add: Callable[[str, Path, Any], str]
    set: Callable[[str, Path, Any], str]
    remove: Callable[[str, Path], str] | None = None


_FORMATS: Mapping[FileFormat, _Format] = {
    "json": _Format(nested_text.parse_json, nested_text.add_json, nested_text.set_json),
    "yaml": _Format(nested_text.parse_yaml, nested_text.add_yaml, nested_text.set_yaml),
    "toml": _Format(
        assigned_text.parse_toml, assigned_text.add_toml, assigned_text.set_toml, assigned_text.remove_toml
    ),
    "env": _Format(assigned_text.parse_env, assigned_text.add_env, assigned_text.set_env),
}


def parse(text: str, file_format: FileFormat) -> Any:
    """What the text means, None for one without a value. Raises `DoesNotParse`."""
    return _parsed(text, _FORMATS[file_format])


def edit(text: str, file_format: FileFormat, settings: Any, same: Sequence[str] = ()) -> str:
    """The text with the settings merged in, and nothing else changed. Line ends stay what they are.

    Raises `DoesNotParse`, and `CannotEdit` where that cannot be done without touching something else.
    """
    form = _FORMATS[file_format]
    windows = "\r\n" in text and text.count("\r\n") == text.count("\n")
    edited = text.replace("\r\n", "\n") if windows else text
    old = _parsed(edited, form)
    try:
        wanted = merged(old, settings, same)
        # Additions go to the top of what holds them: from the last to the first they end up in their order.
        for change in reversed(list(differences(old, wanted))):
            edited = _apply(edited, form, change)
        same_otherwise = _means(edited, form, wanted)
    except RecursionError:  # a YAML mapping may hold itself
        same_otherwise = False
    if not same_otherwise:
        raise CannotEdit("it is written in a way that cannot be changed here")
    return edited.replace("\n", "\r\n") if windows else edited


def _parsed(text: str, form: _Format) -> Any:
    try:
        return form.parse(text)
    except RecursionError:
        raise DoesNotParse("nested too deeply") from None


def _apply(text: str, form: _Format, change: Difference) -> str:
    if change.kind == "add":
        return form.add(text, change.path, change.new)
    if change.kind == "set":
        return form.set(text, change.path, change.new)
    if form.remove is None:
        raise CannotEdit(f"{change.path[-1]} cannot be taken out here")
    return form.remove(text, change.path)


def _means(text: str, form: _Format, wanted: Any) -> bool:
    try:
        return bool(_parsed(text, form) == wanted)
    except DoesNotParse:
        return False


# --- what changes -----------------------------------------------------------------------------------------------


def merged(old: Any, wanted: Any, same: Sequence[str] = ()) -> Any:
    """`old` with `wanted` in it, neither changed.

    None in a mapping takes that member out. An element of a list is merged into the one that agrees in the fields
    `same`, else it is new and comes first, where clients look for their default. Raises `CannotEdit` where `old` has
    another shape.
    """
    if isinstance(wanted, Mapping):
        members = dict(_shaped(old, dict))
        for name, value in wanted.items():
            if value is None:
                members.pop(name, None)
            else:
                members[name] = merged(members.get(name), value, same)
        return members
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        elements = list(_shaped(old, list))
        for element in wanted:
            at = next((i for i, there in enumerate(elements) if _agree(there, element, same)), None)
            if at is None:
                elements.insert(0, element)
            else:
                elements[at] = merged(elements[at], element, same)
        return elements
    if isinstance(old, dict | list):
        raise CannotEdit(f"a plain value is expected in place of a {type(old).__name__}")
    return wanted


def _shaped(old: Any, shape: type) -> Any:
    if old is None:
        return shape()
    if not isinstance(old, shape):
        raise CannotEdit(f"a {shape.__name__} is expected, and something else is there")
    return old


def _agree(there: Any, element: Mapping[str, Any], same: Sequence[str]) -> bool:
    return isinstance(there, dict) and all(there.get(name) == element[name] for name in same)


def differences(old: Any, new: Any, path: Path = ()) -> Iterator[Difference]:
    """What makes `new` of `old`, where `new` was merged from it: elements are added at the start of a list only.

    Places in a list are those in `old`. A root that is not there is an empty one.
    """
    if old is None and not path:
        old = type(new)()
    if isinstance(old, dict) and isinstance(new, dict):
        for name in {**new, **old}:
            if name not in new:
                yield Difference("remove", (*path, name), old=old[name])
            elif name not in old:
                yield Difference("add", (*path, name), new=new[name])
            else:
                yield from differences(old[name], new[name], (*path, name))
    elif isinstance(old, list) and isinstance(new, list):
        more = len(new) - len(old)
        yield from (Difference("add", (*path, 0), new=element) for element in new[:more])
        for at, element in enumerate(old):
            yield from differences(element, new[more + at], (*path, at))
    elif old != new:
        yield Difference("set", path, old=old, new=new)
