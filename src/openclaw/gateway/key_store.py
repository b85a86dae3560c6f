"""Caller keys that are made at run time: what is known of each, how it is kept, and the port of what keeps them.

A key is `sk-oc-` and 32 random bytes. It is told once, to who makes it; what is kept is

    HMAC-SHA256(the installation's secret, SHA-256(the key))

so who reads the database has no key, and who writes to it cannot make one without the secret. Of a configured key a
process has the SHA-256, and takes the same step with it: there is one look-up for both.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta, Struct

from openclaw.budget.limits import Limit, Limits
from openclaw.budget.terms import BudgetTerms, timezone_problem
from openclaw.gateway.payer import NOBODY, Owner
from openclaw.gateway.snapshot import CallerKey, key_digest

KEY_PREFIX = "sk-oc-"
SECRET_BYTES = 32
OWN_BUDGET = "own:"
"""Before the names of keys' own budgets, whose accounts must not be those of a budget of the configuration."""

EXPIRES_S_MAX = 253_402_300_799  # the last second that four digits of a year can say
_RANDOM_BYTES = 32
_NO_LIMITS = NOBODY.limits
_SHOWN_CHARS = len(KEY_PREFIX) + 6
_TEXT_CHARS_MAX = 200
_LIST_MAX = 200

Text = Annotated[str, Meta(min_length=1, max_length=_TEXT_CHARS_MAX)]


def _said(field: str) -> str:
    """Times are `..._at` in JSON, as OpenAI names them."""
    return f"{field.removesuffix('_s')}_at" if field.endswith("_s") else field


class KeyFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=_said):
    """What is said of a key when it is made. `name` is for good: its spending and its responses are found by it.
    `models` are the names it may ask for, all without; `expires_s` is Unix seconds."""

    name: Annotated[str, Meta(min_length=1, max_length=100, description="Who calls with it.", examples=["ci"])]
    organization: Annotated[Text | None, Meta(description="Whose it is, for budgets and reports.")] = None
    team: Annotated[Text | None, Meta(description="The same, by team.")] = None
    user: Annotated[Text | None, Meta(description="The same, by person.")] = None
    tags: Annotated[tuple[Text, ...], Meta(max_length=_LIST_MAX, description="Labels for budgets and reports.")] = ()
    models: Annotated[
        tuple[Text, ...],
        Meta(max_length=_LIST_MAX, description="The names that may be asked for with it. Left out, all."),
    ] = ()
    budgets: Annotated[
        tuple[BudgetTerms, ...], Meta(max_length=20, description="Its own budgets, beside those of the configuration.")
    ] = ()
    expires_s: Annotated[
        Annotated[int, Meta(ge=0, le=EXPIRES_S_MAX)] | None, Meta(description="When it ends, in Unix seconds.")
    ] = None

    def checked(self) -> "KeyFields":
        """The same, if it is within the ranges. Raises `ValueError` where it was made in code and is not."""
        return msgspec.convert(msgspec.to_builtins(self), KeyFields)


class StoredKey(KeyFields, frozen=True, kw_only=True, rename=_said):
    """`prefix` is how the present secret text begins, to tell keys apart. Times are Unix seconds."""

    id: str
    prefix: str
    created_s: int
    revoked_s: int | None = None
    last_used_s: int | None = None

    @property
    def limits(self) -> list[Limit]:
        only = frozenset({self.name})
        return [limit for budget in self.budgets for limit in budget.limits(f"{OWN_BUDGET}{budget.name}", "key", only)]

    @property
    def caller(self) -> CallerKey:
        limits = Limits(self.limits) if self.budgets else _NO_LIMITS  # one for all of the many without
        owner = Owner(self.name, self.organization, self.team, self.user, self.tags, limits)
        return CallerKey(self.name, frozenset(self.models), owner, self.expires_s)


class Digest(Struct, frozen=True):
    """What a presented key is compared with. `until_s`: one that was rotated out is taken until then."""

    value: bytes
    until_s: float | None = None


class KeyChange(Struct, frozen=True):
    """A key as it is now, with all that opens it."""

    key: StoredKey
    digests: tuple[Digest, ...]


