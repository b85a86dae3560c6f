"""A YAML text as a small tree that remembers where everything stands.

One reader for every YAML file this package takes: merge keys (`<<`) are applied, keys that stand twice are problems,
and the size of a text and of what its aliases unfold to is bounded, so that no file can hold the process up.
"""

from collections.abc import Iterator

import yaml
from msgspec import Struct
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from openclaw.config.errors import Problem

# A thousand models with ten lines each are a twentieth of this; the parser takes some seconds for it.
TEXT_CHARS_MAX = 1024 * 1024
# Aliases unfold: ten lines of nine aliases each would be a thousand million values.
NODES_MAX = 200_000
DEPTH_MAX = 40

_STR = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_MAP = "tag:yaml.org,2002:map"
_SEQ = "tag:yaml.org,2002:seq"
# A date and a lone `=` are texts to us, whatever YAML 1.1 makes of them.
_TEXTS = frozenset({_STR, _MERGE, "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value"})
_CONSTRUCTED = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))


class Mark(Struct, frozen=True):
    """A place in a text; both count from 1."""

    line: int
    column: int


class Scalar(Struct, frozen=True):
    """`text` is as written; `value` what YAML makes of it: None, a bool, a number or the text."""

    text: str
    value: bool | int | float | str | None
    mark: Mark


class Entry(Struct, frozen=True):
    key: str
    key_mark: Mark
    value: "Tree"


class MappingTree(Struct, frozen=True):
    entries: tuple[Entry, ...]
    mark: Mark

    def get(self, key: str) -> "Tree | None":
        return next((entry.value for entry in self.entries if entry.key == key), None)


class SequenceTree(Struct, frozen=True):
    items: tuple["Tree", ...]
    mark: Mark


Tree = Scalar | MappingTree | SequenceTree


def parse(text: str) -> tuple[Tree | None, list[Problem]]:
    """The tree of a text (None for an empty one) and what is wrong with it as YAML, whatever it is about."""
    if len(text) > TEXT_CHARS_MAX:
        return None, [Problem(f"larger than {TEXT_CHARS_MAX} characters")]
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        return None, [_not_yaml(error)]
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - text.rfind("\n", 0, error.position)
        return None, [Problem("not valid YAML: it holds a character that YAML does not allow", "", line, column)]
    except RecursionError:
        return None, [Problem(f"nested deeper than {DEPTH_MAX} levels")]
    if root is None:
        return None, []
    builder = _Builder()
    try:
        return builder.build(root, "", 0), builder.problems
    except _TooMuch as too_much:
        return None, [Problem(str(too_much), "", too_much.mark.line, too_much.mark.column)]


def scalar_value(text: str) -> bool | int | float | str | None:
    """What YAML would make of a plain text."""
    tag = Resolver().resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return _construct(yaml.ScalarNode(tag, text))


def _not_yaml(error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    message = f"not valid YAML: {error.problem or error.context}"
    return Problem(message) if mark is None else Problem(message, "", mark.line + 1, mark.column + 1)


class _TooMuch(Exception):
    def __init__(self, message: str, mark: Mark) -> None:
        super().__init__(message)
        self.mark = mark


class _Builder:
    """Unfolds the nodes of one document."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._count = 0

    def build(self, node: yaml.Node, path: str, depth: int) -> Tree:
        self._count += 1
        mark = _mark(node)
        if self._count > NODES_MAX:
            raise _TooMuch(f"more than {NODES_MAX} values, counting what aliases stand for", mark)
        if depth > DEPTH_MAX:
            raise _TooMuch(f"nested deeper than {DEPTH_MAX} levels", mark)
        self._check_tag(node, path)
        if isinstance(node, yaml.MappingNode):
            return MappingTree(tuple(self._entries(node, path, depth)), mark)
        if isinstance(node, yaml.SequenceNode):
            items = (self.build(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(node.value))
            return SequenceTree(tuple(items), mark)
        assert isinstance(node, yaml.ScalarNode), "YAML has no fourth kind of node"
        return Scalar(node.value, _construct(node), mark)

    def _entries(self, node: yaml.MappingNode, path: str, depth: int) -> Iterator[Entry]:
        """The mapping's own entries, then those of what it merges that it does not have itself."""
        lines: dict[str, int] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged.append(value_node)
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(key_node, path, "a key must be a text")
                continue
            key = key_node.value
            inner_path = join(path, key)
            if key in lines:
                self._problem(key_node, inner_path, f"this key stands here twice, first in line {lines[key]}")
                continue
            lines[key] = key_node.start_mark.line + 1
            yield Entry(key, _mark(key_node), self.build(value_node, inner_path, depth + 1))
        for source in merged:
            for entry in self._merged_entries(source, path, depth + 1):
                if entry.key not in lines:
                    lines[entry.key] = entry.key_mark.line
                    yield entry

    def _merged_entries(self, node: yaml.Node, path: str, depth: int) -> Iterator[Entry]:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for source in sources:
            if isinstance(source, yaml.MappingNode):
                tree = self.build(source, path, depth)
                yield from tree.entries if isinstance(tree, MappingTree) else ()
            else:
                self._problem(source, path, "'<<' takes a mapping or a list of mappings")

    def _check_tag(self, node: yaml.Node, path: str) -> None:
        if isinstance(node, yaml.MappingNode):
            known = node.tag == _MAP
        elif isinstance(node, yaml.SequenceNode):
            known = node.tag == _SEQ
        else:
            known = node.tag in _TEXTS or node.tag in _CONSTRUCTED
        if not known:
            self._problem(node, path, "YAML tags ('!...') mean nothing here")

    def _problem(self, node: yaml.Node, path: str, message: str) -> None:
        mark = _mark(node)
        self.problems.append(Problem(message, path, mark.line, mark.column))


def join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _mark(node: yaml.Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)


def _construct(node: yaml.ScalarNode) -> bool | int | float | str | None:
    """YAML 1.1 reads 010 as eight and 1:30 as ninety; nobody who writes a port or a timeout means that."""
    text: str = node.value
    if node.tag not in _CONSTRUCTED or ":" in text or _octal(text):
        return text
    try:
        value: bool | int | float | None = SafeConstructor().construct_object(node)
    except (ValueError, LookupError, OverflowError):
        return text  # an explicit tag on a text that does not fit it, or a number too long to be one
    return value


def _octal(text: str) -> bool:
    digits = text.lstrip("+-")
    return len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
