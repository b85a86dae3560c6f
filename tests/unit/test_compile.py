"""From the declared to what runs: what cannot run is refused whole, with the line that is at fault."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from openclaw.config.compile import compile_config, compile_declared, is_loopback
from openclaw.config.declared import Config
from openclaw.config.discover import LocalServer
from openclaw.config.errors import ConfigError
from openclaw.config.load import loads, read
from openclaw.gateway.snapshot import Snapshot, key_digest
from openclaw.gateway.transport import Timeouts, Transport
from openclaw.providers.registry import kind_named

NO_ENV: Mapping[str, str] = {}


def no_transport(timeouts: Timeouts) -> Transport:
    """Nothing here calls anyone."""
    return None  # type: ignore[return-value]


def snapshot_of(text: str, env: Mapping[str, str] = NO_ENV, servers: Sequence[LocalServer] = ()) -> Snapshot:
    return compile_declared(read(text, "f.yaml", env, Path()), env, new_transport=no_transport, local_servers=servers)


def problems_of(text: str, env: Mapping[str, str] = NO_ENV) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        snapshot_of(text, env)
    return str(caught.value).splitlines()


def provider_of(text: str, env: Mapping[str, str] = NO_ENV) -> Any:
    (provider,) = snapshot_of(f"discover: []\nproviders: {text}", env).directory.providers
    return provider


def names_of(snapshot: Snapshot) -> list[str]:
    return [provider.name for provider in snapshot.directory.providers]


def headers_of(provider: Any) -> dict[str, str]:
    return dict((*provider.headers, *provider.credential.headers("POST", "http://x", b"")))


# --- where providers come from


def test_a_key_in_the_environment_switches_its_provider_on() -> None:
    snapshot = snapshot_of("", {"GROQ_API_KEY": "g", "ANTHROPIC_API_KEY": "a\n", "MISTRAL_API_KEY": " "})
    assert names_of(snapshot) == ["anthropic", "groq"]
    anthropic, groq = snapshot.directory.providers
    assert headers_of(anthropic) == {"anthropic-version": "2023-06-01", "x-api-key": "a"}
    assert headers_of(groq) == {"authorization": "Bearer g"}


def test_a_key_without_the_settings_its_provider_needs_switches_nothing_on() -> None:
    assert names_of(snapshot_of("", {"AZURE_API_KEY": "k"})) == []
    assert names_of(snapshot_of("", {"AZURE_API_KEY": "k", "AZURE_RESOURCE_NAME": "r"})) == ["azure"]


def test_discovery_can_be_switched_off_as_a_whole_and_by_provider() -> None:
    env = {"OPENAI_API_KEY": "o", "GROQ_API_KEY": "g"}
    assert names_of(snapshot_of("discover: []", env)) == []
    assert names_of(snapshot_of("providers: {openai: {enabled: false}}", env)) == ["groq"]


def test_declared_providers_come_first_and_in_their_order() -> None:
    env = {"OPENAI_API_KEY": "o", "GROQ_API_KEY": "g", "XAI_API_KEY": "x"}
    assert names_of(snapshot_of("providers: {xai: , groq: }", env)) == ["xai", "groq", "openai"]


def test_a_local_server_is_a_provider_unless_its_name_is_taken_or_switched_off() -> None:
    servers = [
        LocalServer(kind_named("ollama"), "http://127.0.0.1:11434/v1", ("llama3",)),
        LocalServer(kind_named("vllm"), "http://127.0.0.1:8000/v1", ("qwen",)),
    ]
    assert names_of(snapshot_of("", servers=servers)) == ["ollama", "vllm"]
    snapshot = snapshot_of("providers: {ollama: {enabled: false}, vllm: {models: [mine]}}", servers=servers)
    assert names_of(snapshot) == ["vllm"]
    assert list(snapshot.directory.models_of(next(iter(snapshot.directory.providers)))) == ["mine"]


# --- one provider

ADDRESSES = [
    ("{openai: {api_key: k}}", {}, "https://api.openai.com/v1"),
    ("{openai: {api_key: k, base_url: 'http://127.0.0.1:1/v1/'}}", {}, "http://127.0.0.1:1/v1"),
    ("{a: {type: openai-compatible, base_url: 'http://h//v1//x/'}}", {}, "http://h/v1/x"),
    ("{ollama: }", {"OLLAMA_BASE_URL": "http://box:11434/v1"}, "http://box:11434/v1"),
    ("{ollama: }", {}, "http://127.0.0.1:11434/v1"),
    ("{azure: {api_key: k, settings: {resource: mine}}}", {}, "https://mine.openai.azure.com/openai/v1"),
    ("{azure: {api_key: k}}", {"AZURE_RESOURCE_NAME": "env"}, "https://env.openai.azure.com/openai/v1"),
    ("{azure: {api_key: k, base_url: 'https://own.example/openai/v1'}}", {}, "https://own.example/openai/v1"),
    ("{bedrock: {api_key: k}}", {}, "https://bedrock-runtime.us-east-1.amazonaws.com"),
    ("{bedrock: {api_key: k}}", {"AWS_REGION": "eu-west-1"}, "https://bedrock-runtime.eu-west-1.amazonaws.com"),
    (
        "{bedrock: {api_key: k, base_url: 'https://vpce.{region}.example'}}",
        {"AWS_REGION": "eu-west-1"},
        "https://vpce.eu-west-1.example",
    ),
    (
        "{vertex: {api_key: k, settings: {project: p}}}",
        {},
        "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1/publishers/google",
    ),
    (
        "{vertex: {api_key: k, settings: {project: 'example.com:p', location: global}}}",
        {},
        "https://aiplatform.googleapis.com/v1/projects/example.com:p/locations/global/publishers/google",
    ),
]


@pytest.mark.parametrize(("declared", "env", "address"), ADDRESSES)
def test_an_address_is_put_together(declared: str, env: dict[str, str], address: str) -> None:
    assert provider_of(declared, env).base_url == address


def test_a_declared_key_wins_over_the_environment() -> None:
    env = {"OPENAI_API_KEY": "from-env"}
    assert headers_of(provider_of("{openai: {api_key: mine}}", env)) == {"authorization": "Bearer mine"}
    assert headers_of(provider_of("{openai: }", env)) == {"authorization": "Bearer from-env"}
    assert headers_of(provider_of("{other: {type: openai}}", env)) == {"authorization": "Bearer from-env"}


def test_a_server_of_ones_own_needs_no_key() -> None:
    assert headers_of(provider_of("{openai: {base_url: 'http://127.0.0.1:1'}}")) == {}
    assert headers_of(provider_of("{vllm: }")) == {}


def test_a_header_of_ones_own_may_be_the_credential() -> None:
    provider = provider_of("{openai: {headers: {Authorization: Bearer x, X-Team: one}}}")
    assert headers_of(provider) == {"authorization": "Bearer x", "x-team": "one"}


FAULTY: dict[str, tuple[str, str]] = {
    "an unknown type": (
        "{mine: {type: opnai}}",
        "2:26: providers.mine.type: unknown provider type 'opnai'; did you mean 'openai'?",
    ),
    "a name that is no type": (
        "{groc: }",
        "2:13: providers.groc.type: unknown provider type 'groc'; did you mean 'groq'?",
    ),
    "a name that would break names": (
        "{a/b: {type: vllm}}",
        "2:13: providers.a/b: a provider's name is made of letters, digits, '.', '_' and '-'",
    ),
    "no key anywhere": (
        "{openai: }",
        "2:13: providers.openai.api_key: needs a key here or in the environment variable OPENAI_API_KEY",
    ),
    "an empty key": (
        "{openai: {api_key: ''}}",
        "2:31: providers.openai.api_key: the key is empty; left out, the type's environment variable is read",
    ),
    "a key of two lines": (
        '{openai: {api_key: "a\\nb"}}',
        "2:31: providers.openai.api_key: must be printable ASCII without spaces around it",
    ),
    "no address": (
        "{openai-compatible: }",
        "2:13: providers.openai-compatible.base_url: this type has no address of its own: it needs a base_url",
    ),
    "an address of another scheme": (
        "{vllm: {base_url: 'file:///etc/passwd'}}",
        "2:30: providers.vllm.base_url: must be an http:// or https:// address",
    ),
    "an address without a host": (
        "{vllm: {base_url: 'http:///v1'}}",
        "2:30: providers.vllm.base_url: must be an http:// or https:// address",
    ),
    "an address with a port that is none": (
        "{vllm: {base_url: 'http://h:99999/v1'}}",
        "2:30: providers.vllm.base_url: is not an address",
    ),
    "an address with a password": (
        "{vllm: {base_url: 'http://u:p@h/v1'}}",
        "2:30: providers.vllm.base_url: holds a user name or password: use 'api_key' or 'headers'",
    ),
    "an address with a query": (
        "{vllm: {base_url: 'http://h/v1?a=b'}}",
        "2:30: providers.vllm.base_url: must not hold '?' or '#': paths are appended to it",
    ),
    "an address with a space": (
        "{vllm: {base_url: 'http://h/v1 x'}}",
        "2:30: providers.vllm.base_url: must be printable ASCII without spaces",
    ),
    "an address with an unknown setting": (
        "{vllm: {base_url: 'http://{region}/v1'}}",
        "2:30: providers.vllm.base_url: '{region}' is no setting of this type",
    ),
    "a missing setting": (
        "{azure: {api_key: k}}",
        "2:13: providers.azure.settings.resource: this type needs the setting 'resource'"
        " or the environment variable AZURE_RESOURCE_NAME",
    ),
    "an unknown setting": (
        "{groq: {api_key: k, settings: {region: x}}}",
        "2:51: providers.groq.settings.region: unknown setting (this type knows: none)",
    ),
    "a setting that would change the host": (
        "{bedrock: {api_key: k, settings: {region: 'evil.example/'}}}",
        "2:54: providers.bedrock.settings.region: is made of letters, digits, '.', '_', ':' and '-'",
    ),
    "a header that is none": (
        "{vllm: {headers: {'x y': z}}}",
        "2:37: providers.vllm.headers.x y: is not the name of an HTTP header",
    ),
    "a header that would end the head": (
        '{vllm: {headers: {x: "a\\r\\nb: c"}}}',
        "2:33: providers.vllm.headers.x: must be printable ASCII without spaces around it",
    ),
}


@pytest.mark.parametrize("case", FAULTY)
def test_a_provider_that_cannot_work_is_named_with_its_line(case: str) -> None:
    text, expected = FAULTY[case]
    assert problems_of(f"discover: []\nproviders: {text}") == [f"f.yaml:{expected}"]


def test_all_that_is_wrong_with_a_provider_is_said_at_once() -> None:
    text = "discover: []\nproviders:\n  azure: {base_url: x, settings: {a: b}, headers: {'': v}, api_key: ''}"
    assert [line.split(": ")[1] for line in problems_of(text)] == [
        "providers.azure.base_url",
        "providers.azure.settings.a",
        "providers.azure.headers.",
        "providers.azure.api_key",
    ]


def test_a_library_that_is_missing_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(module: str) -> Any:
        raise ModuleNotFoundError(name="botocore")

    monkeypatch.setattr("openclaw.config.make_provider.import_module", missing)
    (problem,) = problems_of("providers: {bedrock: }")
    assert problem.endswith("providers.bedrock.type: needs a library: install openclaw-gateway[bedrock]")


def test_credentials_that_a_library_does_not_find_are_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "absent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "absent")
    (problem,) = problems_of("providers: {bedrock: }")
    assert "providers.bedrock.api_key: no AWS credentials" in problem


# --- names


def test_aliases_stand_for_targets_in_order_whatever_the_order_of_the_file() -> None:
    text = """
        discover: []
        providers: {a: {type: vllm, models: [m, n]}, b: {type: vllm, models: [m]}}
        aliases: {%s}
    """
    entries = ["outer: [inner, a/n]", "inner: [b/m, m]", "m: [a/n, m]"]
    for order in (entries, entries[::-1]):
        directory = snapshot_of(text % ", ".join(order)).directory
        assert [t.name for t in directory.resolve("m")] == ["a/n", "a/m", "b/m"]
        assert [t.name for t in directory.resolve("inner")] == ["b/m", "a/n", "a/m"]
        assert [t.name for t in directory.resolve("outer")] == ["b/m", "a/n", "a/m"]


def test_aliases_in_a_circle_are_refused() -> None:
    text = "providers: {a: {type: vllm, models: [m]}}\naliases:\n  x: [a/m, y]\n  y: z\n  z: x"
    assert problems_of(text) == ["f.yaml:3:3: aliases.x: aliases stand for one another in a circle: x -> y -> z -> x"]


def test_an_alias_of_nothing_known_is_named_with_its_line_and_the_nearest_name() -> None:
    text = "providers: {a: {type: vllm, models: [qwen-3]}}\naliases:\n  x: [qwen-3, a/qwen-4]\n  y: []\n"
    assert problems_of(text) == [
        "f.yaml:3:15: aliases.x[1]: no provider that is on has the model 'a/qwen-4'; did you mean 'a/qwen-3'?",
        "f.yaml:4:3: aliases.y: an alias needs at least one model",
    ]


def test_a_faulty_provider_is_reported_once_and_not_through_its_aliases() -> None:
    text = "providers: {a: {type: nothing}, b: {type: vllm, models: [m]}}\naliases: {x: a/m, y: some-model, z: b/n}"
    assert [line.split(": ")[1] for line in problems_of(text)] == ["providers.a.type", "aliases.z[0]"]


def test_form_and_meaning_are_reported_together() -> None:
    text = "server: {prot: 1}\nproviders: {a: {type: nothing}, b: {api_key: []}}\nkeys: [{name: x, key: ' '}]\n"
    assert [line.split(": ")[1] for line in problems_of(text)] == [
        "server.prot",
        "providers.a.type",
        "providers.b.api_key",
        "keys[0].key",
    ]


def test_two_providers_of_one_kind_share_its_facts() -> None:
    directory = snapshot_of("discover: []\nproviders: {mine: {type: openai, api_key: k}}").directory
    (target,) = directory.resolve("mine/gpt-4o")
    assert target.profile is not None
    assert target.profile.price is not None


# --- keys and listening


def test_keys_are_kept_as_digests() -> None:
    text = """
        discover: []
        providers: {a: {type: vllm, models: [m]}}
        aliases: {fast: a/m}
        keys: [{name: n, key: sk-one, models: [fast, a/m]}, {name: n, key: sk-two}]
    """
    keys = snapshot_of(text).keys
    assert keys.keys() == {key_digest("sk-one"), key_digest("sk-two")}
    assert keys[key_digest("sk-one")].models == {"fast", "a/m"}
    assert "sk-one" not in repr(keys)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("{name: a, key: ' '}", "keys[0].key: the key is empty"),
        ("{name: a, key: 'x '}", "keys[0].key: a key is printable ASCII without spaces around it"),
        ("{name: a, key: é}", "keys[0].key: a key is printable ASCII without spaces around it"),
        ("{name: a, key: x}, {name: b, key: x}", "keys[1].key: the same key stands here twice"),
        ("{name: a, key: x, models: [n]}", "keys[0].models[0]: no provider that is on has the model 'n'"),
    ],
)
def test_a_key_that_nobody_could_use_is_refused(keys: str, expected: str) -> None:
    (problem,) = problems_of(f"discover: []\nproviders: {{a: {{type: vllm, models: [m]}}}}\nkeys: [{keys}]")
    assert problem.partition(": ")[2] == expected
    assert problem.startswith("f.yaml:3:")


def test_beyond_this_machine_every_caller_needs_a_key_even_if_there_is_none() -> None:
    """Keys may be made at run time, so the start is not refused; nobody gets in without one."""
    assert snapshot_of("server: {host: 0.0.0.0}").key_demanded
    assert not snapshot_of("server: {host: 127.0.0.1}").key_demanded


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("admin: {token: short}", "a token has at least 16 characters of printable ASCII, without spaces around it"),
        ("admin: {token: ' sixteen characters'}", "a token has at least 16 characters of printable ASCII, without"),
        (
            "admin: {token: sixteen-characters}\nkeys: [{name: a, key: sixteen-characters}]",
            "a caller has this as its key",
        ),
    ],
)
def test_a_token_that_is_weak_or_a_callers_is_refused(text: str, message: str) -> None:
    (problem,) = problems_of(text)
    assert problem.startswith("f.yaml:1:")
    assert f"admin.token: {message}" in problem
    assert snapshot_of("admin: {token: sixteen-characters}").admin_token == key_digest("sixteen-characters")


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104 - a case, no listener
        ("::", False),
        ("", False),
        ("example.com", False),
        ("192.168.0.1", False),
    ],
)
def test_loopback_is_known_by_the_address(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_limits_and_timeouts_arrive() -> None:
    given: list[Timeouts] = []

    def transport(timeouts: Timeouts) -> Any:
        given.append(timeouts)

    config = loads("limits: {nesting_max: 7}\ntimeouts: {idle_s: 8}\ndiscover: []", "f", {}, Path())
    snapshot = compile_config(config, {}, file="f", new_transport=transport)
    assert snapshot.limits.nesting_max == 7
    assert given == [snapshot.timeouts] == [Timeouts(idle_s=8.0)]


def test_no_transport_is_made_for_a_faulty_configuration() -> None:
    def transport(timeouts: Timeouts) -> Any:
        pytest.fail("made")

    with pytest.raises(ConfigError):
        compile_declared(read("sever: {}", "f", {}, Path()), {}, new_transport=transport)


def test_a_configuration_without_a_file_has_problems_without_lines() -> None:
    config = Config(aliases={"a": "nothing"}, discover=())
    with pytest.raises(ConfigError, match=r"^\(none\): aliases\.a\[0\]: no provider"):
        compile_config(config, {}, file="(none)", new_transport=no_transport)


def test_secrets_show_in_no_repr_of_what_runs() -> None:
    snapshot = snapshot_of(
        "discover: []\nproviders: {openai: {api_key: sk-secret, headers: {x-k: sk-secret}}}\n"
        "keys: [{name: n, key: sk-secret}]"
    )
    (provider,) = snapshot.directory.providers
    target = snapshot.directory.resolve("openai/gpt-4o")[0]
    shown = f"{snapshot!r} {provider!r} {provider.credential!r} {target!r} {provider.__rich_repr__()}"
    assert "sk-secret" not in shown + repr(provider.credential)
    assert "credential=***" in repr(provider)


# --- which of OpenAI's APIs


@pytest.mark.parametrize(
    ("declared", "for_chat", "for_responses"),
    [
        ("{type: openai, api_key: k}", "chat", "responses"),
        ("{type: openai, api_key: k, api: chat}", "chat", None),
        ("{type: openai, api_key: k, api: responses}", "responses", "responses"),
        ("{type: openai-compatible, base_url: 'http://x'}", "chat", None),
        ("{type: openai-compatible, base_url: 'http://x', api: responses}", "responses", "responses"),
    ],
)
def test_the_api_is_the_types_or_the_declared_one(declared: str, for_chat: str, for_responses: str | None) -> None:
    kind = provider_of(f"{{p: {declared}}}").kind
    assert kind.codec.name == for_chat
    assert (None if kind.responses is None else kind.responses.name) == for_responses


def test_a_type_of_another_dialect_has_no_choice_of_api() -> None:
    problems = problems_of("providers:\n  p: {type: anthropic, api_key: k, api: chat}")
    assert problems == ["f.yaml:2:41: providers.p.api: this type does not speak either of OpenAI's APIs"]
