"""Every provider type loads and holds together; every credential says who pays and keeps the secret."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import CredentialRetrievalError
from google.auth.exceptions import DefaultCredentialsError

from openclaw.catalog.load import load_catalog
from openclaw.providers import aws, gcp, registry
from openclaw.providers.credentials import GoogleCredential, SigV4Credential, static_credential
from openclaw.providers.provider import AuthScheme, CredentialUnavailable, ProviderKind, StaticCredential
from openclaw.providers.registry import MissingExtra, installed_kinds, kind_named, kind_names

KINDS = {name: kind_named(name) for name in kind_names()}
each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
CATALOGUE = load_catalog()


# --- the table of types


@each_kind
def test_a_type_goes_by_the_name_it_is_registered_under(kind: ProviderKind) -> None:
    assert KINDS[kind.name] is kind
    assert kind.title


@each_kind
def test_a_type_has_an_https_address_or_a_local_port_or_asks_for_one(kind: ProviderKind) -> None:
    if kind.base_url == "":
        assert kind.name == "openai-compatible"
        return
    url = urlsplit(re.sub(r"\{\w+\}", "x", kind.base_url))
    local = url.hostname == "127.0.0.1"
    assert url.scheme == ("http" if local else "https")
    assert not local or kind.local_port in (url.port, None)
    assert not kind.base_url.endswith("/")


@each_kind
def test_a_types_placeholders_are_its_settings(kind: ProviderKind) -> None:
    templates = [kind.base_url, *kind.base_url_when.values()]
    assert set(re.findall(r"\{(\w+)\}", "".join(templates))) <= set(kind.settings)
    assert {key for key, _ in kind.base_url_when} <= set(kind.settings)


@each_kind
def test_a_type_serves_something(kind: ProviderKind) -> None:
    assert kind.codec or kind.embeddings
    assert kind.completions is None or kind.codec is not None


@each_kind
def test_a_type_in_the_catalogue_has_models_there(kind: ProviderKind) -> None:
    assert bool(CATALOGUE.profiles.get(kind.name)) == (kind.catalog is not None)


@each_kind
def test_a_type_that_costs_is_switched_on_by_its_key_alone(kind: ProviderKind) -> None:
    free = kind.base_url == "" or "127.0.0.1" in kind.base_url
    assert bool(kind.key_env) != (free or kind.auth == "google")


def test_no_key_switches_two_types_on() -> None:
    variables = [name for kind in KINDS.values() for name in kind.key_env]
    assert len(variables) == len(set(variables))


def test_no_two_servers_of_this_machine_share_a_port() -> None:
    ports = [kind.local_port for kind in KINDS.values() if kind.local_port is not None]
    assert len(ports) == len(set(ports))


def test_no_type_reads_a_variable_that_points_clients_at_this_gateway() -> None:
    """`OPENAI_BASE_URL` is how an agent finds us: a provider that read it would call ourselves."""
    variables = {name for kind in KINDS.values() for name in kind.base_url_env}
    assert variables.isdisjoint({"OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL"})


def test_a_type_whose_library_is_missing_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(module: str) -> Any:
        raise ModuleNotFoundError(name="some_library")

    monkeypatch.setattr(registry, "import_module", missing)
    with pytest.raises(MissingExtra, match=r"needs the library 'some_library': install openclaw-gateway\[bedrock\]"):
        kind_named("bedrock")
    assert list(installed_kinds()) == []


# --- keys


@pytest.mark.parametrize(
    ("scheme", "header"),
    [
        ("bearer", ("authorization", "Bearer k")),
        ("sigv4", ("authorization", "Bearer k")),
        ("google", ("authorization", "Bearer k")),
        ("x-api-key", ("x-api-key", "k")),
        ("api-key", ("api-key", "k")),
        ("x-goog-api-key", ("x-goog-api-key", "k")),
    ],
)
def test_a_key_becomes_the_header_of_its_scheme(scheme: AuthScheme, header: tuple[str, str]) -> None:
    credential = static_credential(scheme, "k")
    assert credential.headers("POST", "http://x", b"") == (header,)
    assert credential.secrets == ("k",)
    assert "Bearer k" not in repr(credential)


@pytest.mark.parametrize("credential", [static_credential("bearer", None), static_credential("none", "k")])
def test_without_a_key_there_is_no_header(credential: StaticCredential) -> None:
    assert credential.headers("POST", "http://x", b"") == ()
    assert credential.secrets == ()


async def test_a_key_needs_no_refresh() -> None:
    await static_credential("bearer", "k").refresh()


# --- AWS

URL = "https://bedrock-runtime.eu-central-1.amazonaws.com/model/anthropic.claude-3-5-sonnet-20241022-v2%3A0/converse"
BODY = b'{"messages":[]}'


@pytest.mark.parametrize("token", [None, "session-token"])
@pytest.mark.parametrize("url", [URL, URL.replace("%3A", ":"), URL.replace("converse", "converse-stream")])
def test_a_signature_is_the_one_botocore_makes(url: str, token: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda **_: now.replace(tzinfo=None))
    credentials = Credentials("AKIDEXAMPLE", "secret", token)
    signed = dict(aws.BedrockSigner(credentials, "eu-central-1").sign("POST", url, BODY))

    request = AWSRequest(method="POST", url=url, data=BODY, headers={"Content-Type": "application/json"})
    SigV4Auth(credentials.get_frozen_credentials(), "bedrock", "eu-central-1").add_auth(request)
    assert signed["authorization"] == request.headers["Authorization"]
    assert signed["x-amz-date"] == "20260102T030405Z"
    assert signed.get("x-amz-security-token") == token
    assert "content-type" in signed["authorization"]
    assert "content-type" not in signed
    assert "secret" not in signed["authorization"]


def test_a_changed_body_changes_the_signature() -> None:
    signer = aws.BedrockSigner(Credentials("AKIDEXAMPLE", "secret"), "us-east-1")
    assert signer.sign("POST", URL, b"a") != signer.sign("POST", URL, b"b")


class RoleCredentials(RefreshableCredentials):  # type: ignore[misc]
    """A role's credentials that end when told and count how often they are fetched."""

    def __init__(self, expires_in: timedelta, *, fails: bool = False) -> None:
        self.fetched = 0
        self.fails = fails
        expiry = datetime.now(UTC) + expires_in
        super().__init__("id", "key", "token", expiry, self._fetch, "test")

    def _fetch(self) -> dict[str, str]:
        self.fetched += 1
        if self.fails:
            raise CredentialRetrievalError(provider="test", error_msg="down")
        later = datetime.now(UTC) + timedelta(hours=1)
        return {"access_key": "id2", "secret_key": "key2", "token": "token2", "expiry_time": later.isoformat()}


