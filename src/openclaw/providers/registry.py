"""The provider kinds of this package, one module each with a `KIND`, loaded when they are asked for.

Loading late lets a process run without the libraries of an extra (`bedrock`, `vertex`) that it does not use.
"""

from collections.abc import Iterator
from importlib import import_module

from openclaw.providers.provider import ProviderKind

# Name and module. The order is that of preference where two providers offer a model of the same bare name.
_MODULES: dict[str, str] = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google": "google",
    "vertex": "vertex",
    "deepseek": "deepseek",
    "mistral": "mistral",
    "xai": "xai",
    "groq": "groq",
    "cerebras": "cerebras",
    "moonshot": "moonshot",
    "zai": "zai",
    "cohere": "cohere",
    "perplexity": "perplexity",
    "voyage": "voyage",
    "together": "together",
    "fireworks": "fireworks",
    "azure": "azure",
    "bedrock": "bedrock",
    "openrouter": "openrouter",
    "ollama": "ollama",
    "ollama-native": "ollama_native",
    "llama.cpp": "llamacpp",
    "vllm": "vllm",
    "lmstudio": "lmstudio",
    "sglang": "sglang",
    "openai-compatible": "compatible",
}


class MissingExtra(Exception):
    """The kind needs a library that is not installed; `library` is its import name."""

    def __init__(self, kind: str, library: str) -> None:
        super().__init__(f"provider type '{kind}' needs the library '{library}': install openclaw-gateway[{kind}]")
        self.kind = kind
        self.library = library


def kind_names() -> tuple[str, ...]:
    return tuple(_MODULES)


def kind_named(name: str) -> ProviderKind:
    """Raises `KeyError` for an unknown name and `MissingExtra` where a library is missing."""
    module = _MODULES[name]
    try:
        kind: ProviderKind = import_module(f"openclaw.providers.{module}").KIND
    except ModuleNotFoundError as error:
        raise MissingExtra(name, error.name or "?") from error
    return kind


def installed_kinds() -> Iterator[ProviderKind]:
    """Every kind whose libraries are there."""
    for name in _MODULES:
        try:
            yield kind_named(name)
        except MissingExtra:
            continue
