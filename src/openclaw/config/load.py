"""From a YAML file to `Config`: strict, with the line of every mistake and a suggestion for a mistyped key.

Secrets are references in the file, `${env:NAME}` and `${file:PATH}`, and are resolved here; nothing else reads the
environment or a file on behalf of the configuration. Messages name keys, variables and paths, never a value: the
value may be the secret itself.
"""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from openclaw.config.declared import Config
from openclaw.config.errors import ConfigError, Problem
from openclaw.config.references import References
from openclaw.config.tree import MappingTree, Mark, Scalar, SequenceTree, Tree, join, parse, scalar_value

# Keys of the file itself that start so hold YAML anchors for the rest and are not read.
ANCHOR_PREFIX = "x-"


class Declared(msgspec.Struct, frozen=True):
    """A file as far as it could be read.

    `marks` tells where each path of it stands; `problems` are what is wrong. Faulty parts are left out of `config`, so
    that checks of its meaning can go on and report together with them. `referred` are the texts that references stood
    for: `config` holds them wherever the operator put them, and no message may repeat one.
    """

    config: Config
    file: str
    marks: Mapping[str, Mark] = {}
    problems: tuple[Problem, ...] = ()
    referred: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Declared({self.file!r}, {len(self.problems)} problems)"


def load(path: Path, env: Mapping[str, str]) -> Declared:
    """Read a file. Raises `ConfigError` only where there is no text to look at."""
    return read(read_text(path), str(path), env, path.parent)


