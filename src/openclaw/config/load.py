"""From a YAML file to `Config`: strict, with the line of every mistake and a suggestion for a mistyped key.

Secrets are references in the file, `${env:NAME}` and `${file:PATH}`, and are resolved here; nothing else reads the
environment or a file on behalf of the configuration.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import yaml

from openclaw.config.declared import Config
from openclaw.config.errors import ConfigError, Problem

_REFERENCE = re.compile(r"\$\{(\w+):([^}]*)\}")


def load(path: Path, env: Mapping[str, str]) -> Config:
    """Read and check a file. Raises `ConfigError`."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigError(str(path), [Problem(f"cannot be read: {reason}")]) from error
    return loads(text, str(path), env, path.parent)


def loads(text: str, file: str, env: Mapping[str, str], folder: Path) -> Config:
    """Check a configuration text. `folder` is what relative `${file:...}` paths start from."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        problem = Problem(
            f"not valid YAML: {error.problem or error.context}",
            line=None if mark is None else mark.line + 1,
            column=None if mark is None else mark.column + 1,
        )
        raise ConfigError(file, [problem]) from error
    except yaml.YAMLError as error:
        raise ConfigError(file, [Problem("not valid YAML: it holds characters that YAML does not allow")]) from error
    if root is None:
        return Config()
    reader = _Reader(env, folder)
    value = reader.read(root, Config, "")
    if reader.problems:
        raise ConfigError(file, reader.problems)
    config: Config = msgspec.convert(value, Config)
    return config


class _Reader:
    """Walks the YAML nodes beside the declared types, so that every problem has its place."""

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        self._env = env
        self._folder = folder
        self.problems: list[Problem] = []

    def read(self, node: yaml.Node, wanted: Any, path: str) -> Any:
        options = _options(wanted)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, options, path)
        if isinstance(node, yaml.SequenceNode):
            return self._sequence(node, options, path)
        return self._scalar(node, options, path)

    def _mapping(self, node: yaml.MappingNode, options: list[Any], path: str) -> dict[str, Any]:
        struct = next((o for o in options if isinstance(o, type) and issubclass(o, msgspec.Struct)), None)
        table = next((o for o in options if get_origin(o) is dict), None)
        if struct is None and table is None:
            self._wrong(node, path, options)
            return {}
        hints = get_type_hints(struct) if struct is not None else {}
        value: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else ""
            inner_path = f"{path}.{key}" if path else key
            if key in value:
                self._problem(key_node, inner_path, "this key stands here twice")
            elif struct is not None and key not in hints:
                self._problem(key_node, inner_path, f"unknown key{_did_you_mean(key, hints)}")
            else:
                value[key] = self.read(value_node, hints[key] if struct is not None else get_args(table)[1], inner_path)
        if struct is not None:
            for missing in struct.__struct_fields__[: len(struct.__struct_fields__) - len(struct.__struct_defaults__)]:
                if missing not in value:
                    self._problem(node, f"{path}.{missing}" if path else missing, "this key is required")
        return value

    def _sequence(self, node: yaml.SequenceNode, options: list[Any], path: str) -> list[Any]:
        array = next((o for o in options if get_origin(o) is tuple), None)
        if array is None:
            self._wrong(node, path, options)
            return []
        inner = get_args(array)[0]
        return [self.read(item, inner, f"{path}[{i}]") for i, item in enumerate(node.value)]

    def _scalar(self, node: yaml.Node, options: list[Any], path: str) -> Any:
        # Keys such as an API key of digits or a model named "1.5" are texts wherever a text is wanted.
        if str in options and node.tag != "tag:yaml.org,2002:null":
            return self._resolve(node, path, str(node.value))
        value = yaml.SafeLoader("").construct_object(node)
        if value is None and NoneType in options:
            return None
        choices = [choice for o in options if get_origin(o) is Literal for choice in get_args(o)]
        if choices:
            if value in choices:
                return value
            names = ", ".join(map(str, choices))
            self._problem(node, path, f"must be one of {names}{_did_you_mean(str(value), choices)}")
            return value
        if type(value) in options or (type(value) is int and float in options):
            return value
        if isinstance(value, str) and any(get_origin(o) is tuple for o in options):
            # One item where a list may stand: `discover: local`.
            inner = next(get_args(o)[0] for o in options if get_origin(o) is tuple)
            return [self._scalar(node, _options(inner), path)]
        self._wrong(node, path, options)
        return value

    def _resolve(self, node: yaml.Node, path: str, text: str) -> str:
        def replace(match: re.Match[str]) -> str:
            kind, name = match.groups()
            if kind == "env":
                found = self._env.get(name)
                if found is None:
                    self._problem(node, path, f"the environment variable {name} is not set")
                return found or ""
            if kind == "file":
                try:
                    return (self._folder / name).read_text("utf-8").strip()
                except (OSError, UnicodeDecodeError):
                    self._problem(node, path, f"the file {name} cannot be read")
                    return ""
            self._problem(node, path, f"unknown reference '{kind}': use ${{env:NAME}} or ${{file:PATH}}")
            return ""

        return _REFERENCE.sub(replace, text)

    def _wrong(self, node: yaml.Node, path: str, options: list[Any]) -> None:
        wanted = " or ".join(dict.fromkeys(_name(option) for option in options if option is not NoneType))
        self._problem(node, path, f"must be {wanted}")

    def _problem(self, node: yaml.Node, path: str, message: str) -> None:
        mark = node.start_mark
        self.problems.append(Problem(message, path, mark.line + 1, mark.column + 1))


def _options(wanted: Any) -> list[Any]:
    if get_origin(wanted) in (Union, UnionType):
        return list(get_args(wanted))
    return [wanted]


def _name(option: Any) -> str:
    if isinstance(option, type) and issubclass(option, msgspec.Struct):
        return "a mapping with the keys " + ", ".join(option.__struct_fields__)
    if get_origin(option) is dict:
        return "a mapping"
    if get_origin(option) is tuple:
        return "a list"
    return {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}.get(option, str(option))


def _did_you_mean(key: str, known: Iterable[Any]) -> str:
    near = difflib.get_close_matches(key, [str(name) for name in known], n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else f" (known here: {', '.join(map(str, known))})"
