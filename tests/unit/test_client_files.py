"""Files of clients, edited as text: the settings are in, and what else was there is as it was."""

import json
import re
import tomllib
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from openclaw.clients.client import FileFormat
from openclaw.clients.edit import edit, merged, parse
from openclaw.clients.text import CannotEdit, DoesNotParse

AB = {"a": {"b": "v"}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '{\n  "a": {\n    "b": "v"\n  }\n}\n'),
        ("{}", '{\n  "a": {\n    "b": "v"\n  }\n}'),
        ('{"a": {"b": 1, "c": 2}}', '{"a": {"b": "v", "c": 2}}'),
        ('{"a": {"c": 2}}', '{"a": {"b": "v", "c": 2}}'),
        ('{\n\t"a": {\n\t\t"c": 2 // two\n\t}\n}', '{\n\t"a": {\n\t\t"b": "v",\n\t\t"c": 2 // two\n\t}\n}'),
        ('{\n  "a": { // of a\n    "c": 2,\n  },\n}', '{\n  "a": {\n    "b": "v", // of a\n    "c": 2,\n  },\n}'),
        ('{\n  // none\n  "a": {}\n}', '{\n  // none\n  "a": {\n    "b": "v"\n  }\n}'),
        ('{"a": {/* none */}}', '{"a": {\n  "b": "v"/* none */}}'),
        ('{"a": null}', '{"a": {\n  "b": "v"\n}}'),
        ('{"a": {"b": 1}, "a": {"b": 2}}', '{"a": {"b": 1}, "a": {"b": "v"}}'),
        ('{"x": "// no, comment,", "a": {"b": "v"}}', '{"x": "// no, comment,", "a": {"b": "v"}}'),
        ('{\r\n  "x": 1\r\n}\r\n', '{\r\n  "a": {\r\n    "b": "v"\r\n  },\r\n  "x": 1\r\n}\r\n'),
    ],
)
def test_json_is_changed_in_place(before: str, after: str) -> None:
    assert edit(before, "json", AB) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[a]\nb = "v"\n'),
        ("x = 1", 'x = 1\n\n[a]\nb = "v"\n'),
        ("[a]", '[a]\nb = "v"\n'),
        ("[a]\nc = 1\n\n# of z\n[z]\n", '[a]\nb = "v"\nc = 1\n\n# of z\n[z]\n'),
        ("[a]\nb = 'w' # note\n[[z]]\n", '[a]\nb = "v" # note\n[[z]]\n'),
        ('[z]\nb = "no"\n["a"]\n"b"=1\n', '[z]\nb = "no"\n["a"]\nb = "v"\n'),
        ("[a.c]\nb = 1\n", '[a.c]\nb = 1\n\n[a]\nb = "v"\n'),
    ],
)
def test_toml_is_changed_in_place(before: str, after: str) -> None:
    assert edit(before, "toml", AB) == after


def test_the_root_of_a_toml_file_is_before_its_tables() -> None:
    assert edit("[z]\nb = 1\n", "toml", {"b": "v"}) == 'b = "v"\n\n[z]\nb = 1\n'
    assert edit("# head\n[z]\n", "toml", {"b": "v"}) == 'b = "v"\n# head\n[z]\n'


def test_a_name_is_taken_out_of_toml() -> None:
    assert edit('[a]\nb = "v"\nc = 1\n[z]\nb = 1\n', "toml", {"a": {"b": None}}) == "[a]\nc = 1\n[z]\nb = 1\n"
    assert edit("[a]\nb = 1", "toml", {"a": {"b": None}}) == "[a]\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "- k: v\n  w: x\n"),
        ("[]\n", '[\n  {\n    "k": "v",\n    "w": "x"\n  }\n]\n'),
        ("# mine", "# mine\n- k: v\n  w: x\n"),
        ("- k: a", "- k: v\n  w: x\n- k: a"),
        ("---\n# of a\n- k: a # note\n# end\n", "---\n- k: v\n  w: x\n# of a\n- k: a # note\n# end\n"),
        ("- k: v\n  w: old # note\n- k: z\n", "- k: v\n  w: x # note\n- k: z\n"),
        ("- k: v\n  w:\n- k: z\n", "- k: v\n  w: x\n- k: z\n"),
        ("- k: v # note\n- k: z\n", "- w: x\n  k: v # note\n- k: z\n"),
        ("- k: v\n  w: |\n    text\n  t: 1\n", "- k: v\n  w: x\n  t: 1\n"),
        ("- {k: v, z: 1}\n", '- {"w": "x", k: v, z: 1}\n'),
    ],
)
def test_yaml_lists_are_changed_in_place(before: str, after: str) -> None:
    assert edit(before, "yaml", [{"k": "v", "w": "x"}], same=("k",)) == after


