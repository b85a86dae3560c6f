"""From a LiteLLM proxy's `config.yaml` to an OpenClaw file.

A pure function of the text. What carries over is written; of everything else there is a note that says what it was,
where it stands and why it stays behind. No note repeats a value, which may be a secret.

https://docs.litellm.ai/docs/proxy/configs describes the format that is read.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml
from msgspec import Struct

from openclaw.budget.terms import SECONDS_MAX
from openclaw.config.errors import ConfigError, Problem
from openclaw.config.litellm_deployment import KEEP_SECRETS_OUT, CannotCall, Deployment, Note, Params, Place, written
from openclaw.config.litellm_vendors import (
    BALANCING,
    GENERAL,
    LITELLM,
    MODEL_INFO,
    MODEL_INFO_OTHER,
    OTHER,
    ROUTER,
    SECTIONS,
    SERVED_MODES,
)
from openclaw.config.make_provider import name_problem
from openclaw.config.tree import Entry, MappingTree, Mark, Scalar, SequenceTree, Tree, join, parse


class Imported(Struct, frozen=True):
    """`config_text` is the new file, notes included as comments."""

    config_text: str
    notes: tuple[Note, ...]

    def __repr__(self) -> str:
        return f"Imported({len(self.notes)} notes)"


def import_litellm(text: str, file: str = "config.yaml") -> Imported:
    """Raises `ConfigError` when the text is not YAML or cannot be a LiteLLM configuration."""
    tree, problems = parse(text)
    if problems:
        raise ConfigError(file, problems)
    if not isinstance(tree, MappingTree):
        raise ConfigError(file, [Problem("not a LiteLLM configuration: it must be a mapping")])
    return _Importer(tree).result()


class _Reference(Struct, frozen=True):
    """A name that stands somewhere in the file and means a group of deployments."""

    name: str
    path: str
    mark: Mark


class _Importer:
    """Reads the file section by section, then writes what it has."""

    def __init__(self, root: MappingTree) -> None:
        self._root = root
        self._notes: list[Note] = []
        self._deployments: list[Deployment] = []
        self._discover: list[str] = []
        self._fallbacks: dict[str, list[_Reference]] = {}
        self._default_fallbacks: list[_Reference] = []
        self._group_aliases: dict[str, _Reference] = {}
        self._timeouts: dict[str, Any] = {}
        self._keys: list[dict[str, str]] = []

    def result(self) -> Imported:
        credentials = self._credentials()
        for entry in self._root.entries:
            self._section(entry, credentials)
        if self._root.get("model_list") is None:
            message = "is not there: models that LiteLLM keeps in its database cannot be seen"
            self._note(self._root.mark, "model_list", message)
        document = self._document()
        notes = tuple(sorted(self._notes, key=lambda note: note.line))
        return Imported(_file_text(document, notes), notes)

    # --- sections

    def _section(self, entry: Entry, credentials: Mapping[str, MappingTree]) -> None:
        match entry.key, entry.value:
            case "model_list", SequenceTree() as models:
                for position, model in enumerate(models.items):
                    self._model(model, f"model_list[{position}]", credentials)
            case "router_settings", MappingTree() as settings:
                self._routing_settings(settings, entry.key, ROUTER)
            case "litellm_settings", MappingTree() as settings:
                self._routing_settings(settings, entry.key, LITELLM)
            case "general_settings", MappingTree() as settings:
                self._general_settings(settings, entry.key)
            case "environment_variables", MappingTree() as variables:
                for variable in variables.entries:
                    message = "set it in the environment of the process: a configuration here sets no variables"
                    self._note(variable.key_mark, join(entry.key, variable.key), message)
            case "credential_list", SequenceTree():
                pass  # read beforehand
            case _, Scalar(value=None):
                pass
            case _:
                self._note(entry.key_mark, entry.key, SECTIONS.get(entry.key, OTHER))

    def _general_settings(self, settings: MappingTree, section: str) -> None:
        for entry in settings.entries:
            if entry.key == "master_key":
                self._read_master_key(entry, join(section, entry.key))
            else:
                self._note(entry.key_mark, join(section, entry.key), GENERAL.get(entry.key, OTHER))

    def _routing_settings(self, settings: MappingTree, section: str, reasons: Mapping[str, str]) -> None:
        """LiteLLM takes most of these in `router_settings` and in `litellm_settings` alike."""
        for entry in settings.entries:
            path = join(section, entry.key)
            match entry.key:
                case "fallbacks":
                    self._read_fallbacks(entry, path)
                case "default_fallbacks":
                    self._default_fallbacks += self._references(entry.value, path)
                case "model_group_alias":
                    self._read_group_aliases(entry, path)
                case "timeout" | "stream_timeout" | "request_timeout":
                    self._read_timeout(entry, path)
                case _:
                    self._note(entry.key_mark, path, reasons.get(entry.key, OTHER))

    def _read_fallbacks(self, entry: Entry, path: str) -> None:
        tables = entry.value.items if isinstance(entry.value, SequenceTree) else (entry.value,)
        for position, table in enumerate(tables):
            if not isinstance(table, MappingTree):
                self._note(table.mark, f"{path}[{position}]", "is not a mapping of a name to a list of names")
                continue
            for group in table.entries:
                references = self._references(group.value, f"{path}[{position}].{group.key}")
                if group.key == "*":
                    self._default_fallbacks += references
                else:
                    self._fallbacks.setdefault(group.key, []).extend(references)

    def _references(self, tree: Tree, path: str) -> list[_Reference]:
        found: list[_Reference] = []
        for position, item in enumerate(tree.items if isinstance(tree, SequenceTree) else (tree,)):
            item_path = f"{path}[{position}]"
            if isinstance(item, Scalar) and item.value is not None:
                found.append(_Reference(item.text, item_path, item.mark))
            else:
                self._note(item.mark, item_path, "a fallback is a name: a call of its own cannot be written for it")
        return found

    def _read_group_aliases(self, entry: Entry, path: str) -> None:
        if not isinstance(entry.value, MappingTree):
            self._note(entry.key_mark, path, "is not a mapping of names to names")
            return
        for alias in entry.value.entries:
            alias_path = join(path, alias.key)
            target = alias.value.get("model") if isinstance(alias.value, MappingTree) else alias.value
            if isinstance(target, Scalar) and target.value is not None:
                self._group_aliases[alias.key] = _Reference(target.text, alias_path, alias.key_mark)
            else:
                self._note(alias.key_mark, alias_path, "names no model")
            if isinstance(alias.value, MappingTree) and alias.value.get("hidden") is not None:
                self._note(alias.key_mark, f"{alias_path}.hidden", "every alias is listed at /v1/models")

    def _read_timeout(self, entry: Entry, path: str) -> None:
        """LiteLLM's timeout is a bound on waiting; as one on the whole answer it would cut long streams."""
        seconds = _seconds(entry.value)
        if seconds is None:
            self._note(entry.key_mark, path, "is not a number of seconds between 0 and a day")
            return
        if entry.key == "stream_timeout" or "idle_s" not in self._timeouts:
            self._timeouts["idle_s"] = seconds
        message = (
            "became timeouts.idle_s, the silence of a stream; timeouts.total_s bounds whole answers and stays 1800"
        )
        self._note(entry.key_mark, path, message)

    def _read_master_key(self, entry: Entry, path: str) -> None:
        key = written(entry.value)
        if not key:
            self._note(entry.key_mark, path, "is empty: nobody needs a key")
            return
        self._keys.append({"name": "master", "key": key})
        self._note(entry.key_mark, path, "became a caller key; it administers nothing here")
        if not key.startswith("${env:"):
            self._note(entry.key_mark, path, KEEP_SECRETS_OUT)

    def _credentials(self) -> dict[str, MappingTree]:
        """`credential_list` by name: values that deployments refer to."""
        found: dict[str, MappingTree] = {}
        listed = self._root.get("credential_list")
        for position, item in enumerate(listed.items if isinstance(listed, SequenceTree) else ()):
            name = item.get("credential_name") if isinstance(item, MappingTree) else None
            values = item.get("credential_values") if isinstance(item, MappingTree) else None
            if isinstance(name, Scalar) and isinstance(values, MappingTree):
                found[name.text] = values
            else:
                self._note(item.mark, f"credential_list[{position}]", "has no credential_name or no credential_values")
        return found

    # --- models

    def _model(self, tree: Tree, path: str, credentials: Mapping[str, MappingTree]) -> None:
        name = tree.get("model_name") if isinstance(tree, MappingTree) else None
        params = tree.get("litellm_params") if isinstance(tree, MappingTree) else None
        if not isinstance(tree, MappingTree) or not isinstance(name, Scalar) or not isinstance(params, MappingTree):
            self._note(tree.mark, path, "left out: it has no model_name or no litellm_params")
            return
        for entry in tree.entries:
            if entry.key not in ("model_name", "litellm_params", "model_info"):
                self._note(entry.key_mark, join(path, entry.key), OTHER)
        mode = self._model_info(tree.get("model_info"), f"{path}.model_info")
        reader = Params(params, f"{path}.litellm_params", self._notes, credentials)
        if mode is not None and mode not in SERVED_MODES:
            self._note(tree.mark, path, "left out: there is no door for models of its mode")
        elif name.text == "*" and reader.names_everything():
            self._discover = ["env"]
            reader.note_rest()
        else:
            self._add(reader, name.text, mode, path)

    def _add(self, reader: Params, group: str, mode: str | None, path: str) -> None:
        """One note is enough for a deployment that stays behind as a whole."""
        try:
            self._deployments.append(reader.deployment(group, mode))
        except CannotCall as cannot:
            self._note(cannot.mark, path, f"left out: {cannot}")
        else:
            reader.note_rest()

    def _model_info(self, tree: Tree | None, path: str) -> str | None:
        """The mode, if it is told; notes on all else."""
        mode = None
        for entry in tree.entries if isinstance(tree, MappingTree) else ():
            if entry.key == "mode" and isinstance(entry.value, Scalar):
                mode = entry.value.text
            else:
                self._note(entry.key_mark, join(path, entry.key), MODEL_INFO.get(entry.key, MODEL_INFO_OTHER))
        return mode

    # --- the new document

    def _document(self) -> dict[str, Any]:
        names = _provider_names(self._deployments)
        parts: dict[str, Any] = {
            "providers": {name: self._provider(place, name) for place, name in names.items()},
            "aliases": self._aliases(names),
            "keys": self._keys,
            "timeouts": self._timeouts,
        }
        return {"discover": self._discover, **{key: value for key, value in parts.items() if value}}

    def _provider(self, place: Place, name: str) -> dict[str, Any]:
        models = list(dict.fromkeys(d.model for d in self._deployments if d.place == place))
        parts: dict[str, Any] = {
            "type": place.kind if name != place.kind else None,
            "base_url": place.base_url,
            "api_key": place.api_key,
            "settings": dict(place.settings),
            "headers": dict(place.headers),
            "models": models if None not in models else None,
        }
        return {key: value for key, value in parts.items() if value}

    def _aliases(self, names: Mapping[Place, str]) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = {}
        for deployment in self._deployments:
            provider = names[deployment.place]
            if deployment.model is None:
                self._note_wildcard(deployment, provider)
            else:
                self._note_balancing(deployment, shared=deployment.group in groups)
                groups.setdefault(deployment.group, []).append(f"{provider}/{deployment.model}")
        for alias, target in self._group_aliases.items():
            if target.name in groups:
                groups.setdefault(alias, groups[target.name])
            else:
                self._note(target.mark, target.path, "left out: what it stands for was not carried over")
        for group in self._fallbacks.keys() - groups.keys():
            for reference in self._fallbacks[group]:
                self._note(
                    reference.mark, reference.path, "left out: the name it is a fallback for was not carried over"
                )
        aliases = {name: self._with_fallbacks(name, groups) for name in groups}
        if groups.keys() <= self._fallbacks.keys():
            for reference in self._default_fallbacks:
                self._note(reference.mark, reference.path, "left out: every name has fallbacks of its own")
        return aliases

    def _note_balancing(self, deployment: Deployment, *, shared: bool) -> None:
        if shared:
            self._note(deployment.mark, join(deployment.path, "model"), BALANCING)

    def _note_wildcard(self, deployment: Deployment, provider: str) -> None:
        if deployment.group != f"{provider}/*":
            message = f"every model of this provider is called '{provider}/NAME' here; no other pattern is supported"
            self._note(deployment.mark, join(deployment.path, "model"), message)

    def _with_fallbacks(self, name: str, groups: Mapping[str, list[str]]) -> list[str]:
        """The group's deployments, then those of its fallbacks and of theirs, each once."""
        order: list[str] = []
        waiting = [name]
        while waiting:
            group = waiting.pop(0)
            if group in order:
                continue
            order.append(group)
            references = self._fallbacks_of(group)
            for reference in references:
                if reference.name not in groups:
                    self._note(reference.mark, reference.path, "left out: this fallback was not carried over")
            waiting = [reference.name for reference in references if reference.name in groups] + waiting
        return list(dict.fromkeys(member for group in order for member in groups[group]))

    def _fallbacks_of(self, group: str) -> list[_Reference]:
        aliased = self._group_aliases.get(group)
        names = (group,) if aliased is None else (group, aliased.name)
        return next((self._fallbacks[name] for name in names if name in self._fallbacks), self._default_fallbacks)

    def _note(self, mark: Mark, path: str, message: str) -> None:
        note = Note(mark.line, path, message)
        if note not in self._notes:
            self._notes.append(note)


