"""Whatever a configuration file holds, reading it ends with a configuration or with problems, and nothing else."""

from pathlib import Path
from typing import Any

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from openclaw.config.compile import compile_declared
from openclaw.config.declared import Config
from openclaw.config.errors import ConfigError
from openclaw.config.litellm import import_litellm
from openclaw.config.load import Declared, loads, read
from openclaw.config.references import References, escaped
from openclaw.gateway.snapshot import Snapshot
from openclaw.gateway.transport import Timeouts

ENV = {"KEY": "sk-from-the-environment", "EMPTY": "", "NUMBER": "5"}
NOWHERE = Path("/nonexistent")

# Text that is likely to mean something to YAML, to references or to the configuration.
_PIECES = st.sampled_from(
    [
        "a",
        "b: ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        ": ",
        "&a ",
        "*a",
        "<<: ",
        "!!int ",
        "!x ",
        "'",
        '"',
        "server",
        "port",
        "providers",
        "openai",
        "keys",
        "aliases",
        "api_key",
        "timeouts",
        "idle_s",
        "models",
        "discover",
        "env",
        "${env:KEY}",
        "${file:x}",
        "${",
        "}",
        "$${",
        "0x1F",
        "1e9",
        "010",
        "1:30",
        ".nan",
        "~",
        "null",
        "yes",
        "---\n",
        "...\n",
        "? ",
        "| ",
        "> ",
        "%YAML 1.1\n",
        "\ufeff",
        "\x85",
        "2024-99-99",
        "!!binary ",
        "!!timestamp ",
        "=",
        "\t",
        "#",
    ]
)
_TEXTS = st.one_of(st.text(max_size=80), st.lists(_PIECES, max_size=30).map("".join))

_KEYS = st.sampled_from(
    [
        "server",
        "host",
        "port",
        "discover",
        "providers",
        "openai",
        "azure",
        "vllm",
        "mine",
        "type",
        "api_key",
        "base_url",
        "models",
        "headers",
        "settings",
        "enabled",
        "aliases",
        "keys",
        "name",
        "key",
        "limits",
        "nesting_max",
        "timeouts",
        "idle_s",
        "x-anchors",
        "region",
        "resource",
        "unknown",
        "a/b",
        "",
    ]
)
_VALUES = st.one_of(
    st.sampled_from(["openai", "vllm", "http://h/v1", "${env:KEY}", "${env:EMPTY}", "env", "local", "mine/m", "m", ""]),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=10),
)
_TREES = st.recursive(
    _VALUES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=5), max_leaves=25
)
_DOCUMENTS = st.dictionaries(_KEYS, _TREES, max_size=6)


def outcome(text: str) -> Config | ConfigError:
    try:
        return loads(text, "f.yaml", ENV, NOWHERE)
    except ConfigError as error:
        return error


@settings(max_examples=600, deadline=None)
@given(_TEXTS)
@example("server: {port: !!int ''}")
@example("server: {port: !!float '.'}")
@example("a: !!timestamp 2024-99-99")
@example("timeouts: {idle_s: 0x" + "f" * 400 + "}")
@example("? &a [*a]\n: b")
@example("%YAML 9.9\n---\n")
@example("aliases: {a: !!binary '@'}")
def test_any_text_is_a_configuration_or_has_problems(text: str) -> None:
    result = outcome(text)
    assert isinstance(result, Config) or result.problems


@settings(max_examples=600, deadline=None)
@given(_DOCUMENTS)
def test_any_tree_is_a_configuration_or_has_problems_with_their_places(document: dict[str, Any]) -> None:
    text = yaml.safe_dump(document)
    result = outcome(text)
    if isinstance(result, ConfigError):
        lines = text.count("\n") + 1
        assert all(problem.line is not None and 1 <= problem.line <= lines for problem in result.problems)


def compiled(declared: Declared) -> Snapshot | ConfigError:
    try:
        return compile_declared(declared, {}, new_transport=no_transport)
    except ConfigError as error:
        return error


def no_transport(timeouts: Timeouts) -> Any:
    return None


@settings(max_examples=300, deadline=None)
@given(_DOCUMENTS)
def test_any_tree_can_be_compiled_or_has_problems(document: dict[str, Any]) -> None:
    declared = read(yaml.safe_dump(document), "f.yaml", ENV, NOWHERE)
    result = compiled(declared)
    assert isinstance(result, Snapshot) or {*declared.problems} <= {*result.problems}


@settings(max_examples=300, deadline=None)
@given(_DOCUMENTS)
def test_a_resolved_secret_is_never_in_a_message_or_a_repr(document: dict[str, Any]) -> None:
    declared = read(yaml.safe_dump(document), "f.yaml", ENV, NOWHERE)
    result = compiled(declared)
    said = [problem.text("f") for problem in declared.problems]
    said.append(str(result) if isinstance(result, ConfigError) else repr(list(result.directory.providers)))
    assert ENV["KEY"] not in "\n".join(said)


@settings(max_examples=200, deadline=None)
@given(_DOCUMENTS)
def test_the_same_text_gives_the_same_result(document: dict[str, Any]) -> None:
    text = yaml.safe_dump(document)
    first, second = outcome(text), outcome(text)
    assert str(first) == str(second)


@given(st.text(max_size=30) | st.lists(_PIECES, max_size=8).map("".join))
def test_an_escaped_text_is_itself_again(text: str) -> None:
    assert References(ENV, NOWHERE).resolve(escaped(text)).text == text


@settings(max_examples=300, deadline=None)
@given(_TEXTS)
def test_any_text_can_be_imported_or_has_problems(text: str) -> None:
    try:
        imported = import_litellm(text)
    except ConfigError:
        return
    assert imported.config_text.startswith("# From a LiteLLM configuration")
