"""A LiteLLM file becomes one of ours: what carries over works, and the rest is said with its line."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from openclaw.config.compile import compile_declared
from openclaw.config.errors import ConfigError
from openclaw.config.litellm import Imported, import_litellm
from openclaw.config.litellm_vendors import GENERAL, LITELLM, MODEL_INFO, PARAMETERS, ROUTER, SECTIONS, VENDORS
from openclaw.config.load import read
from openclaw.config.tree import MappingTree, Scalar, SequenceTree, Tree, parse
from openclaw.gateway.snapshot import Snapshot
from openclaw.gateway.transport import Timeouts
from openclaw.providers.registry import kind_names

GOLDEN = Path(__file__).parents[1] / "golden" / "litellm"
CASES = sorted(path.name.removesuffix(".litellm.yaml") for path in GOLDEN.glob("*.litellm.yaml"))


class AnyVariable(Mapping[str, str]):
    """An environment in which every variable that a file names is set."""

    def __getitem__(self, name: str) -> str:
        if name.endswith(("_BASE", "_URL")):
            return "https://example.com"
        return "us-east-1" if "REGION" in name else "5"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@pytest.fixture(autouse=True)
def cloud_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries look into the real environment; there they find what they ask for."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    monkeypatch.setattr("google.auth.default", lambda **_: (object(), "project"))


def source_of(case: str) -> str:
    return (GOLDEN / f"{case}.litellm.yaml").read_text("utf-8")


def snapshot_of(imported: Imported) -> Snapshot:
    declared = read(imported.config_text, "f", AnyVariable(), Path())

    def no_transport(timeouts: Timeouts) -> Any:
        return None

    return compile_declared(declared, AnyVariable(), new_transport=no_transport)


def document_of(text: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(import_litellm(text).config_text)
    return document


def notes_of(text: str) -> list[str]:
    return [str(note) for note in import_litellm(text).notes]


@pytest.mark.parametrize("case", CASES)
def test_the_file_is_the_expected_one(case: str) -> None:
    assert import_litellm(source_of(case)).config_text == (GOLDEN / f"{case}.openclaw.yaml").read_text("utf-8")


@pytest.mark.parametrize("case", CASES)
def test_the_file_can_be_served(case: str) -> None:
    imported = import_litellm(source_of(case))
    snapshot = snapshot_of(imported)
    for alias in snapshot.directory.aliases:
        assert snapshot.directory.resolve(alias)


@pytest.mark.parametrize("case", CASES)
def test_every_line_is_carried_over_or_noted(case: str) -> None:
    """Each scalar of the old file is in the new one or its line or path has a note."""
    text = source_of(case)
    tree, _ = parse(text)
    assert tree is not None
    imported = import_litellm(text)
    noted = [note.path for note in imported.notes]
    body = "\n".join(line for line in imported.config_text.splitlines() if not line.startswith("#"))
    for path, scalar in scalars(tree, ""):
        carried = any(part and part in body for part in re.split(r"os\.environ/|[/*:]|(?=\$)", scalar.text))
        about = any(path.startswith(known) or known.startswith(path) for known in noted)
        kept_elsewhere = path.startswith(("credential_list", "fallbacks")) or path.endswith(
            (".mode", "model_name", "litellm_credential_name")
        )
        assert carried or about or kept_elsewhere or scalar.value is None or scalar.text == "*", path


def scalars(tree: Tree, path: str) -> Iterator[tuple[str, Scalar]]:
    match tree:
        case MappingTree():
            for entry in tree.entries:
                yield from scalars(entry.value, f"{path}.{entry.key}" if path else entry.key)
        case SequenceTree():
            for position, item in enumerate(tree.items):
                yield from scalars(item, f"{path}[{position}]")
        case Scalar():
            yield path, tree


@pytest.mark.parametrize("case", CASES)
def test_no_note_repeats_a_secret(case: str) -> None:
    notes = "\n".join(map(str, import_litellm(source_of(case)).notes))
    assert "hunter2" not in notes
    assert "sk-" not in notes


@pytest.mark.parametrize("case", CASES)
def test_notes_have_their_line(case: str) -> None:
    lines = source_of(case).splitlines()
    for note in import_litellm(source_of(case)).notes:
        key = re.split(r"[.\[]", note.path.rstrip("]0123456789["))[-1]
        assert (
            key in lines[note.line - 1]
            or note.path == "model_list"
            or "credential" in note.path
            or "left out" in note.message
        )


# --- single rules


@pytest.mark.parametrize(
    ("model", "base", "expected"),
    [
        ("azure/d", "https://r.openai.azure.com", "https://r.openai.azure.com/openai/v1"),
        ("azure/d", "https://r.openai.azure.com/openai/v1/", "https://r.openai.azure.com/openai/v1"),
        ("azure/d", "os.environ/BASE", "${env:BASE}/openai/v1"),
        ("ollama/m", "http://h:11434/", "http://h:11434/v1"),
        ("ollama/m", "http://h:11434/v1", "http://h:11434/v1"),
        ("anthropic/m", "https://h/v1/messages", "https://h"),
        ("anthropic/m", "https://h/", "https://h"),
        ("gemini/m", "https://h", "https://h/v1beta"),
        ("gemini/m", "https://h/v1beta", "https://h/v1beta"),
        ("openai/m", "https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("openai/m", "http://h/v1/chat/completions", "http://h/v1"),
    ],
)
def test_an_address_is_what_the_provider_type_wants(model: str, base: str, expected: str) -> None:
    document = document_of(f"model_list: [{{model_name: x, litellm_params: {{model: {model}, api_base: '{base}'}}}}]")
    (provider,) = document["providers"].values()
    assert provider["base_url"] == expected


def test_openai_at_another_address_is_a_compatible_server() -> None:
    document = document_of("model_list: [{model_name: x, litellm_params: {model: openai/m, api_base: 'http://h/v1'}}]")
    assert document["providers"] == {
        "compatible": {"type": "openai-compatible", "base_url": "http://h/v1", "models": ["m"]}
    }


def test_equal_places_are_one_provider() -> None:
    models = ", ".join(
        f"{{model_name: {name}, litellm_params: {{model: groq/{name}, api_key: os.environ/{key}}}}}"
        for name, key in (("a", "ONE"), ("b", "ONE"), ("c", "TWO"))
    )
    providers = document_of(f"model_list: [{models}]")["providers"]
    assert providers == {
        "groq": {"api_key": "${env:ONE}", "models": ["a", "b"]},
        "groq-2": {"type": "groq", "api_key": "${env:TWO}", "models": ["c"]},
    }


def test_a_literal_that_looks_like_a_reference_stays_literal() -> None:
    text = "model_list: [{model_name: x, litellm_params: {model: groq/m, api_key: 'a${env:HOME}'}}]"
    (provider,) = snapshot_of(import_litellm(text)).directory.providers
    assert provider.credential.headers("POST", "", b"") == (("authorization", "Bearer a${env:HOME}"),)


def test_fallbacks_that_lead_back_end() -> None:
    models = ", ".join(f"{{model_name: {n}, litellm_params: {{model: groq/{n}}}}}" for n in "abc")
    text = f"model_list: [{models}]\nrouter_settings: {{fallbacks: [{{a: [b]}}, {{b: [c, a]}}, {{c: a}}]}}"
    assert document_of(text)["aliases"] == {
        "a": ["groq/a", "groq/b", "groq/c"],
        "b": ["groq/b", "groq/c", "groq/a"],
        "c": ["groq/c", "groq/a", "groq/b"],
    }


def test_a_name_that_callers_use_is_never_another_provider_model() -> None:
    """A caller's `groq/m` is Azure's deployment: no provider may be called `groq` and have an `m` of its own."""
    text = """
        model_list:
          - {model_name: groq/m, litellm_params: {model: azure/d, api_base: 'https://r', api_key: k}}
          - {model_name: azure/d, litellm_params: {model: groq/m}}
    """
    snapshot = snapshot_of(import_litellm(text))
    assert [t.provider.kind.name for t in snapshot.directory.resolve("groq/m")] == ["azure"]
    assert [t.provider.kind.name for t in snapshot.directory.resolve("azure/d")] == ["groq"]


def test_nothing_is_offered_that_was_not() -> None:
    text = "model_list: [{model_name: x, litellm_params: {model: openai/gpt-4o}}]"
    names = set(snapshot_of(import_litellm(text)).directory.names)
    assert names == {"x", "gpt-4o", "openai/gpt-4o"}


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("model_list: 5", "line 1: model_list: not known to this importer"),
        ("model_list: [x]", "line 1: model_list[0]: left out: it has no model_name or no litellm_params"),
        (
            "router_settings: {fallbacks: 1}",
            "line 1: router_settings.fallbacks[0]: is not a mapping of a name to a list of names",
        ),
        (
            "router_settings: {timeout: soon}",
            "line 1: router_settings.timeout: is not a number of seconds between 0 and a day",
        ),
        (
            "router_settings: {model_group_alias: x}",
            "line 1: router_settings.model_group_alias: is not a mapping of names to names",
        ),
        (
            "router_settings: {model_group_alias: {a: []}}",
            "line 1: router_settings.model_group_alias.a: names no model",
        ),
        ("general_settings: {master_key: }", "line 1: general_settings.master_key: is empty: nobody needs a key"),
        ("include: [other.yaml]", "line 1: include: import each of these files too, and put the parts into one"),
        (
            "model_list: [{model_name: x, surprise: 1, litellm_params: {model: groq/m}}]",
            "line 1: model_list[0].surprise: not known to this importer",
        ),
        (
            "model_list: [{model_name: x, litellm_params: {model: groq/m, extra_headers: {a: [b]}}}]",
            "line 1: model_list[0].litellm_params.extra_headers.a: is not a text",
        ),
    ],
)
def test_what_cannot_be_understood_is_noted(text: str, note: str) -> None:
    assert note in notes_of(text)


@pytest.mark.parametrize("text", ["- a", "just text", "", "{", "a: 1\na: 2", "a: !x 1"])
def test_what_cannot_be_a_litellm_file_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        import_litellm(text)


def test_every_vendor_names_a_provider_type() -> None:
    assert {vendor.kind for vendor in VENDORS.values()} <= set(kind_names())


def test_every_reason_is_a_sentence_that_fits_behind_a_colon() -> None:
    for table in (PARAMETERS, MODEL_INFO, ROUTER, LITELLM, GENERAL, SECTIONS):
        for key, reason in table.items():
            assert reason, key
            assert not reason.endswith("."), key


_KEYS = st.sampled_from(
    ["model_list", "model_name", "litellm_params", "model", "api_key", "api_base", "router_settings", "fallbacks", "*",
     "model_group_alias", "litellm_settings", "general_settings", "master_key", "timeout", "model_info", "mode",
     "credential_list", "credential_name", "credential_values", "litellm_credential_name", "extra_headers", "a/b"]
)  # fmt: skip
_VALUES = st.sampled_from(["openai/*", "*", "groq/m", "azure/d", "os.environ/X", "${", "a", "", None, 5, 1.5, True])
_TREES = st.recursive(
    _VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=20
)
_DEPLOYMENTS = st.fixed_dictionaries(
    {"model_name": st.sampled_from(["a", "b", "*", "groq/*", "groq/m", "c-*"])},
    optional={"litellm_params": st.dictionaries(_KEYS, _VALUES | _TREES, max_size=4), "model_info": _TREES},
)


@settings(max_examples=300, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "model_list": st.lists(_DEPLOYMENTS, max_size=4) | _TREES,
            "router_settings": st.dictionaries(_KEYS, _TREES, max_size=4),
            "litellm_settings": _TREES,
            "general_settings": _TREES,
            "credential_list": _TREES,
        },
    )
)
def test_whatever_the_file_holds_the_result_is_well_formed(document: dict[str, Any]) -> None:
    """It may still be refused for what it says (an address that is none), never for its form."""
    imported = import_litellm(yaml.safe_dump(document))
    assert read(imported.config_text, "f", AnyVariable(), Path()).problems == ()


def test_the_guides_example_is_what_the_command_writes() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guide" / "from-litellm.md").read_text("utf-8")
    before, after = (re.search(rf"```yaml {name}\n(.*?)```", guide, re.DOTALL) for name in ("litellm", "openclaw"))
    assert before is not None
    assert after is not None
    assert import_litellm(before.group(1)).config_text == after.group(1)
