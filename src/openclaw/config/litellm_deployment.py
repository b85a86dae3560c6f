"""One entry of LiteLLM's `model_list`: which provider it means, which model there, and what stays behind."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from msgspec import Struct

from openclaw.config.litellm_vendors import BARE_NAMES, COMPATIBLE, OTHER, PARAMETERS, VENDORS, Vendor
from openclaw.config.references import escaped
from openclaw.config.tree import MappingTree, Mark, Scalar, Tree, join
from openclaw.providers.registry import kind_named

_VARIABLE = "os.environ/"
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
# What stands before a model's name to choose an API or a way of calling, which the provider type does here.
_AZURE_WAYS = re.compile(r"(o_series|gpt5_series|responses)/")
_BEDROCK_WAYS = re.compile(r"(converse|invoke|converse_like)/")
_GOOGLE_MODELS = re.compile(r"gemini|text-embedding|text-multilingual")

KEEP_SECRETS_OUT = "carried over, but a secret is better kept out of the file: ${env:NAME} or ${file:PATH}"


class Note(Struct, frozen=True):
    """Something to know about one part of LiteLLM's file. `line` counts from 1."""

    line: int
    path: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.path}: {self.message}"


class Place(Struct, frozen=True):
    """A provider as LiteLLM's parameters describe one; equal places become one provider."""

    kind: str
    stem: str
    base_url: str | None
    api_key: str | None
    settings: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]


class Deployment(Struct, frozen=True):
    """One entry of `model_list`. `model` is None for "every model of the place"."""

    group: str
    place: Place
    model: str | None
    mark: Mark
    path: str


class CannotCall(Exception):
    """A deployment that no provider type here can call; the text says why."""

    def __init__(self, message: str, mark: Mark) -> None:
        super().__init__(message)
        self.mark = mark


class Params:
    """The parameters of one deployment; what nobody took is noted at the end."""

    def __init__(
        self, params: MappingTree, path: str, notes: list[Note], credentials: Mapping[str, MappingTree]
    ) -> None:
        self._path = path
        self._notes = notes
        self._mark = params.mark
        shared = params.get("litellm_credential_name")
        values = credentials.get(shared.text) if isinstance(shared, Scalar) else None
        self._entries = {entry.key: entry for tree in (values, params) if tree is not None for entry in tree.entries}
        if values is not None:
            del self._entries["litellm_credential_name"]

    def names_everything(self) -> bool:
        """`model: "*"`: every vendor whose key is in the environment."""
        model = self._entries.get("model")
        if model is None or not isinstance(model.value, Scalar) or model.value.text != "*":
            return False
        del self._entries["model"]
        return True

    def deployment(self, group: str, mode: str | None) -> Deployment:
        """What callers of `group` get. Raises `CannotCall`."""
        model = self._entries.get("model")
        mark = self._mark if model is None else model.key_mark
        prefix, name = _vendor_and_model(self._plain("model") or "", self._plain("custom_llm_provider"))
        vendor = VENDORS.get(prefix)
        if not name or vendor is None:
            what = "its vendor is not known here" if prefix else "its vendor cannot be told from the name"
            raise CannotCall(f"{what}; an OpenAI-compatible server is declared with 'type: openai-compatible'", mark)
        place, name = self._place(prefix, vendor, name)
        refused = _refusal(place, name, group, mode)
        if refused is not None:
            raise CannotCall(refused, mark)
        return Deployment(group, place, None if name == "*" else name, mark, self._path)

    def _plain(self, key: str) -> str | None:
        """A value that this importer looks into itself, so no reference."""
        entry = self._entries.pop(key, None)
        return entry.value.text if entry is not None and isinstance(entry.value, Scalar) else None

    def _text(self, *keys: str) -> str | None:
        """The first of the values that is there, as a configuration here writes it; an empty one is none."""
        for key in keys:
            entry = self._entries.get(key)
            value = written(entry.value) if entry is not None else None
            if value is not None:
                del self._entries[key]
                return value or None
        return None

    def _place(self, prefix: str, vendor: Vendor, model: str) -> tuple[Place, str]:
        settings, model = self._provider_settings(vendor.kind, model)
        api_base = self._text("api_base", "base_url")
        base_url = _base_url(vendor, api_base)
        kind = vendor.kind
        if vendor.own_hosts and api_base is not None and _host(api_base) not in vendor.own_hosts:
            kind = COMPATIBLE
        if kind == "azure":
            self._note_api_version()
        place = Place(
            kind=kind,
            stem=kind
            if kind != COMPATIBLE
            else ("compatible" if vendor.base_url is None else prefix.replace("_", "-")),
            base_url=base_url,
            api_key=self._api_key(vendor),
            settings=tuple(settings.items()),
            headers=tuple(self._headers().items()),
        )
        return place, model

    def _provider_settings(self, kind: str, model: str) -> tuple[dict[str, str], str]:
        """What the type needs besides a key, partly from the model's name; and the name without it."""
        settings: dict[str, str | None] = {}
        match kind:
            case "bedrock":
                model = _BEDROCK_WAYS.sub("", model, count=1)
                region, slash, rest = model.partition("/")
                in_name = slash and _REGION.fullmatch(region)
                settings["region"] = self._text("aws_region_name", "region_name") or (region if in_name else None)
                model = rest if in_name else model
            case "vertex":
                settings["project"] = self._text("vertex_project", "vertex_ai_project")
                settings["location"] = self._text("vertex_location", "vertex_ai_location")
            case "azure" | "openai":
                model = _AZURE_WAYS.sub("", model, count=1)
            case "fireworks" if "/" not in model and model != "*":
                model = f"accounts/fireworks/models/{model}"
        return {key: value for key, value in settings.items() if value}, model

    def _api_key(self, vendor: Vendor) -> str | None:
        entry = self._entries.get("api_key")
        key = self._text("api_key")
        if key is None:
            return f"${{env:{vendor.key_env}}}" if vendor.key_env else None
        if entry is not None and not key.startswith("${env:"):
            self._note(entry.key_mark, "api_key", KEEP_SECRETS_OUT)
        return key

    def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        organization = self._text("organization")
        if organization:
            headers["openai-organization"] = organization
        for key in ("extra_headers", "headers"):
            entry = self._entries.get(key)
            if entry is not None and isinstance(entry.value, MappingTree):
                del self._entries[key]
                for header in entry.value.entries:
                    value = written(header.value)
                    if value is None:
                        self._note(header.key_mark, join(key, header.key), "is not a text")
                    else:
                        headers[header.key] = value
        return headers

    def _note_api_version(self) -> None:
        entry = self._entries.pop("api_version", None)
        if entry is not None:
            self._note(entry.key_mark, "api_version", "not needed: Azure's v1 API has no dated versions")

    def note_rest(self) -> None:
        for key, entry in self._entries.items():
            if not isinstance(entry.value, Scalar) or entry.value.value is not None:
                self._note(entry.key_mark, key, PARAMETERS.get(key, OTHER))
        self._entries = {}

    def _note(self, mark: Mark, key: str, message: str) -> None:
        self._notes.append(Note(mark.line, join(self._path, key), message))


