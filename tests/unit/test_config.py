"""The configuration file: what is wrong is said at its place, all at once, and never with a secret in it."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import jsonschema_rs
import msgspec
import pytest
import yaml

from openclaw.config.compile import compile_declared
from openclaw.config.declared import Config, KeyDeclared, ProviderDeclared
from openclaw.config.errors import ConfigError, Problem
from openclaw.config.load import load, loads, read, read_text
from openclaw.config.schema import json_schema
from openclaw.config.tree import DEPTH_MAX, NODES_MAX, TEXT_CHARS_MAX, scalar_value
from openclaw.gateway.transport import Timeouts

SECRET = "sk-very-secret-4711"
NO_ENV: Mapping[str, str] = {}


def config_of(text: str, env: Mapping[str, str] = NO_ENV, folder: Path = Path()) -> Config:
    return loads(text, "f.yaml", env, folder)


def problems_of(text: str, env: Mapping[str, str] = NO_ENV, folder: Path = Path()) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config_of(text, env, folder)
    return str(caught.value).splitlines()


# --- what works


@pytest.mark.parametrize("text", ["", "\n# nothing\n", "---\n", "providers:\nkeys:\nserver:\ndiscover:\n", "null"])
def test_an_empty_file_and_empty_sections_mean_the_defaults(text: str) -> None:
    config = config_of(text)
    assert msgspec.structs.replace(config, discover=("env",)) == Config()


def test_everything_that_can_be_declared_is_read() -> None:
    config = config_of(
        """
        server: {host: 0.0.0.0, port: 8080}
        discover: [env, local]
        providers:
          mine: {type: openai-compatible, base_url: http://127.0.0.1:9/v1, models: [a, b], headers: {x-team: one}}
          bedrock: {settings: {region: eu-central-1}, enabled: no}
          openai:
        aliases: {fast: mine/a, careful: [mine/a, mine/b]}
        keys: [{name: team, key: sk-team, models: [fast]}]
        limits: {body_bytes_max: 1000, header_bytes_max: 1001, header_count_max: 5, nesting_max: 6}
        timeouts: {connect_s: 1, idle_s: 2.5, total_s: 3}
        """
    )
    assert config.server.port == 8080
    assert config.providers["mine"] == ProviderDeclared(
        type="openai-compatible", base_url="http://127.0.0.1:9/v1", models=("a", "b"), headers={"x-team": "one"}
    )
    assert not config.providers["bedrock"].enabled
    assert config.providers["openai"] == ProviderDeclared()
    assert config.aliases == {"fast": "mine/a", "careful": ("mine/a", "mine/b")}
    assert config.keys == (KeyDeclared("team", "sk-team", ("fast",)),)
    assert (config.limits.header_count_max, config.timeouts.idle_s, config.timeouts.total_s) == (5, 2.5, 3.0)


def test_texts_stay_texts_whatever_yaml_would_make_of_them() -> None:
    config = config_of(
        "providers: {openai: {api_key: 0123, models: [1.5, 2024-01-02, yes, 1:30, =]}}\naliases: {no: openai/1.5}"
    )
    assert config.providers["openai"].api_key == "0123"
    assert config.providers["openai"].models == ("1.5", "2024-01-02", "yes", "1:30", "=")
    assert config.aliases == {"no": "openai/1.5"}


def test_one_item_may_stand_where_a_list_may() -> None:
    config = config_of("discover: local\nproviders: {openai: {models: gpt-5}}")
    assert (config.discover, config.providers["openai"].models) == (("local",), ("gpt-5",))


def test_anchors_and_merge_keys_work_and_what_stands_nearer_wins() -> None:
    config = config_of(
        """
        x-shared: &shared {base_url: "http://127.0.0.1:9/v1", api_key: one, models: [a]}
        providers:
          first: &first {<<: *shared, type: openai-compatible}
          second: {api_key: two, <<: *first}
          third: {<<: [{api_key: three}, *first]}
        """
    )
    assert [config.providers[name].api_key for name in ("first", "second", "third")] == ["one", "two", "three"]
    assert {p.base_url for p in config.providers.values()} == {"http://127.0.0.1:9/v1"}


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    file = tmp_path / "openclaw.yaml"
    file.write_bytes(b"\xef\xbb\xbfserver: {port: 5}\n")
    assert load(file, {}).config.server.port == 5


# --- references


def test_references_are_resolved_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{SECRET}\n")
    config = config_of(
        """
        server: {port: "${env:PORT}"}
        providers:
          openai:
            api_key: ${file:key}
            base_url: https://${env:HOST}/${env:PATH_}/v1
            headers: {x-a: "a${env:HOST}b$${env:HOST}c$d{e}"}
            enabled: ${env:ON}
        timeouts: {idle_s: "${env:IDLE}"}
        """,
        {"PORT": "81", "HOST": "host", "PATH_": "path\n", "ON": "false", "IDLE": "2.5"},
        tmp_path,
    )
    provider = config.providers["openai"]
    assert config.server.port == 81
    assert provider.api_key == SECRET
    assert provider.base_url == "https://host/path/v1"
    assert provider.headers == {"x-a": "ahostb${env:HOST}c$d{e}"}
    assert not provider.enabled
    assert config.timeouts.idle_s == 2.5


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("${env:ABSENT}", "the environment variable ABSENT is not set"),
        ("${env:EMPTY}", "the environment variable EMPTY is empty"),
        ("${env:}", "'${env:NAME}' takes the name of one environment variable"),
        ("${env:NAME:-default}", "'${env:NAME}' takes the name of one environment variable"),
        ("${file:absent}", "the file absent cannot be read as UTF-8 text"),
        ("${file:}", "the file  cannot be read as UTF-8 text"),
        ("${file:binary}", "the file binary cannot be read as UTF-8 text"),
        ("${file:empty}", "the file empty is empty"),
        ("${file:large}", "the file large is larger than 65536 bytes"),
        ("${OPENAI_API_KEY}", "a reference is '${env:NAME}' or '${file:PATH}': write '${env:OPENAI_API_KEY}'"),
        ("${secret:x}", "a reference is '${env:NAME}' or '${file:PATH}'"),
        ("${}", "a reference is '${env:NAME}' or '${file:PATH}'"),
        ("a${env:KEY", "'${' without its '}' (write '$${' for the characters themselves)"),
    ],
)
def test_a_reference_that_leads_nowhere_is_a_problem(tmp_path: Path, written: str, message: str) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xfa")
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "large").write_bytes(b"x" * 70_000)
    text = f"providers:\n  openai:\n    api_key: {json.dumps(written)}\n"
    assert problems_of(text, {"EMPTY": " "}, tmp_path) == [f"f.yaml:3:14: providers.openai.api_key: {message}"]


def test_a_path_that_no_file_can_have_is_a_problem_not_a_crash() -> None:
    assert "cannot be read" in problems_of('providers: {openai: {api_key: "${file:a\\0b}"}}')[0]


# --- what is wrong

WRONG: dict[str, tuple[str, list[str]]] = {
    "a mistyped key": ("sever: {}", ["1:1: sever: unknown key; did you mean 'server'?"]),
    "an unknown key": (
        "server:\n  tls: yes",
        ["2:3: server.tls: unknown key (known here: host, port)"],
    ),
    "an anchor's home is at the top only": (
        "server: {x-a: 1}",
        ["1:10: server.x-a: unknown key (known here: host, port)"],
    ),
    "a key that stands twice": (
        "server: {port: 1}\nserver: {port: 2}",
        ["2:1: server: this key stands here twice, first in line 1"],
    ),
    "a number that is none": ("server: {port: many}", ["1:16: server.port: must be a whole number"]),
    "a fraction for a whole number": ("server: {port: 1.5}", ["1:16: server.port: must be a whole number"]),
    "a switch for a number": ("server: {port: true}", ["1:16: server.port: must be a whole number"]),
    "an octal number": ("server: {port: 0400}", ["1:16: server.port: must be a whole number"]),
    "a number to the base of sixty": ("timeouts: {idle_s: 1:30}", ["1:20: timeouts.idle_s: must be a number"]),
    "nothing where a number must be": ("server: {port: }", ["1:15: server.port: must be a whole number"]),
    "an explicit tag that does not fit": ("server: {port: !!int x}", ["1:16: server.port: must be a whole number"]),
    "a number without end": (f"server: {{port: {'9' * 5000}}}", ["1:16: server.port: must be a whole number"]),
    "a port that does not exist": ("server: {port: 65536}", ["1:16: server.port: must be at most 65535"]),
    "a negative port": ("server: {port: -1}", ["1:16: server.port: must be at least 0"]),
    "a limit of nothing": ("limits: {body_bytes_max: 0}", ["1:26: limits.body_bytes_max: must be at least 1"]),
    "a timeout of nothing": ("timeouts: {idle_s: 0}", ["1:20: timeouts.idle_s: must be more than 0"]),
    "a timeout without end": ("timeouts: {idle_s: .inf}", ["1:20: timeouts.idle_s: must be at most 86400"]),
    "a timeout that is no number": ("timeouts: {idle_s: .nan}", ["1:20: timeouts.idle_s: must be more than 0"]),
    "a mapping for a text": ("server: {host: {a: b}}", ["1:16: server.host: must be a text"]),
    "a list for a mapping": ("providers: [a]", ["1:12: providers: must be a mapping"]),
    "a text for a mapping": (
        "server: here",
        ["1:9: server: must be a mapping with the keys host, port"],
    ),
    "a text for a list of mappings": ("keys: sk-x", ["1:7: keys: must be a list"]),
    "a mapping for a list": ("keys: {a: b}", ["1:7: keys: must be a list"]),
    "a mistyped choice": (
        "discover: [locale]",
        ["1:12: discover[0]: must be one of env, local; did you mean 'local'?"],
    ),
    "a choice for a choice of another kind": ("discover: 7", ["1:11: discover: must be one of env, local"]),
    "an alias of nothing": ("aliases: {a: }", ["1:13: aliases.a: must be a text or a list"]),
    "an empty text": ("server: {host: ''}", ["1:16: server.host: must not be empty"]),
    "a key without a key": ("keys: [{name: a}]", ["1:8: keys[0].key: this key is required"]),
    "an empty key": ("keys: [{name: a, key: ''}]", ["1:23: keys[0].key: must not be empty"]),
    "an entry that is nothing": (
        "keys:\n  -\n",
        ["2:4: keys[0].name: this key is required", "2:4: keys[0].key: this key is required"],
    ),
    "not a mapping at all": (
        "- a",
        [
            "1:1: must be a mapping with the keys server, admin, discover, providers, aliases, keys, budgets, spending,"
            " store, limits, timeouts",
        ],
    ),
    "a tag": ("server: !env {port: 1}", ["1:9: server: YAML tags ('!...') mean nothing here"]),
    "a tag that would run code": (
        "aliases: {a: !!python/object/apply:os.getcwd []}",
        ["1:14: aliases.a: YAML tags ('!...') mean nothing here"],
    ),
    "a key that is a list": ("? [a]\n: b", ["1:3: a key must be a text"]),
    "a merge of a text": ("server: {<<: a}", ["1:14: server: '<<' takes a mapping or a list of mappings"]),
    "broken YAML": ("server: {port: 1", ["1:17: not valid YAML: expected ',' or '}', but got '<stream end>'"]),
    "an alias of no anchor": ("server: *a", ["1:9: not valid YAML: found undefined alias 'a'"]),
    "two documents": (
        "---\nserver: {}\n---\nserver: {}",
        ["3:1: not valid YAML: but found another document"],
    ),
    "a character that YAML does not allow": (
        "server:\n  host: a\x07b",
        ["2:10: not valid YAML: it holds a character that YAML does not allow"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_named_with_its_line_and_column(case: str) -> None:
    text, expected = WRONG[case]
    assert problems_of(text) == [f"f.yaml:{line}" for line in expected]


def test_everything_that_is_wrong_is_reported_at_once_and_in_order() -> None:
    text = "server: {port: x, prot: 1}\ndiscover: [moon]\nkeys: [{}]\ntimeouts: {idle_s: -1}\n"
    places = [line.split(": ")[1] for line in problems_of(text)]
    assert places == ["server.port", "server.prot", "discover[0]", "keys[0].name", "keys[0].key", "timeouts.idle_s"]


def test_faulty_parts_are_left_out_of_what_could_be_read() -> None:
    declared = read(
        "server: {port: 7, host: [1]}\nkeys: [{name: a, key: b}, {name: c}]\naliases: {a: {}, b: c}", "f", {}, Path()
    )
    assert len(declared.problems) == 3
    assert declared.config == Config(
        server=msgspec.structs.replace(Config().server, port=7), keys=(KeyDeclared("a", "b"),), aliases={"b": "c"}
    )


def test_places_are_remembered_for_later_checks() -> None:
    marks = read("providers:\n  openai:\n    api_key: x\n  groq: {}\nkeys:\n- name: a\n", "f", {}, Path()).marks
    places = {path: (mark.line, mark.column) for path, mark in marks.items()}
    assert places["providers.openai"] == (2, 3)
    assert places["providers.openai.api_key"] == (3, 14)
    assert places["keys[0]"] == (6, 3)


# --- files that would hold the process up


def test_what_aliases_unfold_to_is_bounded() -> None:
    lines = ["x-a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]"]
    lines += [f"x-a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    (problem,) = problems_of("\n".join(lines))
    assert problem.endswith(f"more than {NODES_MAX} values, counting what aliases stand for")


def test_what_merges_unfold_to_is_bounded() -> None:
    lines = ["x-a0: &a0 {k: [1, 2, 3, 4, 5, 6, 7, 8, 9]}"]
    lines += [f"x-a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}" for i in range(1, 10)]
    (problem,) = problems_of("\n".join(lines))
    assert problem.endswith(f"more than {NODES_MAX} values, counting what aliases stand for")


@pytest.mark.parametrize("text", ["x-a: &a [*a]", "x-a: &a {b: *a}", "x-a: &a {<<: *a}", "x-a: " + "[" * 60 + "]" * 60])
def test_nesting_is_bounded_and_a_value_may_not_hold_itself(text: str) -> None:
    (problem,) = problems_of(text)
    assert problem.endswith(f"nested deeper than {DEPTH_MAX} levels")


def test_nesting_that_the_parser_itself_cannot_follow_is_a_problem_not_a_crash() -> None:
    assert problems_of("[" * 20_000) == [f"f.yaml: nested deeper than {DEPTH_MAX} levels"]


def test_the_size_of_a_file_is_bounded() -> None:
    assert problems_of("#" * (TEXT_CHARS_MAX + 1)) == [f"f.yaml: larger than {TEXT_CHARS_MAX} characters"]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda file: file.parent, "No such file or directory"),
        (lambda file: file.mkdir(), "Is a directory"),
        (lambda file: file.write_bytes(b"\xff\xfe"), "not UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, make: Any, reason: str) -> None:
    make(tmp_path / "c.yaml")
    with pytest.raises(ConfigError, match=f"cannot be read: {reason}"):
        read_text(tmp_path / "c.yaml")


# --- secrets


@pytest.mark.parametrize(
    "text",
    [
        f"providers: {{openai: {SECRET}}}",
        f"providers: {{openai: {{api_key: [{SECRET}]}}}}",
        f"providers: {{openai: {{api_key: '${{{SECRET}}}'}}}}",
        f"providers: {{openai: {{api_key: '${{{SECRET}:x}}'}}}}",
        f"providers: {{openai: {{api_key: '${{env:{SECRET}}}'}}}}",
        f"providers: {{openai: {{api_key: '${{{SECRET}'}}}}",
        f"providers: {{openai: {{enabled: {SECRET}}}}}",
        f"server: {{port: {SECRET}}}",
        f"discover: [{SECRET}]",
        f"keys: [{SECRET}]",
        f"keys: {SECRET}",
        f"limits: {SECRET}",
        f"providers: {{openai: {{api_key: !{{}} {SECRET}}}}}",
        f"providers: {{openai: {{api_key: '{SECRET}}}}}",
    ],
)
def test_no_message_repeats_a_value(text: str) -> None:
    assert SECRET not in "\n".join(problems_of(text))


def test_no_repr_shows_a_secret() -> None:
    declared = read(
        f"providers: {{a: {{api_key: {SECRET}, headers: {{x-key: {SECRET}}}}}}}\nkeys: [{{name: n, key: {SECRET}}}]",
        "f.yaml",
        {},
        Path(),
    )
    shown = repr(declared) + repr(declared.config) + str(declared.config.providers) + f"{declared.config.keys}"
    rich = [declared.config.providers["a"].__rich_repr__(), declared.config.keys[0].__rich_repr__()]
    assert SECRET not in shown + repr(rich)
    assert "api_key=***" in shown
    assert "api_key=None" in repr(ProviderDeclared())


# --- the schema

REPOSITORY = Path(__file__).parents[2]


def test_the_published_schema_is_the_one_the_command_prints() -> None:
    published = json.loads((REPOSITORY / "docs/reference/openclaw.schema.json").read_text("utf-8"))
    assert published == json_schema(), "run: openclaw schema > docs/reference/openclaw.schema.json"


def test_every_key_of_the_schema_has_a_description() -> None:
    for name, definition in json_schema()["$defs"].items():
        assert definition["description"]
        for key, schema in definition["properties"].items():
            assert schema["description"], f"{name}.{key}"


def test_examples_of_the_schema_fit_it() -> None:
    schema = json_schema()
    for definition in schema["$defs"].values():
        for key, inner in definition["properties"].items():
            validator = jsonschema_rs.validator_for({**inner, "$defs": schema["$defs"]})
            for example in [*inner.get("examples", []), inner.get("default", None)]:
                assert example is None or validator.is_valid(example), key


AGREE = [
    "server: {port: 80}",
    "server:",
    "server: {port: 70000}",
    "server: {port: '80'}",
    "sever: {}",
    "x-anchors: {a: [1]}",
    "discover: local",
    "discover: [env, moon]",
    "providers: {openai: , groq: {models: llama}}",
    "providers: {openai: {type: nothing-like-it}}",
    "aliases: {a: b, c: [d]}",
    "aliases: {a: ''}",
    "keys: [{name: a, key: b}]",
    "keys: [{name: a}]",
    "keys: {name: a, key: b}",
    "timeouts: {idle_s: 0}",
    "timeouts: {idle_s: 1}",
    "limits: {nesting_max: 1.5}",
]


@pytest.mark.parametrize("text", AGREE)
def test_the_schema_and_the_loader_agree(text: str) -> None:
    valid = jsonschema_rs.validator_for(json_schema()).is_valid(yaml.safe_load(text))
    problems = read(text, "f", {}, Path()).problems
    unknown_type = "nothing-like-it" in text  # which types there are, compiling knows
    numeric_text = "'80'" in text  # a text that is a number may come from a reference
    assert valid == (not problems) or unknown_type or numeric_text


def test_the_schema_allows_a_reference_where_a_number_stands() -> None:
    validator = jsonschema_rs.validator_for(json_schema())
    assert validator.is_valid({"server": {"port": "${env:PORT}"}})
    assert not validator.is_valid({"server": {"port": "eighty"}})


# --- small pieces


def test_a_problem_reads_as_editors_follow_it() -> None:
    assert Problem("m", "a.b", 3, 4).text("f") == "f:3:4: a.b: m"
    assert Problem("m").text("f") == "f: m"


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), ("0x10", 16), ("1.5", 1.5), ("on", True), ("", None), ("~", None), ("010", "010"), ("1:2", "1:2")],
)
def test_a_plain_text_is_read_as_yaml_reads_it_except_for_surprises(text: str, value: Any) -> None:
    assert scalar_value(text) == value


# --- the reference page

PAGE = (REPOSITORY / "docs/reference/configuration.md").read_text("utf-8")
VARIABLES = re.findall(r"\$\{env:(\w+)\}", PAGE)


def declared_keys(struct: type[msgspec.Struct], path: str = "") -> Iterator[tuple[str, msgspec.structs.FieldInfo]]:
    """Every key that can be written, as the page's headings name it."""
    hints = get_type_hints(struct)
    for field in msgspec.structs.fields(struct):
        here = f"{path}{field.name}"
        inner = [o for o in (hints[field.name], *get_args(hints[field.name])) if isinstance(o, type)]
        nested = next((o for o in inner if issubclass(o, msgspec.Struct)), None)
        if nested is None or get_origin(hints[field.name]) is not None:
            yield here, field
        if nested is not None:
            steps = {dict: ".NAME.", tuple: "[]."}
            yield from declared_keys(nested, here + steps.get(get_origin(hints[field.name]), "."))


DECLARED = dict(declared_keys(Config))


def section(key: str) -> str:
    found = re.search(rf"^### `{re.escape(key)}`\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None, f"no heading for {key}"
    return found.group(1)


def test_the_page_has_a_heading_for_every_key_and_no_other() -> None:
    assert sorted(re.findall(r"^### `(.+)`$", PAGE, re.MULTILINE)) == sorted(DECLARED)


@pytest.mark.parametrize("key", DECLARED)
def test_the_page_tells_every_keys_default_and_shows_an_example(key: str) -> None:
    text, field = section(key), DECLARED[key]
    if field.required:
        assert "Required." in text
    else:
        default = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
        written = default if isinstance(default, str) else json.dumps(default)
        own = key.endswith(".type") and "the provider's own name" in text
        assert own or f"Default: `{written}`" in text
    assert "```yaml" in text
    last = re.findall(r"\w+", key)[-1]
    assert re.search(rf"\b{last}\b", text.partition("```yaml")[2])


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_every_example_of_the_page_can_be_served(example: str, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    for name in re.findall(r"\$\{file:secrets/([\w-]+)\}", example):
        (tmp_path / "secrets" / name).write_text("secret")
    environment = {**{name: f"value-of-{name}" for name in VARIABLES}, "PORT": "81", "VLLM_HOST": "box"}
    declared = read(example, "page.yaml", environment, tmp_path)

    def no_transport(timeouts: Timeouts) -> Any:
        return None

    keys = {"OPENAI_API_KEY": "o", "ANTHROPIC_API_KEY": "a"}
    compile_declared(declared, keys, new_transport=no_transport)
    assert jsonschema_rs.validator_for(json_schema()).is_valid(yaml.safe_load(example))