class Changes(Struct, frozen=True):
    """What has changed after some version; `version` is the present one."""

    version: int
    secret: bytes
    keys: Sequence[KeyChange]


class MadeKey(Struct, frozen=True):
    """A key and, this once, its text."""

    key: StoredKey
    text: str


class NameTaken(Exception):
    """There is, or was, a key of this name."""

    def __init__(self, other: StoredKey) -> None:
        what = "was revoked" if other.revoked_s is not None else "can be rotated"
        super().__init__(f"a key '{other.name}' exists ({other.id}, which {what}); a name is one caller's for good")


class SecretLost(Exception):
    """The secret is not the one that valid keys were made with; the message says what to do."""


class KeysUnavailable(Exception):
    """The store cannot be reached or does not answer."""


class KeyStore(Protocol):
    """Every method raises `KeysUnavailable`, those that need the secret `SecretLost` as well. A change is seen by
    every later `changes`, of any process. Times are Unix seconds of the caller."""

    async def changes(self, after: int) -> Changes | None:
        """What has changed after that version, 0 for everything; None when nothing has."""

    async def create(self, fields: KeyFields, now_s: float) -> MadeKey:
        """Raises `NameTaken`."""

    async def keys(self) -> Sequence[StoredKey]:
        """All that were ever made, the newest first."""

    async def find(self, id_or_name: str) -> StoredKey | None: ...

    async def rotate(self, identity: str, now_s: float, grace_s: float) -> MadeKey | None:
        """A new text for a key; the ones before are taken for so long. None when there is no such key, or it is
        revoked."""

    async def revoke(self, identity: str, now_s: float) -> StoredKey | None:
        """Its texts are taken no more, for good. Safe to repeat; None when there is no such key."""

    async def touch(self, used_s: Mapping[str, int]) -> None:
        """When keys were used last, by their ids."""


def new_key_text() -> str:
    return KEY_PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def new_key_id() -> str:
    return f"key_{secrets.token_hex(8)}"


def shown_prefix(text: str) -> str:
    """Enough to tell keys apart; what it leaves out has over 200 bits."""
    return text[:_SHOWN_CHARS]


def sealed(secret: bytes, digest: bytes) -> bytes:
    """What is kept of a key's SHA-256."""
    return hmac.digest(secret, digest, "sha256")


def seal(secret: bytes, text: str) -> bytes:
    return sealed(secret, key_digest(text))


def fingerprint(secret: bytes) -> str:
    """Tells secrets apart, and tells nothing of them."""
    return hashlib.sha256(b"openclaw caller keys\0" + secret).hexdigest()[:16]


def problem_of(fields: KeyFields) -> tuple[str, str] | None:
    """The first thing that is wrong beyond the types, as the field's path and a message."""
    if not fields.name.isprintable() or fields.name != fields.name.strip() or set(fields.name) & set("/#"):
        # A run's id is KEY/RUN, an account's ends with #BUDGET: the name must not reach into another's.
        return "name", "a name is printable, without spaces around it and without '/' and '#'"
    for path, text in _texts(fields):
        if not text.isprintable() or not text.strip():
            return path, "it must be printable text"
    return _budget_problem(fields.budgets)


def _texts(fields: KeyFields) -> list[tuple[str, str]]:
    single = [(name, getattr(fields, name)) for name in ("organization", "team", "user")]
    lists = [(name, text) for name in ("tags", "models") for text in getattr(fields, name)]
    return [(path, text) for path, text in [*single, *lists] if text is not None]


def _budget_problem(budgets: Sequence[BudgetTerms]) -> tuple[str, str] | None:
    seen: set[str] = set()
    for position, budget in enumerate(budgets):
        path = f"budgets[{position}]"
        if budget.name in seen:
            return f"{path}.name", "two budgets have this name, and an account is found by it"
        seen.add(budget.name)
        if not budget.name.isprintable() or len(budget.name) > _TEXT_CHARS_MAX:
            return f"{path}.name", "it must be printable text"
        if not budget.amounts:
            return path, "it bounds nothing: give it 'cost_usd', 'tokens', 'requests' or another amount"
        wrong_zone = timezone_problem(budget.timezone)
        if wrong_zone is not None:
            return f"{path}.timezone", wrong_zone
    return None