def _vendor_and_model(model: str, told: str | None) -> tuple[str, str]:
    """LiteLLM's prefix and the rest; the prefix is "" where the name tells none."""
    prefix, slash, rest = model.partition("/")
    if told:
        return told, rest if slash and prefix == told else model
    if slash and prefix:
        return prefix, rest
    return next((vendor for pattern, vendor in BARE_NAMES if pattern.match(model)), ""), model


def _refusal(place: Place, model: str, group: str, mode: str | None) -> str | None:
    """Why a deployment cannot be called from here; None when it can."""
    if place.kind == "vertex" and model != "*" and not _GOOGLE_MODELS.match(model):
        return "of Vertex AI only Google's own models are called (Gemini, embeddings)"
    if mode == "embedding" and kind_named(place.kind).embeddings is None:
        return "this provider type serves no embeddings"
    if place.kind == COMPATIBLE and place.base_url is None:
        return "this server needs an api_base"
    if "*" in model and model != "*":
        return "patterns within a model's name are not supported"
    if "*" in group and model != "*":
        return "patterns as names for callers are not supported"
    return None


def _base_url(vendor: Vendor, api_base: str | None) -> str | None:
    if api_base is not None:
        return vendor.address(api_base)
    if vendor.base_env is not None:
        return vendor.address(f"${{env:{vendor.base_env}}}")
    return vendor.base_url


def _host(api_base: str) -> str | None:
    try:
        return urlsplit(api_base).hostname
    except ValueError:
        return None


def written(tree: Tree) -> str | None:
    """A single value as a configuration here writes it; None for anything else."""
    if not isinstance(tree, Scalar) or tree.value is None:
        return None
    if tree.text.startswith(_VARIABLE):
        return f"${{env:{tree.text.removeprefix(_VARIABLE)}}}"
    return escaped(tree.text)