def read_text(path: Path) -> str:
    """The text of a file. Raises `ConfigError`."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigError(str(path), [Problem(f"cannot be read: {reason}")]) from error


def loads(text: str, file: str, env: Mapping[str, str], folder: Path) -> Config:
    """The configuration in a text, if nothing in it is wrong. Raises `ConfigError`."""
    declared = read(text, file, env, folder)
    if declared.problems:
        raise ConfigError(file, declared.problems)
    return declared.config


def read(text: str, file: str, env: Mapping[str, str], folder: Path) -> Declared:
    """Check a text. `folder` is what relative `${file:...}` paths start from."""
    tree, problems = parse(text)
    references = References(env, folder)
    reader = _Reader(references)
    value = _FAULTY if tree is None else reader.read(tree, Config, "")
    config: Config = Config() if value is _FAULTY else msgspec.convert(value, Config)
    found = sorted([*problems, *reader.problems], key=lambda p: (p.line or 0, p.column or 0))
    return Declared(config, file, reader.marks, tuple(found), frozenset(references.found))


class _Faulty:
    """Stands for a value that cannot be used; whoever holds it leaves it out."""


_FAULTY = _Faulty()


class _Wanted(msgspec.Struct, frozen=True):
    """A type annotation taken apart: what it allows, and the ranges that hold for it."""

    options: tuple[Any, ...]
    metas: tuple[msgspec.Meta, ...]

    def origin(self, origin: Any) -> Any:
        """The option of this generic type, or None."""
        return next((option for option in self.options if get_origin(option) is origin), None)

    @property
    def struct(self) -> type[msgspec.Struct] | None:
        return next((o for o in self.options if isinstance(o, type) and issubclass(o, msgspec.Struct)), None)

    @property
    def choices(self) -> tuple[Any, ...]:
        literal = self.origin(Literal)
        return () if literal is None else get_args(literal)


def _wanted(annotation: Any) -> _Wanted:
    if get_origin(annotation) is Annotated:
        inner, *notes = get_args(annotation)
        wanted = _wanted(inner)
        return _Wanted(wanted.options, wanted.metas + tuple(n for n in notes if isinstance(n, msgspec.Meta)))
    if get_origin(annotation) in (Union, UnionType):
        members = [_wanted(member) for member in get_args(annotation)]
        return _Wanted(
            tuple(option for member in members for option in member.options),
            tuple(meta for member in members for meta in member.metas),
        )
    return _Wanted((annotation,), ())


class _Reader:
    """Walks the tree beside the declared types, so that every problem has its place."""

    def __init__(self, references: References) -> None:
        self._references = references
        self.problems: list[Problem] = []
        self.marks: dict[str, Mark] = {}

    def read(self, tree: Tree, annotation: Any, path: str) -> Any:
        wanted = _wanted(annotation)
        self.marks.setdefault(path, tree.mark)
        match tree:
            case MappingTree():
                return self._mapping(tree, wanted, path)
            case SequenceTree():
                return self._sequence(tree, wanted, path)
            case Scalar():
                return self._scalar(tree, wanted, path)

    # --- mappings

    def _mapping(self, tree: MappingTree, wanted: _Wanted, path: str) -> Any:
        if wanted.struct is not None:
            return self._struct(tree, wanted.struct, path)
        table = wanted.origin(dict)
        if table is None:
            return self._wrong(tree, path, wanted)
        of = get_args(table)[1]
        values = {
            entry.key: self._entry_value(entry.value, entry.key_mark, of, path, entry.key) for entry in tree.entries
        }
        return _without_faulty(values)

    def _struct(self, tree: MappingTree, struct: type[msgspec.Struct], path: str) -> Any:
        hints = get_type_hints(struct, include_extras=True)
        values: dict[str, Any] = {}
        for entry in tree.entries:
            if entry.key in hints:
                hint = hints[entry.key]
                values[entry.key] = self._entry_value(entry.value, entry.key_mark, hint, path, entry.key)
            elif path or not entry.key.startswith(ANCHOR_PREFIX):
                message = f"unknown key{did_you_mean(entry.key, hints)}"
                self._problem(entry.key_mark, join(path, entry.key), message)
        required = [f.name for f in msgspec.structs.fields(struct) if f.required]
        for missing in required:
            if missing not in values:
                self._problem(tree.mark, join(path, missing), "this key is required")
        values = _without_faulty(values)
        return values if all(name in values for name in required) else _FAULTY

    def _entry_value(self, tree: Tree, key_mark: Mark, annotation: Any, path: str, key: str) -> Any:
        inner_path = join(path, key)
        # A block starts below its key: the key is what a reader looks for.
        self.marks[inner_path] = tree.mark if isinstance(tree, Scalar) and tree.value is not None else key_mark
        return self.read(tree, annotation, inner_path)

    # --- lists

    def _sequence(self, tree: SequenceTree, wanted: _Wanted, path: str) -> Any:
        array = wanted.origin(tuple)
        if array is None:
            return self._wrong(tree, path, wanted)
        items = [self.read(item, get_args(array)[0], f"{path}[{i}]") for i, item in enumerate(tree.items)]
        return [item for item in items if item is not _FAULTY]

    # --- single values

    def _scalar(self, tree: Scalar, wanted: _Wanted, path: str) -> Any:
        if tree.value is None:
            return self._nothing(tree, wanted, path)
        # Keys such as an API key of digits or a model named "1.5" are texts wherever a text is wanted.
        text = self._resolved(tree, path)
        if text is None:
            return _FAULTY
        if str in wanted.options:
            return self._in_range(text, tree, wanted, path)
        return self._typed(tree.value if text == tree.text else scalar_value(text), tree, wanted, path)

    def _nothing(self, tree: Scalar, wanted: _Wanted, path: str) -> Any:
        """`providers:` with nothing behind it means what leaving it out would."""
        if NoneType in wanted.options:
            return None
        if wanted.struct is not None or wanted.origin(dict) is not None:
            return self._mapping(MappingTree((), tree.mark), wanted, path)
        if wanted.origin(tuple) is not None and str not in wanted.options:
            return []
        return self._wrong(tree, path, wanted)

    def _resolved(self, tree: Scalar, path: str) -> str | None:
        resolved = self._references.resolve(tree.text)
        for message in resolved.problems:
            self._problem(tree.mark, path, message)
        return None if resolved.problems else resolved.text

    def _typed(self, value: Any, tree: Scalar, wanted: _Wanted, path: str) -> Any:
        if wanted.choices:
            return value if value in wanted.choices else self._no_choice(value, tree, wanted.choices, path)
        if type(value) in wanted.options or (type(value) is int and float in wanted.options):
            return self._in_range(value, tree, wanted, path)
        array = wanted.origin(tuple)
        if array is not None and _holds_scalars(array):
            # One item where a list may stand: `discover: local`.
            item = self._scalar(tree, _wanted(get_args(array)[0]), path)
            return item if item is _FAULTY else [item]
        return self._wrong(tree, path, wanted)

    def _in_range(self, value: Any, tree: Scalar, wanted: _Wanted, path: str) -> Any:
        for meta in wanted.metas:
            message = _out_of_range(value, meta)
            if message is not None:
                self._problem(tree.mark, path, message)
                return _FAULTY
        return value

    # --- problems

    def _no_choice(self, value: Any, tree: Scalar, choices: tuple[Any, ...], path: str) -> _Faulty:
        names = ", ".join(map(str, choices))
        near = difflib.get_close_matches(str(value), [str(choice) for choice in choices], n=1)
        self._problem(tree.mark, path, f"must be one of {names}" + (f"; did you mean '{near[0]}'?" if near else ""))
        return _FAULTY

    def _wrong(self, tree: Tree, path: str, wanted: _Wanted) -> _Faulty:
        names = dict.fromkeys(_name(option) for option in wanted.options if option is not NoneType)
        self._problem(tree.mark, path, f"must be {' or '.join(names)}")
        return _FAULTY

    def _problem(self, mark: Mark, path: str, message: str) -> None:
        self.problems.append(Problem(message, path, mark.line, mark.column))


def _without_faulty(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not _FAULTY}


def _holds_scalars(array: Any) -> bool:
    return _wanted(get_args(array)[0]).struct is None


def _out_of_range(value: Any, meta: msgspec.Meta) -> str | None:
    """What is wrong with a value by the ranges of its field; None when nothing is."""
    if isinstance(value, str):
        return "must not be empty" if meta.min_length and len(value) < meta.min_length else None
    # Written so that a value that is not a number at all (`.nan`) fails too.
    if meta.ge is not None and not value >= meta.ge:
        return f"must be at least {meta.ge}"
    if meta.gt is not None and not value > meta.gt:
        return f"must be more than {meta.gt}"
    if meta.le is not None and not value <= meta.le:
        return f"must be at most {meta.le}"
    return None


def _name(option: Any) -> str:
    if isinstance(option, type) and issubclass(option, msgspec.Struct):
        return "a mapping with the keys " + ", ".join(option.__struct_fields__)
    if get_origin(option) is dict:
        return "a mapping"
    if get_origin(option) is tuple:
        return "a list"
    if get_origin(option) is Literal:
        return "one of " + ", ".join(map(str, get_args(option)))
    return {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}[option]


def did_you_mean(key: str, known: Iterable[Any]) -> str:
    """What to say after "unknown ...": the name that was meant, or all there are."""
    names = [str(name) for name in known]
    near = difflib.get_close_matches(key, names, n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else f" (known here: {', '.join(names) or 'none'})"
