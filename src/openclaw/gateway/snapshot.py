"""Everything the request path reads: built whole from a configuration, swapped whole on a reload."""

import hashlib
from collections.abc import Mapping

from msgspec import Struct

from openclaw.gateway.payer import NOBODY, Owner, SpendingRules
from openclaw.gateway.transport import Timeouts, Transport
from openclaw.routing.directory import Directory


class Limits(Struct, frozen=True):
    """Bounds on what a caller may send. Bytes, except `nesting_max` (levels of JSON) and `header_count_max`."""

    body_bytes_max: int = 32 * 1024 * 1024
    header_bytes_max: int = 64 * 1024
    header_count_max: int = 128
    nesting_max: int = 100


class CallerKey(Struct, frozen=True):
    """A key that a caller may present. `models` are the names it may ask for; empty means all. `owner` pays. At
    `expires_s`, in Unix seconds, it ends."""

    name: str
    models: frozenset[str] = frozenset()
    owner: Owner = NOBODY
    expires_s: float | None = None


def key_digest(key: str) -> bytes:
    """What is kept of a key in memory: a lookup by digest tells nothing about how much of a key was right."""
    return hashlib.sha256(key.encode()).digest()


class Snapshot(Struct, frozen=True, kw_only=True):
    """`keys` maps the digest of a caller key of the configuration to its owner. `key_demanded`: callers need one, even
    if there is none. `admin_token` is the digest of the admin API's token; None where it is off."""

    directory: Directory
    transport: Transport
    keys: Mapping[bytes, CallerKey] = {}
    limits: Limits = Limits()
    timeouts: Timeouts = Timeouts()
    spending: SpendingRules = SpendingRules()
    key_demanded: bool = False
    admin_token: bytes | None = None
