"""What the operator may write: the configuration file as types.

Field names are the file's keys; docstrings become the published JSON Schema's descriptions. Every field has a
default, so an empty file (and none at all) is a working configuration.
"""

from typing import Literal

from msgspec import Struct


class Server(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the gateway listens. Binding beyond loopback needs `keys`."""

    host: str = "127.0.0.1"
    port: int = 4000


class LimitsDeclared(Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds on what a caller may send: bytes, and levels of JSON."""

    body_bytes_max: int = 32 * 1024 * 1024
    header_bytes_max: int = 64 * 1024
    header_count_max: int = 128
    nesting_max: int = 100


class TimeoutsDeclared(Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds a provider may take: to connect, between two bytes of a stream, and for a whole answer."""

    connect_s: float = 10.0
    idle_s: float = 300.0
    total_s: float = 1800.0


class ProviderDeclared(Struct, frozen=True, forbid_unknown_fields=True):
    """A provider. `type` names a kind that this package knows and defaults to the provider's own name.

    `api_key` defaults to the kind's environment variable. `models` lists the names that may be asked for; without it
    the catalogue's are offered and any other is passed on. `settings` are the kind's own (`region`, `resource`, ...).
    """

    type: str | None = None
    api_key: str | None = None
    base_url: str | None = None
    models: tuple[str, ...] = ()
    headers: dict[str, str] = {}
    settings: dict[str, str] = {}
    enabled: bool = True


class KeyDeclared(Struct, frozen=True, forbid_unknown_fields=True):
    """A key that callers present. `models` limits what may be asked for with it."""

    name: str
    key: str
    models: tuple[str, ...] = ()


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file.

    `discover` says where providers come from besides `providers`: `env` switches on every provider whose key is in
    the environment, `local` looks for model servers on their usual ports on this machine. `aliases` map a name to one
    target or to several, tried in order.
    """

    server: Server = Server()
    discover: tuple[Literal["env", "local"], ...] = ("env",)
    providers: dict[str, ProviderDeclared] = {}
    aliases: dict[str, str | tuple[str, ...]] = {}
    keys: tuple[KeyDeclared, ...] = ()
    limits: LimitsDeclared = LimitsDeclared()
    timeouts: TimeoutsDeclared = TimeoutsDeclared()