def _seconds(tree: Tree) -> int | float | str | None:
    """A timeout as a configuration here writes it; None for what it would refuse."""
    if isinstance(tree, Scalar) and isinstance(tree.value, int | float) and tree.value is not True:
        return tree.value if 0 < tree.value <= SECONDS_MAX else None
    text = written(tree)
    return text if text is not None and text.startswith("${env:") else None


# --- names


def _provider_names(deployments: Sequence[Deployment]) -> dict[Place, str]:
    """A name for each place: the one that `gemini/*` asks for, else the type's, numbered from the second."""
    names: dict[Place, str] = {}
    for place in dict.fromkeys(deployment.place for deployment in deployments):
        mine = [deployment for deployment in deployments if deployment.place == place]
        wanted = [d.group.removesuffix("/*") for d in mine if d.model is None and d.group.endswith("/*")]
        stem = next((name for name in wanted if name_problem(name) is None), place.stem)
        names[place] = next(
            name for name in _numbered(stem) if name not in names.values() and _is_free(name, mine, deployments)
        )
    return names


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    number = 2
    while True:
        yield f"{stem}-{number}"
        number += 1


def _is_free(name: str, mine: Sequence[Deployment], deployments: Sequence[Deployment]) -> bool:
    """Whether no `name/model` is what callers call something else."""
    for deployment in mine:
        called = [d for d in deployments if d.group == f"{name}/{deployment.model}"]
        if any(d.place != deployment.place or d.model != deployment.model for d in called):
            return False
    return True


# --- text


def _file_text(document: Mapping[str, Any], notes: Sequence[Note]) -> str:
    body = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=4096)
    lines = ["# From a LiteLLM configuration, by `openclaw import litellm`."]
    if notes:
        lines += ["# To know about it (lines are those of LiteLLM's file):"]
        lines += [f"#   {_one_line(str(note))}" for note in notes]
    return "\n".join(lines) + "\n\n" + body


def _one_line(text: str) -> str:
    """A key may hold any character; in a comment a line break would end the comment."""
    return "".join(c if c.isprintable() else "?" for c in text)
