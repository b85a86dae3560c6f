"""What a provider is: an address, a credential, a dialect. Data first; behaviour belongs to the dialect.

A `ProviderKind` is what this package knows of a vendor; a `Provider` is one that the operator switched on.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from msgspec import Struct

from openclaw.dialects.codec import Codec
from openclaw.dialects.embeddings import EmbeddingsCodec
from openclaw.providers.secrecy import MASK, masked_fields, masked_repr

Header = tuple[str, str]


class Credential(Protocol):
    """How a request proves who pays for it."""

    def headers(self, method: str, url: str, body: bytes) -> Sequence[Header]:
        """The headers to add to this request. Does no I/O."""

    @property
    def secrets(self) -> Sequence[str]:
        """Texts that must never appear in an error or a log."""

    async def refresh(self) -> None:
        """Get a new token if the present one is about to expire; returns at once otherwise.

        Raises `CredentialUnavailable`.
        """


class StaticCredential(Struct, frozen=True):
    """The same headers on every request; no headers for a server that asks for none."""

    fixed: tuple[Header, ...] = ()
    secrets: tuple[str, ...] = ()

    def headers(self, method: str, url: str, body: bytes) -> Sequence[Header]:
        return self.fixed

    async def refresh(self) -> None:
        return

    def __repr__(self) -> str:
        return f"StaticCredential({MASK if self.fixed else ''})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return masked_fields(self, "fixed", "secrets")


AuthScheme = Literal["bearer", "x-api-key", "api-key", "x-goog-api-key", "none", "sigv4", "google"]


class Setting(Struct, frozen=True):
    """A value an operator may or must give a provider besides its key (a region, a resource name).

    `env` are the variables read when the configuration does not say; `default` None makes it required.
    """

    env: tuple[str, ...] = ()
    default: str | None = None


class ProviderKind(Struct, frozen=True, kw_only=True):
    """A vendor as this package knows it.

    `base_url` may hold `{setting}` placeholders, filled from `settings`. `key_env` are the environment variables
    that hold its key, the usual one first: finding one switches the provider on. `base_url_env` are never the variables
    that clients read (`OPENAI_BASE_URL` and the like): those point at this gateway. `base_url_when` holds other
    addresses for certain values of a setting. `catalog` is the vendor's name in the source of the model catalogue and
    `price_id` in the price list; None where it is not listed. `codec`, `embeddings` and `completions` are the dialects
    for the kinds of call; None where it does not serve one. `responses` is set where callers of OpenAI's Responses API
    are served by that same API instead of `codec`. `local_port` is the usual port of a server on this machine.
    `relays_openrouter_fields`: it understands OpenRouter's routing fields itself. `counts_tokens`: it has the call of
    its dialect that counts a request's tokens.
    """

    name: str
    title: str
    base_url: str
    codec: Codec | None = None
    embeddings: EmbeddingsCodec | None = None
    completions: Codec | None = None
    responses: Codec | None = None
    auth: AuthScheme = "bearer"
    key_env: tuple[str, ...] = ()
    base_url_env: tuple[str, ...] = ()
    base_url_when: Mapping[tuple[str, str], str] = {}
    settings: Mapping[str, Setting] = {}
    headers: tuple[Header, ...] = ()
    catalog: str | None = None
    price_id: str | None = None
    local_port: int | None = None
    relays_openrouter_fields: bool = False
    counts_tokens: bool = False


class CredentialUnavailable(Exception):
    """No token can be had for the provider right now; the cause is chained for the log."""


class Provider(Struct, frozen=True, kw_only=True):
    """A provider that is switched on: where to call and as whom. `name` is the operator's."""

    name: str
    kind: ProviderKind
    base_url: str
    credential: Credential
    headers: tuple[Header, ...] = ()
    models: tuple[str, ...] = ()
    """Model names the operator declared or discovery found; empty means the catalogue's."""

    def __repr__(self) -> str:
        return masked_repr(self, "credential", "headers")

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return masked_fields(self, "credential", "headers")