@pytest.mark.parametrize("models", ["models:\n", "models: []\n", "models: ~ # none yet\n", "models:\n- name: a\n"])
def test_yaml_lists_begin_where_there_is_none(models: str) -> None:
    text = f"name: x\n{models}rules: [a]\n"
    after = edit(text, "yaml", {"models": [{"name": "b"}]}, same=("name",))
    assert yaml.safe_load(after) == {
        "name": "x",
        "models": [{"name": "b"}, *(yaml.safe_load(models)["models"] or [])],
        "rules": ["a"],
    }


@pytest.mark.parametrize(
    ("text", "file_format"),
    [
        ("k: &x {b: 1}\nl: *x\n", "yaml"),  # it would change l too
        ("k: [1]\n", "yaml"),
        ("just words\n", "yaml"),
        ("- a\n", "yaml"),
        ("k = { b = 1 }\n", "toml"),
        ("k.b = 1\n", "toml"),
        ('[k]\nc = """\nx\n"""\n', "toml"),
        ('{"k": "text"}', "json"),
        ('{"k": {"c": [1]}}', "json"),
        ("[]", "json"),
        ("null", "json"),
        ("k: &a {b: *a}\n", "yaml"),  # it holds itself
    ],
)
def test_what_is_written_in_another_way_is_left_alone(text: str, file_format: FileFormat) -> None:
    with pytest.raises(CannotEdit):
        edit(text, file_format, {"k": {"c": "v"}})


@pytest.mark.parametrize(
    ("text", "file_format"),
    [(f"x = {'[' * 3000}{']' * 3000}\n", "toml"), ("[" * 100_000, "json"), ("[" * 5000, "yaml")],
)  # fmt: skip
def test_what_is_nested_too_deeply_does_not_parse(text: str, file_format: FileFormat) -> None:
    for read in (lambda: parse(text, file_format), lambda: edit(text, file_format, {"k": "v"})):
        with pytest.raises(DoesNotParse):
            read()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "K=v\n"),
        ("A=1", "K=v\nA=1"),
        ("export K = 'old' # note\n", "export K = v # note\n"),
        ("K=old   # note\n", "K=v   # note\n"),
        ('A="\nK=inside\n"\n', 'K=v\nA="\nK=inside\n"\n'),
        ("K=1\nK=2\n", "K=1\nK=v\n"),
    ],
)
def test_environment_files_are_changed_in_place(before: str, after: str) -> None:
    assert edit(before, "env", {"K": "v"}) == after


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc/") | st.text(max_size=3), inner),
    max_leaves=12,
)
_FILES = st.dictionaries(st.sampled_from("abc"), _VALUES)
_SETTINGS = st.recursive(
    st.just("v"), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, min_size=1), max_leaves=4
).filter(lambda settings: isinstance(settings, dict))


def _check(text: str, file_format: FileFormat, settings: Any, *, always: bool) -> None:
    """The edited text means what it must, and a second edit changes nothing; `always`: an edit of a fit text works."""
    before = parse(text, file_format)
    try:
        wanted = merged(before, settings)
    except CannotEdit:
        return
    try:
        once = edit(text, file_format, settings)
    except CannotEdit:
        assert not always
        return
    assert parse(once, file_format) == wanted
    assert edit(once, file_format, settings) == once


@given(_FILES, _SETTINGS, st.sampled_from([None, 1, 4, "\t"]))
def test_any_json_means_the_same_but_for_the_change(data: Any, settings: Any, indent: Any) -> None:
    _check(json.dumps(data, indent=indent, ensure_ascii=False), "json", settings, always=_is_printable(data))


def _is_printable(data: Any) -> bool:
    """YAML, which finds the places in JSON, takes no control characters; they are seen in no configuration."""
    return not re.search("[^\t\n\x20-\x7e\xa0-\u2027\u2030-\ud7ff]", json.dumps(data, ensure_ascii=False))


@given(_FILES, _SETTINGS, st.booleans())
def test_any_yaml_means_the_same_but_for_the_change(data: Any, settings: Any, flow: bool) -> None:
    _check(yaml.safe_dump(data, default_flow_style=flow), "yaml", settings, always=not flow)


@given(st.text(alphabet="[]\"'=.#\n ab1", max_size=40), st.sampled_from([{"a": "v"}, AB, {"a": None, "b": "v"}]))
def test_any_toml_means_the_same_but_for_the_change(text: str, settings: Any) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    _check(text, "toml", settings, always=False)


@given(st.text(alphabet='{}[]":,/*\n a1\\', max_size=40))
def test_json_is_read_as_the_standard_library_reads_it(text: str) -> None:
    try:
        wanted = json.loads(text)
    except ValueError:
        return
    assert parse(text, "json") == wanted