async def test_credentials_of_a_role_are_renewed_before_they_end() -> None:
    role = RoleCredentials(timedelta(minutes=1))
    credential = SigV4Credential(aws.BedrockSigner(role, "us-east-1"))
    await credential.refresh()
    await credential.refresh()
    assert role.fetched == 1
    assert dict(credential.headers("POST", URL, BODY))["x-amz-security-token"] == "token2"


async def test_a_role_that_cannot_be_taken_is_a_credential_that_is_unavailable() -> None:
    role = RoleCredentials(timedelta(seconds=-1), fails=True)
    credential = SigV4Credential(aws.BedrockSigner(role, "us-east-1"))
    with pytest.raises(CredentialUnavailable):
        await credential.refresh()
    with pytest.raises(CredentialUnavailable):
        credential.headers("POST", URL, BODY)


def session_with(found: Callable[[], Any]) -> type:
    class Session(botocore.session.Session):  # type: ignore[misc]
        def get_credentials(self) -> Any:
            return found()

    return Session


def test_a_machine_without_aws_credentials_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "Session", session_with(lambda: None))
    with pytest.raises(CredentialUnavailable, match="no AWS credentials"):
        aws.credential({"region": "us-east-1"})


def test_a_machine_with_aws_credentials_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "Session", session_with(lambda: Credentials("AKIDEXAMPLE", "secret")))
    credential = aws.credential({"region": "us-west-2"})
    assert "/us-west-2/bedrock/" in dict(credential.headers("POST", URL, BODY))["authorization"]
    assert credential.secrets == ()
    assert "AKIDEXAMPLE" not in repr(credential)


# --- Google


class Unreachable(Exception):
    pass


class FakeGoogle:
    """What `google.auth` gives: a token, whether it is still good, and how to get the next."""

    def __init__(self, *, fails: bool = False) -> None:
        self.token: str | None = None
        self.valid = False
        self.refreshed = 0
        self.fails = fails

    def refresh(self, request: object) -> None:
        self.refreshed += 1
        if self.fails:
            raise Unreachable("token endpoint")
        self.token = f"token-{self.refreshed}"
        self.valid = True


async def test_a_google_token_is_fetched_once_and_sent() -> None:
    google = FakeGoogle()
    credential = GoogleCredential(google, object, Unreachable)
    assert not credential.secrets
    await asyncio.gather(*(credential.refresh() for _ in range(5)))
    assert google.refreshed == 1
    assert credential.headers("POST", URL, BODY) == (("authorization", "Bearer token-1"),)
    assert credential.secrets == ("token-1",)


async def test_a_google_token_that_ends_is_renewed() -> None:
    google = FakeGoogle()
    credential = GoogleCredential(google, object, Unreachable)
    await credential.refresh()
    google.valid = False
    await credential.refresh()
    assert credential.secrets == ("token-2",)
    assert "token-2" not in repr(credential)


async def test_a_google_token_that_cannot_be_had_is_unavailable_and_the_cause_kept() -> None:
    with pytest.raises(CredentialUnavailable) as caught:
        await GoogleCredential(FakeGoogle(fails=True), object, Unreachable).refresh()
    assert isinstance(caught.value.__cause__, Unreachable)


def test_a_machine_without_google_credentials_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(**_: Any) -> Any:
        raise DefaultCredentialsError("nothing")  # type: ignore[no-untyped-call]

    monkeypatch.setattr("google.auth.default", none)
    with pytest.raises(CredentialUnavailable, match="no Google Cloud credentials"):
        gcp.credential({})


def test_googles_own_credentials_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("google.auth.default", lambda **_: (FakeGoogle(), "project"))
    assert isinstance(gcp.credential({}), GoogleCredential)


# --- the reference page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "providers.md"


def row(kind: ProviderKind) -> str:
    """The type's line in the page."""
    settings = [
        f"`{name}`" + (f" (default `{s.default}`)" if s.default else "") + f": {code(s.env)}"
        for name, s in kind.settings.items()
    ]
    others = ("embeddings", kind.embeddings), ("completions", kind.completions), ("responses", kind.responses)
    also = [word for word, codec in others if codec]
    cells = [
        f"`{kind.name}`",
        kind.title,
        code(kind.key_env),
        "; ".join(settings),
        kind.codec.name if kind.codec else "",
        ", ".join(also),
        f"`{kind.base_url}`" if kind.base_url else "needs `base_url`",
        f"`{kind.name}`" if kind.auth in ("sigv4", "google") else "",
    ]
    return "| " + " | ".join(cell or "–" for cell in cells) + " |"


def code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def test_the_page_has_every_type_as_it_is() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert rows == [row(kind) for kind in KINDS.values()]
